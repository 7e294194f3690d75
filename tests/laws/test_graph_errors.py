"""What the engine says when it refuses, and that recording is a matter of one block in one thread."""

import threading

import numpy as np
import pytest

from tinygrad_edu import Tensor, as_tensor, enable_grad, graph, no_grad, ops
from tinygrad_edu.calculus import gradients
from tinygrad_edu.graph import GraphError
from tinygrad_edu.record import Op, apply


def called(op, *inputs):
    return apply(op, inputs, {})


def failing_op():
    def rule(g):
        raise ZeroDivisionError("on purpose")

    return Op(lambda x, /: x * 1, {"x": rule}, name="failing")


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: Tensor([1.0, 2.0]).backward(), GraphError, r"expects a scalar, got shape \(2,\)\. .*loss\.sum\(\)\.backward"),
        (lambda: Tensor(np.ones((0, 2))).backward(), GraphError, r"expects a scalar, got shape \(0, 2\)"),
        (lambda: Tensor([1.0, 2.0]).backward([1.0]), ValueError, r"gradient of shape \(2,\), got \(1,\)"),
        (lambda: Tensor([1.0, 2.0]).backward([1.0, 2.0, 3.0]), ValueError, r"gradient of shape \(2,\), got \(3,\)"),
        (lambda: Tensor(1.0).backward([1.0]), ValueError, r"gradient of shape \(\), got \(1,\)"),
        (lambda: Tensor(3).backward(), GraphError, "floating-point Tensor, got int64. Whole numbers have no gradient"),
        (lambda: (Tensor(3.0) > 2).backward(), GraphError, "floating-point Tensor, got bool"),
        (lambda: as_tensor(3.0).backward(), GraphError, "got a constant"),
        (lambda: Tensor(3.0).detach().backward(), GraphError, "got a constant"),
        (lambda: gradients(as_tensor(3.0), [Tensor(1.0)]), GraphError, "got a constant"),
        (lambda: gradients(Tensor(3.0) * 2, [Tensor(1.0), as_tensor(1.0)]), GraphError, "got a constant at position 1"),
        (lambda: as_tensor(3.0).retain_grad(), GraphError, r"retain_grad\(\) expects a Tensor that requires a gradient"),
        (lambda: setattr(as_tensor(3.0), "grad", 1.0), GraphError, "grad expects a Tensor that requires a gradient"),
    ],
)  # fmt: skip
def test_a_call_that_has_no_gradient_is_refused(make, error, words):
    with pytest.raises(error, match=words):
        make()


def test_a_value_made_under_no_grad_is_a_constant_and_the_error_says_so():
    with no_grad():
        y = Tensor(3.0) * 2
    with pytest.raises(GraphError, match="Was it made under no_grad"):
        y.backward()


def notes(error):
    return " ".join(getattr(error.value, "__notes__", ()))


def test_an_error_in_an_op_names_op_shapes_dtypes_parameters_and_layer():
    x, y = Tensor(np.ones((2, 3), np.float32)), np.ones((4, 5))
    with pytest.raises(ValueError) as error, graph.mode(scope="model/dense_1"):
        x + y
    assert notes(error) == "while computing add(x (2, 3) float32, y (4, 5) float64) in layer 'model/dense_1'"
    with pytest.raises(ValueError) as error:
        x.sum(axis=7)
    assert notes(error) == "while computing sum(x (2, 3) float32, axis=7)"


def test_an_error_in_an_op_names_shape_and_dtype_of_single_numbers_too():
    with pytest.raises(ValueError) as error:
        ops.reshape(Tensor(1.5), (2,))
    assert notes(error) == "while computing reshape(x () float64, shape=(2,))"
    with pytest.raises(ValueError) as error:
        ops.concatenate_all(Tensor([1.0]), 2.5)
    assert "(1,) float64" in notes(error)
    assert "2.5" in notes(error)


def test_an_error_in_a_rule_names_op_input_and_layer():
    with graph.mode(scope="model/dense_1"):
        y = called(failing_op(), Tensor([1.0]))
    with pytest.raises(ZeroDivisionError, match="on purpose") as error:
        y.backward()
    assert notes(error) == "in the backward pass, at the gradient of failing by 'x' in layer 'model/dense_1'"


def test_an_error_in_a_rule_of_many_inputs_names_the_position():
    op = Op(lambda *xs: xs[0] + xs[1], {"xs": lambda g, index: 1 / (1 - index)}, name="op")
    with pytest.raises((ZeroDivisionError, AttributeError)) as error:
        called(op, 1.0, Tensor([1.0])).backward([1.0])
    assert "gradient of op by 'xs[1]'" in notes(error)


def test_a_rule_that_gives_a_gradient_of_an_impossible_shape_is_refused():
    wrong = Op(lambda x, /: x * 1, {"x": lambda g: g.reshape(3, 2)}, name="wrong")
    with pytest.raises((ValueError, TypeError, GraphError)):
        called(wrong, Tensor(np.ones((2, 3)))).backward(np.ones((2, 3)))


def recording():
    return (Tensor(1.0) * 2).node is not None


def test_recording_is_switched_off_and_on_in_nested_blocks():
    assert recording()
    with no_grad():
        assert not recording()
        with enable_grad():
            assert recording()
        assert not recording()
    assert recording()


def test_recording_is_restored_when_a_block_raises():
    with pytest.raises(KeyError), no_grad():
        raise KeyError
    assert recording()
    with no_grad():
        with pytest.raises(KeyError), enable_grad():
            raise KeyError
        assert not recording()


def test_recording_is_restored_when_a_backward_pass_raises():
    y = called(failing_op(), Tensor([1.0]))
    with pytest.raises(ZeroDivisionError):
        y.backward()
    assert recording()
    z = called(failing_op(), Tensor([1.0]))
    with no_grad():
        with pytest.raises(ZeroDivisionError):
            z.backward(create_graph=True)
        assert not recording()


def test_recording_belongs_to_a_thread():
    """Eight threads go in and out of no_grad at once; none ever sees the state of another."""
    wrong, barrier = [], threading.Barrier(8)

    def run(n):
        x = Tensor(float(n))
        barrier.wait()
        for i in range(300):
            with no_grad() if (i + n) % 2 else enable_grad(), graph.mode(scope=f"thread {n}"):
                y = x * i
                if (y.node is None) != bool((i + n) % 2) or graph.thread.mode.scope != f"thread {n}":
                    wrong.append((n, i))
            z = x * x
            z.backward()
        if x.grad.item() != 300 * 2 * n:
            wrong.append((n, x.grad.item()))

    threads = [threading.Thread(target=run, args=(n,)) for n in range(8)]
    with no_grad():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not recording()
    assert wrong == []


def test_a_backward_pass_works_under_no_grad_and_records_only_when_asked():
    x = Tensor(2.0)
    loss, again = x**3, x**3
    with no_grad():
        loss.backward()
        assert x.grad.node is None
        x.zero_grad()
        again.backward(create_graph=True)
        assert x.grad.node is not None
