"""Text before it is drawn: which characters may be drawn, and how wide they are."""

from __future__ import annotations

import unicodedata

# Widths of Helvetica in thousandths of the font size. Source: Adobe, "Font Metrics for PDF Core 14 Fonts".
_WIDTHS = {
    191: "'", 222: "ijl", 260: "|", 278: " !,./:;I[]\\ft", 333: "()-`r", 334: "{}", 355: '"', 389: "*", 469: "^",
    500: "Jcksvxyz", 556: "#$?0123456789L_abdeghnopqu", 584: "+<=>~", 611: "FTZ", 667: "&ABEKPSVXY",
    722: "CDHNRUw", 778: "GOQ", 833: "Mm", 889: "%", 944: "W", 1015: "@",
}  # fmt: skip
_WIDTH = {char: width / 1000 for width, chars in _WIDTHS.items() for char in chars}


def lines(text: str) -> list[str]:
    """The lines of `text` with what neither XML nor DOT can carry made visible.

    Tabs become spaces; other control characters their symbols (U+2400 and on); lone surrogates "�".
    """
    return text.replace("\r\n", "\n").replace("\r", "\n").expandtabs(4).translate(_VISIBLE).split("\n")


def width(line: str, size: float) -> float:
    """Width [points] of a line at `size` points: Helvetica's, and a little more, for machines that replace it."""
    return 1.06 * size * sum(_WIDTH.get(char) or _other(char) for char in line)


def _other(char: str) -> float:
    if unicodedata.combining(char):
        return 0.0
    return 1.0 if unicodedata.east_asian_width(char) in "WF" else 0.6


_VISIBLE = {code: 0x2400 + code for code in range(32) if chr(code) != "\n"} | dict.fromkeys(
    (*range(0x7F, 0xA0), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF), 0xFFFD
)
