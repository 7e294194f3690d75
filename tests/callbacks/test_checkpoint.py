"""ModelCheckpoint: which epochs are saved, under what name, by what method of the model."""

import math
import warnings
from types import SimpleNamespace

import numpy as np
import pytest

from tinygrad_edu import metrics
from tinygrad_edu.callbacks import EarlyStopping, ModelCheckpoint
from tinygrad_edu.layers import Dense
from tinygrad_edu.models import Sequential, load_model


class Model:
    """Notes what it is told to save, and writes something there."""

    def __init__(self, metrics=()):
        self.metrics, self.saved = list(metrics), []

    def save(self, path):
        self._write("model", path)

    def save_weights(self, path):
        self._write("weights", path)

    def _write(self, what, path):
        self.saved.append((what, path))
        with open(path, "w") as file:
            file.write(what)


def run(checkpoint, epochs, model=None, batches=1, name="val_loss"):
    """A training whose logs are `epochs`: numbers under `name`, or whole dicts."""
    model = model or Model()
    checkpoint.set_model(model)
    checkpoint.on_train_begin({})
    for epoch, logs in enumerate(epochs):
        logs = logs if isinstance(logs, dict) else {"loss": 1.0, name: logs}
        checkpoint.on_epoch_begin(epoch, {})
        for batch in range(batches):
            checkpoint.on_train_batch_end(batch, {"loss": float(batch)})
        checkpoint.on_epoch_end(epoch, logs)
    checkpoint.on_train_end({})
    return [path.rpartition("/")[2] for _, path in model.saved]


def test_every_epoch_is_saved_under_its_number_and_logs(tmp_path):
    """CB-07: epochs count from 1, the folder is made, any extension will do."""
    checkpoint = ModelCheckpoint(tmp_path / "deep" / "er" / "{epoch:02d}-{val_loss:.2f}.anything")
    assert run(checkpoint, [0.5, 0.25]) == ["01-0.50.anything", "02-0.25.anything"]
    assert sorted(path.name for path in (tmp_path / "deep" / "er").iterdir()) == ["01-0.50.anything", "02-0.25.anything"]


@pytest.mark.parametrize(("weights_only", "what"), [(False, "model"), (True, "weights")])
def test_the_model_or_its_weights_alone(tmp_path, weights_only, what):
    """CB-07."""
    model = Model()
    run(ModelCheckpoint(str(tmp_path / "m"), save_weights_only=weights_only), [1.0], model)
    assert [kind for kind, _ in model.saved] == [what]


BEST = [  # what the settings are, the logs, the epochs saved
    ({}, [3, 2, 2, 1, 4], [1, 2, 4]),
    ({"monitor": "val_accuracy"}, [0.1, 0.3, 0.2, 0.4], [1, 2, 4]),
    ({"mode": "max"}, [1, 2, 0], [1, 2]),
    ({"mode": "min", "monitor": "val_accuracy"}, [2, 3, 1], [1, 3]),
    ({}, [math.nan, math.inf, 2, math.nan, 1], [3, 5]),
    ({"initial_value_threshold": 1.5}, [3, 2, 1, 2], [3]),
    ({"monitor": "val_accuracy", "initial_value_threshold": 0.5}, [0.4, 0.6], [2]),
    ({"period": 2}, [1, 3, 0, 2], [2, 4]),
]


@pytest.mark.parametrize(("settings", "values", "saved"), BEST)
def test_only_the_best_is_saved(tmp_path, settings, values, saved):
    """CB-07: strictly better than ever before; nan never is."""
    checkpoint = ModelCheckpoint(str(tmp_path / "{epoch}"), save_best_only=True, **settings)
    assert run(checkpoint, values, name=checkpoint.monitor) == [str(epoch) for epoch in saved]


def test_the_best_is_kept_across_fits(tmp_path):
    """CB-07."""
    checkpoint = ModelCheckpoint(str(tmp_path / "{epoch}"), save_best_only=True)
    assert run(checkpoint, [2, 1]) == ["1", "2"]
    assert run(checkpoint, [1.5, 0.5]) == ["2"]
    assert checkpoint.best == 0.5


def test_auto_asks_the_metric(tmp_path):
    """CB-07, MET-20: a metric whose name does not say that more is better."""
    model = Model([metrics.get("cosine_similarity")])
    name = f"val_{model.metrics[0].name}"
    checkpoint = ModelCheckpoint(str(tmp_path / "{epoch}"), name, save_best_only=True)
    assert run(checkpoint, [0.1, 0.3, 0.2], model, name=name) == ["1", "2"]


def test_a_monitor_that_nobody_knows_is_guessed_with_a_warning(tmp_path):
    """MET-20."""
    checkpoint = ModelCheckpoint(str(tmp_path / "{epoch}"), "val_profit", save_best_only=True)
    with pytest.warns(UserWarning, match="Nobody says whether more of 'val_profit' is better"):
        assert run(checkpoint, [2, 1], name="val_profit") == ["1", "2"]


def test_without_the_monitored_log_nothing_is_saved_and_a_warning_says_what_there_is(tmp_path):
    """CB-07."""
    checkpoint = ModelCheckpoint(str(tmp_path / "m"), save_best_only=True)
    with pytest.warns(UserWarning, match="ModelCheckpoint expects the log 'val_loss', got loss. Pass validation_data"):
        assert run(checkpoint, [{"loss": 1.0}]) == []


@pytest.mark.parametrize(("best_only", "saved"), [(False, ["1-2-1", "2-1-0", "2-3-2"]), (True, ["1-2-1", "2-1-0"])])
def test_after_a_number_of_batches(tmp_path, best_only, saved):
    """CB-07: counted through the epochs, here of three batches; the logs are those of the batch."""
    path = str(tmp_path / "{epoch}-{batch}-{loss:.0f}")
    assert run(ModelCheckpoint(path, "loss", save_best_only=best_only, save_freq=2), [9, 9], batches=3) == saved


def test_a_name_that_is_no_log_is_an_error_with_those_there_are(tmp_path):
    """CB-07."""
    checkpoint = ModelCheckpoint(str(tmp_path / "{epoch}-{val_acc:.2f}"))
    with pytest.raises(ValueError, match=r"expects a filepath with logs in its braces.*Choose out of epoch, loss, val_loss\."):
        run(checkpoint, [0.5])


def test_verbose_tells_what_is_saved_and_why(tmp_path, capsys):
    """CB-07."""
    path = str(tmp_path / "m")
    run(ModelCheckpoint(path, save_best_only=True, verbose=1), [0.5, 0.6, 0.25])
    assert capsys.readouterr().out.splitlines() == [
        f"Epoch 1: val_loss improved from inf to 0.50000, saving model to {path}",
        "Epoch 2: val_loss did not improve from 0.50000",
        f"Epoch 3: val_loss improved from 0.50000 to 0.25000, saving model to {path}",
    ]


@pytest.mark.parametrize(
    ("settings", "error"),
    [({"mode": "up"}, ValueError), ({"save_freq": "batch"}, TypeError), ({"save_freq": 0}, ValueError),
     ({"period": 0}, ValueError), ({"perid": 2}, TypeError)],
)  # fmt: skip
def test_wrong_settings_are_refused_at_once(settings, error):
    """CB-07."""
    with pytest.raises(error, match="ModelCheckpoint expects"):
        ModelCheckpoint("m", **settings)


def test_an_error_of_the_disk_comes_out(tmp_path):
    """CB-07: training must not go on in the belief that something was saved."""
    checkpoint = ModelCheckpoint(str(tmp_path / "m"))

    def full(path):
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"), warnings.catch_warnings():
        run(checkpoint, [1.0], SimpleNamespace(metrics=[], save=full))


def test_the_best_model_comes_back_from_its_file(tmp_path):
    """CB-07, CB-09: it is the one that EarlyStopping restores."""
    x = np.random.default_rng(0).normal(size=(40, 3))
    model = Sequential([Dense(4, input_dim=3, activation="tanh"), Dense(1)])
    model.compile("adam", "mse")
    callbacks = [ModelCheckpoint(tmp_path / "best", save_best_only=True), EarlyStopping(patience=9, restore_best_weights=True)]
    history = model.fit(x, x[:, :1], epochs=4, verbose=0, validation_split=0.25, callbacks=callbacks).history
    again = load_model(tmp_path / "best")
    np.testing.assert_array_equal(again.predict(x), model.predict(x))
    assert again.evaluate(x[30:], x[30:, :1], verbose=0) == pytest.approx(min(history["val_loss"]))
