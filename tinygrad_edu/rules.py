"""What a gradient rule reads: its arguments, found in what a node has kept, and what must be kept for it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

from .graph import NUMBERS, Value


class KeptShape(tuple):
    """Stands in `Node.inputs` for an input of which a rule reads nothing but the shape."""

    __slots__ = ()


class KeptShapes(tuple):
    """Stands for the inputs of an op of any number of them, of which a rule reads nothing but the shapes."""

    starts: tuple[int, list[int]] | None = None

    def starts_along(self, axis: int) -> list[int]:
        """Where each input begins if all are joined along `axis`: found once for all of them."""
        if self.starts is None or self.starts[0] != axis:
            self.starts = axis, [0, *accumulate(shape[axis] for shape in self)]
        return self.starts[1]


class Part:
    """What a rule on arrays may return in place of zeros with something added at one place.

    The engine calls `add_to(total)` with an array of zeros, or with what has arrived from elsewhere.
    """

    __slots__ = ("add_to",)

    def __init__(self, add_to: Callable[[Any], None]):
        self.add_to = add_to


def shape_of(x: Any) -> tuple[int, ...]:
    """Shape of an input, or of the stand-in for one of which only the shape was kept."""
    if isinstance(x, KeptShape):
        return tuple(x)
    return () if isinstance(x, NUMBERS) else x.array.shape if isinstance(x, Value) else x.shape


def shapes_of(xs: Sequence) -> KeptShapes:
    """Shapes of all inputs, or the stand-in that was kept for them."""
    return xs if isinstance(xs, KeptShapes) else KeptShapes(KeptShape(shape_of(x)) for x in xs)


def arguments(rule: Callable) -> list[str]:
    """What a rule reads, by name."""
    code = getattr(rule, "__code__", None)  # a hundred times faster than a signature, and there are hundreds of rules
    return list(code.co_varnames[: code.co_argcount]) if code else list(inspect.signature(rule).parameters)


def check_rule(op: Any, name: str, rule: Callable) -> None:
    """Raise if the rule for input `name` reads what there is not."""
    known = _readable(op)
    unknown = [argument for argument in arguments(rule) if argument not in known]
    if unknown:
        raise TypeError(f"The rule of {op.name!r} for {name!r} expects arguments out of {list(known)}, got {unknown}.")


def compile_rule(op: Any, rule: Callable) -> tuple[Callable, Callable]:
    """`rule(g, b, axis)` as the engine calls every rule, `call(g, inputs, out, params, index)`: on arrays, and on Values."""
    where = _readable(op)
    on_values = [where[argument] for argument in arguments(rule)]
    on_arrays = [_as_array_code(code) for code in on_values]
    names = {"rule": rule, "shape_of": shape_of, "shapes_of": shapes_of, "Value": Value}
    template = "lambda g, inputs, out, params, index: rule({})"
    return eval(template.format(", ".join(on_arrays)), names), eval(template.format(", ".join(on_values)), names)


def _readable(op: Any) -> dict[str, str]:
    """What the arguments of a rule may be called, and the code that reads each."""
    where = {"g": "g", "out": "out", **{p: f"params[{p!r}]" for p in op.params}}
    if op.variadic:
        (xs,) = op.inputs
        return where | {xs: "inputs", f"{xs}_shape": "shapes_of(inputs)", "index": "index"}
    for i, x in enumerate(op.inputs):
        where |= {x: f"inputs[{i}]", f"{x}_shape": f"shape_of(inputs[{i}])"}
    return where


def _as_array_code(code: str) -> str:
    """Code that reads the array of the input that `code` reads."""
    if code == "inputs":
        return "[x.array if isinstance(x, Value) else x for x in inputs]"
    return f"(x.array if isinstance(x := {code}, Value) else x)" if code.startswith("inputs") else code


def keeper(kept: list[bool], shaped: list[bool]) -> Callable[[tuple], tuple] | None:
    """Function from all inputs to the tuple of what must be kept of each."""
    if all(kept):
        return tuple
    if not any(kept) and (all(shaped) or not any(shaped)):
        return shapes_of if any(shaped) else None

    def keep_of(x, keep, shape):
        return x if keep else KeptShape(shape_of(x)) if shape else None

    return lambda xs: tuple(map(keep_of, xs, kept, shaped))
