"""Running code again as it ran before: what it moved on is moved back first, and forth again afterwards.

What moves on says so, and has two methods: the counter of a `SeedGenerator`, the numbers of a `Variable`, the losses that
a layer has added.

    >>> class Counter:
    ...     count = 0
    ...     def next(self):
    ...         moves_on(self)
    ...         self.count += 1
    ...         return self.count
    ...     def where_it_stands(self):
    ...         return self.count
    ...     def stand_at(self, place):
    ...         self.count = place
    >>> counter = Counter()
    >>> with Moved() as moved:
    ...     once = [counter.next(), counter.next()]
    >>> later = counter.next()
    >>> with moved.again():
    ...     [counter.next(), counter.next()] == once
    True
    >>> counter.next()
    4
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any, Protocol


class Moving(Protocol):
    """Something that code moves on while it runs."""

    def where_it_stands(self) -> Any:
        """Where it stands: all that `stand_at` needs."""

    def stand_at(self, place: Any) -> None:
        """Stand where it stood."""


class Moved:
    """What was moved on inside a `with` block, so that its code can run `again` from where everything stood."""

    def __init__(self) -> None:
        self.first: dict[Moving, Any] = {}  # where each thing stood

    def note(self, thing: Moving) -> None:
        if thing not in self.first:
            self.first[thing] = thing.where_it_stands()
        if self._outer:
            self._outer.note(thing)

    def __enter__(self) -> Moved:
        self._outer = _noting.get()
        self._token = _noting.set(self)
        return self

    def __exit__(self, *error: Any) -> None:
        _noting.reset(self._token)

    def undo(self) -> None:
        """Let all stand where it stood before the block."""
        for thing, place in self.first.items():
            thing.stand_at(place)

    @contextlib.contextmanager
    def again(self) -> Iterator[None]:
        """Start where the block did; afterwards all stands as if nothing had run."""
        now = {thing: thing.where_it_stands() for thing in self.first}
        self.undo()
        try:
            yield
        finally:
            for thing, place in now.items():
                thing.stand_at(place)


_noting: ContextVar[Moved | None] = ContextVar("moved", default=None)


def moves_on(thing: Moving) -> None:
    """Say that `thing` is about to move on."""
    if noting := _noting.get():
        noting.note(thing)
