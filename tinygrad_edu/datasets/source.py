"""Files of data: found in a folder, else in the cache, else fetched from where they were published; checked in any case.

A data set's files are looked for in

1. the folder given to `load_data`, or else the one that the variable TINYGRAD_EDU_DATA names: in it, or in its
   subfolder called as the data set is;
2. the cache, `~/.cache/tinygrad_edu` (XDG_CACHE_HOME moves it);
3. at the address of its publisher, from where it goes into the cache.

Everything is read whole and compared with a SHA-256 that stands in the source.
"""

from __future__ import annotations

import hashlib
import os
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from ..saving.atomic import replace_file

VARIABLE = "TINYGRAD_EDU_DATA"
SECONDS = 30  # without an answer, after which a server is given up
CHUNK = 1 << 16


class Source(NamedTuple):
    """One file as it was published."""

    dataset: str
    name: str
    sha256: str
    address: str


class DataNotFoundError(FileNotFoundError):
    """A file of data is not on this machine and could not be fetched."""


def content(source: Source, folder: str | os.PathLike | None = None, progress: Any = None) -> bytes:
    """The bytes of a file, checked.

    Args:
        folder: where to look first; None means the folder in TINYGRAD_EDU_DATA.
        progress: text stream for a bar while fetching; None means stderr where that is a terminal.

    Raises:
        DataNotFoundError: if it is nowhere and cannot be fetched; it says which file to put where.
        ValueError: if a file has other bytes than were published.
    """
    places = _places(source, folder)
    for place in places:
        if place.is_file():
            return _checked(source, place.read_bytes(), place)
    return _fetched(source, places, progress)


def is_here(source: Source, folder: str | os.PathLike | None = None) -> bool:
    """Whether `content` needs no network."""
    return any(place.is_file() for place in _places(source, folder))


def _places(source: Source, folder: str | os.PathLike | None) -> list[Path]:
    chosen = folder if folder is not None else os.environ.get(VARIABLE)
    if folder is not None and not Path(folder).is_dir():
        raise DataNotFoundError(f"load_data expects a folder, got {os.fspath(folder)!r}, which there is not. Check its name.")
    base = [Path(chosen) / source.name, Path(chosen) / source.dataset / source.name] if chosen else []
    return [*base, _cache() / source.dataset / source.name]


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tinygrad_edu"


def _checked(source: Source, found: bytes, place: Any) -> bytes:
    digest = hashlib.sha256(found).hexdigest()
    if digest != source.sha256:
        raise ValueError(
            f"{source.name} of {source.dataset} expects the SHA-256 {source.sha256}, got {digest} from {place}. "
            "It is damaged or another version: remove it, and it will be fetched again."
        )
    return found


def _fetched(source: Source, places: list[Path], progress: Any) -> bytes:
    stream = progress if progress is not None else sys.stderr if sys.stderr and sys.stderr.isatty() else None
    try:
        with urllib.request.urlopen(source.address, timeout=SECONDS) as answer:
            size = int(answer.headers.get("Content-Length") or 0)
            found = b"".join(_shown(iter(lambda: answer.read(CHUNK), b""), source.name, size, stream))
    except OSError as error:
        raise DataNotFoundError(
            f"{source.dataset} expects the file {source.name}, which is not on this machine, and fetching "
            f"{source.address} failed ({error}). Put it at {places[0]}, or name its folder in {VARIABLE}."
        ) from None
    _checked(source, found, source.address)
    replace_file(places[-1], [found])
    return found


def _shown(chunks: Iterator[bytes], name: str, size: int, stream: Any) -> Iterator[bytes]:
    """The chunks; a bar for them on `stream`."""
    done = 0
    for chunk in chunks:
        yield chunk
        done += len(chunk)
        if stream is not None:
            share = f"{done / size:4.0%} of {size / 1e6:.1f}" if size else f"{done / 1e6:.1f}"
            stream.write(f"\rfetching {name}: {share} MB")
    if stream is not None:
        stream.write("\n")
