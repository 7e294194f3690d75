"""Going back: the gradient of a value by all that it came from.

`walk` visits the nodes from the newest to the oldest and calls their rules. It undoes broadcasting,
adds up what arrives at a node from several sides, and releases what the rules have read.

Source: reverse mode as in Griewank & Walther, Evaluating Derivatives (2008), chapter 3.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .graph import (
    CHANGED,
    ChangedArrayError,
    GraphError,
    Node,
    ReleasedGraphError,
    Value,
    as_array,
    make_value,
    mode,
    reachable,
)  # fmt: skip
from .op import shape_of


def backward(root: Value, seed: Any = None, *, retain_graph: bool = False, create_graph: bool = False) -> None:
    """Add the gradient of `root` to the `grad` of every leaf it came from."""
    if root.node is None:
        raise GraphError(_no_graph("backward()", root))
    gradients = walk([root], [seed_of(root, seed)], retain_graph=retain_graph, create_graph=create_graph)
    for node, g in gradients.items():
        node.grad = g if node.grad is None else node.grad + g


def walk(
    roots: list[Value],
    seeds: list,
    wanted: list[Node] | None = None,
    *,
    retain_graph: bool = False,
    create_graph: bool = False,
) -> dict[Node, Any]:
    """Gradients of the sum of <seed, root> by the `wanted` nodes; by all that collect if None.

    Memory that only the backward pass needed is released on the way unless `retain_graph`.
    With `create_graph` the rules compute on Tensors and are recorded.
    """
    nodes = reachable([root.node for root in roots if root.node is not None])
    _refuse_released_or_changed(nodes)
    chosen = None if wanted is None else dict.fromkeys(wanted)
    needed = None if chosen is None else _leading_to(chosen, nodes)
    passing = None if needed is None else {node for node in needed if not needed.isdisjoint(_nodes(node.sources))}
    lift = make_value if create_graph else None
    gradients: dict[Node, Any] = {}
    collected: dict[Node, Any] = {}
    with mode(recording=create_graph), np.errstate(all="ignore"):
        for root, seed in zip(roots, seeds):
            if root.node is not None:
                g, known = seed if lift else seed.array.copy(), gradients.get(root.node)
                gradients[root.node] = g if known is None else known + g
        for node in nodes:
            g = gradients.pop(node, None)
            if g is None:
                continue
            if node.collects if chosen is None else node in chosen:
                own = g if node.op is None else g * 1  # an inner gradient goes on to others
                collected[node] = own if lift else make_value(own)
            if not node.shape:
                node.delta = g.array if lift else g
            if node.calls and (passing is None or node in passing):
                _go_back(node, g, gradients, needed, lift)
                if not (retain_graph or lift):
                    node.calls = node.inputs = None
                    if node.shape:
                        node.out = None
    return collected


def _go_back(node: Node, g: Any, gradients: dict, needed: set | None, lift: Callable | None) -> None:
    """Call the rules of `node` on arrays, or with `lift` on Values; pass their results on to where its inputs came from."""
    out = lift(node.out, node) if lift and node.out is not None else node.out
    for index, on_arrays, on_values in node.calls:
        source = node.sources[index]
        if needed is not None and source not in needed:
            continue
        try:
            passed = (on_values if lift else on_arrays)(g, node.inputs, out, node.params, index)
            if passed.shape != source.shape:
                passed = sum_to(passed, source.shape)
            if passed.dtype is not source.dtype:
                passed = passed.astype(source.dtype)
        except Exception as error:
            _explain(error, node, index)
            raise
        if source.op is None and (passed is g or (passed.array if lift else passed).base is not None):
            passed = passed * 1  # a copy: the gradients of two leaves never share memory
        known = gradients.get(source)
        gradients[source] = passed if known is None else known + passed


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


def seed_of(root: Value, seed: Any) -> Any:
    """The gradient that arrives at `root`, as a Value: 1 where none is given for a single number."""
    if seed is None:
        if root.array.size != 1:
            raise GraphError(
                f"backward() expects a scalar, got shape {root.array.shape}. "
                "Reduce it first, as in loss.sum().backward(), or pass the gradient that arrives here."
            )
        return make_value(np.ones_like(root.array)[()])
    array, dtype = as_array(seed.array if isinstance(seed, Value) else seed), root.array.dtype
    if np.shape(array) != root.array.shape:
        raise ValueError(f"backward() expects a gradient of shape {root.array.shape}, got {np.shape(array)}.")
    if isinstance(seed, Value) and array.dtype.kind == "f":
        return seed if array.dtype == dtype else seed.astype(dtype)  # type: ignore[attr-defined]
    return make_value(np.array(array, dtype)[()])


def _refuse_released_or_changed(nodes: list[Node]) -> None:
    """Raise before anything is computed if a gradient could not be right."""
    for node in nodes:
        if node.calls is None:
            raise ReleasedGraphError(
                f"backward() expects a graph that was not walked before, got one whose {node.op.name} {node.shape} "
                "has been released. Compute the value again, or pass retain_graph=True to the first backward()."
            )
        if node.number < Value.last_change:
            _refuse_changed(node)


def _refuse_changed(node: Node) -> None:
    changed = [f"input {shape_of(x)}" for x in node.inputs if isinstance(x, Value) and x.changed > node.number]
    changed += [f"result {node.shape}"] if node.out is CHANGED else []
    if changed:
        raise ChangedArrayError(
            f"{node.op.name} expects its {changed[0]} unchanged until the backward pass, got one that was changed in place "
            "after it was recorded. Call backward() before the change, or change a copy."
        )


def _leading_to(wanted: dict[Node, None], nodes: list[Node]) -> set[Node]:
    """Those of `nodes` (newest first) that depend on a wanted node."""
    needed = set(wanted)
    for node in reversed(nodes):
        if not needed.isdisjoint(_nodes(node.sources)):
            needed.add(node)
    return needed


def _nodes(sources: tuple) -> list[Node]:
    return [source for source in sources if isinstance(source, Node)]


def _explain(error: Exception, node: Node, index: int) -> None:
    where = f" in layer {node.scope!r}" if node.scope else ""
    error.add_note(f"in the backward pass, at the gradient of {node.op.name} by {node.op.input_name(index)!r}{where}")


def _no_graph(what: str, value: Value) -> str:
    if value.array.dtype.kind != "f":
        return f"{what} expects a floating-point Tensor, got {value.array.dtype}. Whole numbers have no gradient."
    return f"{what} expects a Tensor that depends on one with requires_grad, got a constant. Was it made under no_grad()?"
