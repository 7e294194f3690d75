"""Progress in a terminal, and in a log file."""

from __future__ import annotations

import contextlib
import math
import sys
import time
from typing import Any

from .callback import Callback

_REDRAW = 0.05  # seconds between two drawings of the bar
_WIDTH = 30  # characters of the bar


class ProgbarLogger(Callback):
    """Tells how training goes on: `verbose` 1 is a bar, 2 a line per epoch, 0 is silence.

    Where stdout is no terminal (a file, a pipe, a notebook) a bar would leave thousands of half lines
    behind, so 1 then writes a line per epoch too, and never a control character.
    """

    def on_train_begin(self, logs=None):
        self.bar = self.params["verbose"] == 1 and _is_terminal()
        self.width = 0

    def on_epoch_begin(self, epoch, logs=None):
        if self.params["epochs"] > 1 and self.params["verbose"]:
            _write(f"Epoch {epoch + 1}/{self.params['epochs']}\n")
        self.began = time.perf_counter()
        self.drawn = 0.0

    def on_train_batch_end(self, batch, logs=None):
        now = time.perf_counter()
        if self.bar and now - self.drawn > _REDRAW:
            self.drawn = now
            self._draw(self._bar(batch + 1, now - self.began, logs))

    def on_epoch_end(self, epoch, logs=None):
        steps, seconds = self.params["steps"], time.perf_counter() - self.began
        if self.bar:
            self._draw(self._bar(steps, seconds, logs))
            self.width = 0
            _write("\n")
        elif self.params["verbose"]:
            _write(f"{steps}/{steps} - {_time(seconds, steps)} - {describe(logs)}\n")

    def _draw(self, line: str) -> None:
        """Write over the line before, all of it."""
        _write("\r" + line.ljust(self.width))
        self.width = len(line)

    def _bar(self, done: int, seconds: float, logs: Any) -> str:
        steps = self.params["steps"]
        filled = _WIDTH * done // steps
        arrow = ">" if done < steps else "="
        line = "=" * max(filled - 1, 0) + arrow * (filled > 0)
        return f"{done:>{len(str(steps))}}/{steps} [{line.ljust(_WIDTH, '.')}] - {_time(seconds, done)} - {describe(logs)}"


def describe(logs: Any) -> str:
    """ "loss: 0.6931 - accuracy: 0.5000" """
    return " - ".join(f"{name}: {number(value)}" for name, value in (logs or {}).items())


def number(value: float) -> str:
    """Four decimals, or an exponent where those would hide the number."""
    return f"{value:.4f}" if value == 0 or not math.isfinite(value) or abs(value) > 1e-3 else f"{value:.4e}"


def _time(seconds: float, steps: int) -> str:
    """ "3s 2ms/step" """
    each = seconds / max(steps, 1)
    step = f"{each:.0f}s" if each >= 1 else f"{each * 1e3:.0f}ms" if each >= 1e-3 else f"{each * 1e6:.0f}us"
    return f"{seconds:.0f}s {step}/step"


def _is_terminal() -> bool:
    try:
        return sys.stdout.isatty()
    except (AttributeError, ValueError):  # no stdout, or a closed one
        return False


def _write(text: str) -> None:
    """Write to stdout; a closed, broken or missing one must not stop training."""
    with contextlib.suppress(AttributeError, OSError, ValueError):
        sys.stdout.write(text)
        sys.stdout.flush()
