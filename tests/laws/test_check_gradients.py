"""`check_gradients` accepts what is right, refuses what is wrong, and says where."""

import numpy as np
import pytest

from tinygrad_edu import Tensor, ops
from tinygrad_edu.op import Op, apply
from tinygrad_edu.testing import check_gradients


def op_with_rule(body, rule):
    op = Op(body, {"x": rule}, inputs=("x",), name="op")
    return lambda x: apply(op, (x,), {})


def test_right_gradients_pass_at_order_1_2_and_3():
    check_gradients(lambda x, y: x**3 * y.exp(), [0.5, -1.5], [[0.3], [1.0]], order=3)


def test_several_outputs_are_checked_together():
    check_gradients(lambda x: [x.exp(), x.sum(), x * 2], [0.5, -1.5])
    with pytest.raises(AssertionError, match="got 2 of 2 wrong"):
        check_gradients(lambda x: [x * 2, x.detach() ** 2], [0.5, -1.5])


def test_whole_numbers_and_truth_values_are_constants():
    check_gradients(lambda x, n, mask: ops.where(mask, x * n, 0), [0.5, -1.5], [2, 3], [True, False])


def test_arrays_of_any_dtype_and_shape_are_checked_in_float64():
    seen = []
    check_gradients(lambda x: (seen.append((x.dtype, x.shape)), x * x)[1], np.zeros((0, 2), np.float16))
    check_gradients(lambda x: (seen.append((x.dtype, x.shape)), x * x)[1], np.float32(2.5))
    assert set(seen) == {(np.dtype(np.float64), (0, 2)), (np.dtype(np.float64), ())}


def test_a_wrong_gradient_is_named_with_its_input_index_slope_and_value_worst_first():
    halved = op_with_rule(np.square, lambda g, x: g * x)
    with pytest.raises(AssertionError) as error:
        check_gradients(lambda a, b: (a + halved(b)).sum(), [1.0], [[1.0, -3.0, 2.0]], order=1)
    assert str(error.value).splitlines()[1:] == [
        "  input 1 at (0, 1): expected -6, got -3",
        "  input 1 at (0, 2): expected 4, got 2",
        "  input 1 at (0, 0): expected 2, got 1",
    ]
    assert "order 1 of '<lambda>'" in str(error.value)
    assert "got 3 of 4 wrong" in str(error.value)


def test_one_wrong_entry_of_many_is_found():
    mask = np.ones(20)
    mask[13] = 1.0001
    slightly_wrong = op_with_rule(np.exp, lambda g, out: g * out * mask)
    with pytest.raises(AssertionError, match=r"got 1 of 20 wrong:\n  input 0 at \(13,\)"):
        check_gradients(slightly_wrong, np.linspace(-1, 1, 20), order=1)


def test_a_long_list_is_cut():
    doubled = op_with_rule(np.exp, lambda g, out: g * out * 2)
    with pytest.raises(AssertionError, match="and 15 more") as error:
        check_gradients(doubled, np.linspace(-1, 1, 25), order=1)
    assert len(str(error.value).splitlines()) == 12


def test_a_wrong_second_gradient_is_found_only_at_order_2():
    forgetful = op_with_rule(np.square, lambda g, x: g * 2 * (x.detach() if isinstance(x, Tensor) else x))
    check_gradients(forgetful, [1.0, 2.0], order=1)
    with pytest.raises(AssertionError, match=r"order 2 .* got 2 of 2 wrong"):
        check_gradients(forgetful, [1.0, 2.0])


def test_a_gradient_that_was_lost_counts_as_0():
    with pytest.raises(AssertionError, match="expected 1, got 0"):
        check_gradients(lambda x: x.detach(), 2.0)


def test_a_gradient_that_is_nan_is_wrong():
    with pytest.raises(AssertionError, match="got nan"):
        check_gradients(op_with_rule(np.exp, lambda g: g * np.nan), [1.0], order=1)


@pytest.mark.parametrize("function", [ops.absolute, ops.relu, lambda x: ops.maximum(x, -x)], ids=["abs", "relu", "maximum"])
def test_a_kink_is_reported_even_where_the_gradient_is_the_mean_of_both_slopes(function):
    with pytest.raises(AssertionError, match=r"input 0 at \(1,\): a kink, slopes .* and .*, got"):
        check_gradients(function, [-1.0, 0.0, 2.0])


def test_a_kink_of_the_first_gradient_is_reported_at_order_2():
    def bent(x):
        return x * ops.absolute(x)

    check_gradients(bent, [0.0], order=1, atol=1e-4)
    with pytest.raises(AssertionError, match=r"order 2 .*\n.*a kink"):
        check_gradients(bent, [0.0], order=2, atol=1e-4)


def test_a_strongly_curved_function_has_no_kink():
    check_gradients(lambda x: (100 * x).sin() + 1000 * x * x, [0.0, 0.3, 7.0], rtol=1e-4)


def test_a_function_that_changes_its_input_is_refused():
    def careless(x):
        x.data = x.data + 1.0
        return x * 2

    with pytest.raises(AssertionError, match="leaves its inputs alone, got input 0 changed"):
        check_gradients(careless, [1.0, 2.0])


def test_inputs_are_left_alone():
    x = np.array([0.5, 1.5])
    x.flags.writeable = False
    check_gradients(ops.tanh, x)
    assert x.tolist() == [0.5, 1.5]


def test_the_seed_decides_the_weights():
    def error(seed):
        with pytest.raises(AssertionError) as raised:
            check_gradients(lambda x: x.detach() * 3, [1.0, 2.0], seed=seed)
        return str(raised.value)

    assert error(0) == error(0) != error(1)
