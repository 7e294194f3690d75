"""Settings that everything reads: the default float type, the fuzz factor, and how things are named."""

from __future__ import annotations

import re
from collections import Counter

__version__ = "0.1.0"

_settings = {"floatx": "float32", "epsilon": 1e-7, "bare_first_names": False}
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


def set_epsilon(value: float) -> None:
    """Set the small number that keeps logarithms and divisions finite."""
    if not 0 < value < 1:
        raise ValueError(f"set_epsilon expects a number between 0 and 1, got {value!r}. The default is 1e-7.")
    _settings["epsilon"] = float(value)


def set_bare_first_names(wanted: bool) -> None:
    """Whether layers are called dense, dense_1, ... as in Keras 3, and not dense_1, dense_2, ... as in Keras 2."""
    _settings["bare_first_names"] = bool(wanted)


def unique_name(stem: str) -> str:
    """The next name of a kind: dense_1, dense_2, ..."""
    _counts[stem] += 1
    number = _counts[stem] - _settings["bare_first_names"]  # type: ignore[operator]
    return f"{stem}_{number}" if number else stem


def reset_names() -> None:
    """Start counting names at 1 again."""
    _counts.clear()


def snake_case(name: str) -> str:
    """A class' name as Keras writes it in lower case.

    >>> [snake_case(name) for name in ("BinaryCrossentropy", "SGD", "Conv2DTranspose", "PReLU")]
    ['binary_crossentropy', 'sgd', 'conv2d_transpose', 'p_re_lu']
    """
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=.)(?=[A-Z][a-z])", "_", name).lower()
