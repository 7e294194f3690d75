"""Tables in Markdown: our figures, and by how many times those of the others are larger."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

UNITS = {"s": (1, 1), "ms": (1e-3, 1e3), "µs": (1e-6, 1e6)}
US = "tinygrad_edu"


def header(*peers: str) -> str:
    """The first lines of a table with a column for us and, as ratios, one for each of the peers."""
    names = (US, *(f"{name} / us" for name in peers))
    return "| | " + " | ".join(names) + " |\n|---|" + "---|" * len(names)


def row(what: str, figures: dict[str, float], peers: Sequence[str], unit: str = "s", doubted: Iterable[str] = ()) -> str:
    """A line of the table; a ratio that is `doubted` is struck out."""
    ratios = {name: f"{figures[name] / figures[US]:.2f}" for name in peers if name in figures}
    ratios |= {name: f"~~{ratios[name]}~~" for name in doubted if name in ratios}
    return f"| {what} | " + " | ".join([with_unit(figures[US], unit), *(ratios.get(name, "") for name in peers)]) + " |"


def with_unit(figure: float, unit: str = "s") -> str:
    """Three digits, of seconds in the unit that suits them."""
    if unit == "s":
        unit = "s" if figure >= 1 else "ms" if figure >= 1e-3 else "µs"
        figure *= UNITS[unit][1]
    return f"{float(f'{figure:.3g}'):g} {unit}"
