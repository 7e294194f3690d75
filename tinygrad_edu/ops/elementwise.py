"""Functions of one number, applied to every element; their inputs broadcast.

Each line of a table is a whole op: its formula on scalars, the same on arrays, the gradient rules,
the words. In rules `g` is the gradient of the loss by the output `out`.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from ..graph import NUMBERS, Value
from .declare import binary, elementwise, op, unary
from .large import number_by_number, on_large, sigmoid_loop, tanh_loop

cos: Any  # the rules of sin and cos name each other, as that of absolute names sign
sign: Any
LN2, LN10 = math.log(2), math.log(10)

# fmt: off
#                                       formula     on arrays                gradients and words
add           = binary("add",           "x + y",    operator.add,            x=lambda g: g, y=lambda g: g,               doc="Sum.")
subtract      = binary("subtract",      "x - y",    operator.sub,            x=lambda g: g, y=lambda g: -g,              doc="Difference.")
multiply      = binary("multiply",      "x * y",    operator.mul,            x=lambda g, y: g * y, y=lambda g, x: g * x, doc="Product.")
divide        = binary("divide",        "x / y",    operator.truediv,        x=lambda g, y: g / y, y=lambda g, out, y: -g * out / y,
                       doc="Quotient; division by 0 gives inf or nan, as IEEE 754 says.")
floor_divide  = binary("floor_divide",  "x // y",   operator.floordiv,       doc="Quotient rounded towards minus infinity. Flat: no gradient.")
remainder     = binary("remainder",     "x % y",    operator.mod,            x=lambda g: g, y=lambda g, x, y: -g * floor_divide(x, y),
                       doc="Remainder with the sign of y, as in Python.")

equal         = binary("equal",         "x == y",   operator.eq,             doc="Whether x equals y. No gradient, like every comparison.")
not_equal     = binary("not_equal",     "x != y",   operator.ne,             doc="Whether x differs from y.")
less          = binary("less",          "x < y",    operator.lt,             doc="Whether x is less than y.")
less_equal    = binary("less_equal",    "x <= y",   operator.le,             doc="Whether x is at most y.")
greater       = binary("greater",       "x > y",    operator.gt,             doc="Whether x is greater than y.")
greater_equal = binary("greater_equal", "x >= y",   operator.ge,             doc="Whether x is at least y.")
logical_and   = binary("logical_and",   "bool(x) and bool(y)", np.logical_and, doc="Whether both x and y hold.")
logical_or    = binary("logical_or",    "bool(x) or bool(y)",  np.logical_or,  doc="Whether x or y holds.")
logical_xor   = binary("logical_xor",   "bool(x) != bool(y)",  np.logical_xor, doc="Whether just one of x and y holds.")
logical_not   = unary("logical_not",    "not x",    np.logical_not,          doc="Whether x does not hold.")
isnan         = unary("isnan",          "x != x",              np.isnan,       doc="Whether x is nan. No gradient, like every question.")
isfinite      = unary("isfinite",       "x - x == 0",          np.isfinite,    doc="Whether x is neither infinite nor nan.")
isinf         = unary("isinf",          "x == x and x - x != 0", np.isinf,     doc="Whether x is inf or -inf.")

floor         = unary("floor",          "floor(x)", np.floor,                doc="The largest whole number that is not above x. Flat: no gradient.")
ceil          = unary("ceil",           "ceil(x)",  np.ceil,                 doc="The smallest whole number that is not below x. Flat: no gradient.")
trunc         = unary("trunc",          "trunc(x)", np.trunc,                doc="x without its fraction. Flat: no gradient.")

negative      = unary("negative",       "-x",       operator.neg,            x=lambda g: -g,               doc="-x.")
absolute      = unary("absolute",       "abs(x)",   operator.abs,            x=lambda g, x: g * sign(x),   doc="|x|. The gradient at 0 is 0.")
sign          = unary("sign",           "(x > 0) - (x < 0) if x == x else x", np.sign,        doc="-1, 0 or 1. Flat: no gradient.")
square        = unary("square",         "x * x",    np.square,               x=lambda g, x: g * (2 * x),   doc="x².")
sqrt          = unary("sqrt",           "sqrt(x)",  np.sqrt,                 x=lambda g, out: g / (2 * out), doc="Square root; nan below 0, slope inf at 0.")
rsqrt         = unary("rsqrt",          "1 / sqrt(x)", lambda x: 1 / np.sqrt(x), x=lambda g, x, out: -g * out / (2 * x), doc="1 / sqrt(x); inf at 0, nan below.")
exp           = unary("exp",            "exp(x)",   np.exp,                  x=lambda g, out: g * out,     doc="e raised to x.")
expm1         = unary("expm1",          "expm1(x)", np.expm1,                x=lambda g, out: g * (out + 1), doc="exp(x) - 1, exact for small x.")
log           = unary("log",            "log(x)",   np.log,                  x=lambda g, x: g / x,         doc="Natural logarithm; -inf at 0, nan below.")
log2          = unary("log2",           "log2(x)",  np.log2,                 x=lambda g, x: g / (LN2 * x), doc="Logarithm to the base 2.")
log10         = unary("log10",          "log10(x)", np.log10,                x=lambda g, x: g / (LN10 * x), doc="Logarithm to the base 10.")
log1p         = unary("log1p",          "log1p(x)", np.log1p,                x=lambda g, x: g / (1 + x),   doc="log(1 + x), exact for small x.")
sin           = unary("sin",            "sin(x)",   np.sin,                  x=lambda g, x: g * cos(x),    doc="Sine of x [radians].")
cos           = unary("cos",            "cos(x)",   np.cos,                  x=lambda g, x: -g * sin(x),   doc="Cosine of x [radians].")
tanh          = unary("tanh",           "tanh(x)",  on_large(number_by_number(tanh_loop))(np.tanh), x=lambda g, out: g * (1 - out * out),
                      doc="Hyperbolic tangent; its slope is 1 at 0 and vanishes where it saturates.")
# fmt: on


@elementwise("x ** y", x=lambda g, x, y: g * _power_slope(x, y), y=lambda g, out, x: g * out * log_base(x))
def power(x, y, /):
    """x raised to y. At x = 0 the gradient by y is 0, at y = 0 the gradient by x is.

    A whole-number x may be raised to a negative whole number, which gives a floating-point result.
    """
    if type(y) is int and y < 0 and type(x) not in NUMBERS and x.dtype.kind in "iu":
        y = float(y)
    return x**y


def _power_slope(x, y):
    """y x^(y - 1), and 0 at y = 0 even where x is 0."""
    if type(y) in NUMBERS:
        return y * power(x, y - 1) if y else 0 * power(x, 0)
    return y * power(x, where(y == 0, 0, y - 1))


@elementwise("log(x or 1)", x=lambda g, x: where(x == 0, 0, g / where(x == 0, 1, x)))
def log_base(x, /):
    """log(x), and 0 at x = 0: the factor of x**y in its derivative by y."""
    return np.log(np.where(np.equal(x, 0), 1, x))[()]


@elementwise("x if x > y or x != x else y", x=lambda g, x, y: g * tie_share(x, y), y=lambda g, x, y: g * tie_share(y, x))
def maximum(x, y, /):
    """The larger of x and y; nan if either is. At a tie both get half of the gradient."""
    return np.maximum(x, y)


@elementwise("x if x < y or x != x else y", x=lambda g, x, y: g * tie_share(y, x), y=lambda g, x, y: g * tie_share(x, y))
def minimum(x, y, /):
    """The smaller of x and y; nan if either is. At a tie both get half of the gradient."""
    return np.minimum(x, y)


@elementwise("1.0 if x > y else 0.5 if x == y else 0.0")
def tie_share(x, y, /):
    """How much of the gradient of maximum(x, y) goes to x: 1, 0, or 1/2 at a tie."""
    return np.add(np.greater(x, y), 0.5 * np.equal(x, y), dtype=np.result_type(x, y))


@elementwise("x if condition else y", x=lambda g, condition: where(condition, g, 0), y=lambda g, condition: where(condition, 0, g))
def where(condition, x, y, /):
    """x where the condition holds, else y.

    The branch not taken gets gradient 0, but 0 times an infinite slope is nan. Guard such a branch
    by a second `where` inside: `where(x > 0, log(where(x > 0, x, 1)), 0)`.
    """
    return np.where(condition, x, y)[()]


def _by_any_bounds(function: Callable) -> Callable:
    """Let `clip` take Tensors as bounds too, which get a gradient: then it is made of maximum and minimum."""

    @functools.wraps(function)
    def call(x, min=None, max=None):
        if not (isinstance(min, Value) or isinstance(max, Value)):
            return function(x, min=min, max=max)
        x = x if min is None else maximum(x, min)
        return x if max is None else minimum(x, max)

    return call


@_by_any_bounds
@elementwise("min if x < min else max if x > max else x", x=lambda g, x, min, max: where(inside(x, min, max), g, 0))
def clip(x, /, min=None, max=None):
    """x limited to [min, max]; None leaves that side open. The gradient at a bound is 1."""
    return x if min is None and max is None else np.clip(x, min, max)


@elementwise("min <= x <= max")
def inside(x, /, min=None, max=None):
    """Whether min <= x <= max; None leaves that side open."""
    return np.logical_and((-np.inf if min is None else min) <= x, x <= (np.inf if max is None else max))


@elementwise("round(x, decimals)")
def round(x, /, decimals=0):
    """x to that many decimals, halves to the even neighbour. Flat: no gradient."""
    return np.round(x, decimals)


@op(x=lambda g, x: where(isfinite(x), g, 0))
def nan_to_num(x, /, *, nan=0.0, posinf=None, neginf=None):
    """x with numbers in the place of nan, inf and -inf; None means the largest that the type has. No gradient there."""
    return np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)


@elementwise(
    "x + weight * (y - x)",
    x=lambda g, weight: g * (1 - weight),
    y=lambda g, weight: g * weight,
    weight=lambda g, x, y: g * (y - x),
)
def lerp(x, y, weight, /):
    """The point between x (weight 0) and y (weight 1) on a straight line."""
    return x + weight * (y - x)


@elementwise("0.0 if x <= 0 else x", x=lambda g, out: g * (out > 0))
def relu(x, /):
    """max(x, 0). The gradient at 0 is 0. Source: Nair & Hinton (2010)."""
    return np.maximum(x, 0)


@elementwise("1 / (1 + exp(-x)) if x > 0 else exp(x) / (1 + exp(x))", x=lambda g, out: g * out * (1 - out))
@on_large(number_by_number(sigmoid_loop))
def sigmoid(x, /):
    """1 / (1 + exp(-x)), without overflow at either end. Its slope is at most 1/4."""
    e = np.exp(np.abs(x) * -1.0)
    return np.where(np.less(x, 0), e, 1) / (1 + e)


@elementwise("log1p(exp(-abs(x))) + max(x, 0)", x=lambda g, x: g * sigmoid(x))
def softplus(x, /):
    """log(1 + exp(x)), without overflow. Source: Dugas et al. (2001)."""
    return log_of_sum(x, 0)


def log_of_sum(x: Any, y: Any, ufunc: np.ufunc = np.logaddexp) -> Any:
    """NumPy's logaddexp of arrays, which warns of a nan even where there was one before."""
    with np.errstate(invalid="ignore"):
        return ufunc(x, y)


@elementwise(
    "log1p(exp(-abs(z))) + (max(z, 0) - z * y)",
    z=lambda g, z, y: g * (sigmoid(z) - y),
    y=lambda g, z: -g * z,
)
def sigmoid_cross_entropy(z, y, /):
    """Binary cross-entropy of the label y and the probability sigmoid(z), from the logit z.

        -y log σ(z) - (1 - y) log(1 - σ(z)) = max(z, 0) - z y + log(1 + exp(-|z|))

    Its gradient by z, σ(z) - y, stays alive where the sigmoid saturates. Source: Bishop (2006), section 4.3.
    """
    return np.log1p(np.exp(np.abs(z) * -1.0)) + (np.maximum(z, 0) - z * y)


@elementwise("x", x=lambda g: g)
def cast(x, /, dtype):
    """x in another floating-point type; the gradient comes back in the type of x."""
    return x.astype(dtype)


@op()
def truncate(x, /, dtype):
    """x in a type of whole numbers or truth values, which have no gradient."""
    return x.astype(dtype)
