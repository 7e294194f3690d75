"""What holds for the gradients of every function, whatever its slopes: laws of going back."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..calculus import gradients
from ..tensor import Tensor, as_tensor


def check_laws(function: Callable[..., list[Tensor]], arrays: list[np.ndarray], names: list[str], random: Any) -> None:
    """Check every law on `function`, which takes Tensors and returns a list of them.

    Raises:
        AssertionError: names the law, and the input by whose gradient it is broken.
    """
    xs = list(map(Tensor, arrays))
    outs = function(*xs)
    _same_value_twice(outs, function(*map(Tensor, arrays)))
    u, v = ([as_weights(random, out) for out in outs] for _ in range(2))
    found = _pull(outs, xs, u)
    _inputs_left_alone(xs, arrays, names)
    _like_the_inputs(names, xs, found)
    _apart(names, found, [*(x.numpy() for x in xs), *u])
    _same_bits_again(names, found, _pull(outs, xs, u))
    _zero_from_zero(names, found, _pull(outs, xs, [0 * w for w in u]))
    _linear(names, found, _pull(outs, xs, v), _pull(outs, xs, [3 * a - 2 * b for a, b in zip(u, v)]))


def as_weights(random: np.random.Generator, out: Any) -> np.ndarray:
    """Random numbers in the shape of `out`, of either sign and none of them near 0."""
    return np.asarray(random.choice((-1.0, 1.0), out.shape) * random.uniform(0.5, 1.5, out.shape))


def _pull(outs: list[Tensor], xs: list[Tensor], cotangents: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Gradients of Σ <cotangent, out> by each of `xs`; zeros where there is none."""
    variables = [x for x in xs if x.requires_grad]
    total: dict[Tensor, np.ndarray] = {}
    for out, cotangent in zip(outs, cotangents):
        if out.requires_grad and variables:
            for x, g in zip(variables, gradients(out, variables, as_tensor(cotangent), retain_graph=True)):
                if g is not None:
                    total[x] = total[x] + g.numpy() if x in total else g.numpy()
    return [total.get(x, np.zeros(x.shape)) for x in xs]


# The laws ----------------------------------------------------------------------------------------


def _same_value_twice(outs: list[Tensor], again: list[Tensor]) -> None:
    same = [out.numpy().tobytes() for out in outs] == [out.numpy().tobytes() for out in again]
    _require(same, "a function that gives the same value twice", "another value", "Seed it, or switch training off")


def _inputs_left_alone(xs: list[Tensor], arrays: list[np.ndarray], names: list[str]) -> None:
    for name, x, array in zip(names, xs, arrays):
        same = x.array.tobytes() == array.tobytes()
        _require(same, "a function that leaves its inputs alone", f"{name} changed", "Compute a new array")


def _like_the_inputs(names: list[str], xs: list[Tensor], found: list[np.ndarray]) -> None:
    for name, x, g in zip(names, xs, found):
        alike = not x.requires_grad or (g.shape, g.dtype) == (x.shape, x.dtype)
        law, fact = f"a gradient by {name} of {x.shape} {x.dtype} like the input", f"{g.shape} {g.dtype}"
        _require(alike, law, fact, "Sum or cast it in the rule")


def _apart(names: list[str], found: list[np.ndarray], others: list[np.ndarray]) -> None:
    for (n, g), other in itertools.product(enumerate(found), others):
        fact = f"one by {names[n]} that shares an input's or what arrived"
        _require(not np.shares_memory(g, other), "gradients in memory of their own", fact, "Copy it in the rule")
    for (n, g), (m, other) in itertools.combinations(enumerate(found), 2):
        fact = f"one array for {names[n]} and {names[m]}"
        _require(not np.shares_memory(g, other), "gradients in memory of their own", fact, "Copy it in the rule")


def _same_bits_again(names: list[str], found: list[np.ndarray], again: list[np.ndarray]) -> None:
    for name, g, h in zip(names, found, again):
        same = g.tobytes() == h.tobytes()
        _require(same, "the same bits from a second backward pass", f"others by {name}", "A rule must not keep state")


def _zero_from_zero(names: list[str], found: list[np.ndarray], zeros: list[np.ndarray]) -> None:
    """Except where a slope is infinite, for 0 times that is nan."""
    for name, g, zero in zip(names, found, zeros):
        wrong = zero[np.isfinite(g) & (zero != 0)]
        fact = f"{wrong[0]:.10g} by {name}" if wrong.size else ""
        _require(not wrong.size, "a gradient of exactly 0 where 0 arrives", fact, "A rule must multiply by g")


def _linear(names: list[str], of_u: list[np.ndarray], of_v: list[np.ndarray], of_both: list[np.ndarray]) -> None:
    """What the gradients of u and v are, decides what that of 3u - 2v is."""
    for name, gu, gv, both in zip(names, of_u, of_v, of_both):
        finite = np.isfinite(gu) & np.isfinite(gv)
        gu, gv = gu[finite], gv[finite]
        size = np.max(np.abs(gu), initial=1.0) + np.max(np.abs(gv), initial=1.0)
        holds = np.allclose(both[finite], 3 * gu - 2 * gv, rtol=1e-11, atol=1e-11 * size)
        law, remedy = "gradients linear in the gradient that arrives", "A rule must be g times what does not depend on g"
        _require(holds, law, f"others by {name}", remedy)


def _require(holds: bool, law: str, fact: str, remedy: str) -> None:
    if not holds:
        raise AssertionError(f"check_gradients expects {law}, got {fact}. {remedy}.")
