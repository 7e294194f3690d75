"""Data made by formula, number for number as scikit-learn makes it."""

from __future__ import annotations

from typing import Any

import numpy as np


def make_circles(
    n_samples: int = 100,
    *,
    shuffle: bool = True,
    noise: float | None = None,
    random_state: int | None = None,
    factor: float = 0.8,
) -> tuple[np.ndarray, np.ndarray]:
    """Two circles around the origin, one inside the other: a problem that no straight line solves.

    The same numbers as `sklearn.datasets.make_circles` for the same arguments.

    Args:
        n_samples: points on both circles together.
        shuffle: mix the rows; else the outer circle comes first.
        noise: standard deviation of the normal noise on each coordinate.
        random_state: seed; None draws anew.
        factor: radius of the inner circle; the outer one's is 1.

    Returns:
        X (n_samples, 2) float64, y (n_samples,) int64: 0 outside, 1 inside.
    """
    if not 0 <= factor < 1:
        raise ValueError(f"make_circles expects factor in [0, 1), got {factor}.")
    rng = np.random.RandomState(random_state)
    n_outer = n_samples // 2
    outer, inner = _circle(n_outer), factor * _circle(n_samples - n_outer)
    return _mixed(rng, [outer, inner], shuffle, noise)


def make_moons(
    n_samples: int = 100, *, shuffle: bool = True, noise: float | None = None, random_state: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Two half circles that reach into each other. The same numbers as `sklearn.datasets.make_moons`.

    Args:
        n_samples, shuffle, noise, random_state: as in `make_circles`.

    Returns:
        X (n_samples, 2) float64, y (n_samples,) int64: 0 the upper moon, 1 the lower.
    """
    rng = np.random.RandomState(random_state)
    n_upper = n_samples // 2
    lower = 1 - _half_circle(n_samples - n_upper) - [0, 0.5]
    return _mixed(rng, [_half_circle(n_upper), lower], shuffle, noise)


def make_blobs(
    n_samples: int = 100,
    n_features: int = 2,
    *,
    centers: Any = None,
    cluster_std: float = 1.0,
    center_box: tuple[float, float] = (-10.0, 10.0),
    shuffle: bool = True,
    random_state: int | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Points scattered around a few centres. The same numbers as `sklearn.datasets.make_blobs`.

    Args:
        n_samples: points in all; the first blobs get one more where it does not divide.
        n_features: length of a point, where the centres are drawn.
        centers: how many, or where, shape (n, features); None means 3.
        cluster_std: standard deviation around a centre.
        center_box: between which numbers centres are drawn.
        shuffle, random_state: as in `make_circles`.

    Returns:
        X (n_samples, features) float64, y (n_samples,) int64: the number of the centre.
    """
    rng = np.random.RandomState(random_state)
    if centers is None or np.ndim(centers) == 0:
        centers = rng.uniform(*center_box, size=(3 if centers is None else centers, n_features))
    centers = np.asarray(centers, float)
    counts = [n_samples // len(centers) + (i < n_samples % len(centers)) for i in range(len(centers))]
    blobs = [rng.normal(loc=c, scale=cluster_std, size=(n, centers.shape[1])) for c, n in zip(centers, counts)]
    return _mixed(rng, blobs, shuffle, None)


def _mixed(
    rng: np.random.RandomState, classes: list[np.ndarray], shuffle: bool, noise: float | None
) -> tuple[np.ndarray, np.ndarray]:
    """The points of all classes with their numbers, in any order, blurred."""
    X, y = np.vstack(classes), np.repeat(np.arange(len(classes)), [len(points) for points in classes])
    if shuffle:
        order = np.arange(len(X))
        rng.shuffle(order)
        X, y = X[order], y[order]
    if noise is not None:
        X = X + rng.normal(scale=noise, size=X.shape)
    return X, y


def _circle(n: int) -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, n, endpoint=False)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _half_circle(n: int) -> np.ndarray:
    angle = np.linspace(0, np.pi, n)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)
