"""Laws of memory: nothing recurses, whatever the depth, and reference counts alone free every graph."""

import gc
import sys
import threading
import weakref

import numpy as np
import pytest

from tinygrad_edu import Tensor, as_tensor, graph
from tinygrad_edu.calculus import gradients
from tinygrad_edu.graph import Node
from tinygrad_edu.record import Op, apply


def live_nodes():
    return sum(issubclass(type(thing), Node) for thing in gc.get_objects())


@pytest.fixture
def collector_off():
    """Without the garbage collector only reference counts free memory: a cycle would stay."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


# Bytes. From 3.12 on CPython frees nested objects up to ten thousand C frames deep, whatever the recursion limit,
# and takes it that the stack has some megabytes for them.
_STACK = 512 * 1024 if sys.version_info < (3, 12) else 16 * 1024 * 1024


def with_a_shallow_stack(function):
    """Call `function` in a thread with little stack and a recursion limit of 150."""
    outcome = []

    def run():
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(150)
        try:
            outcome.append(function())
        except BaseException as error:
            outcome.append(error)
        finally:
            sys.setrecursionlimit(limit)

    size = threading.stack_size(_STACK)
    try:
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(size)
    if isinstance(outcome[0], BaseException):
        raise outcome[0]
    return outcome[0]


def test_the_shallow_stack_is_shallow():
    def deep(n):
        return deep(n - 1) if n else 0

    with pytest.raises(RecursionError):
        with_a_shallow_stack(lambda: deep(200))


def test_a_very_long_chain_goes_forward_and_back_and_is_freed_without_recursion(thorough, collector_off):
    length, before = 1_000_000 if thorough else 200_000, live_nodes()

    def run():
        x = Tensor(0.0)
        y = x
        for _ in range(length):
            y = y + 1
        y.backward()
        assert (y.item(), x.grad.item()) == (length, 1.0)
        assert len(graph.history(y)) == length + 1

    with_a_shallow_stack(run)
    assert live_nodes() == before


def test_a_long_chain_that_keeps_its_inputs_is_freed_without_recursion_even_when_never_walked(collector_off):
    before = live_nodes()

    def run():
        x = y = Tensor([1.0])
        for _ in range(20_000):
            y = (y * x).exp()
            y = y.log()
        assert y.node is not None

    with_a_shallow_stack(run)
    assert live_nodes() == before


def test_a_ladder_of_diamonds_takes_one_step_per_node():
    """10,000 diamonds have 2**10000 paths; each node is still visited once."""

    def run():
        x = Tensor(3.0)
        y = x
        for _ in range(10_000):
            y = (y + y) * 0.5
        y.backward()
        return y.item(), x.grad.item()

    assert with_a_shallow_stack(run) == (3.0, 1.0)


def test_a_value_used_a_hundred_thousand_times_in_a_sum_of_as_many_terms():
    """Fan-out of one value and fan-in of another: each edge is gone through once."""

    def run():
        x, total = Tensor(2.0), as_tensor(0.0)
        for n in range(100_000):
            total = total + x * n
        total.backward()
        return x.grad.item()

    assert with_a_shallow_stack(run) == sum(range(100_000))


def test_a_value_used_a_thousand_times_gets_the_sum_of_a_thousand_gradients():
    x = Tensor([2.0, -1.0])
    total = as_tensor(0.0)
    for n in range(1000):
        total = total + (x * n).sum()
    total.backward()
    assert x.grad.tolist() == [499_500.0, 499_500.0]


def test_a_long_chain_is_differentiated_twice_without_recursion():
    def run():
        x = Tensor(1.0)
        y = x
        for _ in range(2000):
            y = y * 1.0
        (g,) = gradients(y * y, [x], create_graph=True)
        g.backward()
        return x.grad.item()

    assert with_a_shallow_stack(run) == 2.0


def train_step(w, b, data):
    loss = ((data @ w + b).tanh() ** 2).mean()
    loss.backward()
    w.zero_grad(), b.zero_grad()


def test_a_training_step_leaves_no_object_behind(collector_off):
    w, b, data = Tensor(np.ones((3, 2))), Tensor(np.zeros(2)), as_tensor(np.ones((4, 3)))
    for _ in range(3):
        train_step(w, b, data)
    before = len(gc.get_objects())
    for _ in range(50):
        train_step(w, b, data)
    assert len(gc.get_objects()) <= before + 1


def test_dropping_a_loss_that_was_never_walked_frees_its_graph(collector_off):
    x, before = Tensor([1.0, 2.0]), live_nodes()
    hidden = x.exp()
    reference = weakref.ref(hidden)
    loss = (hidden.log() * hidden).sum()
    assert live_nodes() == before + 4
    del hidden, loss
    assert reference() is None
    assert live_nodes() == before


def test_dropping_the_result_of_a_recorded_backward_pass_frees_its_graph(collector_off):
    x, before = Tensor([1.0, 2.0]), live_nodes()
    (g,) = gradients((x**3).sum(), [x], create_graph=True)
    (h,) = gradients(g.sum(), [x], create_graph=True)
    assert h.tolist() == [6.0, 12.0]
    del g, h
    assert live_nodes() == before


def failing_op():
    def rule(g):
        raise ZeroDivisionError("on purpose")

    return Op(lambda x, /: x * 1, {"x": rule}, name="failing")


def test_a_backward_pass_that_raises_midway_leaves_no_object_behind(collector_off):
    x, failing = Tensor([1.0, 2.0]), failing_op()

    def attempt():
        try:
            apply(failing, (x.exp(),), {}).tanh().sum().backward()
        except ZeroDivisionError:
            return True
        return False

    assert attempt()
    before, nodes = len(gc.get_objects()), live_nodes()
    for _ in range(20):
        attempt()
    assert live_nodes() == nodes
    assert len(gc.get_objects()) <= before + 1
    assert x.grad is None


def test_a_backward_pass_frees_what_it_has_read_while_the_loss_is_still_alive():
    x = Tensor(np.ones(3))
    hidden = x.exp() * 2.0
    reference = weakref.ref(hidden)
    loss = hidden.tanh().square().sum()
    del hidden
    loss.backward()
    for node in graph.history(loss)[1:]:
        assert (node.inputs, node.calls) == (None, None)
        assert node.out is None or node.shape == ()
    assert reference() is None


def test_only_single_numbers_are_kept_for_pictures_after_the_backward_pass():
    x = Tensor([3.0, 4.0])
    loss = (x * x).sum() * 0.5
    loss.backward()
    leaf, square, total, half = graph.history(loss)
    assert (square.out, square.delta) == (None, None)
    assert (total.out, total.delta) == (25.0, 0.5)
    assert (half.out, half.delta) == (12.5, 1.0)
    assert list(half.sources) == [total, 0.5]
    assert leaf.op is None
