"""Watching one of the logs: which way is better, and whether a value is better than all before."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

from ..metrics import direction_of

best_of_watch = property(  # of a callback that has a Monitor called `watch`
    lambda callback: callback.watch.best,
    lambda callback, value: setattr(callback.watch, "best", value),
    doc="The best value so far.",
)
MODES = ("auto", "min", "max")
_LARGER_IS_BETTER = ("acc", "auc", "precision", "recall", "f1", "r2", "iou")


class Monitor:
    """The best value so far of a log.

    Args:
        owner: name of the callback, for messages.
        name: which log, "val_loss".
        mode: "min", "max", or "auto": as the model's metric of that name says, else larger for what sounds like accuracy,
            else smaller, with a warning if it is no loss.
        min_delta: how much better a value has to be to count; its sign does not matter.

    Attributes:
        best: the best value so far; before there is one, the worst possible.
    """

    def __init__(self, owner: str, name: str, mode: str = "auto", min_delta: float = 0.0):
        if mode not in MODES:
            raise ValueError(f"{owner} expects mode to be one of {', '.join(MODES)}, got {mode!r}.")
        self.owner, self.name, self.mode = owner, name, mode
        self.larger = mode == "max"
        self.min_delta = abs(min_delta)
        self._best: float | None = None

    def reset(self, metrics: Sequence[Any] = ()) -> None:
        """Forget the best value, and ask again which way is better."""
        self.settle(metrics)
        self._best = None

    def settle(self, metrics: Sequence[Any]) -> None:
        """Decide which way is better, by the metrics of the model if the mode is "auto"."""
        if self.mode == "auto":
            counted = any(metric.name == self.name.removeprefix("val_") for metric in metrics)
            sounds_so = not counted and any(word in self.name for word in _LARGER_IS_BETTER)
            self.larger = sounds_so or direction_of(self.name, metrics) == "up"

    @property
    def best(self) -> float:
        """See above."""
        worst = -math.inf if self.larger else math.inf
        return worst if self._best is None else self._best

    @best.setter
    def best(self, value: float) -> None:
        self._best = value

    def is_better(self, value: float, than: float) -> bool:
        """Whether `value` is better by more than `min_delta`; nan never is."""
        return value > than + self.min_delta if self.larger else value < than - self.min_delta

    def improved(self, value: float) -> bool:
        """Whether `value` is better than the best so far, which it then becomes."""
        better = self.is_better(value, self.best)
        if better:
            self._best = value
        return better

    def value(self, logs: dict[str, Any] | None) -> float | None:
        """The log, or None with a warning that lists what there is."""
        if self.name not in (logs or {}):
            known = ", ".join(logs or {}) or "nothing"
            hint = " Pass validation_data or validation_split." if self.name.startswith("val_") else ""
            warnings.warn(f"{self.owner} expects the log {self.name!r}, got {known}.{hint}", stacklevel=3)
            return None
        return logs[self.name]  # type: ignore[index]
