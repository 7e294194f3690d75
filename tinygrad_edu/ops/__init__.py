"""Every formula of the framework: one declaration per op. `python -m tinygrad_edu.ops` lists them."""

from .declare import binary, elementwise, op, registry, unary
from .elementwise import (
    absolute, add, cast, clip, cos, divide, equal, exp, expm1, floor_divide, greater, greater_equal, inside, less, less_equal,
    log, log1p, log_base, logical_and, logical_not, logical_or, maximum, minimum, multiply, negative, not_equal, power, relu,
    remainder, sigmoid, sigmoid_cross_entropy, sign, sin, softplus, sqrt, square, subtract, tanh, tie_share, truncate, where,
)  # fmt: skip
from .linalg import matmul, matrix_product
from .reduce import all, any, argmax, argmin, max, mean, min, sum
from .shape import (
    broadcast_to, concatenate, concatenate_all, expand_dims, getitem, matrix_transpose, reshape, scatter_add, squeeze, stack,
    transpose,
)  # fmt: skip

__all__ = [name for name in globals() if not name.startswith("_") and name not in ("declare", "shape", "reduce", "linalg")]
