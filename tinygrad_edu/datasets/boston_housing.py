"""506 tracts of Boston and what houses cost there around 1978. Source: Harrison & Rubinfeld (1978).

Its column B reckons with the share of Black inhabitants. Better learn with `california_housing`.
"""

from __future__ import annotations

import io
import os

import numpy as np

from .source import Source, content
from .tables import Pairs, shuffled

TABLE = Source(
    "boston_housing", "boston_housing.npz", "f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5",
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/boston_housing.npz",
)  # fmt: skip


def load_data(folder: str | os.PathLike | None = None, test_split: float = 0.2, seed: int = 113) -> Pairs:
    """(x_train, y_train), (x_test, y_test): 13 columns and the median value of a house [1000 $], float64, shuffled.

    Args:
        folder: as in `fashion_mnist.load_data`.
        test_split: share of the rows kept for testing.
        seed: of the shuffle.

    Raises:
        DataNotFoundError: if the file is not to be had; it says which to put where.
    """
    with np.load(io.BytesIO(content(TABLE, folder)), allow_pickle=False) as arrays:
        return shuffled(arrays["x"], arrays["y"], test_split, seed)
