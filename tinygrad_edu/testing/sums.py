"""From a function of Tensors to one that returns a single number, and to one that returns its gradients."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..calculus import gradients
from ..tensor import Tensor, as_tensor


def weighted(function: Callable, weights: list[np.ndarray]) -> Callable[..., Any]:
    """The sum of all numbers that `function` returns, times their weights; a single number stays.

    Weight 0 leaves a number out, even if it is inf.
    """

    def total(*xs):
        outs = function(*xs)
        if len(outs) == 1 and not outs[0].shape and weights[0] != 0:
            return outs[0]
        parts = [(out * w).sum() if w.all() else (out[w != 0] * w[w != 0]).sum() for out, w in zip(outs, weights)]
        return functools.reduce(operator.add, parts) if parts else as_tensor(0.0)

    return total


def single_outputs(outs: list[Tensor]) -> Iterator[tuple[str, list[np.ndarray]]]:
    """For every number of `outs` its name, and the weights that pick it."""
    for n, out in enumerate(outs):
        for index in np.ndindex(out.shape):
            weights = [np.zeros(other.shape) for other in outs]
            weights[n][index] = 1.0
            yield f"output {n} at {index}, ", weights


def gradients_of(value: Tensor, xs: Sequence[Tensor], create_graph: bool = False) -> list[Tensor | None]:
    """Gradient by each of `xs`; None for a constant and where `value` does not depend on it."""
    variables = [x for x in xs if x.requires_grad] if value.requires_grad else []
    found = dict(zip(variables, gradients(value, variables, create_graph=create_graph))) if variables else {}
    return [found.get(x) for x in xs]


def gradient_of(total: Callable[..., Tensor]) -> Callable[..., list[Tensor]]:
    """The function that returns the gradients of `total`, ready to be differentiated again."""
    return lambda *xs: [g for g in gradients_of(total(*xs), xs, create_graph=True) if g is not None]
