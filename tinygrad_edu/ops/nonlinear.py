"""Nonlinear functions that networks put between their layers. `relu`, `sigmoid`, `softplus` are in `elementwise`."""

from __future__ import annotations

import math

import numpy as np

from .declare import elementwise, unary
from .elementwise import absolute, clip, exp, log_of_sum, logical_and, minimum, sigmoid, softplus, tanh, where
from .error_function import SLOPE, erfc
from .rearrange import own

SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805  # the fixed point of mean 0 and variance 1
HALF_ROOT = math.sqrt(0.5)
BEND = 0.044715  # of the cubic in gelu's approximation

# fmt: off
step         = unary("step",         "x if x != x else 1.0 if x >= 0 else 0.0", lambda x: np.heaviside(x, 1),
                     doc="1 from 0 on, 0 below: whether a threshold unit fires. Flat: no gradient. Source: McCulloch & Pitts (1943).")
softsign     = unary("softsign",     "x / (1 + abs(x))", lambda x: x / (1 + np.abs(x)), x=lambda g, x: g / (1 + absolute(x)) ** 2,
                     doc="x / (1 + |x|): as tanh, but slower to saturate. Source: Bergstra et al. (2009).")
hard_sigmoid = unary("hard_sigmoid", "min(max(x / 6 + 0.5, 0), 1)", lambda x: np.clip(x / 6 + 0.5, 0, 1),
                     x=lambda g, x: where(absolute(x) < 3, g / 6, 0),
                     doc="x / 6 + 1/2, limited to [0, 1]; the gradient at ±3 is 0. Source: Courbariaux et al. (2015), for the idea.")
# fmt: on


@elementwise(
    "(negative_slope * (x - threshold) if negative_slope else 0.0) if x <= threshold else max_value if x >= max_value else x",
    x=lambda g, x, negative_slope, max_value, threshold: where(x > threshold, where(x >= max_value, 0, g), g * negative_slope),
)
def bent_relu(x, /, negative_slope=0.0, max_value=math.inf, threshold=0.0):
    """relu with its bends elsewhere: max_value from there on, x above the threshold, negative_slope · (x - threshold) below.

    The threshold itself is below, as in Keras: the gradient there is negative_slope, that at max_value 0. Source: Hannun et
    al. (2014), for the ceiling.
    """
    below = negative_slope * (np.minimum(x, threshold) - threshold) if negative_slope else 0
    return np.where(np.less_equal(x, threshold), below, np.minimum(x, max_value))[()]


@elementwise("-log1p(exp(-abs(x))) + min(x, 0)", x=lambda g, x: g * sigmoid(-x))
def log_sigmoid(x, /):
    """log(sigmoid(x)), exact where the sigmoid is nearly 0."""
    return -log_of_sum(x * -1.0, 0)


@elementwise("x if x > 0 else negative_slope * x", x=lambda g, x, negative_slope: where(x > 0, g, g * negative_slope))
def leaky_relu(x, /, negative_slope=0.2):
    """x above 0, negative_slope · x below; the gradient at 0 is negative_slope. Source: Maas et al. (2013)."""
    return np.where(np.greater(x, 0), x, negative_slope * x)[()]


@elementwise("x if x > 0 else alpha * expm1(x)", x=lambda g, x, alpha: g * where(x > 0, 1, alpha * exp(minimum(x, 0))))
def elu(x, /, alpha=1.0):
    """x above 0, alpha (exp(x) - 1) below. Source: Clevert et al. (2015), eq. 15."""
    return np.where(np.greater(x, 0), x, alpha * np.expm1(np.minimum(x, 0)))[()]


@elementwise(
    "1.0507009873554805 * (x if x > 0 else 1.6732632423543772 * expm1(x))",
    x=lambda g, x: g * (SELU_SCALE * where(x > 0, 1, SELU_ALPHA * exp(minimum(x, 0)))),
)
def selu(x, /):
    """elu whose constants pull activations towards mean 0 and variance 1. Source: Klambauer et al. (2017)."""
    return SELU_SCALE * np.where(np.greater(x, 0), x, SELU_ALPHA * np.expm1(np.minimum(x, 0)))[()]


@elementwise(
    "x if x > 0 else alpha * expm1(x / alpha)",
    x=lambda g, x, alpha: g * where(x > 0, 1, exp(minimum(x, 0) / alpha)),
)
def celu(x, /, alpha=1.0):
    """elu that is as steep on both sides of 0, whatever alpha. Source: Barron (2017)."""
    with np.errstate(over="ignore"):  # at -inf expm1 is what it is far below 0
        return np.where(np.greater(x, 0), x, alpha * np.expm1(np.minimum(x, 0) / alpha))[()]


@elementwise("0.0 if x <= 0 else 6.0 if x >= 6 else x", x=lambda g, out: g * logical_and(out > 0, out < 6))
def relu6(x, /):
    """x limited to [0, 6]. The gradient at both ends is 0. Source: Krizhevsky (2010)."""
    return np.minimum(np.maximum(x, 0), 6)


def hard_silu(x):
    """x · hard_sigmoid(x). Source: Howard et al. (2019), section 5.2."""
    return own(x) * hard_sigmoid(x)


def hard_tanh(x):
    """x limited to [-1, 1]; the gradient at both ends is 1. Source: Collobert (2004)."""
    return clip(own(x), min=-1, max=1)


@elementwise("x / (1 + exp(-x)) if x > 0 else x * exp(x) / (1 + exp(x))", x=lambda g, x: g * _silu_slope(x, sigmoid(x)))
def silu(x, /):
    """x · sigmoid(x), also called swish. Source: Elfwing et al. (2017)."""
    return x * sigmoid(x)


def _silu_slope(x, s):
    return s * (1 + x * (1 - s))


@elementwise("x * tanh(log1p(exp(-abs(x))) + max(x, 0))", x=lambda g, x: g * _mish_slope(x, tanh(softplus(x))))
def mish(x, /):
    """x · tanh(softplus(x)). Source: Misra (2019)."""
    return x * np.tanh(log_of_sum(x, 0))


def _mish_slope(x, t):
    return t + x * (1 - t * t) * sigmoid(x)


@elementwise(
    "0.5 * x * (1 + tanh(1.5957691216057308 / 2 * (x + 0.044715 * x * x * x)) if approximate else erfc(-x * 0.7071067811865476))",
    x=lambda g, x, approximate: g * (_gelu_tanh_slope if approximate else _gelu_slope)(x),
)
def gelu(x, /, approximate=False):
    """x · Φ(x), where Φ is the distribution function of the normal distribution.

    With `approximate`, Φ(x) is taken as sigmoid(2 √(2/π) (x + 0.044715 x³)). Source: Hendrycks & Gimpel (2016).
    """
    if isinstance(approximate, str):
        raise ValueError(f"gelu expects approximate=True or False, got {approximate!r}.")
    return 0.5 * x * (1 + np.tanh(_gelu_bent(x)) if approximate else erfc(x * -HALF_ROOT))


def _gelu_slope(x):
    """Φ(x) + x φ(x), φ the density."""
    return 0.5 * erfc(x * -HALF_ROOT) + x * (0.5 * HALF_ROOT * SLOPE * exp(-0.5 * x * x))


def _gelu_bent(x):
    return SLOPE * HALF_ROOT * (x + BEND * x * x * x)


def _gelu_tanh_slope(x):
    t = tanh(_gelu_bent(x))
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * (SLOPE * HALF_ROOT * (1 + 3 * BEND * x * x))
