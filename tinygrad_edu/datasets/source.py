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
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from ..saving.atomic import replace_file
from .download import download

VARIABLE = "TINYGRAD_EDU_DATA"


class Source(NamedTuple):
    """One file as it was published."""

    dataset: str
    name: str
    sha256: str
    address: str  # or "" if nobody publishes it


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
            return _checked(source, place.read_bytes(), place, "Remove it, and it will be fetched again.")
    return _fetched(source, places, progress)


def found_or_made(load: Callable[[], Any], make: Callable[[], Any], fallback: str | None) -> Any:
    """What `load` finds; or what `make` makes, where there is no file and `fallback` is "synthetic"."""
    if fallback not in (None, "synthetic"):
        raise ValueError(f"load_data expects fallback None or 'synthetic', got {fallback!r}.")
    try:
        return load()
    except DataNotFoundError:
        if fallback is None:
            raise
        return make()


def is_here(source: Source, folder: str | os.PathLike | None = None) -> bool:
    """Whether `content` needs no network."""
    return any(place.is_file() for place in _places(source, folder))


def _places(source: Source, folder: str | os.PathLike | None) -> list[Path]:
    chosen = folder if folder is not None else os.environ.get(VARIABLE)
    if chosen and not Path(chosen).is_dir():
        where = "load_data" if folder is not None else VARIABLE
        raise DataNotFoundError(f"{where} expects a folder, got {os.fspath(chosen)!r}, which there is not. Check its name.")
    base = [Path(chosen) / source.dataset / source.name, Path(chosen) / source.name] if chosen else []
    return [*base, _cache() / source.dataset / source.name]


def _cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tinygrad_edu"


def _checked(source: Source, found: bytes, place: Any, remedy: str) -> bytes:
    digest = hashlib.sha256(found).hexdigest()
    if digest != source.sha256:
        raise ValueError(
            f"{source.name} of {source.dataset} expects the SHA-256 {source.sha256}, got {digest} from {place}. "
            f"It is damaged, or another version. {remedy}"
        )
    return found


def _fetched(source: Source, places: list[Path], progress: Any) -> bytes:
    """The bytes from the publisher, which the cache keeps."""
    try:
        if not source.address:
            raise OSError("no address is known")
        found = download(source.address, source.name, progress)
    except OSError as error:
        tried = f"fetching {source.address} failed ({error})" if source.address else "nobody is known to publish it"
        raise DataNotFoundError(
            f"{source.dataset} expects the file {source.name}, which is not on this machine, and {tried}. "
            f"Put it at {places[0]}, or into a folder that the variable {VARIABLE} names."
        ) from None
    _checked(source, found, source.address, f"Put the right one at {places[0]}.")
    _keep(places[-1], found)
    return found


def _keep(place: Path, found: bytes) -> None:
    """Put a file into the cache; where that cannot be written to, it will be fetched again."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        replace_file(place, [found])
    except OSError as error:
        warnings.warn(f"{place.name} was fetched, but cannot be kept in {place.parent} ({error}).", stacklevel=5)
