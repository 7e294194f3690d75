"""History: a list per name, a number per epoch, anew in each fit."""

import numpy as np

from tinygrad_edu.callbacks import History
from tinygrad_edu.layers import Dense
from tinygrad_edu.models import Sequential

X, Y = np.arange(10.0).reshape(5, 2) / 10, np.array([0, 1, 1, 0, 1])


def compiled():
    model = Sequential([Dense(1, input_dim=2, activation="sigmoid")])
    model.compile("sgd", "bce", metrics=["acc", "mse"])
    return model


def test_history_lists_a_number_per_epoch_loss_first_then_metrics_then_validation():
    """CB-06, FIT-10, D9."""
    model = compiled()
    history = model.fit(X, Y, epochs=3, validation_split=0.4, verbose=0)
    assert list(history.history) == ["loss", "acc", "mse", "val_loss", "val_acc", "val_mse"]
    assert all(len(values) == 3 for values in history.history.values())
    assert {type(value) for values in history.history.values() for value in values} == {float}
    assert history.epoch == [0, 1, 2]
    assert history.model is model and model.history is history
    assert history.params == {"epochs": 3, "steps": 1, "verbose": 0}


def test_each_fit_returns_a_new_history():
    """FIT-07, CB-06: epochs restart at 0, and the old one keeps what it has."""
    model = compiled()
    first = model.fit(X, Y, epochs=2, verbose=0)
    kept = {name: list(values) for name, values in first.history.items()}
    second = model.fit(X, Y, epochs=1, verbose=0)
    assert first is not second and first.history == kept
    assert first.epoch == [0, 1] and second.epoch == [0] and model.history is second


def test_a_history_of_the_users_own_is_filled_too():
    """CB-03, CB-06."""
    mine = History()
    returned = compiled().fit(X, Y, epochs=2, verbose=0, callbacks=[mine])
    assert mine.history == returned.history and mine.epoch == [0, 1]


def test_epochs_count_from_initial_epoch():
    """FIT-06: `epochs` is where it stops."""
    assert compiled().fit(X, Y, initial_epoch=3, epochs=5, verbose=0).epoch == [3, 4]
    empty = compiled().fit(X, Y, initial_epoch=5, epochs=5, verbose=0)
    assert empty.epoch == [] and empty.history == {}


def test_history_is_usable_before_any_training():
    """CB-06."""
    assert History().history == {} and History().epoch == []
