"""Uniform, normal and truncated distributions, and orthogonal matrices: large seeded draws against SciPy's."""

import math

import numpy as np
import pytest
import scipy.stats
from initializer_samples import assert_distributed, draw

from tinygrad_edu import initializers
from tinygrad_edu.initializers import Orthogonal, RandomNormal, RandomUniform, TruncatedNormal
from tinygrad_edu.random import SeedGenerator


def test_random_uniform_has_the_bounds_it_was_given():
    """INI-08: also as whole numbers."""
    sample = draw(RandomUniform(minval=0, maxval=1, seed=5))
    assert 0 <= sample.min() < 1e-4 and 1 - 1e-4 < sample.max() < 1
    assert_distributed(sample, "uniform")


def test_bare_random_uniform_is_narrow():
    """INI-08: the name alone means ±0.05, not 0 to 1."""
    for initializer in (RandomUniform(seed=5), initializers.get("RandomUniform")):
        sample = draw(initializer)
        assert -0.05 <= sample.min() < -0.0499 and 0.0499 < sample.max() < 0.05


def test_random_normal_has_the_moments_it_was_given():
    """INI-07."""
    assert_distributed(draw(RandomNormal(mean=3, stddev=2, seed=6)), "norm", 3, 2)
    assert_distributed(draw(RandomNormal(seed=6)), "norm", 0, 0.05)


def test_truncated_normal_ends_at_two_standard_deviations_and_is_not_corrected():
    """INI-09."""
    sample = draw(TruncatedNormal(mean=3, stddev=2, seed=7))
    assert -1 <= sample.min() < -0.95 and 6.95 < sample.max() <= 7
    assert sample.std() == pytest.approx(2 * scipy.stats.truncnorm(-2, 2).std(), rel=0.01)
    assert_distributed(sample, "truncnorm", -2, 2, 3, 2)
    assert draw(TruncatedNormal(seed=7)).std() == pytest.approx(0.8796 * 0.05, rel=0.01)


def test_equal_bounds_and_no_spread_are_constants():
    """INI-07, INI-08."""
    assert (RandomUniform(2, 2)((3,)) == 2).all() and (RandomNormal(2, 0)((3,)) == 2).all()


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: RandomUniform(1, 0), ValueError, "RandomUniform expects minval <= maxval, got 1 > 0"),
        (lambda: RandomUniform(0, math.inf), ValueError, "RandomUniform expects its bounds to be finite, got inf"),
        (lambda: RandomUniform("a", 1), TypeError, "RandomUniform expects its bounds to be a number, got 'a'"),
        (lambda: RandomNormal(stddev=-1), ValueError, "RandomNormal expects stddev >= 0, got -1"),
        (lambda: RandomNormal(mean=math.nan), ValueError, "RandomNormal expects mean to be finite, got nan"),
        (lambda: TruncatedNormal(stddev=-1), ValueError, "TruncatedNormal expects stddev >= 0, got -1"),
        (lambda: Orthogonal(gain=None), TypeError, "Orthogonal expects gain to be a number, got None"),
    ],
)
def test_wrong_arguments_are_named(make, error, words):
    """INI-07, INI-08, INI-09, INI-11."""
    with pytest.raises(error, match=words):
        make()


# Orthogonal matrices ----------------------------------------------------------------------------------


@pytest.mark.parametrize("gain", [1.0, -2, 0.5])
@pytest.mark.parametrize("shape", [(5, 5), (7, 3), (3, 7), (1, 4), (3, 3, 2, 8), (2, 2, 50)], ids=str)
def test_the_fewer_of_rows_and_columns_are_orthonormal(shape, gain):
    """INI-11: all axes but the last are taken as one."""
    q = Orthogonal(gain, seed=1)(shape, "float64").reshape(-1, shape[-1])
    gram = q.T @ q if q.shape[0] >= q.shape[1] else q @ q.T
    np.testing.assert_allclose(gram, gain**2 * np.eye(min(q.shape)), atol=1e-12)


def test_all_orthogonal_matrices_are_equally_likely():
    """INI-11: a column of one of three rows is a point of the sphere, whose coordinates are uniform (Archimedes)."""
    seed = SeedGenerator(3)
    drawn = np.stack([Orthogonal(seed=seed)((3, 3), "float64") for _ in range(3000)])
    for row in range(3):
        for column in range(3):
            assert_distributed(drawn[:, row, column], "uniform", -1, 2)
    reflections = (np.linalg.det(drawn) < 0).sum()
    assert scipy.stats.binomtest(int(reflections), len(drawn)).pvalue > 1e-3


@pytest.mark.parametrize("shape", [(), (3,)])
def test_a_shape_without_rows_and_columns_is_refused(shape):
    """INI-11."""
    with pytest.raises(ValueError, match="Orthogonal expects a shape of at least two axes"):
        Orthogonal()(shape)


def test_a_layer_with_an_orthogonal_kernel_keeps_lengths():
    """INI-11: however often it is applied."""
    q, x = Orthogonal(seed=4)((6, 6), "float64"), np.arange(6.0)
    y = x
    for _ in range(100):
        y = y @ q
    assert np.linalg.norm(y) == pytest.approx(np.linalg.norm(x), rel=1e-12)
