"""Coordinates across the flow: arrows straight, boxes near what they are linked to, nothing overlaps.

Every rank in turn is moved to where its neighbours want it, by isotonic regression: the nearest places that keep
the order and the distances. Long arrows are one straight line as far as they can be (Sander 1996, "linear
segments"). Groups need agreement between ranks: pushing everything to the right as far as its left neighbours
demand is a valid drawing, pushing to the left is another, and because the demands are linear their mean is one too.
"""

from __future__ import annotations

from bisect import bisect
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from math import inf

from viz.layered.layers import BEND, BOX, CLOSE, OPEN, Item, Layers

_SWEEPS = (True, False) * 6 + (True,) * 3  # down or up; three times down, for arrows to follow the boxes
_STRAIGHT, _FIXED = 64.0, 1e9  # pull between two boxes, weight of a group's side; a bend pulls with 1
_STILL = 1e-6  # less is no movement [points]
_ROOM = 80.0  # how far a group may grow in one sweep [points]


@dataclass(eq=False, slots=True)
class _Line:
    """Items that share one coordinate: a box, the straight part of an arrow, one side of a group.

    Args:
        left, right: neighbours on any rank, with the distance to keep.
        low, high: coordinate after pushing to the right and to the left.
    """

    items: list[Item]
    x: float = 0.0
    left: list[tuple[_Line, float]] = field(default_factory=list)
    right: list[tuple[_Line, float]] = field(default_factory=list)
    low: float = 0.0
    high: float = 0.0

    def move(self, x: float) -> None:
        self.x = x
        for item in self.items:
            item.x = x

    def yielding(self, want: float) -> float:
        """`want`, or as near as the neighbours allow where they are now."""
        low = max((other.x + gap for other, gap in self.left), default=-inf)
        high = min((other.x - gap for other, gap in self.right), default=inf)
        return max(low, min(want, high)) if low <= high else self.x


def place(layers: Layers) -> None:
    """Set `x` of every item; the leftmost needs no room below 0."""
    line_of = _lines(layers)
    lines = _left_to_right(layers.rows, line_of)
    _agree(lines)
    for down in _SWEEPS:
        _loosen(lines)
        for row in layers.rows if down else layers.rows[::-1]:
            _settle(row, line_of, down)
        _agree(lines)
    start = min((item.x - item.before for row in layers.rows for item in row), default=0.0)
    for line in lines:
        line.move(line.x - start)


def fit(wants: list[float], weights: list[float]) -> list[float]:
    """The non-decreasing numbers nearest to `wants` in weighted squares.

    Source: pool adjacent violators, Ayer et al. (1955).

    >>> fit([0.0, 4.0, 2.0], [1.0, 1.0, 1.0])
    [0.0, 3.0, 3.0]
    """
    pools: list[tuple[float, float, int]] = []  # mean, weight, count
    for mean, weight in zip(wants, weights):
        count = 1
        while pools and pools[-1][0] >= mean:
            other, more, members = pools.pop()
            mean, weight, count = (mean * weight + other * more) / (weight + more), weight + more, count + members
        pools.append((mean, weight, count))
    return [mean for mean, _, count in pools for _ in range(count)]


def _lines(layers: Layers) -> dict[Item, _Line]:
    """The sides of groups are straight, always; arrows where they cross neither a side nor another straight line."""
    line_of: dict[Item, _Line] = {}
    straight: list[list[tuple[int, int]]] = [[] for _ in layers.rows]  # (place, place on the next rank) of links
    for side in (side for pairs in layers.borders.values() for side in zip(*pairs)):
        line_of.update(dict.fromkeys(side, _Line(list(side))))
        for a, b in pairwise(side):
            straight[a.rank].append((a.place, b.place))
    for row, taken in zip(layers.rows, straight):
        taken.sort()
        for item in row:
            line = line_of.setdefault(item, _Line([item]))
            for below in item.down:
                if item.kind == below.kind == BEND and _fits(taken, (item.place, below.place)):
                    line_of[below] = line
                    line.items.append(below)
    for line in dict.fromkeys(line_of.values()):
        line.move(sum(item.x for item in line.items) / len(line.items))
    return line_of


def _fits(taken: list[tuple[int, int]], link: tuple[int, int]) -> bool:
    """Whether `link` crosses none of the straight links; if so it becomes one of them."""
    at = bisect(taken, link)
    if (at and taken[at - 1][1] > link[1]) or (at < len(taken) and taken[at][1] < link[1]):
        return False
    taken.insert(at, link)
    return True


def _left_to_right(rows: list[list[Item]], line_of: dict[Item, _Line]) -> list[_Line]:
    """Lines, each after all that lie left of it on some rank."""
    for row in rows:
        for a, b in pairwise(row):
            line_of[a].right.append((line_of[b], a.after + b.before))
            line_of[b].left.append((line_of[a], a.after + b.before))
    waiting = {line: len(line.left) for line in line_of.values()}
    ready = [line for line in waiting if not line.left]
    order = []
    while ready:
        line = ready.pop()
        order.append(line)
        for other, _ in line.right:
            waiting[other] -= 1
            if not waiting[other]:
                ready.append(other)
    return order


def _settle(row: list[Item], line_of: dict[Item, _Line], down: bool) -> None:
    """Move the items of one rank to where their neighbours on the rank before (`down`) or after want them."""
    offsets = list(accumulate((a.after + b.before for a, b in pairwise(row)), initial=0.0))
    wishes = [_wish(item, *((item.up, item.down) if down else (item.down, item.up)), line_of) for item in row]
    fitted = fit([want - offset for (want, _), offset in zip(wishes, offsets)], [weight for _, weight in wishes])
    for item, x, offset in zip(row, fitted, offsets):
        if item.kind in (BOX, BEND) and abs(x + offset - item.x) > _STILL:  # long lines mostly stand still
            line_of[item].move(x + offset)


def _wish(item: Item, ahead: list[Item], behind: list[Item], line_of: dict[Item, _Line]) -> tuple[float, float]:
    """Where an item wants to be, and how much. In the middle of a line it stays: the line's end has decided."""
    neighbours = ahead or behind
    if item.kind in (OPEN, CLOSE):
        return item.x, _FIXED
    if not neighbours or line_of[neighbours[0]] is line_of[item]:
        return item.x, 1.0
    wants = [(other.x - other.lane + item.lane, _pull(item, other)) for other in neighbours]
    want = _median(wants)
    return line_of[item].yielding(want) if item.kind == BEND else want, sum(pull for _, pull in wants) if ahead else 1.0


def _median(wants: list[tuple[float, float]]) -> float:
    """Weighted median, so that one arrow is straight rather than all a little bent; midway if two share the weight."""
    wants.sort()
    half, below = sum(weight for _, weight in wants) / 2, 0.0
    for (want, weight), (after, _) in pairwise(wants):
        below += weight
        if below >= half:
            return want if below > half else (want + after) / 2
    return wants[-1][0]


def _pull(a: Item, b: Item) -> float:
    """How strongly linked items attract each other: the arrow between two boxes is the one to be straight."""
    return _STRAIGHT if a.kind == b.kind == BOX else 1.0


def _agree(lines: list[_Line]) -> None:
    """The mean of pushing everything to the right and everything to the left, as far as the distances demand."""
    for line in lines:
        start = -inf if _is_side(line) else line.x
        line.low = max([start, *(other.low + gap for other, gap in line.left)])
    for line in reversed(lines):
        start = inf if _is_side(line) else line.x
        line.high = min([start, *(other.high - gap for other, gap in line.right)])
    for line in lines:
        if not _is_side(line):
            line.move((line.low + line.high) / 2)
    _tighten(lines)


def _is_side(line: _Line) -> bool:
    return line.items[0].kind in (OPEN, CLOSE)


def _tighten(lines: list[_Line]) -> None:
    """Draw the sides of every group close to its members, inner groups first."""
    for line in reversed(lines):
        if line.items[0].kind == OPEN:
            line.move(min(other.x - gap for other, gap in line.right if not _closes(line, other)))
    for line in lines:
        if line.items[0].kind == CLOSE:
            line.move(max(other.x + gap for other, gap in line.left if not _closes(other, line)))


def _loosen(lines: list[_Line]) -> None:
    """Leave half of the room beside every group to its members, so that a sweep can move them."""
    for line in lines:
        if line.items[0].kind == OPEN:
            line.move((line.x + max([line.x - _ROOM, *(other.x + gap for other, gap in line.left)])) / 2)
    for line in reversed(lines):
        if line.items[0].kind == CLOSE:
            line.move((line.x + min([line.x + _ROOM, *(other.x - gap for other, gap in line.right)])) / 2)


def _closes(first: _Line, last: _Line) -> bool:
    """Whether both are the sides of one group."""
    kinds = first.items[0].kind, last.items[0].kind
    return kinds == (OPEN, CLOSE) and first.items[0].path == last.items[0].path
