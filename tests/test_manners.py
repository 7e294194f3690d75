"""A Tensor among NumPy's functions, Python's operators and builtins: what arrays do, it does."""

import operator

import numpy as np
import pytest

import tinygrad_edu
from tinygrad_edu import Tensor, grad, ops
from tinygrad_edu.arraylike import METHODS, WORDS_OF_OTHERS
from tinygrad_edu.graph import GraphError

MASK, OTHER, X = np.array([True, False, True]), np.array([True, True, False]), np.array([[3.7, -1.2, 0.5], [2.0, 4.0, -6.0]])


# Operators ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", [operator.and_, operator.or_, operator.xor], ids=lambda f: f.__name__)
@pytest.mark.parametrize(
    ("left", "right"), [(MASK, OTHER), (MASK, True), (np.array([6, 5, 3]), np.array([3, 1, 2])), (True, MASK)]
)
def test_bits_and_truth_values_are_combined_as_in_numpy(function, left, right):
    expected = function(left, right)
    for a, b in ((Tensor(left), right), (left, Tensor(right)), (Tensor(left), Tensor(right))):
        got = function(a, b)
        assert isinstance(got, Tensor)
        assert got.dtype == expected.dtype
        assert got.tolist() == expected.tolist()


def test_bits_are_turned_and_moved():
    n = np.array([1, 5, -3])
    assert (~Tensor(MASK)).tolist() == [False, True, False]
    assert (~Tensor(n)).tolist() == (~n).tolist()
    assert ((Tensor(n) << 2).tolist(), (Tensor(n) >> 1).tolist()) == ((n << 2).tolist(), (n >> 1).tolist())
    assert (2 << Tensor([1, 3])).tolist() == [4, 16]


def test_floating_point_numbers_have_no_bits():
    with pytest.raises(TypeError, match="not supported"):
        Tensor([1.0]) & Tensor([2.0])


def test_divmod_and_plus():
    x = Tensor([7.5, -7.5])
    whole, rest = divmod(x, 2.0)
    assert (whole.tolist(), rest.tolist()) == ([3.0, -4.0], [1.5, 0.5])
    assert [part.item() for part in divmod(7.5, Tensor(2.0))] == [3.0, 1.5]
    y = +x
    assert y is not x and not np.shares_memory(y.array, x.array)
    (y * 3).sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]


@pytest.mark.parametrize(("x", "inside", "outside"), [([1.0, 2.0], 2.0, 3.0), ([[1.0], [4.0]], 4, 2), (2.5, 2.5, 1.0)])
def test_in_asks_all_numbers(x, inside, outside):
    assert inside in Tensor(x) and outside not in Tensor(x)
    assert Tensor(float(inside)) in Tensor(x)


def test_builtins_take_tensors():
    x = Tensor([3.0, 1.0, 2.0])
    assert (max(x).item(), min(x).item(), [part.item() for part in sorted(x)]) == (3.0, 1.0, [1.0, 2.0, 3.0])
    sum(x).backward()
    assert x.grad.tolist() == [1.0, 1.0, 1.0]
    assert (complex(Tensor(2.0)), pow(Tensor(3.0), 2).item(), list(map(float, reversed(x)))) == (2 + 0j, 9.0, [2.0, 1.0, 3.0])


# Methods and attributes --------------------------------------------------------------------------------


def test_every_method_is_the_function_of_its_name():
    for name in METHODS:
        assert getattr(Tensor, name) is ops.functions[name]


def test_facts_of_the_array():
    x = Tensor(X)
    assert (x.nbytes, x.itemsize, x.real is x, x.item(1, 2), x.item(0)) == (48, 8, True, -6.0, 3.7)
    assert x.permute(1, 0).shape == x.permute((1, 0)).shape == (3, 2)
    assert [places.tolist() for places in Tensor([[0, 1], [2, 0]]).nonzero()] == [[0, 1], [1, 0]]


@pytest.mark.parametrize("name", ["view", "unsqueeze", "fill", "tobytes", "searchsorted", "logaddexp", "nonsense"])
def test_a_method_that_there_is_not_says_what_to_write(name):
    assert not hasattr(Tensor(1.0), name)
    words = {"tobytes": "x.numpy", "searchsorted": "x.numpy", "logaddexp": "a function", "nonsense": "See dir"}
    with pytest.raises(AttributeError, match=f"'Tensor' object has no attribute '{name}'. .*{words.get(name, 'Write x')}"):
        getattr(Tensor(1.0), name)


def test_no_word_of_others_is_in_use_here():
    assert not [name for name in WORDS_OF_OTHERS if hasattr(Tensor, name)]


def test_a_write_that_would_lose_a_gradient_is_refused():
    x, y = Tensor([1.0, 2.0]), Tensor(3.0)
    with pytest.raises(GraphError, match=r"expects numbers, got the result of an op.*set_at\(x, key, value\)"):
        x[0] = y * 2
    x[0] = y.detach()
    assert x.tolist() == [3.0, 2.0]


def test_a_function_that_writes_to_its_argument_has_no_gradient():
    def function(x):
        x[1] = 0.0
        return x.sum()

    with pytest.raises(GraphError, match="cannot be changed in place"):
        grad(function)([1.0, 2.0])


def test_a_whole_number_that_is_asked_for_its_gradient_is_told_to_be_a_float():
    with pytest.raises(GraphError, match=r"constant of int64\. Whole numbers have none: .* as in Tensor\(0\.0\)"):
        Tensor(0).grad = 0
    with pytest.raises(GraphError, match=r"constant of float64\. Pass requires_grad=True"):
        Tensor(0.0, requires_grad=False).retain_grad()


# NumPy's functions -------------------------------------------------------------------------------------

CALLS = {  # as NumPy orders and names its arguments
    "sum of small numbers": lambda x: np.sum(x, dtype=np.float32),
    "sum by position": lambda x: np.sum(x, 1, None, None, True),
    "sum by name": lambda x: np.sum(a=x, axis=(0, 1), keepdims=True),
    "reduce": lambda x: np.add.reduce(x),
    "reduce along": lambda x: np.multiply.reduce(x, axis=1, keepdims=True),
    "accumulate": lambda x: np.add.accumulate(x, axis=1),
    "logsumexp": lambda x: np.logaddexp.reduce(x, axis=1),
    "clip, old names": lambda x: np.clip(x, a_min=-1.0, a_max=None),
    "clip, new names": lambda x: np.clip(x, min=0.0, max=3.0),
    "var": lambda x: np.var(x, 0, None, None, 1),
    "correction": lambda x: np.std(x, axis=1, correction=1),
    "concatenate, flat": lambda x: np.concatenate([x, x[0]], axis=None),
    "stack to small numbers": lambda x: np.stack([x, x], axis=1, dtype=np.float32, casting="same_kind"),
    "reshape": lambda x: np.reshape(x, (3, 2), order="C"),
    "argsort": lambda x: np.argsort(x, 1, "quicksort", None),
    "old name": lambda x: np.amax(x, 1),
    "standard's name": lambda x: np.permute_dims(x, (1, 0)),
    "alias": lambda x: np.acos(x / 10),
    "degrees": lambda x: np.degrees(x),
    "linspace": lambda x: np.linspace(x[0], x[1], 5, dtype=np.float64),
    "quantile": lambda x: np.quantile(x, [0.1, 0.5], axis=0, method="linear"),
    "nonzero": lambda x: np.nonzero(x)[1],
    "where": lambda x: np.where(x)[0],
    "argwhere": lambda x: np.argwhere(x > 0),
    "svd": lambda x: np.linalg.svd(x, full_matrices=False)[1],
    "norm": lambda x: np.linalg.norm(x, "fro"),
}  # fmt: skip


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_a_numpy_function_takes_its_own_arguments(call):
    x = Tensor(X)
    got, expected = call(x), call(X)
    assert (got.shape, got.dtype) == (expected.shape, expected.dtype)
    np.testing.assert_allclose(np.asarray(got), expected, rtol=1e-14 if expected.dtype != np.float32 else 1e-6)
    assert isinstance(got, Tensor) == (expected.dtype.kind == "f" or isinstance(got, Tensor))
    assert expected.dtype.kind != "f" or got.requires_grad


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda x: np.sum(x, where=X > 0), r"np\.sum of a Tensor expects x, axis, keepdims, got where"),
        (lambda x: np.max(x, initial=9.0), r"np\.max of a Tensor expects .*, got initial"),
        (lambda x: np.interp(x, [0.0, 1.0], [1.0, 2.0], left=5.0), r"np\.interp of a Tensor expects .*, got left"),
        (lambda x: np.exp(x, dtype=np.float32), "np.exp with dtype is no op here: the gradient"),
        (lambda x: np.subtract.outer(x, x), r"np\.subtract\.outer is no op here"),
        (lambda x: np.unwrap(x), r"np\.unwrap is no op here"),
        (lambda x: np.fft.fft(x), r"np\.fft is no op here"),
        (lambda x: np.block([[X], [x]]), r"np\.block is no op here"),
    ],
    ids=range(8),
)
def test_what_an_op_does_not_know_is_refused(call, words):
    with pytest.raises(TypeError, match=words):
        call(Tensor(X))


def test_what_asks_for_the_shape_alone_loses_no_gradient():
    x = Tensor(X)
    for y, value in ((np.zeros_like(x), 0.0), (np.ones_like(x), 1.0), (np.full_like(x, 2.5), 2.5)):
        assert isinstance(y, Tensor) and not y.requires_grad
        assert y.tolist() == [[value] * 3] * 2
    assert np.empty_like(x).shape == (2, 3)


def test_functions_of_constants_that_are_no_ops_are_constants_and_complex_numbers_arrays():
    x = Tensor(X, requires_grad=False)
    assert isinstance(np.unwrap(x), Tensor)
    assert np.block([[x], [X]]).tolist() == np.block([[X], [X]]).tolist()
    assert isinstance(np.fft.fft(x), np.ndarray) and np.fft.fft(x).dtype == complex


def test_bounds_may_be_tensors_and_get_a_gradient():
    x, low, high = Tensor([-2.0, 0.5, 3.0]), Tensor(-1.0), Tensor([1.0, 1.0, 2.0])
    for clipped in (x.clip(low, high), np.clip(x, low, high), np.clip(x, a_min=low, a_max=high)):
        assert clipped.tolist() == [-1.0, 0.5, 2.0]
        x.zero_grad(), low.zero_grad(), high.zero_grad()
        clipped.sum().backward()
        assert (x.grad.tolist(), low.grad.item(), high.grad.tolist()) == ([0.0, 1.0, 0.0], 1.0, [0.0, 0.0, 1.0])
    assert x.clip(max=high).tolist() == [-2.0, 0.5, 2.0]
    assert ops.clip(np.array([3.0]), low).tolist() == [3.0]


WHOLE = [np.array([3, 1, 2], np.int8), np.array([True, True, False])]
OF_WHOLE_NUMBERS = """
    cumsum cumprod nansum nanmax nanmean nanvar sum prod mean diff ptp median tril
""".split()  # noqa: SIM905


@pytest.mark.parametrize("x", WHOLE, ids=["int8", "bool"])
@pytest.mark.parametrize("name", OF_WHOLE_NUMBERS)
def test_whole_numbers_and_truth_values_give_what_numpy_gives(name, x):
    if (name, x.dtype) == ("ptp", bool):
        return  # NumPy subtracts no truth values
    got, expected = getattr(ops, name)(Tensor(x)), getattr(np, name)(x)
    assert got.dtype == expected.dtype
    np.testing.assert_allclose(got.array, expected)


@pytest.mark.parametrize("name", ["fmax", "fmin", "maximum", "heaviside", "copysign", "fmod", "logaddexp2", "hypot"])
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_a_python_number_takes_the_dtype_of_the_array(name, dtype):
    x = np.array([0.5, 1.5], dtype)
    for arguments in ((Tensor(x), 2), (2.0, Tensor(x))):
        assert getattr(ops, name)(*arguments).dtype == dtype


# Names of the package ----------------------------------------------------------------------------------


def test_every_function_is_a_name_of_the_package_and_no_module_of_ops_is():
    for name, function in ops.functions.items():
        assert callable(getattr(tinygrad_edu, name))
        assert name in tinygrad_edu._HOME_OF or getattr(tinygrad_edu, name) is function
    for name in ("shape", "reduce", "linalg", "binary"):
        assert not hasattr(tinygrad_edu, name)


def test_other_names_are_the_same_functions():
    assert ops.concat is ops.concatenate and tinygrad_edu.acos is ops.arccos and ops.pow is ops.power
    with pytest.raises(AttributeError, match="has no attribute 'arcsine'"):
        _ = ops.arcsine


def test_the_package_lists_its_functions():
    assert {"exp", "where", "einsum", "Tensor", "concat"} <= set(dir(tinygrad_edu))
