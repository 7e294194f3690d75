"""Ending a training that no longer gets better."""

from __future__ import annotations

import numpy as np

from ..optimizers.arguments import count, number
from . import console
from .callback import Callback
from .monitor import Monitor, best_of_watch


class EarlyStopping(Callback):
    """Ends training when a log has not become better for some epochs.

        >>> stop = EarlyStopping(patience=10, restore_best_weights=True)

    Args:
        monitor: which log.
        min_delta: how much better counts as better.
        patience: epochs without a better value that are waited for; 0 ends at the first of them.
        verbose: 1 tells when it ends, and what is restored.
        mode: "min", "max", or "auto", which asks the metric.
        baseline: a value to be better than: epochs that are not count as waiting.
        restore_best_weights: whether the model has the weights of its best epoch when training ends, for whatever reason: by this
            callback, after the last epoch, by an exception.
        start_from_epoch: epochs before it are not looked at.

    Attributes:
        stopped_epoch: index of the epoch that training was ended after; 0 if it was not.
        best_epoch: index of the best epoch, or None.

    One object may serve several calls of `fit`: each begins anew. A nan is never the best. Without the log it warns and
    goes on.

    Where we differ: Keras 2 restored only if it had ended the training itself.
    """

    best = best_of_watch
    remembers = "best", "wait", "stopped_epoch", "best_epoch", "_best_weights"

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0.0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ):
        owner = type(self).__name__
        self.monitor, self.verbose, self.baseline = monitor, verbose, baseline
        self.watch = Monitor(owner, monitor, mode, number(owner, "min_delta", abs(min_delta)))
        self.patience = count(owner, "patience", patience, 0)
        self.start_from_epoch = count(owner, "start_from_epoch", start_from_epoch, 0)
        self.restore_best_weights = restore_best_weights
        self._begin()

    def _begin(self) -> None:
        self.wait = self.stopped_epoch = 0
        self.best_epoch: int | None = None
        self._best_weights: list[np.ndarray] | None = None

    def on_train_begin(self, logs=None):
        self._begin()
        self.watch.reset(getattr(self.model, "metrics", ()))

    def on_epoch_end(self, epoch, logs=None):
        value = self.watch.value(logs)
        if value is None or epoch < self.start_from_epoch:
            return
        if self.watch.improved(value):
            self._remember(epoch)
            if self.baseline is None or self.watch.is_better(value, self.baseline):
                self.wait = 0
                return
        self.wait += 1
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True
            self._restore()

    def on_train_end(self, logs=None):
        if self.verbose and self.stopped_epoch:
            console.say(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self._restore() and self.verbose and self.best_epoch is not None:
            console.say(f"Restoring model weights from the end of the best epoch: {self.best_epoch + 1}.")
        self._best_weights = None

    on_train_interrupt = on_train_end

    def _restore(self) -> bool:
        """Give the model its best weights, if it is to have them: as soon as it stops, so that callbacks behind this see them."""
        if self._best_weights is not None:
            self.model.set_weights(self._best_weights)
        return self._best_weights is not None

    def _remember(self, epoch: int) -> None:
        self.best_epoch = epoch
        if self.restore_best_weights:
            self._best_weights = self.model.get_weights()
