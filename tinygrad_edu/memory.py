"""Noticing that an array was changed, by whomever, after an op had recorded it.

NumPy tells nobody when an array is written to. So there are three kinds of memory:

* Ours alone: an op made it and nobody outside has seen it. Costs nothing.
* Written to by us, through `x[0] = 9`, `assign` or an optimizer: the memory notes the moment, and a node that
  was recorded earlier refuses to go back.
* Open: somebody outside holds it and may write. That is the memory of an array that was given to `as_tensor` or
  to an op, and of one that `data`, `numpy()` or `np.asarray(x)` handed out, for as long as it is held. Its
  bytes are summed up when it is handed out and when a node keeps it, and again in the backward pass.

Memory belongs to the array at the end of the chain of bases. A sum costs 0.4 µs, and 0.4 ms per megabyte.
"""

from __future__ import annotations

import itertools
import weakref
import zlib
from collections.abc import Iterable
from typing import Any

import numpy as np

new_number = itertools.count(1).__next__  # of a node, or of a moment: one order for all


class Memory(weakref.ref[np.ndarray]):
    """What is known of the memory that one array owns, without keeping it alive."""

    last_change = 0  # number of the moment at which any memory may last have changed

    key: int  # id of the owner
    is_shared = False  # somebody outside has had it from the beginning
    is_kept = False  # a node keeps it since it is open
    loans: tuple[Loan, ...] = ()
    changes: dict[Any, Change] = {}  # by the place of an array that we wrote to


class Change:
    """When we last wrote to an array, and its place in memory, which is not kept alive."""

    __slots__ = "__array_interface__", "number"

    def __init__(self, interface: dict | None = None):
        self.__array_interface__ = interface  # None for all of the memory
        self.number = 0

    def now(self) -> None:
        """Note that the array is changed at this moment."""
        self.number = Memory.last_change = new_number()

    def meets(self, array: np.ndarray) -> bool:
        """Whether `array`, whose memory is alive, has a byte there."""
        return self.__array_interface__ is None or _overlap(np.asarray(self), array)


class Loan(weakref.ref[np.ndarray]):
    """An array that was handed out, and what it held then."""

    __slots__ = "array", "memory", "sum"

    array: np.ndarray  # ours, on the same memory
    memory: Memory
    sum: tuple


known: dict[int, Memory] = {}  # by the id of the owner; an owner that dies takes its entry away
opened: dict[int, Memory] = {}  # those that somebody outside may write to
lent: dict[int, Memory] = {}  # those among them that may be more than the memory of constants


def owner(array: np.ndarray) -> np.ndarray:
    """The array that owns the memory of `array`, as far as NumPy knows."""
    while True:
        base = array.base
        if type(base) is memoryview:  # what `lend` puts between
            base = base.obj
        if not isinstance(base, np.ndarray):
            return array
        array = base


def checksum(array: np.ndarray) -> tuple:
    """Shape, type and CRC-32 of the numbers in `array`."""
    flags = array.flags
    rows = array if flags.c_contiguous else array.T if flags.f_contiguous else np.ascontiguousarray(array)
    return array.shape, array.dtype, zlib.crc32(rows)  # type: ignore[arg-type]


def share(array: np.ndarray) -> None:
    """Say that `array` came from outside, where it may be written to."""
    memory = _memory(owner(array))
    memory.is_shared = True
    opened[memory.key] = memory


def lend(array: np.ndarray) -> np.ndarray:
    """`array` for somebody outside: an array on the same memory, which is open while that or a view of it lives."""
    memory = _memory(owner(array))
    for loan in memory.loans:
        out = loan()
        if loan.array is array and out is not None:
            return out
    out = np.asarray(memoryview(array))  # type: ignore[arg-type]  # the memoryview keeps views of it from pointing past it
    if not array.flags.writeable:
        return out
    loan = Loan(out, _close)
    loan.array, loan.memory, loan.sum = array, memory, checksum(array)
    Memory.last_change = new_number()
    memory.loans += (loan,)
    opened[memory.key] = lent[memory.key] = memory
    return out


def becomes_variable(array: Any) -> None:
    """Say that gradients will be asked for by `array`, which so far was a constant."""
    if isinstance(array, np.ndarray) and is_open(array):
        key = id(owner(array))
        lent[key] = opened[key]


def change_of(array: np.ndarray) -> Change:
    """The record of the changes that we make to `array`; the same for all arrays in that place."""
    own = owner(array)
    memory = _memory(own)
    if not memory.changes:
        memory.changes = {}
    interface = array.__array_interface__
    place = None if array.size == own.size else (interface["data"][0], array.shape, array.strides)
    return memory.changes.setdefault(place, Change(interface if place else None))


def is_open(array: np.ndarray) -> bool:
    """Whether somebody outside may write to `array`."""
    return id(owner(array)) in opened


def sums_of_open(kept: Iterable) -> dict[int, tuple]:
    """Checksums of the arrays in `kept` that somebody outside may write to, by position."""
    sums = {}
    for position, x in enumerate(kept):
        if type(x) is np.ndarray:
            key = id(x if x.base is None else owner(x))
            if key in opened:
                opened[key].is_kept = True
                sums[position] = checksum(x)
    return sums


def was_changed(array: np.ndarray, number: int) -> bool:
    """Whether `array`, which was ours alone when node `number` kept it, may hold other numbers now."""
    memory = known.get(id(owner(array)))
    if memory is None:
        return False
    if any(change.number > number and change.meets(array) for change in memory.changes.values()):
        return True
    return any(_overlap(array, loan.array) and checksum(loan.array) != loan.sum for loan in memory.loans)


def _overlap(a: np.ndarray, b: np.ndarray) -> bool:
    try:
        return np.shares_memory(a, b, max_work=10_000)  # type: ignore[arg-type]  # any number, says NumPy's manual
    except np.exceptions.TooHardError:
        return True


def _memory(own: np.ndarray) -> Memory:
    found = known.get(id(own))
    if found is None:
        found = known[id(own)] = Memory(own, _forget)
        found.key = id(own)
    return found


def _forget(memory: Memory) -> None:
    """The memory is gone."""
    known.pop(memory.key, None)
    opened.pop(memory.key, None)
    lent.pop(memory.key, None)


def _close(loan: Loan) -> None:
    """Nobody outside holds the array any more: whether they have changed it is decided now."""
    memory = loan.memory
    memory.loans = tuple(other for other in memory.loans if other is not loan)
    if not (memory.loans or memory.is_shared):
        opened.pop(memory.key, None)
        lent.pop(memory.key, None)
    if checksum(loan.array) != loan.sum:
        change_of(loan.array).now()
    elif memory.is_kept:
        Memory.last_change = new_number()
