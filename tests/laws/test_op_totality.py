"""Every op is defined for every floating-point number: zeros of both signs, subnormal and huge ones, inf and nan."""

import math
import warnings

import numpy as np
import pytest
from cases import under
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_edu import Tensor, ops
from tinygrad_edu.calculus import gradients
from tinygrad_edu.testing.strategies import any_number, numbers

FACTORIZATIONS = ("inv", "solve_columns", "cholesky")  # refuse a matrix that has none, as NumPy's do
KEEPS_NO_NAN = {  # where nan comes in and another number may come out, and why
    "where": "the other branch", "nan_to_num": "asked for", "tie_share": "a question", "log_base": "0 for a slope that is not needed",
    "power": "nan ** 0 and 1 ** nan are 1, as IEEE 754 says", "hypot": "inf whatever the other side is, as IEEE 754 says",
    "floor_divide": "of numbers that do not matter", "clip": "a bound",
    "getitem": "not picked", "scatter_add": "not picked", "replace_at": "replaced", "take_slices": "not taken", "take_along_axis": "not taken",
    "add_slices": "never overwritten", "linear_recurrence": "a[0] is not read", "cholesky": "reads one triangle",
}  # fmt: skip


def with_numbers(case, data):
    """The same case with any numbers in the place of its floating-point ones."""
    dtype = data.draw(st.sampled_from([np.float64, np.float32, np.float16]), label="dtype")
    arrays = [
        np.asarray(data.draw(hnp.arrays(dtype, x.shape, elements=any_number(dtype)))) if x.dtype.kind == "f" else x for x in case.arrays
    ]
    return case.astype(dtype).of(*arrays)


@under("totality", lambda case: case.size, count=1)
@given(data=st.data())
def test_any_numbers_go_forward_and_back_without_an_error(case, data):
    """An op warns, as NumPy does, only where a number was lost to inf or nan; going back is silent; nan is not lost."""
    wild = with_numbers(case, data)
    leaves = wild.leaves()
    with warnings.catch_warnings(record=True) as seen, np.errstate(all="warn", under="ignore"):
        warnings.simplefilter("always")
        try:
            out = wild(*leaves)
        except np.linalg.LinAlgError:
            assert case.op.name in FACTORIZATIONS
            return
    assert {warning.category for warning in seen} <= {RuntimeWarning}
    assert not seen or not np.isfinite(out.array).all() or out.dtype.kind != "f", [str(warning.message) for warning in seen]
    has_nan = any(np.isnan(x).any() for x in wild.arrays if x.dtype.kind == "f")
    assert not has_nan or case.op.name in KEEPS_NO_NAN or out.dtype.kind != "f" or np.isnan(out.array).any()
    if case.active:
        for x, g in zip(leaves, gradients(out, [leaves[i] for i in case.active], np.ones(out.shape))):
            assert g.dtype == x.dtype or not case.active


@under("totality", lambda case: case.size, count=1)
def test_single_special_numbers_go_forward_and_back_without_an_error(case):
    """The same without chance: every special number at every place of its own."""
    for special in (math.nan, math.inf, -math.inf, 0.0, -0.0, 5e-324, 1e308, -1e308):
        wild = case.of(*(np.full_like(x, special) if x.dtype.kind == "f" else x for x in case.arrays))
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                out = wild(*wild.leaves())
            except np.linalg.LinAlgError:
                assert case.op.name in FACTORIZATIONS
                continue
            assert out.shape == case.expected().shape
            assert not wild.active or len(wild.pull(np.ones(out.shape, out.dtype))) == len(case.active)


LOGITS = numbers(-1e4, 1e4)
LOSSES = {  # of logits and labels: how large a slope may be
    "sigmoid_cross_entropy": (ops.sigmoid_cross_entropy, 1.0),
    "softplus": (lambda z, y: ops.softplus(z), 1.0),
    "log_sigmoid": (lambda z, y: -ops.log_sigmoid(z), 1.0),
    "logsumexp": (lambda z, y: ops.logsumexp(z), 1.0),
    "log_softmax": (lambda z, y: -(ops.log_softmax(z) * y), None),
    "logaddexp": (ops.logaddexp, 1.0),
    "tanh": (lambda z, y: ops.tanh(z), 1.0),
    "sigmoid": (lambda z, y: ops.sigmoid(z), 0.25),
    "softmax": (lambda z, y: ops.softmax(z), 1.0),
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16], ids=lambda dtype: np.dtype(dtype).name)
@pytest.mark.parametrize(("loss", "bound"), LOSSES.values(), ids=LOSSES.keys())
@given(data=st.data())
def test_a_loss_of_logits_is_finite_and_its_slope_is_bounded(loss, bound, dtype, data):
    """For logits up to ten thousand of either sign, and for labels from 0 to 1 that need not be whole."""
    size = data.draw(st.integers(1, 4))
    z = Tensor(data.draw(hnp.arrays(dtype, size, elements=numbers(-1e4, 1e4, dtype))))
    y = Tensor(data.draw(hnp.arrays(dtype, size, elements=numbers(0.0, 1.0, dtype))), requires_grad=False)
    with np.errstate(all="raise", under="ignore"):
        out = loss(z, y)
    assert np.isfinite(out.array).all()
    (g,) = gradients(out.sum(), [z])
    bound = float(y.array.sum()) + 1.0 if bound is None else bound
    assert (np.abs(g.array) <= bound * (1 + 8 * float(np.finfo(dtype).eps))).all()
