"""Every op is defined for every floating-point number: zeros of both signs, subnormal and huge ones, inf and nan."""

import contextlib
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

SINGULAR = (  # need an inverse, or factors, there or on the way back
    "inv", "solve_columns", "cholesky", "adjugate", "log_abs_det", "pinv", "symmetric_factors", "singular_factors",
    "orthogonal_factors",
)  # fmt: skip
MAY_WARN = ("truncate", "logaddexp", "scaled_normal", "det", "sign_of_det", *SINGULAR)  # of what NumPy or LAPACK meets on its way
LOSES_NAN = {  # where nan comes in and numbers come out, and why
    "softmax_cross_entropy": "a share of 0 counts nothing, whatever its logit", "copysign": "only the sign of nan is read",
    "heaviside": "h0 is read at 0 only", "inv": "LAPACK's pivots beside inf", "solve_columns": "the same", "adjugate": "the same",
    "where": "the other branch", "tie_share": "a question", "nan_to_num": "asked for", "getitem": "not picked",
    "take_along_axis": "not picked", "linear_recurrence": "a[0] is not read",
    "det": "LAPACK stops at a column of zeros", "sign_of_det": "the same", "log_abs_det": "the same",
    "replace_at": "replaced", "take_slices": "not picked",
    "sparse_losses": "not picked", "dense_losses": "a share of 0 counts nothing, whatever its logit",
    "sparse_slope": "of use to compiled steps only", "dense_slope": "of use to compiled steps only",
    **dict.fromkeys(("scaled_by_moments", "normal_slope", "slope_by_gamma"), "variances are not read, but their inverse roots"),
    "power": "nan ** 0 and 1 ** nan are 1, says IEEE 754", "hypot": "inf, whatever the other side is, says IEEE 754",
}  # fmt: skip


@contextlib.contextmanager
def refusing_what_is_singular(case):
    """A block that may raise LinAlgError, for the ops that may."""
    try:
        yield
    except np.linalg.LinAlgError:
        assert case.op.name in SINGULAR


def with_numbers(case, data):
    """The same case with any numbers in the place of its floating-point ones."""
    dtype = data.draw(st.sampled_from([np.float64, np.float32, np.float16]), label="dtype")

    def wild(x):
        return np.asarray(data.draw(hnp.arrays(dtype, x.shape, elements=any_number(dtype)))) if x.dtype.kind == "f" else x

    return case.astype(dtype).of(*map(wild, case.arrays))


@under("totality", lambda case: case.size, count=1)
@given(data=st.data())
def test_any_numbers_go_forward_and_back_without_an_error(case, data):
    """An op warns, as NumPy does, only where a number was lost to inf or nan; going back is silent; nan is not lost."""
    wild = with_numbers(case, data)
    leaves = wild.leaves()
    with warnings.catch_warnings(record=True) as seen, np.errstate(all="warn", under="ignore"), refusing_what_is_singular(case):
        warnings.simplefilter("always")
        out = None
        out = wild(*leaves)
    if out is None:
        return
    assert {warning.category for warning in seen} <= {RuntimeWarning}
    numbers_in = np.concatenate([np.zeros(0), *(x.ravel() for x in wild.arrays if x.dtype.kind == "f")])
    finite, has_nan = np.isfinite(numbers_in).all(), np.isnan(numbers_in).any()
    may_warn = case.op.name in MAY_WARN or not finite or not np.isfinite(out.array).all()
    assert may_warn or not seen, [str(warning.message) for warning in seen]
    assert not has_nan or case.op.name in LOSES_NAN or out.dtype.kind != "f" or np.isnan(out.array).any()
    if case.active:
        variables = [leaves[i] for i in case.active]
        with refusing_what_is_singular(case):
            found = gradients(out, variables, np.ones(out.shape))
            assert [(g.shape, g.dtype) for g in found] == [(x.shape, x.dtype) for x in variables]


SPECIAL = (math.nan, math.inf, -math.inf, 0.0, -0.0, 5e-324, 1e308, -1e308)


@under("totality")
def test_arrays_full_of_one_special_number_go_forward_and_back_without_an_error(case):
    """On every sample, of nothing and of single numbers too; a shape does not depend on numbers."""
    for special in SPECIAL:
        wild = case.of(*(np.full_like(x, special) if x.dtype.kind == "f" else x for x in case.arrays))
        with np.errstate(all="ignore"), refusing_what_is_singular(case):
            assert wild(*wild.leaves()).shape == case.expected().shape
            found = wild.pull(case.cotangent()) if wild.active else []
            assert [g.shape for g in found] == [wild.arrays[i].shape for i in wild.active]


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
