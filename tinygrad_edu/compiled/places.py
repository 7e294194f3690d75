"""Where values lie: cells, seen through NumPy's own views; and which memory a cell may share with others.

A `Place` sees a cell through an array of bytes, one byte for each number. Whatever only looks at numbers in another way (a
transpose, a broadcast, most reshapes) is done by NumPy to these bytes, and what comes out says the strides:

    >>> place = Cell((2, 3)).place
    >>> place.form.T.strides, np.broadcast_to(place.form[:, :1], (2, 5)).strides
    ((1, 3), (3, 0))
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import NamedTuple

import numpy as np

UNKNOWN = -1
AXES_OF_HALF = 2  # of the four axes of an instruction, those that are left, and those that are summed over
ALIGNED = 16  # numbers: a line of the processor's cache


class Cell:
    """Memory for as many numbers as an array has.

    Args:
        shape: of the array.
        order: "C": rows one after the other; "F": columns.
        home: what it is a cell of, if that lies outside of the arena: ("weight", 3).

    Attributes:
        address: of its first number in the arena, once it is known; 0 outside of it.
        first, last: the instructions between which it holds something.
        length: numbers that it has memory for; of a short one less than its size: those that a group works on at a time.
    """

    def __init__(self, shape: tuple[int, ...], order: str = "C", home: Hashable = None):
        self.memory = np.empty(int(np.prod(shape)), np.int8)
        self.place = Place(self, self.memory.reshape(shape, order=order))  # type: ignore[call-overload]
        self.home = home
        self.address = UNKNOWN if home is None else 0
        self.first, self.last = -1, -1
        self.length = self.memory.size

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return self.memory.size

    @property
    def is_short(self) -> bool:
        """Whether only one group uses it."""
        return self.length < self.size


class Place(NamedTuple):
    """A cell, and how it is looked at."""

    cell: Cell
    form: np.ndarray

    @property
    def start(self) -> int:
        """Which number of the cell comes first."""
        return self.form.__array_interface__["data"][0] - self.cell.memory.__array_interface__["data"][0] if self.form.size else 0

    def seen(self, form: np.ndarray) -> Place:
        """The same cell in another form."""
        return Place(self.cell, form)

    def is_view(self, form: np.ndarray) -> bool:
        """Whether a form looks at the cell, and is not a copy of what was seen of it."""
        return not form.size or np.shares_memory(form, self.cell.memory)


def allot(cells: Iterable[Cell], start: int) -> int:
    """Give every cell an address from `start` on; two share memory only if they never hold something at once.

    The first gap that is large enough is taken, in the order in which cells are first needed. Source: Knuth (1997), The Art of
    Computer Programming 1, section 2.5, "first fit".

    Returns:
        The end of the memory that is needed.
    """
    alive: list[Cell] = []
    end = start
    for cell in sorted(cells, key=lambda cell: cell.first):
        alive = [other for other in alive if other.last >= cell.first]
        cell.address = _first_gap(alive, cell.length, start)
        end = max(end, cell.address + rounded(cell.length))
        alive.append(cell)
    return end


def _first_gap(alive: list[Cell], size: int, start: int) -> int:
    address = start
    for other in sorted(alive, key=lambda cell: cell.address):
        if other.address - address >= size:
            break
        address = max(address, other.address + rounded(other.length))
    return address


def rounded(size: int) -> int:
    """A size of whole cache lines."""
    return -(-size // ALIGNED) * ALIGNED


def lie_alike(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether the same steps lead from number to number in two forms of one shape."""
    return all(n == 1 or s == t for n, s, t in zip(one.shape, one.strides, other.strides))


# Loops over places -------------------------------------------------------------------------------


def merged(lengths: list[int], strides: list[tuple[int, ...]]) -> tuple[list[int], list[tuple[int, ...]]]:
    """The fewest axes along which the same numbers are met in the same order.

    Args:
        lengths: of the axes.
        strides: for each axis, the stride of every form that is gone over.

        >>> merged([2, 1, 3], [(3, 0), (9, 9), (1, 0)])
        ([6], [(1, 0)])
    """
    out_lengths: list[int] = []
    out_strides: list[tuple[int, ...]] = []
    for length, stride in zip(lengths, strides):
        if length == 1:
            continue
        if out_lengths and all(outer == inner * length for outer, inner in zip(out_strides[-1], stride)):
            out_lengths[-1] *= length
            out_strides[-1] = stride
        else:
            out_lengths.append(length)
            out_strides.append(stride)
    return out_lengths, out_strides


def filled(lengths: list[int], strides: list[tuple[int, ...]], axes: int, forms: int) -> tuple[list[int], list[tuple[int, ...]]]:
    """The same with axes of length 1 in front, so that there are `axes` of them."""
    missing = axes - len(lengths)
    return [1] * missing + lengths, [(0,) * forms] * missing + strides
