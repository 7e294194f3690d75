"""All opcodes that there are: those that have a name in a module, and those that are made when a plan asks for them."""

from __future__ import annotations

import functools

from ..optimizers.adam import adam, adam_amsgrad
from ..optimizers.sgd import descend, descend_momentum, descend_nesterov
from . import classes, lowering, machine, movers, products, sums
from .opcode import Opcode
from .scalars import SCALARS

MOVES = (descend, 0), (descend_momentum, 1), (descend_nesterov, 1), (adam, 2), (adam_amsgrad, 3)


@functools.cache
def all_opcodes() -> tuple[Opcode, ...]:
    """In an order that is the same in every process."""
    named = [
        one for module in (machine, movers, products, sums, classes) for one in vars(module).values() if isinstance(one, Opcode)
    ]
    made = [*map(lowering.opcode_of, SCALARS), *lowering.folds().values(), *(movers.mover(*move) for move in MOVES)]
    return tuple(dict.fromkeys(named + made))
