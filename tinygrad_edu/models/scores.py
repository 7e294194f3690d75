"""What is told of training: the mean losses, then the metrics of every output, in one order everywhere."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..losses.labels import beside
from ..metrics import Mean, Metric, Placed, get
from ..metrics import per_output as placed_metrics
from .objective import Objective


class LossMean(Mean):
    """Mean of the losses of batches, each with the number of its samples. One number after another, so it adds floats."""

    direction = "down"

    def count_batch(self, loss: float, rows: int) -> None:
        """Count the loss of a batch of `rows` samples."""
        self.total.value += loss * rows
        self.count.value += rows

    def result(self) -> float:
        count = float(self.count.value)
        return float(self.total.value) / count if count else 0.0


class Scores:
    """The compiled metrics, and the means of the losses.

    Args:
        metrics, weighted_metrics: as `compile` takes them.

    Raises:
        ValueError: for unknown names of metrics.
    """

    def __init__(self, metrics: Any = None, weighted_metrics: Any = None):
        for identifier in _leaves([metrics, weighted_metrics]):
            get(identifier)
        self.given = metrics, weighted_metrics
        self.loss = LossMean("loss")
        self.output_losses: list[LossMean] = []
        self.placed: list[Placed] = []
        self._bound: Any = None

    def bind(self, objective: Objective, names: list[str], y_shapes: list[tuple] = [], output_shapes: list[tuple] = []) -> None:  # noqa: B006
        """Find the metrics of every output: what "accuracy" means depends on the shapes of labels and outputs.

        Args:
            objective: tells which outputs have losses.
            names: of the outputs.
            y_shapes, output_shapes: of every output. Empty: not known yet.
        """
        kinds = [_kind(*pair) for pair in zip(y_shapes, output_shapes)]
        if self._bound == (names, kinds):
            return
        self.placed = placed_metrics(*self.given, names, y_shapes, output_shapes)
        if len(names) == 1:
            for placed in self.placed:
                placed.metric.name = placed.name
        self.output_losses = [LossMean(name) for name in objective.reported]
        self._bound = names, kinds

    @property
    def by_output(self) -> bool:
        """Whether metrics were given for each output, so that they say nothing before the outputs are known."""
        inside = [one for given in self.given if isinstance(given, (list, tuple)) for one in given]
        by_name = any(isinstance(given, dict) for given in self.given)
        return by_name or any(one is None or isinstance(one, (list, tuple)) for one in inside)

    @property
    def metrics(self) -> list[Metric]:
        """All that is counted, in order."""
        return [self.loss, *self.output_losses, *(placed.metric for placed in self.placed)]

    @property
    def names(self) -> list[str]:
        """What it is called."""
        return ["loss", *(mean.name for mean in self.output_losses), *(placed.name for placed in self.placed)]

    def count_loss(self, loss: float, objective: Objective, rows: int) -> None:
        """Count the loss of a batch, and those of its outputs."""
        self.loss.count_batch(loss, rows)
        for mean, part in zip(self.output_losses, objective.parts):
            mean.count_batch(part.item(), rows)

    def count(self, y: list, y_pred: list, sample_weight: list) -> None:
        """Count a batch; labels, predictions and weights by output."""
        for metric, _, output, weighted in self.placed:
            if y[output] is None:
                continue
            out = y_pred[output]
            out = out if hasattr(out, "mask") else out.array
            labels = beside(y[output], out)
            if weighted and sample_weight[output] is not None:
                metric.update_state(labels, out, sample_weight=sample_weight[output])
            else:
                metric.update_state(labels, out)

    def results(self) -> dict[str, Any]:
        """Everything counted so far, by name; numbers are Python floats."""
        found: dict[str, Any] = {"loss": self.loss.result()}
        for mean in self.output_losses:
            found[mean.name] = mean.result()
        for placed in self.placed:
            found[placed.name] = plain_number(placed.metric.result())
        return found


def plain_numbers(logs: Any, step: str = "train_step") -> dict[str, Any]:
    """What a step tells, by name, as Python floats.

    Raises:
        TypeError: for anything but a dict.
    """
    if not isinstance(logs, dict):
        raise TypeError(f"fit and its like expect {step} to return a dict of numbers, got {logs!r}. Return {{'loss': loss}}.")
    return {name: plain_number(value) for name, value in logs.items()}


def plain_number(value: Any) -> Any:
    """A Python float; what holds several numbers stays an array."""
    if type(value) is float:
        return value
    array = np.asarray(value)
    return array if array.ndim else float(array)


def _kind(labels: tuple, outputs: tuple) -> tuple:
    """What of two shapes a metric may depend on."""
    return len(labels), labels[-1:] == (1,), len(outputs), outputs[-1:] == (1,)


def _leaves(given: Any) -> list:
    """Names and objects of metrics, whatever lists and dicts they stand in."""
    if isinstance(given, (list, tuple)):
        return [leaf for one in given for leaf in _leaves(one)]
    if isinstance(given, dict) and "class_name" not in given:
        return _leaves(list(given.values()))
    return [] if given is None else [given]


def states_of(metrics: list[Metric]) -> list[list[np.ndarray]]:
    """What metrics have counted so far, to be put back by `restore`."""
    return [[np.array(state) for state in metric.variables] for metric in metrics]


def restore(metrics: list[Metric], states: list[list[Any]]) -> None:
    """Let metrics have counted what `states_of` noted."""
    for metric, arrays in zip(metrics, states):
        for state, array in zip(metric.variables, arrays):
            state.assign(array)
