"""Gradients as functions, derivatives of derivatives, and the conventions at hard points."""

import math

import numpy as np
import pytest

import tinygrad_edu
from tinygrad_edu import Tensor, as_tensor, enable_grad, grad, no_grad, ops, value_and_grad
from tinygrad_edu.calculus import gradients, is_grad_enabled
from tinygrad_edu.graph import GraphError

nan, inf = math.nan, math.inf


@pytest.mark.parametrize("name", ["grad", "gradients", "value_and_grad", "no_grad", "enable_grad", "is_grad_enabled"])
def test_the_package_offers_functions_under_these_names(name):
    assert callable(getattr(tinygrad_edu, name))


# grad, value_and_grad, gradients ------------------------------------------------------------------------


def test_grad_is_the_derivative_of_a_function():
    assert grad(lambda x: x**3)(2.0).item() == 12.0
    assert grad(lambda x: (x * x).sum())(np.array([1.0, 2.0])).tolist() == [2.0, 4.0]
    assert grad(lambda x: (x * x).sum())([1.0, 2.0]).tolist() == [2.0, 4.0]


def test_grad_by_another_argument():
    assert grad(lambda x, y: x * y**2, argnums=1)(3.0, 2.0).item() == 12.0
    assert grad(lambda x, y=1.0: x * y)(3.0, y=5.0).item() == 5.0


def test_grad_may_be_nested():
    def quartic(x):
        return x**4

    values = []
    f = quartic
    for _ in range(5):
        f = grad(f)
        values.append(f(2.0).item())
    assert values == [32.0, 48.0, 48.0, 24.0, 0.0]


def test_grad_of_a_function_that_ignores_its_argument_is_0():
    for x in (2.0, np.array([1.0, inf, nan])):
        g = grad(lambda _: Tensor(1.0) * 3)(x)
        assert g.shape == np.shape(x)
        assert not g.array.any()


def test_mixed_derivatives_commute():
    def f(x, y):
        return (x * y).sin() + x**2 * y**3

    a, b = 0.7, 1.3
    xy = grad(lambda x, y: grad(f, argnums=1)(x, y), argnums=0)(a, b).item()
    yx = grad(lambda x, y: grad(f, argnums=0)(x, y), argnums=1)(a, b).item()
    assert xy == pytest.approx(math.cos(a * b) - a * b * math.sin(a * b) + 6 * a * b**2, rel=1e-14)
    assert yx == pytest.approx(xy, rel=1e-14)


def test_an_inner_derivative_does_not_see_the_outer_variable_as_its_own():
    """d/dx [x · d/dy (x y)] = d/dx x² = 2x: y is another variable, though it has the value of x."""
    assert grad(lambda x: x * grad(lambda y: x * y)(x))(3.0).item() == 6.0
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0).item() == 1.0


def test_a_tensor_given_for_two_arguments_is_differentiated_by_one():
    x = Tensor(3.0)
    assert grad(lambda a, b: a * b)(x, x).item() == 3.0
    assert grad(lambda a, b: a * b * b, argnums=1)(x, x).item() == 18.0


def test_grad_touches_no_grad():
    x, w = Tensor(2.0), Tensor(3.0)
    grad(lambda x: w * x * x)(x)
    assert (x.grad, w.grad) == (None, None)


def test_grad_works_under_no_grad():
    with no_grad():
        assert grad(grad(lambda x: x**3))(2.0).item() == 12.0
        assert not is_grad_enabled()


def test_grad_expects_a_single_floating_point_number():
    with pytest.raises(GraphError, match="scalar"):
        grad(lambda x: x * 2)([1.0, 2.0])
    with pytest.raises(TypeError, match="int64"):
        grad(lambda x: x * 2)(3)


def test_value_and_grad_gives_both():
    value, g = value_and_grad(lambda x: (x**2).sum())([1.0, 3.0])
    assert (value.item(), g.tolist()) == (10.0, [2.0, 6.0])


def test_gradients_come_in_the_order_asked_for_and_none_where_there_is_no_path():
    a, b, c = Tensor(2.0), Tensor(3.0), Tensor(4.0)
    hidden = a * b
    found = gradients(hidden * hidden, [b, c, a, hidden, b])
    assert [None if g is None else g.item() for g in found] == [24.0, None, 36.0, 12.0, 24.0]
    assert gradients(a * b, []) == []


def test_gradients_of_a_leaf_by_itself_is_1():
    x = Tensor(2.0)
    assert gradients(x, [x])[0].item() == 1.0


def test_gradients_takes_the_gradient_of_what_follows():
    x = Tensor([1.0, 2.0])
    assert gradients(x**2, [x], [10.0, 1.0])[0].tolist() == [20.0, 4.0]


def test_the_chain_rule_may_be_applied_in_parts():
    w = Tensor([1.0, 2.0])
    hidden = w * w
    loss = (hidden * 3).sum()
    (by_hidden,) = gradients(loss, [hidden])
    assert gradients(hidden, [w], by_hidden)[0].tolist() == [6.0, 12.0]


def test_a_hessian_vector_product_is_the_gradient_of_a_gradient_times_the_vector():
    A = np.array([[2.0, 1.0], [1.0, 5.0]])
    v = np.array([1.0, -1.0])
    x = Tensor([0.3, 0.7])
    (g,) = gradients((x @ A @ x) * 0.5, [x], create_graph=True)
    (hv,) = gradients((g * v).sum(), [x])
    np.testing.assert_allclose(hv.array, A @ v, rtol=1e-14)


def test_a_gradient_penalty_reaches_the_weights():
    """d/dw (d/dx w x²)² = d/dw (2wx)² = 8 w x²."""
    w, x = Tensor(3.0), Tensor(0.5)
    (g,) = gradients(w * x * x, [x], create_graph=True)
    (g * g).backward()
    assert w.grad.item() == 8 * 3.0 * 0.25


# Recording off and on ------------------------------------------------------------------------------------


def test_no_grad_as_a_decorator_holds_for_every_call_and_only_inside():
    @no_grad()
    def predict(x, depth=0):
        return predict(x, depth + 1) if depth < 3 else x * 2

    x = Tensor(1.0)
    for _ in range(3):
        assert predict(x).node is None
        assert (x * 2).node is not None


def test_no_grad_as_a_decorator_is_left_by_an_exception():
    @no_grad()
    def fail():
        raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert is_grad_enabled()


def test_enable_grad_records_inside_no_grad():
    with no_grad():
        assert not is_grad_enabled()
        with enable_grad():
            assert (Tensor(1.0) * 2).node is not None
        assert (Tensor(1.0) * 2).node is None


def test_a_leaf_made_under_no_grad_is_still_a_leaf():
    with no_grad():
        x = Tensor(2.0)
    (x * x).backward()
    assert x.grad.item() == 4.0


# Higher derivatives against closed forms -------------------------------------------------------------------


def sech2(x):
    return 1 / math.cosh(x) ** 2


CLOSED_FORMS = {
    "tanh": (
        ops.tanh,
        [sech2, lambda x: -2 * sech2(x) * math.tanh(x), lambda x: sech2(x) * (4 * math.tanh(x) ** 2 - 2 * sech2(x))],
    ),
    "exp": (ops.exp, [math.exp] * 3),
    "sin": (ops.sin, [math.cos, lambda x: -math.sin(x), lambda x: -math.cos(x)]),
    "power 5": (lambda x: x**5, [lambda x: 5 * x**4, lambda x: 20 * x**3, lambda x: 60 * x**2]),
    "base 2": (lambda x: 2**x, [lambda x, n=n: 2**x * math.log(2) ** n for n in (1, 2, 3)]),
    "reciprocal": (lambda x: 1 / x, [lambda x: -1 / x**2, lambda x: 2 / x**3, lambda x: -6 / x**4]),
    "x * tanh(x)": (
        lambda x: x * x.tanh(),
        [
            lambda x: math.tanh(x) + x * sech2(x),
            lambda x: 2 * sech2(x) - 2 * x * sech2(x) * math.tanh(x),
            lambda x: -6 * sech2(x) * math.tanh(x) + x * sech2(x) * (4 * math.tanh(x) ** 2 - 2 * sech2(x)),
        ],
    ),
}
POSITIVE = {
    "log": (ops.log, [lambda x: 1 / x, lambda x: -1 / x**2, lambda x: 2 / x**3]),
    "sqrt": (ops.sqrt, [lambda x: 0.5 * x**-0.5, lambda x: -0.25 * x**-1.5, lambda x: 0.375 * x**-2.5]),
    "power 2.5": (lambda x: x**2.5, [lambda x: 2.5 * x**1.5, lambda x: 3.75 * x**0.5, lambda x: 1.875 * x**-0.5]),
}
POINTS = [(name, forms, x) for name, forms in CLOSED_FORMS.items() for x in (-1.25, 0.4, 2.0)]
POINTS += [(name, forms, x) for name, forms in POSITIVE.items() for x in (0.4, 2.0)]


@pytest.mark.parametrize(("name", "forms", "x"), POINTS, ids=lambda value: value if isinstance(value, (str, float)) else "")
def test_the_first_three_derivatives_are_those_of_the_closed_form(name, forms, x):
    function, derivatives = forms
    for derivative in derivatives:
        function = grad(function)
        assert function(x).item() == pytest.approx(derivative(x), rel=1e-12, abs=1e-12)


# Hard points ----------------------------------------------------------------------------------------------


def by(position, function, *inputs):
    """Gradient of the sum of function(*inputs) by one of the inputs; forward warnings are not the matter here."""
    xs = [Tensor(x) for x in inputs]
    with np.errstate(all="ignore"):
        function(*xs).sum().backward()
    return xs[position].grad.tolist()


def guarded_log(x):
    return ops.where(x > 0, ops.log(ops.where(x > 0, x, 1.0)), 0.0)


def naive_log(x):
    return ops.where(x > 0, ops.log(x), 0.0)


# fmt: off
FAR_OUT = [-800.0, 800.0, -inf, inf]
HARD_POINTS = [
    #  case                              function                             inputs                    by  gradient
    ("relu at 0",                        ops.relu,                            ([0.0, -0.0],),           0,  [0.0, 0.0]),
    ("abs at 0",                         ops.absolute,                        ([0.0, -0.0],),           0,  [0.0, 0.0]),
    ("maximum at a tie",                 ops.maximum,                         ([2.0], [2.0]),           0,  [0.5]),
    ("maximum at a tie, other input",    ops.maximum,                         ([2.0], [2.0]),           1,  [0.5]),
    ("minimum at a tie",                 ops.minimum,                         ([2.0], [2.0]),           0,  [0.5]),
    ("minimum at a tie, other input",    ops.minimum,                         ([2.0], [2.0]),           1,  [0.5]),
    ("maximum with a tied number",       lambda x: ops.maximum(x, 0),         ([0.0, 1.0, -1.0],),      0,  [0.5, 1.0, 0.0]),
    ("maximum of x and x",               lambda x: ops.maximum(x, x),         ([3.0],),                 0,  [1.0]),
    ("minimum of x and x",               lambda x: ops.minimum(x, x),         ([3.0],),                 0,  [1.0]),
    ("max of two equal",                 lambda x: x.max(),                   ([2.0, 2.0, 1.0],),       0,  [0.5, 0.5, 0.0]),
    ("min of two equal",                 lambda x: x.min(),                   ([2.0, 1.0, 1.0],),       0,  [0.0, 0.5, 0.5]),
    ("max of all equal",                 lambda x: x.max(),                   ([1.0] * 4,),             0,  [0.25] * 4),
    ("max along rows with a tie",        lambda x: x.max(axis=1),             ([[1.0, 1.0], [0, 5]],), 0, [[0.5, 0.5], [0, 1]]),
    ("max with a nan",                   lambda x: x.max(),                   ([1.0, nan, 2.0],),       0,  [0.0, 1.0, 0.0]),
    ("max with an infinity",             lambda x: x.max(),                   ([1.0, inf],),            0,  [0.0, 1.0]),
    ("clip at its bounds",               lambda x: x.clip(-1.0, 1.0),         ([-1.0, 1.0, -2.0, 2.0],), 0, [1.0, 1.0, 0.0, 0.0]),
    ("clip at an open side",             lambda x: x.clip(min=0.0),           ([0.0, -1.0, inf],),      0,  [1.0, 0.0, 1.0]),
    ("power 0 of 0",                     lambda x: x**0,                      ([0.0, 2.0],),            0,  [0.0, 0.0]),
    ("power 0.0 of 0, exponent variable", ops.power,                          ([0.0, 2.0], [0.0, 0.0]), 0,  [0.0, 0.0]),
    ("power 0 of 0, by the exponent",    ops.power,                           ([0.0], [0.0]),           1,  [0.0]),
    ("power 2 of 0, by the exponent",    ops.power,                           ([0.0], [2.0]),           1,  [0.0]),
    ("power 0 of infinity",              lambda x: x**0,                      ([inf],),                 0,  [0.0]),
    ("power 1 of 0",                     lambda x: x**1,                      ([0.0, -0.0],),           0,  [1.0, 1.0]),
    ("power 2 of 0",                     lambda x: x**2,                      ([0.0],),                 0,  [0.0]),
    ("power 1/2 of 0",                   lambda x: x**0.5,                    ([0.0],),                 0,  [inf]),
    ("power 3 of a negative number",     lambda x: x**3,                      ([-2.0],),                0,  [12.0]),
    ("power 3 of a negative, variable",  ops.power,                           ([-2.0], [3.0]),          0,  [12.0]),
    ("sqrt at 0",                        ops.sqrt,                            ([0.0],),                 0,  [inf]),
    ("log at 0",                         ops.log,                             ([0.0],),                 0,  [inf]),
    ("log1p at -1",                      ops.log1p,                           ([-1.0],),                0,  [inf]),
    ("1/x at 0",                         lambda x: 1 / x,                     ([0.0],),                 0,  [-inf]),
    ("where around log at 0, naive",     naive_log,                           ([0.0, 2.0],),            0,  [nan, 0.5]),
    ("where around log at 0, guarded",   guarded_log,                         ([0.0, 2.0],),            0,  [0.0, 0.5]),
    ("sigmoid far out",                  ops.sigmoid,                         (FAR_OUT,),               0,  [0.0] * 4),
    ("tanh far out",                     ops.tanh,                            (FAR_OUT,),               0,  [0.0] * 4),
    ("softplus far out",                 ops.softplus,                        (FAR_OUT,),               0,  [0.0, 1.0, 0.0, 1.0]),
    ("cross-entropy far out, right",     lambda z: ops.sigmoid_cross_entropy(z, [0.0, 1.0]), ([-800.0, 800.0],), 0, [0.0, 0.0]),
    ("cross-entropy far out, wrong",     lambda z: ops.sigmoid_cross_entropy(z, [1.0, 0.0]), ([-800.0, 800.0],), 0, [-1.0, 1.0]),
    ("cross-entropy at 0",               lambda z: ops.sigmoid_cross_entropy(z, [1.0, 0.0]), ([0.0, 0.0],), 0, [-0.5, 0.5]),
    ("exp far out",                      ops.exp,                             ([-inf, -800.0],),        0,  [0.0, 0.0]),
    ("expm1 far out",                    ops.expm1,                           ([-inf, 0.0],),           0,  [0.0, 1.0]),
    ("remainder by x",                   lambda x: x % 2.0,                   ([-3.5, 3.5],),           0,  [1.0, 1.0]),
    ("mean of one number",               lambda x: x.mean(),                  ([5.0],),                 0,  [1.0]),
    ("sum of nothing",                   lambda x: x.sum() * 2,               (np.zeros((0, 3)),),      0,  []),
]
# fmt: on


@pytest.mark.parametrize(
    ("case", "function", "inputs", "position", "expected"), HARD_POINTS, ids=[point[0] for point in HARD_POINTS]
)
def test_the_gradient_at_a_hard_point_is_the_chosen_one(case, function, inputs, position, expected):
    np.testing.assert_array_equal(by(position, function, *inputs), expected)


SECOND_AT_HARD_POINTS = [
    ("x² at 0", lambda x: x**2, 0.0, 2.0),
    ("x³ at 0", lambda x: x**3, 0.0, 0.0),
    ("x at 0 as a power", lambda x: x**1, 0.0, 0.0),
    ("relu at 0", ops.relu, 0.0, 0.0),
    ("abs at 0", ops.absolute, 0.0, 0.0),
    ("square of maximum at a tie", lambda x: ops.maximum(x, 0.0) ** 2, 0.0, 0.5),
    ("softplus at 0", ops.softplus, 0.0, 0.25),
    ("softplus far out", ops.softplus, 800.0, 0.0),
    ("tanh at 0", ops.tanh, 0.0, 0.0),
]


@pytest.mark.parametrize(("case", "function", "x", "expected"), SECOND_AT_HARD_POINTS, ids=[p[0] for p in SECOND_AT_HARD_POINTS])
def test_the_second_derivative_at_a_hard_point_is_the_chosen_one(case, function, x, expected):
    assert grad(grad(function))(x).item() == expected


def test_the_mixed_derivative_of_a_power_at_0_is_0():
    """d²/dx dy x^y = x^(y - 1) (1 + y log x), whose limit at x = 0 is 0 for y > 1."""
    assert grad(lambda x: grad(ops.power, argnums=1)(x, 2.0))(0.0).item() == 0.0
    assert grad(lambda y: grad(ops.power, argnums=0)(0.0, y))(2.0).item() == 0.0


def test_a_plain_and_a_recorded_backward_pass_agree_at_every_hard_point():
    for case, function, inputs, _, _ in HARD_POINTS:
        xs = [Tensor(x) for x in inputs]
        with np.errstate(all="ignore"):
            plain = gradients(function(*xs).sum(), xs)
            recorded = gradients(function(*xs).sum(), xs, create_graph=True)
        for p, r in zip(plain, recorded):
            assert np.array_equal(p.array, r.array, equal_nan=True), case


def test_a_backward_pass_gives_no_warning_at_infinite_slopes():
    x = Tensor([0.0, 4.0])
    ops.sqrt(x).sum().backward()
    assert x.grad.tolist() == [inf, 0.25]


def test_constants_are_refused_as_variables():
    with pytest.raises(GraphError, match="position 0"):
        gradients(Tensor(1.0) * 2, [as_tensor(1.0)])
