"""What optimizers and schedules are told in numbers: taken from Python, NumPy or a Tensor, and checked."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable
from typing import Any

from ..arguments import number
from ..config import epsilon as default_epsilon


def above_zero(owner: str, name: str, value: Any) -> float:
    """`value` as a finite float > 0."""
    found = number(owner, name, value)
    if not found:
        raise ValueError(f"{owner} expects {name} > 0, got {value!r}.")
    return found


def share(owner: str, name: str, value: Any, hint: str = "Try 0.9.") -> float:
    """`value` as a float in [0, 1): how much of the past an average keeps."""
    found = number(owner, name, value, 0.0, 1.0, hint=hint)
    if found == 1:
        raise ValueError(f"{owner} expects {name} below 1, got {value!r}: it would never learn anything new. {hint}")
    return found


def fuzz_factor(owner: str, epsilon: Any) -> float:
    """`epsilon` as a float >= 0; None means `backend.epsilon()`."""
    return number(owner, "epsilon", default_epsilon() if epsilon is None else epsilon)


def count(owner: str, name: str, value: Any, low: int = 1) -> int:
    """`value` as a whole number >= `low`."""
    try:
        found = operator.index(value)
    except TypeError:
        raise TypeError(f"{owner} expects {name} to be a whole number >= {low}, got {value!r}.") from None
    if found < low:
        raise ValueError(f"{owner} expects {name} >= {low}, got {value!r}.")
    return found


def optional(check: Callable, owner: str, name: str, value: Any, **limits: Any) -> Any:
    """None, or what `check` makes of `value`."""
    return None if value is None else check(owner, name, value, **limits)


def required_arguments(function: Callable) -> list[str]:
    """Names of the positional arguments without which `function` cannot be called.

    >>> required_arguments(lambda epoch, s=20.0: 0.01 * 0.1 ** (epoch / s))
    ['epoch']
    """
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # written in C, and silent about itself
        return ["x"]
    return [p.name for p in parameters if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
