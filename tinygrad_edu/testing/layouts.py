"""The same numbers in other places of memory: what an op must not notice.

    >>> x = np.arange(6.0).reshape(2, 3)
    >>> all(np.array_equal(layout(x), x) for layout in LAYOUTS.values())
    True
    >>> LAYOUTS["negative strides"](x).strides
    (-24, -8)
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def _read_only(x: np.ndarray) -> np.ndarray:
    x = np.array(x)
    x.flags.writeable = False
    return x


def _not_aligned(x: np.ndarray) -> np.ndarray:
    """A read-only array one byte off, whose memory belongs to a bytes object."""
    return np.frombuffer(b"\0" + x.tobytes(), x.dtype, offset=1).reshape(x.shape) if x.size else x


LAYOUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "C order": lambda x: np.array(x, order="C"),
    "Fortran order": lambda x: np.array(x, order="F"),
    "negative strides": lambda x: np.flip(np.flip(x).copy()),
    "every other number": lambda x: np.repeat(x, 2, axis=-1)[..., ::2] if x.ndim else x,
    "read-only": _read_only,
    "read-only and not aligned": _not_aligned,
}


def repeated(x: np.ndarray) -> np.ndarray:
    """The first number of `x` at every place of it, with strides of 0: not the same numbers, unlike a layout."""
    return np.broadcast_to(x.flat[0], x.shape) if x.size else x
