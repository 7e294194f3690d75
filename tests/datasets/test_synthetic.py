"""Circles, moons and blobs: the same numbers as scikit-learn's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu.datasets import make_blobs, make_circles, make_moons


@given(
    n=st.integers(2, 60),
    noise=st.none() | st.floats(0, 1),
    seed=st.integers(0, 2**32 - 1),
    factor=st.floats(0, 0.99),
    shuffle=st.booleans(),
)
def test_circles_are_scikit_learns_number_for_number(n, noise, seed, factor, shuffle):
    """DAT-03, SCR-19."""
    sklearn = pytest.importorskip("sklearn.datasets")
    arguments = {"shuffle": shuffle, "noise": noise, "random_state": seed, "factor": factor}
    X, y = make_circles(n, **arguments)
    expected_X, expected_y = sklearn.make_circles(n, **arguments)
    np.testing.assert_array_equal(X, expected_X)
    np.testing.assert_array_equal(y, expected_y)
    assert X.dtype == expected_X.dtype and y.dtype == expected_y.dtype


def test_the_circles_of_the_tutorial():
    """SCR-19."""
    sklearn = pytest.importorskip("sklearn.datasets")
    for ours, theirs in zip(
        make_circles(n_samples=1000, noise=0.1, random_state=1), sklearn.make_circles(1000, noise=0.1, random_state=1)
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_without_noise_the_points_lie_on_two_circles():
    """DAT-03."""
    X, y = make_circles(50, factor=0.5, shuffle=False)
    np.testing.assert_allclose(np.hypot(*X.T), np.where(y == 0, 1, 0.5))
    assert y.tolist() == [0] * 25 + [1] * 25


def test_without_a_seed_the_points_are_new():
    assert not np.array_equal(make_circles(noise=0.1)[0], make_circles(noise=0.1)[0])


def test_the_global_seed_is_left_alone():
    np.random.seed(3)
    expected = np.random.random()
    np.random.seed(3)
    make_circles(10, noise=0.1, random_state=1)
    assert np.random.random() == expected


@pytest.mark.parametrize("factor", [1, 1.5, -0.1])
def test_a_factor_outside_0_to_1_is_refused(factor):
    with pytest.raises(ValueError, match=r"factor in \[0, 1\), got"):
        make_circles(factor=factor)


# Moons and blobs ---------------------------------------------------------------------------------

seeds = st.integers(0, 2**32 - 1)


def same(ours, theirs):
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(a, b)
        assert a.dtype == b.dtype


@given(n=st.integers(2, 60), noise=st.none() | st.floats(0, 1), seed=seeds, shuffle=st.booleans())
def test_moons_are_scikit_learns_number_for_number(n, noise, seed, shuffle):
    """DAT-03."""
    sklearn = pytest.importorskip("sklearn.datasets")
    arguments = {"shuffle": shuffle, "noise": noise, "random_state": seed}
    same(make_moons(n, **arguments), sklearn.make_moons(n, **arguments))


@given(
    n=st.integers(1, 60),
    features=st.integers(1, 4),
    centers=st.none() | st.integers(1, 5),
    std=st.floats(0, 3),
    seed=seeds,
    shuffle=st.booleans(),
)
def test_blobs_are_scikit_learns_number_for_number(n, features, centers, std, seed, shuffle):
    """DAT-03."""
    sklearn = pytest.importorskip("sklearn.datasets")
    arguments = {"centers": centers, "cluster_std": std, "center_box": (-3.0, 4.0), "shuffle": shuffle, "random_state": seed}
    same(make_blobs(n, features, **arguments), sklearn.make_blobs(n, features, **arguments))


def test_blobs_lie_around_given_centres():
    """DAT-03."""
    sklearn = pytest.importorskip("sklearn.datasets")
    centers = [[0.0, 0.0], [9.0, 9.0], [-9.0, 9.0]]
    X, y = make_blobs(100, centers=centers, cluster_std=0.5, random_state=2)
    same((X, y), sklearn.make_blobs(100, centers=centers, cluster_std=0.5, random_state=2))
    assert np.abs(X - np.array(centers)[y]).max() < 3


def test_moons_without_noise_lie_on_half_circles():
    """DAT-03."""
    X, y = make_moons(20, shuffle=False)
    np.testing.assert_allclose(np.hypot(*X[y == 0].T), 1)
    np.testing.assert_allclose(np.hypot(*(X[y == 1] - [1, 0.5]).T), 1)
    assert (X[y == 0][:, 1] >= 0).all() and (X[y == 1][:, 1] <= 0.5).all()
