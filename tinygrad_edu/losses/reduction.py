"""From a number per sample to one number: weights, masks and the ways to reduce.

A weight makes a sample count more; a mask says which steps are there at all. So the mean divides by the number of
steps that are there, and not by the sum of the weights, unless "mean_with_sample_weight" says so. Keras 2 divided by
the number of weights that are not 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import ops
from ..graph import Value, make_value
from ..tensor import as_tensor
from .labels import plain


def reduce(reduction: str | None, losses: Any, sample_weight: Any = None, mask: Any = None) -> Any:
    """`losses`, one per sample or step, as the reduction says; 0 where nothing is left to count.

    Args:
        reduction: a key of REDUCTIONS.
        losses: Tensor, (samples, ...).
        sample_weight: numbers that multiply the losses: one in all, per sample, or per step.
        mask: truth values, one per sample or per step; where False the loss does not count.
    """
    there = None if mask is None else ops.broadcast_to(truth(mask, losses.shape), losses.shape)
    weights = None if sample_weight is None else make_value(as_weights(sample_weight, losses.shape, losses.dtype))
    if there is not None:
        losses = ops.where(there, losses, 0)
        weights = there.astype(losses.dtype) if weights is None else weights * there
    if weights is not None:
        losses = losses * weights
    return REDUCTIONS[reduction](losses, weights, there)


def _mean(losses, weights, there):
    return _share(losses, there)


def _mean_with_sample_weight(losses, weights, there):
    return _share(losses, weights)


def _share(losses, weights):
    """The sum of `losses` divided by that of some weights, all 1 if None; 0 where nothing counts.

    Through the mean, which a float16 can hold.
    """
    if weights is None or not losses.size:
        return (ops.mean if losses.size else ops.sum)(losses)
    total = ops.sum(ops.broadcast_to(weights.astype(float), losses.shape))
    share = ops.where(total != 0, losses.size / ops.where(total != 0, total, 1.0), 0.0)
    return ops.mean(losses) * share.astype(losses.dtype)


REDUCTIONS: dict[str | None, Callable] = {  # of weighted losses, their weights, and which of them are there
    "sum_over_batch_size": _mean,
    "mean": _mean,
    "sum": lambda losses, weights, there: ops.sum(losses),
    "mean_with_sample_weight": _mean_with_sample_weight,
    "none": lambda losses, weights, there: losses,
    None: lambda losses, weights, there: losses,
}


def as_weights(sample_weight: Any, shape: tuple[int, ...], dtype: Any = float) -> np.ndarray:
    """Sample weights as an array that broadcasts to numbers of `shape`, one per sample or per step.

    Raises:
        ValueError: for shapes that disagree; both are named.
        TypeError: for what is no number.
    """
    weights = plain(sample_weight)
    if weights.dtype.kind not in "fiub":
        raise TypeError(f"sample_weight expects numbers, got {sample_weight!r}.")
    return fitted(weights.astype(dtype, copy=False), shape, "sample_weight")


def full_weights(sample_weight: Any, shape: tuple[int, ...], mask: Any = None) -> np.ndarray:
    """A weight for each of the numbers of `shape`: 1 where none are given, 0 where a mask says that nothing is there."""
    weights = np.ones(shape) if sample_weight is None else as_weights(sample_weight, shape)
    if mask is not None:
        weights = weights * as_mask(mask, shape)
    return weights if weights.shape == shape else np.broadcast_to(weights, shape)


def as_mask(mask: Any, shape: tuple[int, ...]) -> np.ndarray:
    """A mask as truth values that broadcast to numbers of `shape`, one per sample or per step."""
    return fitted(plain(mask).astype(bool, copy=False), shape, "The mask")


def truth(mask: Any, shape: tuple[int, ...]) -> Any:
    """`as_mask` of a Tensor, or of an array as one: what is done with the mask of a batch is done with ops."""
    mask = as_tensor(mask)
    return fitted(mask if mask.dtype == bool else mask != 0, shape, "The mask")


def without_padding(y_true: Any, mask: Any) -> Any:
    """Labels, which are 0 where a mask says that nothing is there: padding may be labelled -1, or nan."""
    if mask is None:
        return y_true
    there = truth if isinstance(y_true, Value) else as_mask
    return ops.where(there(mask, y_true.shape), y_true, 0)


def fitted(x: np.ndarray, shape: tuple[int, ...], owner: str) -> np.ndarray:
    """`x` with trailing axes of length 1 added, or taken away, until it lies along the first axes of `shape`."""
    if x.shape == shape:
        return x
    form = x.shape
    while len(form) > len(shape) and form[-1] == 1:
        form = form[:-1]
    form = form + (1,) * (len(shape) - len(form))
    if len(form) != len(shape) or any(m not in (1, n) for m, n in zip(form, shape)):
        raise ValueError(f"{owner} expects one number per sample or per step, shape {shape} or its beginning, got {x.shape}.")
    return x.reshape(form)
