"""A Tensor has the manners of a number, of an array, and of NumPy's other operand."""

import copy
import operator
import pickle

import numpy as np
import pytest

from tinygrad_edu import Tensor, Variable, as_tensor, ops
from tinygrad_edu.calculus import gradients
from tinygrad_edu.graph import GraphError


def slope(function, x):
    """Gradient of the sum of function(x), as a list."""
    x = Tensor(x)
    function(x).sum().backward()
    return x.grad.tolist()


# Micrograd ---------------------------------------------------------------------------------------------


def test_the_example_in_micrograds_readme_gives_its_numbers():
    a, b = Tensor(-4.0), Tensor(2.0)
    c, d = a + b, a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    f = (c - d) ** 2
    g = f / 2.0
    g += 10.0 / f
    g.backward()
    assert f"{g.data:.4f} {a.grad:.4f} {b.grad:.4f}" == "24.7041 138.8338 645.5773"
    assert f"{g:.4f}" == "24.7041"


# Making ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "dtype", "needs"),
    [
        (1.5, np.float64, True), (3, np.int64, False), (True, np.bool_, False), ([1.0, 2.0], np.float64, True),
        ((1, 2), np.int64, False),
        ([[True], [False]], np.bool_, False), (np.float32(1), np.float32, True), (np.ones(2, np.float16), np.float16, True),
        (np.ones(2, np.uint8), np.uint8, False), (range(3), np.int64, False), ([], np.float64, True),
    ],
    ids=repr,
)  # fmt: skip
def test_floating_point_numbers_require_a_gradient_and_others_do_not(data, dtype, needs):
    x = Tensor(data)
    assert (x.dtype, x.shape, x.requires_grad, x.is_leaf, x.grad) == (dtype, np.shape(data), needs, True, None)
    assert np.array_equal(x.numpy(), np.array(data))


@pytest.mark.parametrize(
    "data",
    [1j, [1j, 2.0], np.ones(2, complex), "abc", b"abc", ["1", "2"], None, [None, 1.0], {"a": 1}, np.array(["2000"], "M8[Y]")],
    ids=repr,
)
def test_anything_but_real_numbers_is_refused(data):
    for make in (Tensor, as_tensor, lambda bad: Tensor(1.0) + bad, lambda bad: bad * Tensor(1.0)):
        with pytest.raises(TypeError):
            make(data)


def test_what_is_refused_is_named_with_a_remedy():
    with pytest.raises(TypeError, match=r"expects real numbers, got complex128 .*Convert the data to float, int or bool"):
        Tensor([1j])


@pytest.mark.parametrize("make", [Tensor, as_tensor, lambda xs: Tensor([1.0]) * xs], ids=["Tensor", "as_tensor", "operand"])
@pytest.mark.parametrize(
    "wrap",
    [lambda a, b: [a, b], lambda a, b: (a, 2.0), lambda a, b: [[a], [b]], lambda a, b: [(1.0, b)]],
    ids=["list", "mixed", "nested", "nested and mixed"],
)
def test_a_list_of_tensors_is_refused_because_their_graph_would_be_lost(make, wrap):
    with pytest.raises(TypeError):
        make(wrap(Tensor(1.0), Tensor(2.0)))


def test_the_remedy_for_a_list_of_tensors_is_named():
    with pytest.raises(TypeError, match=r"got a list of Tensors\. Join them with stack"):
        Tensor([Tensor(1.0), Tensor(2.0)])


def test_a_tensor_owns_its_memory_and_as_tensor_shares_it():
    array = np.ones(2)
    own, shared = Tensor(array), as_tensor(array)
    array[0] = 5.0
    assert (own.tolist(), shared.tolist()) == ([1.0, 1.0], [5.0, 1.0])
    assert not shared.requires_grad


def test_as_tensor_passes_tensors_on_and_changes_the_dtype_where_asked():
    x = Tensor([1.0, 2.0])
    assert as_tensor(x) is x
    assert as_tensor(x, np.float64) is x
    (as_tensor(x, np.float32) * 3).sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]
    assert as_tensor([1, 2], np.float32).dtype == np.float32


def test_a_tensor_of_a_tensor_is_a_leaf_of_its_own():
    x = Tensor([1.0, 2.0])
    y = Tensor(x * 2)
    y.sum().backward()
    assert x.grad is None
    assert y.grad.tolist() == [1.0, 1.0]


def test_requires_grad_can_be_chosen_for_leaves_of_floating_point_numbers_only():
    x = Tensor([1.0], requires_grad=False)
    assert not x.requires_grad
    x.requires_grad = True
    node = x.node
    x.requires_grad = True
    assert x.node is node
    x.requires_grad = False
    assert x.node is None
    with pytest.raises(TypeError, match=r"expects a float.* dtype, got int64"):
        Tensor([1], requires_grad=True)
    with pytest.raises(TypeError, match=r"expects a float.* dtype, got bool"):
        Tensor(True).requires_grad = True
    with pytest.raises(GraphError, match=r"leaf only, got the result of an op\. Use detach"):
        (Tensor(1.0) * 2).requires_grad = False


def test_the_facts_of_a_tensor_are_those_of_its_array():
    x = Tensor(np.ones((2, 3), np.float32))
    assert (x.shape, x.ndim, x.size, x.dtype, len(x)) == ((2, 3), 2, 6, np.float32, 2)
    assert np.shares_memory(x.numpy(), x.data)
    assert Tensor(2.0).numpy().shape == ()


# Operators ---------------------------------------------------------------------------------------------


BINARY = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.mod, operator.floordiv]
COMPARISONS = [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]
OPERANDS = [2, 2.5, True, np.float64(2.5), np.float32(2.5), np.int64(2), np.array([2.0, 0.5]), np.array(2.5), np.array([2, 1])]
X = np.array([3.7, 1.2])


@pytest.mark.parametrize("other", OPERANDS, ids=repr)
@pytest.mark.parametrize("function", BINARY + COMPARISONS, ids=lambda f: f.__name__)
def test_an_operator_works_with_numbers_and_arrays_on_either_side(function, other):
    x = Tensor(X)
    for got, expected in ((function(x, other), function(X, other)), (function(other, x), function(other, X))):
        assert isinstance(got, Tensor)
        assert got.dtype == expected.dtype
        np.testing.assert_array_equal(got.array, expected)
        assert got.requires_grad == (function in BINARY and function is not operator.floordiv)


@pytest.mark.parametrize("function", BINARY[:-1], ids=lambda f: f.__name__)
def test_the_gradient_through_an_operator_does_not_depend_on_what_the_constant_is(function):
    for reflected in (False, True):

        def apply(x, other, reflected=reflected):
            return function(other, x) if reflected else function(x, other)

        expected = slope(lambda x: apply(x, as_tensor([2.5, 2.5])), X)
        for other in (2.5, np.float64(2.5), np.array(2.5), np.array([2.5, 2.5])):
            np.testing.assert_allclose(slope(lambda x, other=other: apply(x, other), X), expected, rtol=1e-15)


@pytest.mark.parametrize(
    "function", [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow], ids=lambda f: f.__name__
)
def test_an_operand_may_be_a_list_of_numbers(function):
    for reflected in (False, True):

        def apply(x, other, reflected=reflected):
            return function(other, x) if reflected else function(x, other)

        assert slope(lambda x: apply(x, [2.0, 0.5]), X) == slope(lambda x: apply(x, np.array([2.0, 0.5])), X)
        assert slope(lambda x: apply(x, [1, 2]), X) == slope(lambda x: apply(x, np.array([1, 2])), X)


def test_a_matrix_product_takes_arrays_and_lists_on_either_side():
    rows = [[1.0, 2.0], [3.0, 4.0]]
    for other in (np.array(rows), rows):
        x = Tensor([[1.0, 0.0], [2.0, 1.0]])
        (x @ other).sum().backward()
        assert x.grad.tolist() == [[3.0, 7.0], [3.0, 7.0]]
        x.zero_grad()
        (other @ x).sum().backward()
        assert x.grad.tolist() == [[4.0, 4.0], [6.0, 6.0]]


def test_negative_and_absolute_values():
    x = Tensor([-1.5, 2.0])
    assert (-x).tolist() == [1.5, -2.0]
    assert abs(x).tolist() == x.abs().tolist() == [1.5, 2.0]


def test_an_augmented_assignment_makes_a_new_tensor():
    x = Tensor([1.0, 2.0])
    y = x
    y += 1
    y *= 2
    assert x.tolist() == [1.0, 2.0]
    y.sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]


@pytest.mark.parametrize(
    ("dtype", "other", "result"),
    [
        (np.float32, 2.0, np.float32), (np.float32, 2, np.float32), (np.float16, 2.0, np.float16),
        (np.float32, True, np.float32),
        (np.float32, np.float64(2), np.float64), (np.float32, np.array([2.0]), np.float64),
        (np.float16, np.float32(2), np.float32),
        (np.float32, np.array([2], np.int64), np.float64), (np.float32, np.array([2], np.int8), np.float32),
        (np.int64, 2.5, np.float64), (np.int32, 2, np.int32), (np.uint8, 2, np.uint8), (np.int8, np.int64(2), np.int64),
        (bool, 2, np.int64), (bool, True, np.bool_),
    ],
    ids=repr,
)  # fmt: skip
def test_dtypes_are_promoted_as_numpy_does_and_python_numbers_are_weak(dtype, other, result):
    x = Tensor(np.array([1, 2], dtype))
    for function in (operator.add, operator.mul):
        assert function(x, other).dtype == function(other, x).dtype == result
    single = Tensor(np.array(1, dtype))
    assert (single * other).dtype == result


# Manners of a number -----------------------------------------------------------------------------------


def test_a_single_number_converts_to_python():
    assert (float(Tensor(2.5)), int(Tensor(2.5)), bool(Tensor(0.0)), bool(Tensor([1.0])), Tensor([2.5]).item()) == (
        2.5,
        2,
        False,
        True,
        2.5,
    )
    assert type(Tensor(2.5).item()) is float
    assert type(Tensor(2).item()) is int
    assert ["a", "b", "c"][Tensor(1)] == "b"
    assert list(range(Tensor(3))) == [0, 1, 2]


def test_what_is_not_a_single_number_does_not_convert():
    with pytest.raises(ValueError, match="ambiguous"):
        bool(Tensor([1.0, 2.0]))
    with pytest.raises(ValueError):
        Tensor([1.0, 2.0]).item()
    with pytest.raises(TypeError):
        float(Tensor([1.0, 2.0]))
    with pytest.raises(TypeError):
        len(Tensor(1.0))
    with pytest.raises(TypeError):
        iter(Tensor(1.0))


@pytest.mark.parametrize("x", [Tensor(1.0), Tensor(1.5), Tensor([1, 2]), Tensor([1.0])], ids=repr)
def test_only_a_whole_number_is_an_index(x):
    with pytest.raises(TypeError):
        operator.index(x)


def test_formats():
    assert f"{Tensor(2.0):.3f} {Tensor(3):d} {Tensor(0.5):>6.1f} {Tensor(1e-5):.1e}" == "2.000 3    0.5 1.0e-05"
    assert f"{Tensor(1.5)} {Tensor([1.5, 2.0])}" == "1.5 [1.5 2. ]"
    assert f"{Tensor([1.0, 2.25]):.2f}" == "[1.00 2.25]"
    assert (str(Tensor([1.0, 2.0])), str(Tensor(2.0))) == ("[1. 2.]", "2.0")


def test_repr_shows_numbers_dtype_and_the_op():
    assert repr(Tensor([1.0, 2.0])) == "Tensor([1., 2.], dtype=float64)"
    assert repr(Tensor([1.0, 2.0]) * 2) == "Tensor([2., 4.], dtype=float64, op=multiply)"
    assert repr(Tensor(True)) == "Tensor(True, dtype=bool)"
    assert repr(Tensor(np.ones((2, 2), np.float32))) == "Tensor([[1., 1.],\n        [1., 1.]], dtype=float32)"


def test_tensors_are_keys_by_identity():
    x, y = Tensor([1.0, 2.0]), Tensor([1.0, 2.0])
    names = {x: "x", y: "y"}
    assert (names[x], names[y], len({x, y, x})) == ("x", "y", 2)


# Copies ------------------------------------------------------------------------------------------------


def test_detach_shares_the_numbers_and_cuts_the_graph():
    x = Tensor([1.0, 2.0])
    d = (x * 2).detach()
    assert (d.requires_grad, d.tolist()) == (False, [2.0, 4.0])
    assert np.shares_memory(x.detach().array, x.array)
    (x * x.detach()).sum().backward()
    assert x.grad.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))], ids=["deepcopy", "pickle"])
def test_a_copy_is_a_leaf_of_its_own_with_the_same_numbers(duplicate):
    x = Tensor(np.array([1.0, 2.0], np.float32))
    for original in (x, x * 2, Tensor([1, 2]), Tensor(1.5), Tensor(True), Tensor([1.0], requires_grad=False)):
        twin = duplicate(original)
        assert type(twin) is Tensor
        assert (twin.dtype, twin.shape, twin.tolist()) == (original.dtype, original.shape, original.tolist())
        assert twin.requires_grad == original.requires_grad
        assert twin.is_leaf
        assert not original.shape or not np.shares_memory(twin.array, original.array)


def test_a_deepcopy_keeps_shared_tensors_shared():
    x = Tensor([1.0])
    a, b = copy.deepcopy([x, x])
    assert a is b
    assert a is not x


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))], ids=["deepcopy", "pickle"])
def test_a_copy_of_a_variable_is_a_variable_of_the_same_name(duplicate):
    v = Variable([1.0, 2.0], name="kernel", trainable=False)
    twin = duplicate(v)
    assert type(twin) is Variable
    assert (twin.name, twin.trainable, twin.requires_grad, twin.tolist()) == ("kernel", False, False, [1.0, 2.0])
    assert not np.shares_memory(twin.array, v.array)


def test_the_last_value_of_a_deep_graph_is_copied_and_shown_without_recursion():
    x = Tensor(0.0)
    for _ in range(50_000):
        x = x + 1
    assert repr(x) == "Tensor(50000., dtype=float64, op=add)"
    assert pickle.loads(pickle.dumps(x)).item() == copy.deepcopy(x).item() == 50_000.0


def test_astype_to_another_float_passes_the_gradient_back_in_the_old_dtype():
    x = Tensor([1.5, 2.5])
    y = x.astype(np.float32)
    assert y.dtype == np.float32
    (y * y).sum().backward()
    assert (x.grad.dtype, x.grad.tolist()) == (np.float64, [3.0, 5.0])


@pytest.mark.parametrize("dtype", [int, np.int8, bool, "int32"])
def test_astype_to_whole_numbers_has_no_gradient(dtype):
    y = Tensor([1.5, 0.0]).astype(dtype)
    assert (y.dtype, y.requires_grad) == (np.dtype(dtype), False)
    assert y.tolist() == np.array([1.5, 0.0]).astype(dtype).tolist()
    assert y.astype(float).requires_grad is False


@pytest.mark.parametrize("dtype", [complex, str, object, "M8[s]"])
def test_astype_to_anything_but_real_numbers_is_refused(dtype):
    with pytest.raises(TypeError):
        Tensor([1.0]).astype(dtype)


# Shapes ------------------------------------------------------------------------------------------------


BLOCK = np.arange(24.0).reshape(2, 3, 4)


METHODS = [
    lambda x: x.T, lambda x: x.mT, lambda x: x.flatten(), lambda x: x.squeeze(), lambda x: x[:1].squeeze(0),
    lambda x: x.reshape(4, 6), lambda x: x.reshape((4, -1)), lambda x: x.reshape(-1), lambda x: x.reshape([24]),
    lambda x: x.transpose(), lambda x: x.transpose(2, 0, 1), lambda x: x.transpose((1, 0, 2)), lambda x: x.transpose(0, -1, 1),
    lambda x: x.transpose(None), lambda x: x.sum(-1), lambda x: x.mean((0, 2), keepdims=True), lambda x: x.max(1),
    lambda x: x.min(), lambda x: x.clip(3, 7),
]  # fmt: skip


@pytest.mark.parametrize("method", METHODS, ids=range(len(METHODS)))
def test_a_method_does_what_numpys_does_and_passes_gradients_back_to_where_the_numbers_came_from(method):
    x = Tensor(BLOCK)
    y, expected = method(x), method(BLOCK)
    assert y.shape == expected.shape
    np.testing.assert_array_equal(y.array, expected)
    g = np.arange(1.0, 1 + y.size).reshape(y.shape)
    y.backward(g)
    step = 2.0**-20
    for index in ((0, 0, 0), (0, 2, 1), (1, 2, 3)):
        moved = BLOCK.copy()
        moved[index] += step
        assert x.grad.array[index] == pytest.approx(np.sum(g * (method(moved) - expected)) / step, abs=1e-6)


@pytest.mark.parametrize("name", ["argmax", "argmin", "any", "all"])
def test_positions_and_truths_have_no_gradient(name):
    y = getattr(Tensor(BLOCK), name)(axis=1)
    assert not y.requires_grad
    np.testing.assert_array_equal(y.array, getattr(BLOCK, name)(axis=1))


@pytest.mark.parametrize(("left", "right"), [((3,), (3,)), ((3,), (3, 2)), ((2, 3), (3,)), ((2, 3), (3, 2)), ((3,), (4, 3, 2))])
def test_a_matrix_product_of_vectors_and_stacks_is_numpys(left, right):
    a, b = np.arange(np.prod(left), dtype=float).reshape(left), np.arange(np.prod(right), dtype=float).reshape(right)
    for product in (Tensor(a) @ Tensor(b), a @ Tensor(b), Tensor(a) @ b):
        assert product.requires_grad
        assert product.shape == (a @ b).shape
        np.testing.assert_allclose(product.array, a @ b)


def test_a_variable_is_a_named_tensor_that_may_be_frozen():
    kernel, count = Variable([1.0, 2.0], name="kernel"), Variable(0.0, name="count", trainable=False)
    assert (kernel.requires_grad, count.requires_grad) == (True, False)
    assert repr(kernel) == "<Variable kernel (2,) float64>"
    loss = (kernel * 3).sum() + count
    assert gradients(loss, [kernel])[0].tolist() == [3.0, 3.0]
    assert isinstance(count.array, np.ndarray)


def test_methods_are_the_ops():
    assert Tensor.exp is ops.exp
    assert Tensor.__add__ is ops.add
