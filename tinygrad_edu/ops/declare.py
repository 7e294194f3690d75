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

import inspect
from collections.abc import Callable
from typing import Any

from ..op import Op, caller

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
    """The op as a plain function, which is also a method when a class body names it; its `op` is on it."""

    if op.name in registry:
        raise ValueError(f"An op's name is its own, got a second {op.name!r}. Choose another name.")
    registry[op.name] = op
    call = caller(op)
    call.__name__ = call.__qualname__ = op.name
    call.__doc__ = op.doc
    call.__module__ = __name__.rpartition(".")[0]
    call.__signature__ = _signature(op)  # type: ignore[attr-defined]
    call.op = op  # type: ignore[attr-defined]
    return call


def _signature(op: Op) -> inspect.Signature:
    P = inspect.Parameter
    inputs = [P(name, P.VAR_POSITIONAL if op.variadic else P.POSITIONAL_ONLY) for name in op.inputs]
    kind = P.KEYWORD_ONLY if op.variadic else P.POSITIONAL_OR_KEYWORD
    return inspect.Signature(inputs + [P(name, kind, default=op.defaults.get(name, P.empty)) for name in op.params])
