"""Where values lie: cells of one arena, seen through NumPy's own views; and which memory a cell may share with others.

A `Place` sees a cell through an array of bytes, one byte for each number. Whatever only looks at numbers in another way (a
transpose, a broadcast, most reshapes) is done by NumPy to these bytes, and what comes out says the strides:

    >>> place = Cell((2, 3)).place
    >>> place.form.T.strides, np.broadcast_to(place.form[:, :1], (2, 5)).strides
    ((1, 3), (3, 0))
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

UNKNOWN = -1
ALIGNED = 16  # numbers: a line of the processor's cache


class Cell:
    """Memory for as many numbers as an array has.

    Args:
        shape: of the array.
        order: "C": rows one after the other; "F": columns.

    Attributes:
        address: of its first number in the arena, once it is known.
        first, last: the instructions between which it holds something.
    """

    def __init__(self, shape: tuple[int, ...], order: str = "C"):
        self.memory = np.empty(int(np.prod(shape)), np.int8)
        self.place = Place(self, self.memory.reshape(shape, order=order))  # type: ignore[call-overload]
        self.address = UNKNOWN
        self.first, self.last = -1, -1

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return self.memory.size


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


def allot(cells: list[Cell], start: int) -> int:
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
        cell.address = _first_gap(alive, cell.size, start)
        end = max(end, cell.address + _rounded(cell.size))
        alive.append(cell)
    return end


def _first_gap(alive: list[Cell], size: int, start: int) -> int:
    address = start
    for other in sorted(alive, key=lambda cell: cell.address):
        if other.address - address >= size:
            break
        address = max(address, other.address + _rounded(other.size))
    return address


def _rounded(size: int) -> int:
    return -(-size // ALIGNED) * ALIGNED
