"""Laws about the gradient rules of every registered op."""

import itertools

import numpy as np
import pytest
from cases import assert_close, assert_same, cases_of, leaf, under
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from samples import OPS, positive_definite, real, symmetric

from tinygrad_edu import as_tensor, jvp, ops
from tinygrad_edu.backward import sum_to
from tinygrad_edu.calculus import gradients
from tinygrad_edu.ops.laws import linear_in
from tinygrad_edu.testing import check_gradients
from tinygrad_edu.testing.judge import along
from tinygrad_edu.testing.layouts import LAYOUTS, read_only
from tinygrad_edu.testing.slopes import central, complex_step

# Slopes -----------------------------------------------------------------------------------------------


@under("gradient")
def test_gradients_of_order_1_and_2_are_the_slopes(case):
    """The gradient of the gradient too; no sample stands at a kink."""
    check_gradients(lambda *inputs: case(*inputs), *case.arrays, kinks="error")


def line_of(case, cotangent, directions):
    """<cotangent, oracle> along a line through the inputs."""
    return along(lambda *xs: np.sum(cotangent * case.oracle(*xs, **case.params)), list(case.arrays), directions)


def directions_of(case):
    """A random direction for every active input, by its position; a symmetric matrix stays one."""
    random = np.random.default_rng(5)
    found = {i: np.asarray(random.uniform(0.5, 1.0, case.arrays[i].shape)) for i in case.active}
    stays = OPS[case.op.name].domains[0] in (positive_definite, symmetric)
    return {i: v + v.mT for i, v in found.items()} if stays else found


def slope_of(line):
    """The slope of a line of the oracle, and how far off it may be: by a complex step where the oracle is analytic."""
    slope = central(line)
    try:
        exact = complex_step(line)
    except Exception:  # the oracle takes real numbers only, and may say so in any way
        return slope.value, 1e-7
    near = abs(exact - slope.value) <= 1e-5 * max(1.0, abs(exact))
    return (exact, 1e-9) if near else (slope.value, 1e-7)


@under("gradient")
def test_the_gradient_is_the_slope_of_the_oracle(case):
    """<g, J v> = <Jᵀ g, v>, where J v is a slope of the formula that shares no code with the op: exact where it is analytic."""
    cotangent, directions = case.cotangent(), directions_of(case)
    expected, tolerance = slope_of(line_of(case, cotangent, directions))
    found = sum(np.sum(g * directions[i]) for i, g in zip(case.active, case.pull(cotangent)))
    assert found == pytest.approx(expected, rel=tolerance, abs=tolerance)


@under("line", lambda case: case.size and case.cotangent().size)
def test_along_a_line_the_gradient_is_right_to_the_last_digits(case):
    """f(x + d) - f(x) = J d for a step of any length: nothing is lost to bending, and hardly anything to cancellation."""
    cotangent = case.cotangent()
    for i, g in zip(case.active, case.pull(cotangent)):
        if case.names[i] in linear_in(case.op):
            step = np.random.default_rng(7).uniform(0.05, 0.1, case.arrays[i].shape)  # no remainder jumps that early
            moved = [x + step if j == i else x for j, x in enumerate(case.arrays)]
            change = np.sum(cotangent * (case.expected(*moved) - case.expected()))
            size = np.sum(np.abs(cotangent * case.expected())) + 1.0
            assert abs(np.sum(g * step) - change) <= 1e-13 * size


# The law of going back ----------------------------------------------------------------------------------


@under("reverse")
def test_a_gradient_has_the_shape_and_dtype_of_its_input(case):
    for i, g in zip(case.active, case.pull(case.cotangent())):
        assert g.shape == case.arrays[i].shape
        assert g.dtype == case.arrays[i].dtype


@under("reverse")
def test_a_recorded_backward_pass_gives_the_same_bits_as_a_plain_one(case):
    """The rules give arrays what they give Tensors."""
    for plain, recorded in zip(case.pull(case.cotangent()), case.pull(case.cotangent(), create_graph=True)):
        assert_same(plain, recorded)


@under("reverse")
def test_a_second_backward_pass_gives_the_same_bits(case):
    """Over the same graph, and over one that was recorded again."""
    leaves, cotangent = case.leaves(), case.cotangent()
    variables, out = [leaves[i] for i in case.active], case(*leaves)
    once = gradients(out, variables, as_tensor(cotangent), retain_graph=True)
    again = gradients(out, variables, as_tensor(cotangent))
    for g, h, anew in zip(once, again, case.pull(cotangent)):
        assert g.array.tobytes() == h.array.tobytes() == anew.tobytes()


@under("reverse")
def test_gradients_add_up_in_grad(case):
    """Two backward passes, over one graph or two, leave in `grad` twice what one leaves."""
    leaves, cotangent = case.leaves(), case.cotangent()
    out = case(*leaves)
    out.backward(cotangent, retain_graph=True)
    once = [leaves[i].grad.array.copy() for i in case.active]
    out.backward(cotangent)
    case(*leaves).backward(cotangent)
    for i, g in zip(case.active, once):
        assert leaves[i].grad.array.tobytes() == (g + g + g).tobytes()


@under("reverse")
def test_an_input_given_twice_gets_both_gradients(case):
    """The gradient of f(x, x) is the sum of those of f(x, y) at y = x."""
    for i, j in itertools.combinations(case.active, 2):
        if case.arrays[i].shape == case.arrays[j].shape:
            same = case.of(*(case.arrays[i] if k == j else x for k, x in enumerate(case.arrays)))
            cotangent = same.cotangent()
            by_i, by_j = (same.pull(cotangent)[case.active.index(k)] for k in (i, j))
            leaves = same.leaves()
            leaves[j] = leaves[i]
            (both,) = gradients(same(*leaves), [leaves[i]], as_tensor(cotangent))
            np.testing.assert_allclose(both.array, by_i + by_j, rtol=1e-14, atol=1e-14)


@under("reverse")
def test_backward_leaves_inputs_and_cotangent_alone(case):
    """A rule writes to nothing that it was given."""
    inputs, cotangent = list(map(read_only, case.arrays)), read_only(case.cotangent())
    for create_graph in (False, True):
        case.of(*inputs).pull(cotangent, create_graph)
    assert cotangent.tobytes() == case.cotangent().tobytes()
    for x, array in zip(inputs, case.arrays):
        assert x.tobytes() == array.tobytes()


@under("reverse")
def test_gradients_share_no_memory_with_anything(case):
    """Whoever changes one in place changes nothing else: not another gradient, an input, or what arrived."""
    cotangent = case.cotangent()
    found = case.pull(cotangent)
    others = [*case.arrays, cotangent]
    assert not any(np.shares_memory(g, other) for g in found for other in others)
    assert not any(np.shares_memory(g, other) for g, other in itertools.combinations(found, 2))


@under("reverse")
def test_gradients_are_linear_in_the_cotangent(case):
    u, v = case.cotangent(), np.flip(case.cotangent()) * 0.75
    for both, gu, gv in zip(case.pull(3 * u - 2 * v), case.pull(u), case.pull(v)):
        np.testing.assert_allclose(both, 3 * gu - 2 * gv, rtol=1e-12, atol=1e-12)


@under("reverse")
def test_a_zero_cotangent_gives_gradients_of_exactly_zero(case):
    for g in case.pull(np.zeros_like(case.cotangent())):
        assert not g.any()


@under("reverse")
def test_no_cotangent_at_all_counts_as_zero(case):
    """A result that the loss does not read passes nothing on: its inputs get what they get from elsewhere, or no gradient."""
    leaves = case.leaves()
    case(*leaves)
    variables = [leaves[i] for i in case.active]
    elsewhere = sum((x.sum() for x in variables[1:]), variables[0].sum())
    assert all((g.array == 1).all() for g in gradients(elsewhere, variables))
    if len(variables) > 1:
        assert gradients(variables[0].sum(), variables)[1:] == [None] * (len(variables) - 1)


@under("reverse")
def test_going_forward_and_going_back_are_adjoint(case):
    """<u, J v> = <Jᵀ u, v>: a tangent that is pushed forward and a cotangent that is pulled back meet in one number."""
    u, directions = case.cotangent(), directions_of(case)

    def function(*xs):
        moved = iter(xs)
        return case(*(next(moved) if i in case.active else x for i, x in enumerate(case.arrays)))

    _, pushed = jvp(function, [case.arrays[i] for i in case.active], list(directions.values()))
    there = np.sum(u * pushed.array)
    back = sum(np.sum(g * v) for g, v in zip(case.pull(u), directions.values()))
    assert there == pytest.approx(back, rel=1e-12, abs=1e-12)


# Memory -------------------------------------------------------------------------------------------------


@under("reverse")
def test_the_place_in_memory_does_not_change_gradients_of_order_1_and_2(case):
    """Inputs and cotangent in every layout, with every kind of owner."""
    cotangent = case.cotangent()
    expected, twice = case.pull(cotangent), case.pull_twice(cotangent)
    for name, layout in LAYOUTS.items():
        other = case.of(*map(layout, case.arrays))
        for i, g, e in zip(case.active, other.pull(layout(cotangent)), expected):
            assert_close(g, e, rtol=1e-13, message=name)
            assert g.dtype == other.arrays[i].dtype or not g.shape  # a scalar is always in the machine's byte order
        for g, e in zip(other.pull_twice(layout(cotangent)), twice):
            assert_close(g, e, rtol=1e-12, message=name)


@under("reverse", lambda case: case.size and case.cotangent().size)
def test_repeated_memory_gives_the_gradients_of_a_copy(case):
    """With strides of 0 all numbers of an array are one; order 1 and 2."""
    repeated, cotangent = case.repeated(), np.broadcast_to(2.5, case.cotangent().shape)
    copied = repeated.of(*(x.copy() for x in repeated.arrays))
    for g, expected in zip(repeated.pull(cotangent), copied.pull(cotangent.copy())):
        np.testing.assert_allclose(g, expected, rtol=1e-13, atol=1e-13)
    for g, expected in zip(repeated.pull_twice(cotangent), copied.pull_twice(cotangent.copy())):
        np.testing.assert_allclose(g, expected, rtol=1e-12, atol=1e-12)


def test_the_memory_of_torch_gives_the_values_and_gradients_of_a_copy():
    """An array whose owner is a Tensor of PyTorch's has no owner that NumPy knows; every op, order 1 and 2."""
    torch = pytest.importorskip("torch")
    for case in (case for name in OPS for case in cases_of(name)):
        owned = case.of(*(torch.from_numpy(x.copy()).numpy() for x in case.arrays))
        assert_close(owned(*map(as_tensor, owned.arrays)).array, case.expected(), rtol=1e-14, message=repr(case))
        if case.active:
            for g, expected in zip(owned.pull_twice(case.cotangent()), case.pull_twice(case.cotangent())):
                assert_close(g, expected, rtol=1e-13, message=repr(case))


# Broadcasting and its like -------------------------------------------------------------------------------


def summed_by_hand(g, shape):
    """`g` added up into the entry of `shape` that broadcasting copied to each place, one by one."""
    total = np.zeros(shape)
    for index in np.ndindex(g.shape):
        source = index[len(index) - len(shape) :]
        total[tuple(0 if n == 1 else i for i, n in zip(source, shape))] += g[index]
    return total


@under("broadcasting")
def test_the_gradient_of_a_broadcast_input_is_summed_over_the_axes_it_was_repeated_along(case):
    if not case.op.rules:
        assert case.expected().shape == np.broadcast_shapes(*(x.shape for x in case.arrays))
        return
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


@pytest.mark.parametrize(("of", "to"), [((3,), (1, 3)), ((), (1,)), ((3,), (2,)), ((1, 3), (2, 3)), ((2,), (1, 1, 2))])
def test_sum_to_refuses_a_shape_that_does_not_broadcast(of, to):
    with pytest.raises(ValueError, match="expects to return shape"):
        sum_to(np.ones(of), to)


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


@under("reverse", lambda case: case.size, count=1)
def test_a_leaf_that_is_used_by_two_ops_gets_both_gradients(case):
    """Beside the op that is looked at, `x * 2` uses its inputs too."""
    leaves, cotangent = case.leaves(), case.cotangent()
    variables = [leaves[i] for i in case.active]
    loss = (case(*leaves) * leaf(cotangent)).sum() + sum(((x * 2).sum() for x in variables), as_tensor(0.0))
    for g, alone in zip(gradients(loss, variables), case.pull(cotangent)):
        np.testing.assert_allclose(g.array, alone + 2, rtol=1e-12, atol=1e-12)
