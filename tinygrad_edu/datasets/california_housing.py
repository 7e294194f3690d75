"""20,640 districts of California and what houses cost there in 1990. Source: Pace & Barry (1997)."""

from __future__ import annotations

import io
import os
import tarfile

import numpy as np

from .source import Source, content, is_here
from .tables import Pairs, shuffled

TABLE = Source(
    "california_housing", "cal_housing.data", "d3d8a1a722ae78f91134862727d27a70b1415e7d512a89140406248687f4b902", ""
)  # fmt: skip
ARCHIVE = Source(
    "california_housing", "cal_housing.tgz", "aaa5c9a6afe2225cc2aed2723682ae403280c4a3695a2ddda4ffb5d8215ea681",
    "https://ndownloader.figshare.com/files/5976036",
)  # fmt: skip
MEMBER = "CaliforniaHousing/cal_housing.data"
COLUMNS = (
    "longitude", "latitude", "housing_median_age", "total_rooms", "total_bedrooms", "population", "households",
    "median_income",
)  # fmt: skip
FEATURES = ("MedInc", "HouseAge", "AveRooms", "AveBedrms", "Population", "AveOccup", "Latitude", "Longitude")
ROWS = {"large": None, "small": 600}


def load_data(version: str = "large", folder: str | os.PathLike | None = None, test_split: float = 0.2, seed: int = 113) -> Pairs:
    """(x_train, y_train), (x_test, y_test): the eight `COLUMNS` and the median value of a house [$], float32, shuffled.

    Args:
        version: "large" has all districts, "small" the first 600, those on the bay of San Francisco.
        folder: where cal_housing.data is; None looks in the folder named by TINYGRAD_EDU_DATA, then in the cache, and
            then fetches it.
        test_split: share of the rows kept for testing.
        seed: of the shuffle.

    Raises:
        DataNotFoundError: if the file is not to be had; it says which to put where.
    """
    if version not in ROWS:
        raise ValueError(f"california_housing.load_data expects version 'large' or 'small', got {version!r}.")
    table = _table(folder)[: ROWS[version]].astype(np.float32)
    return shuffled(table[:, :8], table[:, 8], test_split, seed)


def fetch(folder: str | os.PathLike | None = None) -> tuple[np.ndarray, np.ndarray]:
    """x (20640, 8), y (20640,): `FEATURES` and value [100,000 $] as scikit-learn's `fetch_california_housing` gives them."""
    longitude, latitude, age, rooms, bedrooms, population, households, income, value = _table(folder).T
    x = [income, age, rooms / households, bedrooms / households, population, population / households, latitude, longitude]
    return np.column_stack(x), value / 100_000.0


def _table(folder: str | os.PathLike | None) -> np.ndarray:
    return np.loadtxt(io.StringIO(_text(folder)), delimiter=",")


def _text(folder: str | os.PathLike | None) -> str:
    if is_here(TABLE, folder):
        return content(TABLE, folder).decode()
    with tarfile.open(fileobj=io.BytesIO(content(ARCHIVE, folder)), mode="r:gz") as archive:
        member = archive.extractfile(MEMBER)
        if member is None:
            raise ValueError(f"{ARCHIVE.name} expects the member {MEMBER}, got a folder of that name.")
        return member.read().decode()
