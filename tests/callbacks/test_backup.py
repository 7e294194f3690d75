"""BackupAndRestore: a training that was killed goes on bit for bit as one that was not."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import optimizers, set_random_seed
from tinygrad_edu.callbacks import (
    BackupAndRestore,
    Callback,
    CSVLogger,
    EarlyStopping,
    GradientLogger,
    LearningRateScheduler,
    ModelCheckpoint,
    OneCycleScheduler,
    OtherTrainingError,
    ReduceLROnPlateau,
    WeightNorm,
)
from tinygrad_edu.layers import BatchNormalization, Concatenate, Dense, Dropout, GaussianNoise, Input, PReLU
from tinygrad_edu.metrics import AUC, F1Score, MeanAbsoluteError, Precision
from tinygrad_edu.models import Model, Sequential
from tinygrad_edu.saving import ModelFormatError, read_tree, write_tree
from tinygrad_edu.sequence import Sequence

rng = np.random.default_rng(0)
X = rng.uniform(-1, 1, (37, 3)).astype("float32")
Y = (X[:, :1] + 0.3 * X[:, 1:2] > 0).astype("float32")
W = rng.uniform(0.5, 2, 37).astype("float32")
FILE = "training.backup"


# What is trained ---------------------------------------------------------------------------------


def plain():
    return Sequential([Dense(4, input_dim=3, activation="relu"), Dense(1, activation="sigmoid")])


def random():
    hidden = [Dropout(0.3), BatchNormalization(), PReLU(), GaussianNoise(0.1), Dropout(0.2, seed=5)]
    return Sequential([Dense(5, input_dim=3), *hidden, Dense(1, activation="sigmoid")])


def functional():
    x = Input((3,))
    shared = Dense(3, activation="tanh")
    both = Concatenate()([shared(x), shared(Dropout(0.4)(x)), x])
    return Model(x, Dense(1, activation="sigmoid")(BatchNormalization()(both)))


class Written(Model):
    """A model in Python, whose weights appear when it is first called."""

    def __init__(self):
        super().__init__()
        self.hidden, self.drop, self.out = Dense(4, activation="elu"), Dropout(0.5), Dense(1, activation="sigmoid")

    def call(self, x, training=None):
        return self.out(self.drop(self.hidden(x), training=training))


MODELS = {"plain": plain, "random": random, "functional": functional, "subclass": Written}
OPTIMIZERS = {
    "sgd": lambda: "sgd",
    "momentum": lambda: optimizers.SGD(0.05, momentum=0.9, nesterov=True, clipnorm=1.0),
    "adam": lambda: "adam",
    "amsgrad": lambda: optimizers.Adam(0.01, amsgrad=True),
    "averaged": lambda: optimizers.AdamW(0.01, use_ema=True, ema_momentum=0.8, ema_overwrite_frequency=4),
    "accumulated": lambda: optimizers.SGD(0.1, gradient_accumulation_steps=3),
    "centered": lambda: optimizers.RMSprop(0.01, momentum=0.5, centered=True),
    "nadam": lambda: "nadam",
    "adafactor": lambda: optimizers.Adafactor(0.05),
    "schedule": lambda: optimizers.Adam(optimizers.schedules.ExponentialDecay(0.02, 5, 0.8)),
}
METRICS = {
    "none": list,
    "accuracy": lambda: ["accuracy", "mae"],
    "objects": lambda: [AUC(name="auc"), Precision(name="sure"), MeanAbsoluteError(name="o"), F1Score(threshold=0.5, name="f1")],
}


class Numbered(Sequence):
    def __len__(self):
        return 6

    def __getitem__(self, i):
        return X[6 * i : 6 * i + 6], Y[6 * i : 6 * i + 6]


def drawn():
    """A generator that draws from both global generators."""
    while True:
        rows = np.random.permutation(len(X))[:9]
        yield X[rows] + np.float32(0.01 * pyrandom()), Y[rows]


def pyrandom():
    import random as python_random

    return python_random.random()


class Passes:
    def __iter__(self):
        return iter([(X[:9], Y[:9]), (X[9:20], Y[9:20], W[9:20]), (X[20:], Y[20:])])


DATA = {
    "arrays": lambda: ((X, Y), {}),
    "blocks": lambda: ((X, Y), {"shuffle": "batch"}),
    "in order": lambda: ((X, Y), {"shuffle": False}),
    "weights": lambda: ((X, Y), {"sample_weight": W}),
    "class weights": lambda: ((X, Y), {"class_weight": {0: 1.0, 1: 3.0}}),
    "seven steps": lambda: ((X, Y), {"steps_per_epoch": 7}),
    "sequence": lambda: ((Numbered(),), {}),
    "generator": lambda: ((drawn(),), {"steps_per_epoch": 4}),
    "passes": lambda: ((Passes(),), {}),
}
VALIDATION = {
    "none": {},
    "split": {"validation_split": 0.3},
    "data": {"validation_data": (X[::2], Y[::2])},
    "now and then": {"validation_data": (X[::3], Y[::3], W[::3]), "validation_freq": 2},
}


class Steps(Callback):
    """A callback of the user's, with something to remember; in each epoch it halves what it has."""

    remembers = ("steps", "share")

    def on_train_begin(self, logs=None):
        self.steps, self.share = [], 1.0

    def on_epoch_begin(self, epoch, logs=None):
        self.share /= 2

    def on_train_batch_end(self, batch, logs=None):
        self.steps.append(pyrandom() + batch)

    def on_epoch_end(self, epoch, logs=None):
        logs["share"] = self.share + len(self.steps)


class EndInBatch(Callback):
    """Ends training in the middle of an epoch."""

    remembers = ("steps",)

    def on_train_begin(self, logs=None):
        self.steps = 0

    def on_train_batch_end(self, batch, logs=None):
        self.steps += 1
        if self.steps == 5:
            self.model.stop_training = True


CALLBACKS = {
    "end in batch": lambda folder: EndInBatch(),
    "stop": lambda folder: EarlyStopping("loss", patience=1, min_delta=0.02, restore_best_weights=True),
    "stop never": lambda folder: EarlyStopping("loss", patience=9, restore_best_weights=True),
    "plateau": lambda folder: ReduceLROnPlateau("loss", patience=1, min_delta=0.05, cooldown=1, factor=0.5),
    "rate by rate": lambda folder: LearningRateScheduler(lambda epoch, rate: rate * 0.7),
    "cycle": lambda folder: OneCycleScheduler(20, 0.1),
    "checkpoint": lambda folder: ModelCheckpoint(folder / "best.keras", "loss", save_best_only=True),
    "checkpoint by batch": lambda folder: ModelCheckpoint(folder / "third.keras", save_freq=3, save_weights_only=True),
    "table": lambda folder: CSVLogger(folder / "log.csv"),
    "gradients": lambda folder: GradientLogger(),
    "norms": lambda folder: WeightNorm(),
    "steps": lambda folder: Steps(),
}
RATES = {"plateau", "rate by rate", "cycle"}


class Killed(Exception):  # noqa: N818  it is no error
    pass


class Kill(Callback):
    """Ends training the `at`-th time that a hook is called."""

    def __init__(self, hook, at):
        self.left, self.hook = at, hook
        setattr(self, hook, self._count)

    def _count(self, *args):
        self.left -= 1
        if self.left == 0:
            raise Killed


class Configuration:
    """A script: everything is made anew at each run."""

    def __init__(self, model, optimizer, metrics, data, validation, callbacks, batch_size, folder):
        self.parts = model, optimizer, metrics, data, validation
        self.batch_size, self.folder = batch_size, folder
        self.callbacks = [name for name in callbacks if not (optimizer == "schedule" and name in RATES)]

    def run(self, *more, epochs=4):
        kind, optimizer, metrics, data, validation = self.parts
        set_random_seed(11)
        model = MODELS[kind]()
        model.compile(OPTIMIZERS[optimizer](), "binary_crossentropy", metrics=METRICS[metrics]())
        given, told = DATA[data]()
        if len(given) == 2:
            told |= {"batch_size": self.batch_size} | VALIDATION[validation]
        elif validation != "split":
            told |= VALIDATION[validation]
        self.folder.mkdir(exist_ok=True)
        callbacks = [CALLBACKS[name](self.folder) for name in self.callbacks]
        history = model.fit(*given, epochs=epochs, verbose=0, callbacks=[*more, *callbacks], **told)
        return SimpleNamespace(model=model, history=history, callbacks=callbacks, **self._found(model, history, callbacks))

    def _found(self, model, history, callbacks):
        """All that has to be equal, by name; arrays as bytes."""
        bits = lambda tree: (
            {key: bits(value) for key, value in tree.items()} if isinstance(tree, dict)
            else [bits(value) for value in tree] if isinstance(tree, (list, tuple))
            else tree.tobytes() if isinstance(tree, np.ndarray) else tree
        )  # fmt: skip
        files = {path.name: path.read_bytes() for path in sorted(self.folder.iterdir()) if path.suffix == ".csv"}
        return {
            "found": {
                "weights": bits(model.get_weights()),
                "optimizer": bits([np.array(v.array) for v in model.optimizer.variables]),
                "history": repr(list(history.history.items())),
                "epochs": history.epoch,
                "callbacks": bits([callback.get_state() for callback in callbacks]),
                "numpy": bits(np.random.get_state(legacy=False)),
                "python": pyrandom(),
                "files": files,
            }
        }


def resumed(configuration, kill, save_freq, folder):
    """What comes out if training is killed, and the script is run again."""
    with pytest.raises(Killed):
        configuration.run(BackupAndRestore(folder, save_freq), kill)
    return configuration.run(BackupAndRestore(folder, save_freq)).found


configurations = {
    "model": st.sampled_from(list(MODELS)),
    "optimizer": st.sampled_from(list(OPTIMIZERS)),
    "metrics": st.sampled_from(list(METRICS)),
    "data": st.sampled_from(list(DATA)),
    "validation": st.sampled_from(list(VALIDATION)),
    "callbacks": st.lists(st.sampled_from(list(CALLBACKS)), max_size=4, unique=True),
    "batch_size": st.integers(3, 40),
}


@pytest.mark.filterwarnings("ignore:BatchNormalization .* more than one sample")
@given(
    save_freq=st.sampled_from(["epoch", 1, 2, 3, 5]),
    hook=st.sampled_from(["on_train_batch_begin", "on_train_batch_end", "on_epoch_begin", "on_epoch_end", "on_train_end"]),
    moment=st.floats(0, 1),
    **configurations,
)
def test_a_training_that_was_killed_and_run_again_is_bit_equal_to_one_that_was_not(
    tmp_path_factory, save_freq, hook, moment, **parts
):
    """CB-25: weights, slots, history, states of callbacks, tables and global generators, whatever the kill point."""
    folder = tmp_path_factory.mktemp("run")
    count = Kill(hook, -1)
    whole = Configuration(**parts, folder=folder / "whole").run(count)
    hooks_called = -1 - count.left
    kill = Kill(hook, 1 + int(moment * (hooks_called - 1)))
    again = resumed(Configuration(**parts, folder=folder / "again"), kill, save_freq, folder / "backup")
    for name, value in whole.found.items():
        assert again[name] == value, name
    assert not (folder / "backup").exists()


@pytest.mark.parametrize("hook", ["on_epoch_end", "on_train_end"])
@pytest.mark.parametrize("save_freq", ["epoch", 1])
def test_a_training_that_a_callback_ended_in_the_middle_of_an_epoch_stays_ended(tmp_path, hook, save_freq):
    """CB-25, CB-05: the epoch still gets its end, once."""
    parts = "random", "adam", "accuracy", "arrays", "split", ["end in batch", "table"], 7
    whole = Configuration(*parts, tmp_path / "whole").run()
    kill = Kill(hook, 1 + (hook == "on_epoch_end"))
    again = resumed(Configuration(*parts, tmp_path / "again"), kill, save_freq, tmp_path / "b")
    assert again == whole.found and whole.history.epoch == [0, 1]


def test_two_kills_are_as_none(tmp_path):
    """CB-25: also if the second comes before another backup is written."""
    parts = "functional", "momentum", "objects", "blocks", "data", ["plateau", "stop never", "gradients"], 7
    whole = Configuration(*parts, tmp_path / "whole").run().found
    configuration = Configuration(*parts, tmp_path / "again")
    for kill in (Kill("on_train_batch_end", 9), Kill("on_train_batch_begin", 1)):
        with pytest.raises(Killed):
            configuration.run(BackupAndRestore(tmp_path / "b", 4), kill)
    assert configuration.run(BackupAndRestore(tmp_path / "b", 4)).found == whole


def test_the_backup_may_be_anywhere_in_the_list(tmp_path):
    """CB-25: it is told last, and what others begin anew is put back behind them."""
    found = []
    for place in (0, 1):
        run = lambda *more: training(callbacks=[Steps(), *more] if place else [*more, Steps()])  # noqa: B023
        with pytest.raises(Killed):
            run(BackupAndRestore(tmp_path, 2), Kill("on_train_batch_end", 6))
        found.append(run(BackupAndRestore(tmp_path, 2)).history)
    assert found[0] == found[1] == training(callbacks=Steps()).history


def training(x=X, y=Y, model=plain, optimizer="adam", batch_size=10, epochs=3, **told):
    set_random_seed(3)
    model = model()
    model.compile(optimizer, "binary_crossentropy", metrics=["accuracy"])
    return model.fit(x, y, batch_size=batch_size, epochs=epochs, verbose=0, **told)


def killed(folder, at=6, **told):
    """The file that a killed training leaves behind."""
    with pytest.raises(Killed):
        training(callbacks=[BackupAndRestore(folder, 2), Kill("on_train_batch_end", at)], **told)
    return folder / FILE


# Killed from outside -----------------------------------------------------------------------------

SCRIPT = """
    import os, signal, sys
    import numpy as np
    from tinygrad_edu import set_random_seed
    from tinygrad_edu.callbacks import BackupAndRestore, Callback, EarlyStopping
    from tinygrad_edu.layers import BatchNormalization, Dense, Dropout
    from tinygrad_edu.models import Sequential

    class Die(Callback):
        steps = 0
        def on_train_batch_end(self, batch, logs=None):
            Die.steps += 1
            if Die.steps == int(sys.argv[2]):
                WAY

    set_random_seed(4)
    x = np.random.uniform(-1, 1, (50, 3))
    model = Sequential([Dense(6, input_dim=3), BatchNormalization(), Dropout(0.3), Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    backup = [BackupAndRestore(sys.argv[1], 3)] if sys.argv[1] else []
    history = model.fit(x, x[:, :1] ** 2, batch_size=8, epochs=5, verbose=0, validation_split=0.2,
                        callbacks=[*backup, Die(), EarlyStopping(patience=3)])
    print(history.history, *(w.tobytes().hex() for w in model.get_weights()))
    print(*(v.array.tobytes().hex() for v in model.optimizer.variables))
"""


def script(way, *arguments):
    root = Path(__file__).parents[2]
    found = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SCRIPT).replace("WAY", way), *map(str, arguments)],
        capture_output=True, text=True, timeout=100, env={**os.environ, "PYTHONPATH": str(root)}, check=False,
    )  # fmt: skip
    return found.returncode, found.stdout, found.stderr


@pytest.mark.skipif(os.name != "posix", reason="kills processes")
@pytest.mark.parametrize(
    ("way", "code"),
    [("os._exit(3)", 3), ("os.kill(os.getpid(), signal.SIGKILL)", -9), ("signal.raise_signal(signal.SIGTERM)", 143)],
)
def test_a_process_that_was_killed_goes_on_in_the_next_one(way, code, tmp_path):
    """CB-25: twice."""
    whole = script("pass", "", -1)
    assert whole[0] == 0, whole[2]
    for _ in range(2):
        assert script(way, tmp_path / "b", 8)[0] == code
    again = script("pass", tmp_path / "b", -1)
    assert again[1] == whole[1] and again[0] == 0, again[2]


# Refused -----------------------------------------------------------------------------------------

OTHERS = {
    "units": ({"model": lambda: Sequential([Dense(5, input_dim=3, activation="relu"), Dense(1, activation="sigmoid")])},
              "model, layers, 0, units: 4 there, 5 here"),
    "activation": ({"model": lambda: Sequential([Dense(4, input_dim=3, activation="tanh"), Dense(1, activation="sigmoid")])},
                   "model, layers, 0, activation: 'relu' there, 'tanh' here"),
    "more layers": ({"model": random}, "model, layers: 2 of them there, 7 of them here"),
    "optimizer": ({"optimizer": "sgd"}, "model, optimizer, class: 'Adam' there, 'SGD' here"),
    "setting": ({"optimizer": optimizers.Adam(beta_1=0.8)}, "model, optimizer, beta_1: 0.9 there, 0.8 here"),
    "other rows": ({"x": X + 1}, r"data, x, 0: '\(37, 3\) float32, checksum \w+' there"),
    "fewer rows": ({"x": X[:9], "y": Y[:9]}, r"data, x, 0: '\(37, 3\) .*' there, '\(9, 3\)"),
    "labels": ({"y": 1 - Y}, "data, y, 0"),
    "class weights": ({"class_weight": {0: 1.0, 1: 2.0}}, "data, sample_weight: None there, 1 of them here"),
    "batch size": ({"batch_size": 11}, "data, batch_size: 10 there, 11 here"),
    "order": ({"shuffle": False}, "data, shuffle: True there, False here"),
    "steps": ({"steps_per_epoch": 2}, "data, steps per epoch: 4 there, 2 here"),
    "validation": ({"validation_data": (X, Y)}, "validation: None there, 6 of them here"),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_the_backup_of_another_training_is_refused_in_words_that_say_what_differs(name, tmp_path):
    """CB-25: nothing is trained, and the file stays."""
    other, words = OTHERS[name]
    path = killed(tmp_path)
    with pytest.raises(OtherTrainingError, match=words) as told:
        training(callbacks=BackupAndRestore(tmp_path), **other)
    assert os.fspath(path) in str(told.value) and "Remove it to begin anew" in str(told.value) and path.exists()


def test_the_backup_of_a_second_fit_is_not_gone_on_from_in_the_first(tmp_path):
    """CB-25: one folder for each."""

    def twice(*second):
        model = plain()
        model.compile("sgd", "bce")
        for more in ([], list(second)):
            model.fit(X, Y, verbose=0, batch_size=10, callbacks=[BackupAndRestore(tmp_path, 1), *more])

    with pytest.raises(Killed):
        twice(Kill("on_train_batch_end", 2))
    with pytest.raises(OtherTrainingError, match="began after step 4 there, 0 here"):
        twice()


@pytest.mark.parametrize("how", ["cut", "flipped", "empty", "text"])
def test_a_damaged_backup_is_one_clear_error(how, tmp_path):
    """CB-25: silently beginning anew would lose what somebody waited for."""
    path = killed(tmp_path)
    whole = path.read_bytes()
    path.write_bytes({"cut": whole[:-9], "flipped": whole[:-9] + b"x" + whole[-8:], "empty": b"", "text": b"hello" * 99}[how])
    with pytest.raises(ModelFormatError, match=FILE) as told:
        training(callbacks=BackupAndRestore(tmp_path))
    assert told.value.__notes__ == [f"Remove {os.fspath(path)!r} to begin anew."]


@pytest.mark.parametrize("tree", [None, {}, [], {"of": {}}, "none"], ids=str)
def test_a_whole_file_that_holds_something_else_is_one_clear_error(tree, tmp_path):
    """CB-25."""
    write_tree(tmp_path / FILE, tree)
    with pytest.raises((ModelFormatError, OtherTrainingError), match=FILE):
        training(callbacks=BackupAndRestore(tmp_path))


@pytest.mark.parametrize(
    "part",
    ["epoch", "step", "logs", "ended", "stream", "callbacks", "weights", "optimizer", "metrics", "random", "numpy", "python"],
)
def test_a_position_without_one_of_its_parts_is_one_clear_error(part, tmp_path):
    """CB-25."""
    path = killed(tmp_path)
    write_tree(path, {name: value for name, value in read_tree(path).items() if name != part})
    with pytest.raises(ModelFormatError, match=f"expects the position of a training, got KeyError: '{part}'"):
        training(callbacks=BackupAndRestore(tmp_path))


def test_of_two_backups_the_older_is_taken_if_the_last_is_damaged(tmp_path):
    """CB-25: `double_checkpoint`."""
    kept = tmp_path / "b"
    with pytest.raises(Killed):
        training(callbacks=[BackupAndRestore(kept, 2, double_checkpoint=True), Kill("on_train_batch_end", 7)])
    (kept / FILE).write_bytes(b"damaged")
    with pytest.warns(UserWarning, match="goes on from the backup before it"):
        again = training(callbacks=BackupAndRestore(kept, 2, double_checkpoint=True))
    assert again.history == training().history and not kept.exists()


# Kept, or taken away ------------------------------------------------------------------------------


def test_a_finished_training_takes_its_backup_away_and_nothing_else(tmp_path):
    """CB-25."""
    (tmp_path / "notes.txt").write_text("mine")
    training(callbacks=BackupAndRestore(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_backup_that_is_kept_lets_the_next_fit_train_only_the_epochs_it_has_more(tmp_path):
    """CB-25: `delete_checkpoint=False`."""
    seen, keep = Steps(), lambda: BackupAndRestore(tmp_path, delete_checkpoint=False)
    training(callbacks=keep())
    longer = training(epochs=5, callbacks=[keep(), WeightNorm()])
    assert longer.epoch == [0, 1, 2, 3, 4]
    assert longer.history["loss"] == training(epochs=5).history["loss"]
    assert training(epochs=5, callbacks=[BackupAndRestore(tmp_path), seen]).epoch == [0, 1, 2, 3, 4] and seen.steps == []


@pytest.mark.parametrize("freq", [0, -1, 2.5, "batch", None])
def test_save_freq_is_epoch_or_a_number_of_batches(freq):
    """CB-25."""
    with pytest.raises((TypeError, ValueError), match="BackupAndRestore expects save_freq"):
        BackupAndRestore("b", freq)
