"""A picture as DOT text: the same picture always gives the same text.

Tables are record labels, which every Graphviz draws. The legend alone is an HTML-like label, because only
those colour single cells; a Graphviz built without expat says so on stderr, and `viz.engines` then moves on.

Source: "The DOT Language", "Node Shapes" and "escString" in the Graphviz documentation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from viz import theme
from viz.diagram import Arrow, Box, Group, Legend, Picture
from viz.text import lines

_NODE = {
    "shape": "box", "style": "filled", "fillcolor": Box("", ()).fill, "color": Box("", ()).border, "fontcolor": Box("", ()).text,
    "fontname": theme.FONT, "fontsize": theme.TEXT, "penwidth": 0.8, "height": 0.3, "width": 0.3, "margin": "0.12,0.06",
}  # fmt: skip
_EDGE = {
    "color": Arrow("", "").color, "penwidth": 1, "arrowsize": 0.7, "fontname": theme.FONT, "fontsize": theme.SMALL,
    "fontcolor": "#333333",
}  # fmt: skip
_SHAPES: dict[str, dict] = {
    "box": {},
    "round": {"style": "rounded,filled"},
    "ellipse": {"shape": "ellipse"},
    "plain": {"shape": "plaintext", "style": ""},
}
_TABLES: dict[str, dict] = {
    "box": {"shape": "record"},
    "round": {"shape": "record", "style": "rounded,filled"},
    "plain": {"shape": "record", "penwidth": 0, "style": ""},
}
_KEYWORDS = {"node", "edge", "graph", "digraph", "subgraph", "strict"}


def to_dot(picture: Picture) -> str:
    """DOT text of `picture`."""
    return "".join(["digraph {\n", *statements(picture), "}\n"])


def statements(picture: Picture) -> list[str]:
    """The statements between the braces, one per line.

    Raises:
        ValueError: see `Picture.check`.
    """
    picture.check()
    defaults = [_line(1, "graph", _graph(picture)), _line(1, "node", _NODE), _line(1, "edge", _EDGE)]
    return [*defaults, *_boxes(picture), *(_line(1, *_arrow(arrow)) for arrow in picture.arrows)]


def escape(text: str) -> str:
    """`text` as the label that shows it, whatever it contains. An empty first line makes Graphviz 14.1 crash: it gets a blank."""
    return "\\n".join((line or " ").replace("\\", "\\\\").replace("&", "&amp;") for line in lines(text))


def escape_cell(text: str) -> str:
    """`text` as one field of a record label, where braces, bars, angles and runs of blanks mean something too."""
    return re.sub(r"([{}|<> ])", r"\\\1", escape(text))


def escape_html(text: str) -> str:
    """`text` inside an HTML-like label."""
    return "<BR/>".join((line or " ").translate(_HTML) for line in lines(text))


_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})


def _graph(picture: Picture) -> dict:
    return {
        "rankdir": picture.direction, "splines": picture.splines, "bgcolor": theme.PAPER, "pad": 0.1,
        "nodesep": 0.3, "ranksep": 0.4, "fontname": theme.FONT, "fontsize": theme.TITLE, "labelloc": "t",
    } | _heading(picture)  # fmt: skip


def _heading(picture: Picture) -> dict:
    if picture.legend:
        return {"label": _Html(_legend(picture.title, picture.legend))}
    return {"label": escape(picture.title)} if picture.title else {}


def _legend(title: str, legend: Legend) -> str:
    span = f'COLSPAN="{len(legend.cells)}"'
    small = f'<FONT POINT-SIZE="{theme.SMALL}">%s</FONT>'
    rows = [f"<TD {span}>{escape_html(title)}</TD>"] if title else []
    rows += [f"<TD {span}>{small % escape_html(legend.caption)}</TD>"] if legend.caption else []
    rows += ["".join(f'<TD BGCOLOR="{color}" WIDTH="{220 // len(legend.cells)}" HEIGHT="10"></TD>' for color, _ in legend.cells)]
    rows += ["".join(f"<TD>{small % escape_html(tick)}</TD>" for _, tick in legend.cells)]
    table = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="2">'
    return table + "".join(f"<TR>{row}</TR>" for row in rows) + "</TABLE>"


def _boxes(picture: Picture) -> Iterator[str]:
    """Boxes inside their groups, groups inside theirs, in drawing order; a stack instead of recursion."""
    inside = _contents(picture)
    stack: list[tuple[int, Box | Group | None]] = [(1, entry) for entry in reversed(inside[""])]
    while stack:
        depth, entry = stack.pop()
        if entry is None:
            yield "\t" * depth + "}\n"
        elif isinstance(entry, Box):
            yield _line(depth, _name(entry.id), _box(entry, picture.is_sideways))
        else:
            yield "\t" * depth + f"subgraph {_name('cluster_' + entry.id)} {{\n"
            yield _line(depth + 1, "graph", _group(entry))
            stack += [(depth, None), *((depth + 1, member) for member in reversed(inside[entry.id]))]


def _contents(picture: Picture) -> dict[str, list[Box | Group]]:
    """What lies directly in each group ("" is the page): groups first, then boxes."""
    inside: dict[str, list[Box | Group]] = {"": [], **{group.id: [] for group in picture.groups}}
    for group in picture.groups:
        inside[group.parent].append(group)
    for box in picture.boxes:
        inside[box.group].append(box)
    return inside


def _group(group: Group) -> dict:
    return {
        "label": escape(group.label), "style": "rounded,filled", "fillcolor": group.fill, "color": group.border,
        "penwidth": 0.8, "fontsize": theme.SMALL + 1, "fontcolor": "#444444", "labeljust": "l", "margin": 10,
    }  # fmt: skip


def _box(box: Box, is_sideways: bool) -> dict:
    label = _record(box, is_sideways) if box.is_table else escape(box.rows[0][0])
    colors = {"fillcolor": box.fill, "color": box.border, "fontcolor": box.text}
    own = {name: color for name, color in colors.items() if color != _NODE[name]}
    shape = (_TABLES if box.is_table else _SHAPES)[box.shape]
    return {"label": label, **shape, **own, **({"tooltip": escape(box.tip)} if box.tip else {})}


def _record(box: Box, is_sideways: bool) -> str:
    """Record label: braces turn from side by side to one above the other and back, starting sideways in a sideways picture."""
    rows = "|".join(_block(block) for block in box.blocks())
    return rows if is_sideways else "{" + rows + "}"


def _block(rows: list[tuple[str, ...]]) -> str:
    if len(rows[0]) == 1:
        return "|".join(escape_cell(row[0]) for row in rows)
    columns = zip(*([escape_cell(cell) for cell in _level(row)] for row in rows))
    return "{" + "|".join("{" + "|".join(column) + "}" if len(rows) > 1 else column[0] for column in columns) + "}"


def _level(row: tuple[str, ...]) -> list[str]:
    """Cells padded to equally many lines, so that the rows of neighbouring columns stay level."""
    tallest = max(cell.count("\n") for cell in row)
    return [cell + "\n " * (tallest - cell.count("\n")) for cell in row]


def _arrow(arrow: Arrow) -> tuple[str, dict]:
    label = "\n".join(f" {line} " for line in lines(arrow.label)) if arrow.label else ""
    attributes = {
        "label": label and escape(label),
        "color": arrow.color if arrow.color != _EDGE["color"] else "",
        "penwidth": arrow.width if arrow.width != 1 else "",
        "style": "dashed" if arrow.dashed else "",
        "constraint": "false" if arrow.backward else "",
    }
    return f"{_name(arrow.tail)} -> {_name(arrow.head)}", {name: value for name, value in attributes.items() if value != ""}


class _Html(str):
    """A label that is written between angles instead of quotes."""


def _line(depth: int, subject: str, attributes: dict) -> str:
    listed = ", ".join(f"{name}={_value(value)}" for name, value in attributes.items())
    return "\t" * depth + subject + (f" [{listed}]" if listed else "") + "\n"


def _value(value: object) -> str:
    return f"<{value}>" if isinstance(value, _Html) else _quoted(value) if isinstance(value, str) else f"{value:g}"


def _name(name: str) -> str:
    """An id: as it is if DOT allows it, quoted otherwise (ports, keywords and signs have no meaning there)."""
    plain = re.fullmatch(r"[A-Za-z_][A-Za-z_0-9]*", name) and name.lower() not in _KEYWORDS
    return name if plain else _quoted(name.replace("\\", "\\\\"))


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '\\"').replace("\n", "\\n") + '"'
