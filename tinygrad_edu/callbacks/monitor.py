"""Watching one of the logs: which way is better, and whether a value is better than all before."""

from __future__ import annotations

import math
import warnings
from typing import Any

MODES = ("auto", "min", "max")
_LARGER_IS_BETTER = ("acc", "auc", "precision", "recall", "f1", "r2", "iou")


class Monitor:
    """The best value so far of a log.

    Args:
        owner: name of the callback, for messages.
        name: which log, "val_loss".
        mode: "min", "max", or "auto": larger is better for what sounds like accuracy, smaller for all else.
        min_delta: how much better a value has to be to count; its sign does not matter.
    """

    def __init__(self, owner: str, name: str, mode: str = "auto", min_delta: float = 0.0):
        if mode not in MODES:
            raise ValueError(f"{owner} expects mode to be one of {', '.join(MODES)}, got {mode!r}.")
        self.owner, self.name = owner, name
        self.larger = mode == "max" or (mode == "auto" and any(word in name for word in _LARGER_IS_BETTER))
        self.min_delta = abs(min_delta)
        self.reset()

    def reset(self) -> None:
        """Forget the best value."""
        self.best = -math.inf if self.larger else math.inf

    def improved(self, value: float) -> bool:
        """Whether `value` is better than the best so far, which it then becomes; nan never is."""
        better = value > self.best + self.min_delta if self.larger else value < self.best - self.min_delta
        if better:
            self.best = value
        return better

    def value(self, logs: dict[str, Any] | None) -> float | None:
        """The log, or None with a warning that lists what there is."""
        if self.name not in (logs or {}):
            known = ", ".join(logs or {}) or "nothing"
            hint = " Pass validation_data or validation_split." if self.name.startswith("val_") else ""
            warnings.warn(f"{self.owner} expects the log {self.name!r}, got {known}.{hint}", stacklevel=3)
            return None
        return logs[self.name]  # type: ignore[index]
