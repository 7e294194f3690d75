"""Hooks see a gradient when it is complete, and may replace it."""

import gc
import weakref

import numpy as np
import pytest

from tinygrad_edu import Tensor, as_tensor, gradients, graph
from tinygrad_edu.graph import GraphError


@pytest.mark.parametrize("create_graph", [False, True], ids=["plain", "create_graph"])
def test_a_hook_is_called_once_with_the_complete_gradient(create_graph):
    x, seen = Tensor([1.0, 2.0]), []
    h = x * 3
    h.register_hook(lambda g: seen.append(g.tolist()))
    x.register_hook(lambda g: seen.append(g.tolist()))
    (h * h + h).sum().backward(create_graph=create_graph)
    assert seen == [[7.0, 13.0], [21.0, 39.0]]
    assert x.grad.tolist() == [21.0, 39.0]


@pytest.mark.parametrize("create_graph", [False, True], ids=["plain", "create_graph"])
def test_what_a_hook_returns_takes_the_place_of_the_gradient(create_graph):
    x = Tensor(np.array([1.0, 2.0], np.float32))
    h = (x * 3).retain_grad()
    h.register_hook(lambda g: None)
    h.register_hook(lambda g: g * 10)
    h.register_hook(lambda g: [float(g[0].item()) + 1, 0])
    (h * 1.0).sum().backward(create_graph=create_graph)
    assert h.grad.tolist() == [11.0, 0.0]
    assert (x.grad.tolist(), x.grad.dtype) == ([33.0, 0.0], np.float32)


def test_a_hook_on_a_leaf_changes_what_is_collected_each_time():
    x = Tensor(2.0)
    x.register_hook(lambda g: -g)
    for total in (-4.0, -8.0):
        (x * x).backward()
        assert x.grad.item() == total


def test_hooks_hold_for_gradients_too_and_only_where_something_flows():
    x, y, seen = Tensor(2.0), Tensor(3.0), []
    h, k = x * y, x + y
    h.register_hook(lambda g: seen.append("h"))
    k.register_hook(lambda g: seen.append("k"))
    y.register_hook(lambda g: g * 100)
    assert [g.item() for g in gradients(h * h, [x, y])] == [36.0, 2400.0]
    assert seen == ["h"]


def test_a_hook_that_computes_with_tensors_is_recorded_under_create_graph():
    """The hook squares dx/dx³ = 3x²: its gradient is 36 x³."""
    x = Tensor(2.0)
    x.register_hook(lambda g: g * g)
    (g,) = gradients(x**3, [x], create_graph=True)
    assert g.item() == 144.0
    fresh = gradients(g, [x])[0].item()
    assert fresh == (36 * 8.0) ** 2  # the hook again


def test_a_removed_hook_is_silent_and_may_be_removed_twice_even_by_itself():
    x, seen = Tensor(2.0), []
    first = x.register_hook(lambda g: seen.append("first"))
    second = x.register_hook(lambda g: (seen.append("second"), second.remove())[0])
    (x * x).backward()
    first.remove(), first.remove()
    (x * x).backward()
    assert seen == ["first", "second"]


def test_a_hook_lives_with_the_graph_and_no_longer():
    x, seen = Tensor([1.0]), []

    def hook(g):
        seen.append(g.item())

    handle = (x * 2).register_hook(hook)
    h = x * 3
    h.register_hook(hook)
    loss = h.sum()
    reference = weakref.ref(hook)
    del hook, h
    handle.remove()
    loss.backward()
    assert seen == [1.0]
    gc.disable()
    try:
        del loss
        assert reference() is None
    finally:
        gc.enable()


def test_what_a_hook_gets_is_its_own():
    x, kept = Tensor([1.0, 2.0]), []
    x.register_hook(lambda g: (kept.append(g), g.assign([9.0, 9.0]))[:0] or None)
    (x * 3).sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]
    assert not np.shares_memory(kept[0].array, x.grad.array)


@pytest.mark.parametrize("create_graph", [False, True], ids=["plain", "create_graph"])
@pytest.mark.parametrize(("dtype", "other"), [(np.float64, np.float32), (np.float32, np.float64)])
def test_what_a_hook_returns_takes_the_dtype_of_the_gradient(dtype, other, create_graph):
    x = Tensor(np.array([1.0, 2.0], dtype))
    x.register_hook(lambda g: Tensor(np.array([5.0, 6.0], other)))
    (x * x).sum().backward(create_graph=create_graph)
    assert (x.grad.tolist(), x.grad.dtype) == ([5.0, 6.0], dtype)


@pytest.mark.parametrize("shape", [(), (1,), (3,), (1, 2)])
def test_a_gradient_of_another_shape_is_refused_from_a_hook(shape):
    h = Tensor([1.0, 2.0]) * 2
    h.register_hook(lambda g: np.ones(shape))
    with pytest.raises(ValueError, match="expects to return None or that shape"):
        h.sum().backward()


@pytest.mark.parametrize(("label", "name"), [(None, "a leaf"), ("weights", "weights")])
def test_an_error_of_a_hook_names_the_leaf(label, name):
    x = Tensor([1.0, 2.0])
    x.node.label = label
    x.register_hook(lambda g: g.sum())
    with pytest.raises(ValueError, match=rf"hook of {name} \(2,\)"):
        (x * 2).sum().backward()


def test_a_hook_is_refused_where_there_is_no_gradient_and_told_when_it_is_wrong():
    with pytest.raises(GraphError, match=r"register_hook\(\) expects a Tensor that requires a gradient"):
        as_tensor(1.0).register_hook(print)
    h = Tensor([1.0, 2.0]) * 2
    h.register_hook(lambda g: g.sum())
    with pytest.raises(ValueError, match=r"hook of multiply \(2,\) expects to return None or that shape, got \(\)"):
        h.sum().backward()
    k = Tensor([1.0, 2.0]) * 2
    k.register_hook(lambda g: 1 / 0)
    with pytest.raises(ZeroDivisionError) as error, graph.mode(scope="m"):
        k.sum().backward()
    assert error.value.__notes__ == ["in a gradient hook of multiply (2,)"]
    assert (Tensor(1.0) * 2).node is not None
