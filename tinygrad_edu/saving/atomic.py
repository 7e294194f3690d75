"""Replacing a file: the old one or the new one is there, complete, at every moment."""

from __future__ import annotations

import os
import re
import secrets
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def replace_file(path: str | os.PathLike, chunks: Iterable[Any], *, durable: bool = True) -> None:
    """Write `chunks` of bytes to `path`, by way of a temporary file in the same folder.

    What a process that was killed has left behind for the same path is taken away.

    Args:
        durable: whether to wait until it is on the disk, and so there after a power cut.

    Raises:
        OSError: with the old file untouched and the temporary one gone.
    """
    target = Path(os.path.realpath(path))  # through a link, not over it
    if not target.parent.is_dir():
        raise FileNotFoundError(f"{os.fspath(path)!r} expects the folder {str(target.parent)!r}, which there is not. Create it.")
    if target.is_dir():
        raise IsADirectoryError(f"{os.fspath(path)!r} expects to be the name of a file, got a folder. Add a file's name to it.")
    _take_away_litter(target)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.{secrets.token_hex(4)}.tmp")
    try:
        with open(temporary, "xb") as file:
            for chunk in chunks:
                file.write(chunk)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        if target.exists():
            os.chmod(temporary, target.stat().st_mode & 0o777)
        os.replace(temporary, target)
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        error.add_note(f"while saving to {os.fspath(path)!r}; what was there before is still there")
        raise
    if durable:
        _settle_folder(target.parent)


def _settle_folder(folder: Path) -> None:
    """Bring the new name itself to the disk. The file is in place by now: what fails here is a warning."""
    if os.name == "nt":
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        warnings.warn(f"The file is written, but its folder could not be synchronised ({error}).", stacklevel=3)


def _take_away_litter(target: Path) -> None:
    """Remove temporary files for `target` whose process is gone."""
    pattern = re.compile(rf"\.{re.escape(target.name)}\.(\d+)\.[0-9a-f]{{8}}\.tmp")
    for name in os.listdir(target.parent):
        match = pattern.fullmatch(name)
        if match and not _is_alive(int(match[1])):
            (target.parent / name).unlink(missing_ok=True)


def _is_alive(process: int) -> bool:
    if process == os.getpid():
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
