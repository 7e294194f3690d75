"""Ops of your own, declared as ours are: one function on arrays, one rule per input.

    >>> import numpy as np
    >>> from tinygrad_edu import Tensor, op, elementwise

    >>> @op(a=lambda g, b: g * b, b=lambda g, a: (g * a).sum(axis=-1, keepdims=True))
    ... def scale_rows(a, b, /):
    ...     '''Each row of a times its number in b.'''
    ...     return a * b

    >>> @elementwise("x * x * x", x=lambda g, x, times: times * g * 3 * x * x)
    ... def cube(x, /, times=1):
    ...     return times * x * x * x

    >>> x = Tensor([1.0, 2.0])
    >>> cube(x, times=2).sum().backward()
    >>> print(x.grad, cube(np.float64(2.0)))
    [ 6. 24.] 8.0

What stands before the `/` are the inputs, what stands behind it static parameters. A rule's argument names say what
it reads: `g` (the gradient of the loss by the output), `out`, an input, `<input>_shape`, a parameter; nothing
else is kept. Rules are written in operators, methods and ops, so that they can be differentiated again;
an input without a rule passes no gradient. `tinygrad_edu.testing.check_gradients` checks them.

A name may be declared again, as happens in notebooks; the ops of the framework stay what they are.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .record import Op, as_function


def op(**rules: Callable) -> Callable[[Callable], Callable[..., Any]]:
    """Declare an op; each keyword is the gradient rule of the input that it names."""
    return lambda body: as_function(Op(body, rules), body.__module__)


def elementwise(formula: str = "", **rules: Callable) -> Callable[[Callable], Callable[..., Any]]:
    """Declare an op that works number by number: `formula` is the same op on scalars, for pictures."""
    return lambda body: as_function(Op(body, rules, formula=formula), body.__module__)
