"""Progbar: progress of a loop of one's own."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from typing import Any

from ..callbacks import console
from ..callbacks.progress import describe


class Progbar:
    """Tells how far a loop is, and the means of what it measures.

    Args:
        target: number of steps; None if nobody knows.
        width: characters of the bar.
        verbose: 1 is a bar, 2 a line at the end, 0 is silence. In a file or a pipe, 1 is 2.
        interval: seconds between two drawings of the bar.
        stateful_metrics: names of values that are told as they are, not as means over the steps.
        unit_name: what a step is called.

        >>> bar = Progbar(3, verbose=2, unit_name="batch")
        >>> for batch, loss in enumerate([0.5, 0.3, 0.1]):
        ...     bar.update(batch + 1, [("loss", loss)])  # doctest: +ELLIPSIS
        3/3 - 0s ...s/batch - loss: 0.3000
    """

    def __init__(
        self,
        target: int | None,
        width: int = 20,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
    ):
        self.target, self.width, self.interval, self.unit_name = target, width, interval, unit_name
        self.verbose = 2 if verbose == 1 and console.redrawn_every() is None else verbose
        self.stateful_metrics = set(stateful_metrics or ())
        self._sums: dict[str, tuple[float, int]] = {}  # of values, and of the steps that they stand for
        self._seen, self._drawn, self._began = 0, -math.inf, time.perf_counter()

    def update(self, current: int, values: Sequence[tuple[str, Any]] | None = None, finalize: bool | None = None) -> None:
        """So many steps are done, and the new ones measured these values.

        Args:
            current: number of steps done.
            values: pairs of name and value, each counted once for every new step.
            finalize: whether this is the end; None means once `target` is reached.
        """
        self._count(values or (), max(current - self._seen, 1))
        self._seen = current
        over = finalize if finalize is not None else self.target is not None and current >= self.target
        now = time.perf_counter()
        if self.verbose == 1 and (over or now - self._drawn >= self.interval):
            self._drawn = now
            console.draw(self._line(now - self._began, bar=self.target is not None), close=over)
        elif self.verbose == 2 and over:
            console.write(self._line(now - self._began, bar=False) + "\n")

    def add(self, n: int, values: Sequence[tuple[str, Any]] | None = None) -> None:
        """`n` more steps are done: see `update`."""
        self.update(self._seen + n, values)

    def _count(self, values: Iterable[tuple[str, Any]], steps: int) -> None:
        for name, value in values:
            total, count = self._sums.get(name, (0.0, 0))
            is_told_as_it_is = name in self.stateful_metrics
            self._sums[name] = (float(value), 1) if is_told_as_it_is else (total + float(value) * steps, count + steps)

    def _line(self, seconds: float, bar: bool) -> str:
        count = f"{self._seen}/{'?' if self.target is None else self.target}"
        if bar:
            filled = min(self.width * self._seen // max(self.target or 1, 1), self.width)
            count += f" [{('=' * filled).ljust(self.width, '.')}]"
        each = f"{seconds / max(self._seen, 1) * 1e3:.0f}ms/{self.unit_name}"
        means = {name: total / steps for name, (total, steps) in self._sums.items()}
        return " - ".join(filter(None, [count, f"{seconds:.0f}s {each}", describe(means)]))
