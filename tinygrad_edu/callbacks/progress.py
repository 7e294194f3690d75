"""Progress in a terminal, in a notebook, and in a log file."""

from __future__ import annotations

import math
import time
from typing import Any

from . import console
from .callback import Callback

_NARROWEST, _WIDEST = 8, 30  # characters of the bar, as the terminal allows


class ProgbarLogger(Callback):
    """Tells how training goes on: `verbose` 1 is a bar, 2 a line per epoch, 0 is silence.

    A bar says how far the epoch is, how long it will still take, and the means so far; when it is full, what it took. Where
    stdout is a file or a pipe, a bar would leave thousands of half lines behind, so 1 then writes a line per epoch
    too, and never a control character. What neither terminal nor encoding can show is cut or replaced.

    It does the same for `evaluate` and `predict`, outside of training.
    """

    in_training = False

    def on_train_begin(self, logs=None):
        self.in_training = True

    def on_train_end(self, logs=None):
        self.in_training = False
        console.leave()

    on_train_interrupt = on_train_end

    def on_epoch_begin(self, epoch, logs=None):
        if self.params["epochs"] > 1 and self.params["verbose"]:
            console.write(f"Epoch {epoch + 1}/{self.params['epochs']}\n")
        self._begin()

    def on_train_batch_end(self, batch, logs=None):
        self.bar.update(batch + 1, logs)

    def on_epoch_end(self, epoch, logs=None):
        self.bar.finish(logs)

    def epochs_at_once(self, epochs, logs, steps, seconds):
        """Tell of several epochs of so many steps, each of which took so many seconds."""
        for at, epoch in enumerate(epochs if self.params["verbose"] else ()):
            self.on_epoch_begin(epoch)
            self.bar.began -= seconds
            self.bar.done = steps
            self.bar.finish({name: values[at] for name, values in logs.items()})

    def on_test_begin(self, logs=None):
        if not self.in_training:
            self._begin()

    def on_test_batch_end(self, batch, logs=None):
        if not self.in_training:
            self.bar.update(batch + 1, logs)

    def on_test_end(self, logs=None):
        if not self.in_training:
            self.bar.finish(logs)

    def on_predict_begin(self, logs=None):
        self._begin()

    def on_predict_batch_end(self, batch, logs=None):
        self.bar.update(batch + 1)

    def on_predict_end(self, logs=None):
        self.bar.finish()

    def _begin(self) -> None:
        self.bar = Bar(self.params.get("steps"), self.params["verbose"])


class Bar:
    """How far something is that goes on in steps.

    Args:
        steps: how many there will be; None if nobody knows.
        verbose: 1 draws a bar where one can be drawn, 2 writes a line at the end, 0 nothing.
    """

    def __init__(self, steps: int | None, verbose: int = 1):
        self.steps, self.verbose, self.done = steps, verbose, 0
        self.every = console.redrawn_every() if verbose == 1 else None
        self.began, self.drawn = time.perf_counter(), 0.0

    def update(self, done: int, logs: Any = None) -> None:
        """So many steps are done, and these are the means so far."""
        self.done = done
        if self.every is None:
            return
        now = time.perf_counter()
        if now - self.drawn > self.every:
            self.drawn = now
            console.draw(self._line(now - self.began, logs))

    def finish(self, logs: Any = None) -> None:
        """Write what came out, and what it took."""
        seconds = time.perf_counter() - self.began
        self.done = self.done or self.steps or 0
        self.steps = self.steps or self.done
        if self.every is not None:
            console.draw(self._line(seconds, logs, over=True), close=True)
        elif self.verbose:
            console.write(f"{self._count()} - {_joined(_time(seconds, self.done), logs)}\n")

    def _line(self, seconds: float, logs: Any, over: bool = False) -> str:
        if self.steps is None:
            return f"{self._count()} - {_joined(_time(seconds, self.done), logs)}"
        left = (self.steps - self.done) * seconds / max(self.done, 1)
        rest = _joined(_time(seconds, self.done) if over else f"ETA: {_clock(left)}", logs)
        room = min(console.columns() - 1 - len(f"{self._count()} [] - {rest}"), _WIDEST)
        return f"{self._count()} [{self._picture(room)}] - {rest}" if room >= _NARROWEST else f"{self._count()} - {rest}"

    def _picture(self, width: int) -> str:
        """ "====>.....", in characters that every terminal has."""
        filled = width * self.done // (self.steps or 1)
        arrow = ">" if self.done < (self.steps or 1) else "="
        return ("=" * max(filled - 1, 0) + arrow * (filled > 0)).ljust(width, ".")

    def _count(self) -> str:
        steps = "?" if self.steps is None else str(self.steps)
        return f"{self.done:>{len(steps)}}/{steps}"


def describe(logs: Any) -> str:
    """ "loss: 0.6931 - accuracy: 0.5000" """
    return " - ".join(f"{name}: {number(value)}" for name, value in (logs or {}).items())


def number(value: float) -> str:
    """Four decimals, or an exponent where those would hide the number."""
    return f"{value:.4f}" if value == 0 or not math.isfinite(value) or abs(value) > 1e-3 else f"{value:.4e}"


def _joined(first: str, logs: Any) -> str:
    return f"{first} - {describe(logs)}" if logs else first


def _time(seconds: float, steps: int) -> str:
    """ "3s 2ms/step" """
    each = seconds / max(steps, 1)
    step = f"{each:.0f}s" if each >= 1 else f"{each * 1e3:.0f}ms" if each >= 1e-3 else f"{each * 1e6:.0f}us"
    return f"{_clock(seconds)} {step}/step"


def _clock(seconds: float) -> str:
    """ "42s", "3:05", "2:00:09" """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}" if minutes else f"{rest}s"
