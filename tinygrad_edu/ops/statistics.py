"""What describes many numbers by few: weighted means, quantiles, covariances, and sums that pass over nan."""

from __future__ import annotations

import math

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from .elementwise import clip, isnan, sqrt, square, where
from .index import diagonal, sort
from .linalg import matmul
from .rearrange import moveaxis, own, ravel
from .reduce import max, mean, min, prod, sum
from .shape import expand_dims, getitem, reshape, squeeze


def ptp(x, axis=None, keepdims=False):
    """The largest less the smallest value along `axis`."""
    return max(x, axis=axis, keepdims=keepdims) - min(x, axis=axis, keepdims=keepdims)


def average(x, axis=None, weights=None, keepdims=False):
    """Mean along `axis`, each number as often as its weight says; weights have the shape of x, or are a vector along `axis`."""
    x = own(x)
    if weights is None:
        return mean(x, axis=axis, keepdims=keepdims)
    weights = np.asarray(weights, x.dtype) if isinstance(weights, (list, tuple)) else own(weights)
    if weights.shape != x.shape and isinstance(axis, int):
        along = normalize_axis_index(axis, len(x.shape))
        weights = reshape(weights, tuple(-1 if i == along else 1 for i in range(len(x.shape))))
    return sum(x * weights, axis=axis, keepdims=keepdims) / sum(weights + x.dtype.type(0) * x, axis=axis, keepdims=keepdims)


def quantile(x, q, axis=None, keepdims=False):
    """The number below which the share q of all numbers along `axis` lies, on a line between neighbours; nan if there is a nan.

    Args:
        q: a share, or an array of them, whose axes come first.
    """
    x, q = own(x), np.asarray(q)
    if not np.all((q >= 0) & (q <= 1)):
        raise ValueError(f"quantile expects shares from 0 to 1, got {q}. For percent see percentile.")
    axis = None if axis is None else normalize_axis_index(axis, len(x.shape))
    shape = [1 if axis is None or i == axis else n for i, n in enumerate(x.shape)]
    rows = sort(ravel(x), 0) if axis is None else sort(moveaxis(x, axis, 0), 0)
    place = q * (rows.shape[0] - 1)
    left = np.floor(place).astype(int)
    share = (place - left).astype(rows.dtype).reshape(q.shape + (1,) * (len(rows.shape) - 1))
    right = np.minimum(left + 1, rows.shape[0] - 1)
    low, high = getitem(rows, key=left), getitem(rows, key=right)
    last = getitem(rows, key=-1)
    out = where(isnan(last), last, low * (1 - share) + high * share)
    return reshape(out, (*q.shape, *shape)) if keepdims else out


def percentile(x, q, axis=None, keepdims=False):
    """`quantile` with q in percent."""
    return quantile(x, np.true_divide(q, 100), axis, keepdims)


def cov(x, rowvar=True, ddof=1):
    """Covariance of the rows of x (of its columns if not `rowvar`) with each other: mean product of distances from the mean."""
    if np.ndim(x) > 2:
        raise ValueError(f"cov expects a vector or a matrix, got shape {np.shape(x)}.")
    x = own(x) if rowvar or np.ndim(x) < 2 else own(x).T
    centred = x - mean(x, axis=-1, keepdims=True)
    return squeeze(matmul(centred, centred.T)) / (x.shape[-1] - ddof)


def corrcoef(x, rowvar=True):
    """`cov`, divided by both standard deviations: between -1 and 1."""
    c = cov(x, rowvar)
    if not c.shape:
        return c / c
    deviations = sqrt(diagonal(c))
    return clip(c / expand_dims(deviations, 1) / deviations, -1.0, 1.0)


# Passing over nan --------------------------------------------------------------------------------


def nansum(x, axis=None, keepdims=False):
    """Sum of what is not nan along `axis`; 0 if there is nothing."""
    return sum(_without_nan(x, 0), axis=axis, keepdims=keepdims)


def nanprod(x, axis=None, keepdims=False):
    """Product of what is not nan along `axis`; 1 if there is nothing."""
    return prod(_without_nan(x, 1), axis=axis, keepdims=keepdims)


def nanmax(x, axis=None, keepdims=False):
    """Largest of what is not nan along `axis`; -inf if there is nothing."""
    return max(_without_nan(x, -math.inf), axis=axis, keepdims=keepdims)


def nanmin(x, axis=None, keepdims=False):
    """Smallest of what is not nan along `axis`; inf if there is nothing."""
    return min(_without_nan(x, math.inf), axis=axis, keepdims=keepdims)


def nanmean(x, axis=None, keepdims=False):
    """Mean of what is not nan along `axis`; nan if there is nothing."""
    return nansum(x, axis, keepdims) / _count(x, axis, keepdims, 0)


def nanvar(x, axis=None, ddof=0, keepdims=False):
    """Mean of the squared distances from `nanmean` of what is not nan along `axis`; `ddof` is taken from the divisor."""
    x, centre = own(x), nanmean(x, axis, keepdims=True)
    distances = where(isnan(x), centre, x) - centre
    return sum(square(distances), axis=axis, keepdims=keepdims) / _count(x, axis, keepdims, ddof)


def nanstd(x, axis=None, ddof=0, keepdims=False):
    """Square root of `nanvar`. The gradient is 0 where all of x is equal."""
    square_of_it = nanvar(x, axis, ddof, keepdims)
    return where(square_of_it == 0, 0, sqrt(where(square_of_it == 0, 1, square_of_it)))


def _without_nan(x, instead):
    x = own(x)
    return where(isnan(x), x.dtype.type(instead), x) if x.dtype.kind == "f" else x


def _count(x, axis, keepdims, ddof):
    """How many are not nan, less `ddof`, in the type of x if that is one of floats."""
    x = own(x)
    count = sum(where(isnan(x), 0, 1), axis=axis, keepdims=keepdims) - ddof
    return count.astype(x.dtype) if x.dtype.kind == "f" else count
