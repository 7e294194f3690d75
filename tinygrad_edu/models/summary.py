"""The table of a model's layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


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


def summarize(model: Any, line_length: int, print_fn: Callable[[str], object]) -> Summary:
    """The table as in Keras 2: name (Class), output shape, number of weights."""
    rows = [(f"{layer.name} ({type(layer).__name__})", _shape(layer), _count(layer)) for layer in model.layers]
    header = ("Layer (type)", "Output Shape", "Param #")
    ends = _column_ends(line_length, [header, *rows])
    width = ends[-1]
    lines = ["_" * width, _line(header, ends), "=" * width]
    for row in rows:
        lines += [_line(row, ends), "_" * width]
    lines = [*lines[:-1], "=" * width] if rows else lines
    trainable = sum(w.size for w in model.trainable_weights)
    fixed = sum(w.size for w in model.non_trainable_weights)
    lines += [f"Total params: {trainable + fixed:,}", f"Trainable params: {trainable:,}", f"Non-trainable params: {fixed:,}"]
    lines += ["_" * width]
    for line in lines:
        print_fn(line)
    return Summary("\n".join(lines))


def _column_ends(width: int, rows: list[tuple[str, str, str]]) -> list[int]:
    """Where the columns end: at 45, 85 and 100 % of the width, or further if a cell needs it."""
    ends = [int(width * share) for share in (0.45, 0.85, 1.0)]
    for column in range(3):
        begin = ends[column - 1] if column else 0
        need = max(len(row[column]) for row in rows) + (column < 2)
        shift = max(0, begin + need - ends[column])
        ends[column:] = [end + shift for end in ends[column:]]
    return ends


def _line(cells: tuple[str, str, str], ends: list[int]) -> str:
    line = ""
    for cell, end in zip(cells, ends):
        line = (line + cell).ljust(end)
    return line.rstrip()


def _shape(layer) -> str:
    return str(layer.output_shape) if layer.built else "?"


def _count(layer) -> str:
    return f"{layer.count_params():,}" if layer.built else "0 (unbuilt)"
