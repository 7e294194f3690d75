"""Pictures of one kind each with its class: MNIST and those that came after it, in the format of its publishers.

Source of the format: http://yann.lecun.com/exdb/mnist (idx).
"""

from __future__ import annotations

import gzip
import math
import os
from collections.abc import Sequence

import numpy as np

from .source import Source, content, found_or_made
from .tables import Pairs


def load_idx(files: Sequence[Source], folder: str | os.PathLike | None) -> Pairs:
    """(x_train, y_train), (x_test, y_test) out of four files in that order."""
    x_train, y_train, x_test, y_test = (idx_array(gzip.decompress(content(source, folder))) for source in files)
    return (x_train, y_train), (x_test, y_test)


def idx_array(data: bytes) -> np.ndarray:
    """The array of bytes in an idx file: 0, 0, 8, number of axes, their lengths (4 bytes each), the numbers.

    Raises:
        ValueError: for other types, and where lengths and bytes disagree.
    """
    if data[:3] != b"\0\0\x08" or len(data) < 4 + 4 * data[3]:
        raise ValueError(f"An idx file of bytes expects to begin with 0, 0, 8, got {list(data[:4])}.")
    start = 4 + 4 * data[3]
    shape = tuple(int(n) for n in np.frombuffer(data[4:start], ">u4"))
    if len(data) - start != math.prod(shape):
        raise ValueError(f"An idx file of shape {shape} expects {math.prod(shape)} bytes, got {len(data) - start}.")
    return np.frombuffer(data, np.uint8, offset=start).reshape(shape).copy()


def load(files: Sequence[Source], folder: str | os.PathLike | None, fallback: str | None) -> Pairs:
    """`load_idx`, or made pictures where the files are not to be had and the caller has asked for that."""
    return found_or_made(lambda: load_idx(files, folder), synthetic, fallback)


def synthetic(n_train: int = 60_000, n_test: int = 10_000, seed: int = 0) -> Pairs:
    """Made pictures in place of real ones, of the same shapes: ten smooth patterns, shifted, brightened and blurred."""
    rng = np.random.default_rng(seed)
    waves = np.cos(np.linspace(0, np.pi, 28)[:, None] * np.arange(5))
    patterns = 90 + 20 * np.einsum("ia,cab,jb->cij", waves, rng.normal(size=(10, 5, 5)), waves)

    def draw(n: int) -> tuple[np.ndarray, np.ndarray]:
        y = rng.integers(0, 10, n, dtype=np.uint8)
        rows, columns = (np.arange(28) + rng.integers(-2, 3, (2, n, 1))) % 28
        x = patterns.astype(np.float32)[y[:, None, None], rows[:, :, None], columns[:, None, :]]
        x *= rng.uniform(0.6, 1.2, (n, 1, 1)).astype(np.float32)
        x += 20 * rng.standard_normal(x.shape, np.float32)
        return np.clip(x, 0, 255).astype(np.uint8), y

    return draw(n_train), draw(n_test)
