"""How to make an example of everything that is registered: one line each.

An op's line gives a NumPy oracle, the domains of its inputs, and the shapes and parameters to try. The
domains keep away from kinks and poles, where differences cannot judge a gradient: those points have a
table of their own in `docs/hard_points.md`. What is done with the lines stands in `cases.py`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.special

# Domains: (random, shape) -> array --------------------------------------------------------------------


def real(random, shape):
    """Of either sign, away from -1, 0 and 1."""
    return random.choice((-1, 1), shape) * (random.uniform(0.3, 0.8, shape) + random.choice((0, 0.9), shape))


def positive(random, shape):
    return random.uniform(0.3, 2.2, shape)


def far(random, shape):
    """Never equal to a real, and a real divided by it is never near a whole number."""
    return random.choice((-1, 1), shape) * random.uniform(2.5, 3.5, shape)


def wide(random, shape):
    """Of either sign, on both sides of -3 and 3."""
    return 2.5 * real(random, shape)


def above_minus_one(random, shape):
    return random.uniform(-0.7, 2.2, shape)


def share(random, shape):
    return random.uniform(0.05, 0.95, shape)


def truth(random, shape):
    return random.random(shape) < 0.5


def distinct(random, shape):
    """No two closer than 0.1, in random order."""
    size = int(np.prod(shape))
    return (0.15 * (random.permutation(size) - size / 2) + random.uniform(0, 0.05, size)).reshape(shape)


def mixed(random, shape):
    """Reals, a third of them 0: both sides of everything that asks for truth."""
    return real(random, shape) * (random.random(shape) < 0.6)


def above_one(random, shape):
    return random.uniform(1.2, 3.0, shape)


def between(random, shape):
    """Of either sign, away from 0 and inside of -1 and 1."""
    return random.choice((-1, 1), shape) * random.uniform(0.2, 0.8, shape)


def position(random, shape):
    """Whole numbers that every axis of length 3 knows, some twice, some from the end."""
    return random.integers(-3, 3, shape)


def label(random, shape):
    """Whole numbers of three classes."""
    return random.integers(0, 3, shape)


def regular(random, shape):
    """Square matrices that can be inverted without a loss of digits."""
    return random.uniform(-1, 1, shape) + 2.5 * np.eye(shape[-1]) * random.choice((-1, 1), shape[-1])


def positive_definite(random, shape):
    """Symmetric square matrices that have a Cholesky factor."""
    root = random.uniform(-0.5, 0.5, shape)
    return root @ np.swapaxes(root, -1, -2) + np.eye(shape[-1])


def spread(random, shape):
    """Matrices whose singular values, and whose eigenvalues if they are symmetric, lie far apart."""
    noise = random.uniform(-0.3, 0.3, shape)
    return noise + 1.7 * np.eye(*shape[-2:]) * np.arange(1, shape[-1] + 1)


def symmetric(random, shape):
    """Symmetric matrices whose eigenvalues lie far apart."""
    a = spread(random, shape)
    return (a + np.swapaxes(a, -1, -2)) / 2


def small(random, shape):
    """Whole numbers from 0 to 3."""
    return random.integers(0, 4, shape)


DIGITS = {"gelu": 8}  # units in the last place by which a value of a smaller dtype may be off; 4 where nothing is said

ONCE = (regular, positive_definite, spread, symmetric)  # an array of one number repeated has none of what these need


# Cases: pairs of (a shape per input, parameters) ------------------------------------------------------


def one(shape: tuple[int, ...], *params: dict) -> list[tuple]:
    """Cases of an op of one input of that shape."""
    return [((shape,), p) for p in params or ({},)]


ELEMENTWISE_SHAPES = {
    1: [((2, 3),), ((),), ((0, 3),)],
    2: [((2, 3), (2, 3)), ((), ()), ((2, 1), (3,)), ((), (2, 2)), ((1, 3), (0, 1)), ((2, 1, 2), (3, 1))],
    3: [((2, 3), (2, 3), (2, 3)), ((), (), ()), ((2, 1), (3,), ()), ((1,), (0, 2), (2,))],
}
ALONG_AN_AXIS = [
    *one((2, 3, 2), {}, {"axis": 1}, {"axis": -1, "keepdims": True}, {"axis": None, "keepdims": True}),
    *one(()),
    *one((0, 3), {"axis": 1}),
]
REDUCTIONS = ALONG_AN_AXIS + one((2, 3, 2), {"axis": (0, -1)}, {"axis": (-1, 0), "keepdims": True})
SUMS = REDUCTIONS + one((0, 3)) + one((2, 3), {"axis": ()})
PRODUCTS = [
    (((2, 3), (3, 2)), {}),
    (((2, 2, 3), (3, 1)), {}),
    (((2, 1, 1, 3), (2, 3, 2)), {}),
    (((3, 2, 2), (1, 2, 2)), {}),
    (((2, 0), (0, 3)), {}),
    (((0, 2), (2, 3)), {}),
]
RESHAPES = [
    *one((2, 3), {"shape": (3, 2)}, {"shape": -1}, {"shape": (1, 6, 1)}, {"shape": (2, -1)}),
    *one((1,), {"shape": ()}),
    *one((0, 2), {"shape": (0,)}),
]
TRANSPOSES = one((2, 3, 2), {}, {"axes": (1, 2, 0)}, {"axes": (-1, 0, 1)}) + one((3, 3), {"axes": (-1, 0)}) + one(())
MATRICES = one((2, 3)) + one((2, 1, 3)) + one((0, 2))
NEW_AXES = one((2, 3), {"axis": 0}, {"axis": -1}, {"axis": (0, 3)}) + one((), {"axis": 0})
LOST_AXES = one((1, 3, 1), {}, {"axis": 0}, {"axis": (-1, 0)}) + one((1, 1))
BROADCASTS = [
    *one((3,), {"shape": (2, 3)}),
    *one((2, 1), {"shape": (2, 2, 3)}),
    *one((), {"shape": (2,)}),
    *one((1,), {"shape": (0,)}),
    *one((2,), {"shape": (2,)}),
]
JOINS = [
    (((2, 3), (1, 3), (0, 3)), {}),
    (((2, 1), (2, 2), (2, 1)), {"axis": -1}),
    (((1,), (1,), (1,)), {"axis": 0}),
]
KEYS = [
    1, np.int64(-1), slice(1, None), slice(None, None, -2), ..., None, (..., 0), (slice(0, 2), None, 1), (1, 2), (), True,
    slice(2, 2), [0, 0, 3], np.array([[1, 1], [0, 1]]), np.array([], int), np.array([True, False, True, True]), False,
    (np.array([0, 0, 2]), np.array([1, 1, 0])), (slice(None), [2, 2]), (np.array([[0], [0]]), np.array([0, 0, 1])),
    (np.array([True, False, True, False]), 1), (1, [0, 0]), np.arange(12).reshape(4, 3) % 2 == 0,
    (np.array([[-1, 0], [0, 3]]),), np.array([], bool)[:0].astype(int).reshape(0, 2),
]  # fmt: skip
GETS = one((4, 3), *({"key": key} for key in KEYS))
SCATTERS = [((np.empty((4, 3))[key].shape,), {"shape": (4, 3), "key": key}) for key in KEYS]

BENT = ((0.3, 1.5, 0.9), (0.0, 1.2, 0.0), (0.0, np.inf, -0.2))
BENDS = [(s, dict(zip(("negative_slope", "max_value", "threshold"), p))) for p in BENT for s in ELEMENTWISE_SHAPES[1]]
GELUS = [(shape, {"approximate": kind}) for kind in (False, True) for shape in ELEMENTWISE_SHAPES[1]]
SPREADS = REDUCTIONS + one((2, 3), {"ddof": 1}, {"axis": 0, "ddof": 1, "keepdims": True})
DISTANCES = [*one((2, 3, 2), {}, {"axis": 1}, {"axis": (0, -1), "keepdims": True}), *one((2,)), *one((0, 3), {"axis": 1})]
FACTORS = [
    *one((2, 3, 2), {}, {"axis": 1}, {"axis": (-1, 0), "keepdims": True}),
    *one((2, 5), {"axis": -1}),
    *one((3, 1), {"axis": 1}),
    *one((0, 3), {"axis": 0}),
    *one((2, 0), {"axis": 1}),
    *one(()),
]
SHARES = one((2, 3), {}, {"axis": 0}, {"axis": None}, {"axis": (0, 1)}) + one((0, 3)) + one((), {"axis": None})
LABELS = [(((2, 3), (2,)), {}), (((2, 2, 3), (2, 2)), {}), (((3,), ()), {}), (((0, 3), (0,)), {})]
ONE_HOTS = [
    *((shapes, {}) for shapes in [((2, 3), (2, 3)), ((2, 2, 3), (1, 3)), ((3,), (2, 3)), ((0, 3), (0, 3)), ((2, 1), (2, 1))]),
]
NORMALS = [
    (((2, 3), (3,), (3,)), {}),
    (((2, 3), (), ()), {"epsilon": 0.5}),
    (((2, 3, 2), (3, 1), (2, 1, 1)), {"axis": (1, -1)}),
    (((4, 2), (2,), (4, 2)), {"axis": 0}),
    (((0, 3), (3,), (1,)), {}),
]
RUNS = [
    *one((2, 3), {}, {"axis": 0}, {"axis": -1}),
    *one((2, 1), {"axis": 1}),
    *one((0, 3), {"axis": 1}),
    *one((3, 0), {"axis": 1}),
    *one(()),
]
RECURRENCES = [
    (((2, 3), (2, 3)), {}),
    (((3, 2), (3, 2)), {"axis": 0}),
    (((1,), (1,)), {}),
    (((0, 3), (0, 3)), {}),
    (((2, 0), (2, 0)), {}),
]
TURNS = one((2, 3, 2), {}, {"axis": 1}, {"axis": (0, -1)}) + one(()) + one((0, 3))
ROLLS = [
    *one((2, 3), {"shift": 1}, {"shift": -4, "axis": 1}, {"shift": (1, 2), "axis": (0, 1)}, {"shift": [1, 1], "axis": 0}),
    *one((), {"shift": 1}),
    *one((0, 3), {"shift": 1, "axis": 1}),
]
FRAMES = [
    *one((2, 3), {"pad_width": 1}, {"pad_width": ((0, 1), (2, 0))}, {"pad_width": (1, 2), "constant_values": -1.5}),
    *one((0, 2), {"pad_width": 1}),
    *one((2,), {"pad_width": 0}),
]
ORDERS = one((2, 3, 2), {}, {"axis": 0}, {"axis": None}) + one((0, 3)) + one((1,))
TOPS = [
    *one((2, 5), {"k": 2}, {"k": 5, "largest": False}, {"k": 0}),
    *one((3, 2), {"k": 1, "axis": 0}),
    *one((0, 3), {"k": 2}),
    *one((2, 2, 3), {"k": 2}),
]
SLICE_GETS = [
    (((3, 2), (2, 2)), {}),
    (((2, 3), (4,)), {"axis": -1}),
    (((2, 3, 2), (2, 1)), {"axis": 1}),
    (((3,), ()), {}),
    (((3, 0), (2,)), {}),
    (((3, 2), (0,)), {}),
]
SLICE_PUTS = [
    (((2, 2, 2), (2, 2)), {"shape": (3, 2)}),
    (((2, 4), (4,)), {"shape": (2, 3), "axis": -1}),
    (((2, 2, 1, 2), (2, 1)), {"shape": (2, 3, 2), "axis": 1}),
    (((), ()), {"shape": (3,)}),
    (((0, 2), (0,)), {"shape": (3, 2)}),
]
ROW_GETS = [
    (((2, 3), (2, 2)), {}),
    (((3, 2), (4, 2)), {"axis": 0}),
    (((2, 3), (1, 1)), {"axis": 1}),
    (((0, 3), (0, 2)), {}),
    (((3,), (0,)), {}),
]
ROW_PUTS = [
    (((2, 2), (2, 2)), {"shape": (2, 3)}),
    (((4, 2), (4, 2)), {"shape": (3, 2), "axis": 0}),
    (((2, 1), (1, 1)), {"shape": (2, 3), "axis": 1}),
    (((0, 2), (0, 2)), {"shape": (0, 3)}),
]
REPLACEMENTS = [
    *((((4, 3), np.empty((4, 3))[key].shape), {"key": key}) for key in KEYS),
    (((4, 3), ()), {"key": (slice(1, 3), [0, 0])}),
    (((4, 3), (1, 1, 3)), {"key": [0, 0, 3]}),
    (((), ()), {"key": ()}),
    (((0, 3), (3,)), {"key": slice(None)}),
]
TRIPLES = ["ij,jk,kl->il", "ij,ij,ij->", "ii,ij,kj->k", "i,j,k->kij", "ijk,ik,j->ij", "ij,kl,mm->"]
SUMS_OF_PRODUCTS = [
    *((tuple((2,) * len(term) for term in labels.partition("->")[0].split(",")), {"subscripts": labels}) for labels in TRIPLES),
    (((2, 3), (3, 4), (4, 2)), {"subscripts": "ij,jk,ki->"}),
    (((2, 3), (1, 3), (2, 1)), {"subscripts": "ij,ij,ij->ij"}),
    (((1,), (3,), ()), {"subscripts": "i,i,->"}),
    (((0, 2), (2, 3), (3,)), {"subscripts": "ij,jk,k->i"}),
]
INVERSES = one((3, 3)) + one((2, 2, 2)) + one((0, 2, 2)) + one((1, 1))
SOLUTIONS = [(((3, 3), (3, 2)), {}), (((2, 2, 2), (2, 1)), {}), (((2, 2), (3, 2, 2)), {}), (((0, 2, 2), (2, 1)), {})]

FACTORED = one((3, 3)) + one((2, 2, 2)) + one((0, 2, 2)) + one((1, 1))
TALL = FACTORED + one((4, 2)) + one((2, 3, 2))
ANY_SHAPE = TALL + one((2, 3))
LENGTHS = [
    *one((2, 3, 2), {"ord": 3}, {"ord": 2.5, "axis": 1}, {"ord": 4, "axis": (0, -1), "keepdims": True}),
    *one((2,), {"ord": 3}),
]

# Oracles that NumPy does not have ---------------------------------------------------------------------


def recurrence(a, b, axis=-1):
    """Every term by itself: b[s] and all factors after it."""
    a, b = np.moveaxis(a, axis, 0), np.moveaxis(b, axis, 0)
    out = np.zeros_like(b)
    for s, t in itertools.combinations_with_replacement(range(len(b)), 2):
        out[t] += b[s] * np.prod(a[s + 1 : t + 1], axis=0)
    return np.moveaxis(out, 0, axis)


def add_along_axis(x, indices, shape, axis=-1):
    indices, x = np.broadcast_arrays(indices, x)
    total = np.zeros(shape)
    for place in np.ndindex(x.shape):
        target = list(place)
        target[axis] = indices[place]
        total[tuple(target)] += x[place]
    return total


def add_slices(x, indices, shape, axis=0):
    axis, count, total = axis % len(shape), indices.ndim, np.zeros(shape)
    parts = np.moveaxis(x, range(axis, axis + count), range(count))
    for place in np.ndindex(indices.shape):
        np.moveaxis(total, axis, 0)[indices[place]] += parts[place]
    return total


def replace_at(x, value, key):
    out = np.array(x)
    out[key] = value
    return out


def gelu(x, approximate=False):
    return x * sigmoid(np.sqrt(8 / np.pi) * (x + 0.044715 * x**3)) if approximate else x * scipy.special.ndtr(x)


def bent_relu(x, negative_slope, max_value, threshold):
    return np.select([x <= threshold, x >= max_value], [negative_slope * (x - threshold), np.full_like(x, max_value)], x)


def adjugate(a):
    """Cofactors, one by one, transposed."""
    out = np.empty_like(a)
    for i, j in np.ndindex(a.shape[-2:]):
        minor = np.delete(np.delete(a, i, -2), j, -1)
        out[..., j, i] = (-1) ** (i + j) * np.linalg.det(minor)
    return out


def top_positions(x, k, axis=-1, largest=True):
    return np.take(np.argsort(-x if largest else x, axis=axis), range(k), axis)


def scatter_add(x, shape, key):
    """Add up x by the position that each number goes to."""
    positions = np.arange(np.prod(shape)).reshape(shape)[key]
    total = np.zeros(np.prod(shape))
    for position, number in zip(positions.ravel(), x.ravel()):
        total[position] += number
    return total.reshape(shape).astype(x.dtype)


def celu(x, alpha=1.0):
    return alpha * np.expm1(np.fmin(x / alpha, 0)) + x * (x > 0)


def packed(function):
    """The factors that `function` gives one above the other, vectors as rows."""
    return lambda a, **params: np.concatenate(
        [x if x.ndim == a.ndim else x[..., None, :] for x in function(a, **params)], axis=-2
    )


def thin_svd(a):
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    return u, s, np.swapaxes(vh, -1, -2)


def power_norm(x, ord, axis=None, keepdims=False):
    return np.linalg.vector_norm(x, ord=ord, axis=axis, keepdims=keepdims)


def matrix_product(a, b):
    return (a[..., :, :, None] * b[..., None, :, :]).sum(axis=-2, dtype=np.result_type(a, b))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def sparse_cross_entropy(z, labels):
    shares = np.exp(z) / np.exp(z).sum(axis=-1, keepdims=True)
    return -np.log((shares * (labels[..., None] == np.arange(z.shape[-1]))).sum(axis=-1))


def normal(x, gamma=1.0, beta=0.0, axis=-1, epsilon=1e-3):
    return gamma * (x - np.mean(x, axis, keepdims=True)) / np.sqrt(np.var(x, axis, keepdims=True) + epsilon) + beta


def moments(x, axis=-1, epsilon=1e-3):
    variance = np.var(x, axis, keepdims=True)
    return np.stack([np.mean(x, axis, keepdims=True), variance, (variance + epsilon) ** -0.5])


def normal_slope(x, g, found, gamma):
    """The adjoint of the Jacobian of one row: I - 1/n - normal normalᵀ/n, times inverse."""
    rows = []
    for row, slope, mean, inverse in zip(x, np.broadcast_to(g * gamma, x.shape), found[0], found[2]):
        normal, n = (row - mean) * inverse, row.size
        rows.append(inverse * (np.eye(n) - np.ones((n, n)) / n - np.outer(normal, normal) / n) @ slope)
    return np.stack(rows).astype(x.dtype)


def class_totals(z):
    top = z.max(-1)
    return np.stack([top, scipy.special.logsumexp(z, -1) - top])


def share_of_each(z, found):
    return np.exp(z - found.sum(0)[..., None])


def cross_entropy(z, y):
    return -(y * np.log(sigmoid(z)) + (1 - y) * np.log(1 - sigmoid(z)))


class Sample:
    """An oracle, a domain per input, and cases: pairs of (a shape per input, parameters)."""

    def __init__(self, oracle: Callable, *domains: Callable, cases: Any = None, params: dict | None = None):
        self.oracle, self.domains = oracle, domains
        self.cases = cases or [(shapes, params or {}) for shapes in ELEMENTWISE_SHAPES[len(domains)]]


# fmt: off
OPS: dict[str, Sample] = {
    #                          NumPy oracle              domains
    "add":              Sample(np.add,                   real, real),
    "subtract":         Sample(np.subtract,              real, real),
    "multiply":         Sample(np.multiply,              real, real),
    "divide":           Sample(np.divide,                real, real),
    "floor_divide":     Sample(np.floor_divide,          real, far),
    "remainder":        Sample(np.remainder,             real, far),
    "equal":            Sample(np.equal,                 mixed, mixed),
    "not_equal":        Sample(np.not_equal,             mixed, mixed),
    "less":             Sample(np.less,                  mixed, mixed),
    "less_equal":       Sample(np.less_equal,            mixed, mixed),
    "greater":          Sample(np.greater,               mixed, mixed),
    "greater_equal":    Sample(np.greater_equal,         mixed, mixed),
    "logical_and":      Sample(np.logical_and,           mixed, mixed),
    "logical_or":       Sample(np.logical_or,            mixed, mixed),
    "logical_not":      Sample(np.logical_not,           mixed),
    "negative":         Sample(np.negative,              real),
    "absolute":         Sample(np.absolute,              real),
    "sign":             Sample(np.sign,                  mixed),
    "square":           Sample(np.square,                real),
    "sqrt":             Sample(np.sqrt,                  positive),
    "exp":              Sample(np.exp,                   real),
    "expm1":            Sample(np.expm1,                 real),
    "log":              Sample(np.log,                   positive),
    "log1p":            Sample(np.log1p,                 above_minus_one),
    "sin":              Sample(np.sin,                   real),
    "cos":              Sample(np.cos,                   real),
    "tanh":             Sample(np.tanh,                  real),
    "power":            Sample(np.power,                 positive, real),
    "log_base":         Sample(np.log,                   positive),
    "maximum":          Sample(np.fmax,                  real, far),
    "minimum":          Sample(np.fmin,                  real, far),
    "tie_share":        Sample(lambda x, y: np.heaviside(x - y, x.dtype.type(0.5)), real, far),
    "where":            Sample(np.where,                 truth, real, real),
    "clip":             Sample(lambda x, min, max: np.fmin(np.fmax(x, min), max), real, params={"min": -1.0, "max": 1.0}),
    "inside":           Sample(lambda x, min, max: (min <= x) & (x <= max), real, params={"min": -1.0, "max": 1.0}),
    "relu":             Sample(lambda x: x * (x > 0),    real),
    "sigmoid":          Sample(sigmoid,                  real),
    "softplus":         Sample(lambda x: np.log1p(np.exp(x)), real),
    "sigmoid_cross_entropy": Sample(cross_entropy,       real, share),
    "cast":             Sample(lambda x, dtype: x.astype(dtype), real, params={"dtype": np.float64}),
    "truncate":         Sample(lambda x, dtype: np.trunc(x).astype(dtype), real, params={"dtype": np.int32}),
    "matrix_product":   Sample(matrix_product,           real, real, cases=PRODUCTS),
    "sum":              Sample(np.sum,                   real, cases=SUMS),
    "mean":             Sample(np.mean,                  real, cases=REDUCTIONS),
    "max":              Sample(np.max,                   distinct, cases=REDUCTIONS),
    "min":              Sample(np.min,                   distinct, cases=REDUCTIONS),
    "argmax":           Sample(np.argmax,                distinct, cases=ALONG_AN_AXIS),
    "argmin":           Sample(np.argmin,                distinct, cases=ALONG_AN_AXIS),
    "any":              Sample(np.any,                   mixed, cases=REDUCTIONS),
    "all":              Sample(np.all,                   mixed, cases=REDUCTIONS),
    "reshape":          Sample(np.reshape,               real, cases=RESHAPES),
    "transpose":        Sample(np.transpose,             real, cases=TRANSPOSES),
    "matrix_transpose": Sample(np.matrix_transpose,      real, cases=MATRICES),
    "expand_dims":      Sample(np.expand_dims,           real, cases=NEW_AXES),
    "squeeze":          Sample(np.squeeze,               real, cases=LOST_AXES),
    "broadcast_to":     Sample(np.broadcast_to,          real, cases=BROADCASTS),
    "concatenate_all":  Sample(lambda *xs, axis=0: np.concatenate(xs, axis), real, real, real, cases=JOINS),
    "getitem":          Sample(lambda x, key: x[key],    real, cases=GETS),
    "scatter_add":      Sample(scatter_add,              real, cases=SCATTERS),
    "logical_xor":      Sample(np.logical_xor,           mixed, mixed),
    "isnan":            Sample(np.isnan,                 mixed),
    "isfinite":         Sample(np.isfinite,              mixed),
    "isinf":            Sample(np.isinf,                 mixed),
    "floor":            Sample(np.floor,                 real),
    "ceil":             Sample(np.ceil,                  real),
    "trunc":            Sample(np.trunc,                 real),
    "round":            Sample(np.round,                 real, params={"decimals": 0}),
    "nan_to_num":       Sample(np.nan_to_num,            real),
    "lerp":             Sample(lambda x, y, w: x * (1 - w) + w * y, real, far, share),
    "rsqrt":            Sample(lambda x: x**-0.5,        positive),
    "log2":             Sample(np.log2,                  positive),
    "log10":            Sample(np.log10,                 positive),
    "tan":              Sample(np.tan,                   between),
    "arcsin":           Sample(np.arcsin,                between),
    "arccos":           Sample(np.arccos,                between),
    "arctan":           Sample(np.arctan,                real),
    "sinh":             Sample(np.sinh,                  real),
    "cosh":             Sample(np.cosh,                  real),
    "arcsinh":          Sample(np.arcsinh,               real),
    "arccosh":          Sample(np.arccosh,               above_one),
    "arctanh":          Sample(np.arctanh,               between),
    "hypot":            Sample(np.hypot,                 real, far),
    "arctan2":          Sample(np.arctan2,               real, far),
    "erf":              Sample(scipy.special.erf,        real),
    "erfc":             Sample(scipy.special.erfc,       real),
    "log_sigmoid":      Sample(scipy.special.log_expit,  real),
    "leaky_relu":       Sample(lambda x, negative_slope: np.fmax(x, negative_slope * x), real, params={"negative_slope": 0.3}),
    "elu":              Sample(lambda x, alpha: np.where(x > 0, x, alpha * np.exp(x) - alpha), real, params={"alpha": 0.7}),
    "selu":             Sample(lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x)), real),
    "silu":             Sample(lambda x: x * sigmoid(x), real),
    "mish":             Sample(lambda x: x * np.tanh(np.log1p(np.exp(x))), real),
    "celu":             Sample(celu,                     real, params={"alpha": 0.7}),
    "relu6":            Sample(lambda x: np.clip(x, 0, 6), real),
    "softsign":         Sample(lambda x: x / (1 + np.abs(x)), real),
    "gelu":             Sample(gelu,                     real, cases=GELUS),
    "bent_relu":        Sample(bent_relu,                real, cases=BENDS),
    "step":             Sample(lambda x: (x >= 0).astype(x.dtype), mixed),
    "hard_sigmoid":     Sample(lambda x: np.interp(x, [-3, 3], [0, 1]).astype(x.dtype), wide),
    "logaddexp":        Sample(np.logaddexp,             real, far),
    "logsumexp":        Sample(lambda x, **along: np.log(np.exp(x).sum(**along)), real, cases=REDUCTIONS),
    "softmax":          Sample(lambda x, axis=-1: scipy.special.softmax(x, axis), real, cases=SHARES),
    "log_softmax":      Sample(lambda x, axis=-1: scipy.special.log_softmax(x, axis), real, cases=SHARES),
    "sparse_softmax_cross_entropy": Sample(sparse_cross_entropy, real, label, cases=LABELS),
    "softmax_cross_entropy": Sample(lambda z, y: -(y * scipy.special.log_softmax(z, -1)).sum(-1), real, share, cases=ONE_HOTS),
    "scaled_normal":    Sample(normal,                   distinct, real, real, cases=NORMALS),
    "normal_moments": Sample(
        moments,                  distinct, cases=one((2, 3), {}, {"axis": 0}, {"axis": (0, 1), "epsilon": 0.5}),
    ),
    "scaled_by_moments": Sample(
        lambda x, found, gamma, beta: gamma * (x - found[0]) * found[2] + beta,
        real, real, real, real, cases=[(((2, 3), (3, 2, 1), (3,), ()), {})],
    ),
    "normal_slope":     Sample(normal_slope,             real, real, real, real, cases=[(((2, 3), (2, 3), (3, 2, 1), (3,)), {})]),
    "slope_by_gamma": Sample(
        lambda x, g, found, shape: (g * (x - found[0]) * found[2]).sum(0),
        real, real, real, cases=[(((2, 3), (2, 3), (3, 2, 1)), {"shape": (3,)})],
    ),
    "class_totals":     Sample(class_totals,             real, cases=one((2, 3)) + one((2, 2, 3))),
    "sparse_losses": Sample(
        lambda z, found, y: -np.log((share_of_each(z, found) * (y[..., None] == np.arange(3))).sum(-1)),
        real, real, label, cases=[(((2, 3), (2, 2), (2,)), {})],
    ),
    "dense_losses": Sample(
        lambda z, found, y: -(y * np.log(share_of_each(z, found))).sum(-1),
        real, real, share, cases=[(((2, 3), (2, 2), (2, 3)), {})],
    ),
    "sparse_slope": Sample(
        lambda z, y, g, found: g[..., None] * (scipy.special.softmax(z, -1) - (y[..., None] == np.arange(3))),
        real, label, real, real, cases=[(((2, 3), (2,), (2,), (2, 2)), {})],
    ),
    "dense_slope": Sample(
        lambda z, y, g, found, factors: g[..., None] * (scipy.special.softmax(z, -1) * y.sum(-1, keepdims=True) - y),
        real, share, real, real, real, cases=[(((2, 3), (2, 3), (2,), (2, 2), (2,)), {})],
    ),
    "var":              Sample(np.var,                   distinct, cases=SPREADS),
    "std":              Sample(np.std,                   distinct, cases=DISTANCES + one((2, 3), {"ddof": 1, "axis": 1})),
    "prod":             Sample(np.prod,                  mixed, cases=FACTORS),
    "euclidean_norm":   Sample(np.linalg.vector_norm,    real, cases=DISTANCES),
    "cumsum":           Sample(np.cumsum,                real, cases=RUNS),
    "cumprod":          Sample(np.cumprod,               mixed, cases=RUNS),
    "linear_recurrence": Sample(recurrence,              mixed, real, cases=RECURRENCES),
    "flip":             Sample(np.flip,                  real, cases=TURNS),
    "roll":             Sample(np.roll,                  real, cases=ROLLS),
    "pad_constant":     Sample(np.pad,                   real, cases=FRAMES),
    "replace_at":       Sample(replace_at,               real, far, cases=REPLACEMENTS),
    "take_slices":      Sample(lambda x, i, axis=0: np.take(x, i, axis), real, position, cases=SLICE_GETS),
    "add_slices":       Sample(add_slices,               real, position, cases=SLICE_PUTS),
    "take_along_axis":  Sample(lambda x, i, axis=-1: np.take_along_axis(x, i, axis), real, position, cases=ROW_GETS),
    "add_along_axis":   Sample(add_along_axis,           real, position, cases=ROW_PUTS),
    "argsort":          Sample(np.argsort,               distinct, cases=ORDERS + one((2, 3), {"kind": "stable"})),
    "top_positions":    Sample(top_positions,            distinct, cases=TOPS),
    "einsum_all":       Sample(lambda *xs, subscripts: np.einsum(subscripts, *xs), real, real, real, cases=SUMS_OF_PRODUCTS),
    "inv":              Sample(np.linalg.inv,            regular, cases=INVERSES),
    "solve_columns":    Sample(lambda a, b: np.linalg.inv(a) @ b, regular, real, cases=SOLUTIONS),
    "cholesky":         Sample(np.linalg.cholesky,       positive_definite, cases=INVERSES),
    "det":              Sample(np.linalg.det,            regular, cases=INVERSES),
    "adjugate":         Sample(adjugate,                 regular, cases=INVERSES),
    "log_abs_det":      Sample(lambda a: np.log(np.abs(np.linalg.det(a))), regular, cases=INVERSES),
    "sign_of_det":      Sample(lambda a: np.sign(np.linalg.det(a)), regular, cases=INVERSES),
    "copy":             Sample(np.copy,                  real),
    "reciprocal":       Sample(np.reciprocal,            real),
    "exp2":             Sample(np.exp2,                  real),
    "cbrt":             Sample(np.cbrt,                  real),
    "deg2rad":          Sample(np.radians,               real),
    "rad2deg":          Sample(np.degrees,               real),
    "signbit":          Sample(np.signbit,               real),
    "fmod":             Sample(np.fmod,                  real, far),
    "copysign":         Sample(np.copysign,              real, far),
    "logaddexp2":       Sample(np.logaddexp2,            real, far),
    "heaviside":        Sample(np.heaviside,             real, real),
    "bitwise_and":      Sample(np.bitwise_and,           truth, truth),
    "bitwise_or":       Sample(np.bitwise_or,            truth, truth),
    "bitwise_xor":      Sample(np.bitwise_xor,           truth, truth),
    "invert":           Sample(np.logical_not,           truth),
    "left_shift":       Sample(lambda x, n: x * 2**n,    small, small),
    "right_shift":      Sample(lambda x, n: x // 2**n,   small, small),
    "count_nonzero":    Sample(np.count_nonzero,         mixed, cases=REDUCTIONS),
    "power_norm":       Sample(power_norm,               real, cases=LENGTHS),
    "symmetric_factors": Sample(packed(np.linalg.eigh),  symmetric, cases=FACTORED),
    "singular_factors": Sample(packed(thin_svd),         spread, cases=ANY_SHAPE),
    "orthogonal_factors": Sample(packed(np.linalg.qr),   spread, cases=TALL),
    "pinv":             Sample(np.linalg.pinv,           spread, cases=ANY_SHAPE),
}
# fmt: on
