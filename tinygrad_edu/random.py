"""Every source of randomness, seeded in one call.

`numpy.random.seed(7)`, or `set_random_seed(7)`, before a model is built makes its weights and its
batches the same in every run: each unseeded draw (an initializer called, a fit begun) takes its own
child seed from NumPy's global generator, as scikit-learn does, and uses a generator of its own from there.
"""

from __future__ import annotations

import operator
import random as python_random

import numpy as np


def generator(seed: int | None = None) -> np.random.Generator:
    """A generator of its own: the same numbers for the same `seed`, new ones for None."""
    if seed is None:
        return np.random.default_rng(np.random.randint(0, 2**32, size=4, dtype=np.uint32))
    return np.random.default_rng(check_seed(seed))


def check_seed(seed: int) -> int:
    """`seed` as a Python int >= 0."""
    try:
        number = operator.index(seed)
    except TypeError:
        raise ValueError(f"A seed expects a whole number, got {seed!r}.") from None
    if number < 0:
        raise ValueError(f"A seed expects a number >= 0, got {number}.")
    return number


def set_random_seed(seed: int) -> None:
    """Seed Python's and NumPy's global generators, and with them everything here that is not seeded itself."""
    number = check_seed(seed)
    if number >= 2**32:
        raise ValueError(f"set_random_seed expects a number below 2**32, got {number}.")
    python_random.seed(number)
    np.random.seed(number)
