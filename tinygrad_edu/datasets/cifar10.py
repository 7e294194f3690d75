"""60,000 photographs of ten kinds of things. Source: Krizhevsky (2009), "Learning multiple layers of features"."""

from __future__ import annotations

import io
import os
import tarfile

import numpy as np

from .source import Source, content
from .tables import Pairs

ARCHIVE = Source(
    "cifar10", "cifar-10-binary.tar.gz", "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
)  # fmt: skip
MEMBERS = [f"cifar-10-batches-bin/{name}.bin" for name in (*(f"data_batch_{n}" for n in range(1, 6)), "test_batch")]
CLASSES = "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"


def load_data(folder: str | os.PathLike | None = None) -> Pairs:
    """(x_train, y_train), (x_test, y_test): pictures uint8 (50000 and 10000, 32, 32, 3), classes uint8 (..., 1).

    The classes are named in `CLASSES`. Keras reads the version of this archive that is made of pickles; the pictures are
    the same.

    Args:
        folder: as in `fashion_mnist.load_data`.

    Raises:
        DataNotFoundError: if the file is not to be had; it says which to put where.
    """
    with tarfile.open(fileobj=io.BytesIO(content(ARCHIVE, folder)), mode="r:gz") as archive:
        parts = [pictures(archive.extractfile(name).read()) for name in MEMBERS]  # type: ignore[union-attr]
    x, y = (np.concatenate(arrays) for arrays in zip(*parts[:5]))
    return (x, y), parts[5]


def pictures(records: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Pictures (n, 32, 32, 3) and classes (n, 1) of records of 3073 bytes: the class, then red, green and blue, row by row."""
    table = np.frombuffer(records, np.uint8).reshape(-1, 3073)
    return np.ascontiguousarray(table[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)), table[:, :1].copy()
