"""Every formula of the framework: one declaration per op. `python -m tinygrad_edu.ops` lists them."""

from types import FunctionType as _Function
from typing import Any as _Any

from .declare import binary, elementwise, op, registry, unary
from .elementwise import (
    absolute, add, cast, ceil, clip, cos, divide, equal, exp, expm1, floor, floor_divide, greater, greater_equal, inside,
    isfinite, isinf, isnan, lerp, less, less_equal, log, log1p, log2, log10, log_base, logical_and, logical_not, logical_or,
    logical_xor, maximum, minimum, multiply, nan_to_num, negative, not_equal, power, relu, remainder, round, rsqrt, sigmoid,
    sigmoid_cross_entropy, sign, sin, softplus, sqrt, square, subtract, tanh, tie_share, trunc, truncate, where,
)  # fmt: skip
from .trigonometry import arccos, arccosh, arcsin, arcsinh, arctan, arctan2, arctanh, cosh, hypot, sinh, tan
from .error_function import erf, erfc
from .nonlinear import (
    bent_relu, celu, elu, gelu, hard_sigmoid, hard_silu, hard_tanh, leaky_relu, log_sigmoid, mish, relu6, selu, silu, softsign,
    step,
)  # fmt: skip
from .arithmetic import (
    bitwise_and, bitwise_or, bitwise_xor, cbrt, copy, copysign, deg2rad, divmod, exp2, fmax, fmin, fmod, heaviside, invert,
    left_shift, logaddexp2, modf, rad2deg, real, reciprocal, right_shift, signbit,
)  # fmt: skip
from .shape import (
    broadcast_to, concatenate, concatenate_all, expand_dims, getitem, matrix_transpose, reshape, scatter_add, squeeze, stack,
    transpose,
)  # fmt: skip
from .rearrange import (
    array_split, flip, hstack, moveaxis, pad, pad_constant, permute, ravel, repeat, roll, split, swapaxes, tile, tril, triu,
    unstack, vstack,
)  # fmt: skip
from .assemble import (
    append, atleast_1d, atleast_2d, atleast_3d, broadcast_arrays, column_stack, compress, delete, dsplit, dstack, fliplr,
    flipud, hsplit, insert, meshgrid, rollaxis, rot90, select, vsplit,
)  # fmt: skip
from .reduce import all, any, argmax, argmin, count_nonzero, max, mean, min, prod, std, sum, var
from .probability import log_softmax, logaddexp, logsumexp, softmax
from .scan import cumprod, cumsum, linear_recurrence
from .index import (
    add_along_axis, add_slices, argsort, diag, diagonal, median, replace_at, set_along_axis, set_at, sort, take,
    take_along_axis, take_slices, top_positions, topk, trace,
)  # fmt: skip
from .cross_entropy import (
    class_totals, dense_losses, dense_slope, softmax_cross_entropy, sparse_losses, sparse_slope, sparse_softmax_cross_entropy,
)  # fmt: skip
from .normalization import Moments, normal_moments, normal_slope, normalize, scaled_by_moments, scaled_normal, slope_by_gamma
from .linalg import matmul, matrix_product
from .contraction import cross, dot, einsum, einsum_all, inner, kron, outer, tensordot, vdot, vecdot
from .equations import adjugate, cholesky, det, inv, log_abs_det, sign_of_det, slogdet, solve, solve_columns
from .decompositions import (
    eigh, eigvalsh, matrix_power, multi_dot, orthogonal_factors, pinv, qr, singular_factors, svd, svdvals, symmetric_factors,
)  # fmt: skip
from .norms import euclidean_norm, matrix_norm, norm, power_norm, vector_norm
from .statistics import (
    average, corrcoef, cov, nanmax, nanmean, nanmin, nanprod, nanstd, nansum, nanvar, percentile, ptp, quantile,
)  # fmt: skip
from .differences import convolve, diff, gradient, interp, linspace, trapezoid

# Every function by its name, and by its other names in NumPy, in the array API standard and in Python.
functions: dict[str, _Any] = {name: thing for name, thing in globals().items() if isinstance(thing, _Function)}
for _name in ("op", "unary", "binary"):
    del functions[_name]
other_names: dict[str, _Any] = {
    "abs": absolute, "fabs": absolute, "pow": power, "mod": remainder, "true_divide": divide, "positive": copy, "clone": copy,
    "acos": arccos, "acosh": arccosh, "asin": arcsin, "asinh": arcsinh, "atan": arctan, "atan2": arctan2, "atanh": arctanh,
    "radians": deg2rad, "degrees": rad2deg, "rint": round, "around": round, "fix": trunc, "conj": real, "conjugate": real,
    "bitwise_not": invert, "bitwise_invert": invert, "bitwise_left_shift": left_shift, "bitwise_right_shift": right_shift,
    "amax": max, "amin": min, "concat": concatenate, "permute_dims": permute, "row_stack": vstack, "cumulative_sum": cumsum,
    "cumulative_prod": cumprod, "swish": silu, "hard_swish": hard_silu,
}  # fmt: skip
functions |= other_names
__all__ = list(functions)


def __getattr__(name):
    """The functions under their other names."""
    if name in other_names:
        return other_names[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
