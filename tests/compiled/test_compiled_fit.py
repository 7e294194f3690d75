"""`fit` with compiled steps is `fit` with eager steps, within the rounding of sums that are added up in another order."""

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_edu
from tinygrad_edu import callbacks
from tinygrad_edu.layers import Dense, Dropout, Lambda
from tinygrad_edu.models import Sequential
from tinygrad_edu.optimizers import SGD, Adam, schedules

RNG = np.random.default_rng(0)
X = RNG.uniform(-1, 1, (75, 3)).astype("float32")
INSIDE = (np.hypot(*X.T[:2]) < 0.7).astype("float32")[:, None]
OPTIMIZERS = {
    "descent": lambda: SGD(0.1),
    "momentum": lambda: SGD(0.05, momentum=0.9),
    "nesterov": lambda: SGD(0.05, momentum=0.9, nesterov=True),
    "decay": lambda: SGD(0.1, decay=0.1),
    "schedule": lambda: SGD(schedules.ExponentialDecay(0.1, 3, 0.5)),
    "adam": lambda: Adam(0.01),
    "amsgrad": lambda: Adam(0.01, amsgrad=True),
}
TASKS = {  # labels, activation and units of the last layer
    "binary_crossentropy": (INSIDE, "sigmoid", 1),
    "mse": (X @ X.T[:, :2], None, 2),
    "mae": (X[:, 0].astype("float64"), "tanh", 1),
    "sparse_categorical_crossentropy": (np.arange(75) % 4, "softmax", 4),
    "categorical_crossentropy": (np.eye(4, dtype="float32")[np.arange(75) % 4], "softmax", 4),
}


def trained(jit, sizes=(5,), activation="relu", loss="binary_crossentropy", optimizer="momentum", **more):
    """A model, and the history of its training."""
    more = {"batch_size": 16, "epochs": 3, **more}
    y, last, units = TASKS[loss]
    tinygrad_edu.set_random_seed(3)
    model = Sequential([Dense(size, activation=activation) for size in sizes] + [Dense(units, activation=last)])
    metrics = ["mae"] if loss in ("mse", "mae") else ["accuracy"]
    model.compile(OPTIMIZERS[optimizer](), loss, metrics=metrics, jit_compile=jit)
    history = model.fit(X, y, verbose=0, **more)
    return model, history.history


def assert_same(first, second, rtol=2e-5, atol=2e-6):
    """Two models with their histories."""
    assert first[1].keys() == second[1].keys()
    for name in first[1]:
        np.testing.assert_allclose(first[1][name], second[1][name], rtol, atol, err_msg=name)
    for one, other in zip(first[0].get_weights(), second[0].get_weights()):
        np.testing.assert_allclose(one, other, rtol, atol)
    for one, other in zip(first[0].optimizer.get_weights(), second[0].optimizer.get_weights()):
        np.testing.assert_allclose(one, other, 1e-3, 1e-5)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_that_has_an_opcode_trains_as_it_does_eagerly(optimizer):
    assert_same(trained(False, optimizer=optimizer), trained(True, optimizer=optimizer))


@pytest.mark.parametrize("loss", TASKS)
def test_every_loss_trains_as_it_does_eagerly(loss):
    assert_same(trained(False, loss=loss), trained(True, loss=loss))


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "linear", "softmax", "exponential"])
def test_activations_train_as_they_do_eagerly(activation):
    assert_same(trained(False, activation=activation), trained(True, activation=activation))


@given(
    sizes=st.lists(st.integers(1, 90), max_size=4),
    activation=st.sampled_from(["relu", "tanh", "sigmoid"]),
    loss=st.sampled_from([loss for loss in TASKS if loss != "mae"]),  # whose slope jumps: rounding decides on it
    optimizer=st.sampled_from(["descent", "momentum", "nesterov"]),
    batch_size=st.integers(1, 80),
)
def test_random_networks_train_as_they_do_eagerly(sizes, activation, loss, optimizer, batch_size):
    """The captured samples are two of the batches; all others are other data."""
    case = {"sizes": sizes, "activation": activation, "loss": loss, "optimizer": optimizer, "batch_size": batch_size}
    assert_same(trained(False, epochs=2, **case), trained(True, epochs=2, **case), rtol=2e-3, atol=2e-4)


@pytest.mark.parametrize("shuffle", [True, False])
def test_validation_weights_and_shuffles_are_those_of_eager_training(shuffle):
    more = {"validation_split": 0.2, "sample_weight": RNG.uniform(size=75), "shuffle": shuffle}
    assert_same(trained(False, **more), trained(True, **more))


def test_penalties_and_frozen_layers_are_part_of_the_step():
    def model_of(jit):
        tinygrad_edu.set_random_seed(3)
        model = Sequential([Dense(4, activation="tanh", kernel_regularizer="l2"), Dense(3, trainable=False), Dense(1)])
        model.compile(SGD(0.05), "mse", jit_compile=jit)
        return model, model.fit(X, X[:, 1], epochs=3, verbose=0).history

    assert_same(model_of(False), model_of(True))


def test_a_callback_may_change_weights_and_the_rate_between_epochs():
    class Meddles(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.layers[0].kernel.assign(self.model.layers[0].kernel * 0.5)
            self.model.optimizer.learning_rate = 0.01

    assert_same(trained(False, callbacks=[Meddles()]), trained(True, callbacks=[Meddles()]))


def test_a_callback_may_freeze_a_layer_and_exchange_the_way_of_moving():
    class Freezes(callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.layers[0].trainable = epoch != 1
            self.model.optimizer.nesterov = epoch == 2

    assert_same(trained(False, callbacks=[Freezes()]), trained(True, callbacks=[Freezes()]))


def test_what_stands_in_the_way_is_named():
    class Own(Sequential):
        def train_step(self, data):
            return super().train_step(data)

    for jit in ("auto", True):
        model = Own([Dense(1)])
        model.compile("sgd", "mse", jit_compile=jit)
        with pytest.raises(ValueError, match="a train_step of its own") if jit is True else contextlib.nullcontext():
            model.fit(X, X[:, 0], epochs=30, verbose=0)
        assert jit is True or model.explain_jit().startswith("Steps run one by one in Python: what Own does besides computing")


def ask(x):
    """A layer whose Python decides by the numbers that it is given."""
    return x if float(x.numpy().sum()) > 0 else -x


def test_a_step_that_branches_on_its_numbers_is_refused_by_the_line_that_asks():
    model = Sequential([Lambda(ask), Dense(1)])
    model.compile("sgd", "mse", jit_compile=True)
    with pytest.raises(ValueError, match=r"numbers of .* are asked for.*test_compiled_fit"):
        model.fit(X, X[:, 0], verbose=0)


def test_a_refused_step_leaves_nothing_behind():
    dropout = Dropout(0.5, seed=1)
    model = Sequential([Dense(2), dropout, Lambda(ask), Dense(1)])
    model.compile("sgd", "mse", jit_compile=True)
    model.build((None, 3))
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"asked for|other ops"):
        model.fit(X, X[:, 0], verbose=0)
    assert dropout.seed_generator.counter == 0
    for one, other in zip(before, model.get_weights()):
        np.testing.assert_array_equal(one, other)


def test_a_loss_that_explodes_stops_compiled_training_where_it_stops_eager_training():
    def exploded(jit):
        tinygrad_edu.set_random_seed(3)
        model = Sequential([Dense(8), Dense(1)])
        model.compile(SGD(50.0), "mse", jit_compile=jit)
        with pytest.warns(RuntimeWarning) as told:
            model.fit(X, X[:, 0], epochs=30, batch_size=16, verbose=0)
        return model.optimizer.iterations, len(told)

    assert exploded(True) == exploded(False)


def test_training_goes_on_where_it_stopped():
    """Slots and the count of steps are the optimizer's own between two calls of fit, whoever took the steps."""
    both = []
    for jits in [(False, False), (True, False), (False, True)]:
        tinygrad_edu.set_random_seed(3)
        model, history = Sequential([Dense(4, activation="tanh"), Dense(1)]), {}
        model.compile(Adam(0.01), "mse")
        for jit in jits:
            model.jit_compile = jit
            history = model.fit(X, X[:, 0], epochs=2, verbose=0).history
        both.append((model, history))
    assert_same(both[0], both[1])
    assert_same(both[0], both[2])
