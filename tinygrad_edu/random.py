"""Every source of randomness, seeded in one call.

`numpy.random.seed(7)`, or `set_random_seed(7)`, before a model is built makes its weights, its masks and its
batches the same in every run: each unseeded draw (an initializer called, a layer made, a fit begun) takes its own
child seed from NumPy's global generator, as scikit-learn does, and uses a generator of its own from there.

What layers draw at every step comes from a `SeedGenerator`, which counts: draw number n is a function of its key
and of n alone. So a step can be drawn again, in whatever order and by whatever code:

    >>> first, second = SeedGenerator(7), SeedGenerator(7)
    >>> once = [first.bits(3).tolist() for _ in range(2)]
    >>> second.counter = 1
    >>> second.bits(3).tolist() == once[1]
    True
"""

from __future__ import annotations

import functools
import math
import operator
import random as python_random
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .config import floatx
from .graph import make_value
from .modes import detector, detectors
from .rerun import moves_on
from .tensor import Tensor, as_tensor


def generator(seed: Any = None) -> np.random.Generator:
    """A generator of its own: the same for the same number, a new one for None, the next one of a SeedGenerator."""
    if seed is None:
        return np.random.default_rng(np.random.randint(0, 2**32, size=4, dtype=np.uint32))
    return np.random.default_rng([*seed.key, seed.next()] if isinstance(seed, SeedGenerator) else check_seed(seed))


def as_seed(seed: Any) -> int | SeedGenerator | None:
    """What an object keeps as its seed: None, a number, or a SeedGenerator, also one that was written down.

    Raises:
        ValueError: for anything else.
    """
    if isinstance(seed, dict) and seed.get("class_name") == "SeedGenerator":
        return SeedGenerator.from_config(seed.get("config", {}))
    return seed if seed is None or isinstance(seed, SeedGenerator) else check_seed(seed)


def check_seed(seed: Any) -> int:
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


# Random numbers that can be drawn again ----------------------------------------------------------


def told(draw: Callable) -> Callable:
    """A draw, a function of a SeedGenerator and of arguments by position, of which whoever looks is told."""

    @functools.wraps(draw)
    def drawn(generator: SeedGenerator, *args: Any) -> Any:
        out = draw(generator, *args)
        if detectors and (looking := detector()) is not None:
            looking.look_at_draw(generator, generator.counter - 1, draw, args, out)
        return out

    return drawn


class SeedGenerator:
    """Random numbers of which each draw has a number, its place in them an index, and all a key.

    Args:
        seed: of the key; None draws a key from NumPy's global generator.

    Attributes:
        key: two whole numbers below 2**64.
        counter: number of the next draw. Set it, or `state`, to draw again.

    Source: Salmon et al. (2011), "Parallel random numbers: as easy as 1, 2, 3": Philox 4x64 with ten rounds, as in NumPy.
    """

    def __init__(self, seed: Any = None):
        self.seed = None if seed is None else check_seed(seed)
        self.key: tuple[int, int] = tuple(generator(seed).integers(0, 2**64, 2, np.uint64).tolist())
        self.counter = 0

    @property
    def state(self) -> dict[str, Any]:
        """Key and counter, as plain data: all that the draws to come depend on."""
        return {"key": list(self.key), "counter": self.counter}

    @state.setter
    def state(self, state: dict[str, Any]) -> None:
        first, second = map(operator.index, state["key"])
        self.key, self.counter = (first, second), operator.index(state["counter"])

    def next(self) -> int:
        """The number of the draw that comes now; the one after it gets another."""
        moves_on(self)
        self.counter += 1
        return self.counter - 1

    def where_it_stands(self) -> int:
        """The number of the next draw, for `rerun`."""
        return self.counter

    def stand_at(self, place: int) -> None:
        """Let the next draw have that number."""
        self.counter = place

    def _bits(self, size: int) -> np.ndarray:
        return random_bits(self.key, self.next(), size)

    @told
    def bits(self, size: int) -> np.ndarray:
        """`size` whole numbers below 2**32, all equally likely."""
        return self._bits(size)

    @told
    def keep(self, rate: float, shape: Sequence[int]) -> np.ndarray:
        """Truth values, each False with probability `rate` (to within 2**-32)."""
        threshold = min(round(rate * 2**32), 2**32 - 1)
        return (self._bits(math.prod(shape)) >= np.uint32(threshold)).reshape(shape)

    @told
    def keep_times(self, factor: float, rate: float, shape: Sequence[int], dtype: Any) -> np.ndarray:
        """`keep`, as numbers: `factor` in the place of True, and 0."""
        threshold = min(round(rate * 2**32), 2**32 - 1)
        return (self._bits(math.prod(shape)) >= np.uint32(threshold)).reshape(shape) * np.dtype(dtype).type(factor)

    @told
    def normal(self, shape: Sequence[int], mean: float = 0.0, stddev: float = 1.0, dtype: Any = "float64") -> np.ndarray:
        """Normally distributed numbers, computed in float64. Source: Box & Muller (1958)."""
        size = math.prod(shape)
        half = -(-size // 2)
        u, v = ((self._bits(2 * half) + 0.5) * 2.0**-32).reshape(2, half)
        radius, angle = np.sqrt(-2 * np.log(u)), 2 * math.pi * v
        unit = np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])[:size].reshape(shape)
        return (mean + stddev * unit).astype(dtype, copy=False)

    def get_config(self) -> dict[str, Any]:
        return {"seed": self.seed}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> SeedGenerator:
        return cls(**config)

    def __repr__(self) -> str:
        return f"SeedGenerator(seed={self.seed})"


def random_bits(key: Sequence[int], counter: int, size: int) -> np.ndarray:
    """`size` whole numbers below 2**32. Each is a function of (key, counter, its index) alone."""
    words = _philox(key, counter, -(-size // 8))
    return words.astype("<u8", copy=False).view("<u4")[:size]


_lock = threading.Lock()
_bit_generator = np.random.Philox(key=0)
_state: Any = _bit_generator.state


def _philox(key: Sequence[int], counter: int, blocks: int) -> np.ndarray:
    """Blocks of four numbers of 64 bits, from NumPy. It is told its place in 4 µs; a new Philox costs 25.

    A compiled loop needs four products and some shifts for one of 128 bits, and took three times as long.
    """
    with _lock:
        _state["state"]["key"][:] = np.array(key, np.uint64)
        _state["state"]["counter"][2] = counter
        _bit_generator.state = _state
        return _bit_generator.random_raw(4 * blocks)


# Tensors of random numbers -------------------------------------------------------------------------


def normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None) -> Tensor:
    """Normally distributed numbers, as constants.

    Args:
        shape: lengths of the axes.
        mean, stddev: of the distribution.
        dtype: None takes `floatx()`.
        seed: a number gives the same draw every time; a SeedGenerator the next one; None a new one.
    """
    return _constants(seed, dtype, lambda rng: rng.normal(mean, stddev, tuple(shape)))


def uniform(shape: Any, minval: float = 0.0, maxval: float = 1.0, dtype: Any = None, seed: Any = None) -> Tensor:
    """Numbers from [minval, maxval), all equally likely; the rest is that of `normal`."""
    return _constants(seed, dtype, lambda rng: rng.uniform(minval, maxval, tuple(shape)))


def truncated_normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None) -> Tensor:
    """Normally distributed numbers, drawn again where they are further than 2 stddev from the mean."""
    return _constants(seed, dtype, lambda rng: mean + stddev * truncated(rng, tuple(shape)))


def randint(shape: Any, minval: int, maxval: int, dtype: Any = "int32", seed: Any = None) -> Tensor:
    """Whole numbers from minval to maxval - 1, all equally likely."""
    return _constants(seed, dtype, lambda rng: rng.integers(minval, maxval, tuple(shape)))


def shuffle(x: Any, axis: int = 0, seed: Any = None) -> Tensor:
    """`x` with its parts along an axis in a random order, as a constant."""
    return as_tensor(generator(seed).permutation(np.asarray(x), axis=axis))


def truncated(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Unit normal without what lies beyond ±2."""
    x = np.asarray(rng.standard_normal(shape))
    while (outside := np.abs(x) > 2).any():
        x[outside] = rng.standard_normal(outside.sum())
    return x


def _constants(seed: Any, dtype: Any, draw: Callable) -> Tensor:
    """What `draw` makes of NumPy's generator, as a constant; of a SeedGenerator, a draw of it."""

    def drawn(source: Any, dtype: Any) -> np.ndarray:
        return np.asarray(draw(generator(source))).astype(dtype)

    return make_value((told(drawn) if isinstance(seed, SeedGenerator) else drawn)(seed, np.dtype(dtype or floatx())))
