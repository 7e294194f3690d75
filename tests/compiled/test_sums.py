"""Sums and extremes along axes, and what looks at the classes of samples, as instructions. The oracle is NumPy, in float64."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.compiled.instructions import TYPES, close, lying, perform, watched
from tinygrad_edu import ops
from tinygrad_edu.compiled.lowering import CLASSES, folds
from tinygrad_edu.compiled.sums import sum_across, sum_along

LENGTHS = st.one_of(st.integers(1, 9), st.integers(1, 70))
GAPS = st.integers(0, 5)
FOLDED = {"max": np.max, "min": np.min, "prod": np.prod}


def numbers(*shape, dtype=np.float64):
    return np.random.default_rng(list(shape)).normal(size=shape).astype(dtype)


def spread(x, shape):
    """The same numbers, seen with all axes of an instruction."""
    return np.broadcast_to(x[..., None, None], shape)


@given(
    kept=st.tuples(st.integers(1, 3), LENGTHS), summed=st.tuples(st.integers(1, 3), LENGTHS), dtype=TYPES,
    turned=st.booleans(), gaps=st.tuples(GAPS, GAPS), divisor=st.sampled_from([1, 7]),
)  # fmt: skip
def test_sums_along_rows_are_numpys(kept, summed, dtype, turned, gaps, divisor):
    x, out = numbers(*kept, *summed, dtype=dtype), watched(kept, dtype, gap=gaps[0])
    seen = spread(out, x.shape)
    perform(sum_along, seen, [lying(x, turned, gaps[1]), np.broadcast_to(dtype(divisor), ())], x.shape)
    close(out, x.sum((2, 3), dtype=float) / divisor, summed[0] * summed[1])


@given(shape=st.tuples(st.integers(1, 3), st.integers(1, 3), LENGTHS, LENGTHS), dtype=TYPES, gaps=st.tuples(GAPS, GAPS))
def test_sums_across_rows_are_numpys(shape, dtype, gaps):
    x, out = numbers(*shape, dtype=dtype), watched((shape[0], shape[3]), dtype, gap=gaps[0])
    perform(sum_across, np.broadcast_to(out[:, None, None], shape), [lying(x, gap=gaps[1]), np.array(dtype(3))], shape)
    close(out, x.sum((1, 2), dtype=float) / 3, shape[1] * shape[2])


def test_long_sums_keep_their_digits():
    x, out = np.full((1, 1, 1, 3_000_000), 0.1, np.float32), watched((1, 1), np.float32)
    perform(sum_along, spread(out, x.shape), [x, np.array(np.float32(1))], x.shape)
    assert out[0, 0] == pytest.approx(3_000_000 * np.float64(np.float32(0.1)), rel=1e-5)


@pytest.mark.parametrize("name", FOLDED)
@given(
    shape=st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), LENGTHS), dtype=TYPES, turned=st.booleans(), gap=GAPS
)
def test_extremes_and_products_along_rows_are_numpys(name, shape, dtype, turned, gap):
    x, out = numbers(*shape, dtype=dtype), watched(shape[:2], dtype)
    perform(folds()[name], spread(out, shape), [lying(x, turned, gap)], shape)
    np.testing.assert_allclose(out, FOLDED[name](x, (2, 3)), rtol=1e-4 if dtype is np.float32 else 1e-12)


@pytest.mark.parametrize("place", range(0, 21, 3))
@pytest.mark.parametrize("name", ["max", "min"])
def test_an_extreme_among_which_is_no_number_is_none(name, place):
    x, out = np.arange(21, dtype=np.float32).reshape(1, 1, 1, 21), watched((1, 1), np.float32)
    x[..., place] = np.nan
    perform(folds()[name], spread(out, x.shape), [x], x.shape)
    assert np.isnan(out[0, 0])


@pytest.mark.parametrize("turned", [False, True])
@given(samples=LENGTHS, classes=LENGTHS, gap=GAPS)
def test_softmax_is_that_of_the_op_sample_by_sample_or_class_by_class(turned, samples, classes, gap):
    x, out = (
        3 * numbers(samples, classes, dtype=np.float32),
        watched((samples, classes), np.float32, columns_first=turned, gap=gap),
    )
    perform(CLASSES["softmax"], out, [lying(x, turned, gap)], x.shape)
    close(out, np.asarray(ops.softmax(x.astype(float))), classes)
