"""What is made up beside a batch, to tell its samples from constants."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from tinygrad_edu.compiled.another import with_others
from tinygrad_edu.compiled.errors import NotCompiledError

SHAPES = arrays.array_shapes(max_dims=3, max_side=5)
TYPES = st.sampled_from(["float32", "float64", "int64", "int32", "uint8", "bool"])


def tables(dtype):
    numbers = st.floats(-9, 9, width=16) if dtype.startswith("float") else None
    return arrays.arrays(dtype, SHAPES, elements=numbers)


def halves(table, **more):
    (both,) = with_others([table], **more)
    assert both.dtype == table.dtype and both.shape == (2 * len(table), *table.shape[1:])
    return both[: len(table)], both[len(table) :]


@given(TYPES.flatmap(tables))
def test_the_batch_is_left_as_it_is_and_the_other_differs(table):
    first, other = halves(table)
    np.testing.assert_array_equal(first, table)
    assert not np.array_equal(first, other)


@given(arrays.arrays("int64", SHAPES, elements=st.integers(0, 9)))
def test_whole_numbers_stay_classes(table):
    other = halves(table)[1]
    values = np.unique(table)
    assert np.isin(other, [0, 1] if len(values) == 1 else values).all()
    assert other.max() < table.max() or len(values) == 1


def test_whole_numbers_among_floats_are_classes_too_and_weights_are_not():
    ones = np.ones(3, "float32")
    assert set(halves(ones)[1].tolist()) == {0.0}
    assert not set(halves(ones, weights=1)[1].tolist()) & {0.0, 1.0}


@given(arrays.arrays("float32", SHAPES, elements=st.floats(0.25, 9, width=16).filter(lambda x: x % 1)))
def test_neither_mean_nor_largest_of_other_numbers_stay(table):
    other = halves(table)[1]
    assert other.sum() < table.sum() and other.max() < table.max() and (other > 0.9 * table.min()).all()


@given(tables("float32"))
def test_tables_that_are_alike_have_others_that_are_not(table):
    try:
        first, second = with_others([table, table.copy()])
    except NotCompiledError as refused:
        assert len(np.unique(table)) <= 3 and "one table from another" in str(refused)  # noqa: PT017
    else:
        assert not np.array_equal(first, second)


def test_what_nobody_can_tell_apart_is_refused():
    zeros = np.zeros((4, 1), "int64")
    with pytest.raises(NotCompiledError, match="too much alike to tell one table from another"):
        with_others([zeros, zeros[:, 0]])
