"""Ops of one's own."""

import numpy as np
import pytest

import tinygrad_edu
from tinygrad_edu import Tensor, elementwise, grad, op, ops
from tinygrad_edu.testing import check_gradients


def declare(factor=1.0):
    @op(x=lambda g, x, power: g * factor * power * x ** (power - 1))
    def my_power(x, /, power=2):
        """factor · x^power."""
        return factor * x**power

    return my_power


def test_an_op_of_ones_own_has_gradients_of_any_order():
    my_power = declare()
    check_gradients(my_power, np.array([0.5, -1.5, 2.0]), order=3)
    assert grad(lambda x: my_power(x, power=3))(2.0).item() == 12.0
    assert my_power(Tensor(3.0), 3).item() == 27.0
    assert my_power(np.float64(3.0)) == 9.0
    assert (my_power.__name__, my_power.__doc__, my_power.__module__) == ("my_power", "factor · x^power.", __name__)


def test_an_elementwise_op_says_its_formula_and_broadcasts():
    @elementwise("x * y + y", x=lambda g, y: g * y, y=lambda g, x: g * (x + 1))
    def gate(x, y, /):
        """x y + y."""
        return x * y + y

    assert gate.op.formula == "x * y + y"
    check_gradients(gate, np.ones((2, 3)), np.array([1.0, 2.0, 3.0]))


def test_a_name_may_be_declared_again_and_names_of_ours_stay_what_they_are():
    first, second = declare(), declare(2.0)
    assert (first(Tensor(2.0)).item(), second(Tensor(2.0)).item()) == (4.0, 8.0)
    before, names = ops.registry["tanh"], list(ops.registry)

    @op(x=lambda g: g)
    def tanh(x, /):
        """Another."""
        return x * 1

    assert tanh(Tensor(5.0)).item() == 5.0
    assert ops.registry["tanh"] is before
    assert list(ops.registry) == names
    assert np.tanh(Tensor(0.5)).item() == np.tanh(0.5)


def test_a_missing_slash_is_told():
    with pytest.raises(TypeError, match=r"Inputs stand before a slash: def double\(x, /\)"):

        @op(x=lambda g: 2 * g)
        def double(x):
            """2 x."""
            return 2 * x


def test_the_decorator_is_found_whatever_was_imported_before():
    from tinygrad_edu.record import Op

    assert isinstance(declare().op, Op)
    assert tinygrad_edu.op is op
