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
    array = _array(owner, name, values)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{owner} expects numbers in {name}, got {array.dtype.name}. {_ENCODE}")
    if array.ndim == 0 or len(array) == 0:
        raise ValueError(f"{owner} expects at least one sample in {name}, got shape {array.shape}.")
    if array.dtype.kind != "f":
        return array
    with np.errstate(over="ignore"):
        cast = array.astype(dtype or array.dtype, copy=False)
    if not np.isfinite(cast).all():
        place, got = _first(~np.isfinite(cast), array)
        why = "Remove or fill such rows first." if not np.isfinite(got) else f"It is too large for {dtype}: scale the data first."
        raise ValueError(f"{owner} expects finite numbers in {name}, got {got} at {place}. {why}")
    return cast


_ENCODE = "Encode text first, for example with sklearn.preprocessing.LabelEncoder."


def _array(owner: str, name: str, values: Any) -> np.ndarray:
    """`values` as an array; objects as numbers, if that is what they are."""
    try:
        array = np.asarray(values)
    except ValueError:
        raise ValueError(f"{owner} expects rows of one length in {name}, got rows that differ. Pad or cut them first.") from None
    if array.dtype != object:
        return array
    try:
        return array.astype(float)
    except (TypeError, ValueError):
        place, got = _first(np.vectorize(_is_no_number, otypes=[bool])(array), array)
        hint = _ENCODE if isinstance(got, str) else "Convert or drop such columns first."
        raise TypeError(f"{owner} expects numbers in {name}, got {got!r} at {place}. {hint}") from None


def _is_no_number(x: Any) -> bool:
    try:
        float(x)
    except (TypeError, ValueError):
        return True
    return False


def _first(wrong: np.ndarray, array: np.ndarray) -> tuple[str, Any]:
    """Where the first wrong entry stands, "row 3, column 1", and what it is."""
    where = np.argwhere(wrong)[0]
    return ", ".join(f"{axis} {i}" for axis, i in zip(("row", "column", *["axis"] * wrong.ndim), where)), array[tuple(where)]


def pairs(owner: str, x: Any, y: Any, dtype: str) -> Data:
    """Samples and labels of equal number."""
    data = Data(samples(owner, "x", x, dtype), samples(owner, "y", y, dtype))
    if len(data.x) != len(data.y):
        raise ValueError(f"{owner} expects as many labels as samples, got {len(data.x)} rows of x and {len(data.y)} of y.")
    return data


def split(data: Data, share: float) -> tuple[Data, Data]:
    """Training and validation data: the last `share` of the rows is held out, before any shuffling."""
    if not (isinstance(share, (int, float, np.number)) and 0 < share < 1):
        raise ValueError(f"fit expects validation_split between 0 and 1, got {share!r}.")
    at = int(len(data.x) * (1 - share))
    if at == 0 or at == len(data.x):
        raise ValueError(f"fit expects rows on both sides of validation_split={share}, got {len(data.x)} rows in all.")
    return Data(data.x[:at], data.y[:at]), Data(data.x[at:], data.y[at:])


def whole(owner: str, name: str, value: Any, least: int) -> int:
    """`value` as an int that is at least `least`."""
    if isinstance(value, (bool, np.bool_)) or not hasattr(value, "__index__"):
        raise TypeError(f"{owner} expects {name} to be a whole number, got {value!r}.")
    number = operator.index(value)
    if number < least:
        raise ValueError(f"{owner} expects {name} >= {least}, got {number}.")
    return number
