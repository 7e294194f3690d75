"""Values as the compiler knows them: of what kind they are, and which of LLVM's values they consist of.

A tuple consists of what is in it, an array of an address and a length. How many lanes a vector shall have, a function, a module
are known while the compiler runs, and consist of nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir

WORD, INT, BIT = ir.IntType(64), np.dtype(np.int64), np.dtype(np.bool_)
FLOATS = {"float32": ir.FloatType(), "float64": ir.DoubleType()}


def form(dtype: np.dtype) -> Any:
    """What LLVM calls a type of numbers."""
    return ir.IntType(1) if dtype.kind == "b" else FLOATS.get(dtype.name) or ir.IntType(8 * dtype.itemsize)


@dataclass(frozen=True)
class Number:
    """One number."""

    dtype: np.dtype

    @property
    def forms(self) -> list[Any]:
        return [form(self.dtype)]


@dataclass(frozen=True)
class Memory:
    """Numbers of one type, from an address on, without an end."""

    dtype: np.dtype

    @property
    def forms(self) -> list[Any]:
        return [form(self.dtype).as_pointer()]


@dataclass(frozen=True)
class Array:
    """So many neighbours."""

    dtype: np.dtype

    @property
    def forms(self) -> list[Any]:
        return [form(self.dtype).as_pointer(), WORD]


@dataclass(frozen=True)
class Vector:
    """Numbers that are worked on together; one alone is a `Number`."""

    dtype: np.dtype
    count: int

    @property
    def forms(self) -> list[Any]:
        return [ir.VectorType(form(self.dtype), self.count)]


@dataclass(frozen=True)
class Group:
    """A tuple of values of these kinds."""

    kinds: tuple[Any, ...]

    @property
    def forms(self) -> list[Any]:
        return [one for kind in self.kinds for one in kind.forms]


@dataclass(frozen=True)
class Lanes:
    """So many lanes."""

    count: int
    forms: tuple = ()

    def of(self, dtype: np.dtype) -> Any:
        """The kind of so many numbers."""
        return Vector(dtype, self.count) if self.count > 1 else Number(dtype)


@dataclass(frozen=True)
class Known:
    """A thing of Python's."""

    thing: Any
    forms: tuple = ()


class Value(NamedTuple):
    """A value: its kind, and what it consists of."""

    kind: Any
    parts: Sequence[Any] = ()

    @property
    def only(self) -> Any:
        """What it consists of, if that is one thing."""
        (part,) = self.parts
        return part

    def members(self) -> list[Value]:
        """The values of a tuple."""
        found, start = [], 0
        for kind in self.kind.kinds:
            end = start + len(kind.forms)
            found.append(Value(kind, self.parts[start:end]))
            start = end
        return found


def group(values: Sequence[Value]) -> Value:
    """A tuple of values."""
    return Value(Group(tuple(value.kind for value in values)), [part for value in values for part in value.parts])


def constant(number: Any) -> Value:
    """A number of Python's or NumPy's: whole ones have 64 bits, others those of float64, unless they say something else."""
    dtype = np.asarray(number).dtype
    return Value(Number(dtype), [form(dtype)(float(number) if dtype.kind == "f" else int(number))])


def of_python(thing: Any) -> Value:
    """What a name of a module stands for."""
    if isinstance(thing, (bool, int, float, np.number, np.bool_)):
        return constant(thing)
    if isinstance(thing, tuple):
        return group([of_python(one) for one in thing])
    return Value(Known(thing))


NOTHING = Value(Known(None))
