"""Going back: the gradient of a value by all that it came from.

`walk` visits the nodes from the newest to the oldest and calls their rules. It undoes broadcasting,
adds up what arrives at a node from several sides, and releases what the rules have read.

Source: reverse mode as in Griewank & Walther, Evaluating Derivatives (2008), chapter 3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .graph import (
    ChangedArrayError,
    GraphError,
    Node,
    Notes,
    ReleasedGraphError,
    Value,
    as_array,
    make_value,
    mode,
    reachable,
)  # fmt: skip
from .memory import Memory, checksum, opened, was_changed
from .modes import detector, touch_gradients
from .rules import Part


def backward(root: Value, seed: Any, *, retain_graph: bool, create_graph: bool) -> None:
    """Add the gradient of `root` to the `grad` of every leaf it came from."""
    if root.node is None:
        raise GraphError(_no_graph("backward()", root))
    gradients = walk([root], [seed_of(root, seed)], retain_graph=retain_graph, create_graph=create_graph)
    touch_gradients()
    for node, g in gradients.items():
        node.grad = g if node.grad is None else node.grad + g


def walk(
    roots: Sequence[Value],
    seeds: list,
    wanted: list[Node] | None = None,
    *,
    retain_graph: bool = False,
    create_graph: bool = False,
    nodes: list[Node] | None = None,
) -> dict[Node, Any]:
    """Gradients of the sum of <seed, root> by the `wanted` nodes; by all that collect if None.

    Memory that only the backward pass needed is released on the way unless `retain_graph`.
    With `create_graph` the rules compute on Tensors and are recorded; on Tensors also where somebody looks at their
    ops. `nodes`, newest first, are those to go through; None means all that the roots came from.
    """
    if nodes is None:
        nodes = reachable([root.node for root in roots if root.node is not None])
    _refuse_released_or_changed(nodes)
    chosen = None if wanted is None else dict.fromkeys(wanted)
    needed, passing = (None, None) if chosen is None else _leading_to(chosen, nodes)
    watching = detector()
    lift = make_value if create_graph or (watching is not None and watching.lifts) else None
    go_back = _go_back if watching is None else watching.looking_at(_go_back)
    hooked = Notes.any_hooks
    gradients = Arrived()
    collected: dict[Node, Any] = {}
    with mode(recording=create_graph), np.errstate(all="ignore"):
        for root, seed in zip(roots, seeds):
            if root.node is not None:
                gradients.add(root.node, seed if lift else seed.array.copy())
        for node in nodes:
            g = gradients.pop(node, None)
            if g is None:
                continue
            if hooked and node.notes is not None:
                g = call_hooks(node, g, lift)
            if node.collects if chosen is None else node in chosen:
                own = g if node.op is None else g * 1 if lift else g.copy()  # an inner gradient goes on to others
                collected[node] = own if lift else make_value(own)
            if not node.shape:
                node.delta = g.array if lift else g
            if node.calls and (passing is None or node in passing):
                go_back(node, g, gradients, needed, lift)
                if not (retain_graph or create_graph):
                    node.calls = node.inputs = None
                    if node.shape:
                        node.out = None
    for node, g in gradients.items():  # of those wanted that are not among the `nodes` given
        collected[node] = g if lift else make_value(g)
    return collected


class Arrived(dict):
    """The gradients that have arrived at nodes so far. A sum that was made here is nobody else's: it is added to in place."""

    __slots__ = ("sums",)

    def __init__(self):
        self.sums: set[Node] = set()  # the nodes whose gradient is an array that was made here

    def add(self, node: Node, g: Any) -> None:
        """Add a gradient, which others may hold too."""
        known = self.get(node)
        if known is None:
            self[node] = g
        elif node in self.sums:
            known += g
        else:
            self[node] = total = known + g
            if type(total) is np.ndarray:
                self.sums.add(node)

    def add_part(self, node: Node, part: Part) -> None:
        """Add a gradient that is 0 but for a part; many parts cost no more than one gradient of the whole."""
        if node not in self.sums:
            known = self.get(node)
            self[node] = np.zeros(node.shape, node.dtype) if known is None else known.copy()
            self.sums.add(node)
        part.add_to(self[node])


def _go_back(node: Node, g: Any, gradients: Arrived, needed: set | None, lift: Callable | None) -> None:
    """Call the rules of `node` on arrays, or with `lift` on Values; pass their results on to where its inputs came from."""
    out = lift(node.out, node) if lift and node.out is not None else node.out
    for index, on_arrays, on_values in node.calls:
        source = node.sources[index]
        if needed is not None and source not in needed:
            continue
        try:
            passed = (on_values if lift else on_arrays)(g, node.inputs, out, node.params, index)
            if type(passed) is Part:
                gradients.add_part(source, passed)
                continue
            if passed.shape != source.shape:
                passed = sum_to(passed, source.shape)
            if passed.dtype is not source.dtype:
                passed = passed.astype(source.dtype)
        except Exception as error:
            _explain(error, node, index)
            raise
        if source.op is None and (passed is g or (passed.array if lift else passed).base is not None):
            passed = passed * 1 if lift else passed.copy("A")  # the gradients of two leaves never share memory
        if source in gradients:
            gradients.add(source, passed)
        else:
            gradients[source] = passed


def sum_to(g: Any, shape: tuple[int, ...]) -> Any:
    """The adjoint of broadcasting: `g` summed over the axes along which `shape` was repeated.

    Raises:
        ValueError: if `shape` does not broadcast to the shape of `g`.
    """
    lead = len(g.shape) - len(shape)
    if lead < 0 or any(n not in (1, m) for n, m in zip(shape, g.shape[lead:])):
        raise ValueError(f"A gradient rule expects to return shape {shape}, or one that it broadcasts to, got {g.shape}.")
    repeated = tuple(lead + i for i, n in enumerate(shape) if n == 1 and g.shape[lead + i] != 1)
    return g.sum(axis=(*range(lead), *repeated)).reshape(shape)


def seed_of(root: Value, seed: Any, owner: str = "backward()") -> Any:
    """The gradient that arrives at `root`, as a Value: 1 where none is given for a single number."""
    if seed is None:
        if root.array.size != 1:
            raise GraphError(
                f"{owner} expects a scalar, got shape {root.array.shape}. "
                "Reduce it first, as in loss.sum().backward(), or pass the gradient that arrives here."
            )
        return make_value(np.ones_like(root.array) if root.array.shape else root.array.dtype.type(1))
    array, dtype = as_array(seed.array if isinstance(seed, Value) else seed), root.array.dtype
    if np.shape(array) != root.array.shape:
        raise ValueError(f"{owner} expects a gradient of shape {root.array.shape}, got {np.shape(array)}.")
    if isinstance(seed, Value):
        return seed if array.dtype == dtype else seed.astype(dtype)  # type: ignore[attr-defined]
    return make_value(np.array(array, dtype)[()])


def call_hooks(node: Any, g: Any, lift: Any) -> Any:
    """What the hooks of `node` make of its gradient, an array, or a Value under `create_graph`."""
    for hook in tuple(node.notes.hooks.values()):
        try:
            changed = hook(g if lift else make_value(g * 1))
        except Exception as error:
            error.add_note(f"in a gradient hook of {_name(node)}")
            raise
        if changed is None:
            continue
        new = changed.array if isinstance(changed, Value) else as_array(changed)
        if np.shape(new) != node.shape:
            raise ValueError(f"A gradient hook of {_name(node)} expects to return None or that shape, got {np.shape(new)}.")
        if lift:
            g = changed if isinstance(changed, Value) and new.dtype == node.dtype else lift(np.array(new, node.dtype)[()])
        else:
            g = np.array(new, node.dtype)[()]
    return g


def _refuse_released_or_changed(nodes: list[Node]) -> None:
    """Raise before anything is computed if a gradient could not be right."""
    last, watched = Memory.last_change, bool(opened)
    for node in nodes:
        if node.calls is None:
            raise ReleasedGraphError(
                f"backward() expects a graph that was not walked before, got one whose {node.op.name} {node.shape} "
                "has been released. Compute the value again, or pass retain_graph=True to the first backward()."
            )
        if node.number < last or (watched and node.notes is not None):
            _refuse_changed(node)


def _refuse_changed(node: Node) -> None:
    """Raise if an array that a rule of `node` will read is not what it was when it was recorded."""
    if node.op is None:
        return
    sums, out = node.notes.sums if node.notes else {}, node.out if node.shape else None
    for position, x in enumerate((*node.inputs, out)):
        array = x.array if isinstance(x, Value) else x
        if isinstance(array, np.ndarray):
            known = sums.get(position)
            changed = was_changed(array, node.number) if known is None else checksum(array) != known
        else:
            changed = isinstance(x, Value) and x.changed is not None and x.changed.number > node.number
        if changed:
            what = "result" if x is out else f"input {node.op.input_name(position)!r}"
            raise ChangedArrayError(
                f"{_name(node)} expects its {what} {array.shape} unchanged until the backward pass, got one that was changed "
                "in place after it was recorded. Call backward() before the change, or change a copy."
            )


def _leading_to(wanted: dict[Node, None], nodes: list[Node]) -> tuple[set[Node], set[Node]]:
    """Those of `nodes` (newest first) that are wanted or depend on a wanted one; those that depend on one."""
    needed, passing = set(wanted), set()
    for node in reversed(nodes):
        if not needed.isdisjoint(_nodes(node.sources)):
            needed.add(node)
            passing.add(node)
    return needed, passing


def _nodes(sources: tuple) -> list[Node]:
    return [source for source in sources if isinstance(source, Node)]


def _name(node: Node) -> str:
    """ "exp (2, 3) in layer 'dense_1'" """
    name = node.op.name if node.op else node.label or "a leaf"
    return f"{name} {node.shape}" + (f" in layer {node.scope!r}" if node.scope else "")


def _explain(error: Exception, node: Node, index: int) -> None:
    where = f" in layer {node.scope!r}" if node.scope else ""
    error.add_note(f"in the backward pass, at the gradient of {node.op.name} by {node.op.input_name(index)!r}{where}")


def _no_graph(what: str, value: Value) -> str:
    if value.array.dtype.kind != "f":
        return f"{what} expects a floating-point Tensor, got {value.array.dtype}. Whole numbers have no gradient."
    return f"{what} expects a Tensor that depends on one with requires_grad, got a constant. Was it made under no_grad()?"
