"""10,000 customers of a bank, of whom one in five left. Teaching data (SuperDataScience), without a stated licence."""

from __future__ import annotations

import csv
import io
import os

import numpy as np

from .source import Source, content, found_or_made

TABLE = Source("churn", "Churn_Modelling.csv", "ee2a5c9d8daf3aed0d91c4d883a84ebb77d271447bebc0f0c80aafb0f288ceab", "")
FEATURES = (
    "Germany", "Spain", "CreditScore", "Male", "Age", "Tenure", "Balance", "NumOfProducts", "HasCrCard", "IsActiveMember",
    "EstimatedSalary",
)  # fmt: skip
ROWS = 10_000


def load_data(folder: str | os.PathLike | None = None, fallback: str | None = None) -> tuple[np.ndarray, np.ndarray]:
    """x (10000, 11) float64 with the columns `FEATURES`, not scaled; y (10000,) int64: 1 for a customer who left.

    Countries and sexes are 0 or 1; France and women are the zeros.

    Args:
        folder: as in `fashion_mnist.load_data`. Nobody is known to publish this very file for long.
        fallback: "synthetic" gives made rows where the file is not to be had.

    Raises:
        DataNotFoundError: if the file is not to be had; it says which to put where.
    """
    return found_or_made(lambda: _read(content(TABLE, folder)), synthetic, fallback)


def _read(data: bytes) -> tuple[np.ndarray, np.ndarray]:
    rows = list(csv.DictReader(io.StringIO(data.decode())))
    coded = [
        {**row, "Germany": row["Geography"] == "Germany", "Spain": row["Geography"] == "Spain", "Male": row["Gender"] == "Male"}
        for row in rows
    ]
    x = np.array([[float(row[name]) for name in FEATURES] for row in coded])
    return x, np.array([int(row["Exited"]) for row in rows], np.int64)


def synthetic(n: int = ROWS, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Made rows of the same columns: the old, the inactive and the Germans leave more often."""
    rng = np.random.default_rng(seed)
    country, balance = rng.choice(3, n, p=[0.5, 0.25, 0.25]), rng.normal(120_000, 30_000, n).clip(0)
    x = np.column_stack([
        country == 1, country == 2, rng.integers(350, 851, n), rng.random(n) < 0.55, rng.integers(18, 93, n),
        rng.integers(0, 11, n), balance * (rng.random(n) < 0.64), rng.integers(1, 5, n), rng.random(n) < 0.7,
        rng.random(n) < 0.5, rng.uniform(0, 200_000, n),
    ]).astype(float)  # fmt: skip
    chance = 1 / (1 + np.exp(2.2 - 0.05 * (x[:, 4] - 50) + 1.0 * x[:, 9] - 0.8 * x[:, 0]))
    return x, (rng.random(n) < chance).astype(np.int64)
