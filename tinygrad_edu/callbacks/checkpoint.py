"""Saving the model while it is trained."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from .. import compat
from ..optimizers.arguments import count
from . import console
from .callback import Callback, idle_without
from .monitor import Monitor, best_of_watch


class ModelCheckpoint(Callback):
    """Saves the model after every epoch, or after every epoch that was the best so far.

        >>> checkpoint = ModelCheckpoint("runs/{epoch:03d}-{val_loss:.3f}.keras", save_best_only=True)

    A file is replaced as a whole: what was there before stays until the new one is complete.

    Args:
        filepath: where to, with any extension; the folder is made. Names in braces stand for the number of the epoch, from
            1, of the batch, and for the logs: "{epoch}-{val_loss:.2f}".
        monitor: the log that says which model is the best.
        verbose: 1 tells every file.
        save_best_only: whether to save only if `monitor` is better than ever before, in earlier calls of `fit` too.
        save_weights_only: whether to save the weights alone (`model.save_weights`), not the model (`model.save`).
        mode: "min", "max", or "auto", which asks the metric.
        save_freq: "epoch", or a number of batches, whose means so far are then the logs.
        initial_value_threshold: only what is better than this is saved, with `save_best_only`.
        period: legacy: epochs from one file to the next.

    Raises:
        ValueError: in `fit`, for a name in `filepath` that is no log.

    Where we differ: without the log `monitor`, an epoch is not saved, with a warning, as in Keras 2; Keras 3 saves it.
    """

    best = best_of_watch
    remembers = "best", "trained"

    def __init__(
        self,
        filepath: str | os.PathLike,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: Any = "epoch",
        initial_value_threshold: float | None = None,
        **legacy: Any,
    ):
        owner = type(self).__name__
        period = legacy.pop("period", 1)
        compat.refuse_unknown(type(self), legacy)
        self.filepath, self.monitor, self.verbose = os.fspath(filepath), monitor, verbose
        self.save_best_only, self.save_weights_only = save_best_only, save_weights_only
        self.batches = None if save_freq == "epoch" else count(owner, "save_freq", save_freq)
        self.period = count(owner, "period", period)
        self.watch = Monitor(owner, monitor, mode)
        if initial_value_threshold is not None:
            self.watch.best = float(initial_value_threshold)

    def on_train_begin(self, logs=None):
        self.watch.settle(getattr(self.model, "metrics", ()) if self.save_best_only else ())
        self.epoch = self.trained = 0

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    @idle_without("batches")
    def on_train_batch_end(self, batch, logs=None):
        self.trained += 1
        if self.batches and self.trained % self.batches == 0:
            self._consider({"batch": batch + 1, **(logs or {})})

    def on_epoch_end(self, epoch, logs=None):
        if not self.batches and (epoch + 1) % self.period == 0:
            self._consider(logs or {})

    def _consider(self, logs: dict[str, Any]) -> None:
        """Save, unless only the best is wanted and this is not it."""
        if not self.save_best_only:
            self._save(logs, "saving")
            return
        before, value = self.watch.best, self.watch.value(logs)
        if value is None:
            return
        if self.watch.improved(value):
            self._save(logs, f"{self.monitor} improved from {before:.5f} to {value:.5f}, saving")
        elif self.verbose:
            console.say(f"Epoch {self.epoch + 1}: {self.monitor} did not improve from {before:.5f}")

    def _save(self, logs: dict[str, Any], words: str) -> None:
        path = self._path(logs)
        if self.verbose:
            console.say(f"Epoch {self.epoch + 1}: {words} model to {path}")
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        (self.model.save_weights if self.save_weights_only else self.model.save)(path)

    def _path(self, logs: dict[str, Any]) -> str:
        known = {"epoch": self.epoch + 1, **logs}
        try:
            return self.filepath.format(**known)
        except (KeyError, IndexError, ValueError) as error:
            names = ", ".join(known)
            raise ValueError(
                f"ModelCheckpoint expects a filepath with logs in its braces, got {self.filepath!r} ({error}). "
                f"Choose out of {names}."
            ) from None
