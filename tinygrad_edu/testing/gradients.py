"""A second opinion on gradients, from function values alone.

    >>> check_gradients(lambda x, y: (x * y).tanh(), [0.5, -1.0], 2.0)
    <right: 3 gradients of order 1, 3 of order 2>

Where one is wrong, an error says so, the worst place first:

    >>> check_gradients(lambda x: (x * x.detach()).sum(), [0.5, -1.0])
    Traceback (most recent call last):
    AssertionError: check_gradients expects the gradients of order 1 of '<lambda>' to be its slopes, got 2 of 2 wrong:
      input 0 at (1,): expected -2, got -1
      input 0 at (0,): expected 1, got 0.5

A point without a slope is told, and judged by what lies between the slopes on both sides:

    >>> check_gradients(lambda x: abs(x).sum(), [0.0, 3.0])
    <right: 2 gradients of order 1, 1 of order 2>
      input 0 at (0,): a kink, slopes -1 and 1, got 0
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..tensor import Tensor
from .cotangents import as_weights, check_laws
from .judge import METHODS, MODES, Entry, Judge
from .structure import flattened, named_arrays
from .sums import gradient_of, single_outputs, weighted

LINES = 10  # of an error text


def check_gradients(
    function: Callable,
    *inputs: Any,
    order: int = 2,
    method: str = "auto",
    mode: str = "entries",
    reference: Callable | None = None,
    kinks: str = "report",
    rtol: float | None = None,
    atol: float | None = None,
    seed: int = 0,
) -> Report:
    """Compare the gradients of `function` with its slopes, and hold them to the laws of going back.

    An output of several numbers is summed with random weights first. For order 2 the same is done with
    the function that returns the gradients, and so on for higher orders. The laws: inputs
    stay as they are; a gradient has the shape and dtype of its input and memory of its own; it is linear
    in what arrives, exactly 0 where 0 arrives, and has the same bits when computed again.

    Args:
        function: takes one argument per input, returns a Tensor or a list or dict of them.
        inputs: arrays, or lists and dicts of them. Floating-point ones are checked, in float64; others are constants.
        order: how often to differentiate; 1 checks the gradients only.
        method: where slopes come from. "complex": a complex step, exact, for analytic functions; "central":
            differences; "linear": differences over a step of 1, for functions linear in each number; "auto":
            a complex step where it agrees with differences along a random direction, else differences.
        mode: "entries": every number of every input; "direction": one random direction per input, for
            large functions; "jacobian": every number of every input by every number of the output.
        reference: the same function on NumPy arrays; then it gives the slopes of order 1, and the expected value.
        kinks: "report" them, or take them for an "error".
        rtol, atol: how far a gradient may be from the slope, as in `numpy.isclose`. None: 1e-9 and 1e-10 for a
            complex step, 1e-6 and 1e-7 for differences.
        seed: for weights and directions.

    Returns:
        A Report of what was compared.

    Raises:
        AssertionError: names input, index, slope and gradient, or the law that is broken.

    Source: Squire & Trapp (1998) for the complex step; Griewank & Walther (2008), chapter 3, for the laws.
    """
    for what, value, known_values in (("method", method, METHODS), ("mode", mode, MODES), ("kinks", kinks, ("report", "error"))):
        _one_of(what, value, known_values)
    named = [pair for n, x in enumerate(inputs) for pair in named_arrays(x, f"input {n}")]
    names, arrays = [name for name, _ in named], [array for _, array in named]
    flat, known = flattened(function, inputs), flattened(reference, inputs) if reference else None
    random = np.random.default_rng(seed)
    check_laws(flat, arrays, names, random)
    if known:
        _same_value(flat, known, arrays)
    judge = Judge(method, mode, kinks, rtol, atol, random)
    report = Report(getattr(function, "__name__", repr(function)))
    for n in range(1, order + 1):
        outs = flat(*map(Tensor, arrays))
        weights = [as_weights(random, out) * np.isfinite(out.numpy()) for out in outs]
        parts = single_outputs(outs) if mode == "jacobian" and n == 1 else [("", weights)]
        entries: list[Entry] = []
        for label, part in parts:
            values = weighted(known, part) if known and n == 1 else None
            entries += judge.entries(weighted(flat, part), arrays, [label + name for name in names], report.bent, values)
        report.add(entries)
        flat = gradient_of(weighted(flat, weights))
    return report


class Report:
    """What `check_gradients` compared: `entries`, a list of them for each order."""

    def __init__(self, name: str):
        self.name = name
        self.entries: list[list[Entry]] = []

    @property
    def kinks(self) -> list[Entry]:
        """Where there is no slope."""
        return [entry for entries in self.entries for entry in entries if entry.slope.bend]

    @property
    def bent(self) -> set:
        """The keys of these entries: no higher slope is asked for there."""
        return {entry.key for entry in self.kinks}

    @property
    def worst(self) -> float:
        """The largest difference between a slope and a gradient."""
        errors = [abs(entry.got - entry.slope.value) for entries in self.entries for entry in entries if not entry.slope.bend]
        return max(errors, default=0.0)

    def add(self, entries: list[Entry]) -> None:
        """Take in the entries of the next order; refuse them if one is wrong."""
        self.entries.append(entries)
        wrong = sorted((entry for entry in entries if not entry.right), key=Entry.badness, reverse=True)
        if wrong:
            law = f"the gradients of order {len(self.entries)} of {self.name!r} to be its slopes"
            head = f"check_gradients expects {law}, got {len(wrong)} of {len(entries)} wrong:"
            more = [f"and {len(wrong) - LINES} more"] if len(wrong) > LINES else []
            raise AssertionError("\n  ".join([head, *map(str, wrong[:LINES]), *more]))

    def __repr__(self) -> str:
        counts = [f"{len(entries)} of order {n}" for n, entries in enumerate(self.entries, 1)]
        head = "<right: " + ", ".join(counts).replace(" of", " gradients of", 1) + ">"
        return "\n  ".join([head, *map(str, self.kinks)])


def _one_of(what: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(f"check_gradients expects {what} out of {', '.join(map(repr, known))}, got {value!r}. Choose another.")


def _same_value(flat: Callable, known: Callable, arrays: list[np.ndarray]) -> None:
    """The function and its reference agree at the point itself."""
    pairs = zip(flat(*map(Tensor, arrays)), known(*arrays), strict=True)
    for n, (out, expected) in enumerate(pairs):
        if out.shape != expected.shape or not np.allclose(out.numpy(), expected, rtol=1e-12, atol=1e-12, equal_nan=True):
            law, fact = f"output {n} to be its reference's, {expected}", f"{out.numpy()}"
            raise AssertionError(f"check_gradients expects {law}, got {fact}. Check the function before its gradients.")
