"""Numbers by layer: sizes of gradients and of weights, against sums made by hand."""

import copy

import numpy as np
import pytest

from tinygrad_edu import gradients
from tinygrad_edu.callbacks import Callback, GradientLogger, WeightNorm
from tinygrad_edu.graph import Notes
from tinygrad_edu.layers import BatchNormalization, Dense
from tinygrad_edu.models import Sequential

X, Y = np.random.default_rng(0).normal(size=(6, 2)), np.arange(6) % 2


def compiled(rate=0.0, *layers, **optimizer):
    model = Sequential(layers or [Dense(3, input_dim=2, activation="tanh", name="first"), Dense(1, name="last")])
    model.compile({"class_name": "sgd", "config": {"learning_rate": rate, **optimizer}}, "mse")
    return model


def by_hand(model, rows):
    """Gradients of the batches `rows` by each weight, as float64 arrays (batches, *shape)."""
    weights = model.trainable_weights
    found = [gradients(model.loss(Y[r], model(X[r], training=True)), weights) for r in rows]
    return {w.path: np.array([g[i].array for g in found], float) for i, w in enumerate(weights)}


@pytest.mark.parametrize("settings", [{}, {"loss_scale_factor": 64.0}, {"clipnorm": 1e-6}], ids=str)
def test_means_and_sizes_of_gradients_are_those_of_all_batches(settings):
    """CB-16, CB-17: with a rate of 0 the batches can be computed again; neither scale nor clipping is in the numbers."""
    model, logger = compiled(**settings), GradientLogger()
    model.fit(X, Y, batch_size=2, epochs=2, shuffle=False, verbose=0, callbacks=[logger])
    expected = by_hand(model, [slice(0, 2), slice(2, 4), slice(4, 6)])
    for weight, mean in logger.means.items():
        np.testing.assert_allclose(mean, expected[weight.path].mean(0), rtol=1e-4, atol=1e-7)
    assert [w.path for w in logger.means] == list(expected)
    sizes = [
        np.mean([np.abs(np.r_[expected[f"{name}/kernel"][b].ravel(), expected[f"{name}/bias"][b]]).mean() for b in range(3)])
        for name in ("first", "last")
    ]
    assert logger.layers == ["first", "last"] and logger.epochs == [0, 1]
    np.testing.assert_allclose(logger.table(), [sizes, sizes], rtol=1e-4)


def test_a_frozen_layer_has_no_gradient_and_says_so():
    """CB-17."""
    model, logger = compiled(), GradientLogger()
    model.layers[0].trainable = False
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0, callbacks=[logger])
    assert np.isnan(logger.table()).tolist() == [[True, False]]


def test_after_training_nobody_watches_the_weights():
    """CB-17: also when an exception ended it, as soon as the next one begins; and the logger can be copied."""

    class Break(Callback):
        def on_train_batch_end(self, batch, logs=None):
            raise KeyboardInterrupt

    model, logger = compiled(), GradientLogger()
    watchers = lambda: sum(len(w._graph_node("").notes.hooks) for w in model.weights if w._graph_node("").notes)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, verbose=0, callbacks=[logger, Break()])
    model.fit(X, Y, verbose=0, callbacks=[logger])
    assert Notes.any_hooks and watchers() == 0
    assert copy.deepcopy(logger).table().shape == (1, 2)


def test_watching_changes_nothing():
    """CB-17: the same weights, bit for bit, with and without."""
    trained = []
    for callbacks in ([], [GradientLogger(), WeightNorm()]):
        model = compiled(0.1)
        model.set_weights([np.full(w.shape, 0.3) for w in model.weights])
        model.fit(X, Y, batch_size=2, epochs=3, shuffle=False, verbose=0, callbacks=callbacks)
        trained.append(model.get_weights())
    assert all(np.array_equal(a, b) for a, b in zip(*trained))


def test_the_norm_of_a_layer_is_the_sum_of_its_absolute_weights():
    """CB-18: of all that can be trained, frozen or not; not of moving averages."""
    model = compiled(0.1, Dense(3, input_dim=2, name="a"), BatchNormalization(name="b"), Dense(1, name="c"))
    norm, seen = WeightNorm(), []

    class Sum(Callback):
        def on_epoch_end(self, epoch, logs=None):
            a, b, c = model.layers
            parts = (a.kernel, a.bias), (b.gamma, b.beta), (c.kernel, c.bias)
            seen.append([sum(np.abs(w.numpy()).sum(dtype=float) for w in part) for part in parts])

    model.layers[0].trainable = False
    model.compile("sgd", "mse")
    model.fit(X, Y, epochs=3, verbose=0, callbacks=[norm, Sum()])
    assert norm.layers == ["a", "b", "c"]
    np.testing.assert_allclose(norm.table(), seen)


@pytest.mark.parametrize("logger", [GradientLogger(), WeightNorm()], ids=["gradients", "weights"])
def test_a_table_begins_anew_in_each_fit_and_may_be_empty(logger):
    """CB-17, CB-18."""
    assert logger.table().shape == (0, 0)
    model = compiled()
    model.fit(X, Y, epochs=3, verbose=0, callbacks=[logger])
    model.fit(X, Y, epochs=4, initial_epoch=2, verbose=0, callbacks=[logger])
    assert logger.epochs == [2, 3] and logger.table().shape == (2, 2)
