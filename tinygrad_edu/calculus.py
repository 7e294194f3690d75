"""Gradients as functions: of a value by variables, of a function by its arguments; and recording on and off."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import ops
from .backward import seed_of, walk
from .graph import GraphError, mode, thread
from .tensor import Tensor, as_tensor


def no_grad():
    """Record nothing inside `with no_grad():`, or inside a function decorated with `@no_grad()`."""
    return mode(recording=False)


def enable_grad():
    """Record again, inside a `no_grad()`."""
    return mode(recording=True)


def is_grad_enabled() -> bool:
    """Whether this thread records what it computes."""
    return thread.mode.recording


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


def value_and_grad(function: Callable[..., Tensor], argnums: int = 0) -> Callable[..., tuple[Tensor, Tensor]]:
    """A function that returns what `function` returns, a single number, and its gradient by one argument."""

    def both(*args, **kwargs):
        with enable_grad():
            x = _variable(args[argnums])
            value = function(*args[:argnums], x, *args[argnums + 1 :], **kwargs)
            found = gradients(value, [x], create_graph=True)[0] if value.node is not None else None
        return value, as_tensor(np.zeros_like(x.array)) if found is None else found

    return both


def _variable(x: Any) -> Tensor:
    """`x` as something to differentiate by, and by it alone: a new node, that a gradient of the gradient sees through."""
    if isinstance(x, Tensor) and x.requires_grad:
        return ops.cast(x, dtype=x.dtype)
    return Tensor(x, requires_grad=True)


def grad(function: Callable[..., Tensor], argnums: int = 0) -> Callable[..., Tensor]:
    """The gradient of `function`, which returns a single number, by one argument; may be nested.

        >>> cube = lambda x: x**3
        >>> print(grad(cube)(2.0), grad(grad(cube))(2.0))
        12.0 12.0
    """
    both = value_and_grad(function, argnums)
    return lambda *args, **kwargs: both(*args, **kwargs)[1]
