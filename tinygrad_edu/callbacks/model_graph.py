"""What a model computes, as TensorBoard's page of graphs draws it: ops grouped by their layers."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from ..graph import Leaf, Node, Value, history
from ..layers.shapes import map_shapes
from ..modes import mode, unwatched
from ..structure import flatten
from ..tensor import Tensor
from .event_file import protocol

_PRODUCER = 22  # a version of the format that has all that is used here


def graph_of(model: Any) -> Any:
    """The GraphDef of a model that has weights, recorded in a call on zeros; nothing in the model changes."""
    inputs, nodes = recorded(model)
    names = _names(nodes, inputs, model.name)
    graph = protocol("graph_pb2").GraphDef(versions=protocol("versions_pb2").VersionDef(producer=_PRODUCER))
    for node in nodes:
        kind = node.op.name if node.op else "Placeholder" if node in inputs else "Variable"
        entry = graph.node.add(name=names[node], op=kind, input=[names[x] for x in node.sources if isinstance(x, Node)])
        shape = entry.attr["_output_shapes"].list.shape.add()
        for length in node.shape:
            shape.dim.add(size=length)
    return graph


def recorded(model: Any) -> tuple[list[Node], list[Node]]:
    """The nodes of the inputs, and all nodes of one call, oldest first; lengths that are open are 1."""
    zeros = map_shapes(lambda shape: Tensor(np.zeros([1 if n is None else n for n in shape], model.dtype)), model.input_shape)
    with mode(recording=True, training=False, scope=""), unwatched(), np.errstate(all="ignore"):
        out = model(zeros)
    outputs = [part for part in flatten(out)[0] if isinstance(part, Value)]
    return [part.node for part in flatten(zeros)[0]], history(outputs)


def _names(nodes: list[Node], inputs: list[Node], model_name: str) -> dict[Node, str]:
    """A name for each node, by the layer that it is in: "dense_1/add"; a weight is in the layer that reads it first."""
    reader: dict[Node, Node] = {source: node for node in reversed(nodes) for source in node.sources if isinstance(source, Leaf)}
    seen: Counter[str] = Counter()
    names = {}
    for node in nodes:
        if node in inputs:
            name = f"input_{inputs.index(node) + 1}"
        else:
            scope = reader.get(node, node).scope.removeprefix(model_name).lstrip("/")
            word = node.op.name if node.op else (node.label or "constant").rpartition("/")[2]
            name = f"{scope}/{word}".lstrip("/")
        seen[name] += 1
        names[node] = name if seen[name] == 1 else f"{name}_{seen[name]}"
    return names
