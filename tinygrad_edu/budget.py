"""What may be allocated while something is built that a file describes: no more than the file can answer for.

A description of few bytes can ask for arrays of any size and in any number. Inside of `budget(size)`, whoever makes a
lasting array claims its bytes first, and a page at least, since small ones cost, too. Where they are not left, nothing is
allocated:

    >>> with budget(10_000):
    ...     claimed = claim((2, 2), "float64")
    ...     claim((50, 50), "float64")
    Traceback (most recent call last):
    MemoryError: An array (50, 50) of float64 expects 20000 bytes, got 1808 that are left for what a file describes.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from typing import Any

import numpy as np

PAGE = 8192  # bytes that the smallest array counts for
BRIEF = 2**27  # bytes of an array that layers and ops are asked for their shapes with

_left: ContextVar[list[int] | None] = ContextVar("bytes left", default=None)


@contextlib.contextmanager
def budget(size: int) -> Iterator[None]:
    """Let what is made inside the block claim at most `size` bytes."""
    token = _left.set([size])
    try:
        yield
    finally:
        _left.reset(token)


def is_limited() -> bool:
    """Whether something that a file describes is being built."""
    return _left.get() is not None


def claim(shape: Sequence[int], dtype: Any) -> bool:
    """Take the bytes of an array out of the budget. Returns whether there is one, and so other numbers come from the file.

    Raises:
        MemoryError: if fewer bytes are left.
    """
    left = _left.get()
    if left is None:
        return False
    left[0] -= _needed(shape, dtype, left[0])
    return True


def afford(shape: Sequence[int], dtype: Any, more: int = 0) -> None:
    """Raise MemoryError if an array that will not last has more bytes than the budget has left and `more` together."""
    left = _left.get()
    if left is not None:
        _needed(shape, dtype, left[0] + more)


def _needed(shape: Sequence[int], dtype: Any, left: int) -> int:
    needed = max(math.prod(shape) * np.dtype(dtype).itemsize, PAGE)
    if needed > left:
        raise MemoryError(
            f"An array {tuple(shape)} of {np.dtype(dtype)} expects {needed} bytes, got {left} that are left for what a file "
            "describes."
        )
    return needed
