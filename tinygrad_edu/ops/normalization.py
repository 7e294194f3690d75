"""Numbers brought to mean 0 and variance 1, then scaled and shifted: what normalizing layers compute."""

from __future__ import annotations

import numpy as np

from ..graph import NUMBERS
from ..kernel import kernel
from .declare import op
from .elementwise import rsqrt, square
from .large import ONE, ZERO, as_rows, has_rows, on_large

BLOCK = 1 << 16  # numbers; a gradient that is one number repeated is written out by blocks that stay in the cache


def normalize(x, gamma=1.0, beta=0.0, axis=-1, epsilon=1e-3):
    """gamma (x - mean) / sqrt(variance + epsilon) + beta, with mean and variance along `axis`.

    gamma and beta (numbers, arrays or Tensors) broadcast to the shape of x.
    Source: Ioffe & Szegedy (2015), algorithm 1; along the features of a sample: Ba et al. (2016), eq. 4.
    """
    return scaled_normal(x, gamma, beta, axis=axis, epsilon=epsilon)


@op(
    x=lambda g, x, gamma, axis, epsilon: _slope(x, g, gamma, axis, epsilon),
    gamma=lambda g, x, gamma_shape, axis, epsilon: _slope_by_gamma(x, g, gamma_shape, axis, epsilon),
    beta=lambda g: g,
)
def scaled_normal(x, gamma, beta, /, axis=-1, epsilon=1e-3):
    """gamma (x - mean) / sqrt(variance + epsilon) + beta along `axis`. (The public `normalize` has defaults.)"""
    out = _scaled(x, gamma, beta, axis, epsilon)
    if out.shape != x.shape:
        raise ValueError(
            f"normalize expects gamma and beta that broadcast to the shape of x {x.shape}, got {np.shape(gamma)} and {np.shape(beta)}."
        )
    return out


def _normal(x, axis, epsilon):
    centred = x - x.mean(axis=axis, keepdims=True)
    return centred * rsqrt(square(centred).mean(axis=axis, keepdims=True) + epsilon)


def _scaled_large(x, gamma, beta, axis, epsilon):
    gamma, beta = _as_row(x, gamma), _as_row(x, beta)
    if not has_rows(x, axis) or gamma is None or beta is None:
        return NotImplemented
    out = np.empty_like(x)
    scaled_loop(as_rows(x), gamma, beta, np.float32(epsilon), as_rows(out))
    return out


@on_large(_scaled_large)
def _scaled(x, gamma, beta, axis, epsilon):
    return gamma * _normal(x, axis, epsilon) + beta


def _slope_large(x, g, gamma, axis, epsilon):
    gamma = _as_row(x, gamma)
    if not has_rows(x, axis) or gamma is None or g.dtype != x.dtype:
        return NotImplemented
    out = np.empty_like(x)
    for rows, g_rows, out_rows in _blocks(x, g, out):
        slope_loop(rows, g_rows, gamma, np.float32(epsilon), out_rows)
    return out


@on_large(_slope_large)
def _slope(x, g, gamma, axis, epsilon):
    """The gradient by x: what is left of g gamma without its mean and its part along the normal numbers."""
    centred = x - x.mean(axis=axis, keepdims=True)
    inverse = rsqrt(square(centred).mean(axis=axis, keepdims=True) + epsilon)
    normal, g = centred * inverse, g * gamma
    along = (g * normal).mean(axis=axis, keepdims=True)
    return inverse * (g - g.mean(axis=axis, keepdims=True) - normal * along)


def _slope_by_gamma_large(x, g, gamma_shape, axis, epsilon):
    if not has_rows(x, axis) or gamma_shape != x.shape[-1:] or g.dtype != x.dtype:
        return NotImplemented
    total = np.zeros(gamma_shape, x.dtype)
    for rows, g_rows, _ in _blocks(x, g, x):
        slope_by_gamma_loop(rows, g_rows, np.float32(epsilon), total)
    return total


@on_large(_slope_by_gamma_large)
def _slope_by_gamma(x, g, gamma_shape, axis, epsilon):
    """The gradient by gamma, which the engine sums to its shape if that is not done yet."""
    return g * _normal(x, axis, epsilon)


# Loops along the rows of a large array, each of which stays in the cache meanwhile ----------------


def _as_row(x, numbers):
    """A number or a vector as a vector as long as the rows of x; None if it is no such thing."""
    numbers = np.asarray(numbers, x.dtype if type(numbers) in NUMBERS else None)
    if numbers.ndim > 1 or numbers.dtype != x.dtype:
        return None
    return np.ascontiguousarray(np.broadcast_to(numbers, x.shape[-1:]))


def _blocks(x, g, out):
    """The rows of x, g and out, some at a time; g, which may be one number repeated, is written out."""
    x, g, out = as_rows(x), as_rows(g), as_rows(out)
    step = -(-BLOCK // x.shape[-1])
    first = np.ascontiguousarray(g[:step])
    for start in range(0, len(x), step):
        here = slice(start, start + step)
        written = np.ascontiguousarray(g[here]) if any(g.strides) else first[: len(x) - start]
        yield x[here], written, out[here]


@kernel(reorder=True)
def mean_and_inverse(row, epsilon):
    """The mean of a row, and 1 / sqrt(variance + epsilon)."""
    mean, variance, size = ZERO, ZERO, np.float32(row.size)
    for j in range(row.size):
        mean += row[j]
    mean /= size
    for j in range(row.size):
        variance += (row[j] - mean) * (row[j] - mean)
    return mean, ONE / np.sqrt(variance / size + epsilon)


@kernel
def scaled_loop(x, gamma, beta, epsilon, out):
    """out <- gamma (x - mean) / sqrt(variance + epsilon) + beta, row by row."""
    for i in range(len(x)):
        mean, inverse = mean_and_inverse(x[i], epsilon)
        for j in range(gamma.size):
            out[i, j] = gamma[j] * ((x[i, j] - mean) * inverse) + beta[j]


@kernel(reorder=True)
def slope_loop(x, g, gamma, epsilon, out):
    """out <- the gradient by x, row by row: see `_slope`."""
    for i in range(len(x)):
        mean, inverse = mean_and_inverse(x[i], epsilon)
        total, along, size = ZERO, ZERO, np.float32(gamma.size)
        for j in range(gamma.size):
            scaled = g[i, j] * gamma[j]
            total += scaled
            along += scaled * ((x[i, j] - mean) * inverse)
        total, along = total / size, along / size
        for j in range(gamma.size):
            out[i, j] = inverse * (g[i, j] * gamma[j] - total - (x[i, j] - mean) * inverse * along)


@kernel
def slope_by_gamma_loop(x, g, epsilon, total):
    """total <- total + Σ g (x - mean) / sqrt(variance + epsilon), over the rows."""
    for i in range(len(x)):
        mean, inverse = mean_and_inverse(x[i], epsilon)
        for j in range(total.size):
            total[j] += g[i, j] * ((x[i, j] - mean) * inverse)
