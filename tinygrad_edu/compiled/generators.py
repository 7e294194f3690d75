"""Random numbers from generators that are everybody's: a step that draws from these cannot be taken down."""

from __future__ import annotations

import random as python_random
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from .errors import NotCompiledError
from .kinds import Step

TRIES = 4  # at taking a step down, while other threads draw from these generators


def without_other_generators(known: Callable[[], Step]) -> Step:
    """What `known` finds, if it does not draw from NumPy's or Python's own generator, which is put back if it does.

    Other threads may have drawn meanwhile: what they drew stays drawn, and there is another try.
    """
    for _ in range(TRIES):
        with _DrawsOfOthers() as draws:
            try:
                found: Step | NotCompiledError = known()
            except NotCompiledError as error:
                found = error
        if not draws.any and isinstance(found, NotCompiledError):
            raise found
        if not draws.any:
            return found  # type: ignore[return-value]
        if draws.is_alone:
            break
    raise NotCompiledError("random numbers come from NumPy's or Python's own generator, and not from a SeedGenerator")


class _DrawsOfOthers:
    """Whether a block draws from NumPy's or Python's own generator. In the only thread, these are put back."""

    def __enter__(self) -> _DrawsOfOthers:
        self._numpy, self._python = np.random.get_state(legacy=False), python_random.getstate()
        self.is_alone = threading.active_count() == 1
        return self

    def __exit__(self, *error: Any) -> None:
        self.any = _differs(np.random.get_state(legacy=False), self._numpy) or python_random.getstate() != self._python
        if self.any and self.is_alone:
            np.random.set_state(self._numpy)
            python_random.setstate(self._python)


def _differs(state: Any, before: Any) -> bool:
    now, then = state["state"], before["state"]
    return now["pos"] != then["pos"] or state["gauss"] != before["gauss"] or not np.array_equal(now["key"], then["key"])
