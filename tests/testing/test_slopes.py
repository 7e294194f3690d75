"""Slopes of functions of one number, by a complex step and by differences."""

import numpy as np
import pytest

from tinygrad_edu.testing.judge import scale_of
from tinygrad_edu.testing.slopes import central, complex_step


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


@pytest.mark.parametrize("function", [np.exp, np.sin, np.arctan, np.square, np.log], ids=lambda f: f.__name__)
def test_a_complex_step_and_differences_agree(function):
    slope = central(lambda t: function(0.75 + t))
    assert abs(complex_step(lambda t: function(0.75 + t)) - slope.value) <= 10 * slope.error + 1e-12


def test_a_part_that_was_thrown_away_is_an_error():
    with pytest.raises(np.exceptions.ComplexWarning):
        complex_step(lambda t: np.asarray(t).astype(float))
