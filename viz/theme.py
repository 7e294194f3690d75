"""Colours and type: calm fills, dark text, scales that a colour-blind reader can tell apart.

>>> cividis(0.0), cividis(1.0)
('#00224e', '#fee838')
>>> text_on("#00224e"), text_on("#fee838")
('#ffffff', '#111111')
"""

from __future__ import annotations

FONT = "Helvetica,Arial,sans-serif"
TITLE, TEXT, SMALL = 14, 11, 9  # points
INK, PAPER = "#111111", "#ffffff"

# Okabe & Ito (2008), "Color Universal Design"; their black is left out, it is the colour of text.
OKABE_ITO = {
    "orange": "#e69f00", "sky": "#56b4e9", "green": "#009e73", "yellow": "#f0e442",
    "blue": "#0072b2", "vermilion": "#d55e00", "purple": "#cc79a7",
}  # fmt: skip

# Nunez, Anderton & Renslow (2018), "Optimizing colormaps with consideration for color vision deficiency",
# PLOS ONE 13(7). Thirteen evenly spaced anchors; in between, at most 8 of 255 levels beside the full table.
_CIVIDIS = (
    "#00224e", "#003171", "#2b406d", "#434e6c", "#575d6d", "#6a6c71", "#7c7b78",
    "#908b78", "#a59c74", "#bbad6c", "#d2bf60", "#e9d24e", "#fee838",
)  # fmt: skip


def category(index: int) -> str:
    """The palette's colour number `index`, starting over after the last."""
    palette = tuple(OKABE_ITO.values())
    return palette[index % len(palette)]


def cividis(t: float) -> str:
    """Colour at `t` of the scale from 0 (dark blue) to 1 (yellow); beyond its ends the scale stays."""
    place = min(max(t, 0.0), 1.0) * (len(_CIVIDIS) - 1)
    low = min(int(place), len(_CIVIDIS) - 2)
    return mix(_CIVIDIS[low], _CIVIDIS[low + 1], place - low)


def tint(color: str, strength: float = 0.2) -> str:
    """`color` thinned with white: a fill on which dark text reads well."""
    return mix(PAPER, color, strength)


def mix(a: str, b: str, t: float) -> str:
    """The colour at `t` of the way from `a` (0) to `b` (1)."""
    return "#" + "".join(f"{round(x + (y - x) * t):02x}" for x, y in zip(_channels(a), _channels(b)))


def text_on(fill: str) -> str:
    """Black or white, whichever has the larger contrast on `fill`."""
    return max(INK, PAPER, key=lambda text: contrast(text, fill))


def contrast(a: str, b: str) -> float:
    """Ratio of luminances, 1 to 21. Source: WCAG 2.2, "contrast ratio"."""
    low, high = sorted((_luminance(a), _luminance(b)))
    return (high + 0.05) / (low + 0.05)


def _luminance(color: str) -> float:
    """Relative luminance of an sRGB colour. Source: WCAG 2.2, "relative luminance"."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in _channels(color))]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _channels(color: str) -> list[int]:
    return [int(color[i : i + 2], 16) for i in (1, 3, 5)]
