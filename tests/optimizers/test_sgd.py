"""SGD against the papers' formulas: plain, with momentum, and looking ahead."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import Tensor, Variable
from tinygrad_edu.optimizers import SGD

CURVES = np.array([1.0, 50.0])  # a ravine: the loss is half the curvatures times the squared coordinates


def descend(optimizer, start, gradient, steps):
    """Where `optimizer` goes from `start`, step by step."""
    variable = Variable(start, "float64")
    path = []
    for _ in range(steps):
        optimizer.apply([Tensor(gradient(variable.numpy()))], [variable])
        path.append(variable.numpy().copy())
    return np.array(path)


def test_three_steps_by_hand():
    """OPT-11: rate 0.1, momentum 0.5, gradient always 1, from 0."""
    ones = lambda p: np.ones_like(p)
    assert descend(SGD(0.1), [0.0], ones, 3).ravel().tolist() == pytest.approx([-0.1, -0.2, -0.3])
    assert descend(SGD(0.1, 0.5), [0.0], ones, 3).ravel().tolist() == pytest.approx([-0.1, -0.25, -0.425])
    assert descend(SGD(0.1, 0.5, True), [0.0], ones, 3).ravel().tolist() == pytest.approx([-0.15, -0.325, -0.5125])


@pytest.mark.parametrize("nesterov", [False, True])
@given(rate=st.floats(0, 0.03), momentum=st.floats(0, 1), start=st.tuples(st.floats(-5, 5), st.floats(-5, 5)))
def test_sgd_walks_as_the_formula_says(nesterov, rate, momentum, start):
    """OPT-11."""
    p, v, expected = np.array(start), np.zeros(2), []
    for _ in range(20):
        g = CURVES * p
        v = momentum * v - rate * g
        p = p + (momentum * v - rate * g if nesterov else v)
        expected.append(p)
    found = descend(SGD(rate, momentum, nesterov), start, lambda p: CURVES * p, 20)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


@given(rate=st.floats(1e-3, 0.03), momentum=st.floats(0.1, 0.95))
def test_nesterov_is_the_look_ahead_after_a_change_of_variable(rate, momentum):
    """OPT-12, TEA-04: V = βV + α∇L(W - βV), W = W - V, seen from W - βV."""
    w, v, expected = np.array([3.0, -2.0]), np.zeros(2), []
    for _ in range(25):
        v = momentum * v + rate * CURVES * (w - momentum * v)
        w = w - v
        expected.append(w - momentum * v)
    found = descend(SGD(rate, momentum, nesterov=True), [3.0, -2.0], lambda p: CURVES * p, 25)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


@given(rate=st.floats(1e-3, 0.3), momentum=st.floats(0.1, 0.9))
def test_the_averaging_form_of_momentum_is_the_other_with_a_smaller_rate(rate, momentum):
    """TEA-03: V = βV + (1-β)∇L, W = W - αV is SGD of rate α(1-β)."""
    w, v, expected = np.array([3.0, -2.0]), np.zeros(2), []
    for _ in range(15):
        v = momentum * v + (1 - momentum) * CURVES * w / 50
        w = w - rate * v
        expected.append(w)
    found = descend(SGD(rate * (1 - momentum), momentum), [3.0, -2.0], lambda p: CURVES * p / 50, 15)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_nesterov_without_momentum_is_plain():
    """OPT-11."""
    walk = lambda optimizer: descend(optimizer, [3.0, -2.0], lambda p: CURVES * p, 10)
    np.testing.assert_array_equal(walk(SGD(0.01, nesterov=True)), walk(SGD(0.01)))


def test_momentum_gets_through_a_ravine_where_plain_descent_crawls():
    """TEA-05."""
    distance = lambda optimizer: np.abs(descend(optimizer, [1.0, 1.0], lambda p: CURVES * p, 60)[-1]).max()
    assert distance(SGD(0.03, 0.7)) < distance(SGD(0.03)) / 10


@pytest.mark.parametrize("start", [2.0, -2.0])
def test_descent_on_a_parabola(start):
    """TEA-06: x² shrinks by 1 - 2η per step; from η = 1 on it no longer comes nearer."""
    walk = lambda rate: descend(SGD(rate), [start], lambda x: 2 * x, 30).ravel()
    np.testing.assert_allclose(walk(0.1), start * 0.8 ** np.arange(1, 31), rtol=1e-12)
    assert abs(walk(1.0)[-1]) == 2 and abs(walk(1.1)[-1]) > 100


@pytest.mark.parametrize("momentum", [2, -0.1, np.nan, np.inf, None, "x"])
def test_momentum_outside_0_to_1_is_refused(momentum):
    """OPT-11."""
    with pytest.raises((ValueError, TypeError), match=r"SGD expects momentum"):
        SGD(momentum=momentum)


@pytest.mark.parametrize("momentum", [0, 1, np.float32(0.5), 0.9])
def test_momentum_from_0_to_1_is_taken(momentum):
    """OPT-11, PKG-14."""
    optimizer = SGD(momentum=momentum)
    assert optimizer.momentum == float(momentum) and type(optimizer.momentum) is float
