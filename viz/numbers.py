"""Numbers and shapes as words: short, equally many digits, the same on every machine."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def number(value: Any, digits: int = 4) -> str:
    """`value` with so many significant digits.

    >>> number(0.5), number(1234567.0), number(float("nan")), number(True)
    ('0.5', '1.235e6', 'nan', 'True')
    """
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    return _exponent(f"{float(value):.{digits}g}")


def numbers(array: Any, digits: int = 4) -> str:
    """A single number plainly, more of them in brackets as NumPy nests them.

    >>> numbers(np.array([[1.0, 2.5]]))
    '[[1 2.5]]'
    """
    array = np.asarray(array)
    return "[" + " ".join(numbers(row, digits) for row in array) + "]" if array.ndim else number(array[()], digits)


def magnitude(value: float) -> str:
    """Two digits and a power of ten; exactly 0 is "0".

    >>> magnitude(0.000321), magnitude(0.0), magnitude(float("inf"))
    ('3.2e-4', '0', 'inf')
    """
    return "0" if value == 0 else _exponent(f"{value:.1e}")


def signed(value: float) -> str:
    """Two decimals with a sign, as differences of logarithms are read.

    >>> signed(-0.5), signed(-0.001), signed(float("-inf")), signed(float("nan"))
    ('-0.50', '+0.00', '-inf', 'nan')
    """
    if math.isnan(value):
        return "nan"
    return f"{value:+.2f}" if math.isinf(value) or round(value, 2) else "+0.00"


def percent(share: float) -> str:
    """A share in percent; two digits where it is small or nearly all.

    >>> percent(0.0), percent(0.0061), percent(0.634), percent(0.9996), percent(1.0)
    ('0%', '0.61%', '63%', '99.96%', '100%')
    """
    if 0 < abs(share) < 0.1:
        return f"{number(100 * share, 2)}%"
    return f"{100 * share:.2f}%" if 0.995 <= share < 1 else f"{100 * share:.0f}%"


def shape(axes: Any) -> str:
    """A shape as Python writes it: "(None, 5)", or "?" where it is not known; of several, one in each line."""
    if axes is None:
        return "?"
    shapes = list(axes.values()) if isinstance(axes, dict) else list(axes)
    return "\n".join(map(shape, shapes)) if shapes and hasattr(shapes[0], "__iter__") else str(tuple(axes))


def count(n: int, what: str) -> str:
    """A number of things in words.

    >>> count(1, "layer"), count(1200, "layer")
    ('1 layer', '1,200 layers')
    """
    return f"{n:,} {what}" + ("" if n == 1 else "s")


def _exponent(text: str) -> str:
    """Exponents without leading zeros: e-05 is e-5, e+05 is e5."""
    head, mark, tail = text.partition("e")
    return f"{head}e{int(tail)}" if mark else text
