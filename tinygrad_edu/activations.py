"""Activation functions: what stands between two linear maps, so that they do not collapse into one.

Each takes a Tensor or an array `x` of any shape and gives one of the same shape and dtype, number by number unless it
has an `axis`. Layers find them by name:

    >>> import numpy as np
    >>> get("leaky_relu")(np.array([-1.0, 2.0]))
    array([-0.2,  2. ])

Defaults are those of Keras 3. What Keras 2 calls `alpha` of a relu is `negative_slope` today; both are understood.
"""

from __future__ import annotations

import math
import operator
import warnings
from collections.abc import Callable
from typing import Any

from . import ops
from .compat import spelled
from .graph import Value
from .modes import current
from .ops.rearrange import own
from .registry import Registry
from .sparse_activations import hard_shrink, soft_shrink, sparse_plus, sparse_sigmoid, sparsemax, threshold

_registry = Registry("activation", none=lambda: linear)
serialize, deserialize = _registry.serialize, _registry.deserialize


def get(identifier: Any) -> Any:
    """The activation of a name ("hard_sigmoid", "HardSigmoid"), of a config, or any callable, a layer too; None is `linear`.

    Raises:
        ValueError: for an unknown name; it lists the near ones.
        TypeError: for what is neither a name nor callable.
    """
    return _registry.get(identifier)


def _offer(function: Callable, *names: str) -> Callable:
    """Offer a function under its name, with and without underscores, and under others."""
    return _registry.add_function(function, function.__name__.replace("_", ""), *names)


@_offer
def linear(x):
    """x itself: what a layer without an activation computes."""
    return x


# Relu and its relatives --------------------------------------------------------------------------


@_offer
@spelled("relu")
def relu(x, negative_slope=0.0, max_value=None, threshold=0.0):
    """max(x, 0), or with other bends: max_value from there on, x above threshold, negative_slope · (x - threshold) below.

    Its gradient at 0 is 0; nan stays nan.

    Args:
        negative_slope: slope below the threshold; legacy spelling `alpha`.
        max_value: ceiling; None means that there is none.
        threshold: above which x passes.

    Source: Nair & Hinton (2010).
    """
    if not negative_slope and max_value is None and not threshold:
        return ops.relu(x)
    ceiling = math.inf if max_value is None else float(max_value)
    return ops.bent_relu(x, float(negative_slope), ceiling, float(threshold))


@_offer
def relu6(x):
    """min(max(x, 0), 6). Its gradient at 0 and at 6 is 0. Source: Krizhevsky (2010)."""
    return ops.relu6(x)


@_registry.add_function  # not as "LeakyReLU": the layer of that name is steeper
@spelled("relu")
def leaky_relu(x, negative_slope=0.2):
    """x above 0, negative_slope · x below, so that no unit dies. The layer `LeakyReLU` has another default, 0.3, as in Keras.

    Args:
        negative_slope: slope below 0, also at 0; legacy spelling `alpha`.

    Source: Maas et al. (2013).
    """
    return ops.leaky_relu(x, float(negative_slope))


@_offer
def elu(x, alpha=1.0):
    """x above 0, alpha · (exp(x) - 1) below; there its slope is elu(x) + alpha.

    Args:
        alpha: minus the value it approaches far below 0.

    Source: Clevert et al. (2015), eq. 15.
    """
    return ops.elu(x, float(alpha))


@_offer
def selu(x):
    """1.0507 · elu(x, 1.6733): drives activations towards mean 0 and variance 1.

    It does so behind kernels drawn by `lecun_normal`; dropout breaks it, alpha dropout does not.
    Source: Klambauer et al. (2017), eq. 2 and 14.
    """
    return ops.selu(x)


@_offer
def celu(x, alpha=1.0):
    """max(x, 0) + min(0, alpha · (exp(x / alpha) - 1)): an elu whose slope at 0 is 1 whatever alpha is.

    Args:
        alpha: minus the value it approaches far below 0.

    Raises:
        ValueError: for alpha = 0.

    Source: Barron (2017).
    """
    if alpha == 0:
        raise ValueError("celu expects alpha != 0, got 0. Use relu, which it approaches.")
    return ops.celu(x, float(alpha))


@_offer
def gelu(x, approximate=False):
    """x · Φ(x), Φ being the distribution function of the normal distribution.

    Args:
        approximate: whether to take x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³))) instead.

    Source: Hendrycks & Gimpel (2016).
    """
    return ops.gelu(x, bool(approximate))


def silu(x):
    """x · sigmoid(x), also called swish. Source: Elfwing et al. (2017); Ramachandran et al. (2017)."""
    return ops.silu(x)


@_offer
def mish(x):
    """x · tanh(softplus(x)). Source: Misra (2019)."""
    return ops.mish(x)


@_offer
def softplus(x):
    """log(1 + exp(x)): a smooth relu. Source: Dugas et al. (2001)."""
    return ops.softplus(x)


@_offer
def squareplus(x, b=4):
    """(x + √(x² + b)) / 2: a smooth relu without exponentials.

    Args:
        b: how smooth, a number >= 0; 0 gives relu.

    Source: Barron (2021).
    """
    return 0.5 * (own(x) + ops.hypot(x, math.sqrt(b)))


# Sigmoids: from one plateau to another -----------------------------------------------------------


@_offer
def sigmoid(x):
    """1 / (1 + exp(-x)): a probability. Its slope, sigmoid(x) · (1 - sigmoid(x)), is at most 1/4.

    A binary cross-entropy that follows is computed from x itself, which it finds in the result's `logits`: same value,
    but a gradient that stays alive where the sigmoid saturates.
    """
    return _remember(ops.sigmoid(x), x, ops.sigmoid)


@_offer
def hard_sigmoid(x):
    """x / 6 + 1/2, limited to [0, 1]. Keras up to 2 has the slope 0.2 in its place. Source: Courbariaux et al. (2015)."""
    return ops.hard_sigmoid(x)


@_offer
def log_sigmoid(x):
    """log(sigmoid(x)) = -softplus(-x), exact where the sigmoid is nearly 0."""
    return ops.log_sigmoid(x)


@_offer
def tanh(x):
    """Hyperbolic tangent: between -1 and 1, slope 1 - tanh²(x), 1 at 0 and nearly 0 where it saturates."""
    return ops.tanh(x)


@_offer
def hard_tanh(x):
    """x, limited to [-1, 1]. Its gradient at both ends is 1. Source: Collobert (2004)."""
    return ops.hard_tanh(x)


@_offer
def tanh_shrink(x):
    """x - tanh(x)."""
    return x - ops.tanh(x)


@_offer
def softsign(x):
    """x / (1 + |x|): as tanh, but slower to saturate. Source: Bergstra et al. (2009)."""
    return ops.softsign(x)


def hard_silu(x):
    """x · hard_sigmoid(x), also called hard swish. Source: Howard et al. (2019)."""
    return ops.hard_silu(x)


@_offer
def step(x):
    """1 from 0 on, 0 below: the threshold unit of the perceptron. Not in Keras.

    It is flat, so no gradient comes through it, and what stands before it cannot learn by gradients; in training it says
    so in a UserWarning. Source: McCulloch & Pitts (1943); Rosenblatt (1958).
    """
    if isinstance(x, Value) and x.node is not None and current().training:
        warnings.warn("step is flat: what stands before it will not learn. Train with sigmoid, then use step.", stacklevel=2)
    return ops.step(x)


@_offer
def exponential(x):
    """e raised to x: for what must be positive."""
    return ops.exp(x)


# Several numbers at a time -----------------------------------------------------------------------


@_offer
def softmax(x, axis=-1):
    """exp(x) / Σ exp(x) along an axis: shares that sum to 1, without overflow.

    A categorical cross-entropy that follows is computed from x itself, which it finds in the result's `logits`. Along an
    axis of length 1 every share is 1, and a UserWarning says so.

    Args:
        axis: along which, a number or several.

    Source: Bridle (1990).
    """
    axes = _axes(axis)
    y = ops.softmax(x, axis=axes)
    if all(y.shape[a] == 1 for a in axes) and y.ndim and current().recording:
        warnings.warn(f"softmax is 1 everywhere along axis {axis} of shape {y.shape}. Use sigmoid, or more units.", stacklevel=2)
    return _remember(y, x, ops.softmax) if axes in ((-1,), (y.ndim - 1,)) else y


@_offer
def log_softmax(x, axis=-1):
    """log(softmax(x)), exact where a share is nearly 0.

    Args:
        axis: along which, a number or several.
    """
    return ops.log_softmax(x, axis=_axes(axis))


@_offer
def glu(x, axis=-1):
    """a · sigmoid(b), a and b being the halves of x along an axis.

    Shapes: the axis, of even length, becomes half as long.

    Args:
        axis: which is halved.

    Raises:
        ValueError: for an axis of odd length.

    Source: Dauphin et al. (2017).
    """
    a, b = ops.split(x, 2, axis=axis)
    return a * ops.sigmoid(b)


swish, hard_swish = silu, hard_silu
_offer(silu, "swish")
_offer(hard_silu, "hard_swish")
for _function in (threshold, hard_shrink, soft_shrink, sparse_plus, sparse_sigmoid, sparsemax):
    _offer(_function)


def _remember(y, x, squash):
    """`y`, with `x` as its `logits` and the op between them, for losses that are computed from there."""
    if isinstance(y, Value):
        y.logits, y.squash = x, squash
    return y


def _axes(axis):
    return (operator.index(axis),) if hasattr(axis, "__index__") else tuple(map(operator.index, axis))
