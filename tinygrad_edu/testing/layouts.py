"""The same numbers in other places of memory: what an op must not notice.

    >>> x = np.arange(6.0).reshape(2, 3)
    >>> all(np.array_equal(layout(x), x) for layout in LAYOUTS.values())
    True
    >>> LAYOUTS["negative strides"](x).strides
    (-24, -8)
"""

from __future__ import annotations

import mmap
from collections.abc import Callable
from typing import Any

import numpy as np


class ByInterface:
    """An array of another library, which tells NumPy where its numbers are."""

    def __init__(self, array: np.ndarray):
        self.array = array

    __array_interface__ = property(lambda self: self.array.__array_interface__)


class ByDLPack:
    """An array of another library, which hands out its memory in the way that all libraries of arrays know."""

    def __init__(self, array: np.ndarray):
        self.array = array

    def __dlpack__(self, **options: Any) -> Any:
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.array.__dlpack_device__()


def read_only(x: np.ndarray) -> np.ndarray:
    """A copy that cannot be written to."""
    x = np.array(x)
    x.flags.writeable = False
    return x


def _not_aligned(x: np.ndarray) -> np.ndarray:
    """A read-only array one byte off, whose memory belongs to a bytes object."""
    return np.frombuffer(b"\0" + x.tobytes(), x.dtype, offset=1).reshape(x.shape)


def _mapped(x: np.ndarray) -> np.ndarray:
    """An array in memory that the operating system has mapped, as it does with files."""
    memory = mmap.mmap(-1, x.nbytes)
    memory.write(x.tobytes())
    return np.frombuffer(memory, x.dtype).reshape(x.shape)


def _with_numbers(layout: Callable) -> Callable:
    """`layout` where there are any: memory of no bytes has no place."""
    return lambda x: layout(x) if x.size else np.array(x)


LAYOUTS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "C order": lambda x: np.array(x, order="C"),
    "Fortran order": lambda x: np.array(x, order="F"),
    "negative strides": lambda x: np.flip(np.flip(x).copy()),
    "every other number": lambda x: np.repeat(x, 2, axis=-1)[..., ::2] if x.ndim else x,
    "read-only": read_only,
    "read-only and not aligned": _with_numbers(_not_aligned),
    "in a bytearray": _with_numbers(lambda x: np.frombuffer(bytearray(x.tobytes()), x.dtype).reshape(x.shape)),
    "in a memoryview": lambda x: np.asarray(memoryview(np.array(x))),  # type: ignore[arg-type]
    "in mapped memory": _with_numbers(_mapped),
    "of another library": lambda x: np.asarray(ByInterface(np.array(x))),
    "of another library, by DLPack": lambda x: np.from_dlpack(ByDLPack(np.array(x))),
    "other byte order": lambda x: x.astype(x.dtype.newbyteorder()),
}
NATIVE = tuple(name for name in LAYOUTS if name != "other byte order")  # those that keep the dtype


def repeated(x: np.ndarray) -> np.ndarray:
    """The first number of `x` at every place of it, with strides of 0: not the same numbers, unlike a layout."""
    return np.broadcast_to(x.flat[0], x.shape) if x.size else x
