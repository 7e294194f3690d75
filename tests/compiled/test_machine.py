"""The loop over instructions, with opcodes that are written for it here."""

import numpy as np

from tinygrad_edu.compiled.fields import DEPTH, INNER, LOSSES, OUT, POSITION, ROW, STATE, STEP, A, B
from tinygrad_edu.compiled.link import address, new_state, run_passes, words
from tinygrad_edu.compiled.machine import ADVANCES, CUT, MEMBERS, TOGETHER, UNIT, blocks, look
from tinygrad_edu.compiled.movers import mover
from tinygrad_edu.compiled.opcode import opcode, perform  # noqa: F401 - opcodes name what they run
from tinygrad_edu.optimizers.sgd import descend


@opcode
def double(step, numbers, whole):
    """out <- 2 a."""
    for i in range(step[INNER]):
        numbers[step[OUT] + i] = numbers[step[A] + i] + numbers[step[A] + i]


def row(code, **fields):
    names = {"out": OUT, "inner": INNER, "a": A, "b": B, "state": STATE}
    found = np.zeros(ROW, np.int64)
    found[0] = code.address(np.float32)
    for name, value in fields.items():
        found[names[name]] = value
    return found


def test_instructions_run_in_order_as_often_as_a_pass_says():
    x, state = np.ones(3, np.float32), new_state()
    program = np.array([row(double, out=address(x), a=address(x), inner=3)] * 2)
    assert run_passes([(words(program), 2, 3, 5, words(state))], np.float32)
    assert x.tolist() == [64.0] * 3 and state[POSITION] == 15 and state[STEP] == 3


def test_a_loss_that_is_no_number_ends_the_run_before_the_weights_move():
    arena, losses, state = np.array([np.inf, 5.0, 1.0], np.float32), np.zeros(3, np.float32), new_state()
    state[LOSSES] = address(losses)
    at = address(arena)
    program = np.array(
        [row(look, a=at, state=words(state)), row(mover(descend, 0), out=at + 1, a=at + 2, inner=1, state=words(state))]
    )
    assert not run_passes([(words(program), 2, 3, 1, words(state))], np.float32)
    assert arena[1] == 5 and state[STEP] == 0 and losses[0] == np.inf


def test_neighbours_run_some_rows_at_a_time():
    x = np.arange(10, dtype=np.float32)
    rows = np.array([row(double, out=address(x), a=address(x))] * 2)
    rows[:, CUT], rows[:, UNIT], rows[:, ADVANCES[:2]] = INNER, 2, 2
    before = rows.copy()
    group = row(blocks, inner=5)
    group[[MEMBERS, TOGETHER, DEPTH]] = words(rows), 2, 2
    assert run_passes([(words(group), 1, 1, 0, words(new_state()))], np.float32)
    assert x.tolist() == (4 * np.arange(10)).tolist()
    assert (rows[:, [OUT, A]] == before[:, [OUT, A]]).all(), "the next run begins at the first row"
