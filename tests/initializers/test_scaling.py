"""Variance scaling and its names: bounds, moments and distributions of large seeded draws, and fans."""

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from initializer_samples import assert_distributed, draw

from tinygrad_edu import initializers
from tinygrad_edu.initializers import GlorotUniform, HeNormal, HeUniform, VarianceScaling, compute_fans, scaling

TRUNCATED_STD = scipy.stats.truncnorm(-2, 2).std()

#   name              limit of the uniform ones, standard deviation of the normal ones, with fan_in 400 and fan_out 250
NAMED = {
    "lecun_uniform": math.sqrt(3 / 400),
    "lecun_normal": math.sqrt(1 / 400),
    "glorot_uniform": math.sqrt(6 / (400 + 250)),
    "glorot_normal": math.sqrt(2 / (400 + 250)),
    "he_uniform": math.sqrt(6 / 400),
    "he_normal": math.sqrt(2 / 400),
    "xavier_uniform": 1 / math.sqrt(400),
}


def named(name):
    return getattr(initializers, name)(seed=1)


@pytest.mark.parametrize("name", [name for name in NAMED if name.endswith("uniform")])
def test_a_uniform_one_fills_its_interval_evenly(name):
    """INI-13, INI-15, INI-18, INI-19."""
    limit, sample = NAMED[name], draw(named(name))
    assert -limit <= sample.min() < -0.999 * limit and 0.999 * limit < sample.max() < limit
    assert_distributed(sample, "uniform", -limit, 2 * limit)


@pytest.mark.parametrize("name", [name for name in NAMED if name.endswith("_normal")])
def test_a_normal_one_is_truncated_and_keeps_the_variance(name):
    """INI-14, INI-16, INI-17: cut at twice 1 / 0.8796 of its standard deviation."""
    std, sample = NAMED[name], draw(named(name))
    assert 1.99 * std / TRUNCATED_STD < np.abs(sample).max() <= 2 * std / TRUNCATED_STD
    assert sample.std() == pytest.approx(std, rel=0.01)
    assert_distributed(sample, "truncnorm", -2, 2, 0, std / TRUNCATED_STD)


def test_the_correction_is_the_standard_deviation_of_what_is_left():
    """INI-10."""
    assert abs(scaling.TRUNCATED_STD - TRUNCATED_STD) < 1e-12


@pytest.mark.parametrize(("mode", "fan"), [("fan_in", 400), ("fan_out", 250), ("fan_avg", 325)])
@pytest.mark.parametrize("distribution", ["truncated_normal", "normal", "untruncated_normal", "uniform"])
@pytest.mark.parametrize("scale", [1.0, 2])
def test_the_variance_is_scale_over_fan(scale, mode, fan, distribution):
    """INI-10, INI-20."""
    sample = draw(VarianceScaling(scale, mode, distribution, seed=2))
    assert sample.var() == pytest.approx(scale / fan, rel=0.02)
    assert sample.mean() == pytest.approx(0, abs=5 * math.sqrt(scale / fan / sample.size))


def test_normal_means_truncated():
    """INI-10."""
    np.testing.assert_array_equal(draw(VarianceScaling(distribution="normal", seed=3)), draw(VarianceScaling(seed=3)))


def test_an_untruncated_normal_has_tails():
    """INI-20: He's and Glorot's normal, as their papers have it."""
    sample = draw(VarianceScaling(400.0, "fan_in", "untruncated_normal", seed=3))
    assert np.abs(sample).max() > 3
    assert_distributed(sample, "norm")


def test_the_tutorials_bounds_come_out():
    """INI-19: Xavier for 10 inputs, normalized for 10 and 20, He for 10, to the digit as its scripts print them."""
    rng = np.random.default_rng(4)
    xavier = -(1.0 / math.sqrt(10)) + rng.random((10, 10000)) * 2 / math.sqrt(10)
    np.testing.assert_allclose(initializers.xavier_uniform(seed=4)((10, 10000), "float64"), xavier, rtol=0, atol=1e-15)
    rng = np.random.default_rng(4)
    normalized = -0.44721359549995787 + rng.random((10, 20)) * 2 * 0.44721359549995787
    np.testing.assert_allclose(GlorotUniform(seed=4)((10, 20), "float64"), normalized, rtol=0, atol=1e-15)
    assert np.abs(xavier).max() == pytest.approx(0.31622776601683794, rel=1e-3)
    assert draw(HeNormal(seed=4), (10, 10000)).std() == pytest.approx(0.4472135954999579, rel=0.01)


def test_the_book_asks_for_he_with_the_mean_of_the_fans():
    """INI-10: `VarianceScaling(scale=2., mode="fan_avg", distribution="uniform")`."""
    sample = draw(VarianceScaling(scale=2.0, mode="fan_avg", distribution="uniform", seed=5))
    limit = math.sqrt(3 * 2 / 325)
    assert 0.999 * limit < np.abs(sample).max() <= limit


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: VarianceScaling(scale=0), "VarianceScaling expects scale > 0, got 0"),
        (lambda: VarianceScaling(scale=-2), "VarianceScaling expects scale > 0, got -2"),
        (lambda: VarianceScaling(scale=math.nan), "VarianceScaling expects scale to be finite, got nan"),
        (lambda: VarianceScaling(mode="fan"), "mode out of .*fan_avg.*got 'fan'"),
        (lambda: VarianceScaling(distribution="gauss"), "distribution out of .*uniform.*got 'gauss'"),
    ],
)
def test_wrong_arguments_are_named(make, words):
    """INI-10."""
    with pytest.raises(ValueError, match=words):
        make()


# Fans -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "fans"),
    [
        ((), (1, 1)),
        ((7,), (7, 7)),
        ((4, 9), (4, 9)),
        ((3, 3, 16, 32), (144, 288)),
        ([5, 16, 32], (80, 160)),
        ((2, 3, 4, 5, 6), (120, 144)),
        ((3, 3, 16, 1), (144, 9)),
    ],
    ids=str,
)
def test_fans_of_dense_and_convolution_kernels(shape, fans):
    """INI-03: of a depthwise kernel (rows, columns, channels, multiplier) too."""
    assert compute_fans(shape) == fans


@given(window=st.lists(st.integers(1, 5), max_size=3), channels=st.tuples(st.integers(1, 9), st.integers(1, 9)))
def test_fans_times_the_other_channels_are_the_size_of_the_kernel(window, channels):
    """INI-03."""
    fan_in, fan_out = compute_fans((*window, *channels))
    assert fan_in * channels[1] == fan_out * channels[0] == math.prod(window) * math.prod(channels)


@given(shape=st.lists(st.integers(1, 4), min_size=2, max_size=5), data=st.data())
def test_fans_of_axes_that_are_named(shape, data):
    """INI-03: every axis is of inputs, of outputs, or of a window, which counts twice; by summing ones."""
    kinds = data.draw(st.lists(st.sampled_from("iow"), min_size=len(shape), max_size=len(shape)))
    ins, outs = ([axis for axis, kind in enumerate(kinds) if kind == wanted] for wanted in "io")
    fan_in, fan_out = (
        np.ones(shape).sum(axis=tuple(axis for axis in range(len(shape)) if axis not in others)).max() for others in (outs, ins)
    )
    assert compute_fans(shape, ins, outs) == (fan_in, fan_out)
    assert compute_fans(shape, [a - len(shape) for a in ins], outs) == (fan_in, fan_out)


def test_an_axis_that_the_kernel_has_not_is_refused():
    """INI-03."""
    with pytest.raises(ValueError, match="axis 2 is out of bounds"):
        compute_fans((3, 4), [2], [1])


def test_a_convolution_kernel_is_scaled_by_its_receptive_field():
    """INI-03, INI-18."""
    sample = draw(HeUniform(seed=8), (5, 5, 16, 100))
    limit = math.sqrt(6 / (25 * 16))
    assert 0.999 * limit < np.abs(sample).max() <= limit


def test_a_fan_of_zero_counts_as_one():
    """INI-10: a kernel without inputs is an empty kernel, not a division by zero."""
    assert HeNormal()((0, 3)).shape == (0, 3)


def test_fans_are_found_under_the_name_that_keras_2_had():
    """INI-03: initializers of one's own import it."""
    assert initializers._compute_fans((3, 3, 2, 5)) == (18, 45)
