"""Steps that are remembered for models that are built alike, and those that are not."""

import numpy as np
import pytest

import tinygrad_edu
from tinygrad_edu.compiled import stepper
from tinygrad_edu.layers import BatchNormalization, Dense, Dropout
from tinygrad_edu.models import Sequential
from tinygrad_edu.regularizers import L2

RNG = np.random.default_rng(0)
X = RNG.normal(size=(70, 3)).astype("float32")
Y = RNG.normal(size=(70, 1)).astype("float32")


@pytest.fixture
def taken(monkeypatch):
    """The models of which a step was taken down."""
    found = []
    known_step = stepper.known_step

    def noted(model, *args):
        found.append(model)
        return known_step(model, *args)

    monkeypatch.setattr(stepper, "known_step", noted)
    return found


def trained(layers, jit=True, loss="mse", optimizer="sgd", x=X, y=Y):
    tinygrad_edu.set_random_seed(1)
    model = Sequential(layers())
    model.compile(optimizer, loss, jit_compile=jit)
    model.fit(x, y, epochs=2, batch_size=32, verbose=0)
    return model


def is_taken_down_again(taken, first, second, **other):
    trained(first)
    taken.clear()
    model = trained(second, **other)
    was = bool(taken)
    for one, eager in zip(model.get_weights(), trained(second, jit=False, **other).get_weights()):
        np.testing.assert_allclose(one, eager, rtol=2e-5, atol=2e-6)
    return was


def alike(strength=0.01, units=4):
    return lambda: [Dense(units, "tanh", kernel_regularizer=L2(strength)), BatchNormalization(), Dense(1)]


def test_a_model_built_alike_is_not_taken_down(taken):
    assert not is_taken_down_again(taken, alike(), alike())
    assert not is_taken_down_again(taken, alike(), alike(), x=X * 2, y=Y + 1)


@pytest.mark.parametrize(
    "other",
    [
        (alike(strength=0.02), {}),
        (alike(units=5), {}),
        (alike(), {"loss": "mae"}),
        (alike(), {"optimizer": "rmsprop"}),
        (alike(), {"x": X.astype("float64")[:, ::-1], "y": np.zeros((70, 1), "float32")}),
        (lambda: [Dense(4, "tanh"), BatchNormalization(), Dense(1)], {}),
        (lambda: [Dense(4, "tanh", trainable=False), BatchNormalization(), Dense(1)], {}),
    ],
)
def test_another_model_trains_as_it_does_eagerly(taken, other):
    layers, settings = other
    is_taken_down_again(taken, alike(), layers, **settings)


@pytest.mark.parametrize("layer", [lambda: Dropout(0.5, seed=1), lambda: Dense(3, activation=lambda x: x * 2)])
def test_draws_and_code_of_somebody_else_are_not_remembered(taken, layer):
    layers = lambda: [Dense(3), layer(), Dense(1)]
    assert is_taken_down_again(taken, layers, layers)


def test_a_model_of_a_remembered_step_is_explained_by_its_own_names():
    trained(alike())
    layers = [Dense(4, "tanh", name="first", kernel_regularizer=L2(0.01)), BatchNormalization(name="second"), Dense(1, name="third")]
    told = str(trained(lambda: layers).explain_jit())
    assert all(name in told for name in ("first", "second", "third")) and "dense_" not in told
