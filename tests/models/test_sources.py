"""Where batches come from: generators, batches by number, iterables; and how much each sample counts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import Tensor
from tinygrad_edu.callbacks import LambdaCallback
from tinygrad_edu.layers import Dense, Input
from tinygrad_edu.models import Sequential
from tinygrad_edu.models.batches import unpack
from tinygrad_edu.models.data import Rows
from tinygrad_edu.models.weighting import Weighting
from tinygrad_edu.optimizers import SGD

X = np.random.default_rng(0).uniform(-1, 1, (20, 2)).astype("float32")
Y = (X[:, :1] > 0).astype("float32")
W = np.random.default_rng(1).uniform(0, 2, 20).astype("float32")
START = [[[0.5, -0.5], [0.1, 0.2]], [0.0, 0.1], [[0.3], [-0.6]], [0.05]]


def compiled(optimizer="sgd", loss="mse", **told):
    model = Sequential([Input(shape=(2,), name="only"), Dense(2, activation="tanh"), Dense(1, activation="sigmoid")])
    model.set_weights(START)
    model.compile(optimizer, loss, **told)
    return model


def trained(*data, **told):
    model = compiled(metrics=["mae"], weighted_metrics=["mse"])
    history = model.fit(*data, **{"verbose": 0, "epochs": 2, "shuffle": False, **told}).history
    return [w.tolist() for w in model.get_weights()], history


class Numbered:
    """Batches by number, as a Sequence or PyDataset gives them."""

    def __init__(self, make=lambda rows: (X[rows], Y[rows])):
        self.make = make

    def __len__(self):
        return 4

    def __getitem__(self, i):
        return self.make(slice(5 * i, 5 * i + 5))


class Loader:
    """What torch's DataLoader looks like: a length, and lists that come again in every pass."""

    def __len__(self):
        return 4

    def __iter__(self):
        return (list(Numbered()[i]) for i in range(4))


def generator(make=lambda rows: (X[rows], Y[rows]), passes=100):
    for _ in range(passes):
        for i in range(4):
            yield make(slice(5 * i, 5 * i + 5))


SOURCES = {
    "Sequence": lambda: (Numbered(), {}),
    "loader": lambda: (Loader(), {}),
    "generator": lambda: (generator(), {"steps_per_epoch": 4}),
    "lists": lambda: (generator(lambda rows: (X[rows].tolist(), Y[rows].tolist())), {"steps_per_epoch": 4}),
    "Tensors": lambda: (Numbered(lambda rows: (Tensor(X[rows]), Tensor(Y[rows]))), {}),
}


@pytest.mark.eager("bit by bit, beside batches that are not compiled")
@pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES)
def test_batches_from_anywhere_train_like_those_of_arrays(make):
    """FIT-20: weights and history, bit for bit."""
    source, told = make()
    assert trained(source, **told) == trained(X, Y, batch_size=5)


@pytest.mark.eager("bit by bit, beside batches that are not compiled")
@pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES)
def test_batches_from_anywhere_are_measured_and_predicted(make):
    """FIT-20, FIT-12, FIT-14: labels are left out by predict."""
    model = compiled(metrics=["mae"])
    expected = model.evaluate(X, Y, batch_size=5, verbose=0)
    steps = {"steps": told["steps_per_epoch"]} if (told := make()[1]) else {}
    assert model.evaluate(make()[0], verbose=0, **steps) == expected
    np.testing.assert_allclose(model.predict(make()[0], **steps), model.predict(X), rtol=1e-6)
    measured = {"validation_data": make()[0], **({"validation_steps": 4} if steps else {})}
    history = model.fit(X, Y, epochs=2, verbose=0, **measured).history
    assert len(history["val_loss"]) == 2


@pytest.mark.eager("bit by bit, beside batches that are not compiled")
def test_weights_may_come_in_batches():
    """FIT-20, FIT-09."""
    assert trained(Numbered(lambda rows: (X[rows], Y[rows], W[rows]))) == trained(X, Y, sample_weight=W, batch_size=5)


@pytest.mark.eager("bit by bit, beside batches that are not compiled")
def test_class_weights_reach_batches():
    """FIT-20, FIT-08."""
    told = {"class_weight": {0: 0.5, 1: 3.0}}
    assert trained(Numbered(), **told) == trained(X, Y, batch_size=5, **told)


def test_a_generator_may_be_of_unknown_length_for_one_epoch():
    """FIT-20: it is gone through, and the callbacks then know how many steps there were."""
    model = compiled()
    history = model.fit(generator(passes=1), verbose=0)
    assert model.optimizer.iterations == 4 and history.params["steps"] == 4


@pytest.mark.parametrize(("steps", "expected"), [(2, 6), (4, 12), (7, 21)])
def test_steps_per_epoch_go_on_where_the_epoch_before_stopped(steps, expected):
    """FIT-20: arrays and Sequences begin anew behind their end; every row is used as often as any other."""
    seen = []

    class Watch(Sequential):
        def train_step(self, data):
            seen.extend(data[0].numpy()[:, 0].astype(int).tolist())
            return {}

    model = Watch([Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.arange(8.0)[:, None], np.arange(8.0), batch_size=2, epochs=3, steps_per_epoch=steps, verbose=0)
    assert len(seen) == 2 * expected
    counts = np.bincount(seen, minlength=8)
    assert counts.max() - counts.min() <= 1


def test_a_generator_that_ends_early_says_so_and_keeps_the_steps_done():
    """FIT-20."""
    model = compiled()
    with pytest.raises(ValueError, match=r"fit expects its generator to give 2 batches more, got its end after 8\. Let it go on"):
        model.fit(generator(passes=2), steps_per_epoch=5, epochs=2, verbose=0)
    assert model.optimizer.iterations == 8 and model.history.epoch == [0]


def test_generators_go_on_between_calls():
    """FIT-20: what was not drawn is there for the next call; the batch that was looked at first is trained on."""
    stock = generator(passes=1)
    model = compiled()
    model.fit(stock, steps_per_epoch=3, verbose=0)
    assert model.optimizer.iterations == 3 and len(list(stock)) == 1


def test_batches_in_order_of_blocks():
    """FIT-05: shuffle="batch"."""
    seen = []

    class Watch(Sequential):
        def train_step(self, data):
            seen.append(data[0].numpy()[:, 0].astype(int).tolist())
            return {}

    model = Watch([Dense(1)])
    model.compile("sgd", "mse")
    model.fit(np.arange(40.0)[:, None], np.arange(40.0), batch_size=4, shuffle="batch", verbose=0)
    assert all(rows == list(range(rows[0], rows[0] + 4)) for rows in seen)
    assert sorted(seen) == [list(range(i, i + 4)) for i in range(0, 40, 4)] != seen


def test_a_batch_of_four_parts_is_refused():
    """FIT-20."""
    with pytest.raises(ValueError, match=r"x, \(x, y\) or \(x, y, sample_weight\), got 4 parts"):
        unpack((1, 2, 3, 4))


def test_an_array_in_a_list_is_the_array_and_a_row_in_a_list_is_a_sample():
    """FIT-14, FIT-17: [x] of Keras 3 and [[2, 0.5]] of scikit-learn."""
    model = compiled()
    assert model.predict([X]).shape == (20, 1) and model.predict([X[0]]).shape == model.predict([[2, 0.5]]).shape == (1, 1)
    assert trained([X], [Y]) == trained(list(X), list(Y)) == trained(X, [Y[:, 0]]) == trained(X, Y)
    assert trained({"only": X}, Y) == trained(X, Y)


# Weights -----------------------------------------------------------------------------------------


def test_weights_multiply_losses_and_weighted_metrics_and_leave_plain_metrics():
    """FIT-09, MET-19."""
    model = compiled(metrics=["mae"], weighted_metrics=["mae"])
    errors = (model.predict(X) - Y)[:, 0]
    found = model.evaluate(X, Y, sample_weight=W, verbose=0)
    expected = [np.mean(errors**2 * W), np.mean(np.abs(errors)), np.sum(np.abs(errors) * W) / W.sum()]
    assert found == pytest.approx(expected, rel=1e-5)
    assert model.metrics_names == ["loss", "mae", "weighted_mae"]


@pytest.mark.parametrize("form", [lambda w: w, lambda w: w[:, None], lambda w: w.tolist(), lambda w: w.astype("float64")])
def test_weights_of_any_kind_are_one_number_per_sample(form):
    """FIT-09."""
    assert trained(X, Y, sample_weight=form(W)) == trained(X, Y, sample_weight=W)


def test_a_sample_of_weight_two_is_a_sample_twice():
    """FIT-09: up to the number of samples that the mean divides by."""
    twice = np.concatenate([X, X[:5]]), np.concatenate([Y, Y[:5]])
    model = compiled()
    weighted = model.evaluate(X, Y, sample_weight=np.where(np.arange(20) < 5, 2.0, 1.0), verbose=0)
    assert weighted * 20 == pytest.approx(model.evaluate(*twice, verbose=0) * 25, rel=1e-5)


def test_weights_per_step_of_a_sequence():
    """FIT-09: (n, steps)."""
    x, y = np.random.default_rng(0).normal(size=(6, 3, 2)), np.zeros((6, 3, 1))
    w = np.random.default_rng(1).uniform(size=(6, 3))
    model = compiled()
    assert model.evaluate(x, y, sample_weight=w, verbose=0) == pytest.approx(np.mean(model.predict(x)[..., 0] ** 2 * w), rel=1e-5)


LABELS = {
    "(n,)": lambda c: c,
    "(n, 1)": lambda c: c[:, None],
    "one-hot": lambda c: np.eye(3)[c],
    "floats": lambda c: c.astype(float),
}


@pytest.mark.parametrize("form", LABELS.values(), ids=LABELS)
def test_class_weights_are_the_weight_of_each_sample_of_a_class(form):
    """FIT-08: whatever the labels look like."""
    classes = np.random.default_rng(0).integers(0, 3, 20)
    weights = Weighting("fit", {0: 0.5, 1: 2.0, 2: 4.0}).of(Rows(form(classes)), None, ["output"])
    np.testing.assert_array_equal(weights.parts[0], np.array([0.5, 2.0, 4.0])[classes])


@given(st.lists(st.integers(0, 3), min_size=1, max_size=20), st.lists(st.floats(0, 4, width=32), min_size=24, max_size=24))
def test_class_weights_and_sample_weights_multiply(classes, weights):
    """FIT-08, D21: Keras 3 refuses both at once."""
    by_class, of_samples = weights[:4], np.array(weights[4:][: len(classes)], "float32")
    found = Weighting("fit", dict(enumerate(by_class))).of(Rows(np.array(classes)), of_samples, ["output"])
    np.testing.assert_allclose(found.parts[0], of_samples * np.array(by_class, "float32")[classes], rtol=1e-6)


@pytest.mark.eager("bit by bit, beside batches that are not compiled")
def test_a_class_without_a_weight_counts_once_with_one_warning():
    """FIT-08, D21."""
    with pytest.warns(UserWarning, match=r"class_weight to name every class, got none for \[0\]\. It counts as 1\.0") as caught:
        found = trained(Numbered(), class_weight={1: 3.0})
    assert len(caught) == 1
    assert found == trained(X, Y, batch_size=5, class_weight={0: 1.0, 1: 3.0})


def test_a_class_of_weight_zero_is_not_learned():
    """FIT-08: training goes as if its rows had no loss."""
    assert trained(X, Y, class_weight={0: 0.0, 1: 1.0}) == trained(X, Y, sample_weight=Y[:, 0])


def test_validation_has_weights_of_its_own_and_none_by_class():
    """FIT-04, FIT-08: (x, y, sample_weight)."""
    told = {"optimizer": SGD(0.0)}
    found = compiled(**told).fit(X, Y, validation_data=(X, Y, W), class_weight={0: 5.0, 1: 5.0}, verbose=0).history
    assert found["val_loss"] == [compiled(**told).evaluate(X, Y, sample_weight=W, verbose=0)]
    held_out = compiled(**told).fit(X, Y, sample_weight=W, validation_split=0.5, verbose=0).history["val_loss"]
    assert held_out == [compiled(**told).evaluate(X[10:], Y[10:], sample_weight=W[10:], verbose=0)]


class Growing(Numbered):
    """Whose batches become fewer after every pass; it notes which it was asked for."""

    def __init__(self):
        super().__init__()
        self.length, self.asked = 4, []

    def __len__(self):
        return self.length

    def __getitem__(self, i):
        self.asked.append(i)
        return super().__getitem__(i)

    def on_epoch_end(self):
        self.length -= 1


def test_a_sequence_may_change_its_length_between_passes():
    """FIT-20: every epoch is a pass, whatever its length."""
    steps = []
    told = LambdaCallback(on_epoch_begin=lambda epoch, logs: steps.append(told.params["steps"]))
    batches = Growing()
    compiled().fit(batches, epochs=3, shuffle=False, verbose=0, callbacks=[told])
    assert batches.asked == [0] + [0, 1, 2, 3] + [0, 1, 2] + [0, 1], "the first is tried before"
    assert steps == [4, 3, 2]


def test_a_sequence_that_is_measured_is_asked_for_each_batch_once():
    """FIT-20."""
    batches = Growing()
    batches.on_epoch_end = lambda: None
    model = compiled()
    model.fit(X, Y, validation_data=batches, epochs=2, verbose=0)
    model.evaluate(batches, verbose=0)
    model.predict(batches, verbose=0)
    assert batches.asked == [0, 1, 2, 3] * 4
