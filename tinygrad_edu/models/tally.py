"""What steps come to that were done somewhere else: losses and outputs go in, logs come out.

Numbers are added up in the order in which eager steps count them, so that equal losses and outputs make equal logs, to the bit.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..losses.labels import beside
from ..metrics import BinaryAccuracy, CategoricalAccuracy, Placed, SparseCategoricalAccuracy
from ..metrics.mean import FormulaMetric, SampleMean
from .batches import ArrayBatches
from .ports import by_output
from .scores import plain_number


class Done(NamedTuple):
    """What came out of steps on batches of rows of some arrays.

    Attributes:
        losses: of every step; where several outputs have losses of their own, those follow in its row.
        outputs: for every output of the model what it said of each row, in the order of the rows.

    Shapes: losses (steps,) or (steps, 1 + outputs), outputs (rows, ...) each.
    """

    losses: np.ndarray
    outputs: list[np.ndarray]

    def part(self, steps: slice, rows: slice) -> Done:
        """What came out of some of the steps, which were those of some of the rows."""
        return Done(self.losses[steps], [output[rows] for output in self.outputs])


class Tally:
    """Counts what came out of batches in the losses and metrics of a model.

    Args:
        model: compiled.
        source: where the rows come from.
    """

    def __init__(self, model: Any, source: ArrayBatches):
        self.model, self.source = model, source
        self._sizes: dict[int, np.ndarray] = {}  # of the batches that so many rows make

    def count(self, orders: np.ndarray, done: Done) -> dict[str, list]:
        """Count whole passes, each of which begins from what was counted before, and returns what it comes to, by name.

        The metrics have counted the last pass afterwards.

        Args:
            orders: the rows of each pass, (passes, rows).
            done: what came out of them, one after another.
        """
        scores, (passes, rows) = self.model._scores, orders.shape
        sizes = self._sizes_of(rows)
        losses = done.losses.reshape(passes, len(sizes), -1).astype(float)
        found: dict[str, list] = {}
        for number, mean in enumerate([scores.loss, *scores.output_losses]):
            found[mean.name] = mean.count_passes(losses[:, :, number] * sizes, sizes)
        self.model.batch_loss = float(losses[-1, -1, 0])
        if scores.placed:
            self._count_outputs(found, orders, done.outputs)
        return found

    def _sizes_of(self, rows: int) -> np.ndarray:
        if rows not in self._sizes:
            size = self.source.batch_size
            self._sizes[rows] = np.minimum(size, rows - np.arange(0, rows, size)).astype(float)
        return self._sizes[rows]

    def _count_outputs(self, found: dict[str, list], orders: np.ndarray, outputs: list[np.ndarray]) -> None:
        names = self.model._objective.names or ["output_1"]
        rows, source = orders.reshape(-1), self.source
        parts = (None if part is None else part.take(rows) for part in (source.y, source.sample_weight))
        labels, weights = (by_output(part, names) for part in parts)
        for placed in self.model._scores.placed:
            out, weight = outputs[placed.output], weights[placed.output] if placed.weighted else None
            if labels[placed.output] is None:
                found[placed.name] = [placed.metric.result()] * len(orders)
                continue
            given = beside(labels[placed.output], out), out, weight
            count = self._of_samples if weight is None and is_of_samples(placed.metric) else self._batch_by_batch
            found[placed.name] = count(placed, orders.shape, *given)

    def _of_samples(self, placed: Any, shape: tuple, y: Any, out: np.ndarray, _: None) -> list[float]:
        """All batches at once, for a mean of numbers that every sample has by itself."""
        (passes, rows), size = shape, self.source.batch_size
        values = placed.metric.of_each(y, out)
        if type(placed.metric) in _COUNTS and (out.shape[-1] == 1 or type(placed.metric) is not BinaryAccuracy):
            sums = np.add.reduce(values.reshape(passes, -1), axis=1, keepdims=True)
            return placed.metric.count_passes(sums, np.array([values.size / passes]))
        values = values.reshape(passes, rows, -1)
        whole, each = rows // size, values.shape[2]
        sums = values[:, : whole * size].reshape(passes, whole, size * each).sum(2)
        counts = np.full(whole, float(size * each))
        if rows % size:
            sums = np.column_stack([sums, values[:, whole * size :].reshape(passes, -1).sum(1)])
            counts = np.append(counts, rows % size * each)
        return placed.metric.count_passes(sums, counts)

    def _batch_by_batch(self, placed: Placed, shape: tuple, y: Any, out: np.ndarray, weight: Any) -> list[Any]:
        """Any metric: what it sees is what it would have seen behind every step."""
        (passes, rows), size, metric, results = shape, self.source.batch_size, placed.metric, []
        states = [state.value for state in metric.variables]
        for begin in range(0, passes * rows, rows):
            for state, value in zip(metric.variables, states):
                state.value = value
            for at in range(begin, begin + rows, size):
                some = slice(at, min(at + size, begin + rows))
                told = {} if weight is None else {"sample_weight": weight[some]}
                metric.update_state(y[some], out[some], **told)
            results.append(metric.result())
        return [plain_number(result) for result in results]


def is_of_samples(metric: Any) -> bool:
    """Whether a metric is the mean of a formula of ours, which looks at every sample by itself."""
    kind = type(metric)
    own = all(getattr(kind, name) is getattr(SampleMean, name) for name in ("update_state", "mask_of", "result"))
    return own and isinstance(metric, FormulaMetric) and kind.__module__.startswith(_METRICS)


_COUNTS = BinaryAccuracy, CategoricalAccuracy, SparseCategoricalAccuracy  # whole numbers add up the same in any grouping
_METRICS = FormulaMetric.__module__.rpartition(".")[0] + "."
