"""Settings that everything reads: the default float type, the fuzz factor, and how things are named."""

from __future__ import annotations

import re
from collections import Counter

_settings = {"floatx": "float32", "epsilon": 1e-7}
_counts: Counter[str] = Counter()


def floatx() -> str:
    """Name of the dtype that layers compute in and weights are made of."""
    return _settings["floatx"]  # type: ignore[return-value]


def set_floatx(name: str) -> None:
    """Set the default float type: "float16", "float32" or "float64" (for gradient checks)."""
    if name not in ("float16", "float32", "float64"):
        raise ValueError(f"set_floatx expects 'float16', 'float32' or 'float64', got {name!r}.")
    _settings["floatx"] = name


def epsilon() -> float:
    """The small number that keeps logarithms and divisions finite."""
    return _settings["epsilon"]  # type: ignore[return-value]


def unique_name(stem: str) -> str:
    """The next name of a kind: dense_1, dense_2, ..."""
    _counts[stem] += 1
    return f"{stem}_{_counts[stem]}"


def reset_names() -> None:
    """Start counting names at 1 again."""
    _counts.clear()


def snake_case(name: str) -> str:
    """BinaryCrossentropy -> binary_crossentropy, SGD -> sgd."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
