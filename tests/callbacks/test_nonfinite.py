"""A loss that is no number: training ends, and the place where it began is named."""

import math

import numpy as np
import pytest

from tinygrad_edu.callbacks import LambdaCallback, NonFiniteLoss, TerminateOnNaN, nonfinite
from tinygrad_edu.layers import BatchNormalization, Dense, Dropout, Lambda
from tinygrad_edu.models import Sequential
from tinygrad_edu.optimizers import SGD

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
    assert text.startswith("Training ends in batch 7 of epoch 3, whose loss is not finite: this step was not taken. sqrt in ")
    assert "/root'" in text and "expects finite results, got nan" in text and "Lower the learning rate" in text
    assert model.stop_training
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights()))


def test_weights_that_were_spoiled_before_are_named_and_how_to_find_the_gradient():
    """CB-21: where the last step was the culprit, computing again would only find the weights."""
    model = compiled(Dense(1, name="last"))
    model.layers[1].kernel.assign(np.full((3, 1), np.nan))
    text = nonfinite.explain(model, loss_of(model))
    assert text.startswith("The step before it spoiled last/kernel, which matrix_product in layer 'sequential")
    assert "/last' was the first to meet. Lower the learning rate" in text
    assert "with detect_anomaly(): model.fit(...)" in text


def test_what_does_not_come_again_is_said_to_be_random():
    """CB-21."""
    model = compiled(Dense(1))
    assert "Computed again, it is finite" in nonfinite.explain(model, loss_of(model))


# What fit does by itself --------------------------------------------------------------------------


def ended(model, x=X, y=Y, **told):
    """The warning of a fit that ends by itself, and what it returns."""
    with pytest.warns(NonFiniteLoss, match="Training ends") as caught, np.errstate(all="ignore"):
        history = model.fit(x, y, verbose=0, **told)
    [warning] = [w for w in caught if w.category is NonFiniteLoss]
    assert warning.filename == __file__
    return str(warning.message), history


def test_a_training_that_explodes_ends_in_the_first_batch_whose_loss_is_none():
    """CB-21: the weights are those of the last whole step, and finite; the epoch gets its end."""
    model = Sequential([Dense(8, input_dim=2, activation="relu"), Dense(1)])
    model.set_weights([np.linspace(-1, 1, w.size).reshape(w.shape) for w in model.weights])
    model.compile(SGD(10.0), "mse")
    steps, epochs = [], []
    tell = LambdaCallback(
        on_batch_end=lambda batch, logs: steps.append(logs["loss"]), on_epoch_end=lambda epoch, logs: epochs.append(epoch)
    )
    text, history = ended(model, X.repeat(50, 0), 100 * Y.repeat(50, 0), epochs=9, batch_size=10, shuffle=False, callbacks=[tell])
    assert np.isfinite(steps[:-1]).all() and not np.isfinite(steps[-1])
    assert f"batch {(len(steps) - 1) % 20} of epoch {len(epochs)}, whose loss is not finite: this step was not taken" in text
    assert "In the loss function: square expects finite results, got inf" in text
    assert history.epoch == epochs and model.optimizer.iterations == len(steps) - 1
    assert all(np.isfinite(w).all() for w in model.get_weights())


def test_infinite_weights_are_named_with_the_op_that_met_them():
    """CB-21."""
    model = compiled(Dense(1, name="last"))
    model.layers[1].kernel.assign(np.full((3, 1), np.inf))
    text, _ = ended(model)
    assert "batch 0 of epoch 1" in text and "spoiled last/kernel" in text


def test_a_loss_with_a_logarithm_of_zero_is_named():
    """CB-21: the user's own loss, in its own line."""
    model = Sequential([Dense(1, input_dim=2, activation="sigmoid", kernel_initializer="zeros", name="only")])
    model.compile("sgd", lambda y_true, y_pred: (y_pred - 0.5).log())
    text, _ = ended(model)
    assert "In the loss function: log expects finite results, got -inf at (0, 0)" in text and "(y_pred - 0.5).log()" in text
    assert all((w == 0).all() for w in model.get_weights())


def test_layers_are_named_and_what_they_moved_is_moved_back():
    """CB-21: masks are drawn again as they were; moving averages and counters stay those of the step before."""
    model = compiled(BatchNormalization(), Dropout(0.5, seed=1), Lambda(lambda x: (x - 9.0).sqrt(), name="root"), Dense(1))
    before, counter = model.get_weights(), model.layers[2].seed_generator.counter
    text, _ = ended(model)
    assert "sqrt in layer 'sequential" in text and "/root' expects finite results, got nan" in text
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights()))
    assert model.layers[2].seed_generator.counter == counter


def test_a_single_batch_without_a_finite_loss_moves_nothing_and_says_nan():
    """CB-21: who calls train_on_batch decides."""
    model = with_a_root()
    before = model.get_weights()
    with np.errstate(all="ignore"):
        assert math.isnan(model.train_on_batch(X, Y))
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights()))


def test_a_train_step_of_ones_own_ends_too():
    """CB-21: what it has spoiled is named."""

    class Own(Sequential):
        def train_step(self, data):
            self.weights[0].assign(np.full(self.weights[0].shape, np.nan))
            return {"loss": math.nan, "more": np.zeros(3)}

    model = Own([Dense(1, input_dim=2, name="only")])
    model.compile("sgd", "mse")
    text, _ = ended(model, epochs=5)
    assert text.startswith("Training ends in batch 0 of epoch 1, whose loss is not finite. Not finite now: only/kernel.")


def test_a_loss_of_several_numbers_in_the_logs_of_ones_own_step_goes_on():
    """CB-21: what "loss" means there nobody knows."""

    class Own(Sequential):
        def train_step(self, data):
            return {"loss": np.array([np.nan, 1.0])}

    model = Own([Dense(1, input_dim=2)])
    model.compile("sgd", "mse")
    assert model.fit(X, Y, epochs=2, verbose=0).epoch == [0, 1]


@pytest.mark.filterwarnings("ignore:invalid value")
def test_fit_ends_by_itself_with_the_weights_of_the_last_whole_step():
    """CB-21: and names op, layer and batch; the history has the epoch."""
    model = compiled(Lambda(lambda x: x.sqrt(), name="root"), Dense(1, name="last"))
    model.layers[0].set_weights([np.ones((2, 3)), np.zeros(3)])
    x, seen = np.array([[1.0, 1.0], [2.0, 2.0], [-1.0, -1.0], [1.0, 1.0]]), []
    note = LambdaCallback(on_batch_begin=lambda batch, logs: seen.append(model.get_weights()))
    text = r"in batch 2 of epoch 1, whose loss is not finite: this step was not taken. sqrt in layer '\w+/root'"
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
