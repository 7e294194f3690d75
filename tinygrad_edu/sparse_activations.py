"""Activations that are exactly 0 not only at a point, but on a whole range: what they keep is sparse.

    >>> import numpy as np
    >>> x = np.array([-2.0, -0.25, 0.5, 1.0])
    >>> print(soft_shrink(x), sparse_plus(x), sparsemax(x))
    [-1.5  0.   0.   0.5] [0.       0.140625 0.5625   1.      ] [0.   0.   0.25 0.75]

`activations` offers them under their names.
"""

from __future__ import annotations

import numpy as np

from . import ops
from .ops.rearrange import own


def threshold(x, threshold, default_value):
    """x where x > threshold, else default_value.

    Args:
        threshold: where x begins to pass.
        default_value: what stands in its place below.
    """
    x = own(x)
    return ops.where(x > float(threshold), x, float(default_value))


def hard_shrink(x, threshold=0.5):
    """x where |x| > threshold, else 0.

    Args:
        threshold: half the width of the gap.

    Source: Donoho & Johnstone (1994), for both ways of shrinking.
    """
    return ops.where(ops.absolute(x) > float(threshold), x, 0)


def soft_shrink(x, threshold=0.5):
    """sign(x) · max(|x| - threshold, 0): what a step of L1 regularization does to a weight.

    Args:
        threshold: by how much everything moves towards 0.
    """
    return x - ops.clip(x, -float(threshold), float(threshold))


def sparse_plus(x):
    """0 up to -1, (x + 1)² / 4 up to 1, x from there on: a smooth relu, whose slope is `sparse_sigmoid`."""
    x = own(x)
    return 0.25 * ops.square(ops.clip(x, -1, 1) + 1) + ops.relu(x - 1)


def sparse_sigmoid(x):
    """(x + 1) / 2, limited to [0, 1]: the share that sparsemax gives to x beside a 0, as sigmoid does for softmax."""
    return ops.clip(0.5 * (own(x) + 1), 0, 1)


def sparsemax(x, axis=-1):
    """The point of the simplex that is nearest to x: shares that sum to 1, of which many are 0.

    Args:
        axis: along which.

    Source: Martins & Astudillo (2016), algorithm 1.
    """
    x = own(x)
    if 0 in x.shape:
        return x
    x = x - ops.max(x, axis=axis, keepdims=True)  # moves nothing but the rounding errors
    ordered = ops.flip(ops.sort(x, axis=axis), axis)
    counts = np.expand_dims(np.arange(1, x.shape[axis] + 1, dtype=x.dtype), tuple(range(1, x.ndim)))
    cut = ops.max((ops.cumsum(ordered, axis=axis) - 1) / np.moveaxis(counts, 0, axis), axis=axis, keepdims=True)
    return ops.relu(x - cut)
