"""The laws that ops are held to, and what in the declaration of an op decides which of them hold for it.

Nothing here is said about an op by hand: it has a gradient if it has rules, works number by number if it has a scalar
formula, and is a straight line in an input whose rule reads neither that input nor the output. The tests in `tests/laws`
take their cases by these predicates, so that an op is run through every law that its line of the table names.

    >>> from tinygrad_edu import ops
    >>> letters(ops.relu.op), linear_in(ops.divide.op)
    ('VDMTS·GRK·', ('x',))
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ..record import Op
from ..rules import arguments


class Law(NamedTuple):
    """What holds for all ops of a kind."""

    words: str
    holds_for: Callable[[Op], bool]


def every_op(op: Op) -> bool:
    """Whatever it is."""
    return True


def is_elementwise(op: Op) -> bool:
    """Whether it works number by number."""
    return bool(op.formula)


def broadcasts(op: Op) -> bool:
    """Whether its inputs may have several shapes that fit together."""
    return is_elementwise(op) and op.arity > 1


def has_gradient(op: Op) -> bool:
    """Whether a gradient goes through it, to one input at least."""
    return bool(op.rules)


def linear_in(op: Op) -> tuple[str, ...]:
    """The inputs along which it is a straight line, in pieces at least: their slope depends on what else there is."""
    return tuple(name for name, rule in op.rules.items() if not {name, "out"} & set(arguments(rule)))


def is_linear(op: Op) -> bool:
    """Whether it is a straight line along an input."""
    return bool(linear_in(op))


# fmt: off
LAWS: dict[str, Law] = {  # the first letters are told apart, too
    "value":        Law("the value is that of an independent formula; arrays give the same numbers as Tensors", every_op),
    "dtype":        Law("float32 and float16 are kept, in values and gradients, and cost a few last digits only", every_op),
    "memory":       Law("strides, alignment, byte order and owner of the memory change nothing; inputs are left alone", every_op),
    "totality":     Law("zeros of both signs, subnormal and huge numbers, inf and nan raise nothing; nan is not lost", every_op),
    "scalar":       Law("the scalar formula gives what the array body gives, at hard points too", is_elementwise),
    "broadcasting": Law("the gradient of an input that was repeated is the sum over its copies", broadcasts),
    "gradient":     Law("gradients of order 1 and 2 are the slopes that the values have", has_gradient),
    "reverse":      Law("going back is linear, the adjoint of going forward, gives the same bits again, in memory of its own", has_gradient),
    "kept":         Law("what the rules read is kept, and a change of it is noticed; all else is freed, without cycles", has_gradient),
    "line":         Law("along an input that it is linear in, the gradient is right to the last digits over any step", is_linear),
}
# fmt: on


def letters(op: Op) -> str:
    """The first letters of the laws that hold for `op`, each in a place of its own."""
    return "".join(name[0].upper() if law.holds_for(op) else "·" for name, law in LAWS.items())
