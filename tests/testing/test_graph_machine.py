"""The machine accepts this engine, and finds what is wrong with worse ones."""

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tinygrad_edu import Tensor, ops
from tinygrad_edu.graph import ChangedArrayError, Value
from tinygrad_edu.record import Op, caller
from tinygrad_edu.testing import graph_machine
from tinygrad_edu.testing.machine import GraphMachine
from tinygrad_edu.testing.reference import Reference

SEARCH = settings(
    max_examples=300, derandomize=True, database=None, suppress_health_check=list(HealthCheck), phases=[Phase.generate]
)

TestAnyStepsWithSmoothOps = graph_machine().TestCase
TestAnyStepsWithMethods = graph_machine(ops=[lambda x: x.tanh(), lambda x, y: (x - y).cos()]).TestCase
TestAnyStepsWithProducts = graph_machine(ops=[ops.sin, ops.multiply, ops.add]).TestCase


def found_by(machine):
    """The words of the error that the machine finds."""
    with pytest.raises(AssertionError) as error:
        run_state_machine_as_test(machine, settings=SEARCH)
    return str(error.value)


def unary(body, rule):
    call = caller(Op(body, {"x": rule}, name="op", inputs=("x",)))
    return lambda x: call(x)


def test_a_wrong_rule_is_found():
    assert "a gradient expects" in found_by(graph_machine(ops=[unary(np.tanh, lambda g, out: g * (1 - out))]))


def test_a_lost_gradient_is_found():
    def lost(x, y):
        return (x.detach() if isinstance(x, Value) else x) * y

    assert "expects" in found_by(graph_machine(ops=[lost]))


def test_an_op_that_changes_its_input_is_found():
    def careless(x):
        if isinstance(x, np.ndarray) and x.shape and x.flags.writeable:
            x += 1.0
        return np.sin(x)

    assert "a value expects" in found_by(graph_machine(ops=[unary(careless, lambda g, x: g * ops.cos(x))]))


def test_an_engine_that_does_not_notice_changes_is_found(monkeypatch):
    monkeypatch.setattr("tinygrad_edu.backward._refuse_released_or_changed", lambda *args: None)
    assert "expects" in found_by(graph_machine(ops=[ops.sin, ops.multiply]))


def test_an_engine_that_forgets_to_add_up_is_found(monkeypatch):
    plain = GraphMachine._go_back

    def once(self, pair, seed, retain_graph, create_graph):
        for other in self.live:
            other.tensor.zero_grad()
        plain(self, pair, seed, retain_graph, create_graph)

    monkeypatch.setattr(GraphMachine, "_go_back", once)
    assert "grad" in found_by(graph_machine())


def test_an_op_that_refuses_constants_must_refuse_variables():
    def picky(x):
        if not x.requires_grad:
            raise TypeError("variables only")
        return x * 2.0

    assert "expects to raise TypeError, got no error" in found_by(graph_machine(ops=[picky]))


def test_the_reference_is_differentiation_forward():
    values = Reference()
    x, y = values.leaf(np.array([1.0, 2.0])), values.leaf(np.array([[3.0], [5.0]]))
    product = values.apply(np.multiply, [x, y])
    total = values.apply(np.sum, [values.apply(np.exp, [product])])
    values.backward(total, np.ones(()))
    expected = np.exp(product.array)
    np.testing.assert_allclose(x.grad, (expected * y.array).sum(axis=0), rtol=1e-8)
    np.testing.assert_allclose(y.grad, (expected * x.array).sum(axis=1, keepdims=True), rtol=1e-8)
    assert values.is_released(total)
    assert not values.is_released(x)


def test_the_reference_knows_what_a_change_touches():
    values = Reference()
    x = values.leaf(np.array([1.0, 2.0]))
    view = values.apply(lambda x: x[:1], [x], recording=False)
    y = values.apply(np.sin, [x])
    assert values.would_change(view, y)
    values.write(view, ..., 7.0)
    assert x.array.tolist() == [7.0, 2.0]
    assert values.is_changed(y)
    assert not values.is_changed(values.apply(np.sin, [x]))


ALIASES = {
    "the Tensor itself": lambda x: x,
    "a constant on its memory": lambda x: x.detach(),
    "a recorded view": lambda x: x[::-1].detach(),
}


@pytest.mark.parametrize("alias", ALIASES.values(), ids=ALIASES.keys())
def test_a_change_through_any_tensor_on_its_memory_is_noticed(alias):
    """What the machine has found once."""
    x = Tensor([1.0, 2.0])
    loss = (x * x).sum()
    alias(x)[...] = 5.0
    with pytest.raises(ChangedArrayError):
        loss.backward()
