"""Learning rates that change while training goes on: by a plan, by success, in one cycle."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import compat
from ..optimizers.arguments import above_zero, count, number, required_arguments
from . import console
from .callback import Callback
from .monitor import Monitor, best_of_watch


class _RateCallback(Callback):
    """What sets `model.optimizer.learning_rate`, and logs it as "learning_rate"."""

    verbose = 0

    def on_train_begin(self, logs=None):
        optimizer = self.model.optimizer
        if optimizer.schedule is not None:
            raise TypeError(
                f"{type(self).__name__} expects an optimizer whose learning_rate is a number, got the schedule "
                f"{optimizer.schedule!r} in {optimizer!r}. Leave one of the two out."
            )

    def on_epoch_end(self, epoch, logs=None):
        if logs is not None:  # another callback may have changed the rate by now, after it logged what the epoch had
            logs.setdefault("learning_rate", float(self.model.optimizer.learning_rate))

    def _tell(self, epoch: int, rate: float) -> None:
        if self.verbose:
            console.say(f"Epoch {epoch + 1}: {type(self).__name__} setting learning rate to {rate:.6g}.")


class LearningRateScheduler(_RateCallback):
    """Sets the learning rate before each epoch to what a function says.

        >>> def exponential_decay(epoch):
        ...     return 0.01 * 0.1 ** (epoch / 20)
        >>> callback = LearningRateScheduler(exponential_decay)

    Args:
        schedule: function of the epoch's number, from 0, or of that number and the rate so far; a schedule.
        verbose: 1 tells every rate.

    Which of the two functions it is follows from its signature: it gets the rate so far if it has two arguments without a
    default, or if its second is called `lr` or `learning_rate`. Keras tries both instead, so that the `s` of
    `lambda epoch, s=20: ...` silently becomes a learning rate.

    Raises:
        TypeError: for a function of another number of arguments; in `fit`, if the optimizer has a schedule of its own.
        ValueError: in `fit`, if the function returns no number >= 0.

    Of several callbacks that set the rate, the later in the list has the last word.
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0):
        if not callable(schedule):
            raise TypeError(f"LearningRateScheduler expects a function of the epoch, got {schedule!r}.")
        self.schedule, self.verbose = schedule, verbose
        self._takes_rate = _takes_rate(schedule)

    def on_epoch_begin(self, epoch, logs=None):
        optimizer = self.model.optimizer
        rate = self.schedule(epoch, float(optimizer.learning_rate)) if self._takes_rate else self.schedule(epoch)
        optimizer.learning_rate = _checked(self.schedule, epoch, rate)
        self._tell(epoch, optimizer.learning_rate)


def _takes_rate(schedule: Callable) -> bool:
    required = required_arguments(schedule)
    if len(required) == 2:
        return True
    if len(required) > 2:
        raise TypeError(f"LearningRateScheduler expects a function of (epoch) or (epoch, rate), got one of {required}.")
    try:
        names = list(inspect.signature(schedule).parameters)
    except (TypeError, ValueError):  # written in C
        return False
    if not names:
        raise TypeError(f"LearningRateScheduler expects a function of the epoch, got {schedule!r}, which takes nothing.")
    return names[1:2] in (["lr"], ["learning_rate"])


def _checked(schedule: Any, epoch: int, rate: Any) -> float:
    try:
        return number("LearningRateScheduler", f"the rate of epoch {epoch}", rate)
    except TypeError as error:
        raise ValueError(f"{error} It came from {schedule!r}.") from None


class ReduceLROnPlateau(_RateCallback):
    """Makes the learning rate smaller when a log has not become better for some epochs.

    Args:
        monitor: which log.
        factor: what the rate is then multiplied by, in [0, 1).
        patience: epochs without a better value that are waited for.
        verbose: 1 tells every reduction.
        mode: "min", "max", or "auto", which goes by the name of the log.
        min_delta: how much better counts as better; legacy spelling `epsilon`.
        cooldown: epochs from a reduction, its own included, that do not count as waiting.
        min_lr: the rate never becomes smaller.

    Raises:
        ValueError: for a factor of 1 or more.
        TypeError: in `fit`, if the optimizer has a schedule.

    A `LearningRateScheduler` later in the list of callbacks overrides what this one does.
    """

    best = best_of_watch
    remembers = "best", "waited", "cooling"

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
        **legacy: Any,
    ):
        older = compat.take("reduce_lr_on_plateau", legacy)
        compat.refuse_unknown(type(self), legacy)
        owner = type(self).__name__
        self.factor = number(owner, "factor", factor, hint="Try 0.5.")
        if self.factor >= 1:
            raise ValueError(f"{owner} expects factor < 1, got {factor!r}: the rate would not become smaller. Try 0.5.")
        self.patience, self.cooldown = count(owner, "patience", patience, 0), count(owner, "cooldown", cooldown, 0)
        self.min_lr, self.verbose = number(owner, "min_lr", min_lr), verbose
        self.min_delta = number(owner, "min_delta", older.get("min_delta", min_delta))
        self.monitor, self.watch = monitor, Monitor(owner, monitor, mode, self.min_delta)

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        self.watch.reset(getattr(self.model, "metrics", ()))
        self.waited = self.cooling = 0

    def on_epoch_end(self, epoch, logs=None):
        super().on_epoch_end(epoch, logs)
        value = self.watch.value(logs)
        if value is None:
            return
        self.cooling = max(self.cooling - 1, 0)
        if self.watch.improved(value) or self.cooling:
            self.waited = 0
            return
        self.waited += 1
        if self.waited >= self.patience:
            self._reduce(epoch)

    def _reduce(self, epoch: int) -> None:
        optimizer = self.model.optimizer
        if optimizer.learning_rate > self.min_lr:
            optimizer.learning_rate = max(optimizer.learning_rate * self.factor, self.min_lr)
            self._tell(epoch, optimizer.learning_rate)
            self.waited, self.cooling = 0, self.cooldown


class OneCycleScheduler(_RateCallback):
    """Sets the learning rate before each step: up, down again, and a short end close to 0, all in straight lines.

    Args:
        iterations: steps in all, `ceil(rows / batch_size) * epochs`.
        max_rate: the rate half way; `find_learning_rate` helps to find it.
        start_rate: the rate at the start and after the way down; None means a tenth of `max_rate`.
        last_iterations: steps of the end; None means a tenth of `iterations`, plus 1.
        last_rate: the very last rate; None means a thousandth of `start_rate`.

    Source: Smith (2018), "A disciplined approach to neural network hyper-parameters: part 1", section 5.
    """

    remembers = ("step",)

    def __init__(
        self,
        iterations: int,
        max_rate: float,
        start_rate: float | None = None,
        last_iterations: int | None = None,
        last_rate: float | None = None,
    ):
        owner = type(self).__name__
        self.iterations, self.max_rate = count(owner, "iterations", iterations), above_zero(owner, "max_rate", max_rate)
        self.start_rate = number(owner, "start_rate", start_rate or self.max_rate / 10)
        self.last_iterations = count(owner, "last_iterations", last_iterations or self.iterations // 10 + 1)
        self.last_rate = number(owner, "last_rate", last_rate or self.start_rate / 1000)
        self.half = (self.iterations - self.last_iterations) // 2
        if self.half < 1:
            raise ValueError(f"{owner} expects iterations for a way up, down and an end, got {iterations}. Train longer.")

    def rate(self, step: int) -> float:
        """The rate of a step, from 0."""
        corners = 0, self.half, 2 * self.half, self.iterations
        return float(np.interp(step, corners, (self.start_rate, self.max_rate, self.start_rate, self.last_rate)))

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        self.step = 0

    def on_train_batch_begin(self, batch, logs=None):
        self.model.optimizer.learning_rate = self.rate(self.step)
        self.step += 1
