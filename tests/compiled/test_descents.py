"""Products that move weights themselves, where plain descent is all that their gradients are for."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import Input, layers, models, regularizers
from tinygrad_edu.constraints import MaxNorm
from tinygrad_edu.optimizers import SGD, Adam

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((150, 600), np.float32), RNG.integers(0, 3, 150)


def trained(jit, optimizer, dtype="float32", **of_layer):
    """A net whose first weight is much larger than what its layer says, after two epochs with a short last batch."""
    tg.set_random_seed(0)
    first = layers.Dense(96, activation="tanh", input_shape=(600,), dtype=dtype, **of_layer)
    model = models.Sequential([first, layers.Dense(3, activation="softmax", dtype=dtype)])
    model.compile(optimizer(), "sparse_categorical_crossentropy", jit_compile=jit)
    tg.set_random_seed(1)
    model.fit(X.astype(dtype), Y, batch_size=64, epochs=2, verbose=0)
    return model


def products_into(model):
    """Names of the weights that products move."""
    return [line.target.rpartition("/")[2] for line in model.compiled_plan.lines if line.name.endswith("+ descend")]


def assert_same(fast, plain, exact=2e-6):
    for found, expected in zip(fast.get_weights(), plain.get_weights()):
        np.testing.assert_allclose(found, expected, rtol=exact, atol=exact)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_product_moves_a_large_weight(dtype):
    fast, plain = (trained(jit, lambda: SGD(0.1), dtype) for jit in (True, False))
    assert products_into(fast) == ["kernel"]
    assert_same(fast, plain, {"float32": 2e-6, "float64": 1e-13}[dtype])


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda: SGD(0.1, weight_decay=0.01),
        lambda: SGD(0.1, decay=0.1),
        lambda: SGD(lambda: 0.05),
        lambda: SGD(0.1, use_ema=True, ema_momentum=0.9),
        lambda: SGD(tg.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)),
    ],
    ids=["weight decay", "decay", "a function", "averages", "a schedule"],
)
def test_rates_change_and_weights_shrink_all_the_same(optimizer):
    fast, plain = trained(True, optimizer), trained(False, optimizer)
    assert products_into(fast) == ["kernel"]
    assert_same(fast, plain)


def test_a_constraint_holds_what_a_product_has_moved():
    fast, plain = (trained(jit, lambda: SGD(0.5), kernel_constraint=MaxNorm(0.8)) for jit in (True, False))
    assert products_into(fast) == ["kernel"]
    assert_same(fast, plain)


@pytest.mark.parametrize(
    ("optimizer", "of_layer"),
    [
        (lambda: SGD(0.1, momentum=0.9), {}),
        (lambda: SGD(0.1, clipnorm=0.5), {}),
        (lambda: SGD(0.1, clipvalue=0.01), {}),
        (lambda: Adam(), {}),
        (lambda: SGD(0.1), {"kernel_regularizer": regularizers.L2(0.01)}),
    ],
    ids=["momentum", "a limit of length", "a limit of numbers", "Adam", "a penalty"],
)
def test_whoever_wants_the_gradient_itself_gets_it(optimizer, of_layer):
    fast, plain = (trained(jit, optimizer, **of_layer) for jit in (True, False))
    assert products_into(fast) == []
    assert_same(fast, plain, 2e-5)


def test_hooks_see_the_gradient():
    def learn(jit):
        tg.set_random_seed(0)
        model = models.Sequential([layers.Dense(96, input_shape=(600,)), layers.Dense(1)])
        model.compile(SGD(0.01), "mse", jit_compile=jit)
        seen = []
        model.weights[0].register_hook(lambda gradient: seen.append(gradient.shape))
        tg.set_random_seed(1)
        model.fit(X, Y, batch_size=75, verbose=0)
        return model, seen

    (fast, seen), (plain, expected) = learn(True), learn(False)
    assert seen == expected == [(600, 96)] * 2
    assert_same(fast, plain)


def test_a_weight_that_is_used_twice_is_moved_along_the_sum():
    def learn(jit):
        tg.set_random_seed(0)
        shared, (x, y) = layers.Dense(96), (Input((600,)), Input((600,)))
        model = models.Model([x, y], layers.Dense(1)(layers.Add()([shared(x), shared(y)])))
        model.compile(SGD(0.001), "mse", jit_compile=jit)
        tg.set_random_seed(1)
        model.fit([X, X[::-1].copy()], Y, batch_size=75, epochs=2, verbose=0)
        return model

    fast, plain = learn(True), learn(False)
    assert products_into(fast) == []
    assert_same(fast, plain)


def test_frozen_weights_stay_where_they_are():
    def learn(jit):
        tg.set_random_seed(0)
        model = models.Sequential([layers.Dense(96, input_shape=(600,)), layers.Dense(96), layers.Dense(1)])
        model.layers[1].trainable = False
        model.compile(SGD(0.001), "mse", jit_compile=jit)
        tg.set_random_seed(1)
        model.fit(X, Y, batch_size=75, epochs=2, verbose=0)
        return model

    fast, plain = learn(True), learn(False)
    assert products_into(fast) == ["kernel"]
    assert_same(fast, plain)
