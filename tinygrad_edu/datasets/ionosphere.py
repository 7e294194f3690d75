"""351 radar echoes from the ionosphere, good or bad. Source: Sigillito, Wing, Hutton & Baker (1989), UCI repository."""

from __future__ import annotations

import io
import os

import numpy as np

from .source import Source, content, found_or_made

TABLE = Source(
    "ionosphere", "ionosphere.csv", "fd6dd7864b55d56dac0a1e6e24af9ccc35bf2555ac79af8ab9f3d1daa065ab83",
    "https://raw.githubusercontent.com/jbrownlee/Datasets/master/ionosphere.csv",
)  # fmt: skip
ROWS = 351


def load_data(folder: str | os.PathLike | None = None, fallback: str | None = None) -> tuple[np.ndarray, np.ndarray]:
    """x (351, 34) float64 in [-1, 1], y (351,) int64: 1 for a good echo, 0 for a bad one; in the order of the file.

    Args:
        folder: as in `fashion_mnist.load_data`.
        fallback: "synthetic" gives made rows where the file is not to be had.

    Raises:
        DataNotFoundError: if the file is not to be had; it says which to put where.
    """
    return found_or_made(lambda: _read(content(TABLE, folder)), synthetic, fallback)


def _read(data: bytes) -> tuple[np.ndarray, np.ndarray]:
    table = np.loadtxt(io.StringIO(data.decode()), delimiter=",", dtype=str)
    return table[:, :34].astype(float), (table[:, 34] == "g").astype(np.int64)


def synthetic(n: int = ROWS, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Made rows of the same columns: echoes that swing evenly are good, those that jump about are bad."""
    rng = np.random.default_rng(seed)
    y = (rng.random(n) < 0.64).astype(np.int64)
    even = np.cos(np.arange(34) * rng.uniform(0.05, 0.3, (n, 1))) * rng.uniform(0.5, 1, (n, 1))
    x = np.clip(np.where(y[:, None] == 1, even, rng.uniform(-1, 1, (n, 34))) + rng.normal(0, 0.1, (n, 34)), -1, 1)
    x[:, 0], x[:, 1] = rng.random(n) < 0.9, 0
    return x, y
