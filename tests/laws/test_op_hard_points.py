"""The conventions at hard points: ties, zeros, infinities, the ends of domains."""

import math

import numpy as np
import pytest

from tinygrad_edu import Tensor, grad, ops
from tinygrad_edu.calculus import gradients

nan, inf = math.nan, math.inf
EQUAL = [0.1, 0.1, 0.1]  # whose mean is rounded

# fmt: off
HARD_POINTS = [
    #  case                              function                             inputs                    by  gradient
    ("prod with a zero",                 ops.prod,                            ([0.0, 2.0, 3.0],),       0,  [6.0, 0.0, 0.0]),
    ("prod with two zeros",              ops.prod,                            ([0.0, 2.0, 0.0],),       0,  [0.0, 0.0, 0.0]),
    ("prod that underflows",             ops.prod,                            ([1e-200, 1e-200],),      0,  [1e-200, 1e-200]),
    ("cumprod with a zero",              ops.cumprod,                         ([2.0, 0.0, 3.0],),       0,  [1.0, 8.0, 0.0]),
    ("norm at 0",                        ops.norm,                            ([0.0, 0.0],),            0,  [0.0, 0.0]),
    ("norm 1 at 0",                      lambda x: ops.norm(x, 1),            ([0.0, -2.0],),           0,  [0.0, -1.0]),
    ("norm inf at a tie",                lambda x: ops.norm(x, inf),          ([2.0, -2.0],),           0,  [0.5, -0.5]),
    ("std of equal numbers",             ops.std,                             (EQUAL,),                 0,  [0.0, 0.0, 0.0]),
    ("std of one number",                ops.std,                             ([3.0],),                 0,  [0.0]),
    ("std of equal numbers in a row",    lambda x: x.std(axis=1),             ([[1, 1], [0, 2.0]],),    0,  [[0, 0], [-.5, .5]]),
    ("hypot at 0",                       ops.hypot,                           ([0.0], [0.0]),           0,  [0.0]),
    ("hypot of huge numbers",            ops.hypot,                           ([3e200], [4e200]),       0,  [0.6]),
    ("arctan2 at 0, by y",               ops.arctan2,                         ([0.0], [0.0]),           0,  [0.0]),
    ("arctan2 at 0, by x",               ops.arctan2,                         ([0.0], [0.0]),           1,  [0.0]),
    ("arctan2 of tiny numbers",          ops.arctan2,                         ([0.0], [1e-200]),        0,  [1e200]),
    ("arccos at its ends",               ops.arccos,                          ([1.0, -1.0],),           0,  [-inf, -inf]),
    ("arcsin at its ends",               ops.arcsin,                          ([1.0, -1.0],),           0,  [inf, inf]),
    ("arccosh at 1",                     ops.arccosh,                         ([1.0],),                 0,  [inf]),
    ("arctanh at its ends",              ops.arctanh,                         ([1.0, -1.0],),           0,  [inf, inf]),
    ("arctan far out",                   ops.arctan,                          ([inf, -1e200],),         0,  [0.0, 0.0]),
    ("arcsinh far out",                  ops.arcsinh,                         ([1e200, -inf],),         0,  [1e-200, 0.0]),
    ("heaviside at 0, by h0",            ops.heaviside,                       ([0.0, 1.0], [0.5, 0.5]), 1,  [1.0, 0.0]),
    ("rsqrt at 0",                       ops.rsqrt,                           ([0.0],),                 0,  [-inf]),
    ("logsumexp of -inf",                ops.logsumexp,                       ([-inf, -inf],),          0,  [0.0, 0.0]),
    ("logsumexp with -inf",              ops.logsumexp,                       ([-inf, 0.0],),           0,  [0.0, 1.0]),
    ("logsumexp far out",                ops.logsumexp,                       ([1e4, 1e4],),            0,  [0.5, 0.5]),
    ("softmax of -inf",                  lambda x: ops.softmax(x)[0],         ([-inf, -inf],),          0,  [0.0, 0.0]),
    ("logaddexp of -inf",                ops.logaddexp,                       ([-inf], [-inf]),         0,  [0.0]),
    ("logaddexp with -inf",              ops.logaddexp,                       ([-inf], [0.0]),          1,  [1.0]),
    ("logaddexp of inf",                 ops.logaddexp,                       ([inf], [inf]),           0,  [0.0]),
    ("logaddexp far out",                ops.logaddexp,                       ([1e4], [1e4]),           0,  [0.5]),
    ("log_softmax with -inf",            lambda x: ops.log_softmax(x)[1:],    ([-inf, 0.0, 0.0],),      0,  [0.0, 0.0, 0.0]),
    ("log_sigmoid far out",              ops.log_sigmoid,                     ([-800.0, 800.0, -inf],), 0,  [1.0, 0.0, 1.0]),
    ("erf far out",                      ops.erf,                             ([inf, -30.0],),          0,  [0.0, 0.0]),
    ("elu at 0 and far out",             ops.elu,                             ([0.0, -800.0, 800.0],),  0,  [1.0, 0.0, 1.0]),
    ("leaky_relu at 0",                  lambda x: ops.leaky_relu(x, 0.1),    ([0.0, 1.0, -1.0],),      0,  [0.1, 1.0, 0.1]),
    ("relu6 at its ends",                ops.relu6,                           ([0.0, 6.0, 5.9, -1.0],), 0, [0.0, 0.0, 1.0, 0.0]),
    ("hard_tanh at its ends",            ops.hard_tanh,                       ([-1.0, 1.0, 1.1],),      0,  [1.0, 1.0, 0.0]),
    ("celu at 0 and far out",            lambda x: ops.celu(x, 2.0),          ([0.0, -8e3, 800.0],),    0,  [1.0, 0.0, 1.0]),
    ("silu far out",                     ops.silu,                            ([-800.0, 800.0],),       0,  [0.0, 1.0]),
    ("mish far out",                     ops.mish,                            ([-800.0, 800.0],),       0,  [0.0, 1.0]),
    ("gelu far out",                     ops.gelu,                            ([-800.0, 800.0],),       0,  [0.0, 1.0]),
    ("gelu far out, approximate",        lambda x: ops.gelu(x, True),         ([-800.0, 800.0],),       0,  [0.0, 1.0]),
    ("nan_to_num",                       ops.nan_to_num,                      ([nan, inf, 2.0],),       0,  [0.0, 0.0, 1.0]),
    ("sort with ties",                   lambda x: x.sort() * [1.0, 2.0, 3.0], ([2.0, 1.0, 1.0],),      0,  [3.0, 1.0, 2.0]),
    ("topk with ties",                   lambda x: ops.topk(x, 1)[0],         ([1.0, 2.0, 2.0],),       0,  [0.0, 1.0, 0.0]),
    ("median of an even count",          ops.median,                          ([1.0, 4.0, 2.0, 8.0],),  0,  [0.0, 0.5, 0.5, 0.0]),
    ("set_at, written twice",            lambda x, v: ops.set_at(x, [0, 0], v), ([1.0, 2.0], [3.0, 4.0]), 1, [0.0, 1.0]),
    ("set_at, written over",             lambda x, v: ops.set_at(x, 0, v),    ([nan, 2.0], 3.0),        0,  [0.0, 1.0]),
    ("det of a singular matrix",         ops.det,                             ([[1, 2], [2, 4.0]],),    0,  [[4, -2], [-2, 1]]),
    ("det of zeros",                     ops.det,                             (np.zeros((3, 3)),),      0,  np.zeros((3, 3))),
]
# fmt: on


@pytest.mark.parametrize(
    ("case", "function", "inputs", "position", "expected"), HARD_POINTS, ids=[point[0] for point in HARD_POINTS]
)
def test_the_gradient_at_a_hard_point_is_the_chosen_one(case, function, inputs, position, expected):
    for create_graph in (False, True):
        xs = [Tensor(x) for x in inputs]
        with np.errstate(all="ignore"):
            found = gradients(function(*xs).sum(), xs, create_graph=create_graph)[position]
        np.testing.assert_allclose(found.array, expected, rtol=1e-14, atol=1e-15 if "det" in case else 0)


SECOND = [
    ("product with a zero", lambda x: ops.prod(ops.stack([x, x, x + 3.0])), 0.0, 6.0),
    ("running product with a zero", lambda x: ops.cumprod(ops.stack([x, x])).sum(), 0.0, 2.0),
    ("norm at 0", lambda x: ops.norm(x * np.ones(2)), 0.0, 0.0),
    ("norm 1.5 with a zero", lambda x: ops.norm(ops.stack([x, x + 1.0]), 1.5), 0.0, 0.0),
    ("std of equal numbers", lambda x: ops.std(x * np.ones(2)), 1.0, 0.0),
    ("hypot at 0", lambda x: ops.hypot(x, x), 0.0, 0.0),
    ("logaddexp of x and x + 0", lambda x: ops.logaddexp(x, 0.0), 0.0, 0.25),
    ("erf at 0", ops.erf, 0.0, 0.0),
    ("silu at 0", ops.silu, 0.0, 0.5),
    ("gelu at 0", ops.gelu, 0.0, 2 / math.sqrt(2 * math.pi)),
]


@pytest.mark.parametrize(("case", "function", "x", "expected"), SECOND, ids=[point[0] for point in SECOND])
def test_the_second_derivative_at_a_hard_point_is_the_chosen_one(case, function, x, expected):
    assert grad(grad(function))(x).item() == pytest.approx(expected, rel=1e-14)


VALUES = [
    ("logsumexp of nothing", ops.logsumexp, np.zeros(0), -inf),
    ("logsumexp of -inf", ops.logsumexp, [-inf, -inf], -inf),
    ("logsumexp with inf", ops.logsumexp, [inf, 0.0], inf),
    ("logsumexp with nan", ops.logsumexp, [nan, 0.0], nan),
    ("logsumexp far out", ops.logsumexp, [1e4, 1e4], 1e4 + math.log(2)),
    ("softmax far out", ops.softmax, [-1e4, 1e4], [0.0, 1.0]),
    ("softmax with -inf", ops.softmax, [-inf, 0.0], [0.0, 1.0]),
    ("softmax of -inf", ops.softmax, [-inf, -inf], [0.0, 0.0]),
    ("log_softmax of -inf", ops.log_softmax, [-inf, -inf], [-inf, -inf]),
    ("log_softmax far out", ops.log_softmax, [-1e4, 1e4], [-2e4, 0.0]),
    ("log_sigmoid far out", ops.log_sigmoid, [-1e4, 1e4], [-1e4, 0.0]),
    ("erf of whole numbers", ops.erf, [0, 1], [0.0, math.erf(1)]),
    ("erfc far out", ops.erfc, [26.0, 40.0, -inf], [math.erfc(26), 0.0, 2.0]),
    ("sort with nan", ops.sort, [nan, 2.0, 1.0], [1.0, 2.0, nan]),
    ("median with nan", ops.median, [nan, 2.0, 1.0], nan),
    ("topk with nan", lambda x: ops.topk(x, 2)[0], [nan, 2.0, 1.0], [nan, 2.0]),
]


@pytest.mark.parametrize(("case", "function", "x", "expected"), VALUES, ids=[value[0] for value in VALUES])
def test_the_value_at_a_hard_point_is_the_chosen_one(case, function, x, expected):
    np.testing.assert_allclose(function(Tensor(x)).array, expected, rtol=1e-14)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64])
@pytest.mark.parametrize(
    "name", ["erf", "erfc", "logsumexp", "softmax", "log_softmax", "log_sigmoid", "silu", "mish", "gelu", "rsqrt", "std"]
)
def test_whole_numbers_and_truth_values_count_as_floating_point_numbers(name, dtype):
    x = np.array([1, 1, 0 if name != "rsqrt" else 1], dtype)
    function = getattr(ops, name)
    np.testing.assert_allclose(function(Tensor(x)).array, function(x.astype(float)), rtol=2e-3)


@pytest.mark.parametrize("function", [ops.softmax, ops.log_softmax], ids=["softmax", "log_softmax"])
def test_shares_do_not_change_when_all_logits_are_shifted(function):
    x = np.array([[0.5, -1.0, 2.0]])
    np.testing.assert_allclose(function(x + 1e3), function(x), rtol=1e-11)
    np.testing.assert_allclose(ops.logsumexp(x + 1e3), ops.logsumexp(x) + 1e3, rtol=1e-15)


@pytest.mark.parametrize("name", ["erf", "erfc"])
def test_the_error_functions_are_exact_to_the_last_digits(name):
    x = np.concatenate([np.linspace(-6, 26, 20001), np.geomspace(1e-300, 1, 1001), [0.46875, 4.0, -0.0]])
    exact = np.array([getattr(math, name)(value) for value in x])
    np.testing.assert_allclose(getattr(ops, name)(x), exact, rtol=1e-15)
    np.testing.assert_allclose(getattr(ops, name)(x.astype(np.float32))[:8000], exact[:8000].astype(np.float32), rtol=2e-5)
