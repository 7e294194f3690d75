"""What `fit` returns: the course of training."""

from __future__ import annotations

from .callback import Callback


class History(Callback):
    """Keeps the logs of every epoch: `history.history["val_accuracy"]` is a list of numbers, one per epoch."""

    def __init__(self) -> None:
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []

    def on_train_begin(self, logs=None):
        self.history, self.epoch = {}, []

    def on_epoch_end(self, epoch, logs=None):
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
