"""Writing to the terminal, the notebook or the file that stdout is, whatever state it is in.

A bar is drawn over itself within one line, which stays open. `say` writes a message above it, where `print` would go on
in the middle of it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from typing import Any

_drawn = 0  # characters of the open line


def say(text: str) -> None:
    """Write a line of its own; an open line is wiped first, and will be drawn again below."""
    global _drawn
    write((f"\r{' ' * _drawn}\r" if _drawn else "") + text + "\n")
    _drawn = 0


def draw(line: str, *, close: bool = False) -> None:
    """Write over the open line, all of it, cut to one row of the terminal; or whole, and end it."""
    global _drawn
    line = line if close else line[: columns() - 1]
    write("\r" + line.ljust(_drawn) + ("\n" if close else ""))
    _drawn = 0 if close else len(line)


def leave() -> None:
    """End the open line, as it stands, if there is one."""
    global _drawn
    if _drawn:
        write("\n")
    _drawn = 0


def write(text: str) -> None:
    """Write to stdout; a closed, broken or missing one must not stop training."""
    with contextlib.suppress(AttributeError, OSError, ValueError):
        try:
            sys.stdout.write(text)
        except UnicodeEncodeError:  # a metric named in Greek, a terminal that knows ASCII
            sys.stdout.write(_encodable(text, sys.stdout.encoding))
        sys.stdout.flush()


def columns() -> int:
    """How many characters a row of the terminal holds."""
    return shutil.get_terminal_size().columns or 80


def redrawn_every() -> float | None:
    """Seconds between two drawings of a bar; None where a bar would leave half lines behind: in files and pipes.

    A notebook understands carriage returns and keeps what it was sent, so it gets fewer of them.
    """
    if _is_terminal():
        return 0.05
    return 0.5 if _is_notebook(sys.stdout) else None


def _is_terminal() -> bool:
    try:
        return sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    except (AttributeError, ValueError):  # no stdout, or a closed one
        return False


def _is_notebook(stream: Any) -> bool:
    return type(stream).__module__.partition(".")[0] in ("ipykernel", "google", "pyodide_kernel")


def _encodable(text: str, encoding: str | None) -> str:
    encoding = encoding or "ascii"
    return text.encode(encoding, "replace").decode(encoding)
