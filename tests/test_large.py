"""The loops for large arrays: what the plain formulas give, to the last digits; and who gets a loop and who does not."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.special

from tinygrad_edu import Tensor, ops
from tinygrad_edu.calculus import gradients
from tinygrad_edu.ops import cross_entropy, large, normalization
from tinygrad_edu.testing import check_gradients

SHAPE = (96, 400)  # above the limit, and no multiple of what a processor does at once
SPECIAL = np.float32([0.0, -0.0, np.nan, np.inf, -np.inf, 1e-40, -1e-40, 1e-20, 1e4, -1e4, 88.8, -88.8, -87.4, 3e38, -3e38])


def numbers(seed=0, shape=SHAPE, scale=3.0):
    return (np.random.default_rng(seed).normal(size=shape) * scale).astype(np.float32)


LABELS = np.random.default_rng(1).integers(0, SHAPE[1], SHAPE[0])
SHARES = scipy.special.softmax(numbers(2), -1) * (numbers(3) > 0)
GAMMA, BETA = numbers(4, SHAPE[1:]), numbers(5, SHAPE[1:])


def behind(x, args):
    """The arguments behind x: as many rows as it has, and its own moments."""

    def fitting(arg):
        if isinstance(arg, ops.Moments):
            arg = ops.Moments()
            normalization.scaled_normal(x.astype(np.float64), 1.0, 0.0, moments=arg)
            arg.mean, arg.variance, arg.inverse = (a.astype(x.dtype) for a in (arg.mean, arg.variance, arg.inverse))
        return arg[: len(x)] if isinstance(arg, np.ndarray) and len(arg) == SHAPE[0] else arg

    return tuple(map(fitting, args))


# Every function with a loop, the arguments behind the first, and by how much it may differ: relative, and absolute.
LOOPS = {
    "tanh": (ops.tanh.op.body, (), 5e-7, 0),
    "sigmoid": (ops.sigmoid.op.body, (), 5e-7, 2e-38),
    "sum": (ops.sum.op.body, (), 0, 2e-3),
    "softmax": (ops.softmax.op.body, (), 2e-6, 2e-38),
    "log_softmax": (ops.log_softmax.op.body, (), 1e-6, 1e-5),
    "sparse losses": (cross_entropy._sparse_losses, (LABELS,), 1e-6, 1e-6),
    "sparse slope": (cross_entropy._sparse_slope, (LABELS, numbers(6, SHAPE[:1])), 2e-6, 2e-7),
    "losses": (cross_entropy._losses, (SHARES,), 1e-6, 1e-6),
    "slope": (cross_entropy._slope, (SHARES, numbers(6, SHAPE[:1])), 4e-6, 2e-7),
    "scaled normal": (normalization._scaled, (GAMMA, BETA, -1, 1e-3, ops.Moments()), 1e-5, 2e-6),
    "scaled normal by numbers": (normalization._scaled, (2.0, 1, 1, 1e-3, ops.Moments()), 1e-5, 2e-6),
    "slope of normal": (normalization._slope, (numbers(7), GAMMA, -1, 1e-3, ops.Moments()), 1e-5, 1e-5),
    "slope by gamma": (normalization._slope_by_gamma, (numbers(7), SHAPE[1:], -1, 1e-3, ops.Moments()), 0, 2e-4),
}
each_loop = pytest.mark.parametrize("name", LOOPS)


def compare(name, x):
    """The loop and the plain formula of `name`, both in float64."""
    function, args, rtol, atol = LOOPS[name]
    args = behind(x, args)
    found, plain = function(x, *args), function.__wrapped__(x, *args)
    if name == "slope by gamma":
        plain = plain.sum(axis=0)  # the loop has summed up already
    assert found.dtype == plain.dtype == np.float32
    np.testing.assert_allclose(found, plain, rtol=rtol, atol=atol)


@each_loop
@pytest.mark.parametrize("scale", [1e-3, 1.0, 30.0])
def test_a_loop_gives_what_the_plain_formula_gives(name, scale):
    compare(name, numbers(scale=scale))


@pytest.mark.parametrize(("name", "exact"), [("tanh", np.tanh), ("sigmoid", scipy.special.expit)])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 30.0])
def test_number_by_number_a_loop_is_within_four_units_in_the_last_place(name, exact, scale):
    """Of the exact value: NumPy's own float32 functions are not nearer."""
    x = numbers(shape=(200_000,), scale=scale)
    expected = exact(x.astype(float))
    found = LOOPS[name][0](x)
    units = np.abs(found - expected) / np.spacing(np.abs(expected).astype(np.float32))
    assert units[np.abs(expected) > 2e-38].max() <= 4


@pytest.mark.parametrize("size", [large.LARGE, 100_001, 3_000_000])
def test_a_sum_of_many_numbers_keeps_its_digits(size):
    """As NumPy's, which adds up in pairs: the error grows with the logarithm of the size, not with the size."""
    x = np.random.default_rng(0).uniform(0, 1, size).astype(np.float32)
    assert ops.sum(x) == pytest.approx(x.astype(float).sum(), rel=1e-6)
    assert ops.sum(x).dtype == np.float32


@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_infinities_nan_and_signed_zeros_are_as_in_numpy(name):
    function = LOOPS[name][0]
    x = np.resize(SPECIAL, large.LARGE)
    with np.errstate(all="ignore"):
        plain = function.__wrapped__(x)
    found = function(x)
    np.testing.assert_allclose(found, plain, rtol=5e-7, atol=2e-38)
    known = ~np.isnan(x)
    np.testing.assert_array_equal(np.signbit(found[known]), np.signbit(plain[known]))


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "sparse losses", "losses"])
@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf, "all -inf"])
def test_rows_with_infinities_are_as_in_numpy(name, special):
    function, args, rtol, atol = LOOPS[name]
    x = numbers()
    x[3, :] = -np.inf if special == "all -inf" else x[3, :]
    x[5, 7] = special if special != "all -inf" else 0
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(function(x, *args), function.__wrapped__(x, *args), rtol=rtol, atol=atol)


def test_labels_that_are_shared_by_several_logits_get_the_plain_formula():
    z, g = numbers(shape=(2, *SHAPE)), numbers(6, (2, SHAPE[0]))
    function, (labels, _), rtol, atol = LOOPS["slope"]
    np.testing.assert_allclose(function(z, labels, g), function.__wrapped__(z, labels, g), rtol=rtol, atol=atol)


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_a_single_row_gets_what_the_plain_formula_gives(name):
    function, _, rtol, atol = LOOPS[name]
    x = numbers(shape=(large.LARGE,))
    np.testing.assert_allclose(function(x), function.__wrapped__(x), rtol=rtol, atol=atol)


@each_loop
@pytest.mark.parametrize(
    "other",
    [
        lambda x: x.astype(np.float16),
        lambda x: x.astype(np.float64),
        lambda x: x.astype(">f4"),
        lambda x: np.asfortranarray(x),
        lambda x: np.repeat(x, 2, axis=1)[:, ::2],
        lambda x: x[:40],
    ],
    ids=["float16", "float64", "other bytes first", "columns first", "strided", "small"],
)
def test_other_types_and_layouts_get_the_plain_formula(name, other, monkeypatch):
    function, args, *_ = LOOPS[name]
    x = other(numbers())
    args = behind(x, args)
    np.testing.assert_array_equal(function(x, *args), function.__wrapped__(x, *args))


def test_a_scale_of_another_type_gives_that_type():
    x = numbers()
    for gamma in (GAMMA.astype(float), np.float64(2)):
        assert ops.normalize(x, gamma).dtype == ops.normalize(x, BETA, gamma).dtype == np.float64
    wide = Tensor(x)
    ops.normalize(wide, GAMMA, BETA.astype(float)).sum().backward()
    assert wide.grad.dtype == np.float32


# One line per op whose rule has a loop: a function of large Tensors.
FUNCTIONS = {
    "tanh": lambda x: ops.tanh(x),
    "sigmoid": lambda x: ops.sigmoid(x),
    "softmax": lambda x: ops.softmax(x),
    "sparse": lambda x: ops.sparse_softmax_cross_entropy(x, LABELS),
    "dense": lambda x: ops.softmax_cross_entropy(x, SHARES),
    "normalize": lambda x: ops.normalize(x, GAMMA, BETA),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_gradients_of_large_arrays_are_those_of_the_same_in_double_precision(name):
    function = FUNCTIONS[name]
    x, g = numbers(scale=1.0), None
    found = {}
    for dtype in (np.float32, np.float64):
        leaf = Tensor(x.astype(dtype))
        out = function(leaf)
        g = numbers(8, out.shape) if g is None else g
        for create_graph in (False, True):
            (first,) = gradients(out, [leaf], Tensor(g.astype(dtype)), retain_graph=True, create_graph=create_graph)
            found[dtype, create_graph] = first.numpy()
        (second,) = gradients((first * first).sum(), [leaf])
        found[dtype, "second"] = second.numpy()
    exact = found[np.float64, False]
    for key, value in found.items():
        expected = found[np.float64, "second"] if key[1] == "second" else exact
        np.testing.assert_allclose(value, expected, rtol=1e-3, atol=2e-5 * np.abs(expected).max(), err_msg=str(key))


def test_gradients_by_scale_and_shift_of_large_arrays():
    x = numbers()
    for gamma, beta in ((GAMMA, BETA), (GAMMA[:1], BETA[:, None][:96]), (np.float32(2), np.float32(0))):
        found = {}
        for dtype in (np.float32, np.float64):
            leaves = [Tensor(a.astype(dtype)) for a in (x, gamma, beta)]
            found[dtype] = [g.numpy() for g in gradients((ops.normalize(*leaves) * numbers(9).astype(dtype)).sum(), leaves)]
        for a, b in zip(found[np.float32], found[np.float64]):
            np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5 * np.abs(b).max())


def test_a_constant_may_be_large_where_the_scale_is_differentiated_twice():
    gamma = Tensor(GAMMA)
    (g,) = gradients(ops.normalize(numbers(), gamma).square().sum(), [gamma], create_graph=True)
    (h,) = gradients(g.sum(), [gamma])
    expected = 2 * (ops.normalize(numbers().astype(float)) ** 2).sum(axis=0)
    np.testing.assert_allclose(h.numpy(), expected, rtol=1e-4)


@pytest.mark.parametrize("shape", [(6, 4), SHAPE, (4, 48, 400)], ids=["small", "large", "three axes"])
@pytest.mark.parametrize("axis", [-1, 0], ids=["rows", "columns"])
def test_the_moments_that_normalizing_tells_are_those_of_numpy(shape, axis):
    x, moments = numbers(shape=shape), ops.Moments()
    ops.normalize(x, axis=axis, epsilon=0.5, moments=moments)
    np.testing.assert_allclose(moments.mean, x.mean(axis=axis, keepdims=True, dtype=float), atol=2e-6)
    np.testing.assert_allclose(moments.variance, x.var(axis=axis, keepdims=True, dtype=float), rtol=1e-5)
    np.testing.assert_allclose(moments.inverse, (x.var(axis=axis, keepdims=True, dtype=float) + 0.5) ** -0.5, rtol=1e-5)


def test_moments_are_of_one_call():
    """Another would overwrite what the gradients of the first read."""
    moments = ops.Moments()
    ops.normalize(numbers(), moments=moments)
    with pytest.raises(ValueError, match="normalize expects new Moments, got those of another call"):
        ops.normalize(numbers(1), moments=moments)


def test_the_gradient_of_a_normalization_agrees_with_differences():
    check_gradients(lambda x, a, b: ops.normalize(x, a, b), *(np.random.default_rng(0).normal(size=s) for s in ((3, 4), 4, 4)))


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: ops.sparse_softmax_cross_entropy(np.zeros((2, 3)), np.array([0, 3])), r"from 0 to 2, got 3"),
        (lambda: ops.sparse_softmax_cross_entropy(np.zeros((2, 3)), np.array([-1, 0])), r"from 0 to 2, got -1"),
        (lambda: ops.sparse_softmax_cross_entropy(np.zeros((2, 3)), np.zeros((2, 1), int)), r"shape \(2,\), got \(2, 1\)"),
        (lambda: ops.softmax_cross_entropy(np.zeros((2, 3)), np.zeros((2, 1))), r"as many shares as logits, got \(2, 1\)"),
        (lambda: ops.normalize(np.zeros((2, 1)), np.zeros(3)), r"broadcast to the shape of x \(2, 1\), got \(3,\)"),
    ],
)
def test_what_does_not_fit_is_refused(call, text):
    with pytest.raises(ValueError, match=text):
        call()


def test_the_loops_are_the_same_without_the_compiler():
    code = f"""
import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})
import numpy as np
import test_large
np.seterr(all="ignore")
test_large.large.LARGE = 64
for name in test_large.LOOPS:
    test_large.compare(name, test_large.numbers()[:3])
"""
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=120)
    assert done.returncode == 0, done.stderr


def test_small_arrays_do_not_wait_for_the_compiler():
    """Importing Numba takes longer than the first gradient of a process."""
    code = """
import sys, numpy as np
from tinygrad_edu import Tensor, ops
x = Tensor(np.ones((128, 100), np.float32))
(ops.normalize(ops.tanh(x) * ops.sigmoid(x)) * ops.softmax(x)).sum().backward()
ops.sparse_softmax_cross_entropy(x, np.zeros(128, int)).mean().backward()
print("numba" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert (done.stdout, done.stderr) == ("False\n", "")
