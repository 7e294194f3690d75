"""Coordinates along the flow, then everything that is drawn: boxes, frames, and the lines between.

Between two ranks a line may bend; beside the boxes of a rank it runs straight, so it never crosses a box.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import sqrt

from viz.diagram import Arrow
from viz.layered.layers import HEADER, LOOP, Item, Layers, header_width, label_size

Point = tuple[float, float]
Frame = tuple[float, float, float, float]  # x, y, width, height

_GAP = 30.0  # between two ranks of boxes [points]
_WIDEST_GAP = 110.0
_SLOPE = 0.2  # a line that goes far across gets this share of the way as room to bend
_FOOTER = 10.0  # between a frame and the ranks inside it
_LEAN = 0.15  # share of the way by which a line leaves its box beside the middle


@dataclass(frozen=True)
class Route:
    """The line of an arrow, from its tail to its head.

    Args:
        points: the start, then three points per piece: two that bend it (Bézier), and its end.
        label: centre of the arrow's label.
    """

    points: list[Point]
    label: Point


@dataclass(frozen=True)
class Layout:
    """Where everything goes; y grows downwards.

    Args:
        boxes: centre of every box.
        frames: rectangle of every group that is not empty, outer groups first.
        routes: line of every arrow, in the picture's order.
    """

    boxes: dict[str, Point]
    frames: dict[str, Frame]
    routes: list[Route]
    width: float
    height: float


def draw(layers: Layers) -> Layout:
    """Coordinates of everything, in the picture's direction."""
    sheet = _Sheet(layers)
    inner_last = sorted(layers.borders, key=lambda group: len(layers.borders[group][0][0].path))
    return Layout(
        {box.id: sheet.point(*sheet.middle(layers.boxes[box.id])) for box in layers.picture.boxes},
        {layers.picture.groups[group].id: sheet.frame(group) for group in inner_last},
        [sheet.route(i) for i in range(len(layers.chains))],
        *layers.turned(sheet.across, sheet.along),
    )


class _Sheet:
    """The ranks laid out along the flow: where they begin and end, and how that reads in x and y."""

    def __init__(self, layers: Layers):
        self.layers = layers
        self.across = max((row[-1].x + row[-1].after for row in layers.rows if row), default=0.0)
        self.insets = _insets(layers)
        lengths = [max((item.along for item in row), default=0.0) for row in layers.rows]
        gaps = [_gap(row, layers.step) for row in layers.rows]
        if layers.picture.is_sideways:
            _stretch(layers, lengths, gaps)
        self.top, self.bottom, self.along = self._stack(lengths, gaps)

    def _stack(self, lengths: list[float], gaps: list[float]) -> tuple[list[float], list[float], float]:
        """Begin and end of every rank, and the end of all."""
        heads, feet = [0.0] * len(lengths), [0.0] * len(lengths)
        for group, (head, foot) in self.insets.items():
            first, last = self.span(group)
            heads[first], feet[last] = max(heads[first], head), max(feet[last], foot)
        top, bottom, edge = [], [], 0.0
        for head, length, foot, gap in zip(heads, lengths, feet, gaps):
            top.append(edge + head)
            bottom.append(edge + head + length)
            edge = bottom[-1] + foot + gap
        return top, bottom, edge - gaps[-1] if gaps else 0.0

    def span(self, group: int) -> tuple[int, int]:
        """First and last rank of a group."""
        return self.layers.borders[group][0][0].rank, self.layers.borders[group][-1][0].rank

    def point(self, across: float, along: float) -> Point:
        """(x, y) of a place on the sheet."""
        if self.layers.picture.direction in ("BT", "RL"):
            along = self.along - along
        return self.layers.turned(across, along)

    def middle(self, box: Item) -> Point:
        return box.x, (self.top[box.rank] + self.bottom[box.rank]) / 2

    def frame(self, group: int) -> Frame:
        first, last = self.layers.borders[group][0]
        (start, end), (head, foot) = self.span(group), self.insets[group]
        a, b = self.point(first.x, self.top[start] - head), self.point(last.x, self.bottom[end] + foot)
        return min(a[0], b[0]), min(a[1], b[1]), abs(a[0] - b[0]), abs(a[1] - b[1])

    def route(self, number: int) -> Route:
        """The line of arrow `number`, turned round if its tail lies on the later rank."""
        arrow, chain = self.layers.picture.arrows[number], self.layers.chains[number]
        points = self._points(arrow, chain, self.layers.lanes[number])
        if chain[0] is not self.layers.boxes[arrow.tail]:
            points.reverse()
        return Route([self.point(*point) for point in points], self.point(*self._label(number, points)))

    def _points(self, arrow: Arrow, chain: list[Item], lane: float) -> list[Point]:
        if arrow.tail == arrow.head:
            return self._loop(arrow, chain[0])
        ends = [(arrow.tail, chain[1]), (arrow.head, chain[-2])]
        ends = ends if chain[0] is self.layers.boxes[arrow.tail] else ends[::-1]
        (x, reach), (last_x, last_reach) = (self._port(name, lane, towards) for name, towards in ends)
        (_, y), (_, last_y) = self.middle(chain[0]), self.middle(chain[-1])
        if chain[0].rank == chain[-1].rank:
            depth = self.bottom[chain[0].rank] + 0.6 * _GAP
            return [(x, y + reach), (x, depth), (last_x, depth), (last_x, last_y + last_reach)]
        stations = [(x, y + reach), (x, self.bottom[chain[0].rank])]
        for bend in chain[1:-1]:
            stations += [(bend.x, self.top[bend.rank]), (bend.x, self.bottom[bend.rank])]
        stations += [(last_x, self.top[chain[-1].rank]), (last_x, last_y - last_reach)]
        return _line(stations, bent=self.layers.picture.splines in ("spline", "curved"))

    def _loop(self, arrow: Arrow, box: Item) -> list[Point]:
        across, along = self._size(arrow.tail)
        x, y, dy = box.x + across / 2, self.middle(box)[1], min(8.0, along / 4)
        return [(x, y - dy), (x + LOOP, y - 2.5 * dy), (x + LOOP, y + 2.5 * dy), (x, y + dy)]

    def _port(self, name: str, lane: float, towards: Item) -> Point:
        """Where an arrow meets its box: across, and how far along from the middle."""
        item, (across, along) = self.layers.boxes[name], self._size(name)
        lean = lane + _LEAN * (towards.x - towards.lane - item.x)
        is_oval = self.layers.tables[name].is_oval
        most = (0.25 if is_oval else 0.38) * across
        lean = max(-most, min(lean, most))
        return item.x + lean, along / 2 * (sqrt(1 - (2 * lean / across) ** 2) if is_oval else 1.0)

    def _size(self, name: str) -> Point:
        return self.layers.turned(self.layers.tables[name].width, self.layers.tables[name].height)

    def _label(self, number: int, points: list[Point]) -> Point:
        """Centre of the room kept free for the label: beside a bend, beside a loop; else the middle of the line."""
        arrow, bend = self.layers.picture.arrows[number], self.layers.label_bend(number)
        across, _ = self.layers.turned(*label_size(arrow.label))
        if bend:
            return bend.x + self.layers.label_side(bend) * (across / 2 + 2), (self.top[bend.rank] + self.bottom[bend.rank]) / 2
        if arrow.tail == arrow.head:
            return points[0][0] + 0.8 * LOOP + across / 2, self.middle(self.layers.boxes[arrow.tail])[1]
        return points[len(points) // 2]


def _insets(layers: Layers) -> dict[int, tuple[float, float]]:
    """Blank between the frame of every group and its first and last rank; a frame lies outside those in it."""
    head, foot = {"TB": (HEADER, _FOOTER), "BT": (_FOOTER, HEADER)}.get(layers.picture.direction, (_FOOTER, _FOOTER))
    insets: dict[int, tuple[float, float]] = {}
    for group in sorted(layers.borders, key=lambda group: -len(layers.borders[group][0][0].path)):
        first, last = layers.borders[group][0][0].rank, layers.borders[group][-1][0].rank
        inner = [other for other in insets if group in layers.borders[other][0][0].path]
        insets[group] = (
            head + max((insets[other][0] for other in inner if layers.borders[other][0][0].rank == first), default=0.0),
            foot + max((insets[other][1] for other in inner if layers.borders[other][-1][0].rank == last), default=0.0),
        )
    return insets


def _gap(row: list[Item], step: int) -> float:
    """Distance to the next rank: more where a line has far to go."""
    farthest = max((abs(item.x - other.x) for item in row for other in item.down), default=0.0)
    return min(max(_GAP / step, _SLOPE * farthest), _WIDEST_GAP)


def _stretch(layers: Layers, lengths: list[float], gaps: list[float]) -> None:
    """Make the ranks of every group long enough for its name, which is written along the flow."""
    for group, pairs in layers.borders.items():
        first, last = pairs[0][0].rank, pairs[-1][0].rank
        length = sum(lengths[first : last + 1]) + sum(gaps[first:last])
        missing = header_width(layers.picture.groups[group].label) - length
        for rank in range(first, last + 1):
            lengths[rank] += max(missing, 0.0) / len(pairs)


def _line(stations: list[Point], bent: bool) -> list[Point]:
    """Pieces through `stations`; bent ones start and end in the direction of the flow."""
    kept = stations[:1]
    for here, after in zip(stations[1:], [*stations[2:], (None, None)]):
        if here != kept[-1] and not kept[-1][0] == here[0] == after[0]:
            kept.append(here)
    points = kept[:1]
    for (x0, y0), (x1, y1) in pairwise(kept):
        middle = (y0 + y1) / 2
        points += [(x0, middle), (x1, middle), (x1, y1)] if bent else [(x0, y0), (x1, y1), (x1, y1)]
    return points
