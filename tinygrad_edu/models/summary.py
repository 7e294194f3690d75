"""The table of a model's layers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..layers import InputLayer, Layer
from .training import Trainer


class Summary:
    """What `summary()` returns: prints as nothing, since the table is already on the screen.

    Attributes:
        text: the table.
    """

    def __init__(self, text: str):
        self.text = text

    def __str__(self) -> str:
        return ""

    __repr__ = __str__

    def _ipython_display_(self) -> None:
        """Show nothing more in a notebook."""


def summarize(
    model: Any,
    line_length: int | None = None,
    positions: Sequence[float] | None = None,
    print_fn: Callable[[str], object] = print,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Sequence[str] | None = None,
) -> Summary:
    """The table as in Keras 2: name (Class), output shape, number of weights; for a model that is no chain, connections."""
    flow = model.flow()
    columns = ["Layer (type)", "Output Shape", "Param #"]
    shares, width = [0.45, 0.85, 1.0], 65
    if not (flow.is_chain or not flow.calls):
        columns, shares, width = [*columns, "Connected to"], [0.33, 0.55, 0.67, 1.0], 98
    ends = _ends(positions or shares, line_length or width, len(columns))
    if show_trainable:
        columns, ends = [*columns, "Trainable"], [*ends, ends[-1] + 11]
    rows = [[[cells[name] for name in columns] for cells in lines] for lines in _rows(model, flow, expand_nested, layer_range)]
    lines = _drawn([columns], rows, ends)
    trainable = sum(w.size for w in model.trainable_weights)
    fixed = sum(w.size for w in model.non_trainable_weights)
    lines += [f"Total params: {trainable + fixed:,}", f"Trainable params: {trainable:,}", f"Non-trainable params: {fixed:,}"]
    lines += [lines[0]]
    for line in lines:
        print_fn(line)
    return Summary("\n".join(lines))


# What the rows say ---------------------------------------------------------------------------------


def _rows(model: Any, flow: Any, expand_nested: bool, layer_range: Any) -> Iterator[list[dict[str, str]]]:
    """The lines of each layer: of its own, and one more for each further connection."""
    for depth, layer, calls in _entries(model, flow, expand_nested):
        if layer_range is not None and layer not in _between(model.layers, layer_range):
            continue
        connections = list(dict.fromkeys(_place(symbol) for call in calls for symbol in call.inputs))
        first = {
            "Layer (type)": f"{'  ' * depth}{layer.name} ({type(layer).__name__})",
            "Output Shape": str(layer.output_shape) if layer.built else "?",
            "Param #": f"{layer.count_params():,}" if layer.built else "0 (unbuilt)",
            "Connected to": connections[0] if connections else "",
            "Trainable": "Y" if layer.trainable else "N",
        }
        yield [first, *(dict.fromkeys(first, "") | {"Connected to": text} for text in connections[1:])]


def _listed(model: Any, flow: Any) -> list[Layer]:
    """The layers of a model; if it is written in Python in the order in which they are called, with those made meanwhile."""
    called = [call.layer for call in flow.calls if not (flow.is_chain and isinstance(call.layer, InputLayer))]
    if all(layer in model.layers for layer in called):
        return model.layers
    return list(dict.fromkeys([*called, *model.layers]))


def _place(symbol: Any) -> str:
    """A result of a layer as Keras writes it: name[number of the call][number of the result]."""
    name, node, index = symbol.place
    return f"{name}[{node}][{index}]"


def _entries(model: Any, flow: Any, expand_nested: bool) -> Iterator[tuple[int, Layer, list]]:
    """Layers with the depth at which they lie in other models, and their calls in their own."""
    waiting = [(0, layer, flow) for layer in reversed(_listed(model, flow))]
    while waiting:
        depth, layer, around = waiting.pop()
        yield depth, layer, [call for call in around.calls if call.layer is layer]
        if expand_nested and isinstance(layer, Trainer):
            waiting += [(depth + 1, inner, layer.flow()) for inner in reversed(layer.layers)]  # type: ignore[attr-defined]


def _between(layers: list[Layer], layer_range: Sequence[str]) -> list[Layer]:
    """The layers from the first one to the last one that two names, or patterns of names, fit."""
    if len(layer_range) != 2:
        raise ValueError(f"summary expects layer_range=(first name, last name), got {layer_range!r}.")
    found = [[i for i, layer in enumerate(layers) if re.fullmatch(name, layer.name)] for name in layer_range]
    for name, places in zip(layer_range, found):
        if not places:
            names = ", ".join(layer.name for layer in layers)
            raise ValueError(f"summary expects names of layers in layer_range, got {name!r}. Choose of {names}.")
    return layers[found[0][0] : found[1][-1] + 1]


# How they are drawn --------------------------------------------------------------------------------


def _drawn(header: list[list[str]], rows: list[list[list[str]]], ends: list[int]) -> list[str]:
    ends = _widened(ends, [*header, *(line for lines in rows for line in lines)])
    thin, thick = "_" * ends[-1], "=" * ends[-1]
    lines = [thin, *(_line(cells, ends) for cells in header), thick]
    for row in rows:
        lines += [*(_line(cells, ends) for cells in row), thin]
    return [*lines[:-1], thick] if rows else lines


def _ends(positions: Sequence[float], width: int, count: int) -> list[int]:
    """Where columns end, given as shares of the width or as numbers of characters."""
    if len(positions) != count:
        raise ValueError(f"summary expects {count} positions, one for each column, got {len(positions)}.")
    return [int(width * share) if positions[-1] <= 1 else int(share) for share in positions]


def _widened(ends: list[int], rows: list[list[str]]) -> list[int]:
    """The same ends, or further ones where a cell needs it."""
    ends = list(ends)
    for column in range(len(ends)):
        begin = ends[column - 1] if column else 0
        need = max(len(row[column]) for row in rows) + (column < len(ends) - 1)
        shift = max(0, begin + need - ends[column])
        ends[column:] = [end + shift for end in ends[column:]]
    return ends


def _line(cells: list[str], ends: list[int]) -> str:
    line = ""
    for cell, end in zip(cells, ends):
        line = (line + cell).ljust(end)
    return line.rstrip()
