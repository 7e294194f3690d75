"""Compiling with Numba, and its cache: a broken one costs a compilation, and one that a stranger could write is not read.

Numba keeps compiled code in pickles, and whoever can write a pickle decides what runs when it is read. Beside the
source the cache is as safe as Python's own bytecode in the same folder; elsewhere (NUMBA_CACHE_DIR, the home) the folder
must belong to the user or to root, and not be writable for everybody.

Whatever is missing (a place for the cache, Numba itself, its permission) is told in one warning, once in a process.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import importlib.util
import os
import stat
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

INSTALL = "pip install numba"


@functools.cache
def has_numba() -> bool:
    """Whether Numba, and what it needs, is installed. It is not imported for that."""
    try:
        return all(importlib.util.find_spec(name) is not None for name in ("numba", "llvmlite"))
    except (ImportError, ValueError):  # somebody keeps it from being imported
        return False


def compile_cached(function: Callable, **options: Any) -> Callable:
    """`function` compiled by Numba on its first call, or read from the cache; without one, with a warning, where it is no use.

    Without Numba it is the function itself, after a warning.
    """
    try:
        njit = importlib.import_module("numba").njit  # 0.2 s, paid by those who train
    except ImportError as error:
        warn_once(f"tinygrad_edu expects Numba, got none ({error}). Its loops run in Python, slowly. Install it: {INSTALL}.")
        return function
    try:
        compiled = njit(cache=True, **options)(function)
    except RuntimeError as error:  # no place to write to
        return _uncached(njit, function, options, str(error))
    cache = getattr(compiled, "_cache", None)
    if cache is None:  # NUMBA_DISABLE_JIT: the function itself
        return compiled
    if not is_safe(Path(cache.cache_path), Path(function.__code__.co_filename)):
        reason = f"others may write to {cache.cache_path}; choose another folder in NUMBA_CACHE_DIR"
        return _uncached(njit, function, options, reason)
    compiled._cache = Careful(cache)
    return compiled


class Careful:
    """Numba's cache of one function, whose broken files are told once, and written anew."""

    def __init__(self, cache: Any):
        self._cache = cache

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cache, name)

    def load_overload(self, *args: Any) -> Any:
        """Compiled code for some types, or None."""
        try:
            return self._cache.load_overload(*args)
        except Exception as error:  # a pickle that was cut off may fail in any way
            warn_of_cache(f"{type(error).__name__}: {error}")
            with contextlib.suppress(Exception):
                self._cache.flush()
            return None

    def save_overload(self, *args: Any) -> None:
        """Keep compiled code, if there is a place for it."""
        try:
            self._cache.save_overload(*args)
        except Exception as error:  # a disk that is full, a folder that is gone
            warn_of_cache(f"{type(error).__name__}: {error}")


_warned: list[str] = []


def warn_once(words: str) -> None:
    """Say it once in a process, not once a kernel."""
    if not _warned:
        _warned.append(words)
        warnings.warn(words, stacklevel=2)


def warn_of_cache(reason: str) -> None:
    """Say why compiled code is not kept."""
    warn_once(
        f"Numba cannot cache its compiled code ({reason}). It is compiled anew in every process. "
        "Name a folder of yours in NUMBA_CACHE_DIR."
    )


def _uncached(njit: Callable, function: Callable, options: dict, reason: str) -> Callable:
    warn_of_cache(reason)
    return njit(**options)(function)


def is_safe(folder: Path, source: Path) -> bool:
    """Whether nobody but the user, root, and those who can change the source itself decides what is in `folder`."""
    if not hasattr(os, "getuid") or folder.parent == source.parent:
        return True
    found = folder.stat()
    return found.st_uid in (os.getuid(), 0) and not found.st_mode & stat.S_IWOTH
