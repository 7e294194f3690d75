"""Whether `fit` can hand whole epochs to the machine, why not, and what it does there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..callbacks import CallbackList, ProgbarLogger
from ..compiled import NotCompiledError, Runner
from ..graph import make_value
from ..metrics import BinaryAccuracy, CategoricalAccuracy, SparseCategoricalAccuracy
from ..modes import detector
from .batches import ArrayBatches, Stream, unpack
from .steps import Steps


class CompiledEpochs:
    """Epochs of a model on rows of arrays, each of them one call of the machine.

    Metrics look at what the machine has written down: the outputs of every step, as they were before it.

    Raises:
        NotCompiledError: says what stands in the way.
    """

    def __init__(self, model: Any, stream: Stream, steps: int | None, hooks: CallbackList):
        for reason in _reasons(model, stream, steps, hooks):
            raise NotCompiledError(reason)
        source: Any = stream.source
        self.model, self.source, self.stream = model, source, stream
        self.y = source.y.parts[0]
        self.weights = None if source.sample_weight is None else source.sample_weight.parts[0]
        self.runner = self._runner()

    def _runner(self) -> Runner:
        source = self.source
        tables = [source.x.parts[0], self.y, *([] if self.weights is None else [self.weights])]
        return Runner(self.model, tables, lambda rows: unpack(source.batch(rows)), source.batch_size)

    def run(self) -> tuple[int, Any]:
        """Train for an epoch. Returns how many steps were done, and the batch that could not be learnt from, or None."""
        if not self.runner.is_valid:  # a callback has frozen a layer, or changed the optimizer
            self.runner = self._runner()
        order = self.stream.whole_pass()
        losses, outputs = self.runner.run(order)
        size, done = self.source.batch_size, len(losses)
        self._count(losses.tolist(), outputs, order[: done * size])
        left = order[done * size : (done + 1) * size]
        return done, self.source.batch(left) if left.size else None

    def _count(self, losses: list[float], outputs: np.ndarray, order: np.ndarray) -> None:
        """Count the losses and the metrics of the steps done, in their order."""
        model, scores, size = self.model, self.model._scores, self.source.batch_size
        scores.loss.count_batches(losses, size, len(order))
        if losses:
            model.batch_loss = losses[-1]
        if scores.placed and len(order):
            for part in _parts(len(order), size, scores):
                rows = order[part]
                weight = None if self.weights is None else self.weights[rows]
                scores.count([self.y[rows]], [make_value(outputs[part])], [weight])


_EXACT = BinaryAccuracy, CategoricalAccuracy, SparseCategoricalAccuracy  # whole numbers, which add up the same in any grouping


def _parts(rows: int, size: int, scores: Any) -> list[slice]:
    """What metrics count at once: all, if that comes to the same for all of them, else every batch."""
    whole = all(type(placed.metric) in _EXACT and not placed.weighted for placed in scores.placed)
    step = rows if whole else size
    return [slice(at, min(at + step, rows)) for at in range(0, rows, step)]


_STEP = "train_step", "compute_loss", "compute_metrics", "_count"


def _reasons(model: Any, stream: Stream, steps: int | None, hooks: CallbackList) -> Iterator[str]:
    """What stands in the way, as far as it can be told without taking a step."""
    if model.run_eagerly:
        yield "run_eagerly asks for every step by itself"
    for name in _STEP:
        if getattr(type(model), name) is not getattr(Steps, name):
            yield f"the model has a {name} of its own"
    for hook in ("on_train_batch_begin", "on_train_batch_end"):
        for function in hooks.of(hook):
            owner = getattr(function, "__self__", function)
            if not isinstance(owner, ProgbarLogger):
                yield f"{type(owner).__name__} wants to be told of every batch"
    source = stream.source
    if not isinstance(source, ArrayBatches) or source.in_blocks:
        yield "the batches do not come out of arrays, row by row"
        return
    if steps not in (None, source.steps):
        yield "an epoch has not as many steps as the data have batches"
    if source.y is None or not (source.x.is_one and source.y.is_one):
        yield "there are several inputs or outputs, or no labels"
        return
    if any(part.ndim > 2 for part in (source.x.parts[0], source.y.parts[0])):
        yield "samples of more than one axis have no opcodes"
    if detector() is not None:
        yield "somebody looks for anomalies"
