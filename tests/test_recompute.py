"""checkpoint: the same gradients for less memory."""

import gc

import numpy as np
import pytest

from tinygrad_edu import Tensor, Variable, as_tensor, checkpoint, grad, gradients, graph, hessian, no_grad, ops
from tinygrad_edu.graph import ChangedArrayError, GraphError, history
from tinygrad_edu.layers import BatchNormalization, Dense, Layer

RNG = np.random.default_rng(0)
W = [Tensor(RNG.normal(size=(8, 8)) / 3) for _ in range(12)]
X = RNG.normal(size=(5, 8))


def piece(x, weights):
    for w in weights:
        x = (x @ w).tanh()
    return x


def run(way, create_graph=False):
    x = Tensor(X)
    h = x
    for i in range(0, 12, 3):
        h = way(piece, h, W[i : i + 3])
    loss = (h * h).sum()
    return loss, [g.array for g in gradients(loss, [x, *W], create_graph=create_graph)]


def plainly(function, *args, **kwargs):
    return function(*args, **kwargs)


@pytest.mark.parametrize("create_graph", [False, True], ids=["plain", "create_graph"])
def test_the_gradients_are_the_same_bit_for_bit(create_graph):
    (value, expected), (again, got) = run(plainly, create_graph), run(checkpoint, create_graph)
    assert value.item() == again.item()
    for a, b in zip(got, expected):
        np.testing.assert_array_equal(a, b)


def kept(loss):
    """Bytes of all arrays that the graph of `loss` keeps, each memory once."""
    arrays = {}
    for node in history(loss):
        for x in (*(node.inputs or ()), node.out):
            array = x.array if isinstance(x, graph.Value) else x
            if isinstance(array, np.ndarray):
                arrays[id(array)] = array.nbytes
    return sum(arrays.values()) - sum(w.array.nbytes for w in W)


def test_what_is_kept_is_the_inputs_of_the_pieces():
    x = Tensor(X)
    plain, pieces = x, x
    for i in range(0, 12, 3):
        plain, pieces = piece(plain, W[i : i + 3]), checkpoint(piece, pieces, W[i : i + 3])
    assert kept(plain) == 13 * X.nbytes  # x, and what each tanh gave
    assert kept(pieces) == 4 * X.nbytes  # x, and what three of the pieces gave


def test_derivatives_of_any_order_go_through():
    f = lambda x: (x * x.exp()).tanh().sum()
    x = RNG.normal(size=3)
    through = lambda x: checkpoint(f, x)
    np.testing.assert_allclose(grad(through)(x).array, grad(f)(x).array, rtol=1e-14)
    np.testing.assert_allclose(hessian(through)(x).array, hessian(f)(x).array, rtol=1e-12)
    w = Tensor([0.5, 1.0, 2.0])
    results = []
    for way in (plainly, checkpoint):
        (g,) = gradients(way(lambda x: (w * x).tanh().sum(), y := Tensor(x)), [y], create_graph=True)
        results.append(gradients((g * g).sum(), [w])[0].array)
    np.testing.assert_allclose(results[1], results[0], rtol=1e-12)


def test_pieces_nest():
    inner = lambda x: checkpoint(lambda y: y.exp().sin(), x).tanh()
    x = RNG.normal(size=3)
    np.testing.assert_array_equal(
        grad(lambda x: checkpoint(inner, x).sum())(x).array, grad(lambda x: x.exp().sin().tanh().sum())(x).array
    )


def test_several_results_in_a_structure():
    f = lambda x, y: {"a": x * y, "b": [x.sum(), 3, y.astype(np.float32)], "c": None}
    x, y = Tensor([1.0, 2.0]), Tensor([3.0, 4.0])
    out = checkpoint(f, x, y=y)
    assert (out["a"].tolist(), out["b"][0].item(), out["b"][1], out["c"]) == ([3.0, 8.0], 3.0, 3, None)
    assert out["b"][2].dtype == np.float32
    found = gradients((out["a"] * [1.0, 10.0]).sum() + out["b"][0] * 100 + out["b"][2].sum() * 1000, [x, y])
    assert [g.tolist() for g in found] == [[103.0, 140.0], [1001.0, 1020.0]]


def test_a_layer_is_a_function_too_and_its_weights_get_gradients():
    layer = Dense(4, "tanh", input_dim=8)
    x = as_tensor(X.astype(np.float32))
    expected = gradients(layer(x).sum(), layer.weights)
    got = gradients(checkpoint(layer, x).sum(), layer.weights)
    for a, b in zip(got, expected):
        np.testing.assert_array_equal(a.array, b.array)
    checkpoint(layer, x).sum().backward()
    np.testing.assert_array_equal(layer.kernel.grad.array, expected[0].array)


def test_only_what_is_asked_for_is_passed_on_and_nothing_under_no_grad():
    x, y = Tensor(2.0), Tensor(3.0)
    (g,) = gradients(checkpoint(lambda a, b: a * b, x, y), [y])
    assert g.item() == 2.0
    with no_grad():
        assert checkpoint(lambda a: a * 2, x).node is None
    assert checkpoint(lambda a: a * 2, as_tensor(2.0)).node is None
    assert checkpoint(lambda a: a, x) is x


def test_an_input_that_is_an_intermediate_result_and_its_source_both_get_theirs():
    x = Tensor(2.0)
    y = x * 3
    checkpoint(lambda a, b: a * b, x, y).backward()
    assert x.grad.item() == 12.0


def test_a_weight_or_an_argument_that_changed_in_between_is_noticed():
    w, x = Variable(np.ones(3)), Tensor(np.ones(3))
    loss = checkpoint(lambda x: (w * x).exp(), x).sum()
    w.assign([2.0, 2.0, 2.0])
    with pytest.raises(ChangedArrayError, match=r"^checkpoint"):
        loss.backward()
    loss = checkpoint(lambda x: (w * x).exp(), x).sum()
    x.data[0] = 7.0
    with pytest.raises(ChangedArrayError, match=r"^checkpoint"):
        loss.backward()


def test_a_function_that_gives_something_else_the_second_time_is_told():
    sizes = iter([2, 3])
    y = checkpoint(lambda x: ops.stack([x] * next(sizes)), Tensor(1.0))
    with pytest.raises(GraphError, match="checkpoint expects a function that gives the same again, got 3 numbers after 2"):
        y.sum().backward()


def test_the_second_call_runs_in_the_mode_of_the_first():
    seen = []

    def f(x):
        seen.append(graph.thread.mode)
        return x * x

    with graph.mode(scope="model/dense", training=True):
        y = checkpoint(f, Tensor(2.0))
    y.backward()
    assert seen[0] == seen[1] == graph.Mode(True, "model/dense", True)


def test_nothing_is_left_behind():
    x = Tensor(X)
    gc.collect()
    gc.disable()
    try:
        for _ in range(3):
            checkpoint(piece, x, W[:3]).sum().backward()
        before = len(gc.get_objects())
        for _ in range(20):
            checkpoint(piece, x, W[:3]).sum().backward()
            checkpoint(piece, x, W[:3])
        assert len(gc.get_objects()) <= before + 1
    finally:
        gc.enable()


class Counting(Layer):
    """x times the number of calls."""

    def build(self, input_shape):
        self.calls = self.add_weight(name="calls", shape=(), initializer="zeros", trainable=False)

    def call(self, x):
        self.calls.assign(self.calls + 1)
        return x * self.calls


@pytest.mark.parametrize("create_graph", [False, True], ids=["plain", "create_graph"])
def test_moving_averages_move_once(create_graph):
    """REGL-04: the second call of the layer leaves no trace."""
    x, averages = RNG.normal(3.0, 2.0, (6, 2)), []
    for way in (plainly, checkpoint):
        layer = BatchNormalization(momentum=0.5, dtype="float64")
        for _ in range(2):
            gradients((way(layer, Tensor(x), training=True) ** 2).sum(), layer.trainable_weights, create_graph=create_graph)
        averages.append(layer.get_weights()[2:])
    np.testing.assert_array_equal(*averages)
    np.testing.assert_allclose(averages[1][0], 0.75 * x.mean(axis=0))


def test_what_a_function_assigned_is_what_its_second_call_begins_with():
    """Also if it was called again meanwhile, and within another piece."""
    for way in (checkpoint, lambda f, x: checkpoint(lambda x: checkpoint(f, x) * 1.0, x)):
        layer, x = Counting(dtype="float64"), Tensor([1.0, 1.0])
        layer.build((None,))
        once, twice = way(layer, x), way(layer, x)
        twice.sum().backward()
        assert x.grad.tolist() == [2.0, 2.0] and layer.calls.array == 2
        x.zero_grad()
        once.sum().backward()
        assert x.grad.tolist() == [1.0, 1.0] and layer.calls.array == 2


def test_a_gradient_of_a_gradient_by_numbers_that_have_moved_on_is_refused():
    """It would read those of now."""
    layer, x = Counting(dtype="float64"), Tensor([1.0, 1.0])
    layer.build((None,))
    once, _ = checkpoint(layer, x) ** 2, checkpoint(layer, x)
    (g,) = gradients(once.sum(), [x], create_graph=True)
    with pytest.raises(ChangedArrayError):
        gradients(g.sum(), [x])


def test_losses_that_a_layer_adds_are_added_once():
    """REG-07: those of its call, not those of the second one too."""

    class Block(Layer):
        def __init__(self):
            super().__init__()
            self.dense = Dense(3, activity_regularizer="l2")

        def call(self, x):
            return checkpoint(self.dense, x)

    block = Block()
    out = block(Tensor(X))
    before = [loss.item() for loss in block.losses]
    out.sum().backward()
    assert [loss.item() for loss in block.losses] == before and len(before) == 1


def test_weights_that_the_first_call_makes_get_gradients():
    layer, x = Dense(2, use_bias=False), Tensor(np.ones((3, 4), np.float32))
    checkpoint(layer, x).sum().backward()
    assert layer.kernel.grad.tolist() == [[3.0, 3.0]] * 4


def test_a_second_backward_pass_finds_the_state_as_it_was():
    """Nothing that the replay moves counts as a change of what others have recorded."""
    layer, x = Counting(dtype="float64"), Tensor([1.0, 1.0])
    layer.build((None,))
    loss = (checkpoint(layer, x) * layer.calls * x).sum()
    for times in (1, 2):
        loss.backward(retain_graph=True)
        assert x.grad.tolist() == [2.0 * times] * 2
