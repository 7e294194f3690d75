"""What all optimizers share: the learning rate under both names, slots, counting, and which arrays move."""

import numpy as np
import pytest

from tinygrad_edu import Tensor, Variable, optimizers
from tinygrad_edu.layers import Dense
from tinygrad_edu.models import Sequential
from tinygrad_edu.optimizers import SGD, Optimizer

KINDS = [SGD(0.1), SGD(0.1, 0.5), SGD(0.1, 0.5, nesterov=True)]


@pytest.mark.parametrize("identifier", ["sgd", "SGD", "Sgd", SGD, SGD()], ids=str)
def test_get_takes_a_name_a_class_or_an_optimizer(identifier):
    """OPT-01."""
    assert type(optimizers.get(identifier)) is SGD


def test_compiling_with_a_name_makes_a_new_optimizer_each_time():
    """OPT-01."""
    model = Sequential([Dense(1, input_dim=2)])
    model.compile("sgd", "mse")
    first = model.optimizer
    model.compile("sgd", "mse")
    assert model.optimizer is not first


def test_an_optimizer_may_serve_two_models():
    """OPT-01: each has velocities of its own."""
    shared, x, y = SGD(0.1, 0.9), np.ones((4, 2)), np.zeros(4)

    def trained(optimizer):
        model = Sequential([Dense(1, input_dim=2, kernel_initializer="ones")])
        model.compile(optimizer, "mse")
        model.fit(x, y, epochs=3, verbose=0)
        return model.get_weights()

    alone = trained(SGD(0.1, 0.9))
    for _ in range(2):
        for expected, found in zip(alone, trained(shared)):
            np.testing.assert_array_equal(found, expected)


# The learning rate ------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [0.1, 1, 0, np.float32(0.1), np.float64(0.1), np.int64(1), np.array(0.1), Tensor(0.1)], ids=repr)
@pytest.mark.parametrize("name", ["learning_rate", "lr"])
def test_the_learning_rate_is_any_number_under_either_name(rate, name):
    """OPT-03, PKG-14, D7, D8."""
    optimizer = SGD(**{name: rate})
    assert optimizer.learning_rate == optimizer.lr == float(rate) and isinstance(optimizer.lr, float)


def test_both_names_are_the_same_storage():
    """OPT-03."""
    optimizer = SGD()
    assert optimizer.lr == optimizer.learning_rate == 0.01
    optimizer.lr = 0.5
    assert optimizer.learning_rate == 0.5
    optimizer.learning_rate = 0.25
    assert optimizer.lr == 0.25


@pytest.mark.parametrize("rate", [-1, -1e-9, np.nan, np.inf, None, "fast", [0.1, 0.2]], ids=repr)
@pytest.mark.parametrize(
    "use",
    [lambda rate: SGD(rate), lambda rate: SGD(learning_rate=rate), lambda rate: SGD(lr=rate),
     lambda rate: setattr(SGD(), "lr", rate), lambda rate: setattr(SGD(), "learning_rate", rate)],
    ids=["positional", "learning_rate", "lr", "set lr", "set learning_rate"],
)  # fmt: skip
def test_a_rate_that_is_no_number_above_zero_is_refused(rate, use):
    """OPT-03."""
    with pytest.raises((ValueError, TypeError), match=r"SGD expects learning_rate.*got"):
        use(rate)


def test_a_refused_rate_leaves_the_old_one():
    """OPT-03."""
    optimizer = SGD(0.5)
    with pytest.raises(ValueError, match="learning_rate"):
        optimizer.lr = -1
    assert optimizer.lr == 0.5


def test_a_new_rate_counts_from_the_next_step():
    """OPT-03."""
    optimizer, p = SGD(0.1), Variable([0.0], "float64")
    optimizer.apply([Tensor([1.0])], [p])
    optimizer.lr = 1
    optimizer.apply([Tensor([1.0])], [p])
    assert p.tolist() == pytest.approx([-1.1])


# Steps ------------------------------------------------------------------------------------------------


MATRIX = np.arange(6.0).reshape(2, 3)
LAYOUTS = {"rows": MATRIX, "columns": np.asfortranarray(MATRIX), "strided": np.repeat(MATRIX, 2, axis=1)[:, ::2]}


@pytest.mark.parametrize("weight", LAYOUTS)
@pytest.mark.parametrize("gradient", LAYOUTS)
def test_a_step_moves_a_weight_whatever_the_layout_of_its_memory(weight, gradient):
    """OPT-11: a kernel that comes transposed out of its initializer learns like any other."""
    for optimizer in (SGD(0.1), SGD(0.1, 0.5)):
        p = Variable(LAYOUTS[weight])
        optimizer.apply([Tensor(LAYOUTS[gradient])], [p])
        np.testing.assert_allclose(p.numpy(), MATRIX * 0.9)


@pytest.mark.parametrize("optimizer", KINDS, ids=repr)
def test_a_scalar_weight_moves_too(optimizer):
    """OPT-11."""
    p = Variable(1.0)
    optimizer.apply([Tensor(1.0)], [p])
    assert p.item() < 1 and p.shape == ()


def test_weights_stay_the_same_arrays():
    """OPT-11: changed in place, so that views and saved references see the new numbers."""
    p = Variable([1.0, 2.0])
    array = p.numpy()
    SGD(0.1).apply([Tensor([1.0, 1.0])], [p])
    assert p.numpy() is array and array.tolist() == pytest.approx([0.9, 1.9])


def test_a_weight_without_a_gradient_stays():
    """OPT-11."""
    p, q = Variable([1.0]), Variable([1.0])
    p.relabel("dense/kernel")
    with pytest.warns(UserWarning, match="sgd got no gradient for dense/kernel. Does the loss"):
        SGD(0.1).apply([None, Tensor([1.0])], [p, q])
    assert p.tolist() == [1] and q.tolist() == pytest.approx([0.9])


def test_iterations_count_the_steps():
    """OPT-11."""
    optimizer, p = SGD(), Variable([1.0])
    assert optimizer.iterations == 0
    for step in (1, 2, 3):
        optimizer.apply_gradients([(Tensor([1.0]), p)])
        assert optimizer.iterations == step


def test_no_gradient_at_all_is_an_error_and_no_step():
    """OPT-11."""
    optimizer = SGD()
    with pytest.raises(ValueError, match="at least one gradient"):
        optimizer.apply([None, None], [Variable([1.0]), Variable([1.0])])
    with pytest.raises(ValueError, match="gradient per variable, got 1 for 2"):
        optimizer.apply([Tensor([1.0])], [Variable([1.0]), Variable([1.0])])
    assert optimizer.iterations == 0


def test_set_weights_between_steps_is_where_the_next_step_starts():
    """LAY-08, OPT-11."""
    x, y = np.ones((4, 1)), np.zeros(4)
    model = Sequential([Dense(1, input_dim=1, kernel_initializer="ones")])
    model.compile(SGD(0.1), "mse")
    model.fit(x, y, verbose=0)
    model.set_weights([[[1.0]], [0.0]])
    model.fit(x, y, verbose=0)
    assert [w.item() for w in model.get_weights()] == pytest.approx([0.8, -0.2])


def test_an_optimizer_of_ones_own_says_slots_and_update():
    """OPT-11: state on top, one algorithm per class."""

    class Sum(Optimizer):
        """Steps along the sum of all gradients so far."""

        slots = ("total",)

        def update(self, p, g, total, c):
            total += g
            p -= c[0] * total

    optimizer, p = Sum(0.1), Variable([[1.0]], "float64")
    for _ in range(3):
        optimizer.apply([Tensor([[1.0]])], [p])
    assert p.item() == pytest.approx(0.4)
    assert repr(optimizer) == "<Sum learning_rate=0.1 iterations=3>"


def test_an_optimizer_without_an_update_says_what_it_needs():
    with pytest.raises(NotImplementedError, match="Optimizer expects a method update"):
        Optimizer(0.1).apply([Tensor([1.0])], [Variable([1.0])])


def test_the_names_of_keras_2_mean_the_classes():
    """PKG-05: `optimizers.adam(lr=0.1)` stands in older scripts."""
    for name in ("sgd", "rmsprop", "adagrad", "adadelta", "adam", "adamax", "nadam"):
        assert getattr(optimizers, name) is type(optimizers.get(name))
