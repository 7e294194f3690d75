"""Ctrl-C and SIGTERM in the middle of a step wait until the step is whole."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM") if hasattr(signal, name))


class WholeSteps:
    """Inside its block `run(step, batch)` is not torn by a signal: what arrives meanwhile comes after it.

    A second signal does not wait. SIGTERM, which would end the process at once, becomes SystemExit, so that files are closed and
    the last state is kept; a handler of the user's is called instead. Only in the main thread, where Python handles signals.

    Attributes:
        is_open: whether a second signal may come in the middle of what a step is doing.
    """

    def __init__(self) -> None:
        self.is_open = True
        self._before: dict[int, Any] = {}
        self._busy, self._waiting = False, 0

    def __enter__(self) -> WholeSteps:
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                before = signal.getsignal(number)
                if callable(before) or (number == signal.SIGTERM and before is signal.SIG_DFL):
                    self._before[number] = before
                    signal.signal(number, self._arrive)
        return self

    def __exit__(self, *error: Any) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)
        if self._waiting:  # the step ended by an error of its own
            self._deliver(None)

    def run(self, step: Callable[[Any], Any], batch: Any) -> Any:
        """`step(batch)`, whole."""
        self._busy = True
        try:
            return step(batch)
        finally:
            self._busy = False
            if self._waiting:
                self._deliver(None)

    def _arrive(self, number: int, frame: FrameType | None) -> None:
        is_second, self._waiting = bool(self._waiting), number
        if not self._busy or (is_second and self.is_open):
            self._deliver(frame)

    def _deliver(self, frame: FrameType | None) -> None:
        number, self._waiting = self._waiting, 0
        before = self._before[number]
        if callable(before):
            before(number, frame)
        else:
            raise SystemExit(128 + number)
