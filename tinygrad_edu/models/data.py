"""What `fit`, `evaluate` and `predict` take: arrays, checked once before the first step."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np


class Data(NamedTuple):
    """Samples and their labels, row by row."""

    x: np.ndarray
    y: np.ndarray

    def batches(self, batch_size: int, order: np.ndarray | None = None) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Pairs (x, y) of `batch_size` rows, in the given order; the last may be shorter."""
        for start in range(0, len(self.x), batch_size):
            rows = slice(start, start + batch_size) if order is None else order[start : start + batch_size]
            yield self.x[rows], self.y[rows]


def samples(owner: str, name: str, values: Any, dtype: str | None = None) -> np.ndarray:
    """`values` as an array of finite real numbers, one sample per row.

    Raises:
        TypeError: for text and objects. ValueError: for a scalar, no samples, nan or inf.
    """
    if values is None:
        raise ValueError(f"{owner} expects {name}, got None.")
    array = np.asarray(values)
    if array.dtype == object:
        array = _numbers_in(owner, name, array)
    if array.dtype.kind not in "fiub":
        raise TypeError(
            f"{owner} expects numbers in {name}, got {array.dtype.name}. "
            "Encode text first, for example with sklearn.preprocessing.LabelEncoder."
        )
    if array.ndim == 0 or len(array) == 0:
        raise ValueError(f"{owner} expects at least one sample in {name}, got shape {array.shape}.")
    _check_finite(owner, name, array)
    return array.astype(dtype, copy=False) if dtype and array.dtype.kind == "f" else array


def _numbers_in(owner: str, name: str, array: np.ndarray) -> np.ndarray:
    """An array of objects as one of numbers, if that is what they are."""
    try:
        return array.astype(float)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{owner} expects numbers in {name}, got objects ({error}). Convert the columns first.") from None


def _check_finite(owner: str, name: str, array: np.ndarray) -> None:
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        where = np.argwhere(~np.isfinite(array))[0]
        place = ", ".join(f"{axis} {i}" for axis, i in zip(("row", "column", *["axis"] * array.ndim), where))
        got = array[tuple(where)]
        raise ValueError(f"{owner} expects finite numbers in {name}, got {got} at {place}. Remove or fill such rows first.")


def pairs(owner: str, x: Any, y: Any, dtype: str) -> Data:
    """Samples and labels of equal number."""
    data = Data(samples(owner, "x", x, dtype), samples(owner, "y", y, dtype))
    if len(data.x) != len(data.y):
        raise ValueError(f"{owner} expects as many labels as samples, got {len(data.x)} rows of x and {len(data.y)} of y.")
    return data


def split(data: Data, share: float) -> tuple[Data, Data]:
    """Training and validation data: the last `share` of the rows is held out, before any shuffling."""
    if not 0 < share < 1:
        raise ValueError(f"fit expects validation_split between 0 and 1, got {share!r}.")
    at = int(len(data.x) * (1 - share))
    if at == 0 or at == len(data.x):
        raise ValueError(f"fit expects rows on both sides of validation_split={share}, got {len(data.x)} rows in all.")
    return Data(data.x[:at], data.y[:at]), Data(data.x[at:], data.y[at:])


def whole(owner: str, name: str, value: Any, least: int) -> int:
    """`value` as an int that is at least `least`."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{owner} expects {name} to be a whole number, got {value!r}.") from None
    if number < least:
        raise ValueError(f"{owner} expects {name} >= {least}, got {number}.")
    return number
