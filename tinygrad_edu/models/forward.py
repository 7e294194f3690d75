"""Losses and outputs of rows from which nothing is learnt: what `fit` measures between epochs that run at once."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from ..calculus import no_grad
from .batches import ArrayBatches, unpack
from .ports import outputs_of
from .tally import Done


class Forward(Protocol):
    """A model on the rows of some arrays, forward only."""

    def run(self, order: np.ndarray) -> Done:
        """What comes out of the batches of rows of these numbers."""


class EagerForward:
    """The same batch by batch, as `test_step` does it.

    Args:
        model: compiled.
        source: where the rows come from.
    """

    def __init__(self, model: Any, source: ArrayBatches):
        self.model, self.source = model, source

    def run(self, order: np.ndarray) -> Done:
        """What comes out of the batches of rows of these numbers."""
        size = self.source.batch_size
        with no_grad():
            found = [self._batch(order[at : at + size]) for at in range(0, len(order), size)]
        losses, outputs = zip(*found)
        return Done(np.array(losses), [np.concatenate(column) for column in zip(*outputs)])

    def _batch(self, rows: np.ndarray) -> tuple[list[float], list[np.ndarray]]:
        model = self.model
        x, y, sample_weight = unpack(self.source.batch(rows))
        y_pred = model(x)
        loss = model.compute_loss(x, y, y_pred, sample_weight, training=False)
        parts = model._objective.parts if model._scores.output_losses else []
        return [loss.item(), *(part.item() for part in parts)], [output.array for output in outputs_of(y_pred)]
