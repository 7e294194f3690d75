"""The order of the items on each rank: few crossings, every group in one piece.

Barycentre sweeps as in Sugiyama, Tagawa & Toda (1981), then exchanges of neighbours as in Gansner et al.
(1993), section 3. A group has one place for all its ranks, so that two groups never twist around each other.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from itertools import pairwise
from math import inf

from viz.layered.layers import CLOSE, OPEN, Item, Layers

_PATIENCE = 4  # sweeps without a better order before giving up
_EXCHANGES = 4_000  # items beyond which neighbours are not exchanged


def arrange(layers: Layers, sweeps: int = 24) -> None:
    """Sort `layers.rows`; of all orders seen, keep the one with the fewest crossings."""
    small = sum(map(len, layers.rows)) < _EXCHANGES
    best, fewest, since = layers.rows, inf, 0
    for sweep in range(sweeps if small else sweeps // 3):
        _sweep(layers.rows, down=sweep % 2 == 0)
        if small:
            _exchange(layers.rows)
        found = crossings(layers.rows)
        since = 0 if found < fewest else since + 1
        if found < fewest:
            best, fewest = [list(row) for row in layers.rows], found
        if not fewest or since > _PATIENCE:
            break
    layers.rows = best
    for row in best:
        _number(row)


def crossings(rows: list[list[Item]]) -> int:
    """Number of pairs of links that cross."""
    return sum(map(_crossings_below, rows))


def _crossings_below(row: list[Item]) -> int:
    """Links from left to right: each crosses those seen before that end further right. Source: Barth et al. (2002)."""
    seen: list[int] = []
    found = 0
    for item in row:
        ends = sorted(other.place for other in item.down)
        found += sum(len(seen) - bisect_right(seen, end) for end in ends)
        for end in ends:
            insort(seen, end)
    return found


def _sweep(rows: list[list[Item]], down: bool) -> None:
    """Sort every rank by the mean place of its neighbours on the rank before (`down`) or after."""
    for row in rows:
        _number(row)
    middle = _middles(rows)
    for row in rows if down else reversed(rows):
        places = {item: _place(item, item.up if down else item.down) for item in row}
        row.sort(key=lambda item: _key(item, places[item], middle))
        _number(row)


def _number(row: list[Item]) -> None:
    """Write down the places, and coordinates as if the rank were packed around zero."""
    edge = -sum(item.before + item.after for item in row) / 2
    for place, item in enumerate(row):
        item.place = place
        item.x = edge + item.before
        edge = item.x + item.after


def _middles(rows: list[list[Item]]) -> dict[int, float]:
    """Mean coordinate of each group's members over all its ranks."""
    inside: dict[int, list[float]] = defaultdict(list)
    for row in rows:
        for item in row:
            for group in item.path:
                inside[group].append(item.x)
    return {group: sum(xs) / len(xs) for group, xs in inside.items()}


def _place(item: Item, neighbours: list[Item]) -> float:
    if item.kind in (OPEN, CLOSE):
        return -inf if item.kind == OPEN else inf
    return sum(other.x for other in neighbours) / len(neighbours) if neighbours else item.x


def _key(item: Item, place: float, middle: dict[int, float]) -> list[tuple[float, int]]:
    """Compared level by level: the outermost group's middle, the next group's, at last the item's own place."""
    return [*((middle[group], -1 - group) for group in item.path), (place, item.place)]


def _exchange(rows: list[list[Item]]) -> None:
    """Swap neighbours of one group where that removes crossings."""
    for row in rows:
        for i, (left, right) in enumerate(pairwise(list(row))):
            left = row[i]  # the swap before may have moved another item here
            if left.path == right.path and not {left.kind, right.kind} & {OPEN, CLOSE} and _gain(left, right) > 0:
                row[i : i + 2] = right, left
                left.place, right.place = right.place, left.place
        _number(row)


def _gain(left: Item, right: Item) -> int:
    """Crossings that a swap would remove."""
    return sum(_cross(a, b) - _cross(b, a) for a, b in ((left.up, right.up), (left.down, right.down)))


def _cross(left: list[Item], right: list[Item]) -> int:
    ends = sorted(other.place for other in right)
    return sum(bisect_left(ends, other.place) for other in left)
