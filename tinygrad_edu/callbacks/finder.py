"""The learning rate at which training still works, found by trying all."""

from __future__ import annotations

import contextlib
import math
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from .. import random
from ..optimizers.arguments import above_zero, count
from .nonfinite import NonFiniteLoss


def find_learning_rate(
    model: Any,
    x: Any,
    y: Any,
    min_rate: float = 1e-5,
    max_rate: float = 10.0,
    epochs: int = 1,
    batch_size: int = 32,
) -> tuple[np.ndarray, np.ndarray]:
    """Train with a rate that grows by the same factor from batch to batch, and put everything back.

    Plot `losses` over `rates`, the latter logarithmic. The loss falls, and then shoots up; a good rate is about half of the
    one where it turns, or a tenth of the one where it shoots up.

    Args:
        model: a compiled model. Its weights and its optimizer are afterwards as before.
        x, y: samples and labels.
        min_rate: the first rate.
        max_rate: the last rate; it ends earlier when the loss is no longer finite.
        epochs: how often to go through the samples.
        batch_size: rows per step.

    Returns:
        rates, losses: the loss of each batch itself, before the step, and not the mean since the beginning.

    Raises:
        ValueError: for rates that do not grow, and whatever `fit` raises.
    """
    owner = "find_learning_rate"
    low, high = above_zero(owner, "min_rate", min_rate), above_zero(owner, "max_rate", max_rate)
    if high <= low:
        raise ValueError(f"{owner} expects max_rate > min_rate, got {max_rate!r} and {min_rate!r}.")
    x, y = np.asarray(x), np.asarray(y)
    batches = _batches(len(x), count(owner, "batch_size", batch_size), count(owner, "epochs", epochs))
    rates = np.geomspace(low, high, len(batches))
    losses: list[float] = []
    with _put_back(model, x), warnings.catch_warnings():
        warnings.simplefilter("ignore", NonFiniteLoss)  # that is what the last rates are for
        for rate, rows in zip(rates, batches):
            losses.append(_loss(model, x[rows], y[rows], rate))
            if not math.isfinite(losses[-1]):
                break
    return rates[: len(losses)], np.array(losses)


def _batches(rows: int, size: int, epochs: int) -> list[np.ndarray]:
    """Which rows each step sees; a new order in every epoch."""
    rng = random.generator()
    orders = [rng.permutation(rows) for _ in range(epochs)]
    return [order[i : i + size] for order in orders for i in range(0, rows, size)]


def _loss(model: Any, x: np.ndarray, y: np.ndarray, rate: float) -> float:
    """The loss of one batch, and then a step at this rate. An epoch of one batch logs just that."""
    model.optimizer.learning_rate = rate
    return model.fit(x, y, batch_size=len(x), verbose=0, shuffle=False).history["loss"][0]


@contextlib.contextmanager
def _put_back(model: Any, x: np.ndarray) -> Iterator[None]:
    """Let a new optimizer like the model's train; afterwards its own is back, with all it remembers, and so are the weights."""
    model.build(x.shape)
    weights, own = [w.array.copy() for w in model.weights], model.optimizer
    model.optimizer = type(own).from_config({**own.get_config(), "learning_rate": 0.0, "decay": 0.0, "use_ema": False})
    try:
        yield
    finally:
        model.optimizer = own
        for weight, array in zip(model.weights, weights):
            weight.assign(array)
