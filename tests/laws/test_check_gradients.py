"""`check_gradients` accepts what is right, refuses what is wrong, and says where."""

import itertools

import numpy as np
import pytest

from tinygrad_edu import Tensor, as_tensor, ops
from tinygrad_edu.record import Op, apply
from tinygrad_edu.testing import check_gradients
from tinygrad_edu.testing.judge import scale_of
from tinygrad_edu.testing.slopes import central


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


ARRAYS = [np.full((3, 2), 2.5, np.float16), np.float32(2.5), np.zeros((0, 2))]


@pytest.mark.parametrize("array", ARRAYS, ids=lambda x: str(x.shape))
def test_arrays_of_any_dtype_and_shape_are_checked_in_float64(array):
    seen = []
    check_gradients(lambda x: (seen.append((x.dtype, x.shape)), x * x)[1], array, method="central")
    assert set(seen) == {(np.dtype(np.float64), array.shape)}


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


KINKED = [ops.absolute, ops.relu, lambda x: ops.maximum(x, -x)]
each_kinked = pytest.mark.parametrize("function", KINKED, ids=["abs", "relu", "maximum"])


@each_kinked
def test_a_kink_is_reported_even_where_the_gradient_is_the_mean_of_both_slopes(function):
    report = check_gradients(function, [-1.0, 0.0, 2.0])
    assert [(entry.key, entry.slope.bend) for entry in report.kinks] == [((0, (1,)), "kink")]
    assert "input 0 at (1,): a kink, slopes" in repr(report)
    assert [len(entries) for entries in report.entries] == [3, 2], "no second slope is asked for at a kink"


@each_kinked
def test_a_kink_is_an_error_on_request(function):
    with pytest.raises(AssertionError, match=r"got 1 of 3 wrong:\n  input 0 at \(1,\): a kink, slopes .* and .*, got"):
        check_gradients(function, [-1.0, 0.0, 2.0], kinks="error")


@pytest.mark.parametrize("rule", [lambda g: g * 1.5, lambda g: g * np.nan], ids=["1.5", "nan"])
def test_a_gradient_outside_the_slopes_at_a_kink_is_wrong(rule):
    with pytest.raises(AssertionError, match=r"a kink, slopes -1 and 1, got (1\.5|nan)"):
        check_gradients(op_with_rule(np.abs, rule), 0.0, order=1)


def test_a_kink_of_the_first_gradient_is_reported_at_order_2():
    report = check_gradients(lambda x: x * ops.absolute(x), [0.0], atol=1e-4)
    assert [entry.slope.bend for entries in report.entries for entry in entries] == ["", "kink"]


def test_a_jump_has_no_slope_and_any_gradient_that_is_a_number():
    report = check_gradients(lambda x: (x * ops.sign(x - 1.0)).sum(), [1.0, 2.0])
    assert [entry.slope.bend for entry in report.kinks] == ["jump"]


def test_the_edge_of_a_domain_has_no_slope():
    report = check_gradients(lambda x: ops.sqrt(x).sum(), [0.0, 4.0])
    assert [(entry.slope.bend, entry.got) for entry in report.kinks] == [("edge", np.inf)]


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


# Where slopes come from --------------------------------------------------------------------------


def tanh_off_by(factor):
    return op_with_rule(np.tanh, lambda g, out: g * (1 - out * out) * factor)


def test_a_complex_step_sees_an_error_of_1e_8_and_differences_do_not():
    check_gradients(tanh_off_by(1 + 1e-8), [0.5, -1.5], method="central", order=1)
    for method in ("auto", "complex"):
        with pytest.raises(AssertionError, match="got 2 of 2 wrong"):
            check_gradients(tanh_off_by(1 + 1e-8), [0.5, -1.5], method=method, order=1)


@pytest.mark.parametrize("function", [ops.sigmoid, ops.softplus, ops.absolute, lambda x: ops.cast(x, dtype=np.float64)])
def test_a_function_that_is_not_analytic_is_judged_by_differences(function):
    check_gradients(function, [0.5, -1.5, 3.0])


def test_a_small_part_that_is_not_analytic_is_no_false_alarm():
    check_gradients(lambda x: x**3 + 1e-7 * ops.absolute(x) + 1e-9 * ops.sigmoid(x), [0.5, -1.5])


def test_a_complex_step_of_a_function_that_is_not_analytic_is_no_slope():
    with pytest.raises(AssertionError, match="expected 0, got"):
        check_gradients(ops.sigmoid, 0.5, method="complex", order=1)


def test_linear_functions_are_held_to_rounding():
    random = np.random.default_rng(0)
    a, b = 1e3 * random.normal(size=(3, 4)), random.normal(size=(4, 2))
    check_gradients(lambda a, b: ops.sin(0.5) * (a @ b), a, b, method="linear")
    slightly_wrong = op_with_rule(lambda x: 3.0 * x, lambda g: g * (3 + 1e-10))
    check_gradients(slightly_wrong, a, method="central", order=1)
    with pytest.raises(AssertionError, match="got 12 of 12 wrong"):
        check_gradients(slightly_wrong, a, method="linear", order=1)


def test_a_function_that_is_not_linear_is_no_case_for_the_linear_method():
    with pytest.raises(AssertionError, match="expects a linear function for method='linear', got slopes 0 and 8"):
        check_gradients(ops.square, 2.0, method="linear")


def test_a_reference_gives_the_slopes():
    check_gradients(ops.softplus, [0.5, -1.5], reference=lambda x: np.log(1 + np.exp(x)), method="complex", order=1)
    with pytest.raises(AssertionError, match="to be its slopes, got 2 of 2 wrong"):
        check_gradients(tanh_off_by(2.0), [0.5, -1.5], reference=np.tanh, order=1)


def test_a_reference_gives_the_value_too():
    with pytest.raises(AssertionError, match=r"output 0 to be its reference's, \[.*\], got"):
        check_gradients(ops.tanh, [0.5, -1.5], reference=np.sin)
    with pytest.raises(AssertionError, match="output 0 to be its reference's"):
        check_gradients(ops.tanh, [0.5, -1.5], reference=lambda x: np.tanh(x)[None])


@pytest.mark.parametrize("option", ["method", "mode", "kinks"])
def test_an_unknown_option_is_refused(option):
    with pytest.raises(ValueError, match=rf"check_gradients expects {option} out of '.*', got 'guess'"):
        check_gradients(ops.tanh, 1.0, **{option: "guess"})


# Which slopes ------------------------------------------------------------------------------------


def test_a_random_direction_finds_a_wrong_entry_without_its_place():
    mask = np.ones((20, 30))
    mask[13, 4] = 1.001
    x = np.random.default_rng(0).normal(size=(20, 30))
    slightly_wrong = op_with_rule(np.exp, lambda g, out: g * out * mask)
    with pytest.raises(AssertionError, match="got 1 of 1 wrong:\n  input 0 along a random direction: expected"):
        check_gradients(slightly_wrong, x, mode="direction", order=1)
    report = check_gradients(ops.exp, x, mode="direction")
    assert [len(entries) for entries in report.entries] == [1, 1]


def test_the_jacobian_names_the_number_of_the_output_too():
    product = Op(lambda a, b, /: a @ b, {"a": lambda g, b: g @ b.mT, "b": lambda g, a: a.mT @ g * 1.5}, name="product")
    a, b = np.ones((2, 3)), np.arange(3.0).reshape(3, 1)
    where = r"output 0 at \(0, 0\), input 1 at \(0, 0\)"
    with pytest.raises(AssertionError, match=rf"got 6 of 18 wrong:\n  {where}: expected 1, got 1.5"):
        check_gradients(lambda a, b: apply(product, (a, b), {}), a, b, mode="jacobian", order=1)
    report = check_gradients(lambda a, b: [a @ b, a.sum()], a, b, mode="jacobian")
    assert [len(entries) for entries in report.entries] == [3 * 9, 9]


def test_inputs_may_be_lists_and_dicts():
    layers = [{"kernel": np.full((2, 2), 0.5), "bias": np.zeros(2)}, {"kernel": np.ones((2, 1)), "bias": 0.25}]

    def network(x, layers):
        for layer in layers:
            x = ops.tanh(x @ layer["kernel"] + layer["bias"])
        return {"out": x, "twice": [x * 2]}

    report = check_gradients(network, [[0.5, -1.0]], layers)
    assert [len(entries) for entries in report.entries] == [11, 11]
    with pytest.raises(AssertionError, match=r"input 1\[0\]\['bias'\] at \(1,\): expected .*, got 0"):
        check_gradients(lambda x, layers: network(x, [{**layers[0], "bias": layers[0]["bias"].detach()}]), [[0.5, -1.0]], layers)


def test_tensors_may_be_inputs():
    x = Tensor([0.5, -1.5])
    check_gradients(lambda x, parts: x * parts[0], x, [x, x])
    assert x.grad is None


def test_a_function_must_return_tensors():
    with pytest.raises(TypeError, match=r"function that returns Tensors, got float. Leave out float\(\)"):
        check_gradients(lambda x: float(x * x), 2.0)


# Laws of going back ------------------------------------------------------------------------------


def test_a_rule_that_forgets_the_arriving_gradient_is_refused():
    with pytest.raises(AssertionError, match="exactly 0 where 0 arrives, got 2 by input 0"):
        check_gradients(op_with_rule(lambda x: 2 * x, lambda g: g * 0 + 2.0), 1.0)


def test_a_rule_that_bends_the_arriving_gradient_is_refused():
    with pytest.raises(AssertionError, match="linear in the gradient that arrives, got others by input 0"):
        check_gradients(op_with_rule(np.tanh, lambda g, out: g * g * out), [1.0, 2.0])


def test_a_rule_that_changes_the_arriving_gradient_is_refused():
    def careless(g):
        g *= 2
        return g

    def function(x):
        y = 3 * x
        return op_with_rule(lambda x: 2 * x, careless)(x) + y

    with pytest.raises(AssertionError, match="got 2 of 2 wrong"):
        check_gradients(function, [1.0, 2.0], order=1)


def test_a_rule_with_a_state_is_refused():
    count = itertools.count(1)
    with pytest.raises(AssertionError, match="the same bits from a second backward pass, got others by input 0"):
        check_gradients(op_with_rule(lambda x: 2 * x, lambda g: g * next(count)), [1.0, 2.0])


def test_a_function_with_a_state_is_refused():
    random = np.random.default_rng(0)
    with pytest.raises(AssertionError, match="gives the same value twice, got another value"):
        check_gradients(lambda x: x * as_tensor(random.random(2)), [1.0, 2.0])


# What differences can do -------------------------------------------------------------------------


@pytest.mark.parametrize("x", [1e-3, 1.0, 5.0, 300.0])
@pytest.mark.parametrize("function", [np.exp, np.sin, np.arctan, np.cbrt, np.square], ids=lambda f: f.__name__)
def test_differences_are_right_within_their_own_estimate(function, x):
    exact = {
        np.exp: np.exp, np.sin: np.cos, np.square: lambda x: 2 * x,
        np.arctan: lambda x: 1 / (1 + x * x), np.cbrt: lambda x: np.cbrt(x) / (3 * x),
    }[function](x)  # fmt: skip
    slope = central(lambda t: function(x + t), float(scale_of(x)))
    assert abs(slope.value - exact) <= 10 * slope.error + 1e-10 * abs(exact)
    assert (slope.error <= 1e-5 * abs(exact)) or function is np.cbrt
    assert not slope.bend
