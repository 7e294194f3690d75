"""Metrics that are means, running variances, and metrics of one's own."""

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_edu import Tensor, losses, metrics, ops
from tinygrad_edu.layers import Dense, Embedding
from tinygrad_edu.metrics import Mean, MeanMetricWrapper, Metric, Sum
from tinygrad_edu.models import Sequential


def arrays(shape, low=-10, high=10):
    return hnp.arrays(float, shape, elements=st.floats(low, high))


@given(data=st.data(), n=st.integers(2, 12))
def test_regression_metrics_are_scikit_learns(data, n):
    """MET-10."""
    sklearn = pytest.importorskip("sklearn.metrics")
    y, p = data.draw(arrays(n, 0.1, 10)), data.draw(arrays(n, 0.1, 10))
    for name, expected in {
        "mse": sklearn.mean_squared_error(y, p),
        "mae": sklearn.mean_absolute_error(y, p),
        "mape": 100 * sklearn.mean_absolute_percentage_error(y, p),
        "msle": sklearn.mean_squared_log_error(y, p),
        "rmse": sklearn.root_mean_squared_error(y, p),
        "root_mean_squared_error": sklearn.root_mean_squared_error(y, p),
        "RootMeanSquaredError": sklearn.root_mean_squared_error(y, p),
        "logcosh": np.mean(np.log(np.cosh(y - p))),
    }.items():
        metric = metrics.get(name)
        assert metric(y, p) == pytest.approx(expected, rel=1e-9, abs=1e-12) and metric.name == name


def test_the_root_is_taken_of_the_mean_of_the_epoch():
    """MET-10: not the mean of the batches' roots."""
    metric = metrics.RootMeanSquaredError()
    metric.update_state([0.0], [3.0])
    assert metric([0.0], [4.0]) == pytest.approx(math.sqrt(12.5))


def test_the_metric_of_cosine_similarity_is_the_cosine():
    """MET-10, LOSS-20: the loss of the name is minus that."""
    y, p = np.array([[0.0, 1.0], [1.0, 1.0], [0.0, 0.0]]), np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 0.0]])
    assert metrics.CosineSimilarity()(y, p) == pytest.approx(1 / 3)
    assert metrics.get("cosine_similarity")(y, p) == pytest.approx(-losses.get("cosine_similarity")(y, p).item())
    assert metrics.cosine_similarity(y, p) == pytest.approx([0, 1, 0])


@pytest.mark.parametrize(
    ("name", "loss"),
    [
        ("binary_crossentropy", losses.BinaryCrossentropy()),
        ("kl_divergence", losses.KLDivergence()),
        ("poisson", losses.Poisson()),
        ("categorical_crossentropy", losses.CategoricalCrossentropy()),
        ("categorical_hinge", losses.CategoricalHinge()),
    ],
)
def test_a_loss_is_a_metric_with_another_way_to_weigh(name, loss):
    """MET-17, MET-03: Σ w l / Σ w instead of Σ w l / N."""
    rng = np.random.default_rng(0)
    y, p = np.eye(3)[[0, 1, 2, 1]], rng.dirichlet(np.ones(3), 4)
    w = np.array([1.0, 0.5, 0, 2])
    metric = metrics.get(name)
    assert metric(y, p) == pytest.approx(loss(y, p).item(), rel=1e-12)
    metric.reset_state()
    assert metric(y, p, w) == pytest.approx(loss(y, p, w).item() * 4 / w.sum(), rel=1e-12)


@pytest.mark.parametrize(("name", "shape", "cls"), [
    ("crossentropy", (9, 1), metrics.BinaryCrossentropy),
    ("ce", (9, 4), metrics.SparseCategoricalCrossentropy),
])  # fmt: skip
def test_crossentropy_means_what_the_shapes_say(name, shape, cls):
    """MET-01, MET-17."""
    metric = metrics.get(name, (9,), shape)
    assert type(metric) is cls and metric.name == name


@given(data=st.data(), n=st.integers(1, 10), classes=st.integers(2, 6), k=st.integers(1, 6))
def test_top_k_accuracy_counts_the_classes_that_are_given_more(data, n, classes, k):
    """MET-09: scikit-learn's, where no two are equal."""
    sklearn = pytest.importorskip("sklearn.metrics")
    labels = data.draw(hnp.arrays(int, n, elements=st.integers(0, classes - 1)))
    p = np.array([data.draw(st.permutations(range(classes))) for _ in range(n)], float)
    found = metrics.SparseTopKCategoricalAccuracy(k)(labels, p)
    assert metrics.TopKCategoricalAccuracy(k)(np.eye(classes)[labels], p) == found
    if 2 < classes > k:
        assert found == pytest.approx(sklearn.top_k_accuracy_score(labels, p, k=k, labels=range(classes)))


def test_top_k_takes_ties_in_and_nan_out():
    """MET-09: as TensorFlow's in_top_k does."""
    p = np.array([[0.5, 0.5, 0.5], [0.2, np.nan, 0.1]])
    assert metrics.sparse_top_k_categorical_accuracy([2, 1], p, k=1).tolist() == [1, 0]


def test_accuracy_of_classes_is_not_the_accuracy_of_probabilities():
    """MET-08."""
    assert metrics.Accuracy()([1, 2, 3, 4], [0, 2, 3, 4]) == 0.75
    assert metrics.Accuracy()([[1, 2], [3, 4]], [[0, 2], [3, 4]], sample_weight=[1, 0]) == 0.5


@given(data=st.data(), n=st.integers(2, 12), outputs=st.integers(1, 3))
@pytest.mark.parametrize("how", ["uniform_average", "variance_weighted_average", None])
def test_r2_is_scikit_learns(how, data, n, outputs):
    """MET-11: also where the labels do not vary, and with weights."""
    sklearn = pytest.importorskip("sklearn.metrics")
    y = np.round(data.draw(arrays((n, outputs))), 2)
    p = np.round(data.draw(arrays((n, outputs))), 2)
    w = data.draw(hnp.arrays(float, n, elements=st.sampled_from([0.5, 1.0, 2.0])))
    name = {"uniform_average": how, "variance_weighted_average": "variance_weighted", None: "raw_values"}[how]
    expected = sklearn.r2_score(y, p, sample_weight=w, multioutput=name)
    np.testing.assert_allclose(metrics.R2Score(how)(y, p, w), expected, rtol=1e-6, atol=1e-9)


def test_r2_keeps_its_digits_far_from_0():
    """MET-11: the variance of years is not the difference of two sums of millions."""
    y = 1e9 + np.arange(10.0)
    metric = metrics.R2Score()
    for i in range(10):
        metric.update_state(y[i : i + 1], y[i : i + 1] + (-1) ** i)
    assert metric.result() == pytest.approx(1 - 10 / 82.5, rel=1e-9)


def test_r2_adjusted_for_regressors():
    """MET-11."""
    y, p = np.array([1.0, 2, 4, 3, 6]), np.array([1.5, 2, 3, 3, 6])
    plain = metrics.R2Score()(y, p)
    assert metrics.R2Score(num_regressors=2)(y, p) == pytest.approx(1 - (1 - plain) * 4 / 2)


@pytest.mark.parametrize("given", [{"class_aggregation": "mean"}, {"num_regressors": -1}, {}], ids=str)
def test_r2_of_what_it_does_not_know_is_refused(given):
    """MET-11: an unknown average, fewer than no regressors, three axes."""
    with pytest.raises(ValueError, match="R2Score expects"):
        metrics.R2Score(**given)(np.ones((2, 2, 2)), np.ones((2, 2, 2)))


@given(data=st.data(), n=st.integers(2, 8))
def test_correlations_are_their_definitions(data, n):
    """MET-16: of every sample along the last axis."""
    y, p = (np.round(data.draw(arrays((2, n))), 2) + np.arange(n) * 0.1 for _ in range(2))
    pearson = [np.corrcoef(a, b)[0, 1] if a.std() > 1e-9 < b.std() else 0 for a, b in zip(y, p)]
    np.testing.assert_allclose(metrics.pearson_correlation(y, p), pearson, rtol=1e-6, atol=1e-6)
    lin = [2 * np.cov(a, b, bias=True)[0, 1] / (a.var() + b.var() + (a.mean() - b.mean()) ** 2) for a, b in zip(y, p)]
    np.testing.assert_allclose(metrics.ConcordanceCorrelation()(y, p), np.mean(lin), rtol=1e-9, atol=1e-12)


# Mean, Sum, functions ---------------------------------------------------------------------------------


def test_means_and_sums_of_numbers():
    """MET-03."""
    mean, total = Mean(), Sum()
    for metric in (mean, total):
        metric.update_state([1.0, 3.0, 5.0], sample_weight=[1, 0, 2])
        metric.update_state(7)
        metric.update_state(Tensor([[1.0, 1.0]]), sample_weight=[2])
    assert mean.result() == pytest.approx((1 + 10 + 7 + 4) / (1 + 2 + 1 + 4)) and total.result() == 22
    assert Mean().result() == Sum().result() == 0 and type(Sum().result()) is float
    with pytest.raises(ValueError, match=r"sample_weight expects one number per sample.*got \(2,\)"):
        mean.update_state([1.0, 2.0, 3.0], [1.0, 2.0])


def test_what_has_no_weight_may_be_anything():
    """MET-03: padding of a sequence, for one."""
    assert Mean()([1.0, np.nan, np.inf], sample_weight=[2, 0, 0]) == 1


def test_counts_stay_exact_beyond_what_float32_holds():
    """MET-03: 2^24 + 1 ones."""
    total = Sum()
    total.update_state(2.0**24)
    total.update_state(1)
    assert total.result() == 2**24 + 1


def test_a_function_with_arguments_is_wrapped():
    """MET-03: written down, and found again among custom objects."""

    def at_least(y_true, y_pred, least=0.5):
        return (y_pred >= least).astype(float)

    metric = MeanMetricWrapper(at_least, name="big", least=0.8)
    assert metric([0, 0], [0.8, 0.7]) == 0.5
    config = json.loads(json.dumps(metrics.serialize(metric)))
    again = metrics.deserialize(config, {"at_least": at_least})
    assert again.name == "big" and again([0, 0], [0.8, 0.7]) == 0.5
    assert metrics.deserialize(metrics.serialize(MeanMetricWrapper(metrics.binary_accuracy)))([1], [0.7]) == 1


@pytest.mark.parametrize(
    "function",
    [
        lambda y, p: np.mean(np.abs(y - p)),
        lambda y, p: np.mean(np.abs(y - p), axis=-1),
        lambda y, p: np.abs(y - p),
        lambda y, p: ops.mean(ops.absolute(y - p)),
        lambda y, p: Tensor(np.mean(np.abs(y - p))),
    ],
    ids=["a number", "per sample", "per entry", "ops", "a Tensor"],
)
def test_a_function_is_averaged_over_samples_whatever_it_gives(function):
    """MET-03, LOSS-22: a short last batch does not weigh as much as a long one."""
    y, p = np.zeros((5, 2)), np.arange(10.0).reshape(5, 2)
    metric = metrics.get(function)
    metric.update_state(y[:4], p[:4])
    assert metric(y[4:], p[4:]) == pytest.approx(4.5)
    metric.reset_state()
    metric.update_state(y[:4], p[:4], sample_weight=[1, 1, 1, 1])
    assert metric(y[4:], p[4:], sample_weight=[1]) == pytest.approx(4.5)


def test_a_metric_of_ones_own_as_keras_users_write_it():
    """MET-02: states by add_weight, in any of Keras' spellings; reset to what they were in the beginning."""

    class Share(Metric):
        def __init__(self, name="share", **kwargs):
            super().__init__(name=name, **kwargs)
            self.hits = self.add_weight(name="hits", initializer="zeros")
            self.seen = self.add_weight("seen", initializer="zeros")
            self.best = self.add_variable(shape=(2,), initializer="ones", name="best")

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.hits.assign_add(ops.sum(y_pred > 0.5))
            self.seen.assign(self.seen + len(y_pred))
            self.best.assign_sub([0.5, 0])

        def result(self):
            return self.hits / self.seen

    metric = Share()
    assert [state.name for state in metric.variables] == ["hits", "seen", "best"]
    metric.update_state([0, 1], Tensor([0.7, 0.2]))
    assert metric([0, 1], np.array([0.7, 0.9])) == 0.75
    assert f"{metric.result():.2f}" == "0.75" and "0.7500" in repr(metric)
    assert metric.best.numpy().tolist() == [0, 1] and metric.best.shape == (2,) and metric.hits.dtype == "float64"
    metric.reset_state()
    assert metric.seen.numpy() == 0 and metric.best.numpy().tolist() == [1, 1]
    assert metrics.deserialize(metrics.serialize(metric), {"Share": Share}).name == "share"


def test_a_state_reckons_like_an_array():
    """MET-02."""
    state = Metric().add_weight((3,), "ones", name="s")
    assert (state * 2 + [1, 2, 3]).tolist() == [3, 4, 5] and (1 - state).tolist() == [0, 0, 0]
    assert np.sum(state) == 3 and ops.sum(state) == 3 and state[1] == 1 and len(state) == 3
    assert (state == 1).all() and np.sqrt(state).tolist() == [1, 1, 1]
    assert state.assign(5).numpy().tolist() == [5, 5, 5] and repr(state) == "<State 's' [5. 5. 5.]>"
    with pytest.raises(ValueError, match=r"shape"):
        state.assign([1, 2])


def test_a_metric_that_counts_nothing_says_what_it_lacks():
    """MET-02."""
    with pytest.raises(NotImplementedError, match=r"Metric expects a method update_state"):
        Metric().update_state([0], [0])
    with pytest.raises(NotImplementedError, match=r"Metric expects a method result"):
        Metric().result()
    with pytest.raises(TypeError, match=r"BinaryAccuracy expects no keyword 'treshold'. Did you mean 'threshold'"):
        metrics.BinaryAccuracy(treshold=0.3)


def test_no_graph_is_recorded_for_a_metric():
    """MET-02: what it was given stays constant, and the predictions' graph is not kept."""
    p = Tensor([[0.3], [0.9]])
    metric = metrics.get(lambda y, q: ops.mean(ops.square(q - y), axis=-1))
    metric(np.array([0, 1]), ops.sigmoid(p))
    assert p.grad is None and not any(isinstance(state.value, Tensor) for state in metric.variables)


def test_padding_that_a_layer_found_is_not_counted():
    """LOSS-05, MET-03: zeros of a sequence, masked by Embedding, on their way through Dense to loss and metrics."""
    x, y = np.array([[1, 2, 3], [2, 0, 0]]), np.array([[0, 1, 1], [1, -1, -1]])
    model = Sequential([Embedding(4, 3, mask_zero=True), Dense(2, activation="softmax")])
    there, p = x != 0, model(x)
    assert p.shape == (2, 3, 2)
    sure = p.numpy()[there]
    expected = -np.log(sure[np.arange(4), y[there]]).mean()
    assert losses.SparseCategoricalCrossentropy()(y, p).item() == pytest.approx(expected, rel=1e-6)
    assert metrics.SparseCategoricalCrossentropy()(y, p) == pytest.approx(expected, rel=1e-6)
    assert metrics.MeanIoU(2, sparse_y_pred=False)(y, p) == metrics.MeanIoU(2)(y[there], sure.argmax(-1))
    assert metrics.SparseCategoricalAccuracy()(y, p) == np.mean(sure.argmax(-1) == y[there])


# Directions -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("monitor", "found", "direction"),
    [
        ("loss", [], "down"),
        ("val_loss", [], "down"),
        ("val_price_loss", [], "down"),
        ("val_accuracy", ["accuracy"], "up"),
        ("auc", ["auc"], "up"),
        ("val_mae", ["mae"], "down"),
        ("val_f1_score", ["f1_score"], "up"),
        ("val_cosine_similarity", ["cosine_similarity"], "up"),
        ("my_acc", [], "up"),
    ],
)
def test_a_metric_knows_whether_more_is_better(monitor, found, direction):
    """MET-20."""
    assert metrics.direction_of(monitor, [metrics.get(name) for name in found]) == direction


def test_a_direction_that_nobody_knows_is_guessed_aloud():
    """MET-20: Keras 2 guesses without a word, Keras 3 refuses."""
    own = metrics.get(lambda y, p: y)
    own.name = "quality"
    with pytest.warns(UserWarning, match=r"'val_quality' is better.*mode='max'"):
        assert metrics.direction_of("val_quality", [own]) == "down"
