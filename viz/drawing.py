"""A picture that shows itself in a notebook, saves itself under any suffix, and still is a `graphviz.Digraph`."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterable
from pathlib import Path
from secrets import token_hex
from typing import Any

from viz import engines
from viz.diagram import Picture
from viz.dot import statements
from viz.page import page

try:
    from graphviz import Digraph
except ImportError as error:
    raise ImportError('Diagram expects the package graphviz, got none. pip install "tinygrad_edu[viz]".') from error

Name = str | os.PathLike[str] | None
Names = Iterable[str] | None

SUFFIXES = ".svg", ".png", ".pdf", ".dot", ".gv", ".html", ".json"


class Diagram(Digraph):
    """A `Picture` as a graph of the `graphviz` package, drawn by whatever is installed (see `viz.engines`).

    Statements added by hand (`diagram.node(...)`, `diagram.attr(...)`) go into `source`; Graphviz draws
    them, the built-in renderer draws `picture` alone and says so.

    Args:
        picture: what to draw; None for an empty page.
        **kwargs: as for `graphviz.Digraph`, except `engine`.
    """

    def __init__(self, picture: Picture | None = None, **kwargs: Any):
        self.picture = picture or Picture()
        self._drawn_by = ""
        super().__init__(**{"body": statements(self.picture), "format": "svg", **kwargs})

    def __repr__(self) -> str:
        return f"Diagram({len(self.picture.boxes)} boxes, {len(self.picture.arrows)} arrows)"

    @property
    def engine(self) -> str:
        """Who drew last: "dot", "pygraphviz" or "builtin"; "" before the first drawing."""
        return self._drawn_by

    def pipe(self, format: str | None = None, *, engine: str | None = None, encoding: str | None = None) -> bytes | str:
        """The drawing in `format` ("svg", "png", "pdf"), decoded if there is an encoding; see `viz.engines.render`."""
        data = self._draw(format or self.format, engine)
        return data.decode(encoding) if encoding else data

    def save(self, filename: Name = None, directory: Name = None, *, skip_existing: bool = False) -> str:
        """Write to a file; its suffix decides the format: an image, DOT text, a web page, or the picture as JSON.

        Returns:
            The file's path.

        Raises:
            ValueError: a suffix that is none of `SUFFIXES`.
            FileNotFoundError: the folder does not exist.
        """
        path = Path(directory or self.directory, filename or self.filename)
        if not (skip_existing and path.exists()):
            _write(path, self._content(path))
        return str(path)

    def render(
        self,
        filename: Name = None,
        directory: Name = None,
        view: bool = False,
        cleanup: bool = False,
        format: str | None = None,
        *,
        outfile: Name = None,
        engine: str | None = None,
    ) -> str:
        """Write DOT text to `filename` and the drawing beside it, as `graphviz` does.

        Args:
            view: open the drawing.
            cleanup: write the drawing alone.
            outfile: path of the drawing; its suffix is the format. By default `filename` with the format added.

        Returns:
            The drawing's path.
        """
        source = Path(directory or self.directory, filename or self.filename)
        format = format or (Path(outfile).suffix[1:] if outfile else self.format)
        drawing = Path(directory or self.directory, outfile) if outfile else source.with_name(f"{source.name}.{format}")
        _write(drawing, self._draw(format, engine))
        if not cleanup and (filename or not outfile):
            _write(source, self.source.encode())
        if view:
            self._view(str(drawing), format=format, quiet=False)
        return str(drawing)

    def view(self, filename: Name = None, directory: Name = None, cleanup: bool = False) -> str:
        """Draw to a file and open it."""
        return self.render(filename, directory, view=True, cleanup=cleanup)

    def to_html(self) -> str:
        """A web page that needs no other file: the drawing, to be moved and zoomed."""
        return page(self._svg(), self.picture.title)

    def _svg(self) -> str:
        return self._draw("svg").decode()

    def _draw(self, format: str, engine: str | None = None) -> bytes:
        data, self._drawn_by = engines.render(self.picture, format, engine, self.source)
        if self._drawn_by == "builtin" and self.body != statements(self.picture):
            message = "The built-in renderer draws the picture alone, without statements added by hand."
            warnings.warn(message, RuntimeWarning, stacklevel=3)
        return data

    def _content(self, path: Path) -> bytes:
        suffix = path.suffix.lower()
        if suffix in (".svg", ".png", ".pdf"):
            return self._draw(suffix[1:])
        if suffix in (".dot", ".gv"):
            return self.source.encode()
        if suffix == ".html":
            return self.to_html().encode()
        if suffix == ".json":
            return json.dumps(self.picture.as_dict(), ensure_ascii=False, indent=1).encode()
        raise ValueError(f"Diagram.save expects a suffix among {' '.join(SUFFIXES)}, got {path.name!r}. Choose one of them.")

    def _repr_mimebundle_(self, include: Names = None, exclude: Names = None, **_: Any) -> dict[str, str]:
        """What a notebook shows: the drawing, and words for those who cannot see it."""
        shown = {"image/svg+xml": self._svg, "text/plain": lambda: repr(self)}
        wanted = set(shown if include is None else include) - set(exclude or ())
        return {kind: make() for kind, make in shown.items() if kind in wanted}

    def _copy_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        return {**super()._copy_kwargs(**kwargs), "picture": self.picture}


def _write(path: Path, content: bytes) -> None:
    """All of the content or none: written beside the file, then put in its place."""
    if not path.parent.is_dir():
        raise FileNotFoundError(f"Diagram expects an existing folder, got {str(path.parent)!r}. Create it first.")
    temporary = path.with_name(f".{path.name}.{token_hex(4)}")
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
