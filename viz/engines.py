"""Who draws: `dot` on the PATH, else `pygraphviz` in a child process, else the renderer built into `viz`.

    picture -> DOT text -> dot, pygraphviz            -> svg, png, pdf
    picture -> viz.layered -> viz.svg or viz.raster   -> svg, or png and pdf with matplotlib

Graphviz runs in a process of its own: it can be stopped when it takes too long, and a crash is not ours.
"""

from __future__ import annotations

import os
import re
import shutil
import struct
import subprocess
import sys
import warnings
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from itertools import pairwise

from viz.diagram import Picture
from viz.dot import to_dot
from viz.layered.ranks import cost

ENGINES = "auto", "dot", "pygraphviz", "builtin"
FORMATS = "svg", "png", "pdf"
TIMEOUT = 20.0  # seconds
BUDGET = 3_000  # boxes and bends: dot takes seconds for as many, minutes for ten times more
LARGEST_PNG = 32_000  # pixels a side; cairo shrinks what is larger, without a word

INSTALL = 'Install Graphviz (apt install graphviz, brew install graphviz) or pip install "tinygrad_edu[viz]"'

_CHILD = """
import sys, pygraphviz
format, dpi = sys.argv[1:]
graph = pygraphviz.AGraph(string=sys.stdin.buffer.read().decode())
if format == "png":
    graph.graph_attr["dpi"] = dpi
sys.stdout.buffer.write(graph.draw(format=format, prog="dot"))
"""

_preferred = "auto"


class EngineError(RuntimeError):
    """An engine could not draw a picture."""


def render(picture: Picture, format: str = "svg", engine: str | None = None, source: str | None = None) -> tuple[bytes, str]:
    """Draw `picture`.

    Args:
        format: "svg", "png" or "pdf".
        engine: one of `ENGINES`; None means what `set_engine` chose. "auto" takes the first that works, warns
            when one fails, and gives a picture above `BUDGET` to the built-in renderer at once.
        source: DOT text to draw instead of the picture's own; the built-in renderer does not read it.

    Returns:
        The file's content, and the name of the engine that drew it.

    Raises:
        EngineError: the engine asked for, or the last of all, could not draw.
        ValueError: the PNG would be larger than `LARGEST_PNG`.
    """
    _one_of("format", format, FORMATS)
    chain = _chain(picture, _one_of("engine", engine or _preferred, ENGINES))
    source = source or to_dot(picture)
    for name, following in pairwise(chain):
        try:
            return _draw(name, picture, source, format), name
        except EngineError as failure:
            warnings.warn(f"{failure} Drawing with {following!r} instead.", RuntimeWarning, stacklevel=2)
    return _draw(chain[-1], picture, source, format), chain[-1]


def backends() -> dict[str, str | None]:
    """Version of everything that can draw here, None for what is not installed.

    matplotlib draws the PNG and PDF files of the built-in renderer.
    """
    return {
        "dot": _dot_version(),
        "pygraphviz": _version("pygraphviz"),
        "builtin": _version("tinygrad_edu") or "from source",
        "matplotlib": _version("matplotlib"),
    }


def set_engine(engine: str) -> None:
    """Choose who draws from now on: "auto", "dot", "pygraphviz" or "builtin"."""
    global _preferred
    _preferred = _one_of("engine", engine, ENGINES)


def _one_of(name: str, word: str, known: tuple[str, ...]) -> str:
    if word not in known:
        raise ValueError(f"Drawing expects {name} to be one of {', '.join(known)}, got {word!r}. Choose one of them.")
    return word


def _chain(picture: Picture, engine: str) -> list[str]:
    """Engines to try in turn."""
    if engine != "auto":
        return [engine]
    if cost(picture) > BUDGET:
        return ["builtin"]
    installed = {"dot": shutil.which("dot"), "pygraphviz": find_spec("pygraphviz"), "builtin": True}
    return [name for name, found in installed.items() if found]


def _draw_dot(picture: Picture, source: str, format: str) -> bytes:
    program = shutil.which("dot")
    if not program:
        raise EngineError(f"Engine 'dot' expects a program dot on the PATH, got none. {INSTALL}, or choose engine='auto'.")
    dpi = [f"-Gdpi={picture.dpi}"] if format == "png" else []
    return _graphviz("dot", [program, f"-T{format}", *dpi], source, format)


def _draw_pygraphviz(picture: Picture, source: str, format: str) -> bytes:
    if not find_spec("pygraphviz"):
        raise EngineError(f"Engine 'pygraphviz' expects the package pygraphviz, got none. {INSTALL}, or choose engine='auto'.")
    # -P: a file pygraphviz.py in the user's folder is not the package
    return _graphviz("pygraphviz", [sys.executable, "-P", "-c", _CHILD, format, str(picture.dpi)], source, format)


def _draw_builtin(picture: Picture, source: str, format: str) -> bytes:
    if format == "svg":
        from viz.svg import to_svg

        return to_svg(picture).encode()
    if not find_spec("matplotlib"):
        raise EngineError(f"Engine 'builtin' expects matplotlib to write a {format}, got none. {INSTALL}, or save as .svg.")
    from viz.raster import paint
    from viz.scene import scene

    page = scene(picture)
    if format == "png":
        _check_size(page.width / 72 * picture.dpi, page.height / 72 * picture.dpi)
    return paint(page, format, picture.dpi)


_DRAWERS = {"dot": _draw_dot, "pygraphviz": _draw_pygraphviz, "builtin": _draw_builtin}


def _graphviz(name: str, command: list[str], source: str, format: str) -> bytes:
    """What a Graphviz process makes of `source`."""
    try:
        result = subprocess.run(command, input=source.encode(), capture_output=True, timeout=TIMEOUT, env=_environment())
    except subprocess.TimeoutExpired:
        raise EngineError(f"Engine {name!r} expects to finish within {TIMEOUT:g} s, got no drawing.") from None
    except OSError as error:
        raise EngineError(f"Engine {name!r} expects to start, got {error}.") from error
    words = result.stderr.decode(errors="replace").strip().splitlines()
    if result.returncode or not result.stdout:
        last = words[-1] if words else "no output"
        raise EngineError(f"Engine {name!r} expects to draw, got exit code {result.returncode}: {last}.")
    if any("libexpat" in line for line in words):
        raise EngineError(f"Engine {name!r} expects a Graphviz with expat for the legend, got one without.")
    return _own_ids(result.stdout) if format == "svg" else result.stdout


def _environment() -> dict[str, str]:
    """Our environment, with numbers written with a point."""
    return {**os.environ, "LC_NUMERIC": "C"}


def _own_ids(svg: bytes) -> bytes:
    """Ids that begin with a hash of the content: several drawings may stand in one page."""
    prefix = b"v" + sha256(svg).hexdigest()[:10].encode()
    return re.sub(rb' id="', b' id="' + prefix + b"-", svg)


def _draw(name: str, picture: Picture, source: str, format: str) -> bytes:
    data = _DRAWERS[name](picture, source, format)
    if format == "png":
        _check_size(*struct.unpack(">II", data[16:24]))  # the first chunk of a PNG begins with width and height
    return data


def _check_size(width: float, height: float) -> None:
    if max(width, height) > LARGEST_PNG:
        raise ValueError(
            f"A PNG expects at most {LARGEST_PNG} pixels a side, got {width:.0f} x {height:.0f}. "
            "Save as .svg or .pdf, or lower picture.dpi."
        )


def _dot_version() -> str | None:
    """What `dot -V` says, which goes to stderr."""
    program = shutil.which("dot")
    if not program:
        return None
    try:
        words = subprocess.run([program, "-V"], capture_output=True, timeout=TIMEOUT).stderr.decode(errors="replace")
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"version (\S+)", words)
    return found.group(1) if found else None


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
