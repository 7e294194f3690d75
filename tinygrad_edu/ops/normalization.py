"""Numbers brought to mean 0 and variance 1, then scaled and shifted: what normalizing layers compute."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..backward import sum_to
from ..graph import NUMBERS, Placeholder, Value
from ..kernel import kernel
from ..modes import detector
from .declare import needs_no_rules, op
from .elementwise import rsqrt, square
from .large import ONE, ZERO, as_rows, has_rows, on_large

BLOCK = 1 << 16  # numbers; a gradient that is one number repeated is written out by blocks that stay in the cache


def normalize(x, gamma=1.0, beta=0.0, axis=-1, epsilon=1e-3, moments=None):
    """gamma (x - mean) / sqrt(variance + epsilon) + beta, with mean and variance along `axis`.

    gamma and beta (numbers, arrays or Tensors) broadcast to the shape of x. `moments`, new `Moments()`, are told what was
    found. Source: Ioffe & Szegedy (2015), algorithm 1; along the features of a sample: Ba et al. (2016), eq. 4.
    """
    if moments is None and detector() is None and not any(isinstance(given, Placeholder) for given in (x, gamma, beta)):
        moments = Moments()  # of this call: one that is noted is made again and again
    return scaled_normal(x, gamma, beta, axis=axis, epsilon=epsilon, moments=moments)


class Moments:
    """What one call of `normalize` has found out about x, so that the gradients need not find it again.

    Attributes:
        mean, variance: along the axis, which has length 1.
        inverse: 1 / sqrt(variance + epsilon).
    """

    __slots__ = ("inverse", "mean", "variance")

    def __init__(self) -> None:
        self.mean: Any = None
        self.variance: Any = None
        self.inverse: Any = None

    def __repr__(self) -> str:
        return "Moments()"


@op(
    x=lambda g, x, gamma, axis, epsilon, moments: slope_of(x, g, gamma, axis, epsilon, moments),
    gamma=lambda g, x, gamma_shape, axis, epsilon, moments: slope_by_gamma_of(x, g, gamma_shape, axis, epsilon, moments),
    beta=lambda g: g,
)
def scaled_normal(x, gamma, beta, /, axis=-1, epsilon=1e-3, moments=None):
    """gamma (x - mean) / sqrt(variance + epsilon) + beta along `axis`. (The public `normalize` has defaults.)"""
    if moments is not None and moments.mean is not None:
        raise ValueError("normalize expects new Moments, got those of another call, whose gradients need them. Pass Moments().")
    out = _scaled(x, gamma, beta, axis, epsilon, moments or Moments())
    if out.shape != x.shape:
        raise ValueError(
            f"normalize expects gamma and beta that broadcast to the shape of x {x.shape}, got {np.shape(gamma)} and {np.shape(beta)}."
        )
    return out


def _mean(x, axis):
    """The mean along `axis`, which stays: a third of the time of `x.mean`."""
    total = x.sum(axis=axis, keepdims=True)
    return total / (x.size // max(total.size, 1))


def mean_and_variance(x, axis, epsilon=1e-3):
    """What `normalize` with that `epsilon` subtracts, and what it divides by: mean and variance along `axis`, which stays."""
    found = normal_moments(x, axis=axis, epsilon=epsilon)
    return found[0], found[1]


def _centred(x, axis, epsilon, moments):
    """x without its mean, and 1 / sqrt(variance + epsilon): of an array as it is known, of a Tensor to be differentiated."""
    if moments is not None and not isinstance(x, Value):
        return x - moments.mean, moments.inverse
    centred = x - _mean(x, axis)
    return centred, rsqrt(_mean(square(centred), axis) + epsilon)


def _scaled_large(x, gamma, beta, axis, epsilon, moments):
    gamma, beta = _as_row(x, gamma), _as_row(x, beta)
    if not has_rows(x, axis) or gamma is None or beta is None:
        return NotImplemented
    out, found = np.empty_like(x), np.empty((3, *x.shape[:-1], 1), x.dtype)
    moments.mean, moments.variance, moments.inverse = found
    scaled_loop(as_rows(x), gamma, beta, np.float32(epsilon), found.reshape(3, -1), as_rows(out))
    return out


@on_large(_scaled_large)
def _scaled(x, gamma, beta, axis, epsilon, moments):
    moments.mean = _mean(x, axis)
    centred = x - moments.mean
    moments.variance = _mean(np.square(centred), axis)
    moments.inverse = 1 / np.sqrt(moments.variance + epsilon)
    return gamma * (centred * moments.inverse) + beta


def _slope_large(x, g, gamma, axis, epsilon, moments):
    gamma = _as_row(x, gamma)
    if not has_rows(x, axis) or gamma is None or moments is None or g.dtype != x.dtype:
        return NotImplemented
    out = np.empty_like(x)
    for here, g_rows in _blocks(x, g):
        slope_loop(as_rows(x)[here], g_rows, gamma, *_along(moments, here), as_rows(out)[here])
    return out


@on_large(_slope_large)
def _slope(x, g, gamma, axis, epsilon, moments):
    """The gradient by x: what is left of g gamma without its mean and its part along the normal numbers."""
    centred, inverse = _centred(x, axis, epsilon, moments)
    normal, g = centred * inverse, g * gamma
    return inverse * (g - _mean(g, axis) - normal * _mean(g * normal, axis))


def _slope_by_gamma_large(x, g, gamma_shape, axis, epsilon, moments):
    if not has_rows(x, axis) or gamma_shape != x.shape[-1:] or moments is None or g.dtype != x.dtype:
        return NotImplemented
    total = np.zeros(gamma_shape, x.dtype)
    for here, g_rows in _blocks(x, g):
        slope_by_gamma_loop(as_rows(x)[here], g_rows, *_along(moments, here), total)
    return total


@on_large(_slope_by_gamma_large)
def _slope_by_gamma(x, g, gamma_shape, axis, epsilon, moments):
    """The gradient by gamma, which the engine sums to its shape if that is not done yet."""
    centred, inverse = _centred(x, axis, epsilon, moments)
    return g * (centred * inverse)


# For whoever looks at ops: where a backward pass is not recorded, gradients need no rules --------


@op()
def normal_moments(x, /, axis=-1, epsilon=1e-3):
    """Mean, variance and 1 / sqrt(variance + epsilon) along `axis`, which stays, one after the other. Nothing goes back through it."""
    mean = _mean(x, axis)
    variance = _mean(np.square(x - mean), axis)
    return np.stack([mean, variance, 1 / np.sqrt(variance + epsilon)])


@op()
def scaled_by_moments(x, found, gamma, beta, /):
    """gamma (x - mean) inverse + beta, of what `normal_moments` has found. Nothing goes back through it."""
    return gamma * ((x - found[0]) * found[2]) + beta


@op()
def normal_slope(x, g, found, gamma, /):
    """The gradient of `scaled_normal` by x, of what `normal_moments` has found. Nothing goes back through it."""
    axis = tuple(i for i, length in enumerate(found.shape[1:]) if length == 1)
    normal, g = (x - found[0]) * found[2], g * gamma
    return found[2] * (g - _mean(g, axis) - normal * _mean(g * normal, axis))


@op()
def slope_by_gamma(x, g, found, /, shape=()):
    """The gradient of `scaled_normal` by gamma of some shape. Nothing goes back through it."""
    return sum_to(g * ((x - found[0]) * found[2]), shape)


def slope_of(x, g, gamma, axis, epsilon, moments):
    """The gradient by x: of few ops, where these are looked at and not recorded."""
    if needs_no_rules(x):
        return normal_slope(x, g, normal_moments(x, axis=axis, epsilon=epsilon), gamma)
    return _slope(x, g, gamma, axis, epsilon, moments)


def slope_by_gamma_of(x, g, gamma_shape, axis, epsilon, moments):
    """The gradient by gamma, in the same way."""
    if needs_no_rules(x):
        return slope_by_gamma(x, g, normal_moments(x, axis=axis, epsilon=epsilon), shape=gamma_shape)
    return _slope_by_gamma(x, g, gamma_shape, axis, epsilon, moments)


# Loops along the rows of a large array, each of which stays in the cache meanwhile ----------------


def _as_row(x, numbers):
    """A number or a vector as a vector as long as the rows of x; None if it is no such thing."""
    numbers = np.asarray(numbers, x.dtype if type(numbers) in NUMBERS else None)
    if numbers.ndim > 1 or numbers.dtype != x.dtype:
        return None
    return np.ascontiguousarray(np.broadcast_to(numbers, x.shape[-1:]))


def _along(moments, rows):
    """Mean and inverse of some rows."""
    return moments.mean.reshape(-1)[rows], moments.inverse.reshape(-1)[rows]


def _blocks(x, g):
    """Some rows of x at a time, as a slice, and those of g, which may be one number repeated, written out."""
    g = as_rows(g)
    step = -(-BLOCK // x.shape[-1])
    first = np.ascontiguousarray(g[:step])
    for start in range(0, len(g), step):
        here = slice(start, start + step)
        yield here, np.ascontiguousarray(g[here]) if any(g.strides) else first[: len(g) - start]


@kernel(reorder=True)
def row_moments(row):
    """The mean of a row, and the mean of the squares of what differs from it."""
    mean, variance, size = ZERO, ZERO, np.float32(row.size)
    for j in range(row.size):
        mean += row[j]
    mean /= size
    for j in range(row.size):
        variance += (row[j] - mean) * (row[j] - mean)
    return mean, variance / size


@kernel
def scaled_loop(x, gamma, beta, epsilon, found, out):
    """out <- gamma (x - mean) / sqrt(variance + epsilon) + beta, row by row; found <- mean, variance, the inverse root."""
    for i in range(len(x)):
        mean, variance = row_moments(x[i])
        inverse = ONE / np.sqrt(variance + epsilon)
        found[0, i], found[1, i], found[2, i] = mean, variance, inverse
        for j in range(gamma.size):
            out[i, j] = gamma[j] * ((x[i, j] - mean) * inverse) + beta[j]


@kernel(reorder=True)
def slope_loop(x, g, gamma, means, inverses, out):
    """out <- the gradient by x, row by row: see `_slope`."""
    for i in range(len(x)):
        mean, inverse = means[i], inverses[i]
        total, along, size = ZERO, ZERO, np.float32(gamma.size)
        for j in range(gamma.size):
            scaled = g[i, j] * gamma[j]
            total += scaled
            along += scaled * ((x[i, j] - mean) * inverse)
        total, along = total / size, along / size
        for j in range(gamma.size):
            out[i, j] = inverse * (g[i, j] * gamma[j] - total - (x[i, j] - mean) * inverse * along)


@kernel
def slope_by_gamma_loop(x, g, means, inverses, total):
    """total <- total + Σ g (x - mean) / sqrt(variance + epsilon), over the rows."""
    for i in range(len(x)):
        mean, inverse = means[i], inverses[i]
        for j in range(total.size):
            total[j] += g[i, j] * ((x[i, j] - mean) * inverse)
