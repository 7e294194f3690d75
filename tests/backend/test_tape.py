"""Gradients in TensorFlow's words."""

import numpy as np
import pytest

import tinygrad_edu as keras
from tinygrad_edu import GraphError, ReleasedGraphError, Tensor, Variable, no_grad
from tinygrad_edu.backend import GradientTape, gradients


def test_gradients_by_several_variables_are_a_list():
    """K-07."""
    x, y, z = Tensor(2.0), Tensor(3.0), Tensor(4.0)
    loss = x * x * y
    assert [None if g is None else g.item() for g in gradients(loss, [x, y, z])] == [12, 4, None]
    assert gradients(loss, x)[0].item() == 12


def test_a_target_of_several_numbers_counts_as_their_sum():
    """K-07."""
    x = Tensor([1.0, 2.0])
    assert gradients(x**2, x)[0].tolist() == [2, 4]
    with GradientTape() as tape:
        y = x**2
    assert tape.gradient(y, x, output_gradients=[1.0, 10.0]).tolist() == [2, 40]


def test_a_tape_gives_back_the_structure_that_it_was_asked_for():
    """K-07."""
    x, y = Tensor(2.0), Tensor(3.0)
    with GradientTape(persistent=True) as tape:
        z = x * y
    assert tape.gradient(z, x).item() == 3
    assert [g.item() for g in tape.gradient(z, (x, y))] == [3, 2]
    assert {name: g.item() for name, g in tape.gradient(z, {"a": x, "b": y}).items()} == {"a": 3, "b": 2}


def test_a_tape_that_is_not_persistent_answers_once():
    """K-07."""
    x = Tensor(2.0)
    with GradientTape() as tape:
        y = x * x
    tape.gradient(y, x)
    with pytest.raises(ReleasedGraphError):
        tape.gradient(y, x)


def test_a_tape_in_a_tape_gives_second_derivatives():
    """K-07."""
    x = Tensor(3.0)
    with GradientTape() as outer:
        with GradientTape() as inner:
            y = x**3
        slope = inner.gradient(y, x)
    assert (slope.item(), outer.gradient(slope, x).item()) == (27, 18)


def test_a_constant_is_watched_when_it_is_asked_for():
    """K-07."""
    x = Tensor([1.0, 2.0], requires_grad=False)
    with GradientTape() as tape:
        tape.watch(x)
        y = (x * x).sum()
    assert tape.gradient(y, x).tolist() == [2, 4]
    with pytest.raises(GraphError, match="constant"):
        GradientTape().gradient(Tensor(1.0, requires_grad=False), x)


def test_a_tape_records_where_nothing_else_would_and_leaves_the_mode_as_it_was():
    """K-07."""
    x = Tensor(2.0)
    with no_grad():
        with GradientTape() as tape:
            y = x * x
        assert not (x * x).requires_grad
    assert tape.gradient(y, x).item() == 4
    with pytest.raises(KeyError), GradientTape():
        raise KeyError
    assert (x * x).requires_grad


def test_a_loop_with_a_tape_does_what_fit_does():
    """K-07: one batch of all rows, step by step."""
    X, y = np.random.default_rng(1).normal(size=(20, 3)), np.arange(20.0)[:, None]
    models = [keras.Sequential([keras.layers.Dense(1, input_dim=3, kernel_initializer="ones")]) for _ in range(2)]
    models[0].compile(keras.optimizers.SGD(0.1), "mse")
    models[0].fit(X, y, epochs=5, batch_size=20, shuffle=False, verbose=0)
    optimizer, loss_fn = keras.optimizers.SGD(0.1), keras.losses.MeanSquaredError()
    for _ in range(5):
        with GradientTape() as tape:
            loss = loss_fn(y, models[1](X, training=True))
        weights = models[1].trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights))
    for one, other in zip(models[0].get_weights(), models[1].get_weights()):
        np.testing.assert_allclose(one, other, rtol=1e-6)


def test_variables_made_by_hand_are_watched():
    """K-07."""
    weight = Variable([1.0, 2.0])
    with GradientTape() as tape:
        y = (weight * 3).sum()
    assert tape.gradient(y, [weight])[0].tolist() == [3, 3]
