"""A picture taken apart into ranks of items: boxes, bends of long arrows, borders of groups.

Lengths are measured *along* the flow and *across* it, so that one layout serves all four directions.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise, takewhile

from viz import theme
from viz.cells import Table, table
from viz.diagram import Arrow, Picture, path
from viz.layered.ranks import ranks
from viz.text import lines, width

BOX, BEND, OPEN, CLOSE = "box", "bend", "open", "close"
HEADER = 20.0  # height of the line that names a group [points]
AROUND_FRAME = 8.0  # half the distance to a neighbour [points]
_AROUND_BOX, _AROUND_BEND = 11.0, 6.0
_LANE = 14.0  # distance of parallel arrows
LOOP = 22.0  # room for an arrow from a box to itself
_MOST_BENDS = 20_000  # beyond, the longest arrows run straight, behind the boxes


@dataclass(eq=False, slots=True)
class Item:
    """Something that takes room on one rank.

    Args:
        kind: BOX, BEND, or OPEN and CLOSE for the two sides of a group.
        path: numbers of the groups around, outermost first.
        before, after: room needed across, on either side of `x`, half the distance to a neighbour included.
        along: length in the direction of the flow.
        lane: how far beside the middle of a box its arrow starts.
        up, down: linked items on the rank before and after.
        place: position in the rank.
        x: coordinate across.
    """

    kind: str
    rank: int
    path: tuple[int, ...]
    before: float
    after: float
    along: float = 0.0
    lane: float = 0.0
    up: list[Item] = field(default_factory=list)
    down: list[Item] = field(default_factory=list)
    place: int = 0
    x: float = 0.0


@dataclass
class Layers:
    """Everything the layout moves.

    Args:
        step: ranks between neighbours; 2 if arrows have labels, which take the rank in the middle.
        paths: for every group id the numbers of the groups around its members, itself included.
        rows: the items of each rank, in order.
        boxes: item of every box id.
        chains: for every arrow the items it visits, from the first rank to the last.
        lanes: for every arrow how far beside the middles of its boxes it runs.
        borders: for every group number its OPEN and its CLOSE on each of its ranks.
    """

    picture: Picture
    tables: dict[str, Table]
    step: int
    paths: dict[str, tuple[int, ...]]
    lanes: list[float]
    rows: list[list[Item]] = field(default_factory=list)
    boxes: dict[str, Item] = field(default_factory=dict)
    chains: list[list[Item]] = field(default_factory=list)
    borders: dict[int, list[tuple[Item, Item]]] = field(default_factory=dict)

    def label_bend(self, arrow: int) -> Item | None:
        """The item that makes room for an arrow's label: its middle bend."""
        chain = self.chains[arrow]
        return chain[len(chain) // 2] if self.picture.arrows[arrow].label and len(chain) > 2 else None

    def label_side(self, bend: Item) -> int:
        """-1 for before the line, 1 for after: away from a parallel arrow, else above it or to its right."""
        return 1 if bend.lane > 0 or (bend.lane == 0 and not self.picture.is_sideways) else -1

    def turned(self, across: float, along: float) -> tuple[float, float]:
        """Width and height as lengths across and along, or back."""
        return (along, across) if self.picture.is_sideways else (across, along)


def build(picture: Picture) -> Layers:
    """Rank the boxes, bend the long arrows at every rank between, fence the groups."""
    tables = {box.id: table(box) for box in picture.boxes}
    step = 2 if any(arrow.label and arrow.tail != arrow.head for arrow in picture.arrows) else 1
    layers = Layers(picture, tables, step, _paths(picture), _lanes(picture, tables))
    _add_boxes(layers)
    _add_chains(layers)
    _add_borders(layers)
    return layers


def label_size(label: str) -> tuple[float, float]:
    """Width and height of an arrow's label."""
    text = lines(label)
    return max(width(line, theme.SMALL) for line in text) + 6, 1.2 * theme.SMALL * len(text)


def header_width(label: str) -> float:
    """Width of the line that names a group."""
    return max(width(line, theme.SMALL + 1) for line in lines(label)) + 20


def _paths(picture: Picture) -> dict[str, tuple[int, ...]]:
    number = {group.id: i for i, group in enumerate(picture.groups)}
    parents = {group.id: group.parent for group in picture.groups}
    return {group: tuple(number[name] for name in path(parents, group)) for group in ("", *parents)}


def _lanes(picture: Picture, tables: dict[str, Table]) -> list[float]:
    """Parallel arrows side by side, centred; a single arrow in the middle."""
    pairs = [tuple(sorted((arrow.tail, arrow.head))) for arrow in picture.arrows]
    total, seen = Counter(pairs), Counter[tuple[str, ...]]()
    lanes = []
    for pair in pairs:
        room = min(tables[name].height if picture.is_sideways else tables[name].width for name in pair)
        lanes.append((seen[pair] - (total[pair] - 1) / 2) * min(_LANE, 0.8 * room / total[pair]))
        seen[pair] += 1
    return lanes


def _add_boxes(layers: Layers) -> None:
    picture = layers.picture
    number = {box.id: i for i, box in enumerate(picture.boxes)}
    links = [(number[arrow.tail], number[arrow.head]) for arrow in picture.arrows if not arrow.backward]
    loops = {arrow.tail: _loop_room(layers, arrow) for arrow in picture.arrows if arrow.tail == arrow.head}
    level = ranks(len(number), links, layers.step)
    layers.rows = [[] for _ in range(max(level, default=-1) + 1)]
    for box, rank in zip(picture.boxes, level):
        across, along = layers.turned(layers.tables[box.id].width, layers.tables[box.id].height)
        half = across / 2 + _AROUND_BOX
        item = Item(BOX, rank, layers.paths[box.group], half, half + loops.get(box.id, 0.0), along)
        layers.boxes[box.id] = item
        layers.rows[rank].append(item)


def _loop_room(layers: Layers, arrow: Arrow) -> float:
    """Room beside a box for an arrow from it to itself, and for the arrow's label."""
    return LOOP + (layers.turned(*label_size(arrow.label))[0] if arrow.label else 0.0)


def _add_chains(layers: Layers) -> None:
    spans = _spans(layers)
    ends = [(layers.boxes[arrow.tail], layers.boxes[arrow.head]) for arrow in layers.picture.arrows]
    longest = _longest([abs(head.rank - tail.rank) - 1 for tail, head in ends])
    for arrow, lane, (tail, head) in zip(layers.picture.arrows, layers.lanes, ends):
        first, last = (tail, head) if tail.rank <= head.rank else (head, tail)
        between = range(first.rank + 1, last.rank) if last.rank - first.rank - 1 <= longest else ()
        bends = [Item(BEND, rank, _around(first, last, rank, spans), _AROUND_BEND, _AROUND_BEND, lane=lane) for rank in between]
        layers.chains.append(_linked([first, *bends, last]))
        for bend in bends:
            layers.rows[bend.rank].append(bend)
        if middle := layers.label_bend(len(layers.chains) - 1):
            _make_room(layers, arrow, middle)


def _longest(bends: list[int]) -> int:
    """The number of bends that an arrow may have, so that all together stay below the limit."""
    total = 0
    for count in sorted(bends):
        total += max(count, 0)
        if total > _MOST_BENDS:
            return count - 1
    return max(bends, default=0)


def _linked(chain: list[Item]) -> list[Item]:
    for a, b in pairwise(chain):
        if b.rank == a.rank + 1:
            a.down.append(b)
            b.up.append(a)
    return chain


def _spans(layers: Layers) -> dict[int, tuple[int, int]]:
    """First and last rank of the boxes in every group."""
    spans: dict[int, tuple[int, int]] = {}
    for box in layers.boxes.values():
        for group in box.path:
            first, last = spans.get(group, (box.rank, box.rank))
            spans[group] = min(first, box.rank), max(last, box.rank)
    return spans


def _around(first: Item, last: Item, rank: int, spans: dict[int, tuple[int, int]]) -> tuple[int, ...]:
    """Groups around a bend: those of either end, as far as they reach; so an arrow crosses a frame only once."""
    within = [tuple(takewhile(lambda group: spans[group][0] <= rank <= spans[group][1], end.path)) for end in (first, last)]
    return max(within, key=len)


def _make_room(layers: Layers, arrow: Arrow, bend: Item) -> None:
    """Room for a label on one side of the line."""
    across, bend.along = layers.turned(*label_size(arrow.label))
    if layers.label_side(bend) < 0:
        bend.before += across
    else:
        bend.after += across


def _add_borders(layers: Layers) -> None:
    members: dict[int, list[Item]] = defaultdict(list)
    for row in layers.rows:
        for item in row:
            for group in item.path:
                members[group].append(item)
    for group, inside in sorted(members.items()):
        around = layers.paths[layers.picture.groups[group].id]
        before, after = _margins(layers, group, inside)
        layers.borders[group] = [
            (Item(OPEN, rank, around, AROUND_FRAME, before), Item(CLOSE, rank, around, after, AROUND_FRAME))
            for rank in range(inside[0].rank, inside[-1].rank + 1)
        ]
    for pairs in layers.borders.values():
        for first, last in pairs:
            layers.rows[first.rank] += [first, last]


def _margins(layers: Layers, group: int, inside: list[Item]) -> tuple[float, float]:
    """Blank between a group's frame and its members: room for its name beside the flow, or enough for the name's width."""
    if layers.picture.is_sideways:
        return HEADER - AROUND_FRAME, 0.0
    used: dict[int, float] = defaultdict(float)
    for item in inside:
        used[item.rank] += item.before + item.after
    spare = max(header_width(layers.picture.groups[group].label) - max(used.values()), 0.0) / 2
    return spare, spare
