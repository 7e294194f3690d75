"""Exponentially weighted averages: the figures of the tutorial."""

import numpy as np
import pytest
import scipy.signal
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu.optimizers import ewa

series = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=50)


def test_three_values_by_hand():
    """TEA-01, TEA-02: beta 0.9; 0.1·1, 0.9·0.1 + 0.1·2, ...; divided by 0.1, 0.19, 0.271."""
    np.testing.assert_allclose(ewa([1, 2, 3]), [0.1, 0.29, 0.561], rtol=1e-12)
    np.testing.assert_allclose(ewa([1, 2, 3], bias_correction=True), [1, 0.29 / 0.19, 0.561 / 0.271], rtol=1e-12)


@given(values=series, beta=st.floats(0, 0.999))
def test_it_is_a_filter_of_first_order(values, beta):
    """TEA-01: as scipy.signal computes it."""
    np.testing.assert_allclose(ewa(values, beta), scipy.signal.lfilter([1 - beta], [1, -beta], values), rtol=1e-9, atol=1e-9)


@given(values=series, beta=st.floats(0, 0.99))
def test_with_the_correction_the_weights_sum_to_1(values, beta):
    """TEA-02: a weighted mean of what came so far, the first value being itself."""
    for t, found in enumerate(ewa(values, beta, bias_correction=True), start=1):
        weights = beta ** np.arange(t)[::-1]
        assert found == pytest.approx(np.average(values[:t], weights=weights), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(("beta", "points"), [(0.5, 2), (0.9, 10), (0.98, 50)])
def test_beta_averages_about_so_many_points(beta, points):
    """TEA-01: older values together have the share 1/e."""
    weights = ewa(np.eye(1000)[0], beta)  # the answer to a single 1: how much each age counts
    assert 1 / (1 - beta) == pytest.approx(points)
    assert weights[points:].sum() == pytest.approx(np.exp(-1), abs=0.13)


def test_a_larger_beta_is_smoother():
    """TEA-01: the tutorial's picture, a noisy curve and three averages of it."""
    rng = np.random.default_rng(0)
    noisy = np.cos(np.linspace(0, 4, 500)) + rng.normal(0, 0.3, 500)
    roughness = [np.abs(np.diff(ewa(noisy, beta))).mean() for beta in (0.5, 0.9, 0.98)]
    assert roughness[0] > 3 * roughness[1] > 9 * roughness[2]


def test_series_of_arrays_are_averaged_along_their_first_axis():
    """TEA-01."""
    values = np.random.default_rng(0).normal(size=(7, 2, 3))
    found = ewa(values, 0.7)
    assert found.shape == (7, 2, 3)
    np.testing.assert_array_equal(found[:, 1, 2], ewa(values[:, 1, 2], 0.7))
    assert ewa([]).shape == (0,)


@pytest.mark.parametrize(("values", "beta"), [([1.0], 1.0), ([1.0], -0.1), (3.0, 0.9), ([1.0], None)])
def test_nonsense_is_refused(values, beta):
    """TEA-01."""
    with pytest.raises((ValueError, TypeError), match="ewa expects"):
        ewa(values, beta)
