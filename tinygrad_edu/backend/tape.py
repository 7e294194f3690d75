"""Gradients in TensorFlow's words."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from .. import calculus
from ..tensor import Tensor

_open: ContextVar[int] = ContextVar("tapes", default=0)  # tapes that record now


def gradients(loss: Tensor, variables: Any) -> list:
    """Gradients of `loss` by each of `variables`, a list of Tensors or a single one; None where it does not depend on one."""
    listed = variables if isinstance(variables, (list, tuple)) else [variables]
    return calculus.gradients(_summed(loss), listed, retain_graph=True)


class GradientTape:
    """A block whose gradients can be asked for, as in TensorFlow: see `tinygrad_edu.grad` for the same as a function.

    Args:
        persistent: whether `gradient` may be asked more than once.

        >>> from tinygrad_edu import Tensor
        >>> x = Tensor(3.0)
        >>> with GradientTape() as tape:
        ...     y = x * x
        >>> print(tape.gradient(y, x))
        6.0

    A tape in the block of another one gives gradients that have gradients. Tensors of floats are watched anyway, unless
    they were made constants.
    """

    def __init__(self, persistent: bool = False):
        self.persistent = persistent

    def __enter__(self) -> GradientTape:
        self._mode = calculus.enable_grad()
        self._mode.__enter__()
        self._token = _open.set(_open.get() + 1)
        return self

    def __exit__(self, *error: Any) -> None:
        _open.reset(self._token)
        self._mode.__exit__(*error)

    def watch(self, tensor: Any) -> None:
        """Let gradients reach a constant, or each of a list of them."""
        for one in tensor if isinstance(tensor, (list, tuple)) else [tensor]:
            one.requires_grad = True

    def gradient(self, target: Tensor, sources: Any, output_gradients: Any = None) -> Any:
        """Gradients of `target`, of the sum of its numbers if there are several, by `sources`.

        Args:
            target: what was computed in the block.
            sources: a Tensor, or a list, tuple or dict of them.
            output_gradients: gradient of the final loss by `target`; None means 1 everywhere.

        Returns:
            The structure of `sources`; None in the place of one that `target` does not depend on.
        """
        keys = list(sources) if isinstance(sources, dict) else []
        listed = [sources] if isinstance(sources, Tensor) else [sources[key] for key in keys] if keys else list(sources)
        target = target if output_gradients is not None else _summed(target)
        nested = _open.get() > 0
        found = calculus.gradients(target, listed, output_gradients, retain_graph=self.persistent or nested, create_graph=nested)
        if isinstance(sources, dict):
            return dict(zip(keys, found))
        return found[0] if isinstance(sources, Tensor) else found


def _summed(target: Tensor) -> Tensor:
    return target.sum() if target.shape else target
