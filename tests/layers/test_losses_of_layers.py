"""What layers add to the loss: penalties of weights, of activities, and losses of their own."""

import numpy as np
import pytest

from tinygrad_edu import Tensor, ops, regularizers
from tinygrad_edu.layers import Activation, Dense, Layer
from tinygrad_edu.models import Sequential
from tinygrad_edu.optimizers import SGD

X, Y = np.array([[1.0, 2.0], [3.0, 4.0], [0.5, -1.0], [0.0, 1.0]]), np.array([1.0, 0.0, 2.0, 1.0])


def dense(**settings):
    layer = Dense(1, input_dim=2, **settings)
    model = Sequential([layer])
    layer.set_weights([[[1.0], [-2.0]], [0.5]])
    return model


def values(losses):
    return [loss.item() for loss in losses]


def test_penalties_are_of_the_weights_that_name_a_regularizer():
    """REG-06: the kernel only, unless the bias has one too."""
    assert values(dense(kernel_regularizer="l2").losses) == pytest.approx([0.05])
    both = dense(kernel_regularizer=regularizers.l1(0.1), bias_regularizer=regularizers.l2(1.0))
    assert values(both.losses) == pytest.approx([0.3, 0.25])
    assert dense().losses == [] and Dense(1, kernel_regularizer="l2").losses == []


def test_a_penalty_stands_in_the_reported_losses_once_a_step():
    """REG-06: in loss and val_loss, whatever the size of the batch; by hand."""
    model = dense(kernel_regularizer=regularizers.l2(0.1))
    model.compile(SGD(0.0), "mse")
    data = np.mean((X @ [1.0, -2.0] + 0.5 - Y) ** 2)
    history = model.fit(X, Y, batch_size=3, validation_data=(X, Y), verbose=0, shuffle=False).history
    assert history["loss"] == pytest.approx([data + 0.5]) and history["val_loss"] == pytest.approx([data + 0.5])
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(data + 0.5)


def test_a_penalty_moves_the_weights():
    """REG-02: w ← w - rate (slope of the data + 2 · l2 · w); the data here have none."""
    model = dense(kernel_regularizer=regularizers.l2(0.5))
    model.compile(SGD(0.1), lambda y, p: 0 * p)
    model.fit(X, Y, batch_size=4, verbose=0)
    assert model.get_weights()[0] == pytest.approx(np.array([[0.9], [-1.8]]))


def test_a_regularizer_may_be_a_function():
    """REG-08."""
    assert values(dense(kernel_regularizer=lambda w: 0.01 * ops.sum(abs(w))).losses) == pytest.approx([0.03])


def test_frozen_weights_have_no_penalty():
    """REG-06."""
    model = dense(kernel_regularizer="l2")
    model.layers[0].trainable = False
    assert model.losses == []


def test_a_shared_layer_is_punished_once():
    """REG-06: once per variable."""
    layer = Dense(2, kernel_regularizer="l2", input_dim=2, name="shared")

    class Twice(Layer):
        def __init__(self):
            super().__init__()
            self.one = self.two = layer

        def call(self, x):
            return self.two(self.one(x))

    twice = Twice()
    twice(X)
    assert len(twice.losses) == 1


def test_activities_are_punished_by_the_size_of_the_batch():
    """REG-07: 0.1 Σ outputs² / 4, of the last call only."""
    model = dense(activity_regularizer=regularizers.l2(0.1))
    out = X @ [1.0, -2.0] + 0.5
    for _ in range(2):
        model(X)
        assert values(model.losses) == pytest.approx([0.1 * np.sum(out**2) / 4], rel=1e-5)
    model.compile(SGD(0.0), "mse")
    expected = np.mean((out - Y) ** 2) + 0.1 * np.sum(out**2) / 4
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(expected, rel=1e-5)
    assert model.fit(X, Y, verbose=0, batch_size=4).history["loss"] == pytest.approx([expected], rel=1e-5)


def test_every_layer_may_have_an_activity_regularizer():
    """REG-07: and a layer that is used twice in a call adds twice."""
    layer = Activation("linear", activity_regularizer="l1", name="a")

    class Twice(Layer):
        def __init__(self):
            super().__init__()
            self.layer = layer

        def call(self, x):
            return self.layer(self.layer(x))

    twice = Twice()
    twice(np.ones((2, 3)))
    assert values(twice.losses) == pytest.approx([0.03, 0.03])


class WithLoss(Layer):
    """Adds the mean of its input to the loss."""

    def call(self, x):
        self.add_loss(ops.mean(x))
        return x * 1


def test_a_layer_adds_a_loss_of_its_own_in_every_call():
    """LAY-01, LOSS-25: that of the last call holds; finding out shapes adds none."""
    layer = WithLoss()
    layer.build((None, 2))
    assert layer.losses == []
    layer(X)
    layer([[4.0, 2.0]])
    assert values(layer.losses) == [3]


def test_losses_of_layers_are_trained_for():
    """LOSS-25: the gradient goes through them."""
    model = Sequential([Dense(1, input_dim=2, kernel_initializer="ones"), WithLoss()])
    model.compile(SGD(1.0), lambda y, p: 0 * p)
    model.fit(X, Y, batch_size=4, verbose=0)
    assert model.layers[0].get_weights()[0] == pytest.approx(1 - X.mean(0)[:, None])


def test_what_may_be_added():
    """LOSS-25: lists, arrays of losses (their sum counts), and functions that are asked every time."""
    layer = Layer()
    weight = layer.add_weight("w", (), "ones")
    layer.add_loss([Tensor(1.0), Tensor([1.0, 2.0])])
    layer.add_loss(lambda: 2 * weight)
    assert values(layer.losses) == [2, 1, 3]
    weight.assign(5)
    assert values(layer.losses) == [10, 1, 3]
