"""How an op is declared: one function on arrays, one rule per input, its words; nothing else to touch.

    @op(a=lambda g, b: g @ b.mT, b=lambda g, a: a.mT @ g)
    def matmul(a, b, /):
        '''Matrix product ...'''
        return np.matmul(a, b)

The body computes on arrays: what stands before the `/` are inputs, what stands behind it are static
parameters. A rule's argument names say what it reads: `g`, `out`, an input, `<input>_shape`, a
parameter. Rules use operators, methods and ops only, so that they run on arrays and on Tensors alike.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..graph import Value
from ..modes import current
from ..record import Op, as_function

registry: dict[str, Op] = {}


def op(**rules: Callable) -> Callable[[Callable], Callable[..., Any]]:
    """Declare an op; each keyword is the gradient rule of the input that it names."""
    return lambda body: _register(Op(body, rules))


def elementwise(formula: str, **rules: Callable) -> Callable[[Callable], Callable[..., Any]]:
    """Declare an op that works number by number: `formula` is the same op on scalars."""
    return lambda body: _register(Op(body, rules, formula=formula))


def unary(name: str, formula: str, body: Callable, *, doc: str, **rules: Callable) -> Callable[..., Any]:
    """Declare an elementwise op of `x` whose body NumPy or `operator` already has."""
    return _register(Op(body, rules, name=name, inputs=("x",), formula=formula, doc=doc))


def binary(name: str, formula: str, body: Callable, *, doc: str, **rules: Callable) -> Callable[..., Any]:
    """Declare an elementwise op of `x` and `y` whose body NumPy or `operator` already has."""
    return _register(Op(body, rules, name=name, inputs=("x", "y"), formula=formula, doc=doc))


def _register(op: Op) -> Callable[..., Any]:
    """`op` as a function, listed under its name."""
    if op.name in registry:
        raise ValueError(f"An op's name is its own, got a second {op.name!r}. Choose another name.")
    registry[op.name] = op
    return as_function(op, __name__.rpartition(".")[0])


def needs_no_rules(x: Any) -> bool:
    """Whether a rule runs on Tensors only because somebody looks at its ops: then these may be ops without rules."""
    return isinstance(x, Value) and not current().recording
