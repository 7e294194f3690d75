# ruff: noqa: E501 (a table is as wide as it is)
"""What ops have to do with one another: relations that hold whatever the numbers are, gradients included."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import Tensor, ops
from tinygrad_edu.calculus import gradients
from tinygrad_edu.testing.strategies import arrays, numbers

MATRIX = arrays(shape=(3, 4), elements=numbers(-3.0, 3.0))
SQUARE = arrays(shape=(3, 3), elements=numbers(-1.0, 1.0)).map(lambda a: a + 4 * np.eye(3))
POSITIVE = arrays(shape=(3, 4), elements=numbers(0.1, 3.0))
SHIFT = numbers(-1e3, 1e3)


def transposed(a):
    return ops.matrix_transpose(a)


# fmt: off
OF_ONE = {  # what                         of which numbers   one side                                    the other
    "exp undoes log":                     (POSITIVE, lambda x: ops.exp(ops.log(x)),                     lambda x: x * 1),
    "log1p is log of 1 + x":              (POSITIVE, ops.log1p,                                         lambda x: ops.log(1 + x)),
    "expm1 is exp - 1":                   (MATRIX,   ops.expm1,                                         lambda x: ops.exp(x) - 1),
    "square of a root":                   (POSITIVE, lambda x: ops.square(ops.sqrt(x)),                 lambda x: x * 1),
    "sin² + cos²":                        (MATRIX,   lambda x: ops.sin(x) ** 2 + ops.cos(x) ** 2,       lambda x: x * 0 + 1),
    "cosh² - sinh²":                      (MATRIX,   lambda x: ops.cosh(x) ** 2 - ops.sinh(x) ** 2,     lambda x: x * 0 + 1),
    "tan is sin / cos":                   (POSITIVE, lambda x: ops.tan(x / 3),                          lambda x: ops.sin(x / 3) / ops.cos(x / 3)),
    "arctan undoes tan":                  (POSITIVE, lambda x: ops.arctan(ops.tan(x / 3)),              lambda x: x / 3),
    "arcsinh undoes sinh":                (MATRIX,   lambda x: ops.arcsinh(ops.sinh(x)),                lambda x: x * 1),
    "sigmoid(x) + sigmoid(-x)":           (MATRIX,   lambda x: ops.sigmoid(x) + ops.sigmoid(-x),        lambda x: x * 0 + 1),
    "sigmoid is a shifted tanh":          (MATRIX,   ops.sigmoid,                                       lambda x: (ops.tanh(x / 2) + 1) / 2),
    "softplus(x) - softplus(-x)":         (MATRIX,   lambda x: ops.softplus(x) - ops.softplus(-x),      lambda x: x * 1),
    "log_sigmoid is -softplus(-x)":       (MATRIX,   ops.log_sigmoid,                                   lambda x: -ops.softplus(-x)),
    "silu is x sigmoid(x)":               (MATRIX,   ops.silu,                                          lambda x: x * ops.sigmoid(x)),
    "erf + erfc":                         (MATRIX,   lambda x: ops.erf(x) + ops.erfc(x),                lambda x: x * 0 + 1),
    "erf is odd":                         (MATRIX,   ops.erf,                                           lambda x: -ops.erf(-x)),
    "gelu(x) - gelu(-x)":                 (MATRIX,   lambda x: ops.gelu(x) - ops.gelu(-x),              lambda x: x * 1),
    "softmax is exp of log_softmax":      (MATRIX,   ops.softmax,                                       lambda x: ops.exp(ops.log_softmax(x))),
    "log_softmax takes out logsumexp":    (MATRIX,   ops.log_softmax,                                   lambda x: x - ops.logsumexp(x, axis=-1, keepdims=True)),
    "shares sum to 1":                    (MATRIX,   lambda x: ops.softmax(x).sum(axis=-1),             lambda x: x[:, 0] * 0 + 1),
    "softmax of two is sigmoid":          (MATRIX,   lambda x: ops.softmax(x[:, :2])[:, 0],             lambda x: ops.sigmoid(x[:, 0] - x[:, 1])),
    "logaddexp is logsumexp of two":      (MATRIX,   lambda x: ops.logaddexp(x[0], x[1]),               lambda x: ops.logsumexp(x[:2], axis=0)),
    "min is -max(-x)":                    (MATRIX,   lambda x: x.min(axis=0),                           lambda x: -(-x).max(axis=0)),
    "relu is maximum with half at ties":  (POSITIVE, ops.relu,                                          lambda x: ops.maximum(x, 0)),
    "x = relu(x) - relu(-x)":             (POSITIVE, lambda x: ops.relu(x) - ops.relu(-x),              lambda x: x * 1),
    "mean is sum / n":                    (MATRIX,   lambda x: x.mean(axis=1),                          lambda x: x.sum(axis=1) / 4),
    "var is mean of squares - of mean":   (MATRIX,   lambda x: x.var(axis=0),                           lambda x: (x * x).mean(axis=0) - x.mean(axis=0) ** 2),
    "std² is var":                        (POSITIVE, lambda x: (x * np.arange(1, 5)).std(axis=1) ** 2,  lambda x: (x * np.arange(1, 5)).var(axis=1)),
    "norm² is sum of squares":            (POSITIVE, lambda x: ops.norm(x) ** 2,                        lambda x: (x * x).sum()),
    "prod is exp of a sum of logs":       (POSITIVE, lambda x: x.prod(axis=1),                          lambda x: ops.exp(ops.log(x).sum(axis=1))),
    "the last of cumsum is sum":          (MATRIX,   lambda x: x.cumsum(axis=1)[:, -1],                 lambda x: x.sum(axis=1)),
    "the last of cumprod is prod":        (MATRIX,   lambda x: x.cumprod(axis=1)[:, -1],                lambda x: x.prod(axis=1)),
    "flip twice":                         (MATRIX,   lambda x: ops.flip(ops.flip(x, 0), 0),             lambda x: x * 1),
    "roll there and back":                (MATRIX,   lambda x: ops.roll(ops.roll(x, 3, 1), -3, 1),      lambda x: x * 1),
    "a frame cut off":                    (MATRIX,   lambda x: ops.pad(x, 2)[2:-2, 2:-2],               lambda x: x * 1),
    "transpose twice":                    (MATRIX,   lambda x: x.T.T,                                   lambda x: x * 1),
    "halves joined":                      (MATRIX,   lambda x: ops.concatenate(ops.split(x, 2, axis=1), axis=1), lambda x: x * 1),
    "rows stacked":                       (MATRIX,   lambda x: ops.stack(ops.unstack(x)),               lambda x: x * 1),
    "upper and lower part":               (MATRIX,   lambda x: ops.triu(x, 1) + ops.tril(x),            lambda x: x * 1),
    "trace is the sum of the diagonal":   (SQUARE,   ops.trace,                                         lambda x: ops.diagonal(x).sum()),
    "einsum of a product is matmul":      (MATRIX,   lambda x: ops.einsum("ij,kj->ik", x, x),           lambda x: x @ x.T),
    "a matrix times its inverse":         (SQUARE,   lambda a: a @ ops.inv(a),                          lambda a: a * 0 + np.eye(3)),
    "inverse of the inverse":             (SQUARE,   lambda a: ops.inv(ops.inv(a)),                     lambda a: a * 1),
    "solve is inverse times":             (SQUARE,   lambda a: ops.solve(a, np.arange(3.0)),            lambda a: ops.inv(a) @ np.arange(3.0)),
    "det of the transpose":               (SQUARE,   lambda a: ops.det(transposed(a)),                  ops.det),
    "det of a square":                    (SQUARE,   lambda a: ops.det(a @ a),                          lambda a: ops.det(a) ** 2),
    "log of det":                         (SQUARE,   lambda a: ops.slogdet(a)[1],                       lambda a: ops.log(abs(ops.det(a)))),
    "cofactors":                          (SQUARE,   lambda a: ops.adjugate(a),                         lambda a: ops.det(a) * ops.inv(a)),
    "factors of Cholesky's":              (SQUARE,   lambda a: (lambda f: f @ transposed(f))(ops.cholesky(a @ transposed(a))), lambda a: a @ transposed(a)),
    "lerp of x and x":                    (MATRIX,   lambda x: ops.lerp(x, x, 0.3),                     lambda x: x * 1),
    "hypot of x and 0":                   (POSITIVE, lambda x: ops.hypot(x, 0.0),                       lambda x: x * 1),
    "arctan2(y, 1) is arctan":            (MATRIX,   lambda x: ops.arctan2(x, 1.0),                     ops.arctan),
    "remainder and floor_divide":         (MATRIX,   lambda x: ops.remainder(x, 0.7) + 0.7 * ops.floor_divide(x, 0.7), lambda x: x * 1),
}
# fmt: on


def value_and_gradient(function, x):
    """The numbers of a function, and the gradient of their sum with weights."""
    leaf = Tensor(x)
    out = function(leaf)
    weights = np.cos(np.arange(out.size)).reshape(out.shape)
    return out.numpy(), gradients((out * weights).sum(), [leaf])[0].numpy()


@pytest.mark.parametrize(("domain", "one", "other"), OF_ONE.values(), ids=OF_ONE.keys())
@given(data=st.data())
def test_two_ways_to_compute_it_agree_in_value_and_gradient(domain, one, other, data):
    x = data.draw(domain)
    for got, expected in zip(value_and_gradient(one, x), value_and_gradient(other, x)):
        np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-9)


@given(MATRIX, SHIFT)
def test_a_shift_of_all_logits_changes_no_share_and_moves_logsumexp_along(x, shift):
    for function in (ops.softmax, ops.log_softmax):
        shifted = value_and_gradient(lambda x, function=function: function(x + shift), x)
        for got, expected in zip(shifted, value_and_gradient(function, x)):
            np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(ops.logsumexp(x + shift), ops.logsumexp(x) + shift, rtol=1e-12, atol=1e-12)
    for spread in (ops.var, ops.std):
        np.testing.assert_allclose(spread(x + shift), spread(x), rtol=1e-6, atol=1e-5)


BY_ROWS = (ops.softmax, ops.log_softmax, ops.logsumexp, ops.cumsum, ops.cumprod, ops.sort, ops.sum, ops.max, ops.var, ops.median)


@pytest.mark.parametrize("function", BY_ROWS, ids=lambda function: function.__name__)
@given(x=MATRIX, order=st.permutations(range(3)))
def test_rows_in_another_order_give_results_in_that_order(function, x, order):
    """Values and gradients of what works row by row follow the rows, bit for bit."""
    weights = np.cos(np.arange(12.0)).reshape(3, 4)[:, : function(x, axis=-1)[0].size]

    def there_and_back(x, weights):
        leaf = Tensor(x)
        out = function(leaf, axis=-1)
        return out.numpy(), gradients((out.reshape(3, -1) * weights).sum(), [leaf])[0].numpy()

    for got, expected in zip(there_and_back(x[order], weights[order]), there_and_back(x, weights)):
        np.testing.assert_array_equal(got, expected[order])


@given(x=arrays(shape=6, elements=numbers(-3.0, 3.0)), order=st.permutations(range(6)))
def test_the_order_of_numbers_does_not_matter_to_what_is_symmetric(x, order):
    for function in (ops.sort, ops.max, ops.min, ops.median):
        np.testing.assert_array_equal(function(x[order]), function(x))
    for function in (ops.sum, ops.prod, ops.logsumexp, ops.std, ops.norm):
        np.testing.assert_allclose(function(x[order]), function(x), rtol=1e-12, atol=1e-12)


@given(MATRIX, numbers(-3.0, 3.0))
def test_what_is_homogeneous_scales(x, factor):
    for function in (ops.sum, ops.mean, ops.cumsum, ops.sort if factor >= 0 else ops.sum):
        np.testing.assert_allclose(function(x * factor), factor * function(x), rtol=1e-12, atol=1e-12)
    for function in (ops.std, ops.norm):
        np.testing.assert_allclose(function(x * factor), abs(factor) * function(x), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(ops.var(x * factor), factor**2 * ops.var(x), rtol=1e-9, atol=1e-12)


@given(arrays(shape=(2, 3), elements=numbers(-2, 2)), arrays(shape=(3, 4), elements=numbers(-2, 2)))
def test_products_transposed_are_products_of_the_transposed(a, b):
    np.testing.assert_allclose(transposed(ops.matmul(a, b)), ops.matmul(transposed(b), transposed(a)), rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(ops.tensordot(a, b, 1), ops.einsum("ij,jk", a, b), rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(ops.dot(a, b), ops.matmul(a, b), rtol=1e-13, atol=1e-13)


def test_the_relations_can_fail():
    """A factor of 1 + 1e-8 would be seen."""
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(math.e * (1 + 1e-8), math.e, rtol=1e-9, atol=1e-9)
