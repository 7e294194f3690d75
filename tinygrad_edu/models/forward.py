"""Losses and outputs of rows from which nothing is learnt: for `evaluate`, `predict`, and what `fit` measures between epochs."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from ..calculus import no_grad
from .batches import ArrayBatches, unpack
from .ports import outputs_of
from .tally import Done


class Forward(Protocol):
    """A model on the rows of some arrays, in batches of a source.

    Attributes:
        is_eager: whether it takes batch after batch, as others can do as well.
    """

    is_eager: bool

    def run(self, order: np.ndarray) -> Done:
        """Losses and outputs of the batches of rows of these numbers."""

    def ask(self, order: np.ndarray) -> list[np.ndarray]:
        """The outputs alone, for rows that have no labels."""


class EagerForward:
    """The same in Python, as `test_step` and `predict_step` do it.

    Args:
        model: compiled, if there are labels.
        source: where the rows come from.
    """

    is_eager = True

    def __init__(self, model: Any, source: ArrayBatches):
        self.model, self.source = model, source

    def run(self, order: np.ndarray) -> Done:
        """Losses and outputs of the batches of rows of these numbers."""
        with no_grad():
            losses, outputs = zip(*(self._measured(rows) for rows in self._batches(order)))
        return Done(np.array(losses), [np.concatenate(column) for column in zip(*outputs)])

    def ask(self, order: np.ndarray) -> list[np.ndarray]:
        """The outputs alone, for rows that have no labels."""
        with no_grad():
            found = [outputs_of(self.model.predict_step(self.source.batch(rows))) for rows in self._batches(order)]
        return [np.concatenate([output.array for output in column]) for column in zip(*found)]

    def _batches(self, order: np.ndarray) -> list[np.ndarray]:
        size = self.source.batch_size
        return [order[at : at + size] for at in range(0, len(order), size)]

    def _measured(self, rows: np.ndarray) -> tuple[list[float], list[np.ndarray]]:
        model = self.model
        x, y, sample_weight = unpack(self.source.batch(rows))
        y_pred = model(x)
        loss = model.compute_loss(x, y, y_pred, sample_weight, training=False)
        parts = model._objective.parts if model._scores.output_losses else []
        return [loss.item(), *(part.item() for part in parts)], [output.array for output in outputs_of(y_pred)]


def forward_of(model: Any, source: ArrayBatches) -> Forward:
    """What runs a model forward on rows of arrays: the one place that decides on it."""
    return EagerForward(model, source)
