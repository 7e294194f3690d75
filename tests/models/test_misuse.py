"""Wrong use: an error before the first step, which says who expects what, and what came instead."""

import re
from typing import NamedTuple

import numpy as np
import pytest

from tinygrad_edu import losses
from tinygrad_edu.layers import Dense
from tinygrad_edu.models import Model, Sequential
from tinygrad_edu.models.data import samples

X = np.random.default_rng(0).uniform(-1, 1, (40, 2))
Y = (X[:, 0] > 0).astype(float)


def model_of(units=1, **settings):
    model = Sequential([Dense(3, input_dim=2, activation="tanh", name="hidden"), Dense(units, activation="sigmoid", name="out")])
    model.compile(**{"optimizer": "sgd", "loss": "mse", **settings})
    return model


def changed(array, where, to):
    array = array.astype(float if isinstance(to, float) else object)
    array[where] = to
    return array


class Table:
    """What a table of pandas shows: columns with names."""

    def __init__(self, columns):
        self.columns = list(columns)
        self.values = np.array(list(columns.values()), dtype=object).T

    def __array__(self, dtype=None, copy=None):
        return self.values


class Batches:
    """Batches by number."""

    def __init__(self, count=2, batch=(X, Y)):
        self.count, self.batch = count, batch

    def __len__(self):
        return self.count

    def __getitem__(self, i):
        return self.batch


class Once(NamedTuple):
    """Stands for a generator, of which every test makes its own."""

    count: int = 2
    batch: tuple = (X, Y)


def fresh(value):
    """What a table says, with a generator in the place of `Once`."""
    if isinstance(value, dict):
        return {key: fresh(part) for key, part in value.items()}
    return (value.batch for _ in range(value.count)) if isinstance(value, Once) else value


#           x, y, settings of fit                                what the message says
WRONG_DATA = {
    "features": (np.ones((40, 5)), Y, {}, r"Dense 'hidden' \(units=3\) expects 2 features, got shape \((40|32|None), 5\)"),
    "one row": (X[0], Y[:2], {}, r"fit expects rows of shape \(2,\), got a single one.*\[None\]"),
    "one column": (X[:, 0], Y, {}, r"Dense 'hidden' .*expects 2 features, got shape"),
    "fewer labels": (X, Y[:7], {}, r"40 rows of x and 7 rows of y"),
    "more labels": (X[:7], Y, {}, r"7 rows of x and 40 rows of y"),
    "labels (n, 7)": (X, np.ones((40, 7)), {}, r"labels .*\(None, 1\), got \(None, 7\)"),
    "labels (1, n)": (X, Y[None], {}, r"40 rows of x and 1 rows of y"),
    "labels (n, 1, 2)": (X, np.ones((40, 1, 2)), {}, r"\(None, 1\), got \(None, 1, 2\)"),
    "nan in x": (changed(X, (3, 1), to=np.nan), Y, {}, r"finite numbers in x, got nan at row 3, column 1"),
    "inf in x": (changed(X, (39, 0), to=np.inf), Y, {}, r"finite numbers in x, got inf at row 39, column 0"),
    "nan in y": (X, changed(Y, 5, to=np.nan), {}, r"finite numbers in y, got nan at row 5"),
    "-inf in y": (X, changed(Y[:, None], (5, 0), to=-np.inf), {}, r"finite numbers in y, got -inf at row 5, column 0"),
    "inf - inf in x": (changed(changed(X, (3, 1), to=np.inf), (9, 0), to=-np.inf), Y, {}, r"x, got inf at row 3, column 1"),
    "nan among objects": (changed(X, (3, 1), to=np.nan).astype(object), Y, {}, r"got nan at row 3, column 1"),
    "too large": (changed(X, (3, 1), to=1e300), Y, {}, r"numbers in x.*row 3, column 1"),
    "text labels": (X, np.where(Y > 0, "yes", "no"), {}, r"numbers in y, got .*LabelEncoder"),
    "text labels as objects": (X, np.where(Y > 0, "yes", "no").astype(object), {}, r"numbers in y.*LabelEncoder"),
    "text in a column": (changed(X, (4, 1), to="g"), Y, {}, r"numbers in x.*('g'.*column 1|column 1.*'g')"),
    "None in a column": (changed(X, (4, 1), to=None), Y, {}, r"numbers in x.*row 4, column 1"),
    "rows of unequal length": ([[1.0, 2.0], [1.0]], [0, 1], {}, r"fit expects .*x"),
    "complex numbers": (X * 1j, Y, {}, r"numbers in x, got complex"),
    "dates": (np.array(["2020-01-01"] * 40, "M8[D]"), Y, {}, r"numbers in x, got datetime"),
    "no rows": (X[:0], Y[:0], {}, r"at least one sample in x, got shape \(0, 2\)"),
    "empty lists": ([], [], {}, r"at least one sample in x"),
    "a number": (3.0, 1.0, {}, r"at least one sample in x, got shape \(\)"),
    "no x": (None, Y, {}, r"fit expects x, got None"),
    "no y": (X, None, {}, r"fit expects y, got None"),
    "batch_size 0": (X, Y, {"batch_size": 0}, r"batch_size to be a whole number >= 1, got 0"),
    "batch_size -1": (X, Y, {"batch_size": -1}, r"batch_size to be a whole number >= 1, got -1"),
    "batch_size 2.5": (X, Y, {"batch_size": 2.5}, r"batch_size to be a whole number >= 1, got 2.5"),
    "batch_size text": (X, Y, {"batch_size": "8"}, r"batch_size to be a whole number >= 1, got '8'"),
    "epochs -1": (X, Y, {"epochs": -1}, r"epochs to be a whole number >= 0, got -1"),
    "epochs 2.5": (X, Y, {"epochs": 2.5}, r"epochs to be a whole number >= 0, got 2.5"),
    "epochs None": (X, Y, {"epochs": None}, r"epochs to be a whole number >= 0, got None"),
    "initial_epoch -1": (X, Y, {"initial_epoch": -1}, r"initial_epoch to be a whole number >= 0, got -1"),
    "verbose text": (X, Y, {"verbose": "loud"}, r"fit expects verbose.*'loud'"),
    "verbose None": (X, Y, {"verbose": None}, r"fit expects verbose.*None"),
    "verbose 3": (X, Y, {"verbose": 3}, r"fit expects verbose.*3"),
    "split 1.5": (X, Y, {"validation_split": 1.5}, r"validation_split between 0 and 1, got 1.5"),
    "split -0.1": (X, Y, {"validation_split": -0.1}, r"validation_split between 0 and 1, got -0.1"),
    "split 1": (X, Y, {"validation_split": 1}, r"validation_split between 0 and 1, got 1"),
    "split nan": (X, Y, {"validation_split": np.nan}, r"validation_split between 0 and 1, got nan"),
    "split text": (X, Y, {"validation_split": "0.3"}, r"fit expects validation_split.*'0.3'"),
    "nothing left": (X, Y, {"validation_split": 0.99}, r"rows on both sides of validation_split=0.99, got 40 rows"),
    "validation without labels": (X, Y, {"validation_data": (X,)}, r"validation_data=\(x, y\)"),
    "validation x only": (X, Y, {"validation_data": X}, r"validation_data=\(x, y\).*got ndarray"),
    "validation lengths": (X, Y, {"validation_data": (X, Y[:3])}, r"validation_data.*40 rows of x and 3 rows of y"),
    "validation features": (X, Y, {"validation_data": (np.ones((40, 5)), Y)}, r"Dense 'hidden' .*expects 2 features"),
    "validation labels": (X, Y, {"validation_data": (X, np.ones((40, 7)))}, r"\(None, 1\), got \(None, 7\)"),
    "validation nan": (X, Y, {"validation_data": (X, changed(Y, 5, to=np.nan))}, r"validation_data.*in y, got nan at row 5"),
    "validation of four": (X, Y, {"validation_data": (X, Y, Y, Y)}, r"validation_data=\(x, y\).*got tuple"),
    "validation weights": (X, Y, {"validation_data": (X, Y, Y[:3])}, r"validation_data.*3 rows of sample_weight"),
    "validation_freq 0": (X, Y, {"validation_freq": 0}, r"validation_freq to be a whole number >= 1, got 0"),
    "validation_freq [0]": (X, Y, {"validation_freq": [0]}, r"validation_freq to be a whole number >= 1, got 0"),
    "validation_steps 0": (X, Y, {"validation_steps": 0}, r"validation_steps to be a whole number >= 1, got 0"),
    "validation_batch_size 0": (X, Y, {"validation_batch_size": 0}, r"validation_batch_size to be a whole number >= 1, got 0"),
    "steps_per_epoch 0": (X, Y, {"steps_per_epoch": 0}, r"steps_per_epoch to be a whole number >= 1, got 0"),
    "steps_per_epoch 1.5": (X, Y, {"steps_per_epoch": 1.5}, r"steps_per_epoch to be a whole number >= 1, got 1.5"),
    "batch_size True": (X, Y, {"batch_size": True}, r"batch_size to be a whole number >= 1, got True"),
    "epochs text": (X, Y, {"epochs": "10"}, r"epochs to be a whole number >= 0, got '10'"),
    "epochs nan": (X, Y, {"epochs": np.nan}, r"epochs to be a whole number >= 0, got nan"),
    "split True": (X, Y, {"validation_split": True}, r"validation_split between 0 and 1, got True"),
    "shuffle text": (X, Y, {"shuffle": "yes"}, r"shuffle to be True, False or 'batch', got 'yes'"),
    "shuffle None": (X, Y, {"shuffle": None}, r"shuffle to be True, False or 'batch', got None"),
    "fewer weights": (X, Y, {"sample_weight": np.ones(7)}, r"40 rows of x and 7 rows of sample_weight"),
    "one weight": (X, Y, {"sample_weight": 2.0}, r"at least one sample in sample_weight, got shape \(\)"),
    "nan weight": (X, Y, {"sample_weight": changed(Y, 3, to=np.nan)}, r"finite numbers in sample_weight, got nan at row 3"),
    "text weights": (X, Y, {"sample_weight": ["a"] * 40}, r"numbers in sample_weight"),
    "weights (n, 7)": (X, Y, {"sample_weight": np.ones((40, 7))}, r"sample_weight expects one number per sample or per step"),
    "weights by a name": (X, Y, {"sample_weight": {"price": Y}}, r"sample_weight by the names .*got the name 'price'"),
    "weights as class weights": (X, Y, {"class_weight": np.ones(40)}, r"class_weight to be a dict \{class: weight\}"),
    "balanced": (X, Y, {"class_weight": "balanced"}, r"class_weight to be a dict .*got 'balanced'.*sklearn"),
    "class weight nan": (X, Y, {"class_weight": {0: np.nan}}, r"class_weight to hold numbers, got nan for class 0"),
    "class weight text": (X, Y, {"class_weight": {0: "2"}}, r"class_weight to hold numbers, got '2' for class 0"),
    "class of a name": (X, Y, {"class_weight": {"yes": 2.0}}, r"class_weight by the numbers of classes, got 'yes'"),
    "two arrays": ((X, X), Y, {}, r"fit expects one array in x, got 2\. Labels go into y"),
    "a name for x": ({"wide": X}, Y, {}, r"x by the names .*got the name 'wide'"),
    "a column of text": (Table({"age": Y, "town": changed(Y, 5, to="Ulm")}), Y, {}, r"got 'Ulm' at row 5, column 1 \('town'\)"),
    "a column with a hole": (Table({"age": Y, "sum": changed(Y, 5, to=np.nan)}), Y, {}, r"got nan at row 5, column 1 \('sum'\)"),
    "a function": (lambda: iter([(X, Y)]), None, {}, r"data in x, got the function.*Call it"),
    "bytes": (b"abc", Y, {}, r"numbers in x, got bytes"),
    "text": ("data.csv", Y, {}, r"numbers in x, got str"),
    "a set": ({1.0, 2.0}, Y, {}, r"fit expects"),
    "generator and y": (Batches(), Y, {}, r"no y beside data that come in batches"),
    "generator and weights": (Batches(), None, {"sample_weight": Y}, r"no sample_weight beside data that come in batches"),
    "generator and batch_size": (Batches(), None, {"batch_size": 8}, r"no batch_size beside data that come in batches, got int"),
    "generator and split": (Batches(), None, {"validation_split": 0.2}, r"arrays with validation_split, got data that"),
    "no batches": (Batches(0), None, {}, r"at least one batch, got length 0"),
    "no batches at all": (Once(0), None, {}, r"at least one batch, got none"),
    "epochs of a generator": (Once(), None, {"epochs": 2}, r"steps_per_epoch with a generator and several epochs, got None"),
    "batches without labels": (Batches(batch=(X,)), None, {}, r"fit expects y, got None"),
    "batches of four": (Batches(batch=(X, Y, Y, Y)), None, {}, r"x, \(x, y\) or \(x, y, sample_weight\), got 4 parts"),
    "batches of other features": (Batches(batch=(np.ones((4, 5)), Y[:4])), None, {}, r"Dense 'hidden' .*expects 2 features"),
    "batches of other lengths": (Batches(batch=(X, Y[:4])), None, {}, r"40 rows of x and 4 rows of y"),
    "batches of text": (Batches(batch=(X, ["a"] * 40)), None, {}, r"numbers in y, got .*LabelEncoder"),
    "batches with nan": (Once(batch=(X * np.nan, Y)), None, {}, r"finite numbers in x, got nan at row 0"),
    "validation generator": (X, Y, {"validation_data": Once(), "epochs": 2}, r"validation_steps with a generator"),
    "validation of nothing": (X, Y, {"validation_data": Once(0)}, r"at least one batch, got none"),
    "validation function": (X, Y, {"validation_data": lambda: 1}, r"validation_data=\(x, y\).*got function"),
    "callback class": (X, Y, {"callbacks": [Dense]}, r"callbacks expects Callback objects"),
    "unknown keyword": (X, Y, {"epoch": 3}, r"fit\(\) expects no keyword 'epoch'. Did you mean 'epochs'"),
}  # fmt: skip


ABOUT_LABELS = {"more labels", "generator and y", "batches without labels", "batches of text", "batches of other lengths"}


def test_the_table_is_long_enough():
    """FIT-01: kinds of misuse."""
    assert len(WRONG_DATA) >= 60


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_finite_numbers_whose_sum_is_not_are_taken_as_they_are(dtype):
    x = np.full((40, 2), np.finfo(dtype).max)
    assert samples("fit", "x", x) is x and samples("fit", "x", -x[::2, ::-1]).shape == (20, 2)


@pytest.mark.parametrize(("x", "y", "settings", "words"), WRONG_DATA.values(), ids=WRONG_DATA)
def test_fit_refuses_before_the_first_step(x, y, settings, words):
    """LAY-11, LOSS-06, FIT-01, FIT-03, FIT-04, FIT-17 to FIT-19, CB-04, PKG-16."""
    model = model_of(metrics=["accuracy"])
    before = model.get_weights()
    with pytest.raises((ValueError, TypeError), match=words) as error:
        model.fit(fresh(x), y, **{"verbose": 0, **fresh(settings)})
    told_by_others = "per step, shape" in str(error.value) or "no keyword" in str(error.value)
    assert told_by_others or re.match(r"(?s).+ expects? .+ got .+\. .+\.?$", str(error.value)), "law, fact and remedy"
    assert model.optimizer.iterations == 0
    for old, new in zip(before, model.get_weights()):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize(
    ("x", "y", "settings", "words"),
    [pytest.param(x, y, settings, words, id=name) for name, (x, y, settings, words) in WRONG_DATA.items()
     if not settings.keys() - {"batch_size"} and "epochs" not in words],
)  # fmt: skip
def test_evaluate_refuses_the_same_in_its_own_name(x, y, settings, words):
    """LAY-11, LOSS-06, FIT-12, FIT-17 to FIT-19."""
    with pytest.raises((ValueError, TypeError), match=words.replace("fit", "evaluate")):
        model_of().evaluate(fresh(x), y, verbose=0, **settings)


@pytest.mark.parametrize(
    ("x", "settings", "words"),
    [pytest.param(x, settings, words, id=name) for name, (x, y, settings, words) in WRONG_DATA.items()
     if x is not X and not settings and name not in ABOUT_LABELS],
)  # fmt: skip
def test_predict_refuses_the_same_in_its_own_name(x, settings, words):
    """LAY-11, FIT-14, FIT-17."""
    with pytest.raises((ValueError, TypeError), match=words.replace("fit", "predict")):
        model_of().predict(fresh(x), **settings)


@pytest.mark.parametrize(("labels", "units"), [((40,), 7), ((40, 1), 7), ((40, 7), 1), ((40, 7), 3), ((40, 2, 3), 2)], ids=str)
def test_labels_and_outputs_that_disagree_are_both_named(labels, units):
    """LOSS-06, FIT-18."""
    model = model_of(units)
    with pytest.raises(ValueError) as error:
        model.fit(X, np.zeros(labels), verbose=0)
    assert str((None, *labels[1:])) in str(error.value) and str((None, units)) in str(error.value)
    assert model.optimizer.iterations == 0


@pytest.mark.parametrize(
    ("metric", "units", "labels"),
    [
        ("sparse_categorical_accuracy", 3, (40, 3)),
        ("categorical_accuracy", 1, (40,)),
        (lambda y, p: [][0], 1, (40,)),
        (lambda y, p: y @ p, 1, (40,)),
    ],
    ids=["sparse on one-hot", "categorical on one unit", "broken function", "impossible product"],
)
def test_a_metric_that_cannot_be_counted_fails_before_the_first_step(metric, units, labels):
    """COMP-05, MET-06, MET-07: `fit` promises that everything is checked first."""
    model = model_of(units, metrics=[metric])
    before = model.get_weights()
    with pytest.raises((ValueError, IndexError)):
        model.fit(X, np.zeros(labels), verbose=0)
    assert model.optimizer.iterations == 0
    for old, new in zip(before, model.get_weights()):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize(
    "loss",
    [
        losses.MeanSquaredError(reduction=None),
        losses.MeanSquaredError(reduction="none"),
        losses.get(losses.BinaryCrossentropy(reduction=None)),
    ],
    ids=repr,
)
def test_a_loss_per_sample_cannot_be_trained(loss):
    """LOSS-03: however many rows there are."""
    model = model_of(loss=loss)
    with pytest.raises(ValueError, match="loss that is one number"):
        model.fit(X, Y, verbose=0)
    assert model.optimizer.iterations == 0


@pytest.mark.parametrize(
    "loss", [lambda y, p: 1.0, lambda y, p: (p.numpy() - y.numpy()) ** 2, lambda y, p: y, lambda y, p: None],
    ids=["a constant", "NumPy", "only the labels", "nothing"],
)  # fmt: skip
def test_a_loss_that_does_not_depend_on_the_weights_is_told_so(loss):
    """LOSS-22: nothing to differentiate."""
    model = model_of(loss=loss)
    with pytest.raises((ValueError, TypeError, RuntimeError), match=r"expects"):
        model.fit(X, Y, verbose=0)
    assert model.optimizer.iterations == 0


@pytest.mark.parametrize("what", ["fit", "evaluate"])
@pytest.mark.parametrize("loss", [False, True])
def test_training_before_compiling_says_who_needs_it(what, loss):
    """COMP-06."""
    model = Sequential([Dense(1, input_dim=2)])
    with pytest.raises(RuntimeError, match=rf"{what} expects a compiled model.*compile\("):
        getattr(model, what)(X, Y, verbose=0)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("optimizer", None), *((name, wrong) for name in ("loss", "optimizer", "metrics") for wrong in (3, {}, 2.5))],
)
def test_compile_refuses_what_is_neither_name_nor_object(name, wrong):
    """COMP-05, LOSS-01, OPT-01, MET-01."""
    with pytest.raises(TypeError, match="expects a name or an object, got"):
        model_of(**{name: [wrong] if name == "metrics" else wrong})


def test_a_refused_fit_leaves_the_model_ready():
    """FIT-01: the next right call works."""
    model = model_of(metrics=["accuracy"])
    with pytest.raises(ValueError, match="expects"):
        model.fit(X, np.ones((40, 7)), verbose=0)
    assert model.fit(X, Y, verbose=0).epoch == [0] and model.optimizer.iterations == 2


def test_the_error_of_a_later_layer_names_that_layer():
    """LAY-11."""
    first, second = Dense(3, name="first"), Dense(1, name="second")
    first(np.zeros((1, 2)))
    second(np.zeros((1, 4)))
    with pytest.raises(ValueError, match=r"Dense 'second' \(units=1\) expects 4 features, got shape \(.*, 3\)"):
        Sequential([first, second]).predict(X)


@pytest.mark.parametrize(
    ("loss", "units", "labels", "words"),
    [
        ("sparse_categorical_crossentropy", 3, 3, r"class numbers from 0 to 2, got 3 at \(39,\)"),
        ("sparse_categorical_crossentropy", 3, -1, r"class numbers from 0 to 2, got -1 at \(39,\)"),
        ("sparse_categorical_crossentropy", 3, 0.5, r"class numbers from 0 to 2, got 0.5 at \(39,\)"),
        ("binary_crossentropy", 1, 2, r"labels from 0 to 1, got 0 to 2\. Number two classes 0 and 1"),
        ("binary_crossentropy", 1, -1, r"labels from 0 to 1, got -1 to 0\."),
    ],
)
def test_a_label_out_of_range_is_found_in_the_last_row(loss, units, labels, words):
    """LOSS-13, FIT-18: before the first step, wherever it stands; in validation data too."""
    y = np.zeros(40, type(labels))
    y[-1] = labels
    for data in ((X, y), (X, np.zeros(40))):
        model = model_of(units, loss=loss)
        with pytest.raises(ValueError, match=words):
            model.fit(*data, verbose=0, validation_data=(X, y))
        assert model.optimizer.iterations == 0


def test_a_model_of_which_nothing_may_be_trained_is_told_so():
    """LAY-09: as the discriminator of a pair whose freezing was forgotten."""
    model = model_of()
    model.trainable = False
    model.compile("sgd", "mse")
    before = model.get_weights()
    with pytest.warns(UserWarning, match=r"expects a weight that may be trained, got none: all is frozen\. Set trainable = True"):
        model.fit(X, Y, verbose=0)
    for w, was in zip(model.get_weights(), before):
        np.testing.assert_array_equal(w, was)
    assert model.evaluate(X, Y, verbose=0) > 0, "measured it may be"


@pytest.mark.parametrize("what", ["fit", "evaluate", "train_on_batch", "test_on_batch"])
def test_whatever_needs_a_compiled_model_says_so(what):
    """COMP-06: and without a loss that there is none."""
    model = Sequential([Dense(1, input_dim=2)])
    with pytest.raises(RuntimeError, match=rf"^{what} expects a compiled model\. Call model\.compile\("):
        getattr(model, what)(X, Y)
    model.compile("sgd")
    with pytest.raises(ValueError, match=r"expects a loss, got none\. Pass loss= to compile"):
        getattr(model, what)(X, Y)


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"loss_weights": [np.nan]}, r"loss_weights to be finite numbers, got nan"),
        ({"loss_weights": [1.0, 2.0]}, r"one loss_weights per output"),
        ({"loss_weights": {"price": 1.0}}, r"loss_weights by the names of outputs"),
        ({"loss": ["mse", "mse"]}, r"one loss per output.*got a list of 2"),
        ({"loss": {"price": "mse"}}, r"loss by the names of outputs"),
        ({"loss": ["mean_squared"]}, r"expects a known name"),
        ({"metrics": {"out": ["acuracy"]}}, r"expects a known name"),
        ({"metrics": [["mae"], ["mae"]]}, r"one metrics per output"),
        ({"weighted_metrics": ["acuracy"]}, r"expects a known name"),
        ({"steps_per_execution": 0}, r"steps_per_execution to be a whole number >= 1, got 0"),
        ({"metrik": ["mae"]}, r"expects no keyword 'metrik'. Did you mean 'metrics'"),
    ],
    ids=str,
)
def test_compile_says_what_does_not_fit(told, words):
    """COMP-01, COMP-03, COMP-05, D20: at once, and not in fit."""
    with pytest.raises((ValueError, TypeError), match=words):
        model_of(**told)


def test_a_step_that_returns_nothing_is_told_to():
    class Forgetful(Sequential):
        def train_step(self, data):
            pass

    model = Forgetful([Dense(1, input_dim=2)])
    model.compile("sgd", "mse")
    for train in (lambda: model.fit(X, Y, verbose=0), lambda: model.train_on_batch(X, Y)):
        with pytest.raises(TypeError, match=r"expect train_step to return a dict of numbers, got None. Return \{'loss': loss\}"):
            train()


def test_a_model_whose_call_returns_nothing_is_told_to():
    class Forgetful(Model):
        def call(self, x):
            x * 2

    with pytest.raises(TypeError, match=r"Forgetful 'forgetful_.*' expects its method call to return its output, got None"):
        Forgetful()(X)
