"""Numbers that users hand in, checked: of Python, NumPy or a Tensor, refused in the words of the law that they break."""

from __future__ import annotations

import math
from typing import Any


def number(owner: str, name: str, value: Any, low: float = 0.0, high: float = math.inf, *, hint: str = "") -> float:
    """`value` as a float from `low` to `high`, finite.

    >>> number("SGD", "momentum", np.float32(0.5), high=1)
    0.5

    Raises:
        TypeError: for what is no number, or several.
        ValueError: for a number outside, or nan.
    """
    limits, found = _in_words(low, high), _as_float(value)
    if found is None:
        raise TypeError(f"{owner} expects {name} to be a number{limits}, got {value!r}. {hint}".rstrip())
    if not (low <= found <= high and math.isfinite(found)):
        raise ValueError(f"{owner} expects {name}{limits or ' to be finite'}, got {value!r}. {hint}".rstrip())
    return found


def _in_words(low: float, high: float) -> str:
    if math.isfinite(high):
        return f" in [{low:g}, {high:g}]"
    return f" >= {low:g}" if math.isfinite(low) else ""


def _as_float(value: Any) -> float | None:
    try:
        return None if isinstance(value, str) or getattr(value, "ndim", 0) > 0 else float(value)
    except (TypeError, ValueError):
        return None
