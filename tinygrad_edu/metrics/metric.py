"""Metric: something counted batch by batch, on plain arrays, until it is asked for and reset."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from .. import compat, initializers
from ..budget import claim
from ..calculus import no_grad
from ..config import snake_case
from ..graph import Value
from ..losses.labels import match, plain, unwrapped
from ..losses.reduction import without_padding
from ..registry import Configurable


class State(NDArrayOperatorsMixin):
    """What a metric remembers: an array with a name, which reckons like one.

    Args:
        name: what it is called in its metric.
        initial: what it is before anything was counted.
    """

    __slots__ = ("initial", "name", "value")

    def __init__(self, name: str, initial: np.ndarray):
        self.name = name
        self.initial = self.value = initial[()]

    shape = property(lambda self: self.value.shape)
    dtype = property(lambda self: self.value.dtype)
    ndim = property(lambda self: self.value.ndim)

    def assign(self, value: Any) -> State:
        """Take on another value, of the same shape or one that is repeated along it."""
        is_number_like_mine = isinstance(value, np.generic) and type(value) is type(self.value)
        self.value = value if is_number_like_mine else self._fitted(value)
        return self

    def _fitted(self, value: Any) -> Any:
        array = np.asarray(plain(value), self.value.dtype)
        return (array if array.shape == self.shape else np.broadcast_to(array, self.shape).copy())[()]

    def assign_add(self, value: Any) -> State:
        """Add to the value."""
        return self.assign(self.value + unwrapped(value))

    def assign_sub(self, value: Any) -> State:
        """Take away from the value."""
        return self.assign(self.value - unwrapped(value))

    def reset(self) -> None:
        """Be as in the beginning."""
        self.value = self.initial

    def numpy(self) -> np.ndarray:
        """A copy of the value."""
        return np.array(self.value)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.value, dtype)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return getattr(ufunc, method)(*(x.value if isinstance(x, State) else x for x in inputs), **kwargs)

    def __getitem__(self, key: Any) -> Any:
        return self.value[key]

    def __float__(self) -> float:
        return float(self.value)

    def __len__(self) -> int:
        return len(self.value)

    def __bool__(self) -> bool:
        return bool(self.value)

    def __format__(self, spec: str) -> str:
        return format(self.value, spec)

    def __repr__(self) -> str:
        return f"<State {self.name!r} {self.value}>"


class Metric(Configurable):
    """Something counted over batches. Subclasses count in `update_state` and say in `result` what it comes to.

        >>> class Positives(Metric):
        ...     def __init__(self, **kwargs):
        ...         super().__init__(**kwargs)
        ...         self.seen = self.add_weight(name="seen")
        ...     def update_state(self, y_true, y_pred, sample_weight=None):
        ...         self.seen.assign_add(np.sum(y_pred > 0.5))
        ...     def result(self):
        ...         return self.seen / 1
        >>> positives = Positives()
        >>> positives.update_state([0, 1], np.array([0.7, 0.9]))
        >>> positives(1, np.array([0.8]))
        np.float64(3.0)

    Metrics compute on arrays and record nothing. States are float64, so that counts stay exact; Keras' are float32.

    Args:
        name: key in the history. None: after the class.
        dtype: type of the states. None: float64.

    Attributes:
        direction: "up" if more is better, "down" if less is, None if nobody knows.
    """

    direction: str | None = None
    stateful = True  # Keras 2 asks it of whatever may be a metric: it counts from batch to batch
    default_name: str | None = None

    def __init__(self, name: str | None = None, dtype: Any = None, **unknown: Any):
        compat.refuse_unknown(type(self), unknown)
        self.name = name or self.default_name or snake_case(type(self).__name__)
        self.dtype = dtype
        self._states: list[State] = []

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Count a batch: (y_true, y_pred, sample_weight=None)."""
        raise NotImplementedError(f"{type(self).__name__} expects a method update_state(y_true, y_pred, sample_weight=None).")

    def result(self) -> Any:
        """What was counted since the last `reset_state()`, as a number or an array."""
        raise NotImplementedError(f"{type(self).__name__} expects a method result().")

    def reset_state(self) -> None:
        """Forget what was counted."""
        for state in self.variables:
            state.reset()

    def reset_states(self) -> None:
        """Forget what was counted; the spelling of Keras 2."""
        self.reset_state()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Count a batch, and say what all batches come to."""
        with no_grad():
            self.update_state(*args, **kwargs)
            return self.result()

    def add_weight(self, shape: Any = (), initializer: Any = "zeros", dtype: Any = None, name: str | None = None) -> State:
        """A state that `reset_state()` sets back. Keras 2 gives the name first, which is understood.

        Args:
            shape: of the state.
            initializer: what it is in the beginning.
            dtype: its type. None: that of the metric.
            name: what it is called.
        """
        if isinstance(shape, str):
            shape, name = (), shape
        dtype = dtype or self.dtype or "float64"
        claim(shape, dtype)
        initial = initializers.get("zeros" if initializer is None else initializer)(shape, dtype)
        self._states.append(State(name or f"state_{len(self._states)}", np.asarray(initial)))
        return self._states[-1]

    add_variable = add_weight

    @property
    def variables(self) -> list[State]:
        """The states, in the order in which they were added; then those of metrics that it keeps, also in lists and dicts."""
        inner = _metrics_in([value for name, value in vars(self).items() if isinstance(value, _MAY_HOLD) and name != "_states"])
        return [*self._states, *(state for metric in inner for state in metric.variables)]

    weights = variables

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r} {_told(self.result())}>"


_MAY_HOLD = Metric, list, tuple, dict


def _metrics_in(x: Any) -> list[Metric]:
    """The metrics in a list, a tuple or a dict, in order; of a single one, that one."""
    if isinstance(x, Metric):
        return [x]
    parts = x.values() if isinstance(x, dict) else x if isinstance(x, (list, tuple)) else ()
    return [metric for part in parts for metric in _metrics_in(part)]


def labelled(kind: str, y_true: Any, y_pred: Any, owner: str, axis: int = -1) -> tuple[np.ndarray, np.ndarray, Any]:
    """Labels and predictions that belong together, as arrays (see `losses.labels.match`), and the mask, if there is one."""
    mask = carried_mask(y_pred)
    y_true, y_pred = match(kind, plain(y_true), plain(y_pred), owner, axis)
    return without_padding(y_true, mask), y_pred, mask


def carried_mask(y_pred: Any) -> Any:
    """Which samples or steps of predictions are there, as layers after `Masking` or `Embedding` say; None: all of them."""
    return getattr(y_pred, "mask", None) if isinstance(y_pred, Value) else None


def share(part: Any, whole: Any) -> Any:
    """part / whole, and 0 where the whole is 0."""
    return number(part / (np.where(whole == 0, np.inf, whole) if isinstance(whole, np.ndarray) else whole or np.inf))


def number(x: Any) -> Any:
    """A float instead of an array of shape ()."""
    return x if isinstance(x, np.ndarray) and x.ndim else float(x)


def _told(result: Any) -> str:
    return f"{float(result):.4f}" if np.ndim(result) == 0 else str(np.round(result, 4))
