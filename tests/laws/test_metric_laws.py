"""What holds for every metric that has a name."""

import json
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from loss_samples import METRICS

from tinygrad_edu import Tensor, metrics
from tinygrad_edu.metrics.mean import registry

each_metric = pytest.mark.parametrize("cls", METRICS, ids=lambda cls: cls.__name__)
NO_SAMPLES = {metrics.Mean, metrics.Sum, metrics.MeanMetricWrapper}  # of numbers, or of a function


def sample(cls, n=6, seed=0, **settings):
    given, make = METRICS[cls]
    return cls(**{**given, **settings}), *make(np.random.default_rng(seed), n)


def test_every_metric_has_a_sample():
    """MET-02: nothing can be added untested."""
    assert set(registry._makers.values()) - NO_SAMPLES == set(METRICS)


@each_metric
@given(data=st.data(), seed=st.integers(0, 999), n=st.integers(1, 12), weighted=st.booleans())
def test_any_batching_gives_the_same_result(cls, data, seed, n, weighted):
    """MET-03: also batches of one, and empty ones."""
    cuts = sorted(data.draw(st.lists(st.integers(0, n), max_size=4)))
    metric, y, p = sample(cls, n, seed)
    w = np.random.default_rng(seed).integers(0, 4, n) / 2 if weighted else None
    whole = metric(y, p, w)
    metric.reset_state()
    for start, stop in zip([0, *cuts], [*cuts, n]):
        metric.update_state(y[start:stop], p[start:stop], None if w is None else w[start:stop])
    np.testing.assert_allclose(metric.result(), whole, rtol=1e-9, atol=1e-12)


@each_metric
@given(seed=st.integers(0, 999), times=st.lists(st.integers(0, 3), min_size=6, max_size=6))
def test_whole_weights_are_repeated_samples(cls, seed, times):
    """MET-03: a weight of 0 is a sample that is not there."""
    metric, y, p = sample(cls, 6, seed, **({"num_regressors": 0} if cls is metrics.R2Score else {}))
    weighted = metric(y, p, sample_weight=times)
    metric.reset_state()
    np.testing.assert_allclose(metric(np.repeat(y, times, 0), np.repeat(p, times, 0)), weighted, rtol=1e-9, atol=1e-12)


@each_metric
def test_nothing_counted_is_0_and_reset_forgets(cls):
    """MET-02, MET-03."""
    metric, y, p = sample(cls)
    empty = metric.result()
    assert np.all(np.asarray(empty) == 0)
    first = metric(y, p)
    metric.reset_state()
    assert np.all(np.asarray(metric.result()) == 0)
    np.testing.assert_array_equal(metric(y, p), first)
    metric.reset_states()
    assert np.all(np.asarray(metric.result()) == 0)


@each_metric
def test_a_result_is_a_float_or_an_array_and_nothing_is_recorded(cls):
    """MET-02: also for predictions that require a gradient."""
    metric, y, p = sample(cls)
    q = Tensor(p) if p.dtype.kind == "f" else p
    found = metric(y, q)
    assert type(found) is float or (isinstance(found, np.ndarray) and found.ndim == 1)
    np.testing.assert_array_equal(found, sample(cls)[0](y, p))
    assert all(isinstance(state, metrics.State) and not isinstance(state.value, Tensor) for state in metric.variables)
    assert metric.variables and (type(found) is not float or f"{found:.4f}" in repr(metric)) and metric.name in repr(metric)


@each_metric
@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_a_shorter_type_of_predictions_hardly_changes_the_result(cls, dtype):
    """MET-02: sums are kept in float64."""
    metric, y, p = sample(cls)
    expected = metric(y, p.astype(dtype).astype("float64") if p.dtype.kind == "f" else p)
    metric.reset_state()
    tolerance = 0.02 if dtype == "float16" else 1e-5
    np.testing.assert_allclose(metric(y, p.astype(dtype)), expected, rtol=tolerance, atol=tolerance)
    assert all(state.dtype == "float64" for state in metric.variables)
    short = sample(cls, dtype="float32")[0]
    short.update_state(y, p)
    assert all(state.dtype == "float32" for state in short.variables)


@each_metric
def test_a_metric_is_made_again_from_what_was_written_down(cls):
    """MET-02: through JSON, empty."""
    metric, y, p = sample(cls, name="mine")
    expected = metric(y, p)
    again = metrics.deserialize(json.loads(json.dumps(metrics.serialize(metric))))
    assert type(again) is cls and again.name == "mine" and again.get_config() == metric.get_config()
    np.testing.assert_array_equal(again(y, p), expected)


@each_metric
def test_a_metric_can_be_pickled_with_what_it_counted(cls):
    metric, y, p = sample(cls)
    expected = metric(y, p)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(metric)).result(), expected)


@each_metric
def test_labels_and_predictions_stay_as_they_are(cls):
    metric, y, p = sample(cls)
    before = y.copy(), p.copy()
    metric.update_state(y, p, np.ones(6))
    np.testing.assert_array_equal(y, before[0])
    np.testing.assert_array_equal(p, before[1])


@each_metric
def test_labels_of_another_number_of_samples_are_refused(cls):
    """MET-05 to MET-16."""
    metric, y, p = sample(cls)
    with pytest.raises(ValueError, match="expects"):
        metric.update_state(y[:4], p)


@each_metric
def test_a_metric_says_whether_more_is_better(cls):
    """MET-20."""
    assert sample(cls)[0].direction in ("up", "down")


@each_metric
def test_the_better_answer_is_on_the_better_side(cls):
    """MET-20: predicting the labels is better than predicting them upside down."""
    metric, y, p = sample(cls, 40)
    classes = p.shape[-1] if p.ndim > 1 else 4
    if "thresholds" in metric.get_config() and metric.counts and len(metric.counts) == 1:
        pytest.skip("a count of one kind")
    best = y if y.shape == p.shape else np.eye(classes)[y]
    worst = (y + 1) % 4 if p.dtype.kind == "i" else 1 - best if best.min() >= 0 else -best
    if cls in (metrics.MeanAbsolutePercentageError, metrics.MeanSquaredLogarithmicError, metrics.Poisson):
        worst = best + 5
    if cls is metrics.KLDivergence:
        worst = best[:, ::-1]
    right = np.mean(metric(y, best))
    metric.reset_state()
    wrong = np.mean(metric(y, worst))
    assert right > wrong if metric.direction == "up" else right < wrong


ENTRIES = [cls for cls in METRICS if getattr(cls, "takes", None) == "entries" or cls is metrics.R2Score]


@pytest.mark.parametrize("cls", ENTRIES, ids=lambda cls: cls.__name__)
def test_n_labels_meet_n_predictions_in_any_form(cls):
    """MET-05: (n,) against (n, 1) and (n,), streaming; a sample each, never an (n, n) table."""
    metric, y, p = sample(cls)
    y, p = y[:, :1], p[:, :1]
    expected = metric(y, p)
    for labels, predictions in [(y[:, 0], p), (y, p[:, 0]), (y[:, 0], p[:, 0])]:
        metric.reset_state()
        metric.update_state(labels[:1], predictions[:1])
        assert metric(labels[1:], predictions[1:]) == pytest.approx(expected, rel=1e-12)


class Masked(Tensor):
    """Predictions that carry a mask, as layers after `Masking` make them."""

    __slots__ = ("mask",)


def masked(p, mask):
    q = Masked(p)
    q.mask = mask if len(mask) % 2 else Tensor(mask)  # as arrays, or as layers make them
    return q


@each_metric
@given(mask=st.lists(st.booleans(), min_size=5, max_size=6), weighted=st.booleans())
def test_masked_samples_are_not_counted(cls, mask, weighted):
    """MET-03, LOSS-05: neither their weights nor their labels matter; batch by batch."""
    mask, n = np.array(mask), len(mask)
    metric, y, p = sample(cls, n)
    w = np.array([2.0, 0.5, 1.0, 1.5, 0.0, 1.0])[:n] if weighted else None
    expected = metric(y[mask], p[mask], None if w is None else w[mask])
    metric.reset_state()
    padded = y.copy()
    padded[~mask] = np.nan if y.dtype.kind == "f" else -1
    for part in (slice(0, 2), slice(2, n)):
        metric.update_state(padded[part], masked(p[part], mask[part]), None if w is None else w[part])
    np.testing.assert_allclose(metric.result(), expected, rtol=1e-9, atol=1e-12)


@each_metric
def test_a_mask_may_be_of_steps(cls):
    """MET-03, LOSS-05: (samples, steps), for predictions of a number, or a row of numbers, per step."""
    if cls is metrics.R2Score or issubclass(cls, metrics.FBetaScore):
        pytest.skip("of two axes")
    metric, y, p = sample(cls)
    mask = np.array([[True, True, False], [True, False, False]])
    expected = metric(y[mask.ravel()], p[mask.ravel()])
    metric.reset_state()
    found = metric(y.reshape(2, 3, *y.shape[1:]), masked(p.reshape(2, 3, *p.shape[1:]), mask))
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
