"""One-hot labels and rows of length 1."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from tinygrad_edu.utils.np_utils import to_categorical as legacy

from tinygrad_edu.utils import normalize, to_categorical


@given(hnp.arrays(np.int64, hnp.array_shapes(min_dims=1, max_dims=3, min_side=1), elements=st.integers(0, 9)))
def test_the_place_of_the_one_is_the_number(x):
    """UTL-07. The oracle is argmax."""
    rows = to_categorical(x, 10)
    expected = x[..., 0] if x.ndim > 1 and x.shape[-1] == 1 else x
    assert rows.shape == (*expected.shape, 10) and rows.dtype == np.float32
    assert (rows.argmax(-1) == expected).all() and (rows.sum(-1) == 1).all()


def test_the_number_of_classes_is_the_largest_and_one_more_unless_it_is_said():
    """UTL-07."""
    assert to_categorical([0, 2]).tolist() == [[1, 0, 0], [0, 0, 1]]
    assert to_categorical(np.array([[1], [0]]), np.int64(2), dtype="int8").tolist() == [[0, 1], [1, 0]]
    assert to_categorical(2).tolist() == [0, 0, 1] and to_categorical([1.0, 0.0]).shape == (2, 2)
    assert to_categorical([], 3).shape == (0, 3)
    assert legacy is to_categorical


@pytest.mark.parametrize(
    ("x", "classes", "message"),
    [
        ([0, -1], None, "whole numbers >= 0, got -1"),
        ([0.5], None, "whole numbers >= 0, got 0.5"),
        ([float("nan")], None, "whole numbers >= 0, got nan"),
        ([0, 3], 3, "below num_classes=3, got 3"),
        ([0], 0, "below num_classes=0, got 0"),
    ],
)
def test_a_number_that_is_no_class_is_refused(x, classes, message):
    """UTL-07: a negative one would count from the end."""
    with pytest.raises(ValueError, match=message):
        to_categorical(x, classes)


@pytest.mark.parametrize("order", [1, 2, 3, np.inf])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_rows_have_length_one_and_zeros_stay(order, axis):
    """UTL-08."""
    x = np.random.default_rng(1).normal(size=(4, 5))
    x[2], x[:, 3] = 0, 0
    rows = normalize(x, axis, order)
    lengths = np.linalg.norm(rows, order, axis)
    zero = np.linalg.norm(x, order, axis) == 0
    assert lengths[~zero] == pytest.approx(1) and (lengths[zero] == 0).all()
    assert np.isfinite(rows).all()


def test_a_single_row_and_its_type_are_kept():
    """UTL-08."""
    assert normalize([3.0, 4.0]).tolist() == [0.6, 0.8]
    assert normalize(np.ones((1, 4), np.float32)).dtype == np.float32


@pytest.mark.parametrize("words", [["1", "0"], ["cat", "dog"], [None, 1]])
def test_words_are_refused_with_the_way_to_number_them(words):
    """UTL-07."""
    with pytest.raises(TypeError, match=r"to_categorical expects class numbers, got .* Number words first"):
        to_categorical(words)
