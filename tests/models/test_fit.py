"""compile, fit, evaluate and predict: rows, batches, validation, kinds of input, and training that goes on."""

from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import losses, metrics
from tinygrad_edu.callbacks import Callback
from tinygrad_edu.layers import Activation, Dense, Layer
from tinygrad_edu.models import Sequential
from tinygrad_edu.models.data import Rows
from tinygrad_edu.models.validation import split
from tinygrad_edu.optimizers import SGD

X = np.random.default_rng(0).uniform(-1, 1, (20, 2))
Y = (X[:, 0] > 0).astype(float)
START = [[[0.5, -0.5, 0.25], [0.1, 0.2, 0.3]], [0.0, 0.1, 0.2], [[0.3], [-0.6], [0.9]], [0.05]]


def compiled(units=1, optimizer="sgd", loss="bce", metrics=(), start=START):
    model = Sequential([Dense(3, input_dim=2, activation="tanh"), Dense(units, activation="sigmoid")])
    model.compile(optimizer, loss, metrics)
    if units == 1:
        model.set_weights(start)
    return model


def trained(x, y, **settings):
    """Weights and history after two epochs in order, from the same start."""
    model = compiled(metrics=["accuracy"])
    history = model.fit(x, y, **{"epochs": 2, "batch_size": 8, "shuffle": False, "verbose": 0, **settings})
    return [w.tolist() for w in model.get_weights()], history.history


class Witness(Layer):
    """Lets everything through and remembers what came in training."""

    def build(self, input_shape):
        self.seen = []

    def call(self, x, training=None):
        if training:
            self.seen.append(x.numpy()[:, 0].astype(int).tolist())
        return x


def rows_seen(n=7, **settings):
    """Which rows were trained on, batch by batch."""
    rows = Witness(input_dim=1)
    model = Sequential([rows, Dense(1)])
    model.compile(SGD(1e-9), "mse")
    model.fit(np.arange(n)[:, None], np.arange(n), verbose=0, **settings)
    return rows.seen


# Batches and epochs -----------------------------------------------------------------------------------


@pytest.mark.eager("counts rows in Python")
def test_without_shuffling_rows_come_in_order_and_the_last_batch_is_short():
    """FIT-01, FIT-05, TEA-08."""
    assert rows_seen(shuffle=False, batch_size=3) == [[0, 1, 2], [3, 4, 5], [6]]
    assert rows_seen(shuffle=False, batch_size=1) == [[i] for i in range(7)]
    assert rows_seen(shuffle=False, batch_size=7) == rows_seen(shuffle=False, batch_size=100) == [list(range(7))]


@pytest.mark.eager("counts rows in Python")
def test_a_batch_has_32_rows_by_default():
    """FIT-01."""
    assert [len(batch) for batch in rows_seen(n=70, shuffle=False)] == [32, 32, 6]


@pytest.mark.eager("counts rows in Python")
@given(n=st.integers(1, 40), batch=st.integers(1, 50), epochs=st.integers(1, 3))
def test_every_row_is_seen_once_per_epoch(n, batch, epochs):
    """FIT-05: shuffled or not."""
    for shuffle in (True, False):
        seen = rows_seen(n, batch_size=batch, epochs=epochs, shuffle=shuffle)
        steps = -(-n // batch)
        assert len(seen) == epochs * steps
        for epoch in range(epochs):
            assert sorted(chain(*seen[epoch * steps : (epoch + 1) * steps])) == list(range(n))


@pytest.mark.eager("counts rows in Python")
def test_each_epoch_and_each_fit_has_an_order_of_its_own():
    """FIT-05: and it is the default."""
    orders = {tuple(chain(*rows_seen(n=40, batch_size=40))) for _ in range(3)}
    epochs = {tuple(batch) for batch in rows_seen(n=40, batch_size=40, epochs=3)}
    assert len(orders) == len(epochs) == 3 and tuple(range(40)) not in orders | epochs


def test_labels_go_with_their_rows_when_shuffled():
    """FIT-05: a linear model can learn the identity only from pairs that belong together."""
    model = Sequential([Dense(1, input_dim=1)])
    model.compile(SGD(0.1), "mse")
    x = np.linspace(-1, 1, 50)[:, None]
    model.fit(x, x, epochs=200, verbose=0)
    np.testing.assert_allclose([w.item() for w in model.get_weights()], [1, 0], atol=1e-3)


@given(n=st.integers(2, 500), share=st.floats(0.01, 0.99))
def test_validation_split_takes_the_last_rows(n, share):
    """FIT-03: n - floor(n·(1-s)) of them, in floating point."""
    data, at = (Rows(np.arange(n)), Rows([np.arange(n), None]), None), int(n * (1 - share))
    if at in (0, n):
        with pytest.raises(ValueError, match="rows on both sides"):
            split("fit", data, share)
        return
    train, validation = split("fit", data, share)
    for (x, y, weights), rows in ((train, list(range(at))), (validation, list(range(at, n)))):
        assert x.parts[0].tolist() == y.parts[0].tolist() == rows and y.parts[1] is None and weights is None


@pytest.mark.parametrize(
    ("n", "share", "sizes"), [(351, 0.33, (235, 116)), (100, 0.9, (9, 91)), (10, 0.2, (8, 2)), (3, 0.5, (1, 2))]
)
def test_validation_split_of_known_sizes(n, share, sizes):
    """FIT-03: 351 rows are the ionosphere data of the lesson; 100 · (1 - 0.9) is a little less than 10."""
    data = Rows(np.zeros((n, 1))), Rows(np.zeros(n)), None
    assert tuple(len(part[0]) for part in split("fit", data, share)) == sizes


@pytest.mark.eager("counts rows in Python")
def test_validation_rows_are_held_out_before_any_shuffling():
    """FIT-03."""
    assert sorted(chain(*rows_seen(n=10, validation_split=0.3, batch_size=2))) == list(range(7))


def test_splitting_and_giving_the_same_rows_are_the_same():
    """FIT-03, FIT-04."""
    split_off = trained(X, Y, validation_split=0.25)
    given_apart = trained(X[:15], Y[:15], validation_data=(X[15:], Y[15:]))
    assert split_off == given_apart
    assert given_apart == trained(X[:15], Y[:15], validation_data=[X[15:], Y[15:]])


def test_validation_data_wins_over_a_split():
    """FIT-03."""
    assert trained(X, Y, validation_data=(X, Y), validation_split=0.25) == trained(X, Y, validation_data=(X, Y))


def test_validation_changes_nothing_about_the_training():
    """FIT-04: weights and history are the same without it."""
    weights, history = trained(X, Y, validation_data=(X[:5], Y[:5]))
    plain_weights, plain_history = trained(X, Y)
    assert weights == plain_weights
    assert {name: values for name, values in history.items() if not name.startswith("val_")} == plain_history


def test_epochs_stop_at_an_index():
    """FIT-06: the whole table of beginnings and ends."""
    for initial, epochs, expected in [(0, 0, []), (0, 2, [0, 1]), (3, 5, [3, 4]), (5, 5, []), (5, 3, [])]:
        history = compiled().fit(X, Y, initial_epoch=initial, epochs=epochs, verbose=0)
        assert history.epoch == expected
        assert len(history.history.get("loss", [])) == len(expected)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_a_second_fit_goes_on_where_the_first_stopped(momentum):
    """FIT-07: weights, velocities and the count of iterations."""
    twice, once = compiled(optimizer=SGD(0.1, momentum)), compiled(optimizer=SGD(0.1, momentum))
    for _ in range(2):
        twice.fit(X, Y, epochs=2, batch_size=8, shuffle=False, verbose=0)
    once.fit(X, Y, epochs=4, batch_size=8, shuffle=False, verbose=0)
    for a, b in zip(twice.get_weights(), once.get_weights()):
        np.testing.assert_array_equal(a, b)
    assert twice.optimizer.iterations == once.optimizer.iterations == 12


def test_compiling_again_forgets_velocities_and_metrics_and_keeps_weights():
    """COMP-04."""
    model = compiled(optimizer=SGD(0.1, 0.9), metrics=["accuracy"])
    model.fit(X, Y, verbose=0)
    before = model.get_weights()
    model.compile(SGD(0.1, 0.9), "mse", ["mae"])
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights()))
    assert model.metrics_names == ["loss", "mae"] and model.optimizer.iterations == 0
    fresh = compiled(optimizer=SGD(0.1, 0.9), loss="mse", start=before)
    model.fit(X, Y, shuffle=False, verbose=0)
    fresh.fit(X, Y, shuffle=False, verbose=0)
    for a, b in zip(model.get_weights(), fresh.get_weights()):
        np.testing.assert_array_equal(a, b)


def test_training_and_validation_rows_are_left_alone():
    """FIT-17: neither fit nor evaluate nor predict writes to the user's arrays."""
    x, y = X.astype("float32"), Y.astype("float32")[:, None]
    copies = x.copy(), y.copy()
    model = compiled()
    model.fit(x, y, verbose=0, validation_data=(x, y))
    model.evaluate(x, y, verbose=0)
    model.predict(x)[:] = 9
    np.testing.assert_array_equal(x, copies[0])
    np.testing.assert_array_equal(y, copies[1])


def test_writing_to_a_prediction_does_not_write_to_the_input():
    """FIT-14: not even where the model hands its input through."""
    x = np.ones((3, 2), "float32")
    Sequential([Activation("linear", input_shape=(2,))]).predict(x)[:] = 9
    assert (x == 1).all()


# Kinds of input ---------------------------------------------------------------------------------------


class Frame:
    """What a table from elsewhere looks like to NumPy."""

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return np.array(self.values, dtype)

    def __len__(self):
        return len(self.values)


KINDS_OF_SAMPLES = {
    "lists": lambda a: a.tolist(),
    "tuples": lambda a: tuple(map(tuple, a)),
    "rows": list,
    "float32": lambda a: a.astype("float32"),
    "columns": np.asfortranarray,
    "strided": lambda a: np.repeat(a, 2, axis=0)[::2],
    "frame": Frame,
    "objects": lambda a: a.astype(object),
}
KINDS_OF_LABELS = {
    "(n, 1)": lambda y: y[:, None],
    "int": lambda y: y.astype(int),
    "bool": lambda y: y.astype(bool),
    "uint8": lambda y: y.astype("uint8")[:, None],
    "float32": lambda y: y.astype("float32"),
    "list": lambda y: y.tolist(),
    "lists": lambda y: [[v] for v in y],
    "frame": Frame,
    "objects": lambda y: y.astype(object),
}


@pytest.mark.parametrize("kind", KINDS_OF_SAMPLES.values(), ids=KINDS_OF_SAMPLES)
def test_samples_of_any_kind_train_the_same(kind):
    """FIT-17: up to the order in which another layout of memory is summed."""
    x = X.astype("float32").astype("float64")
    weights, history = trained(x, Y)
    other_weights, other_history = trained(kind(x), Y)
    for a, b in zip(weights, other_weights):
        np.testing.assert_allclose(a, b, rtol=1e-5)
    for name in history:
        assert other_history[name] == pytest.approx(history[name], rel=1e-5)


@pytest.mark.parametrize("kind", KINDS_OF_LABELS.values(), ids=KINDS_OF_LABELS)
def test_labels_of_any_kind_train_the_same(kind):
    """FIT-18, LOSS-06: (n,) is (n, 1), bit for bit, in weights, losses and accuracies."""
    assert trained(X, kind(Y)) == trained(X, Y)


def test_whole_numbers_and_truth_values_are_samples():
    """FIT-17: pixels of 0 to 255, for example."""
    x = (X * 100).astype("uint8")
    assert trained(x, Y) == trained(x.astype(float), Y)
    assert trained(X > 0, Y) == trained((X > 0).astype(float), Y)


def test_one_hot_labels_meet_as_many_units():
    """FIT-18, MET-01, MET-06."""
    y = np.eye(3)[np.arange(20) % 3]
    history = compiled(units=3, loss="mse", metrics=["accuracy"]).fit(X, y, verbose=0).history
    assert list(history) == ["loss", "accuracy"] and 0 <= history["accuracy"][0] <= 1


def test_numpy_numbers_are_settings():
    """PKG-14."""
    settings = {
        "batch_size": np.int64(8),
        "epochs": np.int32(2),
        "initial_epoch": np.int64(0),
        "validation_split": np.float32(0.25),
    }
    assert trained(X, Y, **settings) == trained(X, Y, validation_split=0.25)


# compile ----------------------------------------------------------------------------------------------


def test_compile_takes_positions_names_and_objects():
    """COMP-01."""
    by_name, by_object = Sequential([Dense(1)]), Sequential([Dense(1)])
    by_name.compile("sgd", "mse", ["mae"])
    by_object.compile(loss=losses.MeanSquaredError(), optimizer=SGD(), metrics=[losses.mean_absolute_error])
    for model in (by_name, by_object):
        assert isinstance(model.optimizer, SGD) and isinstance(model.loss, losses.MeanSquaredError) and len(model.metrics) == 2


@pytest.mark.parametrize(
    "settings", [{"loss": "msee"}, {"optimizer": "sdg"}, {"metrics": ["acuracy"]}, {"metrics": ["mae", "foo"]}], ids=str
)
def test_unknown_names_fail_when_compiling(settings):
    """COMP-05, LOSS-01."""
    with pytest.raises(ValueError, match="expects a known name"):
        Sequential([Dense(1)]).compile(**{"optimizer": "sgd", "loss": "mse", **settings})


@pytest.mark.parametrize(
    "given", [["accuracy"], "accuracy", ("accuracy",), [metrics.BinaryAccuracy], [metrics.BinaryAccuracy()]], ids=str
)
def test_metrics_are_a_name_a_list_classes_or_objects(given):
    """COMP-01, MET-01."""
    model = compiled(metrics=given)
    _, accuracy = model.evaluate(X, Y, verbose=0)
    assert accuracy == ((model.predict(X)[:, 0] > 0.5) == Y).mean()


def test_metrics_keep_the_name_that_was_given():
    """MET-01, MET-21: "acc" stays "acc"."""
    model = compiled(metrics=["acc", "mse", "MAE"])
    assert model.metrics_names == ["loss", "acc", "mse", "MAE"]
    assert list(model.evaluate(X, Y, verbose=0, return_dict=True)) == model.metrics_names
    assert list(model.fit(X, Y, verbose=0).history) == model.metrics_names


def test_there_is_a_value_for_every_name():
    """FIT-12: also where two metrics are called alike."""
    model = compiled(metrics=["accuracy", "accuracy"])
    assert len(model.evaluate(X, Y, verbose=0)) == len(model.metrics_names)


def test_a_function_is_a_loss_and_a_metric():
    """LOSS-22."""

    def squared(y_true, y_pred):
        return (y_true - y_pred) ** 2

    ours, named = compiled(loss=squared, metrics=[squared]), compiled(loss="mse", metrics=["mse"])
    found = [model.fit(X, Y, shuffle=False, verbose=0).history for model in (ours, named)]
    assert found[0]["loss"] == pytest.approx(found[1]["loss"]) and found[0]["squared"] == pytest.approx(found[1]["mse"])


def test_class_numbers_train_a_unit_per_class():
    """LOSS-13, MET-01: whole numbers against (n, classes), by the sparse loss and its accuracy."""
    model = compiled(units=3, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    y = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)
    first, *_, last = model.fit(X, y, epochs=30, verbose=0).history["loss"]
    assert last < first and isinstance(model.metrics[1], metrics.SparseCategoricalAccuracy)
    with pytest.raises(ValueError, match="class numbers from 0 to 2, got"):
        model.evaluate(X, y + 2, verbose=0)


def test_accuracy_resolves_anew_for_other_labels():
    """MET-01: it means what the shapes of this call say."""
    model = compiled(units=3, loss="mse", metrics=["accuracy"])
    y = np.eye(3)[np.arange(20) % 3]
    assert isinstance(model.metrics[1], metrics.BinaryAccuracy)
    model.fit(X, y, verbose=0)
    assert isinstance(model.metrics[1], metrics.CategoricalAccuracy)


# evaluate and predict ---------------------------------------------------------------------------------


def test_evaluate_gives_a_number_a_list_or_a_dict_of_python_floats():
    """FIT-12."""
    alone = compiled().evaluate(X, Y, verbose=0)
    both = compiled(metrics=["accuracy"]).evaluate(X, Y, verbose=0)
    named = compiled(metrics=["accuracy"]).evaluate(X, Y, verbose=0, return_dict=True)
    assert type(alone) is float and [type(value) for value in both] == [float, float]
    assert both[0] == alone and named == dict(zip(["loss", "accuracy"], both))


@given(batch=st.integers(1, 25))
def test_evaluate_does_not_depend_on_the_batches(batch):
    """FIT-12, MET-03, MET-04."""
    model = compiled(metrics=["accuracy", "mae"])
    whole = model.evaluate(X, Y, batch_size=100, verbose=0)
    assert model.evaluate(X, Y, batch_size=batch, verbose=0) == pytest.approx(whole, rel=1e-6)
    np.testing.assert_allclose(model.predict(X, batch_size=batch), model.predict(X), rtol=1e-6)


def test_evaluate_and_predict_change_nothing():
    """FIT-12, FIT-14."""
    model = compiled()
    before, history = model.get_weights(), model.fit(X, Y, epochs=0, verbose=0)
    model.evaluate(X, Y, verbose=0)
    model.predict(X)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights()))
    assert model.optimizer.iterations == 0 and all(w.grad is None for w in model.weights) and history.history == {}


def test_predict_gives_an_array_of_as_many_rows():
    """FIT-14."""
    model = compiled()
    out = model.predict(X, batch_size=3)
    assert type(out) is np.ndarray and out.shape == (20, 1) and out.dtype == "float32"
    assert model.predict([[2, 0.5]]).round(2).shape == (1, 1)


@pytest.mark.parametrize("how", ["compiled", "not compiled"])
def test_predict_needs_no_compile(how):
    """COMP-06."""
    model = Sequential([Dense(1, input_dim=2)])
    if how == "compiled":
        model.compile("sgd", "mse")
    assert model.predict(X).shape == (20, 1)


def test_predict_and_a_quiet_evaluate_print_nothing(capsys):
    """FIT-02, FIT-14."""
    model = compiled()
    model.predict(X)
    model.evaluate(X, Y, verbose=0)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("verbose", [1, 2])
def test_evaluate_prints_one_line_where_asked(capsys, verbose):
    """FIT-02."""
    loss = compiled().evaluate(X, Y, verbose=verbose)
    out = capsys.readouterr().out
    assert out.count("\n") == 1 and f"loss: {loss:.4f}" in out


def test_metrics_of_a_callback_do_not_mix_with_the_epochs():
    """FIT-12: evaluating in the middle of training."""

    class Evaluate(Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.evaluate(X[:3], Y[:3], verbose=0)

    assert trained(X, Y, callbacks=Evaluate()) == trained(X, Y)


def test_training_lowers_the_loss():
    """FIT-01."""
    loss = compiled(optimizer=SGD(0.5, 0.9)).fit(X, Y, epochs=60, verbose=0).history["loss"]
    assert loss[-1] < 0.3 < loss[0]


class Right(metrics.Metric):
    """Counts right labels by operators, as scripts write it, and would broadcast (n,) against (n, 1)."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.right = self.add_weight(name="right")

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.right.assign_add(np.sum(y_true == np.round(y_pred)))

    def result(self):
        return self.right


@pytest.mark.parametrize("labels", [Y, Y[:, None]], ids=["n", "n, 1"])
def test_labels_do_not_broadcast_in_a_metric_of_ones_own(labels):
    model = compiled(metrics=["accuracy", Right()])
    told = model.evaluate(X, labels, return_dict=True, verbose=0)
    assert told["right"] == round(told["accuracy"] * len(X))
