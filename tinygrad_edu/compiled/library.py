"""All opcodes that there are: those that have a name in a module, and those that are made when a plan asks for them."""

from __future__ import annotations

import functools

from ..optimizers.adam import adam, adam_amsgrad
from ..optimizers.sgd import descend, descend_momentum, descend_nesterov
from . import classes, descents, draws, lowering, machine, movers, norm_slopes, norms, products, sums
from .opcode import Opcode
from .scalars import SCALARS

MOVES = (descend, 0), (descend_momentum, 1), (descend_nesterov, 1), (adam, 2), (adam_amsgrad, 3)

# What networks of dense layers use, trained for regression or classification by SGD or Adam. `lay_out` copies what turns.
COMMON = (
    "run", "blocks", "gather", "look", "tell", "product_by_rows", "product_by_dots", "product_by_blas", "sum_along",
    "sum_across", "add_along_axis", "sigmoid_cross_entropy", "relu", "relu_slope", "tanh", "tanh_slope", "sigmoid",
    "sigmoid_slope", "add", "subtract", "multiply", "divide", "square", "lay_out", "descend", "descend_momentum", "adam",
    *classes.OPCODES,
)  # fmt: skip


def common_opcodes() -> tuple[Opcode, ...]:
    """Those that most models need, and hardly any model all of."""
    return tuple(one for one in all_opcodes() if one.name in COMMON)


@functools.cache
def all_opcodes() -> tuple[Opcode, ...]:
    """In an order that is the same in every process."""
    modules = machine, movers, products, sums, classes, norms, norm_slopes, draws, descents
    named = [one for module in modules for one in vars(module).values() if isinstance(one, Opcode)]
    made = [
        *classes.OPCODES.values(),
        *map(lowering.opcode_of, SCALARS),
        *lowering.folds().values(),
        *(movers.mover(*move) for move in MOVES),
    ]
    return tuple(dict.fromkeys(named + made))
