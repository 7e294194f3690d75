"""20,640 districts of California and what houses cost there in 1990. Source: Pace & Barry (1997)."""

from __future__ import annotations

import io
import os
import tarfile

import numpy as np

from .source import Source, content, found_or_made, is_here
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


def load_data(
    version: str = "large",
    folder: str | os.PathLike | None = None,
    test_split: float = 0.2,
    seed: int = 113,
    fallback: str | None = None,
) -> Pairs:
    """(x_train, y_train), (x_test, y_test): the eight `COLUMNS` and the median value of a house [$], float32, shuffled.

    Args:
        version: "large" has all districts, "small" the first 600, those on the bay of San Francisco.
        folder: where cal_housing.data is; None looks in the folder named by TINYGRAD_EDU_DATA, then in the cache, and
            then fetches it.
        test_split: share of the rows kept for testing.
        seed: of the shuffle.
        fallback: "synthetic" gives made rows where the file is not to be had.

    Raises:
        DataNotFoundError: if the file is not to be had; it says which to put where.
    """
    if version not in ROWS:
        raise ValueError(f"california_housing.load_data expects version 'large' or 'small', got {version!r}.")
    table = _table(folder, fallback)[: ROWS[version]].astype(np.float32)
    return shuffled(table[:, :8], table[:, 8], test_split, seed)


def fetch(folder: str | os.PathLike | None = None, fallback: str | None = None) -> tuple[np.ndarray, np.ndarray]:
    """x (20640, 8), y (20640,): `FEATURES` and value [100,000 $] as scikit-learn's `fetch_california_housing` gives them."""
    return features(_table(folder, fallback))


def features(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """x (n, 8), y (n,): `FEATURES` and value [100,000 $] of a table of `COLUMNS` and value [$]: means of a household."""
    longitude, latitude, age, rooms, bedrooms, population, households, income, value = table.T
    x = [income, age, rooms / households, bedrooms / households, population, population / households, latitude, longitude]
    return np.column_stack(x), value / 100_000.0


def synthetic(n: int = 20_640, seed: int = 0) -> np.ndarray:
    """A made table (n, 9) of `COLUMNS` and value [$]: where people earn more and live at the coast, houses cost more."""
    rng = np.random.default_rng(seed)
    latitude, households = rng.uniform(32.5, 42, n), rng.integers(20, 1500, n)
    inland, income = rng.exponential(1.5, n), rng.gamma(4, 1, n) + 0.5
    rooms, people = households * rng.uniform(3, 8, n), households * rng.uniform(1.5, 4.5, n)
    value = 1e5 * (0.4 * income - 0.3 * inland - 0.2 * people / households + 1.2 + rng.normal(0, 0.3, n))
    x = [inland - 124 + (42 - latitude), latitude, rng.integers(1, 53, n), rooms, rooms / 5, people, households, income]
    return np.column_stack([*x, value.clip(15_000, 500_001)])


def _table(folder: str | os.PathLike | None, fallback: str | None) -> np.ndarray:
    return found_or_made(lambda: np.loadtxt(io.StringIO(_text(folder)), delimiter=","), synthetic, fallback)


def _text(folder: str | os.PathLike | None) -> str:
    if is_here(TABLE, folder):
        return content(TABLE, folder).decode()
    with tarfile.open(fileobj=io.BytesIO(content(ARCHIVE, folder)), mode="r:gz") as archive:
        member = archive.extractfile(MEMBER)
        if member is None:
            raise ValueError(f"{ARCHIVE.name} expects the member {MEMBER}, got a folder of that name.")
        return member.read().decode()
