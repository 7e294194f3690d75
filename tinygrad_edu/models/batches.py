"""Where batches come from: arrays, batches by number, anything that can be gone through; and the stream that `fit` draws from.

A batch is what `train_step` gets: (x, y), (x, y, sample_weight), or x alone. A source says how many a pass has, or None,
and goes through them: `batches(rng, start)`, from batch number `start` on, in an order drawn from `rng`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, islice
from typing import Any, Protocol

import numpy as np

from .data import Rows


def pack(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """A batch, as short as it can be: x, (x, y) or (x, y, sample_weight). Several inputs alone are (x,)."""
    if sample_weight is not None:
        return x, y, sample_weight
    if y is not None:
        return x, y
    return (x,) if isinstance(x, (list, tuple)) else x


def unpack(batch: Any) -> tuple[Any, Any, Any]:
    """(x, y, sample_weight) of a batch, None for what it has not.

    >>> unpack((1, 2)), unpack([1, 2, 3]), unpack(1)
    ((1, 2, None), (1, 2, 3), (1, None, None))
    """
    if not isinstance(batch, (tuple, list)):
        return batch, None, None
    if not 1 <= len(batch) <= 3:
        raise ValueError(f"A batch expects to be x, (x, y) or (x, y, sample_weight), got {len(batch)} parts. List the inputs.")
    x, y, sample_weight = (*batch, None, None)[:3]
    return x, y, sample_weight


class Source(Protocol):
    """Where batches come from."""

    @property
    def steps(self) -> int | None:
        """How many batches a pass has, None if nobody knows before its end."""

    def batches(self, rng: np.random.Generator | None, start: int) -> Iterator[Any]:
        """The batches of a pass from number `start` on, in an order drawn from `rng`, if there is one."""


class ArrayBatches:
    """Batches of rows of arrays; the last of a pass may be shorter.

    Args:
        x, y, sample_weight: the rows.
        batch_size: rows per batch.
        in_blocks: whether only the order of the batches is drawn, and rows stay together: `shuffle="batch"`.
    """

    def __init__(self, x: Rows, y: Rows | None, sample_weight: Rows | None, batch_size: int, in_blocks: bool = False):
        self.x, self.y, self.sample_weight = x, y, sample_weight
        self.batch_size, self.in_blocks = batch_size, in_blocks
        self.steps = -(-len(x) // batch_size)

    def batches(self, rng: np.random.Generator | None, start: int) -> Iterator[Any]:
        if rng is None:
            return self._slices(range(start * self.batch_size, len(self.x), self.batch_size))
        return self.in_order(self.orders(rng, 1)[0], start)

    def _slices(self, begins: Iterable[int]) -> Iterator[Any]:
        return (self.batch(slice(at, at + self.batch_size)) for at in begins)

    def in_order(self, order: np.ndarray, start: int) -> Iterator[Any]:
        """The batches of rows of these numbers, from batch number `start` on."""
        begins, size = self.begins(order)[start:], self.batch_size
        if self.in_blocks:
            return self._slices(order[begins].tolist())
        return (self.batch(order[at : at + size]) for at in begins.tolist())

    def orders(self, rng: np.random.Generator | None, passes: int) -> np.ndarray:
        """The numbers of all rows in the order of each pass, as `batches` draws them."""
        orders = np.empty((passes, len(self.x)), np.int64)
        orders[:] = np.arange(len(self.x))
        if rng is None:
            return orders
        if not self.in_blocks:
            return rng.permuted(orders, axis=1, out=orders)
        blocks = np.split(orders[0].copy(), range(self.batch_size, len(self.x), self.batch_size))
        for order in orders:
            np.concatenate([blocks[number] for number in rng.permutation(self.steps)], out=order)
        return orders

    def begins(self, order: np.ndarray) -> np.ndarray:
        """Where in the order of a pass its batches begin."""
        if self.in_blocks:
            return np.flatnonzero(order % self.batch_size == 0)
        return np.arange(0, len(order), self.batch_size)

    @property
    def are_in_line(self) -> bool:
        """Whether the short batch, if there is one, is the last of every pass."""
        return not self.in_blocks or len(self.x) % self.batch_size == 0

    @property
    def tables(self) -> list[np.ndarray]:
        """All arrays, one after the other."""
        parts = [rows.parts for rows in (self.x, self.y, self.sample_weight) if rows is not None]
        return [part for some in parts for part in some if part is not None]

    def batch(self, rows: Any) -> Any:
        """Some of the rows, as a batch."""
        y = None if self.y is None else self.y.take(rows)
        return pack(self.x.take(rows), y, None if self.sample_weight is None else self.sample_weight.take(rows))


class NumberedBatches:
    """Batches that an object with `__len__` and `__getitem__` makes by number, such as a `Sequence`.

    Its `on_epoch_begin` and `on_epoch_end` are called around every pass, if it has them.

    Args:
        numbered: the object.
        read: makes a batch of what it gives.
        first: number 0, where somebody looked at it already: the first pass does not ask for it again.
    """

    def __init__(self, numbered: Any, read: Callable[[Any], Any], first: Any = None):
        self.numbered, self.read, self._first = numbered, read, first

    @property
    def steps(self) -> int:
        return len(self.numbered)

    def batches(self, rng: np.random.Generator | None, start: int) -> Iterator[Any]:
        order = range(self.steps) if rng is None else rng.permutation(self.steps).tolist()
        _call(self.numbered, "on_epoch_begin")
        first, self._first = self._first, None
        for number in order[start:]:
            batch = first if first is not None and number == 0 else self.numbered[number]
            yield self.read(batch)
        _call(self.numbered, "on_epoch_end")


class IteratedBatches:
    """Batches of something that can be gone through: once, if it is an iterator, else in every pass anew.

    Args:
        iterable: gives batches.
        read: makes a batch of what it gives.
    """

    def __init__(self, iterable: Any, read: Callable[[Any], Any]):
        self.iterable, self.read = iterable, read
        self.is_spent_once = hasattr(iterable, "__next__")

    @property
    def steps(self) -> int | None:
        return len(self.iterable) if hasattr(self.iterable, "__len__") else None

    def batches(self, rng: np.random.Generator | None, start: int) -> Iterator[Any]:
        batches = iter(self.iterable)
        deque(islice(batches, start), maxlen=0)  # at once: what they draw from global generators is drawn before these are set
        return map(self.read, batches)

    def peek(self) -> Any:
        """What comes first, which will come again."""
        first = next(iter(self.iterable), _NOTHING)
        if first is _NOTHING:
            raise ValueError("A generator expects to give at least one batch, got none. Make a new one for every call.")
        if self.is_spent_once:
            self.iterable = chain([first], self.iterable)
        return first


_NOTHING = object()


def _call(owner: Any, hook: str) -> None:
    if hasattr(owner, hook):
        getattr(owner, hook)()


class Stream:
    """The batches of a source, pass after pass, each in an order of its own. Its place can be noted and returned to.

        >>> numbers = IteratedBatches([[0], [1], [2]], tuple)
        >>> stream = Stream(numbers)
        >>> list(stream.take(2)), list(stream.take(2))
        ([(0,), (1,)], [(2,), (0,)])

    Args:
        source: where the batches come from.
        rng: draws the order of each pass. None: the order of the source.
        owner: who draws from it, for messages.
    """

    def __init__(self, source: Source, rng: np.random.Generator | None = None, owner: str = "fit"):
        self.source, self.rng, self.owner = source, rng, owner
        self._pass: Iterator[Any] | None = None
        self._order: Any = None  # state of `rng` before the order of this pass was drawn
        self._taken = 0
        self._rows: np.ndarray | None = None  # their numbers in the order of this pass, if it has one by rows

    def take(self, count: int | None) -> Iterator[Any]:
        """The next `count` batches, of as many passes as that takes; None: all that are left of this pass.

        Raises:
            ValueError: if a pass gives none, as that of a generator that has come to its end.
        """
        steps = self.source.steps
        while count is None or count:
            if self._pass is None:
                self._begin()
            batch = next(self._pass, _NOTHING)  # type: ignore[arg-type]
            if batch is _NOTHING:
                self._refuse_end(count)
                self._pass = None
                if count is None:
                    return
                continue
            self._taken += 1
            count = None if count is None else count - 1
            yield batch
            if self._taken == steps:
                next(self._pass, None)  # type: ignore[arg-type]  # its end
                self._pass = None
                if count is None:
                    return

    @property
    def is_between_passes(self) -> bool:
        """Whether the next batch is the first of a pass."""
        return self._pass is None

    # Rows of arrays, which somebody else makes batches of ---------------------------------------------

    def rest(self) -> np.ndarray:
        """The numbers of the rows in the batches that are left of this pass, or of a new one, up to the first short one."""
        source: Any = self.source
        if self._pass is None:
            self._begin()
        rows = source.orders(None, 1)[0] if self._rows is None else self._rows
        begins = np.append(source.begins(rows), len(rows))[self._taken :]
        short = np.flatnonzero(np.diff(begins) < source.batch_size)
        return rows[begins[0] : begins[short[0] + 1] if short.size else None]

    def skip(self, batches: int) -> None:
        """Count so many batches of this pass as taken; its end, as `take` has it, comes later."""
        self._taken += batches
        self._pass = self._batches()

    def end(self) -> None:
        """End this pass if nothing is left of it."""
        if self._taken == self.source.steps:
            self._pass = None

    def orders(self, passes: int) -> np.ndarray:
        """The numbers of all rows in the orders of the next passes, whose batches count as taken."""
        self._order = self._state()
        return self.source.orders(self.rng, passes)  # type: ignore[attr-defined]

    def stay(self) -> None:
        """Be at the end of the one pass that `orders` has just given: not between passes before `end`."""
        self._taken, self._pass = self.source.steps or 0, iter(())

    def only(self, passes: int) -> None:
        """Of what `orders` has just given only the first passes were taken: the rest will be drawn again."""
        if self.rng is not None:
            self.rng.bit_generator.state = self._order
            self.source.orders(self.rng, passes)  # type: ignore[attr-defined]

    # Its place ---------------------------------------------------------------------------------------

    def _begin(self, taken: int = 0) -> None:
        self._order, self._taken, source = self._state(), taken, self.source
        is_by_rows = isinstance(source, ArrayBatches) and self.rng is not None
        self._rows = source.orders(self.rng, 1)[0] if is_by_rows else None  # type: ignore[attr-defined]
        self._pass = self._batches()

    def _batches(self) -> Iterator[Any]:
        if self._rows is None:
            return self.source.batches(self.rng, self._taken)
        return self.source.in_order(self._rows, self._taken)  # type: ignore[attr-defined]

    def _state(self) -> Any:
        return None if self.rng is None else self.rng.bit_generator.state

    def _refuse_end(self, count: int | None) -> None:
        """A generator that ends in the middle of an epoch, and a pass without batches."""
        if self._taken == 0 or (count and getattr(self.source, "is_spent_once", False)):
            wanted = "batches" if count is None else f"{count} batches more"
            raise ValueError(
                f"{self.owner} expects its generator to give {wanted}, got its end after {self._taken}. "
                "Let it go on for ever (while True), or ask for fewer steps."
            )

    @property
    def place(self) -> dict[str, Any]:
        """Where the stream is: the state of `rng` before this pass, and how many batches of it were taken."""
        if self._pass is None:
            return {"order": self._state(), "taken": 0}
        return {"order": self._order, "taken": self._taken}

    @place.setter
    def place(self, place: dict[str, Any]) -> None:
        if self.rng is not None and place["order"] is not None:
            self.rng.bit_generator.state = place["order"]
        self._begin(place["taken"])
