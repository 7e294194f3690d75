"""Every formula of the framework: one declaration per op. `python -m tinygrad_edu.ops` lists them."""

from types import ModuleType as _Module

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
    bent_relu, celu, elu, gelu, hard_sigmoid, leaky_relu, log_sigmoid, mish, selu, silu, softsign, step,
)  # fmt: skip
from .shape import (
    broadcast_to, concatenate, concatenate_all, expand_dims, getitem, matrix_transpose, reshape, scatter_add, squeeze, stack,
    transpose,
)  # fmt: skip
from .rearrange import (
    array_split, flip, hstack, moveaxis, pad, pad_constant, permute, ravel, repeat, roll, split, swapaxes, tile, tril, triu,
    unstack, vstack,
)  # fmt: skip
from .reduce import all, any, argmax, argmin, euclidean_norm, max, mean, min, norm, prod, std, sum, var
from .probability import log_softmax, logaddexp, logsumexp, softmax
from .scan import cumprod, cumsum, linear_recurrence
from .index import (
    add_along_axis, add_slices, argsort, diag, diagonal, median, replace_at, set_along_axis, set_at, sort, take,
    take_along_axis, take_slices, top_positions, topk, trace,
)  # fmt: skip
from .linalg import matmul, matrix_product
from .contraction import dot, einsum, einsum_all, inner, outer, tensordot, vdot
from .equations import adjugate, cholesky, det, inv, log_abs_det, sign_of_det, slogdet, solve, solve_columns

globals().pop("shape")  # the module: np.shape(x) looks for a function of that name here
__all__ = [name for name, thing in globals().items() if not name.startswith("_") and not isinstance(thing, _Module)]
