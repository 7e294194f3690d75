"""What a graph records, who collects gradients, what is computed at all, and when a walk is refused."""

import numpy as np
import pytest

from tinygrad_edu import Tensor, as_tensor, graph, no_grad, ops
from tinygrad_edu.backward import walk
from tinygrad_edu.calculus import gradients
from tinygrad_edu.graph import ChangedArrayError, GraphError, Node, ReleasedGraphError
from tinygrad_edu.record import Op, apply


def called(op, *inputs):
    return apply(op, inputs, {})


# Order -------------------------------------------------------------------------------------------------


def test_history_lists_every_node_once_oldest_first():
    a, b, c = Tensor(1.0), Tensor(2.0), Tensor(3.0)
    loss = (a * b + b) * (a * b)
    nodes = graph.history(loss)
    assert [node.op.name if node.op else "leaf" for node in nodes] == ["leaf", "leaf", "multiply", "add", "multiply", "multiply"]
    assert [node.number for node in nodes] == sorted({node.number for node in nodes})
    assert c.node not in nodes
    position = {node: i for i, node in enumerate(nodes)}
    assert all(position[s] < position[node] for node in nodes for s in node.sources if isinstance(s, Node))


def test_history_of_several_values_is_their_union_and_of_a_constant_nothing():
    a, b = Tensor(1.0), Tensor(2.0)
    x, y = a * 2, b * 3
    assert graph.history([y, x]) == [a.node, b.node, x.node, y.node]
    assert graph.history(as_tensor(1.0)) == []


def test_a_node_tells_what_was_computed_from_what():
    x, data = Tensor(np.ones((2, 3), np.float32)), as_tensor(np.ones(3, np.float32))
    with graph.mode(scope="model/dense_1"):
        y = ops.sum(x * 2.0 + data, axis=0)
    node = y.node
    assert (node.op.name, node.shape, node.dtype, node.scope) == ("sum", (3,), np.float32, "model/dense_1")
    assert node.params == {"axis": 0, "keepdims": False}
    (added,) = node.sources
    assert added.sources[1] is None
    assert list(added.sources[0].sources) == [x.node, 2.0]
    assert repr(added) == f"<Node {added.number} add (2, 3) float32>"
    assert "leaf" in repr(x.node)


# What collects gradients -------------------------------------------------------------------------------


def test_leaves_accumulate_over_backward_passes():
    x = Tensor([1.0, 2.0])
    (x * 3).sum().backward()
    (x * x).sum().backward()
    assert x.grad.tolist() == [5.0, 7.0]
    x.zero_grad()
    assert x.grad is None


def test_a_second_backward_pass_does_not_change_the_gradient_collected_before_in_place():
    x = Tensor([1.0, 2.0])
    (x * 3).sum().backward()
    first = x.grad
    (x * 3).sum().backward()
    assert first.tolist() == [3.0, 3.0]


def test_an_input_used_twice_gets_both_gradients():
    x, a, b = Tensor(3.0), Tensor(3.0), Tensor(3.0)
    (x * x).backward()
    (a * b).backward()
    assert x.grad.item() == a.grad.item() + b.grad.item() == 6.0


def test_intermediate_results_keep_no_gradient_unless_they_are_told_to():
    x = Tensor([1.0, 2.0])
    hidden, told = x * 2, x * 3
    assert told.retain_grad() is told
    (hidden * told).sum().backward()
    assert hidden.grad is None
    assert told.grad.tolist() == [2.0, 4.0]
    assert x.grad.tolist() == [12.0, 24.0]


def test_a_retained_gradient_of_the_loss_is_1_and_of_a_branch_the_sum_over_its_uses():
    x = Tensor(2.0)
    branch = (x * 1.0).retain_grad()
    loss = (branch * branch + branch).retain_grad()
    loss.backward()
    assert (loss.grad.item(), branch.grad.item()) == (1.0, 5.0)


@pytest.mark.parametrize("create_graph", [False, True], ids=["plain", "create_graph"])
@pytest.mark.parametrize(
    "function",
    [lambda x, y: x + y, lambda x, y: x + x, lambda x, y: x.reshape(2) + y.T, lambda x, y: (x + y) + 0.0],
    ids=["x + y", "x + x", "views", "chain"],
)
def test_gradients_of_leaves_share_no_memory(function, create_graph):
    x, y, seed = Tensor([1.0, 2.0]), Tensor([3.0, 4.0]), as_tensor(np.array([1.0, 10.0]))
    out = function(x, y)
    out.retain_grad()
    out.backward(seed, create_graph=create_graph)
    arrays = [t.array for t in (x.grad, y.grad, out.grad, seed, x, y) if t is not None]
    for i, a in enumerate(arrays):
        for b in arrays[:i]:
            assert not np.shares_memory(a, b)


def test_the_gradient_of_a_leaf_does_not_share_memory_with_the_one_handed_in():
    x, seed = Tensor([1.0, 2.0]), as_tensor(np.array([1.0, 10.0]))
    x.backward(seed)
    assert not np.shares_memory(x.grad.array, seed.array)


def test_gradients_that_arrive_at_one_value_add_up():
    x = Tensor([1.0, 2.0])
    y = x * 3
    (g,) = walk([y, y], [as_tensor([1.0, 2.0]), as_tensor([10.0, 20.0])], [x.node]).values()
    assert g.tolist() == [33.0, 66.0]


def test_retained_gradients_along_a_chain_share_no_memory():
    x = Tensor([1.0, 2.0])
    first = (x + 1.0).retain_grad()
    second = (first + 1.0).retain_grad()
    second.sum().backward()
    second.grad.array[:] = 9.0
    assert (first.grad.tolist(), x.grad.tolist()) == ([1.0, 1.0], [1.0, 1.0])


def test_the_gradient_handed_in_may_be_an_array_a_list_or_a_tensor_of_any_real_dtype():
    half = Tensor(np.array([1, 2], np.float16))
    for seed in ([1.0, 2.0], np.array([1.0, 2.0]), Tensor([1.0, 2.0]), half, [1, 2], np.array([1, 2], np.int8), Tensor([1, 2])):
        x = Tensor(np.ones(2, np.float32))
        x.backward(seed)
        assert x.grad.dtype == np.float32
        (x * -3.0).backward(seed)
        assert x.grad.tolist() == [-2.0, -4.0]
        assert x.grad.dtype == np.float32
    x = Tensor([1.0, 2.0])
    (-x).backward(Tensor([True, False]))
    assert x.grad.tolist() == [-1.0, 0.0]


def test_a_retained_gradient_of_a_recorded_backward_pass_is_differentiated_again():
    """y = x², d(y²)/dy = 2y = 2x², whose slope is 4x."""
    x = Tensor([1.0, 3.0])
    y = (x * x).retain_grad()
    (y * y).sum().backward(create_graph=True)
    (slope,) = gradients(y.grad.sum(), [x])
    assert slope.tolist() == [4.0, 12.0]


def test_a_single_number_of_any_shape_needs_no_gradient_handed_in():
    x = Tensor([[2.0]])
    (x * x).backward()
    assert x.grad.tolist() == [[4.0]]
    x.backward()
    assert x.grad.tolist() == [[5.0]]
    y = Tensor([[2.0]])
    y.backward()
    assert y.grad.tolist() == [[1.0]]


# Pruning -----------------------------------------------------------------------------------------------


def counting_product(calls):
    """x * y, which writes down whose gradient it is asked for."""
    return Op(
        lambda x, y, /: x * y,
        {"x": lambda g, y: (calls.append("x"), g * y)[1], "y": lambda g, x: (calls.append("y"), g * x)[1]},
        name="product",
    )


def test_the_gradient_by_constant_data_is_never_computed():
    calls = []
    op = counting_product(calls)
    w = Tensor([1.0, 2.0])
    for data in (as_tensor(np.ones(2)), np.ones(2), 3.0, Tensor(np.ones(2), requires_grad=False), w.detach()):
        called(op, data, w).sum().backward()
    assert calls == ["y"] * 5


def test_a_result_of_constants_is_not_recorded():
    assert called(counting_product([]), as_tensor(1.0), np.ones(2)).node is None


def test_gradients_computes_only_what_leads_to_the_variables_asked_for():
    calls = []
    op = counting_product(calls)
    w1, w2, w3 = Tensor([1.0]), Tensor([2.0]), Tensor([3.0])
    hidden = called(op, w1, w2)
    loss = called(op, hidden, w3).sum()
    (g,) = gradients(loss, [w3])
    assert (g.item(), calls) == (2.0, ["y"])
    calls.clear()
    (g,) = gradients(called(op, called(op, w1, w2), w3).sum(), [w2])
    assert (g.item(), calls) == (3.0, ["x", "y"])


def test_gradients_touches_no_grad():
    x, y = Tensor([1.0]), Tensor([2.0])
    hidden = (x * y).retain_grad()
    gradients(hidden.sum(), [x])
    assert (x.grad, y.grad, hidden.grad) == (None, None, None)


# A graph is walked once --------------------------------------------------------------------------------


def test_a_second_walk_over_a_released_graph_is_refused():
    x = Tensor([1.0, 2.0])
    hidden = x.exp()
    hidden.sum().backward()
    with pytest.raises(ReleasedGraphError, match=r"one whose exp \(2,\) has been released\. .*retain_graph=True"):
        (hidden * 2).sum().backward()
    assert x.grad.tolist() == np.exp([1.0, 2.0]).tolist()


def test_a_retained_graph_is_walked_again_with_the_same_bits():
    x = Tensor([0.1, 0.7])
    loss = (x.tanh() * x.exp()).sum()
    once = gradients(loss, [x], retain_graph=True)[0]
    again = gradients(loss, [x])[0]
    assert once.array.tobytes() == again.array.tobytes()
    with pytest.raises(ReleasedGraphError):
        loss.backward()


def test_a_walk_releases_the_graph_and_records_nothing_unless_it_is_told_to():
    x = Tensor([1.0, 2.0])
    y, seed = x * x, as_tensor([1.0, 1.0])
    (g,) = walk([y], [seed], [x.node]).values()
    assert g.node is None
    with pytest.raises(ReleasedGraphError):
        walk([y], [seed], [x.node])


def test_create_graph_retains_the_graph():
    x = Tensor(2.0)
    loss = x**3
    loss.backward(create_graph=True)
    loss.backward()
    assert x.grad.item() == 24.0


def test_a_refused_walk_collects_nothing():
    x, y = Tensor([1.0]), Tensor([1.0])
    released = x.exp()
    released.sum().backward()
    x.zero_grad()
    with pytest.raises(ReleasedGraphError):
        (released * y).sum().backward()
    assert (x.grad, y.grad) == (None, None)


# Arrays that change ------------------------------------------------------------------------------------


CHANGES = {
    "x[...] = value": lambda x: x.__setitem__(..., 9.0),
    "x[0] = value": lambda x: x.__setitem__(0, 9.0),
    "x.assign(value)": lambda x: x.assign(np.full(x.shape, 9.0)),
    "x.data = value": lambda x: setattr(x, "data", np.full(x.shape, 9.0)),
}
each_change = pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())


@each_change
@pytest.mark.parametrize("create_graph", [False, True], ids=["plain", "create_graph"])
def test_an_input_changed_after_it_was_recorded_is_noticed(change, create_graph):
    x = Tensor([1.0, 2.0])
    loss = (x * x).sum()
    change(x)
    with pytest.raises(ChangedArrayError, match=r"^multiply .*changed in place after it was recorded"):
        loss.backward(create_graph=create_graph)
    assert x.grad is None


@each_change
def test_a_constant_changed_after_it_was_recorded_is_noticed(change):
    w, data = Tensor([1.0, 2.0]), as_tensor(np.array([3.0, 4.0]))
    loss = (w * data).sum()
    change(data)
    with pytest.raises(ChangedArrayError, match=r"^multiply"):
        loss.backward()


@each_change
def test_an_output_that_its_rule_reads_is_noticed_when_changed(change):
    x = Tensor([1.0, 2.0])
    y = x.exp()
    with no_grad():
        change(y)
    with pytest.raises(ChangedArrayError, match=r"^exp"):
        y.sum().backward()


def test_a_single_number_changed_after_it_was_recorded_is_noticed():
    x = Tensor(3.0)
    loss = x * x
    x.data = 4.0
    with pytest.raises(ChangedArrayError):
        loss.backward()


@each_change
def test_a_change_that_no_rule_can_see_is_allowed(change):
    x = Tensor([1.0, 2.0])
    loss = (x + 1.0).sum()
    change(x)
    loss.backward()
    assert x.grad.tolist() == [1.0, 1.0]


@each_change
def test_a_change_before_the_value_is_used_again_is_allowed(change):
    x = Tensor([1.0, 2.0])
    (x * x).sum().backward()
    change(x)
    x.zero_grad()
    (x * x).sum().backward()
    assert x.grad.tolist() == (2 * x.array).tolist()


def test_a_recorded_result_cannot_be_changed_in_place():
    y = Tensor([1.0, 2.0]) * 2.0
    with pytest.raises(GraphError, match=r"result of multiply \(2,\) cannot be changed in place"):
        y[0] = 1.0
    assert y.tolist() == [2.0, 4.0]


def test_what_has_no_mask_says_so_in_a_word():
    """Every call of a layer asks: the long answer of a missing attribute costs as much as an op."""
    x = Tensor([1.0])
    assert graph.mask_of(x) is None is graph.mask_of([1.0])
    x.mask = mask = Tensor([True])
    assert graph.mask_of(x) is mask
