"""A second opinion on gradients, from differences of function values.

    >>> check_gradients(lambda x, y: (x * y).tanh(), [0.5, -1.0], 2.0)

says nothing, because all is well. Otherwise the error says where a gradient is wrong, the worst place first:

    >>> check_gradients(lambda x: (x * x.detach()).sum(), [0.5, -1.0])
    Traceback (most recent call last):
    AssertionError: check_gradients expects the gradients of order 1 of '<lambda>' to be its slopes, got 2 of 2 wrong:
      input 0 at (1,): expected -2, got -1
      input 0 at (0,): expected 1, got 0.5
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..calculus import gradients
from ..tensor import Tensor, as_tensor

NEAR = 2.0**-17  # near the cube root of the float64 epsilon; a power of two, so that x ± NEAR is exact
FAR = 2.0**-13  # over this step a smooth function bends 16 times as much, and a kink as much as over the near one
LINES = 10  # of the error text


def check_gradients(
    function: Callable, *inputs: Any, order: int = 2, rtol: float = 1e-6, atol: float = 1e-7, seed: int = 0
) -> None:
    """Compare the gradients of `function` with central differences, at every entry of every input.

    An output of several numbers is summed with random weights first. For order 2 the same is done with
    the function that returns the gradients, and so on for higher orders.

    Args:
        function: takes one Tensor per input, returns a Tensor or a list of them.
        inputs: arrays. Floating-point ones are checked, in float64; others are constants.
        order: how often to differentiate; 1 checks the gradients only.
        rtol, atol: how far a gradient may be from the slope, as in `numpy.isclose`.
        seed: for the weights.

    Raises:
        AssertionError: names input, index, slope and gradient. A kink is named too, even where the
            gradient happens to be the mean of its slopes: differences cannot judge there.
    """
    arrays = [np.array(x, np.float64 if np.asarray(x).dtype.kind == "f" else None) for x in inputs]
    name = getattr(function, "__name__", repr(function))
    random = np.random.default_rng(seed)
    for n in range(1, order + 1):
        total = _weighted(function, random)
        entries = list(_entries(total, arrays))
        wrong = sorted((entry for entry in entries if not entry.is_right(rtol, atol)), key=Entry.badness, reverse=True)
        if wrong:
            head = f"expects the gradients of order {n} of {name!r} to be its slopes, got {len(wrong)} of {len(entries)} wrong:"
            more = [f"and {len(wrong) - LINES} more"] if len(wrong) > LINES else []
            raise AssertionError("\n  ".join([f"check_gradients {head}", *map(str, wrong[:LINES]), *more]))
        function = _gradient_of(total)


class Entry(NamedTuple):
    """One number of one input: the slopes on both sides of it, and the gradient by it."""

    where: str
    left: float
    right: float
    kink: bool
    got: float

    def is_right(self, rtol: float, atol: float) -> bool:
        slope = (self.left + self.right) / 2
        return not self.kink and abs(self.got - slope) <= atol + rtol * abs(slope)

    def badness(self) -> float:
        error = max(abs(self.got - self.left), abs(self.got - self.right))
        return error if error == error else np.inf

    def __str__(self) -> str:
        if self.kink:
            return f"{self.where}: a kink, slopes {self.left:.10g} and {self.right:.10g}, got {self.got:.10g}"
        return f"{self.where}: expected {(self.left + self.right) / 2:.10g}, got {self.got:.10g}"


def _entries(total: Callable[..., Tensor], arrays: list[np.ndarray]) -> Iterator[Entry]:
    """Slopes and gradient of `total` at every entry of every floating-point input."""
    xs = list(map(Tensor, arrays))
    found = _gradients(total(*xs), xs)
    for n, (x, g, array) in enumerate(zip(xs, found, arrays)):
        if x.array.tobytes() != array.tobytes():
            raise AssertionError(f"check_gradients expects a function that leaves its inputs alone, got input {n} changed.")
        if not x.requires_grad:
            continue
        got = np.zeros(array.shape) if g is None else g.numpy()
        if got.shape != array.shape or got.dtype != array.dtype:
            law, fact = f"of {array.shape} {array.dtype}", f"{got.shape} {got.dtype}"
            raise AssertionError(f"check_gradients expects a gradient by input {n} {law} like the input, got {fact}.")
        for index in np.ndindex(array.shape):
            yield Entry(f"input {n} at {index}", *_slopes(total, arrays, n, index), got=float(got[index]))


def _slopes(total: Callable[..., Tensor], arrays: list[np.ndarray], n: int, index: tuple[int, ...]) -> tuple[float, float, bool]:
    """Slope to the left and to the right of entry `index` of input `n`, and whether they meet in a kink."""
    scale = 2.0 ** max(0, int(np.frexp(arrays[n][index])[1]))

    def value(offset: float) -> float:
        moved = [array.copy() for array in arrays]
        moved[n][index] += offset * scale
        return float(total(*map(Tensor, moved)).array)

    def sides(step: float) -> tuple[float, float]:
        return (middle - value(-step)) / (step * scale), (value(step) - middle) / (step * scale)

    middle = value(0.0)
    (left, right), (far_left, far_right) = sides(NEAR), sides(FAR)
    noise = 1e-7 + 1e-9 * abs(middle)
    return left, right, abs(right - left) > max(noise, abs(far_right - far_left) / 2)


def _weighted(function: Callable, random: np.random.Generator) -> Callable[..., Tensor]:
    """`function`, then the sum of its outputs with random weights, none of them near 0; a single number stays."""
    weights: list[np.ndarray] = []

    def total(*xs: Tensor) -> Tensor:
        outs = function(*xs)
        if isinstance(outs, Tensor) and not outs.shape:
            return outs
        outs = [outs] if isinstance(outs, Tensor) else outs
        for out in outs[len(weights) :]:
            weights.append(random.choice((-1.0, 1.0), out.shape) * random.uniform(0.5, 1.5, out.shape))
        return sum(((out * weight).sum() for out, weight in zip(outs, weights)), start=as_tensor(0.0))

    return total


def _gradient_of(total: Callable[..., Tensor]) -> Callable[..., list[Tensor]]:
    """The function that returns the gradients of `total`, ready to be differentiated again."""
    return lambda *xs: [g for g in _gradients(total(*xs), xs, create_graph=True) if g is not None]


def _gradients(value: Tensor, xs: Sequence[Tensor], create_graph: bool = False) -> list[Tensor | None]:
    """Gradient by each of `xs`; None for a constant and where `value` does not depend on it."""
    variables = [x for x in xs if x.requires_grad] if value.requires_grad else []
    found = dict(zip(variables, gradients(value, variables, create_graph=create_graph))) if variables else {}
    return [found.get(x) for x in xs]
