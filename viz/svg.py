"""A picture as SVG, without Graphviz: small, the same bytes on every run, fit to stand beside others in one page.

Ids begin with a hash of the content: several drawings inline in one HTML page share its namespace.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import sha256
from html import escape

from viz import theme
from viz.diagram import Picture
from viz.scene import Curve, Mark, Oval, Point, Polygon, Rect, Scene, Shape, Text, scene


def to_svg(picture: Picture) -> str:
    """SVG text of `picture`, laid out and drawn by `viz.layered`."""
    return write(scene(picture))


def write(page: Scene) -> str:
    """SVG text of a scene. Text keeps its blanks; its font comes from the reader's machine."""
    marks = [(mark, "".join(_WRITERS[type(shape)](shape) for shape in mark.shapes)) for mark in page.marks]
    prefix = "v" + sha256("".join(body for _, body in marks).encode()).hexdigest()[:10]
    wide, tall = _number(page.width), _number(page.height)
    root = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}pt" height="{tall}pt" viewBox="0 0 {wide} {tall}" '
        f'font-family="{theme.FONT}" xml:space="preserve" role="img">'
    )
    paper = f'<rect width="{wide}" height="{tall}" fill="{theme.PAPER}"/>'
    groups = [_group(f"{prefix}-{i}", mark, body) for i, (mark, body) in enumerate(marks) if body]
    return "\n".join([root, paper, *groups, "</svg>", ""])


def _group(name: str, mark: Mark, body: str) -> str:
    tip = f"<title>{escape(mark.tip)}</title>" if mark.tip else ""
    return f'<g id="{name}" class="{mark.kind}">{tip}{body}</g>'


def _rect(rect: Rect) -> str:
    corner = f' rx="{_number(rect.radius)}"' if rect.radius else ""
    return f"<rect{_lengths(x=rect.x, y=rect.y, width=rect.width, height=rect.height)}{corner}{_paint(rect.fill, rect.border)}/>"


def _oval(oval: Oval) -> str:
    return f"<ellipse{_lengths(cx=oval.x, cy=oval.y, rx=oval.rx, ry=oval.ry)}{_paint(oval.fill, oval.border)}/>"


def _curve(curve: Curve) -> str:
    dashes = f' stroke-dasharray="{_number(3 + curve.width)}"' if curve.dashed else ""
    return f'<path d="{_path(curve.points)}" fill="none" stroke="{curve.color}" stroke-width="{_number(curve.width)}"{dashes}/>'


def _polygon(polygon: Polygon) -> str:
    return f'<path d="M{_points(polygon.points)}Z" fill="{polygon.fill}"/>'


def _text(text: Text) -> str:
    anchor = ' text-anchor="middle"' if text.anchor == "middle" else ""
    look = f' font-size="{_number(text.size)}" fill="{text.color}"'
    return f"<text{_lengths(x=text.x, y=text.y)}{anchor}{look}>{escape(text.text, quote=False)}</text>"


_WRITERS: dict[type[Shape], Callable[..., str]] = {Rect: _rect, Oval: _oval, Curve: _curve, Polygon: _polygon, Text: _text}


def _path(points: tuple[Point, ...]) -> str:
    """Path data; pieces without a bend are written as lines."""
    parts = [f"M{_points(points[:1])}"]
    for i in range(1, len(points), 3):
        start, (a, b, end) = points[i - 1], points[i : i + 3]
        straight = (start == a and b == end) or start[0] == a[0] == b[0] == end[0] or start[1] == a[1] == b[1] == end[1]
        parts.append(f"L{_points([end])}" if straight else f"C{_points((a, b, end))}")
    return "".join(parts)


def _points(points: Iterable[Point]) -> str:
    return " ".join(f"{_number(x)},{_number(y)}" for x, y in points)


def _paint(fill: str, border: str) -> str:
    return f' fill="{fill}"' + (f' stroke="{border}" stroke-width="0.8"' if border else "")


def _lengths(**lengths: float) -> str:
    return "".join(f' {name}="{_number(length)}"' for name, length in lengths.items())


def _number(value: float) -> str:
    """Two decimals at most, and never "-0": the same on every machine."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
