"""A loss that is no number: training ends, and the place where it began is named."""

import math

import numpy as np
import pytest

from tinygrad_edu.callbacks import LambdaCallback, NonFiniteLoss, TerminateOnNaN, nonfinite
from tinygrad_edu.layers import BatchNormalization, Dense, Lambda
from tinygrad_edu.models import Sequential

X, Y = np.linspace(-1, 1, 8).reshape(4, 2), np.arange(4.0)


def compiled(*layers):
    model = Sequential([Dense(3, input_dim=2, name="first"), *layers])
    model.compile("sgd", "mse")
    return model


def with_a_root():
    """A model whose second layer takes roots of negative numbers."""
    model = compiled(BatchNormalization(), Lambda(lambda x: x.sqrt(), name="root"), Dense(1, name="last"))
    model.layers[0].set_weights([-np.ones((2, 3)), np.zeros(3)])
    return model


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_training_ends_after_the_batch_and_the_spoiled_layers_are_named(bad, capsys):
    """CB-21."""
    model = compiled(Dense(1, name="last"))

    def spoil(batch, logs):
        if batch == 1:
            logs["loss"] = bad
            model.layers[1].bias.assign([bad])

    batches = []
    count = LambdaCallback(on_batch_end=lambda batch, logs: batches.append(batch))
    model.fit(X, Y, batch_size=1, epochs=3, verbose=0, callbacks=[LambdaCallback(on_batch_end=spoil), TerminateOnNaN(), count])
    assert batches == [0, 1]
    assert capsys.readouterr().out == f"Batch 1: the loss is {bad}, training ends. Not finite: last/bias.\n"


def test_a_finite_loss_goes_on(capsys):
    """CB-21."""
    model = compiled(Dense(1))
    assert model.fit(X, Y, epochs=3, verbose=0, callbacks=[TerminateOnNaN()]).epoch == [0, 1, 2]
    assert capsys.readouterr().out == ""


def loss_of(model):
    return lambda: model.loss(Y, model(X, training=True))


@pytest.mark.filterwarnings("ignore:invalid value")
def test_the_op_the_layer_and_the_batch_are_named():
    """CB-21: the batch is computed again, and nothing of the model is changed by that, moving averages included."""
    model = with_a_root()
    before = model.get_weights()
    with pytest.warns(NonFiniteLoss) as told:
        nonfinite.stop_training(model, 2, 7, loss_of(model))
    text = str(told[0].message)
    assert text.startswith("Training ends in batch 7 of epoch 3, whose loss is not finite. sqrt in layer 'sequential_")
    assert "/root'" in text and "expects finite results, got nan" in text and "Lower the learning rate" in text
    assert model.stop_training
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights()))


def test_weights_that_were_spoiled_before_are_named_and_how_to_find_the_gradient():
    """CB-21: where the last step was the culprit, computing again would only find the weights."""
    model = compiled(Dense(1, name="last"))
    model.layers[1].kernel.assign(np.full((3, 1), np.nan))
    text = nonfinite.explain(model, loss_of(model))
    assert text.startswith("Before it, the last step had spoiled last/kernel. Lower the learning rate")
    assert "with detect_anomaly(): model.fit(...)" in text


def test_what_does_not_come_again_is_said_to_be_random():
    """CB-21."""
    model = compiled(Dense(1))
    assert "Computed again, it is finite" in nonfinite.explain(model, loss_of(model))


# By itself, in fit ------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:invalid value")
def test_fit_ends_by_itself_with_the_weights_of_the_last_whole_step():
    """CB-21: and names op, layer and batch; the history has the epoch."""
    model = compiled(Lambda(lambda x: x.sqrt(), name="root"), Dense(1, name="last"))
    model.layers[0].set_weights([np.ones((2, 3)), np.zeros(3)])
    x, seen = np.array([[1.0, 1.0], [2.0, 2.0], [-1.0, -1.0], [1.0, 1.0]]), []
    note = LambdaCallback(on_batch_begin=lambda batch, logs: seen.append(model.get_weights()))
    text = r"in batch 2 of epoch 1, whose loss is not finite\. sqrt in layer '\w+/root'"
    with pytest.warns(NonFiniteLoss, match=text) as told:
        history = model.fit(x, np.ones(4), batch_size=1, epochs=9, shuffle=False, verbose=0, callbacks=note)
    assert model.optimizer.iterations == 2 and len(seen) == 3
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), seen[-1]))
    assert history.epoch == [0] and math.isnan(history.history["loss"][0])
    assert told.pop(NonFiniteLoss).filename == __file__


def test_a_rate_that_is_too_large_is_told_as_weights_that_are_spoiled():
    """CB-21: the loss of the first batch is finite, its step is not."""
    model = compiled(Dense(1, name="last"))
    model.optimizer.learning_rate = 1e38
    told = pytest.warns(NonFiniteLoss, match="Training ends in batch [123] of epoch 1.*Lower the learning rate")
    with told, np.errstate(all="ignore"):
        model.fit(X, Y, batch_size=1, epochs=9, verbose=0)
