"""EarlyStopping: when it ends a training, and which weights the model then has."""

import math
import pickle
from types import SimpleNamespace

import numpy as np
import pytest

from tinygrad_edu.callbacks import Callback, EarlyStopping, LambdaCallback
from tinygrad_edu.layers import Dense
from tinygrad_edu.models import Sequential

X, Y = np.arange(10.0).reshape(5, 2) / 10, np.array([0, 1, 1, 0, 1])


class Model(SimpleNamespace):
    """Its weights are the number of the epoch."""

    def __init__(self):
        super().__init__(metrics=[], stop_training=False, weights=[])

    def get_weights(self):
        return list(self.weights)

    def set_weights(self, weights):
        self.weights = weights


def run(stop, values, name="val_loss"):
    """A training that logs `values`: how many epochs it ran, and the epoch (from 1) whose weights the model has."""
    model = Model()
    stop.set_model(model)
    stop.on_train_begin({})
    for epoch, value in enumerate(values):
        model.weights = [epoch + 1]
        stop.on_epoch_begin(epoch, {})
        stop.on_epoch_end(epoch, {"loss": 1.0} if value is None else {name: value})
        if model.stop_training:
            break
    stop.on_train_end({})
    return epoch + 1, model.weights[0]


ENDS = [  # settings, logs, epochs run
    ({"patience": 2}, [1, 1, 1, 1, 1], 3),
    ({}, [1, 0.5, 0.6, 0.1], 3),
    ({}, [math.nan, math.nan, 1], 2),
    ({"patience": 1}, [3, 2, 1, 2, 0], 4),
    ({"patience": 1, "min_delta": 0.5}, [3, 2.6, 1, 0], 2),
    ({"patience": 1, "min_delta": -0.5}, [3, 2.6, 1, 0], 2),
    ({"patience": 1, "mode": "max"}, [1, 2, 3, 2, 9], 4),
    ({"patience": 2, "baseline": 1}, [5, 4, 3, 2], 2),
    ({"patience": 2, "baseline": 1}, [5, 0.5, 0.4, 0.6, 0.7], 5),
    ({"patience": 1, "start_from_epoch": 3}, [1, 2, 3, 4, 5, 6], 5),
    ({"patience": 3}, [math.nan, 2, math.nan, math.inf, 1, 1, 1, 1], 8),
]


@pytest.mark.parametrize(("settings", "values", "epochs"), ENDS)
def test_it_ends_after_so_many_epochs_without_a_better_one(settings, values, epochs):
    """CB-08."""
    assert run(EarlyStopping(**settings), values)[0] == epochs


@pytest.mark.parametrize(("values", "epochs"), [([0.1, 0.3, 0.2, 0.9], 3), ([0.3, 0.2], 2)])
def test_accuracy_is_to_rise(values, epochs):
    """CB-08: mode "auto"."""
    assert run(EarlyStopping("val_accuracy"), values, "val_accuracy")[0] == epochs


def test_it_never_ends_after_the_very_first_epoch():
    """CB-08: nan at once, and no patience."""
    assert run(EarlyStopping(), [math.nan, 1, 2])[0] == 3
    assert run(EarlyStopping(baseline=0.5), [1, 0.9])[0] == 2


@pytest.mark.parametrize("patience", [1, 100], ids=["it ends", "it does not"])
def test_the_best_weights_come_back_whether_it_ended_the_training_or_not(patience):
    """CB-09, D22."""
    stop = EarlyStopping(patience=patience, restore_best_weights=True)
    assert run(stop, [3, 1, math.nan, 2])[1] == 2
    assert stop.best_epoch == 1 and stop.best == 1
    assert bool(stop.stopped_epoch) == (patience == 1)


def test_weights_stay_if_nobody_asked_or_nothing_was_ever_good():
    """CB-09: nan never counts as the best."""
    assert run(EarlyStopping(patience=9), [1, 2, 3])[1] == 3
    assert run(EarlyStopping(patience=9, restore_best_weights=True), [math.nan, math.nan])[1] == 2


def test_one_object_serves_many_fits():
    """CB-08: as in the folds of a search; nothing of the first is left in the second."""
    stop = EarlyStopping(patience=1, restore_best_weights=True)
    assert run(stop, [0.1, 0.2, 0.3]) == (2, 1)
    assert run(stop, [9, 8, 7, 8]) == (4, 3)
    again = pickle.loads(pickle.dumps(stop))
    assert run(again, [0.1, 0.2, 0.3]) == (2, 1)


def test_without_the_log_it_warns_each_epoch_and_goes_on():
    """CB-10."""
    with pytest.warns(UserWarning, match="EarlyStopping expects the log 'val_loss', got loss") as told:
        assert run(EarlyStopping(), [None, None, None])[0] == 3
    assert len(told) == 3


def test_verbose_tells_the_end_and_what_is_restored(capsys):
    """CB-08, CB-09."""
    run(EarlyStopping(restore_best_weights=True, verbose=1), [1, 2])
    assert capsys.readouterr().out.splitlines() == [
        "Epoch 2: early stopping",
        "Restoring model weights from the end of the best epoch: 1.",
    ]


def test_a_real_training_ends_with_the_best_weights():
    """CB-08, CB-09: three epochs of a constant loss, and then the weights after the first."""

    class Remember(Callback):
        def on_epoch_end(self, epoch, logs):
            if epoch == 0:
                self.first = self.model.get_weights()
            self.model.set_weights([w + 1 for w in self.model.get_weights()])

    constant = LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(val_loss=1.0))
    model, remember = Sequential([Dense(1, input_dim=2)]), Remember()
    model.compile("sgd", "mse")
    stop = EarlyStopping(patience=2, restore_best_weights=True)
    history = model.fit(X, Y, epochs=20, verbose=0, callbacks=[constant, stop, remember])
    assert len(history.epoch) == 3
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), remember.first))


@pytest.mark.parametrize("settings", [{"patience": -1}, {"patience": 1.5}, {"mode": "down"}, {"start_from_epoch": -1}], ids=str)
def test_wrong_settings_are_refused_at_once(settings):
    """CB-08."""
    with pytest.raises((ValueError, TypeError), match="EarlyStopping expects"):
        EarlyStopping(**settings)


def test_weights_are_the_best_as_soon_as_it_stops():
    """CB-09: so that callbacks behind it see them; a model that counts no metrics will do."""

    class Anything:
        weights, stop_training = 0, False

        def get_weights(self):
            return self.weights

        def set_weights(self, weights):
            self.weights = weights

    stop = EarlyStopping(patience=1, restore_best_weights=True)
    model = Anything()
    stop.set_model(model)
    stop.on_train_begin()
    for epoch, loss in enumerate([3.0, 1.0, 2.0]):
        model.weights = epoch
        stop.on_epoch_end(epoch, {"val_loss": loss})
    assert model.stop_training and model.weights == 1
