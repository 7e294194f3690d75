"""A computation with single numbers, drawn as micrograd draws it: values, and the ops between them.

Every value shows its number and its gradient; arrows follow the computation, the gradient runs against them.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_edu.graph import Node
from tinygrad_edu.tensor import Tensor
from viz import theme
from viz.diagram import Arrow, Box, Picture
from viz.drawing import Diagram
from viz.numbers import numbers, shape
from viz.reading import Constant, Names, Reading, role, symbol

LARGEST = 8  # numbers in a Tensor that can still be printed in a box
MOST = 3000  # nodes of a graph that can still be looked at
_LEAF, _OP, _CONSTANT = theme.tint(theme.OKABE_ITO["sky"]), theme.tint(theme.OKABE_ITO["yellow"], 0.35), "#f7f7f5"


def draw_dot(root: Tensor, format: str = "svg", rankdir: str = "LR", *, names: Names | None = None, digits: int = 4) -> Diagram:
    """Draw how a number was computed, with all values and, after `backward()`, all gradients.

    Blue boxes are leaves, where gradients collect; ovals are ops; grey boxes are constants. An op that reads
    the same value twice gets two arrows, which is why both shares of its gradient add up.

    Args:
        root: a Tensor of one or a few numbers, computed from others.
        format: what `render` writes, "svg" or "png".
        rankdir: "LR" (left to right), "TB", "RL" or "BT".
        names: what to call some Tensors, {"w": w}; weights of layers have names already.
        digits: significant digits.

    Raises:
        ValueError: for Tensors of more than 8 numbers and graphs of more than 3,000 nodes; `draw_graph` draws those.

        >>> a = Tensor(3.0)
        >>> b = a * a
        >>> b.backward()
        >>> drawing = draw_dot(b, names={"a": a, "b": b})
    """
    return Diagram(scalar_picture(root, rankdir, names=names, digits=digits), format=format)


def scalar_picture(root: Tensor, rankdir: str = "LR", *, names: Names | None = None, digits: int = 4) -> Picture:
    """The picture that `draw_dot` draws."""
    reading = Reading("draw_dot", root, names)
    _require_small(reading.nodes)
    picture = Picture(direction=rankdir)
    number = {node: i for i, node in enumerate(reading.nodes)}
    for node, i in number.items():
        picture.boxes.append(_value_box(f"n{i}", node, reading, digits))
        if node.op:
            picture.boxes.append(Box(f"op{i}", ((symbol(node),),), fill=_OP, shape="ellipse", tip=node.op.doc))
            picture.arrows.append(Arrow(f"op{i}", f"n{i}"))
        for k, source in enumerate(node.sources):
            if not isinstance(source, Node):
                picture.boxes.append(_constant_box(f"c{i}_{k}", reading.constant(node, k), digits))
            tail = f"n{number[source]}" if isinstance(source, Node) else f"c{i}_{k}"
            picture.arrows.append(Arrow(tail, f"op{i}", role(node, k)))
    return picture


def _require_small(nodes: list[Node]) -> None:
    large = next((node for node in nodes if math.prod(node.shape) > LARGEST), None)
    if large:
        raise ValueError(
            f"draw_dot expects Tensors of at most {LARGEST} numbers, got one of shape {large.shape}. "
            "Draw the graph without its numbers, with draw_graph."
        )
    if len(nodes) > MOST:
        raise ValueError(f"draw_dot expects a graph of at most {MOST:,} nodes, got {len(nodes):,}. Fold it, with draw_graph.")


def _value_box(name: str, node: Node, reading: Reading, digits: int) -> Box:
    label, value, grad = reading.name(node), reading.value(node), reading.grad(node)
    cells = [label] if label else []
    cells.append(f"data {numbers(value, digits)}" if value is not None else f"shape {shape(node.shape)}")
    cells.append(f"grad {numbers(grad, digits)}" if grad is not None else "grad –")
    broken = not _is_finite(value) or not _is_finite(grad)
    fill = theme.tint(theme.OKABE_ITO["vermilion"], 0.4) if broken else "#ffffff" if node.op else _LEAF
    return Box(name, (tuple(cells),), fill=fill, tip=f"{label or 'value'}: {node.dtype} {shape(node.shape)}")


def _constant_box(name: str, constant: Constant, digits: int) -> Box:
    values = constant.values
    known = values is not None and np.size(values) <= LARGEST
    text = numbers(values, digits) if known else "constant" if constant.shape is None else f"constant {shape(constant.shape)}"
    return Box(name, ((f"{constant.name} = {text}" if constant.name else text,),), fill=_CONSTANT, shape="round", tip="constant")


def _is_finite(values: Any) -> bool:
    return values is None or bool(np.isfinite(values).all())
