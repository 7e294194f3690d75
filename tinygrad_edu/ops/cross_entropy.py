"""Cross-entropies from logits: -log of the share that the softmax gives to what came true.

Value and gradient come from the logits at once: the shares are never stored, and the gradient by the logits,
softmax(z) - y, stays alive where the softmax saturates. Source: Bishop (2006), section 4.3.
"""

from __future__ import annotations

import numpy as np

from .declare import needs_no_rules, op
from .elementwise import where
from .index import add_along_axis, take_along_axis
from .large import (
    as_rows,
    dense_loss_loop,
    dense_slope_loop,
    is_large,
    log_totals,
    on_large_rows,
    sparse_slope_loop,
)  # fmt: skip
from .probability import log_softmax, softmax
from .shape import expand_dims

# The classes by number ---------------------------------------------------------------------------


@op(z=lambda g, z, labels: _sparse_slope_of(z, labels, g))
def sparse_softmax_cross_entropy(z, labels, /):
    """-log softmax(z)[label].

    Shapes: z (..., classes), labels (...) of whole numbers -> (...).

    Raises:
        ValueError: for a label that is no class, and for labels of another shape.
    """
    if np.shape(labels) != z.shape[:-1]:
        raise ValueError(f"Labels of logits {z.shape} are expected in shape {z.shape[:-1]}, got {np.shape(labels)}. Reshape them.")
    wrong = np.less(labels, 0) | np.greater_equal(labels, z.shape[-1])
    if wrong.any():
        found = np.asarray(labels)[wrong].flat[0]
        raise ValueError(f"Labels of {z.shape[-1]} classes are expected from 0 to {z.shape[-1] - 1}, got {found}. Number them from 0.")
    return _sparse_losses(z, labels)


def _sparse_losses_large(z, top, labels):
    picked = np.take_along_axis(as_rows(z), labels.reshape(-1, 1), axis=-1)[:, 0]
    return (log_totals(z, top) - (picked - top)).reshape(labels.shape)


@on_large_rows(_sparse_losses_large)
def _sparse_losses(z, labels):
    return -take_along_axis(log_softmax(z), expand_dims(labels, -1), axis=-1)[..., 0]


def _sparse_slope_large(z, top, labels, g):
    out = np.empty_like(z)
    sparse_slope_loop(as_rows(z), top, labels.reshape(-1).astype(np.intp), np.ascontiguousarray(g).reshape(-1), as_rows(out))
    return out


@on_large_rows(_sparse_slope_large)
def _sparse_slope(z, labels, g):
    """The gradient by z: g (softmax(z) - 1 at the label)."""
    g = expand_dims(g, -1)
    return g * softmax(z) - add_along_axis(g, expand_dims(labels, -1), shape=z.shape)


# The classes by their shares ---------------------------------------------------------------------


@op(z=lambda g, z, y: _slope_of(z, y, g), y=lambda g, z: expand_dims(g, -1) * -log_softmax(z))
def softmax_cross_entropy(z, y, /):
    """-Σ y log softmax(z) over the last axis; a share y of 0 counts nothing, whatever its logit.

    Shapes: z and y (..., classes), which broadcast against each other in front -> (...).
    """
    if z.shape[-1:] != y.shape[-1:]:
        raise ValueError(f"softmax_cross_entropy expects as many shares as logits, got {y.shape} for {z.shape}. One-hot codes have one per class.")
    return _losses(z, y)


def _losses_large(z, top, y):
    if not (is_large(y) and y.shape == z.shape):
        return NotImplemented
    out = np.empty_like(top)
    dense_loss_loop(as_rows(z), top, log_totals(z, top), as_rows(y), out)
    return out.reshape(z.shape[:-1])


@on_large_rows(_losses_large)
def _losses(z, y):
    return -(y * where(y == 0, 0, log_softmax(z))).sum(axis=-1)


def _slope_large(z, top, y, g):
    if not (is_large(y) and y.shape == z.shape):
        return NotImplemented
    out = np.empty_like(z)
    dense_slope_loop(as_rows(z), top, as_rows(y), as_rows(y).sum(axis=-1), np.ascontiguousarray(g).reshape(-1), as_rows(out))
    return out


@on_large_rows(_slope_large)
def _slope(z, y, g):
    """The gradient by z: g (softmax(z) Σ y - y)."""
    return expand_dims(g, -1) * (softmax(z) * y.sum(axis=-1, keepdims=True) - y)


# For whoever looks at ops: where a backward pass is not recorded, gradients need no rules --------


@op()
def class_totals(z, /):
    """The largest number along the last axis, and log Σ exp(z - that), one after the other. Nothing goes back through it."""
    top = z.max(axis=-1)
    return np.stack([top, np.log(np.exp(z - top[..., None]).sum(axis=-1))])


@op()
def sparse_losses(z, found, labels, /):
    """`sparse_softmax_cross_entropy`, of what `class_totals` has found. Nothing goes back through it."""
    picked = np.where(np.asarray(labels)[..., None] == np.arange(z.shape[-1]), z, 0).sum(axis=-1)
    return found[1] - (picked - found[0])


@op()
def dense_losses(z, found, y, /):
    """`softmax_cross_entropy`, of what `class_totals` has found. Nothing goes back through it."""
    return np.where(y == 0, 0, y * (found[1][..., None] - (z - found[0][..., None]))).sum(axis=-1)


@op()
def sparse_slope(z, labels, g, found, /):
    """The gradient of `sparse_softmax_cross_entropy`; compiled steps make use of what `class_totals` has found. Nothing goes back."""
    is_label = np.asarray(labels)[..., None] == np.arange(z.shape[-1])
    return g[..., None] * softmax(z) - g[..., None] * is_label


@op()
def dense_slope(z, y, g, found, factors, /):
    """The gradient of `softmax_cross_entropy`; compiled steps make use of `class_totals`, and of factors g Σ y. Nothing goes back."""
    return g[..., None] * (softmax(z) * y.sum(axis=-1, keepdims=True) - y)


def _sparse_slope_of(z, labels, g):
    return sparse_slope(z, labels, g, class_totals(z)) if needs_no_rules(z) else _sparse_slope(z, labels, g)


def _slope_of(z, y, g):
    if needs_no_rules(z) and z.shape == y.shape:
        return dense_slope(z, y, g, class_totals(z), g * y.sum(axis=-1))
    return _slope(z, y, g)
