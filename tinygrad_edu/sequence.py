"""Sequence: data that is made batch by batch, in place of arrays."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any


class Sequence(ABC):
    """Batches by number, for `fit`, `evaluate` and `predict`: derive from it and say `__len__` and `__getitem__`.

    Unlike a generator it knows how many batches there are, so that they can be mixed and come again in every epoch.
    Keras 3 calls it PyDataset. Batches are made when they are needed, by the one process that trains: what Keras takes to
    spread the work (`workers`, `use_multiprocessing`, `max_queue_size`) is kept as attributes and has no effect.

        >>> class Squares(Sequence):
        ...     def __len__(self):
        ...         return 2
        ...
        ...     def __getitem__(self, index):
        ...         x = np.arange(3.0) + 3 * index
        ...         return x, x**2
        >>> [y.tolist() for x, y in Squares()]
        [[0.0, 1.0, 4.0], [9.0, 16.0, 25.0]]
    """

    workers, use_multiprocessing, max_queue_size = 1, False, 10

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10):
        self.workers, self.use_multiprocessing, self.max_queue_size = workers, use_multiprocessing, max_queue_size

    @abstractmethod
    def __len__(self) -> int:
        """How many batches an epoch has."""

    @abstractmethod
    def __getitem__(self, index: int) -> Any:
        """Batch number `index`: x, (x, y) or (x, y, sample_weight)."""

    def __iter__(self) -> Iterator[Any]:
        """All batches of an epoch, in order. `__getitem__` need not raise IndexError behind the last."""
        return (self[index] for index in range(len(self)))

    @property
    def num_batches(self) -> int:
        """Keras 3's name of the length."""
        return len(self)

    def on_epoch_begin(self) -> None:  # noqa: B027  a hook, not a duty
        """Called before every epoch of training."""

    def on_epoch_end(self) -> None:  # noqa: B027  a hook
        """Called after every epoch of training: the place to mix the samples anew."""
