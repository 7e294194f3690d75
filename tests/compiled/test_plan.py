"""Capture, passes and places, without a model where that is possible."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import Tensor, gradients, ops
from tinygrad_edu.compiled.errors import NotCompiledError
from tinygrad_edu.compiled.passes import fused, used, without_nothing, without_repetition
from tinygrad_edu.compiled.places import Cell, allot
from tinygrad_edu.compiled.program import Action, Values
from tinygrad_edu.compiled.step import known_step
from tinygrad_edu.compiled.tape import Tape
from tinygrad_edu.layers import Dense, Layer
from tinygrad_edu.models import Sequential

RNG = np.random.default_rng(0)


def test_a_tape_has_the_backward_pass_too():
    x = Tensor([1.0, 2.0])
    with Tape() as tape:
        gradients(ops.sum(ops.tanh(x)), [x], create_graph=True)
    assert [call.op.name for call in tape.calls[:2]] == ["tanh", "sum"] and len(tape.calls) > 4


def test_outside_of_its_block_a_tape_notes_nothing():
    with Tape() as tape:
        pass
    ops.tanh(Tensor([1.0]))
    assert tape.calls == []


@given(st.lists(st.tuples(st.integers(1, 60), st.integers(0, 20), st.integers(0, 8)), max_size=30))
def test_cells_that_hold_something_at_once_never_share_memory(wanted):
    cells = []
    for size, first, length in wanted:
        cell = Cell((size,))
        cell.first, cell.last = first, first + length
        cells.append(cell)
    end = allot(cells, 100)
    for one in cells:
        assert one.address >= 100 and one.address + one.size <= end
        for other in cells:
            apart = one.address + one.size <= other.address or other.address + other.size <= one.address
            never_at_once = one.last < other.first or other.last < one.first
            assert one is other or apart or never_at_once


def test_memory_that_is_free_again_is_used_again():
    cells = [Cell((64,)) for _ in range(10)]
    for number, cell in enumerate(cells):
        cell.first, cell.last = number, number + 1
    assert allot(cells, 0) == 128


def values_of(*shapes):
    values = Values()
    return values, [values.new(shape) for shape in shapes]


def test_what_changes_nothing_is_left_out():
    values, (x, y, z) = values_of((3, 1), (3, 1), (3,))
    one = values.constant(np.ones((3, 1)))
    kept = without_nothing([Action("multiply", (x, one), {}, y), Action("sum", (y,), {"axis": 1}, z)], values)
    assert [action[:4] for action in kept] == [("reshape", (x,), {"shape": (3,)}, z)]


def test_times_one_that_makes_an_array_larger_stays():
    values, (x, y) = values_of((1,), (4,))
    action = Action("multiply", (x, values.constant(np.ones(4))), {}, y)
    assert without_nothing([action], values) == [action]


def test_what_nobody_wants_is_not_computed():
    _, (x, y, z) = values_of((3,), (3,), (3,))
    kept, lost = Action("tanh", (x,), {}, y), Action("exp", (x,), {}, z)
    assert used([kept, lost], [y]) == [kept]


def test_softmax_along_an_axis_and_along_a_tuple_of_it_is_one_softmax():
    values, (x, y, z) = values_of((3, 2), (3, 2), (3, 2))
    twice = [Action("softmax", (x,), {"axis": -1}, y), Action("softmax", (x,), {"axis": (-1,)}, z)]
    assert len(without_repetition(twice, values)) == 1 and values.of(z) == y


def test_a_slope_that_is_used_elsewhere_is_not_fused():
    values, (g, out, mask, slope, other) = values_of(*[(3,)] * 5)
    actions = [Action("greater", (out, values.constant(0.0)), {}, mask), Action("multiply", (g, mask), {}, slope)]
    assert fused(actions, values)[-1] == Action("relu_slope", (g, out), {}, slope)
    more = [*actions, Action("negative", (mask,), {}, other)]
    assert fused(more, values)[1] == actions[1]


def model_of(*layers):
    model = Sequential([*layers, Dense(1)])
    model.compile("sgd", "mse")
    model.build((None, 2))
    return model


def batches():
    return [(Tensor(RNG.normal(size=(4, 2)), "float32", requires_grad=False), RNG.normal(size=(4, 1)), None) for _ in range(2)]


class Shifted(Layer):
    """Takes away what NumPy makes of the samples, which no tape sees."""

    def call(self, x):
        return x - x.numpy().mean()


class Steep(Layer):
    """Does something else for other samples."""

    def call(self, x):
        return x * 2 if float(x.numpy().sum()) > 0 else ops.tanh(x)


def test_what_is_computed_beside_the_ops_is_noticed():
    with pytest.raises(NotCompiledError, match="depends on the samples, and was not computed with ops"):
        known_step(model_of(Shifted()), batches())


def test_what_branches_on_the_samples_is_noticed():
    (x, y, _), _ = batches()
    x = abs(x)
    with pytest.raises(NotCompiledError, match="other ops for other samples"):
        known_step(model_of(Steep()), [(x, y, None), (-x, y + 1, None)])
