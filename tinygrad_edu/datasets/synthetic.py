"""Data made by formula, number for number as scikit-learn makes it."""

from __future__ import annotations

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
    X, y = np.vstack([outer, inner]), np.repeat([0, 1], [n_outer, n_samples - n_outer])
    if shuffle:
        order = np.arange(n_samples)
        rng.shuffle(order)
        X, y = X[order], y[order]
    if noise is not None:
        X = X + rng.normal(scale=noise, size=X.shape)
    return X, y


def _circle(n: int) -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, n, endpoint=False)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)
