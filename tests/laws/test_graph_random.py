"""Random graphs: what is true of every op is true of whatever is made of them."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import Tensor, ops
from tinygrad_edu.calculus import gradients
from tinygrad_edu.testing import check_gradients
from tinygrad_edu.testing.programs import SMOOTH
from tinygrad_edu.testing.strategies import graphs, ties

KINKED = (*SMOOTH, ops.relu, ops.maximum, ops.absolute)


@given(graphs())
def test_any_graph_has_the_slopes_of_its_values(graph):
    """Order 1 and 2, with diamonds, fan-out and broadcasting."""
    leaves, function = graph
    check_gradients(function, *leaves, mode="direction", rtol=1e-6, atol=1e-6)


@given(graphs(ops=KINKED, elements=ties(-1.0, 0.0, 0.5)))
def test_any_graph_with_ties_and_kinks_has_gradients_between_the_slopes(graph):
    leaves, function = graph
    check_gradients(function, *leaves, order=1, rtol=1e-5, atol=1e-5)


@given(graphs(ops=KINKED))
def test_all_ways_to_go_back_give_the_same_bits(graph):
    """By `backward` and by `gradients`, plain and recorded, over a graph that is kept and over one that is made again."""
    arrays, function = graph

    def found(way):
        leaves = [Tensor(x) for x in arrays]
        got = way(function(*leaves), leaves)
        return [b"" if g is None else g.numpy().tobytes() for g in got]

    def by_backward(loss, leaves):
        loss.backward()
        return [x.grad for x in leaves]

    def kept(loss, leaves):
        gradients(loss, leaves, retain_graph=True)
        return gradients(loss, leaves)

    expected = found(gradients)
    assert found(by_backward) == found(kept) == expected
    assert found(lambda loss, leaves: gradients(loss, leaves, create_graph=True)) == expected


@given(graphs(ops=KINKED), st.booleans())
def test_no_gradient_in_a_graph_shares_memory_with_anything(graph, create_graph):
    """Of leaves and of results that were asked for: each may be changed in place without harm to another."""
    arrays, function = graph
    leaves = [Tensor(x) for x in arrays]
    values = function.values(*leaves)
    for x in values:
        x.retain_grad()
    total = sum((values[end].sum() for end in function.ends), Tensor(0.0))
    total.backward(create_graph=create_graph)
    found = [x.grad.numpy() for x in values if x.grad is not None]
    assert not any(np.shares_memory(g, h) for g, h in itertools.combinations(found, 2))
    assert not any(np.shares_memory(g, x.numpy()) for g in found for x in values)


@given(graphs())
def test_the_gradient_of_a_sum_is_the_sum_of_the_gradients(graph):
    """And what several backward passes leave in `grad` adds up to it."""
    arrays, function = graph
    together, apart = ([Tensor(x) for x in arrays] for _ in range(2))
    (function(*together) + 2.0 * function(*together)).backward()
    for factor in (1.0, 2.0):
        function(*apart).backward(factor)
    for x, y in zip(together, apart):
        assert (x.grad is None) == (y.grad is None)
        if x.grad is not None:
            np.testing.assert_allclose(x.grad.numpy(), y.grad.numpy(), rtol=1e-12, atol=1e-12)
