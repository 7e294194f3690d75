"""Fetching a file from where it was published, with a bar while it comes."""

from __future__ import annotations

import http.client
import sys
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

SECONDS = 30  # without an answer, after which a server is given up
CHUNK = 1 << 16
BAR = 30  # characters
REDRAW = 0.05  # seconds between two bars


def download(address: str, name: str, stream: Any = None) -> bytes:
    """All bytes at an address.

    Args:
        address: of the file.
        name: what the bar calls it.
        stream: text stream for the bar; None means stderr where that is a terminal.

    Raises:
        OSError: if there is no network, no such file, or if the connection is cut.
    """
    if stream is None and sys.stderr is not None and sys.stderr.isatty():
        stream = sys.stderr
    try:
        with urllib.request.urlopen(address, timeout=SECONDS) as answer:
            size = int(answer.headers.get("Content-Length") or 0)
            chunks = iter(lambda: answer.read(CHUNK), b"")
            found = b"".join(_shown(chunks, name, size, stream) if stream is not None else chunks)
    except http.client.HTTPException as error:
        raise ConnectionError(f"{type(error).__name__}: {error}") from None
    if len(found) < size:
        raise ConnectionError(f"the connection was cut after {len(found)} of {size} bytes")
    return found


def _shown(chunks: Iterator[bytes], name: str, size: int, stream: Any) -> Iterator[bytes]:
    """The chunks; on the stream a bar for those that have passed."""
    done, drawn = 0, -REDRAW
    for chunk in chunks:
        yield chunk
        done += len(chunk)
        if time.monotonic() - drawn >= REDRAW or done == size:
            drawn = time.monotonic()
            stream.write(f"\r{name} {_bar(done, size)}")
            stream.flush()
    stream.write("\n")


def _bar(done: int, size: int) -> str:
    """[=====     ] 12.3 of 26.4 MB; the number alone if nobody knows the size."""
    if not size:
        return f"{done / 1e6:.1f} MB"
    filled = min(BAR, BAR * done // size)
    return f"[{'=' * filled}{' ' * (BAR - filled)}] {done / 1e6:.1f} of {size / 1e6:.1f} MB"
