"""Words for several numbers at once, in compiled code: lanes of a vector, as processors have them.

    @kernel
    def add_multiple(numbers, out, factor, row, lanes):
        found = multiply_add(spread(numbers, factor, lanes), load(numbers, row, lanes), load(numbers, out, lanes))
        store(numbers, out, found)

How many lanes there are belongs to the type of what `lanes` and `line` give, so that a kernel is compiled for each number of
them; one lane is a plain number. A vector that is longer than the processor's becomes several of those, which keeps it busy while
it waits for the result before. What the words mean is written in `vector_code`, which only the compiler imports.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any


class Word:
    """What a kernel may say, and the compiler understands."""

    def __init__(self, function: Callable):
        functools.update_wrapper(self, function)

    def word(self) -> Callable:
        """What writes it down: a function of LLVM's builder, and of values."""
        from . import vector_code

        return getattr(vector_code, self.__name__)  # type: ignore[attr-defined]

    def __call__(self, *arguments: Any) -> Any:
        raise TypeError(f"{self.__name__} expects to be called by a kernel. Use NumPy.")  # type: ignore[attr-defined]


@Word
def lanes(count):
    """So many lanes; a number that is written out."""


@Word
def line(numbers):
    """As many lanes as fill a line of the cache, 64 bytes."""


@Word
def half_line(numbers):
    """As many lanes as fill half of a line: four numbers, or more."""


@Word
def count(lanes):
    """How many lanes there are."""


@Word
def load(numbers, at, lanes):
    """Numbers from a place on."""


@Word
def pick(numbers, at, stride, lanes):
    """Numbers from a place on, so far apart."""


@Word
def spread(numbers, at, lanes):
    """The same number in every lane."""


@Word
def zeros(numbers, lanes):
    """Zero in every lane."""


@Word
def store(numbers, at, vector):
    """Write numbers from a place on."""


@Word
def put(numbers, at, stride, vector):
    """Write numbers from a place on, so far apart."""


@Word
def without(vector, idle):
    """Zero in the first lanes."""


@Word
def add(x, y):
    """x + y."""


@Word
def subtract(x, y):
    """x - y."""


@Word
def multiply(x, y):
    """x y."""


@Word
def divide(x, y):
    """x / y."""


@Word
def multiply_add(x, y, z):
    """x y + z, rounded once where the processor can do it at once."""


@Word
def polynomial(x, coefficients):
    """Horner's rule from the highest power on, without a loop, since loops around loops are not worked on together."""


@Word
def larger(x, y):
    """The larger number; one that is none wins."""


@Word
def smaller(x, y):
    """The smaller number; one that is none wins."""


@Word
def lower(vector):
    """The first half of the lanes."""


@Word
def upper(vector):
    """The second half of the lanes."""


@Word
def totals(w, x, y, z):
    """The sums over the lanes of four vectors, as one vector of four."""


@Word
def high_product(x, y):
    """The upper 64 bits of the product of two numbers without a sign."""
