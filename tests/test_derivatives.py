"""vjp, jvp, Jacobians, Hessians and structures, against closed forms and central differences in float64."""

from collections import namedtuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import Tensor, grad, hessian, hvp, jacobian, jvp, no_grad, ops, value_and_grad, vjp
from tinygrad_edu.graph import GraphError

RNG = np.random.default_rng(0)
A, B = RNG.normal(size=(3, 3)), RNG.normal(size=(2, 3))
X = RNG.normal(size=3)
STEP = 2.0**-13


def differences(function, x):
    """Central differences of an array function by every number of x, shape (*result, *x.shape), with one extrapolation."""
    columns = []
    for index in np.ndindex(x.shape):
        near, far = (_slope(function, x, index, step) for step in (STEP, 2 * STEP))
        columns.append((4 * near - far) / 3)
    return np.stack(columns, axis=-1).reshape(*np.shape(columns[0]), *x.shape)


def _slope(function, x, index, step):
    up, down = x.copy(), x.copy()
    up[index] += step
    down[index] -= step
    return (np.asarray(function(up)) - np.asarray(function(down))) / (2 * step)


def on_arrays(function):
    return lambda x: function(Tensor(x)).array


FUNCTIONS = {
    "quadratic": lambda x: x @ A @ x,
    "matrix": lambda x: (B @ x).tanh(),
    "outer": lambda x: x.reshape(3, 1) * x,
    "wide": lambda x: ops.concatenate([x, x.exp(), x * x.sum()]),
    "row": lambda x: (x[1:] * x[:-1]).sin(),
    "single": lambda x: x[0] * x[1] ** 2,
    "mean of squares": lambda x: (x * x).mean(),
    "linear": lambda x: x * 2.0,
    "constant": lambda x: Tensor([1.0, 2.0]),
    "part constant": lambda x: ops.stack([x[0], Tensor(3.0)]),
}
each_function = pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS.keys())


@each_function
def test_the_jacobian_is_the_matrix_of_differences(function):
    got = jacobian(function)(X)
    expected = differences(on_arrays(function), X)
    assert got.shape == expected.shape
    np.testing.assert_allclose(got.array, expected, rtol=1e-8, atol=1e-9)


@each_function
def test_vjp_and_jvp_are_products_with_the_jacobian(function):
    J = differences(on_arrays(function), X)
    u, t = RNG.normal(size=J.shape[:-1]), RNG.normal(size=3)
    value, pull = vjp(function, X)
    np.testing.assert_array_equal(value.array, on_arrays(function)(X))
    (g,) = pull(u)
    np.testing.assert_allclose(g.array, np.tensordot(u, J, u.ndim), rtol=1e-8, atol=1e-9)
    np.testing.assert_array_equal(pull(u)[0].array, g.array)  # as often as one likes
    value, change = jvp(function, [X], [t])
    np.testing.assert_array_equal(value.array, on_arrays(function)(X))
    np.testing.assert_allclose(change.array, J @ t, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(np.sum(u * change.array), g.array @ t, rtol=1e-12, atol=1e-12)


@each_function
def test_the_second_derivatives_are_differences_of_the_first(function):
    got = jacobian(jacobian(function))(X)
    expected = differences(lambda x: jacobian(function)(x).array, X)
    np.testing.assert_allclose(got.array, expected, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_jacobians_and_jvps_nest_to_any_order(order):
    f, g = (lambda x: x**5), (lambda x: x**5)
    expected = [5, 20, 60, 120][order - 1] * np.array([1.0, 2.0]) ** (5 - order)
    for _ in range(order):
        f = jacobian(f)
        g = lambda x, g=g: jvp(g, [x], [np.ones(2)])[1]
    np.testing.assert_allclose(f(np.array([1.0, 2.0])).array[(*[np.arange(2)] * (order + 1),)], expected, rtol=1e-12)
    assert np.count_nonzero(f([1.0, 2.0]).array) == 2
    np.testing.assert_allclose(g(np.array([1.0, 2.0])).array, expected, rtol=1e-12)


def test_a_hessian_is_symmetric_and_that_of_the_closed_form():
    H = hessian(lambda x: x @ A @ x)(X)
    np.testing.assert_allclose(H.array, A + A.T, rtol=1e-12)
    H = hessian(lambda x: (x[0] * x[1] * x[2]).exp())(X)
    np.testing.assert_allclose(H.array, H.array.T, rtol=1e-12)


def test_a_hessian_vector_product_is_the_product_with_the_hessian():
    f = lambda x: (B @ x).tanh().sum() + x @ A @ x
    v = RNG.normal(size=3)
    np.testing.assert_allclose(hvp(f, X, v).array, hessian(f)(X).array @ v, rtol=1e-12)
    by_structure = hvp(lambda p: (p["a"] * p["b"][0]).sum() ** 2, {"a": X, "b": [2.0]}, {"a": np.ones(3), "b": [0.0]})
    np.testing.assert_allclose(by_structure["a"].array, 8 * np.ones(3) * 3, rtol=1e-12)


def test_forward_over_reverse_is_reverse_over_reverse():
    f, v = (lambda x: (x * x * x).sum()), RNG.normal(size=3)
    np.testing.assert_allclose(jvp(grad(f), [X], [v])[1].array, 6 * X * v, rtol=1e-12)
    np.testing.assert_allclose(grad(lambda x: jvp(f, [x], [v])[1])(X).array, 6 * X * v, rtol=1e-12)
    np.testing.assert_allclose(grad(lambda x: (vjp(grad(f), x)[1](v)[0] * v).sum())(X).array, 6 * v * v, rtol=1e-12)


def test_a_pullback_may_be_differentiated_by_its_cotangent():
    _, pull = vjp(lambda x: B @ x, X)
    np.testing.assert_allclose(jacobian(lambda u: pull(u)[0])(np.ones(2)).array, B.T, rtol=1e-12)


def test_the_inner_and_the_outer_variable_are_kept_apart():
    """d/dx [x · d/dy (x + y) at y = x] = 1, in every mix of forward and reverse."""
    inner = [
        lambda x: grad(lambda y: x + y)(x),
        lambda x: jvp(lambda y: x + y, [x], [1.0])[1],
        lambda x: jacobian(lambda y: x + y)(x),
    ]
    outer = [grad, jacobian, lambda f: lambda x: jvp(f, [x], [1.0])[1]]
    for i in inner:
        for o in outer:
            assert o(lambda x, i=i: x * i(x))(3.0).item() == 1.0


# Structures ----------------------------------------------------------------------------------------------

Point = namedtuple("Point", "x y")


def loss(weights, data):
    h = (weights["w"] * data).sum() * weights["more"][0] + weights["more"][1].sum()
    return h**2 + weights["point"].x * weights["point"].y


def weights():
    return {"w": X, "more": [2.0, np.ones(2)], "point": Point(3.0, Tensor(4.0)), "none": None, "list": [0.5, 0.25], "empty": {}}


def test_a_gradient_has_the_structure_of_the_argument():
    data = np.ones(3)
    g = grad(loss)(weights(), data)
    h = X.sum() * 2 + 2
    assert list(g) == list(weights())
    np.testing.assert_allclose(g["w"].array, 4 * h * np.ones(3), rtol=1e-12)
    np.testing.assert_allclose(g["more"][0].item(), 2 * h * X.sum(), rtol=1e-12)
    np.testing.assert_allclose(g["more"][1].array, 2 * h * np.ones(2), rtol=1e-12)
    assert (type(g["point"]), g["point"].x.item(), g["point"].y.item()) == (Point, 4.0, 3.0)
    assert (g["none"], g["empty"], g["list"].tolist()) == (None, {}, [0.0, 0.0])


def test_several_arguments_give_a_tuple_of_gradients():
    f = lambda x, y, z=1.0: (x * y**2 * z).sum()
    gx, gy = grad(f, argnums=(0, 1))(X, 2.0, z=3.0)
    np.testing.assert_allclose(gx.array, 12.0 * np.ones(3))
    np.testing.assert_allclose(gy.item(), 12 * X.sum(), rtol=1e-12)
    (only,) = grad(f, argnums=[-1])(X, 2.0)
    np.testing.assert_allclose(only.item(), 4 * X.sum(), rtol=1e-12)
    J = jacobian(lambda x, y: x * y, argnums=(0, 1))(X, 2.0)
    np.testing.assert_array_equal(J[0].array, 2 * np.eye(3))
    np.testing.assert_array_equal(J[1].array, X)


def test_a_jacobian_of_structures_is_a_structure_of_structures():
    f = lambda p: {"sum": p["a"].sum() * p["b"], "product": p["a"] * p["b"]}
    J = jacobian(f)({"a": X, "b": 2.0})
    np.testing.assert_array_equal(J["sum"]["a"].array, [2.0, 2.0, 2.0])
    np.testing.assert_array_equal(J["product"]["a"].array, 2 * np.eye(3))
    np.testing.assert_array_equal(J["product"]["b"].array, X)
    H = hessian(lambda p: (p["a"] ** 2).sum() * p["b"])({"a": X, "b": 2.0})
    np.testing.assert_array_equal(H["a"]["a"].array, 4 * np.eye(3))
    np.testing.assert_array_equal(H["a"]["b"].array, 2 * X)
    np.testing.assert_array_equal(H["b"]["b"].array, 0.0)


def test_numbers_stand_for_parts_where_the_primals_and_the_value_have_parts():
    def f(pair, x):
        (a, b) = pair
        return (a * b, [b * x, x])

    _, change = jvp(f, [(np.array(2.0), np.array(3.0)), 5.0], [(1.0, 10.0), 100.0])
    assert (change[0].item(), [part.item() for part in change[1]]) == (23.0, [350.0, 100.0])
    _, pull = vjp(f, (np.array(2.0), np.array(3.0)), 5.0)
    (by_a, by_b), by_x = pull((1.0, [0.5, 0.25]))
    assert (by_a.item(), by_b.item(), by_x.item()) == (3.0, 4.5, 1.75)
    for wrong in ((1.0, [0.5]), (1.0, 0.5), 1.0, {"a": 1.0}):
        with pytest.raises(GraphError, match=r"vjp expects parts in the structure \('...', \['...', '...'\]\)"):
            pull(wrong)


def test_vjp_and_jvp_take_and_give_structures():
    f = lambda p, c: [p["a"] * c, p["a"].sum()]
    _, pull = vjp(f, {"a": X}, 2.0)
    by_p, by_c = pull([np.ones(3), 1.0])
    np.testing.assert_array_equal(by_p["a"].array, [3.0, 3.0, 3.0])
    np.testing.assert_allclose(by_c.item(), X.sum(), rtol=1e-12)
    _, change = jvp(f, [{"a": X}, 2.0], [{"a": np.ones(3)}, 1.0])
    np.testing.assert_allclose(change[0].array, 2 + X, rtol=1e-12)
    assert change[1].item() == 3.0
    with pytest.raises(GraphError, match=r"vjp expects parts in the structure \['...', '...'\], got a ndarray of others"):
        pull(np.ones(3))
    with pytest.raises(GraphError, match="jvp expects as many tangents as primals, got 1 for 2"):
        jvp(f, [{"a": X}, 2.0], [{"a": X}])


def test_what_comes_beside_the_value_is_passed_on():
    f = lambda x: ((x**2).sum(), {"seen": x, "words": "any"})
    (value, aux), g = value_and_grad(f, has_aux=True)(X)
    np.testing.assert_allclose(value.item(), X @ X, rtol=1e-12)
    np.testing.assert_array_equal(aux["seen"].array, X)
    assert aux["words"] == "any"
    again, aux = grad(f, has_aux=True)(X)
    np.testing.assert_array_equal(again.array, g.array)
    assert aux["words"] == "any"
    assert vjp(f, X, has_aux=True)[2]["words"] == "any"
    with pytest.raises(TypeError, match=r"has_aux expects a function that returns \(value, anything else\), got Tensor"):
        grad(lambda x: x.sum(), has_aux=True)(X)


def test_positions_and_scalars_are_checked():
    with pytest.raises(ValueError, match="argnums expects positions of 1 arguments given by position, got 1"):
        grad(lambda x: x, argnums=1)(2.0)
    with pytest.raises(GraphError, match=r"grad expects a scalar, got shape \(3,\)"):
        grad(lambda x: x * 2)(X)
    with pytest.raises(GraphError, match="grad expects a function that returns a scalar, got 2 results"):
        grad(lambda x: (x, x))(2.0)


# What is recorded ----------------------------------------------------------------------------------------


def test_a_derivative_is_recorded_just_where_somebody_may_need_it():
    w = Tensor(3.0)
    assert grad(lambda x: x**3)(2.0).node is None
    assert value_and_grad(lambda x: x**3)(2.0)[0].node is None
    assert jacobian(lambda x: x**3)(X).node is None
    assert grad(lambda x: x**3)(Tensor(2.0)).node is not None
    outside = grad(lambda x: w * x**3)(2.0)
    outside.backward()
    assert w.grad.item() == 12.0
    with no_grad():
        assert grad(lambda x: w * x**3)(2.0).node is None
        assert grad(grad(lambda x: w * x**3))(2.0).item() == 36.0


def test_the_gradient_of_a_gradient_reaches_the_tensors_that_the_function_uses():
    w = Tensor(X)
    hvp(lambda x: (w * x**3).sum(), X, np.ones(3)).sum().backward()
    np.testing.assert_allclose(w.grad.array, 6 * X, rtol=1e-12)


@given(st.lists(st.floats(-2, 2), min_size=1, max_size=4), st.integers(0, 2**31))
def test_a_product_from_the_left_and_from_the_right_agree(xs, seed):
    rng = np.random.default_rng(seed)
    M, x = rng.normal(size=(3, len(xs))), np.array(xs)
    f = lambda x: ((M @ x).tanh() * (M @ x)).sin()
    u, t = rng.normal(size=3), rng.normal(size=len(xs))
    left = vjp(f, x)[1](u)[0].array @ t
    right = u @ jvp(f, [x], [t])[1].array
    np.testing.assert_allclose(left, right, rtol=1e-9, atol=1e-12)
