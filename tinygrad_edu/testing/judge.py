"""Every slope of a function that returns a single number, beside the gradient there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from ..graph import Leaf, make_value
from ..tensor import Tensor
from .slopes import Slope, central, complex_step, linear
from .sums import gradients_of

METHODS = ("auto", "complex", "central", "linear")
MODES = ("entries", "direction", "jacobian")
TOLERANCES = {  # rtol and atol
    "complex": (1e-9, 1e-10),
    "central": (1e-6, 1e-7),
    "linear": (1e-12, 1e-13),
}


class Entry(NamedTuple):
    """A slope, and the gradient there."""

    where: str
    key: tuple[int, Any]  # number of the input, index in it
    slope: Slope
    got: float
    right: bool

    def badness(self) -> float:
        """How far the gradient is off."""
        errors = [abs(self.got - slope) for slope in (self.slope.value, self.slope.left, self.slope.right) if slope == slope]
        return max(errors, default=np.inf) if self.got == self.got else np.inf

    def __str__(self) -> str:
        return f"{self.where}: {self.slope}, got {self.got:.10g}"


class Judge(NamedTuple):
    """How slopes are found, and what is right by them. The fields are arguments of `check_gradients`."""

    method: str
    mode: str
    kinks: str
    rtol: float | None
    atol: float | None
    random: np.random.Generator

    def entries(
        self, total: Callable, arrays: list[np.ndarray], names: list[str], skip: set, values: Callable | None = None
    ) -> Iterator[Entry]:
        """Slopes and gradients of `total` by every floating-point array.

        Args:
            total: takes Tensors, returns a single number.
            names: of the arrays.
            skip: keys of entries to leave out.
            values: takes arrays, returns the number whose slopes count; None means that of `total`.
        """
        xs = list(map(Tensor, arrays))
        found = gradients_of(total(*xs), xs)
        number = values or (lambda *moved: total(*map(as_leaf, moved)).array)
        method = self._method_for(number, arrays)
        for n, (array, g) in enumerate(zip(arrays, found)):
            if array.dtype.kind != "f":
                continue
            for where, index, direction, scale in self._directions(array):
                if (n, index) not in skip:
                    got = 0.0 if g is None else _component(g.numpy(), index, direction)
                    slope, right = self._compared(method, along(number, arrays, {n: direction}), scale, got)
                    yield Entry(f"{names[n]} {where}", (n, index), slope, got, right)

    def _directions(self, array: np.ndarray) -> Iterator[tuple[str, Any, np.ndarray, float]]:
        """Where to go from `array`: words, an index, the direction, and how long a step is there."""
        if self.mode == "direction":
            yield "along a random direction", None, self._random_direction(array), 1.0
            return
        for index in np.ndindex(array.shape):
            direction = np.zeros(array.shape)
            direction[index] = 1.0
            yield f"at {index}", index, direction, float(scale_of(array[index]))

    def _random_direction(self, array: np.ndarray) -> np.ndarray:
        return self.random.choice((-1.0, 1.0), array.shape) * self.random.uniform(0.5, 1.0, array.shape) * scale_of(array)

    def _method_for(self, number: Callable, arrays: list[np.ndarray]) -> str:
        """For "auto": a complex step, if it agrees with differences along a random direction that meet no kink."""
        if self.method != "auto":
            return self.method
        directions = {n: self._random_direction(array) for n, array in enumerate(arrays) if array.dtype.kind == "f"}
        line = along(number, arrays, directions)
        try:
            exact = complex_step(line)
        except Exception:  # a body that computes with real numbers only may fail in any way
            return "central"
        slope = central(line)
        near = abs(exact - slope.value) <= 1e-5 * max(1.0, abs(exact)) + 10 * slope.error
        return "auto" if near and not slope.bend else "central"

    def _compared(self, method: str, line: Callable, scale: float, got: float) -> tuple[Slope, bool]:
        """The slope of `line`, and whether `got` is right by it."""
        if method == "central":
            return self._by_differences(line, scale, got)
        if method == "linear":
            return self._linear(line, scale, got)
        slope = Slope(complex_step(line))
        if slope.allows(got, self._tolerance("complex", slope)) or method == "complex":
            return slope, slope.allows(got, self._tolerance("complex", slope))
        other, right = self._by_differences(line, scale, got)  # which of the two is nearer to a third opinion?
        if other.bend or abs(got - other.value) < abs(slope.value - other.value):
            return other, right
        return slope, False

    def _by_differences(self, line: Callable, scale: float, got: float) -> tuple[Slope, bool]:
        slope = central(line, scale)
        right = slope.allows(got, self._tolerance("central", slope))
        return slope, right and not (slope.bend and self.kinks == "error")

    def _linear(self, line: Callable, scale: float, got: float) -> tuple[Slope, bool]:
        slope = linear(line, scale)
        if slope.bend:
            law, fact = "a linear function for method='linear'", f"slopes {slope.left:.10g} and {slope.right:.10g}"
            raise AssertionError(f"check_gradients expects {law}, got {fact}. Use method='auto'.")
        return slope, slope.allows(got, self._tolerance("linear", slope) + slope.error)

    def _tolerance(self, method: str, slope: Slope) -> float:
        rtol, atol = TOLERANCES[method]
        rtol, atol = rtol if self.rtol is None else self.rtol, atol if self.atol is None else self.atol
        return atol + rtol * abs(slope.value)


def _component(g: np.ndarray, index: Any, direction: np.ndarray) -> float:
    return float((g * direction).sum() if index is None else g[index])


def along(number: Callable, arrays: list[np.ndarray], directions: dict[int, np.ndarray]) -> Callable[[Any], Any]:
    """`number` as a function of how far to go from `arrays` along `directions`; for a complex offset all are complex."""

    def value(offset):
        moved = list(arrays)
        if isinstance(offset, complex):
            moved = [x.astype(complex) if x.dtype.kind == "f" else x for x in moved]
        for n, direction in directions.items():
            moved[n] = moved[n] + offset * direction
        return number(*moved)

    return value


def as_leaf(array: np.ndarray) -> Tensor:
    """A Tensor that requires a gradient, of complex numbers too: what users cannot make, op bodies may understand."""
    if array.dtype.kind != "c":
        return Tensor(array)
    array = array if array.shape else array[()]
    return make_value(array, Leaf(array))


def scale_of(x: Any) -> Any:
    """The power of 2 next above |x|, at least 1: how long a step from x may be."""
    return 2.0 ** np.maximum(0, np.frexp(x)[1])
