"""What a graph should compute, without a graph: every value carries its derivatives by all it came from.

This is differentiation forward, by the chain rule alone, with slopes of each op by differences. It shares
nothing with the engine: no node, no rule, no walk back.

    >>> values = Reference()
    >>> x = values.leaf(np.array([1.0, 2.0]))
    >>> y = values.apply(np.square, [x])
    >>> values.backward(y, np.ones(2))
    >>> x.grad
    array([2., 4.])
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

STEPS = 2.0**-8, 2.0**-12


class Known:
    """An array, when it was made, from what, and its derivatives: a matrix by each value that it came from, itself included."""

    def __init__(self, array: Any, made: int, inputs: Sequence[Known] = (), requires_grad: bool = True):
        self.array = array
        self.made = made
        self.changed = 0  # when its memory was last changed, through whatever value
        self.inputs = tuple(inputs)
        self.slopes: dict[Known, np.ndarray] = {self: np.eye(np.size(array))} if requires_grad else {}
        self.collects = requires_grad and not self.inputs
        self.released = False
        self.grad: np.ndarray | None = None

    @property
    def is_leaf(self) -> bool:
        return not self.inputs

    def shares_memory(self, other: Known) -> bool:
        """Whether a change in place of one changes the other."""
        both = (self.array, other.array)
        return self is other or (all(isinstance(x, np.ndarray) for x in both) and np.shares_memory(*both))


class Reference:
    """All values of one computation."""

    def __init__(self):
        self.values: list[Known] = []
        self._now = itertools.count(1).__next__

    def leaf(self, array: Any, requires_grad: bool = True) -> Known:
        """A value that nothing was computed for."""
        return self._added(Known(array, self._now(), requires_grad=requires_grad))

    def apply(self, function: Callable, inputs: Sequence[Known], recording: bool = True) -> Known:
        """What `function` of arrays gives for `inputs`; a constant if none of them requires a gradient."""
        out = function(*(x.array for x in inputs))
        active = [n for n, x in enumerate(inputs) if x.slopes] if recording else []
        value = self._added(Known(out, self._now(), inputs if active else (), requires_grad=bool(active)))
        for n in active:
            local = _jacobian(function, [x.array for x in inputs], n)
            for source, slope in inputs[n].slopes.items():
                value.slopes[source] = value.slopes.get(source, 0.0) + local @ slope
        return value

    def write(self, value: Known, key: Any, numbers: Any) -> None:
        """Change a value in place, and with it all that share its memory."""
        array = np.asarray(value.array)
        array[key] = numbers
        if not isinstance(value.array, np.ndarray):
            value.array = array[()]
        now = self._now()
        for other in self.values:
            if value.shares_memory(other):
                other.changed = now

    def backward(self, value: Known, seed: np.ndarray, release: bool = True) -> None:
        """Add the gradient of <seed, value> to `grad` of all that collect."""
        for source, slope in value.slopes.items():
            if source.collects:
                g = (np.ravel(seed) @ slope).reshape(np.shape(source.array))
                source.grad = g if source.grad is None else source.grad + g
            source.released |= release and not source.is_leaf

    def is_released(self, value: Known) -> bool:
        """Whether going back from `value` meets what an earlier pass has released."""
        return any(source.released for source in value.slopes)

    def is_changed(self, value: Known) -> bool:
        """Whether going back from `value` meets an array that was changed after it was used."""
        return any(x.changed > step.made for step in _steps(value) for x in (step, *step.inputs))

    def would_change(self, written: Known, value: Known) -> bool:
        """Whether a change of `written` changes an array that going back from `value` meets."""
        return any(written.shares_memory(x) for step in _steps(value) for x in (step, *step.inputs))

    def _added(self, value: Known) -> Known:
        self.values.append(value)
        return value


def _steps(value: Known) -> list[Known]:
    return [source for source in value.slopes if not source.is_leaf]


def _jacobian(function: Callable, arrays: list, n: int) -> np.ndarray:
    """Derivatives of every number of the output by every number of input `n`, by Richardson's extrapolation."""
    columns = []
    for index in np.ndindex(np.shape(arrays[n])):
        far, near = (_difference(function, arrays, n, index, step) for step in STEPS)
        columns.append(np.ravel((256 * near - far) / 255))
    size = np.size(function(*arrays))
    return np.stack(columns, axis=1) if columns else np.zeros((size, 0))


def _difference(function: Callable, arrays: list, n: int, index: tuple[int, ...], step: float) -> np.ndarray:
    def value(offset: float) -> np.ndarray:
        moved = np.array(arrays[n])
        moved[index] += offset
        return np.asarray(function(*arrays[:n], moved, *arrays[n + 1 :]))

    return (value(step) - value(-step)) / (2 * step)
