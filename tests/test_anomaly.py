"""The op that made the first nan or inf is named, with its layer and the user's line."""

import inspect
import sys
import threading

import numpy as np
import pytest

from tinygrad_edu import AnomalyError, Tensor, as_tensor, checkpoint, detect_anomaly, graph, modes, no_grad, ops
from tinygrad_edu.layers import Dense, Layer
from tinygrad_edu.record import Op, apply


def line_of(function, text):
    """Number of the line of `function` that has `text`."""
    lines, start = inspect.getsourcelines(function)
    return next(start + i for i, line in enumerate(lines) if text in line)


def caught(function):
    with pytest.raises(AnomalyError) as error, detect_anomaly():
        function()
    assert isinstance(error.value, FloatingPointError)
    assert modes.detector() is None
    assert not modes.detectors
    return error.value


def test_a_result_is_named_with_op_place_value_and_range():
    def run():
        x = Tensor([4.0, 1.0, 0.0])
        return ((x - 1.0) * 2).log() * 3  # here

    error = caught(run)
    assert (error.op, error.scope) == ("log", "")
    assert f"{__file__}, line {line_of(run, '# here')}: return ((x - 1.0) * 2).log() * 3" in error.place
    assert str(error).startswith(f"log expects finite results, got nan at (2,) of shape (3,), in {__file__}, line ")
    assert "Its inputs are finite, x between -2 and 6: keep them where it is." in str(error)
    assert "where(x > 0, log(where(x > 0, x, 1)), 0)" in str(error)


@pytest.mark.parametrize(
    ("function", "op", "value"),
    [
        (lambda x: x / (x - x), "divide", "inf"),
        (lambda x: (x * 1000).exp(), "exp", "inf"),
        (lambda x: (x - 5).sqrt(), "sqrt", "nan"),
        (lambda x: (x * 1e308).sum() * 10, "multiply", "inf"),
        (lambda x: ops.where(x > 3, x, np.inf), None, None),
        (lambda x: ops.where(x > 3, x, -np.inf).max(), None, None),
        (lambda x: (x * 2 - np.inf).exp(), None, None),
        (lambda x: (x + np.inf) - np.inf, "subtract", "nan"),
        (lambda x: x.detach() / 0, "divide", "inf"),
        (lambda x: ops.argmax(x), None, None),
    ],
)
def test_what_made_it_is_found_and_infinities_that_were_put_in_may_pass(function, op, value):
    x = Tensor([1.0, 2.0, 4.0])
    if op is None:
        with detect_anomaly():
            function(x)
    else:
        error = caught(lambda: function(x))
        assert error.op == op
        assert f"got {value} at" in str(error)


def test_nan_in_the_data_is_told_as_such():
    error = caught(lambda: Tensor([1.0, 2.0]) * as_tensor([1.0, np.nan]))
    assert "Its input 'y' had nan at (1,), which no op in this block made: look at the data and the weights." in str(error)


def test_a_layer_is_named_and_the_line_is_the_callers_or_the_layers_author():
    class Broken(Layer):
        def call(self, x):
            return x / (x - x)  # in the layer

    x = np.ones((2, 3), np.float32)
    broken = Broken(name="broken")
    broken.build(x.shape)
    error = caught(lambda: broken(x))
    assert (error.op, error.scope) == ("divide", "broken")
    assert f"line {line_of(Broken, '# in the layer')}" in error.place
    assert str(error).startswith("divide in layer 'broken' expects finite results")
    dense = Dense(2, name="dense")
    dense.build(x.shape)
    dense.kernel.assign(np.full((3, 2), 3e38))

    def run():
        return dense(x)  # call of the layer

    error = caught(run)
    assert error.scope == "dense"
    assert f"line {line_of(run, '# call of the layer')}" in error.place


@pytest.mark.parametrize("create_graph", [False, True], ids=["plain", "create_graph"])
def test_a_gradient_is_named_with_the_line_that_recorded_the_op(create_graph):
    def run():
        x = Tensor([4.0, 0.0])
        with graph.mode(scope="norm"):
            y = x.sqrt()  # here
        y.sum().backward(create_graph=create_graph)

    error = caught(run)
    assert (error.op, error.scope) == ("sqrt", "norm")
    assert f"line {line_of(run, '# here')}: y = x.sqrt()" in error.place
    assert "sqrt in layer 'norm' expects finite gradients, got inf at (1,) by 'x' of shape (2,)" in str(error)
    assert "The gradient that arrived there is finite, the slope of sqrt is not" in str(error)


@pytest.mark.parametrize("create_graph", [False, True], ids=["plain", "create_graph"])
def test_a_branch_that_where_discards_is_explained(create_graph):
    x = Tensor([0.0, 2.0])

    def run():
        ops.where(x > 0, x.sqrt(), 0.0).sum().backward(create_graph=create_graph)

    error = caught(run)
    assert error.op == "sqrt"
    assert "The gradient that arrived there is 0, as from a where() that chose the other branch" in str(error)
    assert "Guard the input by a second where()" in str(error)
    with detect_anomaly():
        ops.where(x > 0, ops.where(x > 0, x, 1.0).sqrt(), 0.0).sum().backward(create_graph=create_graph)
    assert x.grad is not None


def test_what_a_rule_guards_itself_is_no_anomaly():
    """Only the result of a rule counts, also where the rule is recorded."""
    op = Op(lambda x, /: np.sqrt(x), {"x": lambda g, x: ops.where(x == 0, 0.0, g / ops.sqrt(x * 4))}, name="op")
    x = Tensor([0.0, 1.0])
    with detect_anomaly():
        apply(op, (x,), {}).sum().backward(create_graph=True)
    assert x.grad.tolist() == [0.0, 0.5]


def test_a_gradient_that_was_handed_in_is_not_blamed_on_the_op():
    error = caught(lambda: (Tensor([1.0, 2.0]) * 3).backward([np.nan, 1.0]))
    assert "The gradient that arrived there was not finite either: nan at (0,)." in str(error)


def test_an_op_that_was_recorded_outside_has_no_line():
    y = Tensor([0.0]).sqrt()
    assert "recorded outside the block" in str(caught(lambda: y.backward([1.0])))


def test_pieces_that_are_computed_again_are_looked_at_too():
    def run():
        x = Tensor([0.0, 1.0])
        checkpoint(lambda x: ops.where(x > 0, x.sqrt(), 0.0), x).sum().backward()

    assert caught(run).op == "sqrt"


def test_it_works_without_recording_as_a_decorator_and_nested():
    @detect_anomaly()
    def run(x):
        with no_grad(), detect_anomaly():
            y = x + 1
        assert modes.detector() is not None
        return y.log()

    run(Tensor(1.0))
    with pytest.raises(AnomalyError):
        run(Tensor(-1.0))
    assert not modes.detectors


def test_outside_the_block_and_in_other_threads_nothing_is_looked_at():
    found = []

    def other():
        with np.errstate(all="ignore"):
            found.append((Tensor(0.0) * 1).log().item())

    with detect_anomaly():
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    other()
    assert found == [-np.inf, -np.inf]


def test_it_costs_nothing_when_off(monkeypatch):
    """Recording takes the same way as ever: the function that looks is never called."""
    module = sys.modules["tinygrad_edu.record"]
    for name, value in {"_record_watched": None, "opened": {}, "lent": {}}.items():
        monkeypatch.setattr(module, name, value)
    x = Tensor([1.0, 2.0])
    ((x * x).exp() + 1.0).sum().backward()
