"""What can be read from models and recorded graphs: names, values and gradients, as far as the nodes still know them.

A backward pass releases what only it needed. Values and gradients of single numbers and of leaves stay; so
does whatever the caller still holds, that is the outputs and what `names` lists.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

import numpy as np

from tinygrad_edu.graph import NUMBERS, Node, Value, history
from tinygrad_edu.models import Model, Sequential
from viz.numbers import number

Names = Mapping[str, Value]

_SYMBOLS = {
    "add": "+", "subtract": "-", "multiply": "*", "divide": "/", "floor_divide": "//", "remainder": "%", "power": "**",
    "matmul": "@", "matrix_product": "@", "negative": "neg", "absolute": "abs",
}  # fmt: skip
# Ops that stand behind a function of another name, which is the one that was written.
_WRITTEN = {
    "matrix_product": "matmul", "concatenate_all": "concatenate", "einsum_all": "einsum", "solve_columns": "solve",
    "scaled_normal": "normalize",
}  # fmt: skip
_ANY_ORDER = "add", "multiply", "maximum", "minimum"
_LONGEST = 24  # characters of a parameter


@dataclass(frozen=True)
class Constant:
    """An input of an op that no gradient is wanted of: a number, or an array of which the values may be gone.

    Args:
        values: the number or array; None once released.
        shape: None once released.
    """

    name: str
    values: Any
    shape: tuple[int, ...] | None


class Reading:
    """The graph behind some outputs.

    Args:
        owner: who reads, for messages.
        outputs: a Tensor or several.
        names: what to call some of the Tensors.

    Raises:
        TypeError: for outputs or names that are no Tensors. ValueError: for constants, which have no graph.
    """

    def __init__(self, owner: str, outputs: Value | Iterable[Value], names: Names | None = None):
        self.outputs = [outputs] if isinstance(outputs, Value) else _listed(owner, outputs)
        names = dict(names or {})
        _check(owner, [*self.outputs, *names.values()])
        if not any(output.node for output in self.outputs):
            raise ValueError(
                f"{owner} expects a Tensor that was computed from one with requires_grad, got a constant. "
                "Was it made under no_grad()? Is requires_grad off in all that it was computed from?"
            )
        self.nodes = history(self.outputs)
        self._constants = {value: name for name, value in names.items() if not value.node}
        self._names = {value.node: name for name, value in names.items() if value.node}
        self._arrays = {value.node: value.array for value in (*self._kept(), *names.values(), *self.outputs) if value.node}

    def _kept(self) -> list[Value]:
        """Values that nodes keep for their rules."""
        return [x for node in self.nodes for x in node.inputs or () if isinstance(x, Value)]

    def name(self, node: Node) -> str:
        """What the caller or the layer calls it; "" if nobody does."""
        return self._names.get(node) or node.label or ""

    def value(self, node: Node) -> Any:
        """The array, or None if nothing holds it any more."""
        return node.out if node.out is not None else self._arrays.get(node)

    def grad(self, node: Node) -> Any:
        """The gradient that was collected, or for a single number passed through; None if there is none."""
        return node.delta if node.grad is None and node.op else getattr(node.grad, "array", None)

    def constant(self, node: Node, index: int) -> Constant:
        """Input `index` of an op that came from no node."""
        source, kept = node.sources[index], (node.inputs or ())[index : index + 1]
        if type(source) in NUMBERS:
            return Constant("", source, ())
        held = kept[0] if kept else None
        name = self._constants.get(held, "") if isinstance(held, Value) else ""
        values = held.array if isinstance(held, Value) else held if isinstance(held, (np.ndarray, np.generic)) else None
        shape = values.shape if values is not None else tuple(held) if isinstance(held, tuple) else None
        return Constant(name, values, shape)


def symbol(node: Node) -> str:
    """The operator, or the name of the op."""
    return _SYMBOLS.get(node.op.name, node.op.name)


def call(node: Node) -> str:
    """The op as one would write it, where numbers or parameters matter: "power(x, 2)", "sum(x, axis=-1)"; else its name."""
    op, count = node.op, len(node.sources)
    inputs = [f"{op.inputs[0]}{i}" for i in range(count)] if op.variadic else list(op.inputs)
    plain = [number(s) if type(s) in NUMBERS else name for s, name in zip(node.sources, inputs)]
    params = [f"{param}={_short(value)}" for param, value in node.params.items() if _is_given(op, param, value)]
    name = _WRITTEN.get(op.name, op.name)
    return f"{name}({', '.join(plain + params)})" if params or plain != inputs else name


def role(node: Node, index: int) -> str:
    """What an op calls its input, where the order of inputs matters; else ""."""
    op = node.op
    return "" if op.variadic or len(op.inputs) == 1 or op.name in _ANY_ORDER else op.inputs[index]


def is_chain(model: Any) -> TypeGuard[Model]:
    """Whether a model is nothing but layers that follow each other."""
    if not isinstance(model, Model) or type(model).call not in (Model.call, Sequential.call):
        return False
    return isinstance(model, Sequential) or model.flow().is_chain


def rms(array: Any) -> float:
    """Root of the mean of the squares, in double precision; nan of nothing."""
    array = np.asarray(array, float)
    return float(np.sqrt(np.mean(np.square(array)))) if array.size else float("nan")


def _is_given(op: Any, name: str, value: Any) -> bool:
    return name != "moments" and (name not in op.defaults or repr(value) != repr(op.defaults[name]))


def _short(value: Any) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _listed(owner: str, outputs: Any) -> list[Value]:
    if not isinstance(outputs, Iterable):
        raise TypeError(f"{owner} expects a Tensor or several, got {type(outputs).__name__}. Pass what a computation returned.")
    return list(outputs)


def _check(owner: str, values: list[Any]) -> None:
    for value in values:
        if not isinstance(value, Value):
            raise TypeError(f"{owner} expects Tensors, got {type(value).__name__}. Pass the Tensor itself, not its numbers.")
