"""The memory of a compiled step over time, with matplotlib: which values take turns in it.

An instruction may read two values while it writes a third one, so these three never share memory.
"""

from __future__ import annotations

from typing import Any

from tinygrad_edu.compiled.explanation import Block, Explanation, Kept, Line
from viz import theme
from viz.history import axes_in_a_row
from viz.plans import TOGETHER, as_explanation

_COLORS = {
    "batch": "#cfcdc7",
    "forward": theme.OKABE_ITO["sky"],
    "loss": theme.OKABE_ITO["yellow"],
    "backward": theme.OKABE_ITO["vermilion"],
    "update": theme.OKABE_ITO["purple"],
}
_CONSTANT = "#8a8a8a"
_LETTER = 0.6  # width of a letter, in its heights
_SMALLEST = 4.0  # points of a number that is written


def plot_memory(plan: Any, ax: Any = None) -> Any:
    """Plot where each value lies while the instructions of one step go by: time to the right, addresses upwards.

    A rectangle begins with the instruction that writes its value, whose number it bears, and ends with the last one that reads
    it; two of them share memory where one lies behind the other. Between instructions that are run together, block by block,
    values have memory for a block only; these instructions have a common background.

    Args:
        plan: a model whose last `fit` ran compiled, or a `compiled` function that was called; or the `compiled_plan` of one.
        ax: Axes to draw on; None makes a figure.

    Returns:
        The Axes.

    Raises:
        ValueError: if the model did not run compiled; says why.
    """
    from matplotlib.ticker import MaxNLocator

    whole = as_explanation(plan, "plot_memory")
    ax = axes_in_a_row(1)[0] if ax is None else ax
    ax.set_xlim(0, len(whole.lines))
    ax.set_ylim(0, whole.arena)
    for block in whole.blocks:
        _background(ax, block, whole)
    for kept in whole.constants:
        _rectangle(ax, kept, whole, _CONSTANT, "constants")
    for line, kept in _values(whole):
        _number(ax, _rectangle(ax, kept, whole, _COLORS.get(line.phase, _CONSTANT), line.phase), line.number)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel("instruction")
    ax.set_ylabel("bytes of the arena")
    ax.set_title(f"{whole.arena:,} bytes; {whole.separate:,} if every value had memory of its own", fontsize=10)
    ax.legend(*_legend(ax), fontsize=8, loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    return ax


def _values(whole: Explanation) -> list[tuple[Line, Kept]]:
    """Values of the arena, each with the first instruction that writes to it."""
    found: dict[Kept, Line] = {}
    for line in whole.lines:
        if line.kept is not None:
            found.setdefault(line.kept, line)
    return [(line, kept) for kept, line in found.items()]


def _background(ax: Any, block: Block, whole: Explanation) -> None:
    from matplotlib.patches import Rectangle

    length = block.last + 1 - block.first
    ax.add_patch(Rectangle((block.first, 0), length, whole.arena, label="run in blocks", facecolor=TOGETHER, zorder=0))


def _rectangle(ax: Any, kept: Kept, whole: Explanation, color: str, label: str) -> Any:
    from matplotlib.patches import Rectangle

    corner, size = (kept.first, kept.address * whole.itemsize), kept.size * whole.itemsize
    length = min(kept.last + 1, len(whole.lines)) - kept.first
    look: dict[str, Any] = {
        "facecolor": theme.tint(color, 0.55),
        "edgecolor": theme.mix(color, theme.INK, 0.25),
        "linewidth": 0.6,
    }
    return ax.add_patch(Rectangle(corner, length, size, label=label, **look))


def _number(ax: Any, rectangle: Any, number: int) -> None:
    """The number of an instruction in its rectangle, as large as there is room for."""
    box = rectangle.get_window_extent()
    scale = 72 / ax.figure.dpi  # points
    text = str(number)
    size = min(9.0, 0.8 * scale * box.height, 0.8 * scale * box.width / (_LETTER * len(text)))
    if size >= _SMALLEST:
        middle = rectangle.get_x() + rectangle.get_width() / 2, rectangle.get_y() + rectangle.get_height() / 2
        ax.text(*middle, text, ha="center", va="center_baseline", fontsize=size, color=theme.INK)


def _legend(ax: Any) -> tuple[list[Any], list[str]]:
    """One rectangle for each phase."""
    handles = {patch.get_label(): patch for patch in ax.patches}
    return list(handles.values()), list(handles)
