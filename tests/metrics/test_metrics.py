"""Metrics against hand-counted numbers and scikit-learn, over whole epochs of batches."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_edu import losses, metrics
from tinygrad_edu.metrics import BinaryAccuracy, CategoricalAccuracy, Mean, SparseCategoricalAccuracy


def measure(metric, *batches):
    for y, p in batches:
        metric.update_state(np.asarray(y), np.asarray(p))
    return metric.result()


def test_binary_accuracy_by_hand():
    """MET-05: strictly above the threshold counts as 1."""
    assert measure(BinaryAccuracy(), ([1, 0, 0, 0], [[0.9], [0.5], [0.5], [0.7]])) == 0.75
    assert measure(BinaryAccuracy(), ([1], [[0.5]])) == 0
    assert measure(BinaryAccuracy(threshold=0.15), ([1, 1, 0, 0], [[0.9], [0.5], [0.1], [0.2]])) == 0.75


@given(data=st.data(), n=st.integers(1, 30), batch=st.integers(1, 30))
def test_binary_accuracy_over_batches_is_scikit_learns_over_all(data, n, batch):
    """MET-03, MET-05: batches of unequal length weigh by their samples."""
    sklearn = pytest.importorskip("sklearn.metrics")
    y = data.draw(hnp.arrays(int, n, elements=st.integers(0, 1)))
    p = data.draw(hnp.arrays(float, (n, 1), elements=st.floats(0, 1)))
    found = measure(BinaryAccuracy(), *((y[i : i + batch], p[i : i + batch]) for i in range(0, n, batch)))
    assert found == pytest.approx(sklearn.accuracy_score(y, p[:, 0] > 0.5))


@pytest.mark.parametrize("kind", [int, bool, "float32", "uint8"])
@pytest.mark.parametrize("shape", [(4,), (4, 1)])
def test_binary_labels_of_any_kind_and_shape_count_the_same(kind, shape):
    """MET-05, FIT-18."""
    y = np.array([1, 0, 1, 0], kind).reshape(shape)
    assert measure(BinaryAccuracy(), (y, [[0.9], [0.8], [0.7], [0.1]])) == 0.75


def test_categorical_accuracy_by_hand():
    """MET-06: a tie goes to the first."""
    p = [[0.1, 0.7, 0.2], [0.5, 0.5, 0.0], [0.2, 0.2, 0.6]]
    assert measure(CategoricalAccuracy(), ([[0, 1, 0], [1, 0, 0], [0, 1, 0]], p)) == pytest.approx(2 / 3)
    assert measure(CategoricalAccuracy(), ([[0, 1, 0]], [[0, 0.5, 0.5]]), ([[0, 0, 1]], [[0, 0.5, 0.5]])) == 0.5


@pytest.mark.parametrize("shape", [(4,), (4, 1)])
def test_sparse_categorical_accuracy_by_hand(shape):
    """MET-07."""
    p = [[0.1, 0.7, 0.2], [0.5, 0.5, 0.0], [0.2, 0.2, 0.6], [0.9, 0.1, 0]]
    assert measure(SparseCategoricalAccuracy(), (np.reshape([1, 0, 1, 0], shape), p)) == 0.75


@given(data=st.data(), n=st.integers(1, 20), classes=st.integers(2, 6))
def test_sparse_and_categorical_accuracy_agree_with_scikit_learn(data, n, classes):
    """MET-06, MET-07."""
    sklearn = pytest.importorskip("sklearn.metrics")
    y = data.draw(hnp.arrays(int, n, elements=st.integers(0, classes - 1)))
    p = data.draw(hnp.arrays(float, (n, classes), elements=st.floats(0, 1)))
    expected = pytest.approx(sklearn.accuracy_score(y, p.argmax(-1)))
    assert measure(SparseCategoricalAccuracy(), (y, p)) == expected
    assert measure(CategoricalAccuracy(), (np.eye(classes)[y], p)) == expected


@pytest.mark.parametrize(
    ("metric", "labels", "predictions"),
    [
        (CategoricalAccuracy, (3,), (3, 3)),
        (CategoricalAccuracy, (3, 1), (3, 3)),
        (SparseCategoricalAccuracy, (3, 3), (3, 3)),
        (BinaryAccuracy, (3,), (3, 3)),
        (BinaryAccuracy, (3, 2), (3, 3)),
    ],
)
def test_shapes_that_disagree_are_refused_with_both_shapes(metric, labels, predictions):
    """MET-05 to MET-07: never broadcast silently, never a message about reshaping."""
    with pytest.raises(ValueError) as error:
        metric().update_state(np.zeros(labels), np.full(predictions, 0.5))
    assert str(labels) in str(error.value) and str(predictions) in str(error.value)


def test_a_mean_is_weighted_and_empty_is_zero():
    """MET-03, MET-04."""
    mean = Mean("loss")
    assert mean.result() == 0
    mean.update_state(1.0, 32)
    mean.update_state(4.0, 4)
    assert mean.result() == pytest.approx((32 + 16) / 36)
    mean.reset_state()
    assert mean.result() == 0
    mean.update_state(2)
    assert mean.result() == 2 and type(mean.result()) is float


@pytest.mark.parametrize("metric", [BinaryAccuracy(), Mean("loss"), metrics.get("mse")], ids=str)
def test_reset_forgets_everything(metric):
    """MET-03."""
    batch = (3.0, 2) if type(metric) is Mean else (np.ones(2), np.zeros((2, 1)))
    metric.update_state(*batch)
    first = metric.result()
    metric.reset_state()
    assert metric.result() == 0
    metric.update_state(*batch)
    assert metric.result() == first


# "accuracy" -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["accuracy", "acc", "Accuracy"])
@pytest.mark.parametrize(
    ("y_shape", "output_shape", "cls"),
    [
        ((9,), (9, 1), BinaryAccuracy),
        ((9, 1), (9, 1), BinaryAccuracy),
        ((9,), (9, 4), SparseCategoricalAccuracy),
        ((9, 1), (9, 4), SparseCategoricalAccuracy),
        ((9, 4), (9, 4), CategoricalAccuracy),
        ((9, 2), (9, 2), CategoricalAccuracy),
        ((9, 5), (9, 5, 4), SparseCategoricalAccuracy),
        ((9, 5, 4), (9, 5, 4), CategoricalAccuracy),
    ],
)
def test_accuracy_means_what_the_shapes_say_and_keeps_its_name(name, y_shape, output_shape, cls):
    """MET-01."""
    metric = metrics.get(name, y_shape, output_shape)
    assert type(metric) is cls and metric.name == name


@pytest.mark.parametrize(("name", "function"), [("mse", losses.mean_squared_error), ("mae", losses.mean_absolute_error)])
def test_a_loss_is_a_metric_under_the_name_the_user_gave(name, function):
    """MET-03: the mean over all samples, not the mean of batch means."""
    rng = np.random.default_rng(0)
    y, p = rng.normal(size=7), rng.normal(size=(7, 1))
    for spelling in (name, name.upper()):
        metric = metrics.get(spelling)
        found = measure(metric, (y[:4], p[:4]), (y[4:], p[4:]))
        assert found == pytest.approx(function(y[:, None], p).mean()) and metric.name == spelling


def test_a_function_is_a_metric_under_its_own_name():
    """MET-03."""

    def distance(y_true, y_pred):
        return np.abs(y_true - y_pred)

    metric = metrics.get(distance)
    assert metric.name == "distance"
    assert measure(metric, ([1, 2], [[0.5], [2.0]])) == 0.25


def test_a_class_is_made_under_its_own_name():
    """MET-01."""
    assert metrics.get(BinaryAccuracy).name == "binary_accuracy"
    assert repr(BinaryAccuracy()) == "<BinaryAccuracy 'binary_accuracy' 0.0000>"


def test_a_metric_made_of_metrics_is_reset_with_them():
    """MET-02: a second epoch counts nothing of the first."""

    class Spread(metrics.Metric):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.level, self.sides = metrics.Mean(), {"both": [metrics.Sum(), metrics.Sum()]}

        def update_state(self, values, sample_weight=None):
            self.level.update_state(values)
            for side in self.sides["both"]:
                side.update_state(values)

        def result(self):
            return self.level.result() + self.sides["both"][1].result()

    spread = Spread()
    assert spread([1.0, 3.0]) == 6 and len(spread.variables) == 4
    spread.reset_state()
    assert spread.result() == 0 and spread([5.0]) == 10


def test_metrics_has_the_functions_that_keras_2_keeps_there():
    """MET-10, MET-17: `metrics.mse` is the loss's formula; `metrics.cosine_proximity` the cosine, whose loss is minus it."""
    y, p = np.array([[0.0, 1.0]]), np.array([[0.5, 0.5]])
    assert metrics.mean_squared_error is metrics.mse is losses.mse and metrics.logcosh is losses.log_cosh
    np.testing.assert_allclose(metrics.cosine_proximity(y, p), -losses.cosine_proximity(y, p))
    assert losses.get("cosine_proximity")(y, p).item() == pytest.approx(-np.sqrt(0.5))
    assert metrics.get("cosine_proximity")(y, p) == pytest.approx(np.sqrt(0.5))
    assert metrics.get(None) is None and metrics.Mean().stateful
