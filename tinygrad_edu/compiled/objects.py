"""Object code of opcodes, kept in files: compiled once for an installation and a processor, then only loaded.

A file is told by all that its code depends on: the bytecode of the opcode and of every kernel that it calls, the numbers that
they take from their modules, the versions of the compilers, the processor. Whatever changes, another file is looked for, so
machines that share a home do not run each other's code. A file says in a checksum what is in it; one that is cut off, or
no such file at all, costs a compilation. Nothing in it is unpickled. Yet object code is run: so the same folders are trusted as
for Numba's cache (see `kernel_cache`).
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..kernel_cache import INSTALL, has_numba, is_safe, warn_of_cache, warn_once
from ..saving.atomic import replace_file
from .errors import NotCompiledError
from .identity import environment
from .loading import load

MAGIC = b"tinygrad_edu object 1\n"
PACKAGE = Path(__file__).resolve().parent


class Emitted(NamedTuple):
    """Object code.

    Attributes:
        symbol: the name of its function.
        needs: names of the functions of others that it calls.
        code: an object file.
    """

    symbol: str
    needs: list[str]
    code: bytes


def addresses(opcodes: Sequence[Any], dtype: str) -> list[int]:
    """Where the code of opcodes lies in this process: read, or compiled and kept.

    Raises:
        NotCompiledError: if there is no LLVM, or nothing may be compiled, or an opcode is not in the compiler's language.
    """
    return load([read_or_emit(one, dtype) for one in opcodes])


def require_compiler() -> None:
    """Refuse to run compiled where nothing can be compiled, and warn of it once in a process.

    Raises:
        NotCompiledError: says what is missing.
    """
    if os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0"):
        reason, remedy = "NUMBA_DISABLE_JIT is set", "Unset it"
    elif not has_numba():
        reason, remedy = "there is no Numba", f"Install it: {INSTALL}"
    else:
        return
    warn_once(f"tinygrad_edu cannot compile: {reason}. What would run compiled runs step by step in Python. {remedy}.")
    raise NotCompiledError(reason)


def read_or_emit(opcode: Any, dtype: str) -> Emitted:
    """The object code of an opcode, as it is kept; or compiled, and kept from now on."""
    require_compiler()
    place, file = folder(), opcode.file(dtype)
    if place is not None and (found := _read(place / file)):
        return found
    made = _emit(file.removesuffix(".object"), opcode.of(dtype), dtype)
    if place is not None:
        _write(place / file, made)
    return made


def _emit(symbol: str, function: Callable, dtype: str) -> Emitted:
    from . import emission  # 0.05 s, and only where something is to be compiled

    try:
        return Emitted(*emission.emit(symbol, function, dtype))
    except Exception as error:
        raise NotCompiledError(f"the opcode {symbol} cannot be compiled: {error}") from error


# Files -------------------------------------------------------------------------------------------------------------


def _read(path: Path) -> Emitted | None:
    """What is in a file. None, and a warning, if it is broken."""
    try:
        return _parsed(path.read_bytes(), path.name)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        warn_of_cache(f"{path}: {error}")
        return None


def _parsed(data: bytes, name: str) -> Emitted:
    checksum, _, rest = data.removeprefix(MAGIC).partition(b"\n")
    header, _, code = rest.partition(b"\n")
    if not data.startswith(MAGIC) or checksum.decode("ascii", "replace") != _checksum(rest):
        raise ValueError("the file is broken")
    found = json.loads(header)
    if found["file"] != name:
        raise ValueError(f"the file is that of {found['file']}")
    return Emitted(found["symbol"], found["needs"], code)


def _write(path: Path, made: Emitted) -> None:
    """Keep object code, if there is a place for it. Others that write the same file write the same."""
    header = json.dumps({"file": path.name, "symbol": made.symbol, "needs": made.needs}).encode()
    rest = header + b"\n" + made.code
    try:
        replace_file(path, [MAGIC, _checksum(rest).encode(), b"\n", rest], durable=False)
    except OSError as error:
        warn_of_cache(str(error))


def _checksum(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()


def is_kept(file: str) -> bool:
    """Whether there is such a file, and it is whole."""
    place = folder()
    return place is not None and _read(place / file) is not None


def take_away_all_but(files: Iterable[str]) -> None:
    """Remove the object code of opcodes that have changed since."""
    place, known = folder(), set(files)
    for path in place.glob("*.object") if place else ():
        if path.name not in known:
            path.unlink(missing_ok=True)


# Where they lie ----------------------------------------------------------------------------------------------------


def folder() -> Path | None:
    """Where object code is kept for this processor and these compilers. None, and a warning, if nowhere."""
    return _folder(os.environ.get("NUMBA_CACHE_DIR"))


@functools.cache
def _folder(chosen: str | None) -> Path | None:
    reasons = []
    for place in _places(chosen):
        try:
            place.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            reasons.append(str(error))
            continue
        if not os.access(place, os.W_OK):
            reasons.append(f"{place} cannot be written to")
        elif not is_safe(place, PACKAGE / "__pycache__" / "objects"):
            reasons.append(f"others may write to {place}; choose another folder in NUMBA_CACHE_DIR")
        else:
            return place
    warn_of_cache("; ".join(reasons))
    return None


def _places(chosen: str | None) -> list[Path]:
    """Where Numba keeps its own: in a folder that was chosen, beside the package, or in the home."""
    name = environment()
    if chosen:
        return [Path(chosen) / f"tinygrad_edu_{_checksum(str(PACKAGE).encode())[:8]}" / name]
    home = Path(os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or Path.home() / ".cache")
    return [PACKAGE / "__pycache__" / "objects" / name, home / "tinygrad_edu" / _checksum(str(PACKAGE).encode())[:8] / name]
