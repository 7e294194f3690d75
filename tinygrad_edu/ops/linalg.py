"""Products of matrices."""

from __future__ import annotations

import numpy as np

from ..graph import Value
from .declare import op
from .shape import expand_dims, squeeze


@op(a=lambda g, b: g @ b.mT, b=lambda g, a: a.mT @ g)
def matrix_product(a, b, /):
    """Product of matrices, batched over leading axes, which broadcast.

    Shapes: a (..., m, k), b (..., k, n) -> (..., m, n). (The public `matmul` takes vectors too.)
    """
    try:
        return np.matmul(a, b)
    except ValueError:
        shapes = f"{np.shape(a)} @ {np.shape(b)}"
        raise ValueError(f"matmul expects shapes (..., m, k) @ (..., k, n), got {shapes}. Transpose or reshape one.") from None


def _ndim(x) -> int:
    """Number of axes; of a Tensor without a detour through NumPy's dispatch, which costs as much as a small product."""
    return x.array.ndim if isinstance(x, Value) else np.ndim(x)


def matmul(a, b):
    """Matrix product as in NumPy: vectors count as a row on the left and as a column on the right.

    Shapes: (..., m, k) @ (..., k, n) -> (..., m, n); (k,) @ (k,) -> ().
    """
    left, right = _ndim(a) == 1, _ndim(b) == 1
    if not (left or right):
        return matrix_product(a, b)
    out = matrix_product(expand_dims(a, 0) if left else a, expand_dims(b, -1) if right else b)
    return squeeze(out, axis=tuple(axis for axis, is_vector in ((-2, left), (-1, right)) if is_vector))
