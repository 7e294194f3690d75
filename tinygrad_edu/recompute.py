"""Computing again instead of keeping: less memory for one more forward pass.

    >>> from tinygrad_edu import Tensor
    >>> x = Tensor([0.5, 1.0])
    >>> checkpoint(lambda x: x.exp().tanh().exp(), x).sum().backward()
    >>> again = Tensor([0.5, 1.0])
    >>> again.exp().tanh().exp().sum().backward()
    >>> np.array_equal(x.grad.array, again.grad.array)
    True

Source: Griewank & Walther, "Revolve" (2000); Chen et al. (2016), who choose the pieces of a chain of n layers
so that about √n of them are kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import ops
from .backward import walk
from .graph import GraphError, Leaf, Mode, Node, Value, current, make_value, mode, new_number, new_object
from .record import Op
from .rerun import Moved
from .structure import flatten
from .tensor import as_tensor

_op = Op(lambda *xs: None, {"xs": lambda g: g}, name="checkpoint", doc="What a function gave, to be computed again.")
_op.calls_back = True


def checkpoint(function: Callable, *args: Any, **kwargs: Any) -> Any:
    """function(*args, **kwargs), of which nothing is kept but the arguments; the backward pass calls it again.

    It must compute the same when it is called again. Layers draw the random numbers again that they drew, and what they
    assigned to a Variable, as moving averages, is assigned once. Gradients reach the arguments and all Tensors that it
    uses, as the weights of a layer: `checkpoint(layer, x)`.

    Raises:
        GraphError: in the backward pass, if the second call gives other shapes.
    """
    if not current().recording:
        return function(*args, **kwargs)
    start = new_number()
    with Moved() as moved:
        out = function(*args, **kwargs)
    parts, rebuild = flatten(out)
    places = [i for i, part in enumerate(parts) if isinstance(part, Value) and part.node is not None and part.node.number > start]
    if not places:
        return out
    piece = _Piece(function, args, kwargs, places, moved)
    sources = piece.boundary(_recent([parts[i].node for i in places], start), start)
    joined = _joined([parts[i].array for i in places])
    for part, i in zip(_cut(piece.record(joined, sources), [parts[i] for i in places]), places):
        parts[i] = part
    return rebuild(parts)


class _Piece:
    """A call that can be made again."""

    def __init__(self, function: Callable, args: tuple, kwargs: dict, places: list[int], moved: Moved):
        self.function, self.args, self.kwargs = function, args, kwargs
        self.places = places  # which of the results have gradients
        self.moved = moved
        self.mode: Mode = current()

    def boundary(self, nodes: list[Node], start: int) -> list[Node]:
        """What was there before the call, or is a weight that a layer made in it, and went into `nodes`."""
        sources = [x for node in reversed(nodes) for x in node.sources if isinstance(x, Node)]
        return list(dict.fromkeys(x for x in sources if x.number < start or (isinstance(x, Leaf) and x.label)))

    def record(self, joined: Any, sources: list[Node]) -> Any:
        """A node that keeps the arguments and can find the gradients of `sources`."""
        node = new_object(Node)
        rules = _Rules(self, sources)
        node.op, node.calls = _op, tuple((i, rules.on_arrays, rules.on_values) for i in range(len(sources)))
        leaves = (make_value(x.out, x) for x in sources if isinstance(x, Leaf))
        parts, _ = flatten((*self.args, *self.kwargs.values()))
        node.sources = tuple(sources)
        node.inputs = (*(x for x in parts if isinstance(x, Value)), *leaves)
        node.shape, node.dtype = joined.shape, joined.dtype
        node.out, node.params = (None if joined.shape else joined), {}
        node.number, node.scope = new_number(), self.mode.scope
        node.grad = node.delta = node.label = node.notes = None
        return make_value(joined, node)

    def gradients(self, g: Any, sources: list[Node], create_graph: bool) -> dict[Node, Any]:
        """The gradients by `sources` of another call."""
        with self.moved.again():
            joined, nodes = self._again()
            if joined.shape != g.shape:
                raise GraphError(
                    f"checkpoint expects a function that gives the same again, got {joined.size} numbers after {g.size}. "
                    "Leave what changes out of it."
                )
            return walk([joined], [g], sources, create_graph=create_graph, nodes=nodes)

    def _again(self) -> tuple[Any, list[Node]]:
        """The joined result of another call, recorded, and its nodes."""
        start, now = new_number(), self.mode
        with mode(recording=True, scope=now.scope, training=now.training, phase=now.phase):
            parts, _ = flatten(self.function(*self.args, **self.kwargs))
            joined = _joined([as_tensor(parts[i]) for i in self.places])
        return joined, _recent([joined.node], start)


class _Rules:
    """The gradients by all sources of a piece, found in one go when the first is asked for."""

    def __init__(self, piece: _Piece, sources: list[Node]):
        self.piece, self.sources = piece, sources
        self.asked: Any = None  # the gradient for which `found` holds the answers
        self.found: dict[Node, Any] = {}

    def on_values(self, g: Any, inputs: Any, out: Any, params: Any, index: int) -> Any:
        return self._gradient(g, index, create_graph=True)

    def on_arrays(self, g: Any, inputs: Any, out: Any, params: Any, index: int) -> Any:
        return self._gradient(make_value(g), index, create_graph=False, key=g).array

    def _gradient(self, g: Any, index: int, create_graph: bool, key: Any = None) -> Any:
        key = g if key is None else key
        if self.asked is not key:
            self.found = self.piece.gradients(g, self.sources, create_graph)
            self.asked = key
        source = self.sources[index]
        found = self.found.get(source)
        if index == len(self.sources) - 1:
            self.asked, self.found = None, {}
        return make_value(np.zeros(source.shape, source.dtype)[()]) if found is None else found


def _recent(roots: list[Any], start: int) -> list[Node]:
    """The nodes made since `start` that `roots` came from, newest first."""
    seen = {node for node in roots if node is not None}
    stack = list(seen)
    while stack:
        for source in stack.pop().sources:
            if isinstance(source, Node) and source.number > start and source not in seen:
                seen.add(source)
                stack.append(source)
    return sorted(seen, key=lambda node: node.number, reverse=True)


def _joined(parts: list[Any]) -> Any:
    """One array, or Tensor, of all numbers of several; one alone stays as it is."""
    if len(parts) == 1:
        return parts[0]
    return ops.concatenate([ops.reshape(part, -1) for part in parts])


def _cut(joined: Any, parts: list[Any]) -> list[Any]:
    """The parts of `joined`, in the shapes and dtypes of `parts`."""
    if len(parts) == 1:
        return [joined]
    cut, start = [], 0
    for part in parts:
        cut.append(ops.reshape(joined[start : start + part.size], part.shape).astype(part.dtype))
        start += part.size
    return cut
