"""Truth values drawn by the machine itself, the same bits as NumPy's: dropout's masks.

Which numbers come out depends on a key and on which draw it is alone, so a step needs only to know where its generator
stood before the run. Source: Salmon et al. (2011), "Parallel random numbers: as easy as 1, 2, 3", Philox 4x64 with ten rounds.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..kernel import kernel
from ..random import SeedGenerator
from .fields import DEPTH, INNER, OUT, STATE, STEP, A, B, C
from .opcode import opcode
from .places import Cell
from .plan import Plan
from .program import Action
from .vectors import high_product, lanes, zeros

NUMBER = C  # of the draw, among those of a step
THRESHOLD = DEPTH  # of 2**32 possible numbers, those below are False
ROUNDS = 10
FIRST, SECOND = np.uint64(0xD2E7470EE14C6C93), np.uint64(0xCA5A826395121157)  # multipliers
FIRST_STEP, SECOND_STEP = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBB67AE8584CAA73B)  # from round to round, of the key
LOW, HALF = np.uint64(2**32 - 1), np.uint64(32)
NONE = np.uint64(0)


@kernel
def philox(place, draw, key, other):
    """Four numbers of 64 bits: those at a place of a draw."""
    w, x, y, z = place, NONE, draw, NONE
    for _ in range(ROUNDS):
        w, x, y, z = high_product(SECOND, y) ^ x ^ key, SECOND * y, high_product(FIRST, w) ^ z ^ other, FIRST * w
        key += FIRST_STEP
        other += SECOND_STEP
    return w, x, y, z


@kernel
def put_two(numbers, out, word, threshold, factor):
    """factor where each half of a word reaches the threshold, and 0; the lower half comes first."""
    none = zeros(numbers, lanes(1))
    numbers[out] = factor if word & LOW >= threshold else none
    numbers[out + 1] = factor if word >> HALF >= threshold else none


@kernel
def put_eight(numbers, out, words, threshold, factor):
    """The same for four words."""
    w, x, y, z = words
    put_two(numbers, out, w, threshold, factor)
    put_two(numbers, out + 2, x, threshold, factor)
    put_two(numbers, out + 4, y, threshold, factor)
    put_two(numbers, out + 6, z, threshold, factor)


@opcode
def keep(step, numbers, whole):
    """out <- the factor b with a probability, else 0. At a: key, counter, draws of a step."""
    state, a, n, out = step[STATE], step[A], step[INNER], step[OUT]
    key, other = np.uint64(whole[a]), np.uint64(whole[a + 1])
    draw = np.uint64(whole[a + 2] + whole[state + STEP] * whole[a + 3] + step[NUMBER])
    threshold, factor = np.uint64(step[THRESHOLD]), numbers[step[B]]
    for i in range(0, n, 8):  # what is too much lies in room that the result has behind it
        put_eight(numbers, out + i, philox(np.uint64(i // 8 + 1), draw, key, other), threshold, factor)


# What becomes of draws ---------------------------------------------------------------------------


def kept(plan: Plan, action: Action) -> bool:
    """Masks of dropout; other draws are Python."""
    params = action.params
    known = KEPT.get(params["draw"])
    shape = plan.values.shapes[action.out]
    if known is None:
        return False
    factor, rate = known(*params["args"])
    generator = params["generator"]
    size = int(np.prod(shape))
    room = Cell((-(-size // 8) * 8,)).place
    place = room.seen(room.form[:size].reshape(shape))
    plan.places[action.out] = place
    fields = {NUMBER: params["number"], THRESHOLD: min(round(rate * 2**32), 2**32 - 1)}
    home = plan.home(("generator", generator), (4,))
    plan.emit("keep", keep, [size], (place, (1,)), [(home, (0,)), (plan.constant(np.array(factor, np.float64)), (0,))], fields)
    return True


KEPT: dict[Callable, Callable] = {  # factor and rate of each draw that there is an opcode for
    SeedGenerator.keep.__wrapped__: lambda rate, shape: (1.0, rate),  # type: ignore[attr-defined]
    SeedGenerator.keep_times.__wrapped__: lambda factor, rate, shape, dtype: (factor, rate),  # type: ignore[attr-defined]
}
