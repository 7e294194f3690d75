"""Gradients as functions: of a value by variables, of a function by its arguments; and recording on and off.

    >>> print(hessian(lambda x: (x**3).sum())([1.0, 2.0]))
    [[ 6.  0.]
     [ 0. 12.]]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .backward import seed_of, walk
from .graph import GraphError, current, mode
from .linearized import Linearized
from .tensor import Tensor


def no_grad():
    """Record nothing inside `with no_grad():`, or inside a function decorated with `@no_grad()`."""
    return mode(recording=False)


def enable_grad():
    """Record again, inside a `no_grad()`."""
    return mode(recording=True)


def is_grad_enabled() -> bool:
    """Whether this thread records what it computes."""
    return current().recording


def gradients(
    loss: Tensor,
    variables: Sequence[Tensor],
    gradient: Any = None,
    *,
    retain_graph: bool = False,
    create_graph: bool = False,
) -> list[Tensor | None]:
    """Gradients of `loss` by each of `variables`; None for one that `loss` does not depend on.

    Only what leads to `variables` is computed, and no `grad` is touched.

    Args:
        loss: a single number, or any Tensor together with `gradient`.
        variables: Tensors that require a gradient: leaves or intermediate results.
        gradient: gradient of the final loss by `loss`; None means 1.
        retain_graph, create_graph: as for `Tensor.backward`.
    """
    if loss.node is None:
        raise GraphError("gradients() expects a loss that depends on a Tensor with requires_grad, got a constant.")
    nodes: list[Any] = [x.node for x in variables]
    if None in nodes:
        where = nodes.index(None)
        raise GraphError(f"gradients() expects variables that require a gradient, got a constant at position {where}.")
    found: dict[Any, Any] = walk([loss], [seed_of(loss, gradient)], nodes, retain_graph=retain_graph, create_graph=create_graph)
    return [found.get(node) for node in nodes]


# Derivatives of functions ------------------------------------------------------------------------
#
# Arguments and results may be numbers, arrays, Tensors, and lists, tuples and dicts of them. What comes out
# is recorded just where somebody could differentiate it again: inside another derivative, or where the
# function uses a Tensor that requires a gradient.


def grad(function: Callable, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Callable:
    """The gradient of `function`, which returns a single number; may be nested.

        >>> cube = lambda x: x**3
        >>> print(grad(cube)(2.0), grad(grad(cube))(2.0))
        12.0 12.0
        >>> by = grad(lambda weights, x: weights["w"] * x + weights["b"])({"w": 2.0, "b": 1.0}, 3.0)
        >>> print(by["w"], by["b"])
        3.0 1.0

    Args:
        argnums: position of the argument to differentiate by, or several of them for a tuple of gradients.
        has_aux: whether `function` returns (number, anything else); then the gradient comes as (gradient, anything else).
    """
    both = value_and_grad(function, argnums, has_aux)

    def gradient(*args, **kwargs):
        value, found = both(*args, **kwargs)
        return (found, value[1]) if has_aux else found

    return gradient


def value_and_grad(function: Callable, argnums: int | Sequence[int] = 0, has_aux: bool = False) -> Callable:
    """A function that returns what `function` returns and its gradient: see `grad`.

        >>> value, slope = value_and_grad(lambda x: (x**2).sum())([1.0, 3.0])
        >>> print(value, slope)
        10.0 [2. 6.]
    """

    def both(*args, **kwargs):
        call, chosen, pack = _by(function, argnums, args, kwargs)
        step = Linearized(call, chosen, has_aux)
        if len(step.outs) != 1:
            raise GraphError(f"grad expects a function that returns a scalar, got {len(step.outs)} results. See jacobian.")
        value = step.value()
        found = pack(step.pull([None], "grad", retain_graph=False))
        return ((value, step.aux) if has_aux else value), found

    return both


def vjp(function: Callable, *primals: Any, has_aux: bool = False) -> tuple:
    """The value of `function` at `primals`, and the function from a cotangent to the gradients.

    That function may be called any number of times. It takes a gradient of the final loss by the value, in the
    structure of the value, and returns a tuple: the gradient by each of `primals`.

        >>> value, pull = vjp(lambda x, y: x * y, [1.0, 2.0], 3.0)
        >>> print(value, *pull([1.0, 10.0]))
        [3. 6.] [ 3. 30.] 21.0

    With `has_aux` `function` returns (value, anything else), which comes third.
    """
    step = Linearized(function, primals, has_aux)

    def pull(cotangent):
        return tuple(step.pull(step.parts_like_out(cotangent, "vjp"), "vjp"))

    return (step.value(), pull, step.aux) if has_aux else (step.value(), pull)


def jvp(function: Callable, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple:
    """The value of `function` at `primals`, and how it moves when they move along `tangents`.

        >>> value, change = jvp(lambda x: x**2, [[1.0, 2.0]], [[1.0, 0.5]])
        >>> print(value, change)
        [1. 4.] [2. 2.]

    The gradients are linear in the cotangent u, gᵀ = uᵀJ, and J t is the gradient of <g, t> by u: forward mode
    made of two backward passes (Jamie Townsend, 2017).
    """
    step = Linearized(function, primals)
    return step.value(), step.push(step.parts_like_in(tangents, "jvp"))


def hvp(function: Callable, x: Any, v: Any) -> Any:
    """The Hessian of `function` at x times v, for the price of two gradients. Source: Pearlmutter (1994).

    >>> print(hvp(lambda x: (x**3).sum(), [1.0, 2.0], [1.0, 1.0]))
    [ 6. 12.]
    """
    return vjp(grad(function), x)[1](v)[0]


def jacobian(function: Callable, argnums: int | Sequence[int] = 0) -> Callable:
    """All derivatives of `function`: every number of the result by every number of an argument.

    Shapes: (*result, *argument). For structures: the structure of the result, in it that of the argument.
    One backward pass per number of the result or of the argument, whichever has fewer.

        >>> print(jacobian(lambda x: x**2)([1.0, 2.0]))
        [[2. 0.]
         [0. 4.]]
    """

    def matrices(*args, **kwargs):
        call, chosen, pack = _by(function, argnums, args, kwargs)
        return Linearized(call, chosen).matrices(pack)

    return matrices


def hessian(function: Callable, argnums: int | Sequence[int] = 0) -> Callable:
    """All second derivatives of `function`, which returns a single number. Shapes: (*argument, *argument).

    >>> print(hessian(lambda x: x[0] ** 2 * x[1])([1.0, 2.0]))
    [[4. 2.]
     [2. 0.]]
    """
    return jacobian(grad(function, argnums), argnums)


def _by(function: Callable, argnums: int | Sequence[int], args: tuple, kwargs: dict) -> tuple[Callable, list, Callable]:
    """`function` as one of the arguments chosen, these, and how the answers for them are packed."""
    positions = [argnums] if isinstance(argnums, int) else list(argnums)
    for position in positions:
        if not -len(args) <= position < len(args):
            raise ValueError(f"argnums expects positions of {len(args)} arguments given by position, got {argnums}.")

    def call(*xs):
        replaced = list(args)
        for position, x in zip(positions, xs):
            replaced[position] = x
        return function(*replaced, **kwargs)

    return call, [args[position] for position in positions], (lambda found: found[0]) if isinstance(argnums, int) else tuple
