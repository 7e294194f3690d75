"""A picture as shapes on a page: what is left to do is to write them down (`viz.svg`) or paint them (`viz.raster`).

Lengths are points, y grows downwards, as in SVG.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import hypot

from viz import theme
from viz.cells import LINE, Cell, Table, table
from viz.diagram import Arrow, Box, Group, Legend, Picture
from viz.layered import layout
from viz.text import lines, width

Point = tuple[float, float]

_MARGIN = 10.0
_HAIRLINE = 0.8
_RADIUS = {"box": 0.0, "round": 6.0}
_BAR, _SCALE = 9.0, 220.0  # height and smallest width of a legend [points]


@dataclass(frozen=True)
class Rect:
    x: float
    y: float
    width: float
    height: float
    fill: str
    border: str = ""
    radius: float = 0.0


@dataclass(frozen=True)
class Oval:
    x: float
    y: float
    rx: float
    ry: float
    fill: str
    border: str


@dataclass(frozen=True)
class Curve:
    """A Bézier line: its start, then three points per piece."""

    points: tuple[Point, ...]
    color: str
    width: float = _HAIRLINE
    dashed: bool = False


@dataclass(frozen=True)
class Polygon:
    points: tuple[Point, ...]
    fill: str


@dataclass(frozen=True)
class Text:
    """One line of text; (x, y) is the middle or the start (`anchor`) of its baseline."""

    x: float
    y: float
    text: str
    size: float
    color: str
    anchor: str = "middle"


Shape = Rect | Oval | Curve | Polygon | Text


@dataclass(frozen=True)
class Mark:
    """Shapes that belong together, and the text shown when the pointer rests on them."""

    kind: str  # "heading", "group", "arrow" or "box"
    shapes: tuple[Shape, ...]
    tip: str = ""


@dataclass(frozen=True)
class Scene:
    """A page of marks, from the lowest to the topmost."""

    width: float
    height: float
    marks: tuple[Mark, ...]


def scene(picture: Picture) -> Scene:
    """Lay `picture` out and draw it: frames at the bottom, then arrows, then boxes."""
    plan = layout(picture)
    page = max(plan.width, _heading_width(picture))
    heading, tall = _heading(picture, _MARGIN + page / 2)
    at = _Move(_MARGIN + (page - plan.width) / 2, _MARGIN + tall)
    groups = {group.id: group for group in picture.groups}
    marks = [
        Mark("heading", tuple(heading)),
        *(_group(groups[name], at(frame[:2]), frame[2:]) for name, frame in plan.frames.items()),
        *(_arrow(arrow, [*map(at, route.points)], at(route.label)) for arrow, route in zip(picture.arrows, plan.routes)),
        *(_box(box, at(plan.boxes[box.id])) for box in picture.boxes),
    ]
    return Scene(page + 2 * _MARGIN, tall + plan.height + 2 * _MARGIN, tuple(marks))


@dataclass(frozen=True)
class _Move:
    """From a place in the layout to its place on the page."""

    x: float
    y: float

    def __call__(self, point: Point) -> Point:
        return point[0] + self.x, point[1] + self.y


def _heading_width(picture: Picture) -> float:
    title = max(width(line, theme.TITLE) for line in lines(picture.title))
    if not picture.legend:
        return title
    return max(title, width(picture.legend.caption, theme.SMALL), _swatch(picture.legend) * len(picture.legend.cells))


def _heading(picture: Picture, middle: float) -> tuple[list[Shape], float]:
    """Title and legend around the page's middle, and how tall they are together."""
    title = lines(picture.title) if picture.title else []
    tall = len(title) * LINE * theme.TITLE / theme.TEXT
    shapes: list[Shape] = [*_text(middle, _MARGIN + tall / 2, title, theme.TITLE, theme.INK)]
    if picture.legend:
        legend, bottom = _legend(picture.legend, middle, _MARGIN + tall + 3)
        shapes, tall = shapes + legend, bottom - _MARGIN
    return shapes, tall + 8 if shapes else 0.0


def _legend(legend: Legend, middle: float, y: float) -> tuple[list[Shape], float]:
    """Caption, coloured cells, ticks; and where they end."""
    cell = _swatch(legend)
    left = middle - cell * len(legend.cells) / 2
    shapes: list[Shape] = [*_text(middle, y + theme.SMALL / 2, [legend.caption], theme.SMALL, theme.INK)]
    y += 1.6 * theme.SMALL if shapes else 0.0
    for i, (color, tick) in enumerate(legend.cells):
        overlap = 0.5 * (i + 1 < len(legend.cells))  # else the page shines through between two cells
        shapes.append(Rect(left + i * cell, y, cell + overlap, _BAR, color))
        shapes += _text(left + (i + 0.5) * cell, y + _BAR + 0.8 * theme.SMALL, [tick], theme.SMALL, theme.INK)
    return shapes, y + _BAR + 1.4 * theme.SMALL


def _swatch(legend: Legend) -> float:
    """Width of a cell: its share of the scale, or what the widest tick needs if all have one."""
    ticks = [tick for _, tick in legend.cells]
    widest = max(width(tick, theme.SMALL) for tick in ticks) + 10 if all(ticks) else 0.0
    return max(_SCALE / len(ticks), widest)


def _group(group: Group, corner: Point, size: Point) -> Mark:
    x, y = corner
    name = _text(x + 9, y + 10, lines(group.label)[:1], theme.SMALL + 1, "#444444", "start")
    return Mark("group", (Rect(x, y, *size, group.fill, group.border, 6.0), *name), "\n".join(lines(group.label)))


def _arrow(arrow: Arrow, points: list[Point], label: Point) -> Mark:
    """The line ends inside its head, so that its square end does not show."""
    head, (dx, dy) = _head(points, arrow.width)
    line = [*points[:-2], *((x - dx, y - dy) for x, y in points[-2:])]
    text = _text(*label, lines(arrow.label), theme.SMALL, "#333333")
    return Mark("arrow", (Curve(tuple(line), arrow.color, arrow.width, arrow.dashed), Polygon(head, arrow.color), *text))


def _head(points: list[Point], thickness: float) -> tuple[tuple[Point, ...], Point]:
    """Triangle with its tip at the last point, and the step from the line's end to the tip."""
    x, y = points[-1]
    from_x, from_y = next((point for point in reversed(points) if point != points[-1]), (x, y - 1))
    away = hypot(x - from_x, y - from_y)
    ux, uy = (x - from_x) / away, (y - from_y) / away
    long, half = 5.5 + 1.5 * thickness, 1.8 + 0.9 * thickness
    base_x, base_y = x - long * ux, y - long * uy
    corners = ((x, y), (base_x - half * uy, base_y + half * ux), (base_x + half * uy, base_y - half * ux))
    return corners, (0.8 * long * ux, 0.8 * long * uy)


def _box(box: Box, centre: Point) -> Mark:
    grid = table(box)
    x, y = centre[0] - grid.width / 2, centre[1] - grid.height / 2
    shapes: list[Shape] = [] if box.shape == "plain" else [_outline(box, grid, x, y)]
    for cell in grid.cells:
        if box.shape != "plain" and not grid.is_oval:
            shapes += _rules(cell, x, y, box.border)
        shapes += _text(x + cell.x + cell.width / 2, y + cell.y + cell.height / 2, cell.lines, theme.TEXT, box.text)
    return Mark("box", tuple(shapes), "\n".join(lines(box.tip)))


def _outline(box: Box, grid: Table, x: float, y: float) -> Shape:
    if grid.is_oval:
        return Oval(x + grid.width / 2, y + grid.height / 2, grid.width / 2, grid.height / 2, box.fill, box.border)
    return Rect(x, y, grid.width, grid.height, box.fill, box.border, _RADIUS[box.shape])


def _rules(cell: Cell, x: float, y: float, color: str) -> Iterator[Shape]:
    """The lines between a cell and those above and left of it."""
    left, top = x + cell.x, y + cell.y
    if cell.y:
        yield Curve(_straight((left, top), (left + cell.width, top)), color)
    if cell.x:
        yield Curve(_straight((left, top), (left, top + cell.height)), color)


def _straight(a: Point, b: Point) -> tuple[Point, ...]:
    return a, a, b, b


def _text(x: float, y: float, text: Sequence[str], size: float, color: str, anchor: str = "middle") -> Iterator[Text]:
    """Lines of text around the height `y`."""
    step = LINE * size / theme.TEXT
    for i, line in enumerate(text):
        if line:
            yield Text(x, y + (i - (len(text) - 1) / 2) * step + 0.35 * size, line, size, color, anchor)
