"""What a picture is made of: boxes, arrows and groups, with no drawing in sight.

Builders (`viz.model`, `viz.graph`, `viz.flow`) fill a `Picture`; `viz.dot` turns it into DOT text
and `viz.svg` into an SVG; `viz.engines` chooses who draws. Keeping the picture neutral is what lets
all three agree, and what lets tests compare pictures as text.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Box:
    """A node of the picture: one or more lines of text, or a table of cells.

    Args:
        id: unique within the picture; stable from run to run ("n0", "n1", ...).
        rows: cells of text, row by row; one row of one cell is a plain label.
        fill, border, text: colours as "#rrggbb".
        shape: "box", "round", "ellipse" or "plain" (text without a frame).
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


@dataclass(frozen=True)
class Arrow:
    """An arrow from one box to another; parallel arrows are kept.

    Args:
        tail, head: ids of the boxes.
        label: text beside the arrow.
        width: line width [points].
        dashed: dashed line instead of a solid one.
        backward: drawn against the flow (from head up to tail); it does not rank the boxes.
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


@dataclass
class Picture:
    """Everything that is drawn, in drawing order."""

    boxes: list[Box] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    title: str = ""
    direction: str = "TB"  # "TB" top to bottom, "LR" left to right, and "BT", "RL"
