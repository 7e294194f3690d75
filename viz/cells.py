"""How large a box is and where its cells lie: the same table for every renderer that has no Graphviz."""

from __future__ import annotations

from dataclasses import dataclass

from viz import theme
from viz.diagram import Box
from viz.text import lines, width

LINE = 1.25 * theme.TEXT  # distance of two lines of text [points]
_SIDE, _TOP = 10.0, 4.5  # blank around the text of a cell
_SMALLEST = 24.0


@dataclass(frozen=True)
class Cell:
    """A rectangle of text; x and y count from the upper left corner of its box."""

    x: float
    y: float
    width: float
    height: float
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """The cells of a box, and the size that holds them."""

    width: float
    height: float
    cells: tuple[Cell, ...]
    is_oval: bool = False


def table(box: Box) -> Table:
    """Cells of `box`: as narrow as their text allows, then stretched to one common width."""
    blocks = [[[tuple(lines(cell)) for cell in row] for row in block] for block in box.blocks()]
    columns = [[max(_width(row[i]) for row in block) for i in range(len(block[0]))] for block in blocks]
    total = max(_SMALLEST, *(sum(widths) for widths in columns))
    cells: list[Cell] = []
    y = 0.0
    for block, widths in zip(blocks, columns):
        spare = (total - sum(widths)) / len(widths)
        for row in block:
            cells += _row(row, [width + spare for width in widths], y)
            y += cells[-1].height
    return _oval(total, y, cells) if box.shape == "ellipse" and not box.is_table else Table(total, y, tuple(cells))


def _row(row: list[tuple[str, ...]], widths: list[float], y: float) -> list[Cell]:
    height = max(len(cell) for cell in row) * LINE + 2 * _TOP
    lefts = [sum(widths[:i]) for i in range(len(row))]
    return [Cell(x, y, width, height, cell) for x, width, cell in zip(lefts, widths, row)]


def _oval(w: float, h: float, cells: list[Cell]) -> Table:
    """An ellipse around a rectangle of text that may touch it with the corners of its letters only."""
    wide, tall = 1.2 * w, 1.2 * h
    cell = cells[0]
    return Table(wide, tall, (Cell((wide - w) / 2, (tall - h) / 2, cell.width, cell.height, cell.lines),), is_oval=True)


def _width(cell: tuple[str, ...]) -> float:
    return max(width(line, theme.TEXT) for line in cell) + 2 * _SIDE
