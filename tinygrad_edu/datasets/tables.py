"""Rows and what belongs to each, shuffled and split as Keras does it."""

from __future__ import annotations

import numpy as np

Pairs = tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def shuffled(x: np.ndarray, y: np.ndarray, test_split: float, seed: int) -> Pairs:
    """(x_train, y_train), (x_test, y_test): the rows in an order that `seed` draws, the last share of them for testing.

    Raises:
        ValueError: for a share outside of [0, 1).
    """
    if not 0 <= test_split < 1:
        raise ValueError(f"load_data expects test_split in [0, 1), got {test_split!r}.")
    rows = np.arange(len(x))
    np.random.RandomState(seed).shuffle(rows)
    cut = int(len(x) * (1 - test_split))
    return (x[rows[:cut]], y[rows[:cut]]), (x[rows[cut:]], y[rows[cut:]])
