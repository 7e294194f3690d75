"""Public functions that are made of ops: they equal NumPy's, take what NumPy's take, and pass gradients on."""

import numpy as np
import pytest
from samples import distinct, normal, positive_definite, real, regular, spread, symmetric

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
WEIGHTS = np.array([0.7, 1.6, 4.1])
S, WIDE = symmetric(np.random.default_rng(4), (3, 3)), spread(np.random.default_rng(5), (2, 3))

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
    "tril":        (np.tril,        [on(ROW)(), on(VECTOR)(), on(CUBE)(1), on(X)(-1), on(X)(k=5)]),
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
                                     on(X)(axis=(0, 1), keepdims=True), on(VECTOR)(1), on(VECTOR)(2), on(CUBE)(1, (0, 2)),
                                     on(CUBE)("fro", (2, 0), keepdims=True)]),
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
    "eigh":        (np.linalg.eigh, [on(S)(), on(S)("U")]),
    "eigvalsh":    (np.linalg.eigvalsh, [on(S)(), on(S)(UPLO="U")]),
    "svd":         (np.linalg.svd,  [on(A)(), on(WIDE)(full_matrices=False), on(WIDE.T)(False), on(WIDE)(compute_uv=False)]),
    "svdvals":     (np.linalg.svdvals, [on(A)(), on(WIDE)()]),
    "qr":          (np.linalg.qr,   [on(A)(), on(WIDE.T)()]),
    "matrix_power": (np.linalg.matrix_power, [on(A)(3), on(A)(1), on(A)(-2), on(A)(0)]),
    "multi_dot":   (None,           []),  # of lists: below
    "vecdot":      (np.linalg.vecdot, [on(X, VECTOR)(), on(CUBE, CUBE)(axis=0)]),
    "cross":       (np.cross,       [on((2, 3), (2, 3))(), on((3, 2), (3, 2))(0, 0, 0), on((3, 2), (3, 2))(axis=0),
                                     on(VECTOR, (2, 3))()]),
    "kron":        (np.kron,        [on(X, ROW)(), on(VECTOR, X)(), on((), X)()]),
    "vector_norm": (np.linalg.vector_norm, [on(X)(), on(X)(axis=1, ord=3), on(X)(axis=0, keepdims=True, ord=1),
                                            on(X)(ord=np.inf)]),
    "matrix_norm": (np.linalg.matrix_norm, [on(A)(), on(WIDE)(ord="nuc"), on(WIDE)(ord=2), on(A)(ord=-2),
                                            on(A)(ord=1, keepdims=True), on(WIDE)(ord=-1), on(WIDE)(ord=-np.inf)]),
    "hard_silu":   (lambda x: x * np.clip(x / 6 + 0.5, 0, 1), [on(WEIGHTS)()]),
    "hard_tanh":   (lambda x: np.clip(x, -1, 1), [on(WEIGHTS)()]),
    "fmax":        (np.fmax,        [on(X, VECTOR)(), on((), ())()]),
    "fmin":        (np.fmin,        [on(X, VECTOR)(), on((), ())()]),
    "divmod":      (np.divmod,      [on(X, WEIGHTS)()]),
    "modf":        (np.modf,        [on(X)()]),
    "real":        (np.real,        [on(X)()]),
    "broadcast_arrays": (np.broadcast_arrays, [on(X, VECTOR)(), on((2, 1), (1, 3), ())()]),
    "meshgrid":    (np.meshgrid,    [on(VECTOR, (2,))(), on(VECTOR, (2,), (4,))(indexing="ij"), on(VECTOR)(),
                                     on(VECTOR, (2,), (4,))()]),
    "atleast_1d":  (np.atleast_1d,  [on(())(), on((), X)()]),
    "atleast_2d":  (np.atleast_2d,  [on(())(), on(VECTOR, CUBE)()]),
    "atleast_3d":  (np.atleast_3d,  [on(())(), on(VECTOR, X, CUBE)()]),
    "column_stack": (None,          []),  # of lists: below
    "dstack":      (None,           []),
    "hsplit":      (np.hsplit,      [on(ROW)(3), on(VECTOR)([1])]),
    "vsplit":      (np.vsplit,      [on(ROW)(2)]),
    "dsplit":      (np.dsplit,      [on(CUBE)(2)]),
    "append":      (np.append,      [on(X, VECTOR)(), on(X, ROW)(axis=0)]),
    "insert":      (np.insert,      [on(X)(1, 7.0, axis=1), on(X)(0, 7.0), on(X)(-1, [1.0, 2.0, 3.0], 0), on(X)(2, 7.0, axis=0)]),
    "delete":      (np.delete,      [on(X)(1, axis=1), on(X)([0, -1]), on(CUBE)(slice(1, 3), 2)]),
    "flipud":      (np.flipud,      [on(X)()]),
    "fliplr":      (np.fliplr,      [on(X)()]),
    "rot90":       (np.rot90,       [on(X)(), on(X)(2), on(X)(-1), on(X)(4), on(CUBE)(1, (2, 0))]),
    "rollaxis":    (np.rollaxis,    [on(CUBE)(2), on(CUBE)(0, 2), on(CUBE)(-1, 1), on(CUBE)(1, -1)]),
    "select":      (None,           []),  # of lists: below
    "compress":    (None,           []),  # its condition comes first: below
    "ptp":         (np.ptp,         [on(X)(), on(X)(1), on(X)(axis=0, keepdims=True)]),
    "average":     (np.average,     [on(X)(), on(VECTOR)(weights=[1.0, 2.0, 5.0]), on(X)(1, [1.0, 2.0, 5.0]),
                                     on(X)(0, weights=[3.0, 1.0], keepdims=True)]),
    "quantile":    (np.quantile,    [on(X)(0.3), on(X)([0.25, 1.0], axis=1), on(CUBE)(0.9, axis=-1, keepdims=True),
                                     on(VECTOR)(0.0)]),
    "percentile":  (np.percentile,  [on(X)(30), on(X)([25, 100], 1)]),
    "cov":         (np.cov,         [on(ROW)(), on(ROW)(rowvar=False), on(VECTOR)(), on(ROW)(ddof=0),
                     on(np.array([[1.0, 2.5]]))()]),
    "corrcoef":    (np.corrcoef,    [on(X)(), on(ROW)(rowvar=False)]),
    "nansum":      (np.nansum,      [on(X)(), on(X)(1, keepdims=True)]),
    "nanprod":     (np.nanprod,     [on(X)(), on(X)(axis=1)]),
    "nanmax":      (np.nanmax,      [on(X)(), on(X)(axis=1)]),
    "nanmin":      (np.nanmin,      [on(X)(), on(X)(axis=1)]),
    "nanmean":     (np.nanmean,     [on(X)(), on(X)(axis=1)]),
    "nanvar":      (np.nanvar,      [on(X)(), on(X)(axis=1, ddof=1)]),
    "nanstd":      (np.nanstd,      [on(X)(), on(X)(axis=1, keepdims=True)]),
    "diff":        (np.diff,        [on(X)(), on(CUBE)(2), on(CUBE)(axis=0), on(X)(0), on(X)(prepend=0.0),
                     on(X)(2, append=[[1.0], [2.0]]), on(X)(axis=0, append=[[1.0, 2.0, 4.0]])]),
    "gradient":    (np.gradient,    [on(CUBE)(), on(X)(0.5), on(X)(0.5, 2.0), on(X)(axis=1), on(VECTOR)(),
                                     on(CUBE)(2.0, axis=(0, 2))]),
    "trapezoid":   (np.trapezoid,   [on(X)(), on(X)(dx=0.5, axis=0), on(X, VECTOR)(), on(X, X)()]),
    "linspace":    (np.linspace,    [on((), ())(), on(VECTOR, ())(4, axis=-1), on(VECTOR, VECTOR)(5, False)]),
    "interp":      (None,           []),  # not by all of its arrays: below
    "convolve":    (np.convolve,    [on((5,), VECTOR)(), on(VECTOR, (5,))("same"), on((5,), (2,))(mode="valid"),
                                     on((4,), (4,))("same")]),
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
    assert set(ops.functions) - set(registry) - set(ops.other_names) == set(COMPOSITIONS)


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


def test_einsum_takes_labels_as_lists_of_numbers():
    x, y = arrays_of([X, ROW])
    for labels in ([[0, 1]], []):
        expected = np.einsum(x, [0, 2], y, [1, 2], *labels)
        np.testing.assert_allclose(np.einsum(Tensor(x), [0, 2], Tensor(y), [1, 2], *labels).array, expected)
    np.testing.assert_allclose(ops.einsum(x, [..., 1], [1, ...]), x.T)


@pytest.mark.parametrize("name", ["hstack", "vstack", "dstack", "column_stack"])
@pytest.mark.parametrize("shapes", [[X, X], [VECTOR, VECTOR], [(), ()], [CUBE, CUBE]], ids=repr)
def test_stacks_are_numpys(name, shapes):
    arrays = arrays_of(shapes)
    expected = getattr(np, name)(arrays)
    assert np.array_equal(getattr(ops, name)(list(map(Tensor, arrays))).array, expected)
    assert np.array_equal(getattr(np, name)(list(map(Tensor, arrays))).array, expected)
    check_gradients(lambda *xs: getattr(ops, name)(xs), *arrays)


def test_a_product_of_many_matrices_is_numpys():
    arrays = arrays_of([VECTOR, (3, 2), (2, 4)])
    np.testing.assert_allclose(ops.multi_dot(list(map(Tensor, arrays))).array, np.linalg.multi_dot(arrays))
    check_gradients(lambda *xs: np.linalg.multi_dot(xs), *arrays)


def test_select_takes_the_first_choice_whose_condition_holds():
    x = arrays_of([X])[0]
    conditions, expected = [x > 0.1, x > -0.1], np.select([x > 0.1, x > -0.1], [x * 2, x * 3], 4.0)
    assert np.array_equal(ops.select(conditions, [Tensor(x) * 2, Tensor(x) * 3], 4.0).array, expected)
    check_gradients(lambda x: ops.select(conditions, [x * 2, x * 3], 4.0), x)


def test_compress_and_interp_are_numpys_and_pass_gradients_on():
    x, mask, places = arrays_of([X])[0], [True, False, True], [-0.3, 0.0, 0.11]
    assert np.array_equal(ops.compress(mask, Tensor(x), axis=1).array, np.compress(mask, x, axis=1))
    check_gradients(lambda x: ops.compress([False, True], x), x)
    heights = arrays_of([VECTOR])[0]
    np.testing.assert_allclose(np.interp(Tensor(x), places, Tensor(heights)).array, np.interp(x, places, heights))
    check_gradients(lambda x, heights: ops.interp(x, places, heights), x, heights)


WITH_NAN = np.array([[1.0, np.nan, 3.0], [np.nan, -2.0, 0.5]])


@pytest.mark.parametrize("name", ["nansum", "nanprod", "nanmax", "nanmin", "nanmean", "nanvar", "nanstd"])
def test_what_is_nan_is_passed_over_and_gets_no_gradient(name):
    for axis in (None, 0, 1):
        x = Tensor(WITH_NAN)
        out = getattr(np, name)(x, axis=axis)
        np.testing.assert_allclose(out.array, getattr(np, name)(WITH_NAN, axis=axis), rtol=1e-14)
        out.sum().backward()
        assert np.isfinite(x.grad.array).all()
        assert (x.grad.array[np.isnan(WITH_NAN)] == 0).all()


def test_fmax_and_fmin_take_the_other_one_where_one_is_nan():
    x, y = Tensor([np.nan, 1.0, 2.0]), Tensor([5.0, np.nan, 3.0])
    assert (np.fmax(x, y).tolist(), np.fmin(x, y).tolist()) == ([5.0, 1.0, 3.0], [5.0, 1.0, 2.0])
    np.fmax(x, y).sum().backward()
    assert (x.grad.tolist(), y.grad.tolist()) == ([0.0, 1.0, 0.0], [1.0, 0.0, 1.0])


WRONG = [
    ("split", lambda x: ops.split(x, 2, axis=1), ValueError, "split expects a number of parts that divides the length 3"),
    ("pad", lambda x: ops.pad(x, 1, "mirror"), ValueError, "pad expects mode 'constant', .* got 'mirror'"),
    ("norm of a matrix", lambda x: ops.norm(x, ord=3), ValueError, "norm expects ord 'fro', 'nuc', .* of matrices, got 3"),
    ("norm of vectors", lambda x: ops.norm(x, "fro", 1), ValueError, "norm expects a number for ord of vectors, got 'fro'"),
    ("norm of cubes", lambda x: ops.norm(x[None], 2), ValueError, r"norm expects one axis or two for ord=2 .* shape \(1, 2, 3\)"),
    ("svd", lambda x: ops.svd(x), ValueError, r"svd expects full_matrices=False .* got shape \(2, 3\)"),
    ("qr", lambda x: ops.qr(x), ValueError, r"qr expects mode 'reduced' and matrices that are not wider than high"),
    ("eigh", lambda x: ops.eigh(x @ x.T, "X"), ValueError, "eigh expects UPLO 'L' or 'U', got 'X'"),
    ("diff", lambda x: ops.diff(x, -1), ValueError, "diff expects n of 0 or more, got -1"),
    ("cov", lambda x: ops.cov(x[None]), ValueError, r"cov expects a vector or a matrix, got shape \(1, 2, 3\)"),
    ("gelu", lambda x: ops.gelu(x, "none"), ValueError, "gelu expects approximate=True or False, got 'none'"),
    ("rot90", lambda x: ops.rot90(x, axes=(1, -1)), ValueError, "repeated axis"),
    ("gradient twice", lambda x: ops.gradient(x, axis=(1, -1)), ValueError, "repeated axis"),
    ("cross", lambda x: ops.cross(x[:, :2], x[:, :2]), ValueError, "cross expects vectors of three numbers, got 2 and 2"),
    ("quantile", lambda x: ops.quantile(x, 30), ValueError, "quantile expects shares from 0 to 1, got 30"),
    ("gradient of one", lambda x: ops.gradient(x[0, :1]), ValueError, "two numbers at least along axis 0, got 1"),
    ("gradient", lambda x: ops.gradient(x, 1.0, 2.0, 3.0), TypeError, "gradient expects one distance or one for each of 2 axes"),
    ("gradient of one", lambda x: ops.gradient(x[:1]), ValueError, "gradient expects two numbers at least along axis 0, got 1"),
    ("meshgrid", lambda x: ops.meshgrid(x[0], indexing="yx"), ValueError, "meshgrid expects indexing 'xy' or 'ij'"),
    ("convolve", lambda x: ops.convolve(x[0], x[0], "all"), ValueError, "convolve expects mode 'full', 'same' or 'valid'"),
    ("convolve of matrices", lambda x: ops.convolve(x, x), ValueError, r"convolve expects two vectors, got shapes \(2, 3\)"),
    ("tril", lambda x: ops.tril(x[0, 0]), ValueError, "A triangle expects a matrix or a vector, got a single number"),
    ("select", lambda x: ops.select([x > 0], []), ValueError, "select expects as many choices as conditions, got 0 and 1"),
    ("interp", lambda x: ops.interp(x, [0.0], [1.0]), ValueError, "interp expects two points at least, got 1"),
    ("diag", lambda x: ops.diag(x[0, 0]), ValueError, "diag expects a vector or a matrix, got shape"),
    ("topk", lambda x: ops.topk(x, 4), ValueError, "topk expects k between 0 and the length 3 of axis -1, got 4"),
    ("einsum", lambda x: ops.einsum("ij,jk", x), ValueError, "einsum expects 2 arrays for 'ij,jk', got 1"),
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


@pytest.mark.parametrize(
    "function",
    [
        lambda x: ops.repeat(x, 2, axis=2), lambda x: ops.array_split(x, 2, axis=-3), lambda x: ops.unstack(x, axis=2),
        lambda x: ops.delete(x, 0, axis=2), lambda x: ops.compress([True], x, axis=5), lambda x: ops.median(x, axis=2),
        lambda x: ops.quantile(x, 0.5, axis=-3), lambda x: ops.average(x, 2, [1.0, 2.0, 3.0]),
        lambda x: ops.tensordot(x, x, (3, 3)),
    ],
)  # fmt: skip
def test_an_axis_that_there_is_not_is_refused_and_not_counted_round(function):
    with pytest.raises(np.exceptions.AxisError, match="out of bounds"):
        function(Tensor(arrays_of([X])[0]))


def test_a_single_number_has_no_axis_and_reduces_over_the_first_as_numpys_do():
    for name in ("sum", "prod", "max"):
        x = Tensor(3.0)
        getattr(ops, name)(x, axis=0).backward()
        assert x.grad.item() == 1.0


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


@pytest.mark.parametrize(
    ("of", "value", "expected"),
    [
        (np.bool_, np.int8, np.int8),
        (np.uint8, np.int8, np.int16),
        (np.int64, np.float32, np.float64),
        (np.float32, np.float64, np.float32),
        (np.float32, np.int64, np.float32),
    ],
)
def test_set_at_widens_whole_numbers_and_truth_values_for_what_comes_and_never_floats(of, value, expected):
    got = ops.set_at(np.ones(2, of), 0, np.full((), 3, value))
    assert (got.dtype, got.tolist()) == (expected, [3, 1])


def as_list_in_a_tuple(places):
    return ([*places],)


@pytest.mark.parametrize("make", [np.array, list, as_list_in_a_tuple], ids=["array", "list", "tuple"])
@pytest.mark.parametrize(
    "use",
    [
        lambda x, key: ops.set_at(x, key, Tensor([5.0, 6.0])), lambda x, key: ops.getitem(x, key=key), lambda x, key: x[key],
        lambda x, key: ops.scatter_add(x[:2] * 2, shape=(3,), key=key),
    ],
    ids=["set_at", "getitem", "x[key]", "scatter_add"],
)  # fmt: skip
def test_a_key_may_be_changed_after_it_was_used(make, use):
    found = []
    for changed in (False, True):
        x, key = Tensor([1.0, 2.0, 3.0]), make([0, 1])
        y = (use(x, key) * np.arange(1.0, 4.0)[: len(use(x, key))]).sum()
        if changed:
            (key[0] if isinstance(key, tuple) else key)[:] = [2, 2]
        y.backward()
        found.append(x.grad.tolist())
    assert found[0] == found[1]


def test_indices_that_were_taken_may_be_changed():
    x, key = Tensor([1.0, 2.0, 3.0]), np.array([0, 1])
    y = ops.take(x, key).sum()
    key[:] = 2
    y.backward()
    assert x.grad.tolist() == [1.0, 1.0, 0.0]


def test_a_matrix_times_its_adjugate_is_its_determinant_in_batches_too():
    """Of three rows: singular vectors of two are often their own transposes, which hides a swap of the wrong axes."""
    a = regular(np.random.default_rng(0), (2, 3, 3))
    np.testing.assert_allclose(a @ ops.adjugate(a), ops.det(a)[:, None, None] * np.eye(3), atol=1e-12)


def test_long_recurrences_and_products_do_not_recurse():
    x = Tensor(np.full(10_000, 0.5))
    ops.cumprod(x).sum().backward()
    assert x.grad.array[0] == pytest.approx(2.0)
    y = Tensor(np.ones(100_000))
    y.prod().backward()
    assert (y.grad.array == 1).all()
