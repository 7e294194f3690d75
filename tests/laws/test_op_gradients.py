"""Laws about the gradient rules of every registered op."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from samples import DIFFERENTIABLE, real
from test_op_values import LAYOUTS, SMALLER, assert_close, assert_same, read_only

from tinygrad_edu import ops
from tinygrad_edu.backward import sum_to
from tinygrad_edu.testing import check_gradients

each_case = pytest.mark.parametrize("case", DIFFERENTIABLE)
ELEMENTWISE = [case for case in DIFFERENTIABLE if case.values[0].op.formula and len(case.values[0].arrays) > 1]


@each_case
def test_gradients_of_order_1_and_2_are_the_slopes(case):
    check_gradients(lambda *inputs: case(*inputs), *case.arrays)


@each_case
def test_a_gradient_has_the_shape_and_dtype_of_its_input(case):
    for i, g in zip(case.active, case.pull(case.cotangent())):
        assert g.shape == case.arrays[i].shape
        assert g.dtype == case.arrays[i].dtype


@each_case
def test_a_smaller_dtype_is_kept_in_gradients(case):
    for dtype, create_graph in itertools.product(SMALLER, (False, True)):
        small, exact = case.astype(dtype), case.astype(dtype).astype(np.float64)
        cotangent = exact.cotangent().astype(dtype)
        for g, e in zip(small.pull(cotangent, create_graph), exact.pull(cotangent.astype(float))):
            assert g.dtype == dtype
            assert_close(g, e, rtol=64 * np.finfo(dtype).eps)


@pytest.mark.parametrize("case", ELEMENTWISE)
def test_inputs_of_different_dtypes_get_gradients_of_their_own(case):
    for dtypes in itertools.permutations((np.float64, np.float32, np.float16), len(case.arrays)):
        mixed = case.of(*(x.astype(dtype) if x.dtype.kind == "f" else x for x, dtype in zip(case.arrays, dtypes)))
        cotangent = np.asarray(mixed.cotangent(), np.result_type(*mixed.arrays))
        assert [g.dtype for g in mixed.pull(cotangent)] == [mixed.arrays[i].dtype for i in mixed.active]


@each_case
def test_a_recorded_backward_pass_gives_the_same_bits_as_a_plain_one(case):
    for plain, recorded in zip(case.pull(case.cotangent()), case.pull(case.cotangent(), create_graph=True)):
        assert_same(plain, recorded)


@each_case
def test_the_backward_pass_of_a_value_computed_again_gives_the_same_bits(case):
    for once, again in zip(case.pull(case.cotangent()), case.pull(case.cotangent())):
        assert once.tobytes() == again.tobytes()


@each_case
def test_backward_leaves_inputs_and_cotangent_alone(case):
    inputs, cotangent = list(map(read_only, case.arrays)), read_only(case.cotangent())
    for create_graph in (False, True):
        case.of(*inputs).pull(cotangent, create_graph)
    assert cotangent.tobytes() == case.cotangent().tobytes()
    for x, array in zip(inputs, case.arrays):
        assert x.tobytes() == array.tobytes()


@each_case
def test_gradients_share_no_memory_with_anything(case):
    cotangent = case.cotangent()
    found = case.pull(cotangent)
    for g, other in itertools.combinations([*found, *case.arrays, cotangent], 2):
        if any(g is mine for mine in found):
            assert not np.shares_memory(g, other)


@each_case
def test_gradients_are_linear_in_the_cotangent(case):
    u, v = case.cotangent(), np.flip(case.cotangent()) * 0.75
    for both, gu, gv in zip(case.pull(3 * u - 2 * v), case.pull(u), case.pull(v)):
        np.testing.assert_allclose(both, 3 * gu - 2 * gv, rtol=1e-12, atol=1e-12)


@each_case
def test_a_zero_cotangent_gives_gradients_of_exactly_zero(case):
    for g in case.pull(np.zeros_like(case.cotangent())):
        assert not g.any()


@each_case
def test_the_layout_in_memory_does_not_change_gradients(case):
    expected = case.pull(case.cotangent())
    for name, layout in LAYOUTS.items():
        other = case.of(*map(layout, case.arrays))
        for i, g, e in zip(case.active, other.pull(layout(case.cotangent())), expected):
            assert_close(g, e, rtol=1e-13, message=name)
            assert g.dtype == other.arrays[i].dtype or not g.shape  # a scalar is always in the machine's byte order


@each_case
def test_repeated_memory_gives_the_gradients_of_a_copy(case):
    if not all(x.size for x in case.arrays) or not case.cotangent().size:
        return
    repeated = case.repeated()
    cotangent = np.broadcast_to(2.5, case.cotangent().shape)
    for g, expected in zip(repeated.pull(cotangent), repeated.of(*(x.copy() for x in repeated.arrays)).pull(cotangent.copy())):
        np.testing.assert_allclose(g, expected, rtol=1e-13, atol=1e-13)


def summed_by_hand(g, shape):
    """`g` added up into the entry of `shape` that broadcasting copied to each place, one by one."""
    total = np.zeros(shape)
    for index in np.ndindex(g.shape):
        source = index[len(index) - len(shape) :]
        total[tuple(0 if n == 1 else i for i, n in zip(source, shape))] += g[index]
    return total


@pytest.mark.parametrize("case", ELEMENTWISE)
def test_the_gradient_of_a_broadcast_input_is_summed_over_the_axes_it_was_repeated_along(case):
    full = case.of(*(x.copy() for x in np.broadcast_arrays(*case.arrays)))
    for i, g, unsummed in zip(case.active, case.pull(case.cotangent()), full.pull(case.cotangent())):
        np.testing.assert_allclose(g, summed_by_hand(unsummed, case.arrays[i].shape), rtol=1e-13, atol=1e-13)


@given(hnp.mutually_broadcastable_shapes(num_shapes=2, min_dims=0, min_side=0, max_dims=4), st.integers(0, 2**32 - 1))
def test_sum_to_is_the_adjoint_of_broadcast_to(shapes, seed):
    """<sum_to(g), x> = <g, broadcast_to(x)>, for any x and g."""
    random = np.random.default_rng(seed)
    x, g = real(random, shapes.input_shapes[0]), real(random, shapes.result_shape)
    summed = sum_to(np.asarray(g), x.shape)
    assert summed.shape == x.shape
    np.testing.assert_allclose(np.sum(summed * x), np.sum(g * np.broadcast_to(x, g.shape)), rtol=1e-12, atol=1e-12)


@given(
    hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4).flatmap(
        lambda shape: st.tuples(st.just(shape), hnp.basic_indices(shape, allow_newaxis=True) | hnp.integer_array_indices(shape))
    )
)
def test_scatter_add_is_the_adjoint_of_getitem(shape_and_key):
    """<scatter_add(g, key), x> = <g, x[key]>, for any x and g."""
    shape, key = shape_and_key
    random = np.random.default_rng(1)
    x = real(random, shape)
    g = real(random, x[key].shape)
    scattered = ops.scatter_add(np.asarray(g), shape=shape, key=key)
    assert scattered.shape == shape
    np.testing.assert_allclose(np.sum(scattered * x), np.sum(g * x[key]), rtol=1e-12, atol=1e-12)


def test_the_layouts_tried_differ_from_the_usual_one():
    x = np.arange(6.0).reshape(2, 3)
    made = {name: layout(x) for name, layout in LAYOUTS.items()}
    assert all(np.array_equal(x, y) for y in made.values())
    assert made["negative strides"].strides == (-24, -8)
    assert made["every other number"].strides == (48, 16)
    assert not made["Fortran order"].flags.c_contiguous
    assert not made["read-only and not aligned"].flags.aligned
    assert not made["read-only and not aligned"].flags.writeable
    assert not made["other byte order"].dtype.isnative
