"""What a picture is made of: boxes, arrows and groups, with no drawing in sight.

Builders (`viz.model`, `viz.graph`, `viz.flow`) fill a `Picture`; `viz.dot` turns it into DOT text
and `viz.svg` into an SVG; `viz.engines` chooses who draws. Keeping the picture neutral is what lets
all three agree, and what lets tests compare pictures as text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from itertools import groupby

DIRECTIONS = "TB", "LR", "BT", "RL"
SHAPES = "box", "round", "ellipse", "plain"
SPLINES = "spline", "line", "polyline", "ortho", "curved"


@dataclass(frozen=True)
class Box:
    """A node of the picture: one or more lines of text, or a table of cells.

    Args:
        id: unique within the picture; stable from run to run ("n0", "n1", ...).
        rows: cells of text, row by row; one row of one cell is a plain label. A cell may hold
            several lines. Neighbouring rows with the same number of cells share their columns.
        fill, border, text: colours as "#rrggbb".
        shape: "box", "round", "ellipse" (one cell only) or "plain" (text without a frame).
        group: id of the `Group` that the box belongs to, "" for none.
        tip: text shown when the pointer rests on the box.
    """

    id: str
    rows: tuple[tuple[str, ...], ...]
    fill: str = "#ffffff"
    border: str = "#444444"
    text: str = "#111111"
    shape: str = "box"
    group: str = ""
    tip: str = ""

    @property
    def is_table(self) -> bool:
        return len(self.rows) > 1 or len(self.rows[0]) > 1

    def blocks(self) -> list[list[tuple[str, ...]]]:
        """Neighbouring rows with equally many cells: they share their columns."""
        return [list(rows) for _, rows in groupby(self.rows, key=len)]


@dataclass(frozen=True)
class Arrow:
    """An arrow from one box to another; parallel arrows are kept.

    Args:
        tail, head: ids of the boxes; the arrow head sits at `head`, always.
        label: text beside the arrow.
        width: line width [points].
        dashed: dashed line instead of a solid one.
        backward: the arrow points against the flow (a gradient); it does not rank the boxes.
    """

    tail: str
    head: str
    label: str = ""
    color: str = "#555555"
    width: float = 1.0
    dashed: bool = False
    backward: bool = False


@dataclass(frozen=True)
class Group:
    """A frame around boxes (a layer, a nested model, one of two models compared)."""

    id: str
    label: str
    parent: str = ""
    fill: str = "#f7f7f5"
    border: str = "#c9c7c1"


@dataclass(frozen=True)
class Legend:
    """A row of coloured cells with a tick under each: a colour scale, or the meaning of colours.

    Args:
        caption: what the colours measure, with its unit.
        cells: (colour, tick) from left to right; an empty tick lets a scale have more colours than numbers.
    """

    caption: str
    cells: tuple[tuple[str, str], ...]


@dataclass
class Picture:
    """Everything that is drawn, in drawing order.

    Args:
        direction: where arrows lead: "TB" (top to bottom), "LR", "BT" or "RL".
        splines: Graphviz' word for the form of the lines; the built-in renderer bends "spline" and
            "curved" and draws the other three straight.
        dpi: dots per inch of a PNG; SVG and PDF have no pixels and ignore it.
    """

    boxes: list[Box] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    title: str = ""
    direction: str = "TB"
    legend: Legend | None = None
    splines: str = "spline"
    dpi: int = 192

    @property
    def is_sideways(self) -> bool:
        return self.direction in ("LR", "RL")

    def check(self) -> None:
        """Refuse what no engine can draw.

        Raises:
            ValueError: an id that is doubled or missing, a group inside itself, an unknown word.
        """
        _one_of("direction", [self.direction], DIRECTIONS)
        _one_of("splines", [self.splines], SPLINES)
        _one_of("shape", [box.shape for box in self.boxes], SHAPES)
        _unique("box", [box.id for box in self.boxes])
        for box in self.boxes:
            _drawable(box)
        _unique("group", [group.id for group in self.groups])
        _known("box", [end for arrow in self.arrows for end in (arrow.tail, arrow.head)], {box.id for box in self.boxes})
        group_ids = {group.id for group in self.groups} | {""}
        _known("group", [box.group for box in self.boxes] + [group.parent for group in self.groups], group_ids)
        _rooted({group.id: group.parent for group in self.groups})

    def as_dict(self) -> dict:
        """The picture in words that JSON knows."""
        return asdict(self)


def path(parents: dict[str, str], group: str) -> tuple[str, ...]:
    """Groups around something in `group`, outermost first."""
    chain = []
    while group:
        chain.append(group)
        group = parents[group]
    return tuple(reversed(chain))


def _one_of(name: str, words: Iterable[str], known: tuple[str, ...]) -> None:
    for word in words:
        if word not in known:
            raise ValueError(f"Picture expects {name} to be one of {', '.join(known)}, got {word!r}. Choose one of them.")


def _drawable(box: Box) -> None:
    if not box.rows or not all(box.rows):
        raise ValueError(f"Box {box.id!r} expects at least one cell in every row, got {box.rows!r}. Use (('',),) for no text.")
    if box.shape == "ellipse" and box.is_table:
        raise ValueError(f"Box {box.id!r} expects one cell in an ellipse, got {box.rows!r}. Choose shape 'round'.")


def _unique(kind: str, ids: list[str]) -> None:
    for name, times in Counter(ids).items():
        if times > 1:
            raise ValueError(f"Picture expects every {kind} id once, got {name!r} {times} times. Number the ids.")
        if not name:
            raise ValueError(f"Picture expects a {kind} to have an id, got ''. Number the ids.")


def _known(kind: str, ids: Iterable[str], known: set[str]) -> None:
    for name in ids:
        if name not in known:
            raise ValueError(f"Picture expects the id of one of its {kind} entries, got {name!r}. Add that {kind} first.")


def _rooted(parents: dict[str, str]) -> None:
    for group in parents:
        seen, outer = {group}, parents[group]
        while outer:
            if outer in seen:
                raise ValueError(f"Picture expects groups to nest, got {group!r} inside itself. Correct its `parent`.")
            seen.add(outer)
            outer = parents[outer]
