"""A tape notes all that happens in a block, in order, and nothing of it stays in the way afterwards."""

import threading

import numpy as np
import pytest

from tinygrad_edu import Tensor, detect_anomaly, gradients, no_grad, ops
from tinygrad_edu.compiled.errors import NotCompiledError
from tinygrad_edu.compiled.tape import Call, Draw, Move, Tape, Update
from tinygrad_edu.modes import detector, detectors
from tinygrad_edu.optimizers import SGD
from tinygrad_edu.random import SeedGenerator
from tinygrad_edu.variable import Variable


def names(tape):
    return [call.op.name if isinstance(call, Call) else type(call).__name__ for call in tape.calls]


def test_everything_stands_in_the_order_in_which_it_came():
    weight, generator = Variable([1.0, 2.0], name="w"), SeedGenerator(1)
    with Tape() as tape:
        loss = ops.sum(weight * generator.keep(0.5, (2,)))
        (g,) = gradients(loss, [weight])
        SGD(0.1).apply([g], [weight])
        weight.assign(weight.detach() * 2.0)
    assert names(tape) == ["Draw", "multiply", "sum", "broadcast_to", "multiply", "Update", "multiply", "Move"]
    assert [leaf is weight for leaf in tape.leaves] == [True]


@pytest.mark.parametrize("create_graph", [False, True])
def test_the_way_back_is_on_the_tape_and_gives_what_it_gives_without_one(create_graph):
    x = Tensor(np.linspace(-1, 1, 6).reshape(2, 3))

    def slopes():
        return gradients(ops.sum(ops.tanh(x) ** 2), [x], create_graph=create_graph)[0]

    right = slopes()
    with Tape() as tape:
        found = slopes()
    np.testing.assert_array_equal(found.array, right.array)
    assert tape.calls[-1].out is found.array
    assert found.requires_grad == right.requires_grad == create_graph


def test_a_graph_is_released_under_a_tape_as_it_is_without():
    x = Tensor([1.0])
    with Tape():
        y = ops.sum(x * x)
        y.backward()
        with pytest.raises(RuntimeError, match="released"):
            y.backward()


def test_a_tape_hears_of_its_own_thread_alone_and_only_in_its_block():
    x = Tensor([1.0])
    with Tape() as tape:
        thread = threading.Thread(target=lambda: x * 2)
        thread.start()
        thread.join()
        with no_grad():
            x + 1
    x * 3
    assert names(tape) == ["add"]
    assert detector() is None and tape not in detectors


def test_draws_are_numbered_from_the_first_of_the_block():
    generator = SeedGenerator(1)
    generator.bits(3)
    with Tape() as tape:
        generator.normal((2, 3), 1.0, 2.0, "float32")
        generator.keep_times(2.0, 0.5, (4,), "float32")
        generator.bits(5)
    assert [(call.draw.__name__, call.number) for call in tape.calls] == [("normal", 0), ("keep_times", 1), ("bits", 2)]
    for call in tape.calls:
        np.testing.assert_array_equal(call.again(1), call.out)
        assert generator.counter == 4
    assert tape.draws_of(generator) == 3


def test_draws_are_what_they_are_made_of():
    def fresh():
        return SeedGenerator(7)

    np.testing.assert_array_equal(fresh().keep_times(1.25, 0.2, (50,), "float32"), fresh().keep(0.2, (50,)) * np.float32(1.25))
    unit = fresh().normal((9,))
    np.testing.assert_array_equal(fresh().normal((9,), 1.0, 0.5, "float32"), (1 + 0.5 * unit).astype("float32"))
    assert fresh().keep_times(0.0, 1.0, (3,), "float16").dtype == np.float16


def test_moves_of_parts_and_of_what_is_no_variable_are_refused_before_they_happen():
    variable, tensor = Variable([1.0, 2.0], name="v"), Tensor([1.0, 2.0])
    with Tape():
        with pytest.raises(NotCompiledError, match="numbers of 'v' are changed in place"):
            variable[0] = 3.0
        with pytest.raises(NotCompiledError, match=r"a Tensor \(2,\) are changed in place"):
            tensor.assign([0.0, 0.0])
    assert variable.tolist() == tensor.tolist() == [1, 2]


def test_adding_to_a_variable_is_an_op_on_the_tape():
    variable = Variable([1.0, 2.0])
    with Tape() as tape:
        variable.assign_add([1.0, 1.0])
        variable.assign_sub(np.array([0.5, 0.5]))
    assert names(tape) == ["add", "Move", "subtract", "Move"]
    assert tape.calls[1].value is tape.calls[0].out
    assert variable.tolist() == [1.5, 2.5]


def test_an_update_is_noted_and_not_done():
    variable, sgd = Variable([1.0]), SGD(1.0)
    with Tape() as tape:
        sgd.apply([Tensor([0.5])], [variable])
    (update,) = tape.calls
    assert isinstance(update, Update) and update.inputs[0].tolist() == [0.5]
    assert variable.tolist() == [1.0] and sgd.iterations == 0


def test_readings_are_noted_with_their_line():
    x = Tensor([3.0])
    with Tape() as tape:
        y = x * 2
        float(y[0])
    (reading,) = tape.readings
    assert reading.array is tape.calls[-1].out
    assert "test_tape_of_ops.py" in reading.place and "float(y[0])" in reading.place


def test_looking_for_anomalies_takes_no_notice_of_draws_moves_and_readings():
    variable = Variable([1.0])
    with detect_anomaly():
        variable.assign_add(SeedGenerator(1).keep(0.5, (1,)))
        SGD(1.0).apply([variable * float(variable[0])], [variable])
    assert variable.tolist() == [0.0]


def test_what_stands_in_a_list_has_inputs_and_an_out():
    draw, move = Draw(None, 0, len, (), 1), Move(Variable([1.0]), np.ones(1))
    update = Update(None, (np.ones(1), None), ())
    assert (draw.inputs, draw.out, len(move.inputs), move.out, len(update.inputs), update.out) == ((), 1, 1, None, 1, None)
