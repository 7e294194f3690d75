"""What was found out, by a key, as far as it is worth remembering.

>>> found = Remembered(2)
>>> [found.keep(key, key.upper()) for key in "abc"]
['A', 'B', 'C']
>>> found.get("a"), found.get("c")
(None, 'C')
"""

from __future__ import annotations

import threading
from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Remembered(Generic[T]):
    """The last things that were kept; threads may look and keep at once.

    Args:
        most: how many there are at most: then the oldest goes.
    """

    def __init__(self, most: int):
        self.most = most
        self._things: dict[Hashable, T] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> T | None:
        """What is remembered; None if nothing is."""
        return self._things.get(key)

    def keep(self, key: Hashable, thing: T) -> T:
        """Remember something, in the place of what had its key."""
        with self._lock:
            if key not in self._things and len(self._things) >= self.most:
                del self._things[next(iter(self._things))]
            self._things[key] = thing
        return thing
