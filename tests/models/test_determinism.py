"""One seed, one result: weights and histories repeat bit for bit, and differ where nothing was seeded."""

import numpy as np
import pytest

from tinygrad_edu import initializers, set_random_seed
from tinygrad_edu.layers import Dense
from tinygrad_edu.models import Sequential
from tinygrad_edu.optimizers import SGD

X = np.random.default_rng(0).uniform(-1, 1, (50, 2))
Y = (np.hypot(*X.T) < 0.7).astype(float)


def course(**settings):
    """Weights at the start and the end, and the history between, as bytes and numbers."""
    shared = initializers.RandomUniform(minval=0, maxval=1)
    model = Sequential(
        [
            Dense(5, input_dim=2, activation="tanh", kernel_initializer=shared),
            Dense(5, activation="relu", kernel_initializer="he_uniform"),
            Dense(1, activation="sigmoid", kernel_initializer=shared),
        ]
    )
    model.compile(SGD(0.1, 0.9), "bce", ["accuracy"])
    start = [w.tobytes() for w in model.get_weights()]
    history = model.fit(X, Y, **{"epochs": 3, "batch_size": 16, "validation_split": 0.2, "verbose": 0, **settings}).history
    return start, [w.tobytes() for w in model.get_weights()], history


@pytest.mark.parametrize("seed_everything", [np.random.seed, set_random_seed])
def test_the_same_seed_gives_the_same_weights_and_history_bit_for_bit(seed_everything):
    """INI-24, UTL-09."""
    runs = []
    for _ in range(2):
        seed_everything(7)
        runs.append(course())
    assert runs[0] == runs[1]
    seed_everything(8)
    assert course()[0] != runs[0][0]


def test_without_a_seed_two_models_differ():
    """INI-21."""
    assert course()[0] != course()[0]


def test_a_seed_between_building_and_fitting_decides_the_batches():
    """INI-24, FIT-05."""

    def orders(seed):
        model = Sequential([Dense(1, input_dim=2, kernel_initializer="ones")])
        model.compile(SGD(0.1), "mse")
        set_random_seed(seed)
        model.fit(X, Y, batch_size=1, verbose=0)
        return model.get_weights()[0].tobytes()

    assert orders(1) == orders(1) != orders(2)


def test_without_shuffling_the_seed_does_not_matter_to_fit():
    """FIT-05."""
    found = []
    for seed in (1, 2):
        model = Sequential([Dense(1, input_dim=2, kernel_initializer="ones")])
        model.compile("sgd", "mse")
        set_random_seed(seed)
        model.fit(X, Y, shuffle=False, verbose=0)
        found.append(model.get_weights()[0].tobytes())
    assert found[0] == found[1]


def test_one_shared_unseeded_initializer_gives_six_different_kernels():
    """D1, INI-21: the deep network of the lesson begins with unlike layers."""
    shared = initializers.RandomUniform(minval=0, maxval=1)
    model = Sequential([Dense(5, input_dim=5, kernel_initializer=shared) for _ in range(6)])
    assert len({layer.get_weights()[0].tobytes() for layer in model.layers}) == 6


def test_one_shared_seeded_initializer_gives_equal_kernels():
    """D1, INI-22."""
    shared = initializers.RandomUniform(minval=0, maxval=1, seed=7)
    model = Sequential([Dense(5, input_dim=5, kernel_initializer=shared) for _ in range(3)])
    assert len({layer.get_weights()[0].tobytes() for layer in model.layers}) == 1


@pytest.mark.parametrize("verbose", [0, 2])
def test_what_is_printed_or_validated_does_not_move_the_random_numbers(verbose):
    """INI-24."""
    found = []
    for settings in ({}, {"verbose": verbose, "callbacks": []}):
        set_random_seed(3)
        found.append(course(**settings))
    assert found[0] == found[1]
