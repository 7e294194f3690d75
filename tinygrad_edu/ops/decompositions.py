"""Matrices as products of simpler ones: eigenvectors, singular vectors, QR, and what is made of them.

An op has one result, so these return their factors packed in one array; the public functions take them out.
All are batched over leading axes. Source of the rules: M. Giles, An extended collection of matrix derivative
results (2008); J. Townsend, Differentiating the singular value decomposition (2016).
"""

from __future__ import annotations

import numpy as np

from .declare import op
from .elementwise import where
from .equations import inv, solve_columns
from .linalg import matmul, matrix_product
from .rearrange import own, tril, triu
from .shape import expand_dims, matrix_transpose

# Symmetric matrices ------------------------------------------------------------------------------


def eigh(a, UPLO="L"):
    """Eigenvalues of symmetric matrices, in rising order, and eigenvectors, in columns.

    Only the triangle that UPLO names is read, and gets the gradient. That by the vectors needs eigenvalues that differ.
    """
    return _values_and_vectors(symmetric_factors(_symmetric(a, UPLO), UPLO=UPLO))


def eigvalsh(a, UPLO="L"):
    """Eigenvalues of symmetric matrices, in rising order."""
    return eigh(a, UPLO)[0]


def _symmetric(a, triangle):
    """The symmetric matrix of which only one triangle is given."""
    if triangle not in ("L", "U"):
        raise ValueError(f"eigh expects UPLO 'L' or 'U', got {triangle!r}.")
    cut = tril if triangle == "L" else triu
    return cut(a) + matrix_transpose(cut(a, -1 if triangle == "L" else 1))


@op(a=lambda g, out: _through_symmetric(g, out))
def symmetric_factors(a, /, UPLO="L"):
    """Eigenvalues of (a + a.mT) / 2, in a first row, above the eigenvectors. (The public `eigh` takes them apart.)"""
    values, vectors = _keeping_dtypes(lambda x: np.linalg.eigh(x, UPLO), (a + np.swapaxes(a, -1, -2)) / 2)
    return np.concatenate([values[..., None, :], vectors], axis=-2)


def _values_and_vectors(packed):
    return packed[..., 0, :], packed[..., 1:, :]


def _through_symmetric(g, packed):
    values, vectors = _values_and_vectors(packed)
    by_values, by_vectors = _values_and_vectors(g)
    inner = _inverse_gaps(values) * (vectors.mT @ by_vectors) + _diagonal(by_values)
    found = vectors @ inner @ vectors.mT
    return (found + found.mT) / 2


def _inverse_gaps(values):
    """1 / (value j - value i), and 0 where they are equal."""
    gaps = expand_dims(values, -2) - expand_dims(values, -1)
    return where(gaps == 0, 0, 1 / where(gaps == 0, 1, gaps))


def _diagonal(x):
    """Matrices with x on the diagonal."""
    return expand_dims(x, -1) * np.eye(x.shape[-1], dtype=x.dtype)


# Any matrices ------------------------------------------------------------------------------------


def svd(a, full_matrices=True, compute_uv=True):
    """u, s, vh with a = u @ diag(s) @ vh: columns of u and rows of vh are orthonormal, s falls and is not negative.

    Shapes: a (..., m, n) -> u (..., m, k), s (..., k), vh (..., k, n), with k the smaller of m and n. Pass
    full_matrices=False where m and n differ: vectors that belong to no singular value have no gradient.
    The gradient by the vectors needs singular values that differ.
    """
    rows, columns = own(a).shape[-2:]
    if compute_uv and full_matrices and rows != columns:
        raise ValueError(f"svd expects full_matrices=False for matrices that are not square, got shape {own(a).shape}.")
    u, s, v = _three_parts(singular_factors(a), rows)
    return (u, s, v.mT) if compute_uv else s


def svdvals(a):
    """Singular values of matrices, falling."""
    return svd(a, compute_uv=False)


@op(a=lambda g, out, a_shape: _through_singular(g, out, a_shape[-2]))
def singular_factors(a, /):
    """u, s in one row, and v, one above the other, of the thin decomposition u diag(s) v.mT. (The public one is `svd`.)"""
    u, s, vh = _keeping_dtypes(lambda x: np.linalg.svd(x, full_matrices=False), a)
    return np.concatenate([u, s[..., None, :], np.swapaxes(vh, -1, -2)], axis=-2)


def _three_parts(packed, rows):
    return packed[..., :rows, :], packed[..., rows, :], packed[..., rows + 1 :, :]


def _through_singular(g, packed, rows):
    """Townsend (2016), eq. 20: rotations among the vectors, rotations out of their span, and the values themselves."""
    u, s, v = _three_parts(packed, rows)
    by_u, by_s, by_v = _three_parts(g, rows)
    gaps, s_row, s_column = _inverse_gaps(s * s), expand_dims(s, -2), expand_dims(s, -1)
    turned_u, turned_v = u.mT @ by_u, v.mT @ by_v
    inner = gaps * (turned_u - turned_u.mT) * s_row + s_column * gaps * (turned_v - turned_v.mT) + _diagonal(by_s)
    found = u @ inner @ v.mT
    if u.shape[-2] > u.shape[-1]:
        found = found + ((by_u - u @ turned_u) / s_row) @ v.mT
    if v.shape[-2] > v.shape[-1]:
        found = found + (u / s_row) @ (by_v - v @ turned_v).mT
    return found


def qr(a, mode="reduced"):
    """q, r with a = q @ r, for matrices that are not wider than high: columns of q are orthonormal, r is upper triangular.

    Shapes: a (..., m, n) -> q (..., m, n), r (..., n, n).
    """
    rows, columns = own(a).shape[-2:]
    if mode != "reduced" or rows < columns:
        raise ValueError(f"qr expects mode 'reduced' and matrices that are not wider than high, got {mode!r} and {own(a).shape}.")
    packed = orthogonal_factors(a)
    return packed[..., :rows, :], packed[..., rows:, :]


@op(a=lambda g, out, a_shape: _through_orthogonal(g, out, a_shape[-2]))
def orthogonal_factors(a, /):
    """q above r, with a = q @ r. (The public `qr` takes them apart.) Source of the rule: Walter & Lehmann (2010)."""
    return np.concatenate(_keeping_dtypes(np.linalg.qr, a), axis=-2)


def _through_orthogonal(g, packed, rows):
    q, r, by_q, by_r = packed[..., :rows, :], packed[..., rows:, :], g[..., :rows, :], g[..., rows:, :]
    m = r @ by_r.mT - by_q.mT @ q
    mirrored = tril(m) + tril(m, -1).mT
    return solve_columns(r, (by_q + q @ mirrored).mT).mT


def _keeping_dtypes(function, a):
    """`function` in a type that LAPACK knows, its results in the type of a.

    Raises:
        LinAlgError: for inf and nan, of which LAPACK makes numbers, or with which it goes round for ever.
    """
    if not np.isfinite(a).all():
        raise np.linalg.LinAlgError(f"A decomposition expects finite numbers, got inf or nan in an array of shape {a.shape}.")
    return [x.astype(a.dtype, copy=False) for x in function(a.astype(np.float32) if a.dtype == np.float16 else a)]


# Made of products --------------------------------------------------------------------------------


@op(a=lambda g, a, out: _through_pinv(g, a, out))
def pinv(a, /, rcond=None):
    """Pseudoinverse: pinv(a) @ b is the shortest x with the smallest |a x - b|. Source of the rule: Golub & Pereyra (1973).

    Singular values below rcond times the largest count as 0; None takes NumPy's choice.
    """
    return _keeping_dtypes(lambda x: [np.linalg.pinv(x) if rcond is None else np.linalg.pinv(x, rcond)], a)[0]


def _through_pinv(g, a, out):
    beside, behind = np.eye(a.shape[-2], dtype=a.dtype) - a @ out, np.eye(a.shape[-1], dtype=a.dtype) - out @ a
    return beside @ g.mT @ (out @ out.mT) + (out.mT @ out) @ g.mT @ behind - out.mT @ g @ out.mT


def matrix_power(a, n):
    """Square matrices multiplied with themselves n times; with their inverses for n below 0."""
    a = own(a)
    if n == 0:
        return a * 0 + np.eye(a.shape[-1], dtype=a.dtype)
    a, n = (inv(a), -n) if n < 0 else (a, n)
    out = None
    while n:
        if n % 2:
            out = a if out is None else matrix_product(out, a)
        a, n = (matrix_product(a, a) if n > 1 else a), n // 2
    return out


def multi_dot(arrays):
    """The product of several matrices, from the left to the right; the first and the last may be vectors."""
    first, *others = arrays
    for other in others:
        first = matmul(first, other)
    return first
