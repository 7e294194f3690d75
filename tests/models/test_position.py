"""Where training is: noted between two steps, and gone on from, bit for bit as if it had never stopped."""

import json
from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import set_random_seed
from tinygrad_edu.callbacks import Callback
from tinygrad_edu.layers import BatchNormalization, Dense, Dropout
from tinygrad_edu.models import Sequential
from tinygrad_edu.models.batches import ArrayBatches, IteratedBatches, NumberedBatches, Stream
from tinygrad_edu.models.data import Rows

X = np.random.default_rng(0).uniform(-1, 1, (23, 2)).astype("float32")
Y = (X[:, 0] > 0).astype("float32")
OPTIMIZERS = ("sgd", "adam", "rmsprop", "nadam")


class Note(Callback):
    """Notes the position at a hook, the `at`-th time, and all logs."""

    def __init__(self, hook=None, at=0):
        self.hook, self.at, self.position, self.seen = hook, at, None, []

    def _come(self, hook, logs):
        self.seen.append((hook, dict(logs)))
        if hook == self.hook and self.at == 0:
            self.position = self.model.training_position
        self.at -= hook == self.hook

    def on_train_batch_begin(self, batch, logs=None):
        self._come("batch begin", {})

    def on_train_batch_end(self, batch, logs=None):
        self._come("batch", logs)

    def on_epoch_end(self, epoch, logs=None):
        self._come("epoch", logs)


class GoOn(Callback):
    """Sets the position when training begins."""

    def __init__(self, position):
        self.position = position

    def on_train_begin(self, logs=None):
        self.model.training_position = self.position


class Numbered:
    """Batches by number."""

    def __len__(self):
        return 5

    def __getitem__(self, i):
        return X[5 * i : 5 * i + 5], Y[5 * i : 5 * i + 5]


def endless():
    while True:
        for i in range(4):
            yield X[i::4], Y[i::4]


DATA = {
    "arrays": lambda: ((X, Y), {}),
    "blocks": lambda: ((X, Y), {"shuffle": "batch"}),
    "in order": lambda: ((X, Y), {"shuffle": False}),
    "held out": lambda: ((X, Y), {"validation_split": 0.3}),
    "some steps": lambda: ((X, Y), {"steps_per_epoch": 2}),
    "more steps": lambda: ((X, Y), {"steps_per_epoch": 7}),
    "by number": lambda: ((Numbered(),), {}),
    "generator": lambda: ((endless(),), {"steps_per_epoch": 3}),
    "iterable": lambda: ((type("Again", (), {"__iter__": lambda self: iter([(X[:9], Y[:9]), (X[9:], Y[9:])])})(),), {}),
}


def model_of(optimizer):
    hidden = Dense(4, input_dim=2, activation="tanh")
    model = Sequential([hidden, BatchNormalization(), Dropout(0.4), Dense(1, activation="sigmoid")])
    model.compile(optimizer, "bce", metrics=["accuracy", "mae"])
    return model


def run(kind, optimizer, seed, batch_size, callbacks):
    """A whole script: seed, model, training."""
    set_random_seed(seed)
    model = model_of(optimizer)
    data, told = DATA[kind]()
    if len(data) == 2:
        told["batch_size"] = batch_size
    model.fit(*data, epochs=3, verbose=0, callbacks=callbacks, **told)
    return [w.tobytes() for w in model.get_weights()], [s.array.tobytes() for s in model.optimizer.variables]


@pytest.mark.filterwarnings("ignore:BatchNormalization .* more than one sample")  # a last batch may have one row
@given(
    kind=st.sampled_from(list(DATA)),
    optimizer=st.sampled_from(OPTIMIZERS),
    batch_size=st.integers(3, 30),
    hook=st.sampled_from(["batch", "epoch", "batch begin"]),
    data=st.data(),
)
def test_training_from_a_position_is_bit_equal_to_training_that_went_on(kind, optimizer, batch_size, hook, data):
    """CB-25: weights, slots, logs of every step and epoch, whatever the data, the optimizer and the moment."""
    count = len([1 for name, _ in _seen(kind, optimizer, batch_size) if name == hook])
    note = Note(hook, data.draw(st.integers(0, count - 1)))
    whole = run(kind, optimizer, 7, batch_size, [note])
    rest = Note()
    resumed = run(kind, optimizer, 99, batch_size, [GoOn(note.position), rest])
    assert resumed == whole
    assert rest.seen == note.seen[len(note.seen) - len(rest.seen) :] if rest.seen else hook == "epoch"


def _seen(kind, optimizer, batch_size):
    note = Note()
    run(kind, optimizer, 7, batch_size, [note])
    return note.seen


def test_a_position_is_plain_data_and_arrays():
    """CB-25: whatever keeps it, JSON and tensors suffice."""
    note = Note("batch", 1)
    run("arrays", "adam", 0, 8, [note])

    def without_arrays(x):
        if isinstance(x, dict):
            assert all(isinstance(key, str) for key in x)
            return {key: without_arrays(value) for key, value in x.items()}
        return [without_arrays(v) for v in x] if isinstance(x, (list, tuple)) else x.tolist() if isinstance(x, np.ndarray) else x

    assert json.loads(json.dumps(without_arrays(note.position)))["step"] == 2


def test_a_noted_position_is_a_copy():
    """CB-25: training that goes on does not move it."""
    note = Note("batch", 0)
    run("arrays", "adam", 3, 8, [note])
    kept = [w.copy() for w in note.position["weights"]]
    other = Note("batch", 0)
    run("arrays", "adam", 3, 8, [other])
    for a, b in zip(kept, other.position["weights"]):
        np.testing.assert_array_equal(a, b)


def test_there_is_no_position_outside_of_fit():
    """CB-25."""
    model = model_of("sgd")
    with pytest.raises(RuntimeError, match=r"expects fit\(\) to be running"):
        _ = model.training_position
    model.fit(X, Y, verbose=0)
    with pytest.raises(RuntimeError, match=r"expects fit\(\) to be running"):
        model.training_position = {}


# Streams -----------------------------------------------------------------------------------------


@given(
    rows=st.integers(1, 20), batch=st.integers(1, 8), blocks=st.booleans(), shuffled=st.booleans(),
    portions=st.lists(st.integers(0, 9), min_size=1, max_size=6), seed=st.integers(0, 9), data=st.data(),
)  # fmt: skip
def test_a_stream_goes_on_from_a_noted_place(rows, batch, blocks, shuffled, portions, seed, data):
    """CB-25: whatever was taken before, and in whatever portions."""

    def stream():
        source = ArrayBatches(Rows(np.arange(rows)), None, None, batch, blocks)
        return Stream(source, np.random.default_rng(seed) if shuffled else None)

    first, until = stream(), data.draw(st.integers(0, len(portions)))
    for count in portions[:until]:
        list(first.take(count))
    place = first.place
    rest = [[b.tolist() for b in first.take(count)] for count in portions[until:]]
    second = stream()
    second.place = place
    assert [[b.tolist() for b in second.take(count)] for count in portions[until:]] == rest


@given(rows=st.integers(1, 20), batch=st.integers(1, 8), blocks=st.booleans(), passes=st.integers(1, 3))
def test_every_pass_of_a_stream_has_every_row_once(rows, batch, blocks, passes):
    """FIT-05: in orders of their own, by rows or by blocks."""
    stream = Stream(ArrayBatches(Rows(np.arange(rows)), None, None, batch, blocks), np.random.default_rng(0))
    for _ in range(passes):
        found = [b.tolist() for b in stream.take(None)]
        assert sorted(chain(*found)) == list(range(rows))
        if blocks:
            assert all(b == list(range(b[0], b[0] + len(b))) for b in found)


def test_batches_by_number_are_told_of_epochs_and_mixed():
    """FIT-20: on_epoch_begin before the first batch, on_epoch_end behind the last."""
    told = []

    class Told(Numbered):
        def on_epoch_begin(self):
            told.append("begin")

        def on_epoch_end(self):
            told.append("end")

        def __getitem__(self, i):
            told.append(i)
            return (i,)

    stream = Stream(NumberedBatches(Told(), tuple), np.random.default_rng(0))
    list(stream.take(5)), list(stream.take(5))
    assert [x for x in told if isinstance(x, str)] == ["begin", "end", "begin", "end"]
    assert sorted(told[1:6]) == sorted(told[8:13]) == [0, 1, 2, 3, 4] and told[1:6] != told[8:13]


def test_an_iterator_that_ends_in_the_middle_says_after_how_many_batches():
    """FIT-20."""
    stream = Stream(IteratedBatches(iter([[1], [2], [3]]), tuple))
    assert list(stream.take(2)) == [(1,), (2,)]
    with pytest.raises(ValueError, match=r"generator to give 1 batches more, got its end after 3"):
        list(stream.take(2))
