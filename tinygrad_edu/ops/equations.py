"""Linear equations and what decides about them: inverse, solve, Cholesky factor, determinants.

All are batched over leading axes. LAPACK knows no float16, which is computed in float32.
Source of the rules: M. Giles, An extended collection of matrix derivative results (2008).
"""

from __future__ import annotations

import numpy as np

from .declare import op
from .shape import expand_dims, squeeze


@op(a=lambda g, out: -(out.mT @ g @ out.mT))
def inv(a, /):
    """Inverse of square matrices.

    Raises:
        numpy.linalg.LinAlgError: for a singular one.
    """
    return _keeping_dtype(np.linalg.inv, a)


@op(a=lambda g, a, out: -(solve_columns(a.mT, g) @ out.mT), b=lambda g, a: solve_columns(a.mT, g))
def solve_columns(a, b, /):
    """x in a @ x = b, for square matrices a and the columns of b. (The public `solve` takes a vector too.)

    Shapes: a (..., n, n), b (..., n, k) -> (..., n, k); leading axes broadcast.
    """
    return _keeping_dtype(np.linalg.solve, a, b)


def solve(a, b):
    """x in a @ x = b, more exact and faster than inv(a) @ b.

    Shapes: a (..., n, n), b (..., n, k) -> (..., n, k), or b (n,) -> (..., n).
    """
    return squeeze(solve_columns(a, expand_dims(b, -1)), axis=-1) if np.ndim(b) == 1 else solve_columns(a, b)


@op(a=lambda g, out: _through_cholesky(g, out))
def cholesky(a, /):
    """Lower triangular L with L @ L.mT = a, for symmetric positive definite matrices.

    a counts as symmetric: what is read, and what gets the gradient, is (a + a.mT) / 2.
    Source of the rule: Murray, Differentiation of the Cholesky decomposition (2016), eq. 10.
    """
    return _keeping_dtype(np.linalg.cholesky, (a + np.swapaxes(a, -1, -2)) / 2)


def _through_cholesky(g, factor):
    inverse, size = inv(factor), factor.shape[-1]
    halved = np.tril(np.ones((size, size), g.dtype)) - np.eye(size, dtype=g.dtype) / 2
    part = inverse.mT @ (halved * (factor.mT @ g)) @ inverse
    return (part + part.mT) / 2


@op(a=lambda g, a: g.reshape((*g.shape, 1, 1)) * adjugate(a).mT)
def det(a, /):
    """Determinant of square matrices. Its gradient, the matrix of cofactors, is right for singular ones too."""
    return _keeping_dtype(np.linalg.det, a)


@op(a=lambda g, a, out: adjugate(a).mT * (g * inv(a)).sum(axis=(-2, -1), keepdims=True) - out.mT @ g @ inv(a).mT)
def adjugate(a, /):
    """det(a) · inv(a), which singular matrices have too; its own gradient exists for regular ones only.

    From the singular values: Π s with one left out, in the place of s.
    """
    return _keeping_dtype(_adjugate, a)


def _adjugate(a):
    finite = np.isfinite(a).all((-2, -1), keepdims=True)  # others have no singular values, and LAPACK raises
    u, s, vt = np.linalg.svd(np.where(finite, a, 0))
    size = s.shape[-1]
    without = np.prod(np.where(np.eye(size, dtype=bool), 1, s[..., None, :]), axis=-1)
    sign = np.linalg.det(u) * np.linalg.det(vt)
    found = sign[..., None, None] * (np.swapaxes(vt, -1, -2) * without[..., None, :]) @ np.swapaxes(u, -1, -2)
    return np.where(finite, found, np.nan).astype(found.dtype, copy=False)


@op(a=lambda g, a: g.reshape((*g.shape, 1, 1)) * inv(a).mT)
def log_abs_det(a, /):
    """log |det(a)|, which does not overflow; -inf for a singular matrix, which has no gradient: going back raises LinAlgError."""
    return _keeping_dtype(lambda x: np.linalg.slogdet(x)[1], a)


@op()
def sign_of_det(a, /):
    """-1, 0 or 1: the sign of the determinant; nan where that is nan. Flat: no gradient."""
    return _keeping_dtype(_sign_of_det, a)


def _sign_of_det(a):
    sign, log = np.linalg.slogdet(a)  # whose sign of inf - inf depends on the pivots
    return np.where(np.isnan(log), log, sign)[()]


def slogdet(a):
    """Sign and logarithm of the absolute value of the determinant: det(a) = sign · exp(logarithm)."""
    return sign_of_det(a), log_abs_det(a)


def _keeping_dtype(function, *arrays):
    """`function` in a type that LAPACK knows, its result in the type of the arrays."""
    dtype = np.result_type(*arrays)
    if dtype == np.float16:
        return function(*(np.asarray(x, np.float32) for x in arrays)).astype(dtype)
    return function(*map(np.asarray, arrays))
