"""What goes into a model and comes out of it, by name."""

from __future__ import annotations

from typing import Any

from ..structure import flatten


def input_names(model: Any) -> list[str] | None:
    """Names of the inputs; None for a model written by hand that was not called yet."""
    names = list(getattr(model, "input_names", ()))
    return names or (["input_1"] if _is_sequential(model) else None)


def output_names(model: Any, y_pred: Any = None) -> list[str] | None:
    """Names of the outputs, as the model has them, else after the structure of what a call returned.

    >>> output_names(None, {"price": 1.0, "sold": 0.5}), output_names(None, (np.ones(2), np.ones(2)))
    (['price', 'sold'], ['output_1', 'output_2'])
    """
    names = list(getattr(model, "output_names", ()))
    if y_pred is None:
        return names or None
    count = len(outputs_of(y_pred))
    if len(names) == count:
        return names
    return list(y_pred) if isinstance(y_pred, dict) else [f"output_{number}" for number in range(1, count + 1)]


def outputs_of(y_pred: Any) -> list:
    """The outputs in what a call returned, in order."""
    return flatten(y_pred)[0] if isinstance(y_pred, (list, tuple, dict)) else [y_pred]


def by_output(given: Any, names: list[str]) -> list:
    """Labels or weights of a batch for every output, None where there are none: of one array, a list, or a dict by name."""
    if isinstance(given, dict):
        return [given.get(name) for name in names]
    if len(names) == 1:
        return [given]
    return [None] * len(names) if given is None else list(given)


def _is_sequential(model: Any) -> bool:
    """Whether it has one input, even if nobody knows its shape."""
    return hasattr(model, "add") and hasattr(model, "pop")
