"""Public functions that are made of ops: they equal NumPy's, take what NumPy's take, and pass gradients on."""

import inspect

import numpy as np
import pytest
from samples import distinct, normal, positive_definite, real, regular

from tinygrad_edu import Tensor, ops
from tinygrad_edu.ops import registry
from tinygrad_edu.testing import check_gradients


def unstack(x, axis=0):
    return tuple(np.moveaxis(x, axis, 0))


def set_at(x, key, value):
    out = np.array(x)
    out[key] = value
    return out


def set_along_axis(x, indices, values, axis=-1):
    out = np.array(x)
    np.put_along_axis(out, indices, values, axis)
    return out


def topk(x, k, axis=-1, largest=True):
    order = np.take(np.argsort(-x if largest else x, axis), range(k), axis)
    return np.take_along_axis(x, order, axis), order


def slogdet(a):
    return np.sign(np.linalg.det(a)), np.log(np.abs(np.linalg.det(a)))


X, CUBE, VECTOR, ROW = (2, 3), (2, 3, 4), (3,), (4, 3)
KEYS = [(slice(None), 1), [0, 0], (slice(0, 1), [2, 0])]



def on(*arrays):
    """A call on arrays, or on some of these shapes: on(X)(0, axis=1)."""
    return lambda *args, **params: (arrays, args, params)


A, B = (regular(np.random.default_rng(n), (n, n)) for n in (3, 2))

# fmt: off
COMPOSITIONS = {  # name: oracle, calls
    "matmul":      (np.matmul,      [on(X, VECTOR)(), on(VECTOR, VECTOR)()]),
    "concatenate": (None,           []),  # of lists: in test_ops.py
    "stack":       (None,           []),
    "hstack":      (None,           []),  # below
    "vstack":      (None,           []),
    "permute":     (np.transpose,   [on(CUBE)((2, 0, 1))]),
    "swapaxes":    (np.swapaxes,    [on(CUBE)(0, -1), on(X)(1, 1), on(CUBE)(axis1=1, axis2=0)]),
    "moveaxis":    (np.moveaxis,    [on(CUBE)(0, -1), on(CUBE)((0, 1), (-1, 0)), on(CUBE)(-1, 0)]),
    "ravel":       (np.ravel,       [on(CUBE)(), on(())(), on((0, 2))()]),
    "repeat":      (np.repeat,      [on(X)(2), on(X)(2, 1), on(X)([0, 2, 1], axis=-1), on(())(3)]),
    "tile":        (np.tile,        [on(X)(2), on(X)((2, 1)), on(VECTOR)((2, 1, 2)), on(())(2), on(X)((0, 1))]),
    "split":       (np.split,       [on(ROW)(2), on(ROW)(3, axis=1), on(ROW)([1, 3], axis=-2), on(ROW)([2, -1])]),
    "array_split": (np.array_split, [on(ROW)(3), on(ROW)(2, 1), on(VECTOR)(4), on(ROW)([1, 1])]),
    "unstack":     (unstack,        [on(X)(), on(CUBE)(axis=-1), on((0, 2))()]),
    "pad":         (np.pad,         [on(X)(1), on(X)(((1, 0), (0, 2)), "edge"), on(X)((0, 1), "reflect"),
                                     on(VECTOR)(2, mode="wrap"), on(VECTOR)(4, mode="symmetric"),
                                     on(X)((1, 2), constant_values=7.0)]),
    "triu":        (np.triu,        [on(ROW)(), on(CUBE)(1), on(X)(-1), on(X)(k=5)]),
    "tril":        (np.tril,        [on(ROW)(), on(CUBE)(1), on(X)(-1), on(X)(k=5)]),
    "diagonal":    (np.diagonal,    [on(ROW)(), on(CUBE)(1, 0, 2), on(ROW)(-2), on(ROW)(9)]),
    "diag":        (np.diag,        [on(ROW)(), on(VECTOR)(), on(VECTOR)(-1), on(ROW)(1), on((0,))(2)]),
    "trace":       (np.trace,       [on(ROW)(), on(CUBE)(1, axis1=1, axis2=2), on((0, 2))()]),
    "take":        (np.take,        [on(X)(np.array([4, 0, 4])), on(CUBE)([[0, -1], [2, 2]], axis=1), on(X)(1, 0),
                                     on(X)(2, axis=-1)]),
    "set_at":      (set_at,         [*(on(X, X)(key=key) for key in (..., (), slice(None))),
                                     *(on(X, ())(key=key) for key in KEYS)]),
    "set_along_axis": (set_along_axis, [on(X)(np.array([[0], [2]]), np.array([[5.0], [6.0]])),
                                        on(X)(np.array([[1, 0, 1]]), np.array([[5.0, 6.0, 7.0]]), 0)]),
    "sort":        (np.sort,        [on(X)(), on(CUBE)(1), on(X)(None), on((0, 3))(), on(X)(kind="stable")]),
    "topk":        (topk,           [on(X)(2), on(CUBE)(1, axis=0, largest=False)]),
    "median":      (np.median,      [on(X)(), on(CUBE)(axis=1), on(CUBE)(2, keepdims=True), on(VECTOR)(keepdims=True)]),
    "norm":        (np.linalg.norm, [on(X)(), on(X)(1, 0), on(X)(np.inf, 1), on(X)(-np.inf, axis=0, keepdims=True), on(X)(2, -1),
                                     on(X)(axis=(0, 1), keepdims=True), on(VECTOR)(1), on(VECTOR)(2)]),
    "einsum":      (np.einsum,      []),  # its subscripts come first: below
    "tensordot":   (np.tensordot,   [on(CUBE, ROW)(axes=([2, 1], [0, 1])), on(X, VECTOR)(1), on(X, ROW)(0), on(X, ROW)((1, -1))]),
    "dot":         (np.dot,         [on(X, VECTOR)(), on(VECTOR, VECTOR)(), on((), X)(), on(X, (3, 2))(), on(X, (2, 3, 4))(),
                                     on(CUBE, (4,))()]),
    "vdot":        (np.vdot,        [on(X, (3, 2))(), on(VECTOR, VECTOR)()]),
    "inner":       (np.inner,       [on(X, ROW)(), on(VECTOR, X)(), on((), X)()]),
    "outer":       (np.outer,       [on(VECTOR, X)(), on((), VECTOR)()]),
    "normalize":   (normal,         [on(X)(), on(CUBE)(2.0, -1.0, 1), on(X, (3,), ())(epsilon=0.1), on(X)(axis=(0, 1))]),
    "solve":       (np.linalg.solve, [on(A, VECTOR)(), on(B, X)()]),
    "slogdet":     (slogdet,        [on(A)(), on(-A)(), on(B)()]),
}
# fmt: on

CALLS = [
    pytest.param(name, oracle, *call, id=f"{name}-{n}")
    for name, (oracle, calls) in COMPOSITIONS.items()
    for n, call in enumerate(calls)
]
each_call = pytest.mark.parametrize(("name", "oracle", "shapes", "args", "params"), CALLS)


def arrays_of(shapes):
    random = np.random.default_rng(3)
    return [shape if isinstance(shape, np.ndarray) else np.asarray(distinct(random, shape)) for shape in shapes]


def call(function, arrays, args, params):
    """`function` with its arrays where they stand: set_at has its key in between."""
    if "key" in params:
        return function(arrays[0], params["key"], arrays[1])
    return function(*arrays, *args, **params)


def as_list(x):
    return list(x) if isinstance(x, (list, tuple)) else [x]


def test_every_public_function_that_is_no_op_has_a_line_here():
    functions = {name for name in ops.__all__ if inspect.isfunction(getattr(ops, name)) and name not in registry}
    assert functions - {"op", "elementwise", "unary", "binary"} == set(COMPOSITIONS)


@each_call
def test_the_value_is_numpys(name, oracle, shapes, args, params):
    arrays = arrays_of(shapes)
    got = as_list(call(getattr(ops, name), list(map(Tensor, arrays)), args, params))
    expected = as_list(call(oracle, arrays, args, params))
    assert len(got) == len(expected)
    for g, e in zip(got, expected):
        assert isinstance(g, Tensor)
        assert g.shape == np.shape(e)
        np.testing.assert_allclose(g.array, e, rtol=1e-13)


@each_call
def test_arrays_and_lists_give_arrays(name, oracle, shapes, args, params):
    arrays = arrays_of(shapes)
    expected = as_list(call(oracle, arrays, args, params))
    for inputs in (arrays, [x.tolist() if x.size else x for x in arrays]):
        for g, e in zip(as_list(call(getattr(ops, name), inputs, args, params)), expected):
            assert isinstance(g, (np.ndarray, np.generic, float))
            np.testing.assert_allclose(g, e, rtol=1e-13)


@each_call
def test_gradients_of_order_1_and_2_are_the_slopes(name, oracle, shapes, args, params):
    def function(*inputs):
        outs = call(getattr(ops, name), inputs, args, params)
        return [out for out in as_list(outs) if out.dtype.kind == "f"] if isinstance(outs, (list, tuple)) else outs

    check_gradients(function, *arrays_of(shapes))


@each_call
def test_a_smaller_dtype_is_kept(name, oracle, shapes, args, params):
    arrays = [x.astype(np.float32) for x in arrays_of(shapes)]
    for out in as_list(call(getattr(ops, name), list(map(Tensor, arrays)), args, params)):
        assert out.dtype in (np.float32, np.int64)


@pytest.mark.parametrize("name", [name for name in COMPOSITIONS if getattr(np, name, None) is COMPOSITIONS[name][0]])
def test_numpys_function_of_the_same_name_is_recorded(name):
    for shapes, args, params in COMPOSITIONS[name][1]:
        tensors = list(map(Tensor, arrays_of(shapes)))
        found = as_list(getattr(np, name)(*tensors, *args, **params))
        assert all(isinstance(out, Tensor) for out in found)
        assert any(out.requires_grad for out in found)


METHODS = [
    ("var", (), {"axis": 1, "ddof": 1}), ("std", (0,), {}), ("prod", (1,), {}), ("cumsum", (0,), {}), ("cumprod", (1,), {}),
    ("argsort", (0,), {}), ("swapaxes", (0, 1), {}), ("repeat", (2, 1), {}), ("take", ([1, 0], 1), {}), ("diagonal", (1,), {}),
    ("trace", (), {}), ("dot", (np.arange(3.0),), {}), ("round", (1,), {}), ("ravel", (), {}), ("clip", (-0.1, 0.1), {}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "args", "params"), METHODS, ids=[method[0] for method in METHODS])
def test_methods_of_numpys_arrays_are_methods_of_tensors(name, args, params):
    x = arrays_of([X])[0]
    expected = getattr(x, name)(*args, **params)
    got = getattr(Tensor(x), name)(*args, **params)
    assert isinstance(got, Tensor)
    np.testing.assert_allclose(got.array, expected, rtol=1e-14)
    np.testing.assert_allclose(getattr(np, name)(Tensor(x), *args, **params).array, expected, rtol=1e-14)


def test_sort_gives_a_new_tensor():
    x = Tensor([3.0, 1.0, 2.0])
    assert x.sort().tolist() == [1.0, 2.0, 3.0]
    assert x.tolist() == [3.0, 1.0, 2.0]


def test_python_rounds_tensors():
    assert round(Tensor([1.26, -0.5]), 1).tolist() == [1.3, -0.5]
    assert round(Tensor(2.5)).item() == 2.0


EINSUMS = [
    ("ij,jk", [X, ROW[::-1]]), ("ij,jk->ki", [X, ROW[::-1]]), ("ii", [(3, 3)]), ("ii->i", [(3, 3)]), ("ij->ji", [X]), ("ba", [X]),
    ("i,i->", [VECTOR, VECTOR]), ("...ij,...jk->...ik", [(2, 2, 3), (3, 2)]), ("...i,...i", [(2, 1, 3), (4, 3)]), ("...", [X]),
    ("b...->...", [CUBE]), ("iij->j", [(2, 2, 3)]), ("i,j,k", [(2,), (3,), (2,)]), (" i j , j -> i ", [X, VECTOR]),
    ("i->", [(0,)]),
    ("ij,ij->j", [(1, 3), (2, 3)]), (",i", [(), VECTOR]), ("...i->...", [VECTOR]), ("iii->", [(2, 2, 2)]),
]  # fmt: skip


@pytest.mark.parametrize(("subscripts", "shapes"), EINSUMS, ids=[case[0] for case in EINSUMS])
def test_einsum_is_numpys(subscripts, shapes):
    random = np.random.default_rng(2)
    arrays = [np.asarray(real(random, shape)) for shape in shapes]
    expected = np.einsum(subscripts, *arrays)
    for function in (ops.einsum, np.einsum):
        got = function(subscripts, *map(Tensor, arrays))
        assert got.shape == expected.shape
        np.testing.assert_allclose(got.array, expected, rtol=1e-13)
    check_gradients(lambda *xs: ops.einsum(subscripts, *xs), *arrays)


@pytest.mark.parametrize("name", ["hstack", "vstack"])
@pytest.mark.parametrize("shapes", [[X, X], [VECTOR, VECTOR], [(), ()], [CUBE, CUBE]], ids=repr)
def test_stacks_are_numpys(name, shapes):
    arrays = arrays_of(shapes)
    expected = getattr(np, name)(arrays)
    assert np.array_equal(getattr(ops, name)(list(map(Tensor, arrays))).array, expected)
    assert np.array_equal(getattr(np, name)(list(map(Tensor, arrays))).array, expected)
    check_gradients(lambda *xs: getattr(ops, name)(xs), *arrays)


WRONG = [
    ("split", lambda x: ops.split(x, 2, axis=1), ValueError, "split expects a number of parts that divides the length 3"),
    ("pad", lambda x: ops.pad(x, 1, "mirror"), ValueError, "pad expects mode 'constant', .* got 'mirror'"),
    ("norm", lambda x: ops.norm(x, ord=3), ValueError, "norm expects ord 1, 2, inf or -inf, got 3"),
    ("norm of a matrix", lambda x: ops.norm(x, ord=2), ValueError, r"norm expects one axis for ord=2 .* shape \(2, 3\)"),
    ("diag", lambda x: ops.diag(x[0, 0]), ValueError, "diag expects a vector or a matrix, got shape"),
    ("topk", lambda x: ops.topk(x, 4), ValueError, "topk expects k between 0 and the length 3 of axis -1, got 4"),
    ("einsum", lambda x: ops.einsum("ij,jk", x), ValueError, "einsum expects 2 arrays for 'ij,jk', got 1"),
    ("einsum of lists", lambda x: ops.einsum(x, [0, 1]), TypeError, "einsum expects subscripts such as 'ij,jk->ik' first"),
    ("tensordot", lambda x: ops.tensordot(x, x, 1), ValueError, "tensordot expects axes of equal length, got 3"),
    ("moveaxis", lambda x: ops.moveaxis(x, (0, 1), 0), ValueError, "moveaxis expects as many destinations as sources"),
    ("recurrence", lambda x: ops.linear_recurrence(x, x[0]), ValueError, "linear_recurrence expects a and b of one shape"),
    ("take", lambda x: ops.take(x, 3, axis=1), IndexError, "index 3 is out of bounds"),
    ("inv", lambda x: ops.inv(x @ x.T * 0), np.linalg.LinAlgError, "Singular"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "function", "error", "words"), WRONG, ids=[case[0] for case in WRONG])
def test_a_wrong_call_is_refused_in_words(what, function, error, words):
    with pytest.raises(error, match=words):
        function(Tensor(arrays_of([X])[0]))


def test_cholesky_reads_the_symmetric_part_and_gives_it_a_symmetric_gradient():
    a = Tensor(positive_definite(np.random.default_rng(0), (3, 3)))
    ops.cholesky(a).sum().backward()
    np.testing.assert_allclose(a.grad.array, a.grad.array.T, rtol=1e-14)
    skew = np.triu(np.ones((3, 3)), 1) - np.tril(np.ones((3, 3)), -1)
    np.testing.assert_allclose(ops.cholesky(a + skew).array, ops.cholesky(a).array, rtol=1e-14)


def test_indices_may_be_tensors():
    x = Tensor([[3.0, 1.0, 2.0]])
    order = x.argsort()
    assert ops.take_along_axis(x, order).tolist() == [[1.0, 2.0, 3.0]]
    assert np.take_along_axis(x, order, -1).tolist() == [[1.0, 2.0, 3.0]]
    taken = ops.take(x, order[0])
    assert taken.tolist() == [1.0, 2.0, 3.0]
    assert taken.node.inputs[1].node is None  # an input and no parameter: a step that is run again takes by new indices
    assert ops.set_at(x, (0, order[0]), [10.0, 20.0, 30.0]).tolist() == [[30.0, 10.0, 20.0]]


def test_a_key_may_be_changed_after_it_was_used():
    x, key = Tensor([1.0, 2.0, 3.0]), np.array([0, 1])
    y = ops.set_at(x, key, Tensor([5.0, 6.0])).sum() + ops.take(x, key).sum()
    key[:] = 2
    y.backward()
    assert x.grad.tolist() == [1.0, 1.0, 1.0]


def test_long_recurrences_and_products_do_not_recurse():
    x = Tensor(np.full(10_000, 0.5))
    ops.cumprod(x).sum().backward()
    assert x.grad.array[0] == pytest.approx(2.0)
    y = Tensor(np.ones(100_000))
    y.prod().backward()
    assert (y.grad.array == 1).all()
