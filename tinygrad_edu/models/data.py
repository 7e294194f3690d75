"""What `fit`, `evaluate` and `predict` take as arrays: one, or several in a list, a tuple or a dict."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..graph import Value, make_value


class Rows:
    """Arrays of as many rows each, in the structure in which they were given: one alone, a list, a tuple or a dict of them.

    A part may be None: the labels of an output that has no loss, weights that are all 1.

        >>> pair = Rows({"a": np.arange(4), "b": np.arange(8).reshape(4, 2)})
        >>> len(pair), pair.take(slice(2, 3))
        (4, {'a': array([2]), 'b': array([[4, 5]])})

    Args:
        structure: the arrays.
        as_tensors: whether `take` makes constant Tensors. Nobody outside holds these, so that no op has to look after them.
    """

    __slots__ = ("as_tensors", "is_one", "keys", "kind", "parts")

    def __init__(self, structure: Any, as_tensors: bool = False):
        self.as_tensors = as_tensors
        self.is_one = not isinstance(structure, (list, tuple, dict))
        self.kind: type = type(structure)
        self.keys = list(structure) if isinstance(structure, dict) else None
        self.parts = [structure] if self.is_one else list(structure.values() if self.keys else structure)

    def __len__(self) -> int:
        return next(len(part) for part in self.parts if part is not None)

    def take(self, rows: Any) -> Any:
        """Some of the rows, by a slice or their numbers, in the structure of the whole."""
        if self.is_one:
            found = self.parts[0][rows]
            return make_value(found) if self.as_tensors else found
        return self._packed([part if part is None else part[rows] for part in self.parts])

    def split(self, at: int) -> tuple[Rows, Rows]:
        """The first `at` rows, and the others."""
        halves = [[part if part is None else part[rows] for part in self.parts] for rows in (slice(at), slice(at, None))]
        first, last = (Rows(self._packed(half, False), self.as_tensors) for half in halves)
        return first, last

    def _packed(self, arrays: list, as_tensors: bool | None = None) -> Any:
        if self.as_tensors if as_tensors is None else as_tensors:
            arrays = [array if array is None else make_value(array) for array in arrays]
        if self.is_one:
            return arrays[0]
        if self.keys:
            return dict(zip(self.keys, arrays))
        return tuple(arrays) if self.kind is not list else arrays

    @property
    def shapes(self) -> Any:
        """The shape of every part, in the structure; tuples as lists, since a shape is a tuple too."""
        shapes = [part.shape for part in self.parts]
        return shapes[0] if self.is_one else dict(zip(self.keys, shapes)) if self.keys else shapes


def samples(owner: str, name: str, values: Any, dtype: str | None = None) -> np.ndarray:
    """`values` as an array of finite real numbers, one sample per row.

    Raises:
        TypeError: for text and objects. ValueError: for a scalar, no samples, nan or inf.
    """
    if values is None:
        raise ValueError(f"{owner} expects {name}, got None. Pass {'labels' if name == 'y' else 'data'}.")
    columns = getattr(values, "columns", None)
    array = _array(owner, name, values, columns)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{owner} expects numbers in {name}, got {array.dtype.name}. {_ENCODE}")
    if array.ndim == 0 or len(array) == 0:
        raise ValueError(f"{owner} expects at least one sample in {name}, got shape {array.shape}. Pass rows of data.")
    if array.dtype.kind != "f":
        return array
    with np.errstate(over="ignore"):
        cast = array.astype(dtype or array.dtype, copy=False)
    if not _is_finite(cast):
        place, got = _first(~np.isfinite(cast), array, columns)
        why = "Remove or fill such rows first." if not np.isfinite(got) else f"It is too large for {dtype}: scale the data first."
        raise ValueError(f"{owner} expects finite numbers in {name}, got {got} at {place}. {why}")
    return cast


def _is_finite(array: np.ndarray) -> bool:
    """Whether all numbers are: a finite sum has no other terms, and takes no memory. The sum of large ones says nothing."""
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(np.add.reduce(array, axis=None)) or np.isfinite(array).all())


_ENCODE = "Encode text first, for example with sklearn.preprocessing.LabelEncoder."


def _array(owner: str, name: str, values: Any, columns: Any) -> np.ndarray:
    """`values` as an array; objects as numbers, if that is what they are."""
    if callable(values) and not hasattr(values, "__array__"):
        raise TypeError(f"{owner} expects data in {name}, got the function {values!r}. Call it, if it is a generator's.")
    try:
        array = values.array if isinstance(values, Value) else np.asarray(values)
    except ValueError:
        raise ValueError(f"{owner} expects rows of one length in {name}, got rows that differ. Pad or cut them first.") from None
    if array.dtype != object:
        return array
    try:
        return array.astype(float)
    except (TypeError, ValueError):
        place, got = _first(np.vectorize(_is_no_number, otypes=[bool])(array), array, columns)
        hint = _ENCODE if isinstance(got, str) else "Convert or drop such columns first."
        raise TypeError(f"{owner} expects numbers in {name}, got {got!r} at {place}. {hint}") from None


def _is_no_number(x: Any) -> bool:
    try:
        float(x)
    except (TypeError, ValueError):
        return True
    return False


def _first(wrong: np.ndarray, array: np.ndarray, columns: Any) -> tuple[str, Any]:
    """Where the first wrong entry stands, "row 3, column 1", and what it is. A table's columns have names."""
    where = np.argwhere(wrong)[0] if wrong.ndim else []
    words = [f"{axis} {i}" for axis, i in zip(("row", "column", *["axis"] * wrong.ndim), where)]
    if columns is not None and len(words) == 2:
        words[1] += f" ({columns[where[1]]!r})"
    return ", ".join(words) or "its only place", array[tuple(where)]


# Several arrays ----------------------------------------------------------------------------------


def rows_of(
    owner: str, name: str, values: Any, ports: list[str] | None, convert: Callable[[str, Any], Any], optional: bool = False
) -> Any:
    """`values` as an array, or as a list, tuple or dict of arrays, each of which `convert(name, part)` has seen.

    Args:
        owner, name: who expects what, for messages.
        values: what a user gave.
        ports: names of the inputs or outputs that it is for. None: not known yet, so that several arrays are several inputs.
        optional: whether a part may be None, and a dict leave out names.

    Raises:
        ValueError: for another number of arrays, and for unknown or missing names.
    """
    one = ports is not None and len(ports) == 1
    if isinstance(values, dict):
        if ports is not None:
            _check_names(owner, name, values, ports, optional)
        if one:
            return convert(name, values[ports[0]])  # type: ignore[index]
        return {key: None if part is None else convert(f"{name}[{key!r}]", part) for key, part in values.items()}
    if isinstance(values, (list, tuple)) and (ports is None or not one) and (ports or _holds_arrays(values)):
        if ports is not None and len(values) != len(ports):
            raise ValueError(f"{owner} expects {name} for {', '.join(ports)}, got {len(values)} arrays. Pass {len(ports)}.")
        parts = [None if part is None and optional else convert(f"{name}[{i}]", part) for i, part in enumerate(values)]
        return tuple(parts) if isinstance(values, tuple) else parts
    if one and isinstance(values, (list, tuple)) and len(values) == 1 and _holds_arrays(values):
        is_row = name == "x" and np.ndim(values[0]) == 1
        return convert(name, values if is_row else values[0])
    if one and isinstance(values, tuple) and len(values) > 1 and all(np.ndim(part) > 1 for part in values):
        raise ValueError(f"{owner} expects one array in {name}, got {len(values)}. Labels go into y.")
    if ports is not None and not one:
        raise ValueError(f"{owner} expects {name} for {', '.join(ports)}, got one. Pass a list of {len(ports)}, or a dict.")
    return convert(name, values)


def _holds_arrays(values: Iterable[Any]) -> bool:
    return any(hasattr(part, "shape") and np.ndim(part) for part in values)


def _check_names(owner: str, name: str, values: dict, ports: list[str], optional: bool) -> None:
    unknown = [key for key in values if key not in ports]
    missing = [] if optional else [port for port in ports if port not in values]
    if unknown or missing:
        got = f"the name {unknown[0]!r}" if unknown else f"nothing for {missing[0]!r}"
        raise ValueError(f"{owner} expects {name} by the names {', '.join(ports)}, got {got}. Rename the keys.")


def same_length(owner: str, **named: Rows | None) -> None:
    """Refuse arrays of different numbers of rows."""
    sizes: dict[int, str] = {}
    for name, rows in named.items():
        for part in [] if rows is None else rows.parts:
            if part is not None:
                sizes.setdefault(len(part), f"{len(part)} rows of {name}")
    if len(sizes) > 1:
        got = " and ".join(sizes.values())
        raise ValueError(f"{owner} expects as many labels, and weights, as samples, got {got}. Cut or fill the shorter one.")
