"""Operation: an op as a layer, which is what an op or an operator becomes when it is called on symbols."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from .. import registry as names
from ..budget import BRIEF, afford, is_limited
from ..config import unique_name
from ..ops.declare import registry as ops_by_name
from ..record import Op, apply
from .layer import Layer, register
from .notation import read, written
from .shapes import shape_of

BY_NUMBERS = {"tile", "repeat", "pad", "pad_constant", "linspace"}  # ops whose results are as long as their parameters say
BY_PAIRS = {"outer", "kron", "diag", "convolve", "tensordot", "einsum"}  # ops with results for pairs of numbers


@register()
class Operation(Layer):
    """An op as a layer: `x * 2` of a symbol x is Operation("multiply", {1: 2})(x).

    Shapes: those of the op.

    Args:
        op: an op, or the name of one.
        constants: inputs of the op that are not the layer's, by position.
        params: what else the op takes, by name.
        name: None counts, multiply_1, multiply_2, ...
    """

    keeps_whole_numbers = True
    built = True

    def __init__(
        self, op: Any, constants: dict | None = None, params: dict | None = None, name: str | None = None, **kwargs: Any
    ):
        self.op = op.name if isinstance(op, Op) else op
        self._own = op if isinstance(op, Op) and ops_by_name.get(op.name) is not op else None
        super().__init__(name=name or unique_name(_op_of(self.op).name if self._own is None else self.op), **kwargs)
        self.named_by_user = name is not None
        self.constants = {int(place): read(x) for place, x in (constants or {}).items()}
        self.params = {key: read(x) for key, x in (params or {}).items()}

    def call(self, x):
        given = iter(x if isinstance(x, (list, tuple)) else [x])
        count = len(self.constants) + (len(x) if isinstance(x, (list, tuple)) else 1)
        args = [self.constants[i] if i in self.constants else next(given) for i in range(count)]
        if is_limited():
            afford((_most_numbers(self.op, [np.shape(x) for x in args], self.params),), float, BRIEF)
        return apply(self._own or _op_of(self.op), tuple(args), self.params)

    def remember(self, call):
        super().remember(call)
        self._input_shape, self._output_shape = shape_of(call.arguments[0]), shape_of(call.outputs)

    def get_config(self):
        config = self._arguments(are_all=False, but=("op", "constants", "params"))
        constants = {str(place): written(x) for place, x in self.constants.items()}
        return {**config, "op": self.op, "constants": constants, "params": {key: written(x) for key, x in self.params.items()}}


def _op_of(name: str) -> Op:
    found = ops_by_name.get(name) or getattr(names.get_custom_objects().get(name), "op", None)
    if found is None:
        raise ValueError(f"Operation expects the name of an op, got {name!r}. Offer one of your own as a custom object.")
    return found


def _most_numbers(op: str, shapes: list[tuple], params: dict[str, Any]) -> int:
    """How many numbers the result of an op has at most."""
    sizes = [math.prod(shape) for shape in shapes]
    if op in BY_NUMBERS:
        return math.prod(sizes) * math.prod(1 + abs(n) for n in _whole_numbers(list(params.values())))
    if op in BY_PAIRS:
        return math.prod(sizes) ** (2 if len(sizes) == 1 else 1)
    if op == "matmul" and all(shapes):
        return math.prod(np.broadcast_shapes(*(shape[:-2] for shape in shapes))) * shapes[0][-2:][0] * shapes[-1][-1]
    try:
        return math.prod(np.broadcast_shapes(*shapes))
    except ValueError:  # of no elementwise op
        return sum(sizes)


def _whole_numbers(x: Any) -> Iterator[int]:
    """All whole numbers in nested lists and tuples."""
    if isinstance(x, (list, tuple)):
        for part in x:
            yield from _whole_numbers(part)
    elif isinstance(x, int):
        yield x
