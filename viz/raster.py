"""A scene as PNG or PDF by matplotlib, for machines without Graphviz."""

from __future__ import annotations

from io import BytesIO

from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse, FancyBboxPatch, Patch, PathPatch
from matplotlib.patches import Polygon as PolygonPatch
from matplotlib.path import Path
from matplotlib.text import Text as Words

from viz import theme
from viz.scene import Curve, Oval, Polygon, Rect, Scene, Text

# The first that is installed writes Latin text, the others what it lacks: names of layers may be Chinese.
_FONTS = (
    "Helvetica", "Arial", "Liberation Sans", "DejaVu Sans", "Noto Sans CJK SC", "Noto Sans CJK JP", "Microsoft YaHei",
    "PingFang SC", "Hiragino Sans", "WenQuanYi Zen Hei", "Malgun Gothic",
)  # fmt: skip


def paint(page: Scene, format: str, dpi: int) -> bytes:
    """The content of a file in `format`, the same on every run."""
    figure = Figure(figsize=(page.width / 72, page.height / 72), dpi=dpi, facecolor=theme.PAPER)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, page.width), ylim=(page.height, 0), frame_on=False, xticks=[], yticks=[])
    fonts = _installed_fonts()
    for height, shape in enumerate(shape for mark in page.marks for shape in mark.shapes):
        artist = _words(shape, fonts) if isinstance(shape, Text) else _patch(shape)
        artist.set_zorder(height)
        axes.add_artist(artist)
    file = BytesIO()
    figure.savefig(file, format=format, metadata={"Software": None} if format == "png" else {"CreationDate": None})
    return file.getvalue()


def _installed_fonts() -> list[str]:
    names = {font.name for font in font_manager.fontManager.ttflist}
    return [name for name in _FONTS if name in names]


def _words(text: Text, fonts: list[str]) -> Words:
    anchor = "center" if text.anchor == "middle" else "left"
    look: dict = {"color": text.color, "fontsize": text.size, "fontfamily": fonts, "ha": anchor, "va": "baseline"}
    return Words(text.x, text.y, text.text, parse_math=False, **look)


def _patch(shape: Rect | Oval | Curve | Polygon) -> Patch:
    if isinstance(shape, Rect):
        corner = f"round,pad=0,rounding_size={shape.radius}" if shape.radius else "square,pad=0"
        return FancyBboxPatch((shape.x, shape.y), shape.width, shape.height, boxstyle=corner, **_look(shape.fill, shape.border))
    if isinstance(shape, Oval):
        return Ellipse((shape.x, shape.y), 2 * shape.rx, 2 * shape.ry, **_look(shape.fill, shape.border))
    if isinstance(shape, Polygon):
        return PolygonPatch(shape.points, closed=True, **_look(shape.fill, ""))
    codes = [Path.MOVETO] + [Path.CURVE4] * (len(shape.points) - 1)
    dashes = (0, (3, 3)) if shape.dashed else "solid"
    look: dict = {"edgecolor": shape.color, "linewidth": shape.width, "linestyle": dashes, "capstyle": "butt"}
    return PathPatch(Path(shape.points, codes), facecolor="none", **look)


def _look(fill: str, border: str) -> dict:
    return {"facecolor": fill, "edgecolor": border or "none", "linewidth": 0.8 if border else 0.0}
