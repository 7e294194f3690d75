"""Every op that is registered, compiled and not: on other data than it was taken down on, forward and backward, in both types."""

import functools
import zlib

import numpy as np
import pytest
from cases import Case, cases_of, leaf
from samples import OPS

from tinygrad_edu import Tensor, as_tensor, ops
from tinygrad_edu.calculus import gradients
from tinygrad_edu.compiled.function import compiled
from tinygrad_edu.structure import flatten
from tinygrad_edu.testing.layouts import LAYOUTS

UNITS = 12  # in the last place of the largest number, or of 1: sums are added up in another order, and gradients cancel
TYPES = np.float32, np.float64
HARD = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 7.0, 1e-30, -3e4])


def arrays_of(x):
    return [np.asarray(part.array if isinstance(part, Tensor) else part) for part in flatten(x)[0]]


def assert_equal(found, expected, units=UNITS, message=""):
    """The same shapes and types, whole numbers and truth values, and floats up to rounding."""
    found, expected = arrays_of(found), arrays_of(expected)
    assert [(x.shape, x.dtype) for x in found] == [(x.shape, x.dtype) for x in expected], message
    for x, y in zip(found, expected):
        if y.dtype.kind != "f":
            np.testing.assert_array_equal(x, y, message)
            continue
        limit = units * np.finfo(y.dtype).eps
        largest = np.abs(y[np.isfinite(y)]).max(initial=1.0)
        np.testing.assert_allclose(x, y, limit, limit * largest, equal_nan=True, err_msg=message)


def assert_compiled_is_eager(function, *calls, units=UNITS):
    """A function taken down on the first of some arguments, and called with all of them."""
    fast = compiled(function)
    for number, args in enumerate(calls):
        with np.errstate(all="ignore"):
            expected = function(*args)
        assert_equal(fast(*args), expected, units, f"call {number}")
        assert not isinstance(fast._last, str), fast._last
    return fast


def both_ways(case):
    """An op, and its gradients by all inputs that have one."""

    def function(*arrays):
        out = case(*arrays)
        if not case.active:
            return out
        seed = np.arange(1, out.array.size + 1).reshape(out.shape) / max(out.array.size, 1)
        return out, gradients(out, [arrays[i] for i in case.active], as_tensor(seed.astype(out.dtype)))

    return function


def inputs_of(case, arrays):
    arrays = [np.array(x).astype(like.dtype) for x, like in zip(arrays, case.arrays)]
    return [leaf(x) if i in case.active else as_tensor(x) for i, x in enumerate(arrays)]


def drawn_again(name, number):
    """Other arrays for a sample of an op."""
    random, sample = np.random.default_rng(zlib.crc32(name.encode()) + 1), OPS[name]
    return [domain(random, shape) for domain, shape in zip(sample.domains, sample.cases[number][0])]


# Told by another op what it has found out, of which theirs repeat eager's way: any other numbers are no inputs of theirs.
# They are run as what they are parts of, in tests of classes.
TOLD = "sparse_slope", "dense_slope"


@pytest.mark.parametrize("name", [name for name in OPS if name not in TOLD])
def test_every_op_and_its_gradients(name):
    for dtype, most in ((np.float32, None), (np.float64, 1)):
        for number, sample in enumerate(cases_of(name)[:most]):
            case = sample.astype(dtype)
            others = inputs_of(case, drawn_again(name, number))
            assert_compiled_is_eager(both_ways(case), inputs_of(case, case.arrays), others)


@pytest.mark.parametrize("name", [name for name in OPS if cases_of(name)[0].op.formula])
def test_every_op_that_works_number_by_number_on_numbers_that_are_hard(name):
    sample, random = cases_of(name)[0], np.random.default_rng(3)
    for dtype in TYPES:
        case = sample.astype(dtype)
        if any(x.dtype != dtype for x in case.arrays):
            continue
        count = len(case.arrays)
        easy = [domain(random, (HARD.size**2,)).astype(dtype) for domain in OPS[name].domains[:count]]
        hard = [x.ravel().astype(dtype) for x in (*np.meshgrid(HARD, HARD), np.tile(HARD, HARD.size)[::-1])][:count]
        assert_compiled_is_eager(functools.partial(Case.__call__, case), easy, hard)


# What is left to the machine's own types ---------------------------------------------------------

RNG = np.random.default_rng(0)
X = RNG.uniform(-3, 3, (4, 5)).astype("float32")
OTHER = RNG.uniform(-300, 300, (4, 5)).astype("float32")
WHOLE, OTHER_WHOLE = RNG.integers(-9, 9, (4, 5)), RNG.integers(-99, 99, (4, 5))
TRUTH, OTHER_TRUTH = X > 0, OTHER > 0
FUNCTIONS = {
    "whole numbers": (lambda i: (i + i, i * i - 3, i // 4, i % 3, -i, ops.sum(i), ops.max(i, axis=0), i > 2), WHOLE, OTHER_WHOLE),
    "whole numbers of few bits": (
        lambda i: (i + i, i * i, -i, ops.absolute(i)),
        WHOLE.astype("int8"),
        OTHER_WHOLE.astype("int8"),
    ),
    "no signs": (lambda i: (i - 5, -i, i // 2), np.abs(WHOLE).astype("uint8"), np.abs(OTHER_WHOLE).astype("uint8")),
    "truth values": (lambda t: (t + t, t * t, ~t, t & True, ops.sum(t), ops.any(t, axis=0), ops.mean(t)), TRUTH, OTHER_TRUTH),
    "truth values of single numbers": (
        lambda x: ops.where(ops.sum(x) > 1e9, 1.0, 0.0) + ((x[0, 0] > 0) & (x[0, 0] < 60)),
        X,
        OTHER,
    ),
    "halves": (lambda h: (h * h + h, ops.exp(h), ops.sum(h)), X.astype("float16"), OTHER.astype("float16")),
    "fewer digits": (lambda x: x.astype("float16").astype("float32") * 3, X, OTHER),
    "fewer digits of doubles": (lambda x: x.astype("float32").astype("float64"), X.astype(float) / 3, OTHER.astype(float) / 3),
    "to whole numbers": (
        lambda x: (x.astype("int32"), x.astype("int64") // 2, x.astype(bool), x.astype(bool).astype("int32") * 7),
        X,
        OTHER,
    ),
    "not numbers": (
        lambda x: (ops.nan_to_num(x), ops.isnan(x), x.astype(bool)),
        X,
        np.where(OTHER > 0, np.nan, -np.inf).astype("float32"),
    ),
    "not numbers among doubles": (lambda x: ops.nan_to_num(x), X.astype(float), np.where(OTHER > 0, np.inf, -np.inf)),
    "doubles and singles": (lambda x: (x.astype("float64") * 2, x * 2), X, OTHER),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_types_are_those_of_numpy(name):
    function, *arrays = FUNCTIONS[name]
    assert_compiled_is_eager(function, *((as_tensor(x),) for x in arrays))


RESULTS = {
    "an argument": lambda x: x,
    "an argument twice": lambda x: (x, x),
    "views of it and of each other": lambda x: (x.T, x[1:], x[::-1], ops.flip(x)[1], x.reshape(-1), ops.expand_dims(x, 0)),
    "a constant": lambda x: (as_tensor(np.float32(3)), x * 0 + 2, 5.0, None, "name"),
    "the same value in several forms": lambda x: ((y := ops.tanh(x)), y.T, y[::2], y, -y),
    "repeated numbers": lambda x: (ops.broadcast_to(x[:1], (3, 5)) * x[:3], ops.broadcast_to(x, (2, 4, 5))),
    "one array in all places": lambda x: (
        x * x,
        x - x,
        ops.where(x > 0, x, x),
        x @ x.T,
        ops.maximum(x, x),
        ops.concatenate([x, x]),
    ),
    "turned": lambda x: (x.T @ x, (x.T * 2).T, ops.sum(x.T, axis=0), ops.flip(x, axis=1) @ x.T),
    "of no numbers": lambda x: (x[:0], x[:0] * 2, ops.sum(x[:0]), ops.concatenate([x[:0], x]), x[:0].T @ x[:0]),
}


@pytest.mark.parametrize("name", RESULTS)
def test_results_may_be_anything(name):
    fast = compiled(RESULTS[name])
    for x in (X, OTHER, X):
        found, expected = fast(as_tensor(x)), RESULTS[name](as_tensor(x))
        assert [type(part) for part in flatten(found)[0]] == [type(part) for part in flatten(expected)[0]]
        for one, other in zip(flatten(found)[0], flatten(expected)[0]):
            if isinstance(other, Tensor):
                assert_equal(one, other)
            else:
                assert one == other


def test_results_are_memory_of_their_own():
    """A second call must not write to what the first one gave."""
    fast = compiled(lambda x: (x, x * 2, x.T))
    first = fast(as_tensor(X))
    before = [x.copy() for x in arrays_of(first)]
    fast(as_tensor(OTHER))
    assert_equal(arrays_of(first), before)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_arguments_may_lie_anyhow(layout):
    def function(x, y):
        return ops.sum(x * y, axis=0), x @ y.T, ops.tanh(x), x[1:, ::2]

    fast = compiled(function)
    for x, y in ((X, OTHER), (OTHER, X)):
        x, y = LAYOUTS[layout](x), LAYOUTS[layout](y)
        assert_equal(fast(as_tensor(x), as_tensor(y)), function(as_tensor(x), as_tensor(y)))


def test_one_array_for_two_arguments_is_two_when_there_are_two():
    fast = compiled(lambda x, y: x * 2 + y)
    for x, y in ((X, X), (X, OTHER), (OTHER, OTHER)):
        assert_equal(fast(x, y), x * 2 + y)


def test_what_an_op_refuses_is_refused_in_its_own_words():
    def function(x, i):
        return ops.sparse_softmax_cross_entropy(x, i), ops.take_slices(x, i)

    fast = compiled(function)
    fast(as_tensor(X), np.array([0, 1, 2, 3]))
    with pytest.raises(ValueError, match="Labels of 5 classes are expected from 0 to 4, got 5"):
        fast(as_tensor(X), np.array([0, 1, 2, 5]))
    assert_equal(fast(as_tensor(X), np.array([3, 1, 0, 2])), function(as_tensor(X), np.array([3, 1, 0, 2])))


def test_whole_numbers_that_the_machine_does_not_have_are_left_to_numpy():
    fast = compiled(lambda i: (i + 1, i * i))
    for i in (WHOLE, OTHER_WHOLE * 2**20, WHOLE * 2**40):
        assert_equal(fast(as_tensor(i)), (i + 1, i * i))
