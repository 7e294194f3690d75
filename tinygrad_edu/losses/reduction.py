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
from .labels import plain


def reduce(reduction: str | None, losses: Any, sample_weight: Any = None, mask: Any = None) -> Any:
    """`losses`, one per sample or step, as the reduction says; 0 where nothing is left to count.

    Args:
        reduction: a key of REDUCTIONS.
        losses: Tensor, (samples, ...).
        sample_weight: numbers that multiply the losses: one in all, per sample, or per step.
        mask: truth values, one per sample or per step; where False the loss does not count.
    """
    there = None if mask is None else np.broadcast_to(as_mask(mask, losses.shape), losses.shape)
    weights = None if sample_weight is None else as_weights(sample_weight, losses.shape, losses.dtype)
    if there is not None:
        losses = ops.where(there, losses, 0)
        weights = there.astype(losses.dtype) if weights is None else weights * there
    if weights is not None:
        losses = losses * weights
    return REDUCTIONS[reduction](losses, weights, losses.size if there is None else np.count_nonzero(there))


def _mean(losses, weights, count):
    return _share(losses, count)


def _mean_with_sample_weight(losses, weights, count):
    total = count if weights is None else float(np.sum(np.broadcast_to(weights, losses.shape), dtype=float))
    return _share(losses, total)


def _share(losses, count):
    """The sum of `losses` divided by `count`; 0 where nothing counts. Through the mean, which a float16 can hold."""
    if not losses.size:
        return ops.sum(losses)
    mean = ops.mean(losses)
    return mean if count == losses.size else mean * (losses.size / count if count else 0.0)


REDUCTIONS: dict[str | None, Callable] = {  # of weighted losses, their weights, and how many of them are there
    "sum_over_batch_size": _mean,
    "mean": _mean,
    "sum": lambda losses, weights, count: ops.sum(losses),
    "mean_with_sample_weight": _mean_with_sample_weight,
    "none": lambda losses, weights, count: losses,
    None: lambda losses, weights, count: losses,
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


def without_padding(y_true: Any, mask: Any) -> Any:
    """Labels, which are 0 where a mask says that nothing is there: padding may be labelled -1, or nan."""
    return y_true if mask is None else ops.where(as_mask(mask, y_true.shape), y_true, 0)


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
