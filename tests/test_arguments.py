"""Numbers that are handed in: which are taken, and what the others are told."""

import math

import numpy as np
import pytest

from tinygrad_edu import Tensor
from tinygrad_edu.arguments import number


@pytest.mark.parametrize("value", [1, 1.0, True, np.float32(1), np.int64(1), np.array(1.0), Tensor(1.0)], ids=repr)
def test_a_number_may_be_of_any_make(value):
    """PKG-14."""
    found = number("Thing", "size", value)
    assert found == 1 and type(found) is float


@pytest.mark.parametrize("value", [None, "1", [1.0], np.ones(1), np.ones(2), [1, [2]], object, 1j], ids=repr)
def test_what_is_no_number_is_refused(value):
    with pytest.raises(TypeError, match=r"Thing expects size to be a number in \[0, 2\], got .*\. Try 1\."):
        number("Thing", "size", value, high=2, hint="Try 1.")


@pytest.mark.parametrize(
    ("limits", "value", "law"),
    [
        ({}, -1, ">= 0"),
        ({}, math.nan, ">= 0"),
        ({}, math.inf, ">= 0"),
        ({"high": 1}, 1.5, r"in \[0, 1\]"),
        ({"low": -1, "high": 1}, -1.5, r"in \[-1, 1\]"),
        ({"low": -math.inf}, math.inf, "to be finite"),
    ],
    ids=str,
)
def test_a_number_outside_is_told_the_law(limits, value, law):
    with pytest.raises(ValueError, match=f"Thing expects size {law}, got {value!r}"):
        number("Thing", "size", value, **limits)
