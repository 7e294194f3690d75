"""From a picture to a drawing, and to a file if one is asked for."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from viz.diagram import Picture
from viz.drawing import Diagram


def drawn(picture: Picture, to_file: str | PathLike | None = None) -> Diagram:
    """The drawing of `picture`; saved if `to_file` is given, as PNG if that has no suffix."""
    diagram = Diagram(picture)
    if to_file is not None:
        path = Path(to_file)
        diagram.save(path if path.suffix else path.with_suffix(".png"))
    return diagram
