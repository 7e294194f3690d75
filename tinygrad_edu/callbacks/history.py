"""What `fit` returns: the course of training."""

from __future__ import annotations

from typing import Any

import numpy as np

from .callback import Callback


class Curves(dict[str, list[float]]):
    """Logs by name, a number per epoch. Keras 2's "lr" finds what is stored as "learning_rate", in reading only."""

    def __missing__(self, name: str) -> list[float]:
        if name == "lr" and "learning_rate" in self:
            return self["learning_rate"]
        raise KeyError(name)

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or (name == "lr" and super().__contains__("learning_rate"))

    def get(self, name: str, default: Any = None) -> Any:
        """As of any dict."""
        try:
            return self[name]
        except KeyError:
            return default


class History(Callback):
    """Keeps the logs of every epoch: `history.history["val_accuracy"]` is a list of numbers, one per epoch."""

    remembers = "history", "epoch"

    def __init__(self) -> None:
        self.history = Curves()
        self.epoch: list[int] = []

    def on_train_begin(self, logs=None):
        self.history, self.epoch = Curves(), []

    def on_epoch_end(self, epoch, logs=None):
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)

    def epochs_at_once(self, epochs, logs, steps, seconds):
        """Keep the logs of several epochs: a list of numbers, one per epoch, by name."""
        self.epoch += epochs
        for name, values in logs.items():
            self.history.setdefault(name, []).extend(values)

    def set_state(self, state):
        super().set_state(state)
        numbers = lambda values: [value[()] if isinstance(value, np.ndarray) else value for value in values]
        self.history = Curves({name: numbers(values) for name, values in state["history"].items()})
