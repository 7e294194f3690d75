"""Laws about the dtypes of every registered op: they are kept, and a smaller one costs its last digits and no more."""

import itertools

import numpy as np
import pytest
from cases import leaf, under
from samples import DIGITS

from tinygrad_edu import Tensor
from tinygrad_edu.calculus import gradients

SMALLER = (np.float32, np.float16)


def units_off(got, exact, dtype, each):
    """Distance from the exact numbers in units in the last place: of each of them, or of the largest, which may be 1."""
    exact, got = np.asarray(exact, float), np.asarray(got, float)
    size = np.abs(exact) if each else np.max(np.abs(exact), initial=1.0)
    return np.max(np.abs(got - exact) / np.maximum(size * float(np.finfo(dtype).eps), np.finfo(dtype).tiny), initial=0.0)


def exact(case):
    """The same numbers in float64."""
    return case.astype(np.float64)


@under("dtype")
def test_a_value_in_a_smaller_dtype_is_off_by_a_few_units_in_the_last_place(case):
    """Number by number for elementwise ops; others cancel, and are measured by the largest number."""
    for dtype in SMALLER:
        small = case.astype(dtype)
        got, expected = small(*map(Tensor, small.arrays)).array, exact(small).expected()
        assert got.dtype == (dtype if expected.dtype.kind == "f" else expected.dtype)
        assert units_off(got, expected, dtype, each=bool(case.op.formula)) <= DIGITS.get(case.op.name, 4)


@under("dtype")
def test_a_gradient_in_a_smaller_dtype_is_off_by_a_few_units_in_the_last_place(case):
    """Recorded or not; what arrives has the dtype of the result."""
    if not case.op.rules:
        assert case(*case.leaves()).node is None
        return
    for dtype, create_graph in itertools.product(SMALLER, (False, True)):
        small = case.astype(dtype)
        cotangent = exact(small).cotangent().astype(dtype)
        expected = exact(small).pull(cotangent.astype(float))
        for g, e in zip(small.pull(cotangent, create_graph), expected):
            assert g.dtype == dtype
            assert units_off(g, e, dtype, each=False) <= 4


@under("broadcasting")
def test_inputs_of_different_dtypes_get_gradients_of_their_own(case):
    """A result has the dtype that NumPy gives it, a gradient that of its input."""
    for dtypes in itertools.permutations((np.float64, np.float32, np.float16), len(case.arrays)):
        mixed = case.of(*(x.astype(dtype) if x.dtype.kind == "f" else x for x, dtype in zip(case.arrays, dtypes)))
        assert mixed(*map(Tensor, mixed.arrays)).dtype == mixed.on_arrays(*mixed.arrays).dtype
        if case.op.rules:
            cotangent = np.asarray(mixed.cotangent(), np.result_type(*(x for x in mixed.arrays if x.dtype.kind == "f")))
            assert [g.dtype for g in mixed.pull(cotangent)] == [mixed.arrays[i].dtype for i in mixed.active]


@under("dtype", lambda case: case.size)
def test_long_doubles_are_kept_where_the_machine_has_them(case):
    """What NumPy computes in more than 64 bits comes out in as many; linear algebra refuses, as NumPy's does."""
    long = case.astype(np.longdouble)
    try:
        expected = long.on_arrays(*long.arrays)
    except TypeError as error:
        with pytest.raises(type(error)):
            long(*map(Tensor, long.arrays))
        return
    assert long(*map(Tensor, long.arrays)).dtype == expected.dtype
    if case.active:
        leaves = [leaf(x) if i in long.active else Tensor(x) for i, x in enumerate(long.arrays)]
        found = gradients(long(*leaves).sum(), [leaves[i] for i in long.active])
        assert all(g.dtype == np.longdouble for g in found)
