"""Activation functions, of Tensors or arrays."""

from __future__ import annotations

from typing import Any

from . import ops
from .graph import Value
from .registry import Registry

_registry = Registry("activation")


def get(identifier: Any) -> Any:
    """The activation of a name, or any callable; None is `linear`."""
    return linear if identifier is None else _registry.get(identifier)


def linear(x):
    """x itself."""
    return x


def relu(x):
    """max(x, 0); the gradient at 0 is 0. Source: Nair & Hinton (2010)."""
    return ops.relu(x)


def tanh(x):
    """Hyperbolic tangent: between -1 and 1, slope 1 at 0, flat where it saturates."""
    return ops.tanh(x)


def sigmoid(x):
    """1 / (1 + exp(-x)): a probability. A cross-entropy that follows is computed from x itself."""
    out = ops.sigmoid(x)
    if isinstance(out, Value):
        out.logits, out.squash = x, ops.sigmoid
    return out


def softplus(x):
    """log(1 + exp(x)): a smooth relu. Source: Dugas et al. (2001)."""
    return ops.softplus(x)


def exponential(x):
    """e raised to x."""
    return ops.exp(x)


for _function in (linear, relu, tanh, sigmoid, softplus, exponential):
    _registry.add_function(_function)
