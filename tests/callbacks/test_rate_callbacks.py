"""Callbacks that set the learning rate: by the epoch, by success, by the step."""

import math
from functools import partial

import numpy as np
import pytest

from tinygrad_edu.callbacks import Callback, LearningRateScheduler, OneCycleScheduler, ReduceLROnPlateau
from tinygrad_edu.layers import Dense
from tinygrad_edu.models import Sequential
from tinygrad_edu.optimizers import SGD, schedules

X, Y = np.arange(8.0).reshape(4, 2) / 10, np.array([0, 1, 1, 0])


def compiled(optimizer=None):
    model = Sequential([Dense(1, input_dim=2, activation="sigmoid")])
    model.compile(optimizer or SGD(0.1), "bce")
    return model


def rates(schedule, epochs=4, **fit):
    """The learning rate of each epoch under a LearningRateScheduler."""
    history = compiled().fit(X, Y, epochs=epochs, verbose=0, callbacks=[LearningRateScheduler(schedule)], **fit)
    return history.history["learning_rate"]


# The tutorials' schedules -----------------------------------------------------------------------------


def step_decay(epoch):
    initial_lrate = 0.1
    drop = 0.5
    epochs_drop = 10.0
    return initial_lrate * math.pow(drop, math.floor((1 + epoch) / epochs_drop))


def test_the_drop_decay_of_the_tutorial_drops_in_the_tenth_epoch():
    """LR-04, SCR-02: nine epochs at 0.1, though its prose says ten; the object says the same."""
    found = rates(step_decay, 30)
    assert found == [0.1] * 9 + [0.05] * 10 + [0.025] * 10 + [0.0125]
    assert found == rates(schedules.StepDecay(0.1, 0.5, 10.0), 30)


def test_the_rate_of_the_optimizer_is_ignored():
    """LR-04, LR-19: SGD(lr=0.0) learns at the schedule's rate."""
    by_zero, by_rate = (compiled(SGD(lr=lr, momentum=0.9, decay=0.0, nesterov=False)) for lr in (0.0, 0.05))
    by_rate.set_weights(by_zero.get_weights())
    for model, callbacks in ((by_zero, [LearningRateScheduler(lambda epoch: 0.05)]), (by_rate, [])):
        model.fit(X, Y, epochs=3, verbose=0, shuffle=False, callbacks=callbacks)
    for found, expected in zip(by_zero.get_weights(), by_rate.get_weights()):
        np.testing.assert_array_equal(found, expected)


def exponential_decay(lr0, s):
    def exponential_decay_fn(epoch):
        return lr0 * 0.1 ** (epoch / s)

    return exponential_decay_fn


def test_exponential_scheduling_of_the_tutorial():
    """LR-06, SCR-16."""
    found = rates(exponential_decay(lr0=0.01, s=20), 21)
    assert found == [0.01 * 0.1 ** (e / 20) for e in range(21)] and found[-1] == pytest.approx(0.001)
    np.testing.assert_allclose(found, rates(schedules.ExponentialDecay(0.01, 20, 0.1), 21), rtol=1e-12)


def piecewise_constant_fn(epoch):
    if epoch < 5:
        return 0.01
    elif epoch < 15:
        return 0.005
    else:
        return 0.001


def test_piecewise_scheduling_of_the_tutorial():
    """LR-07: an object's boundary still belongs to the value before, so that it is one less."""
    found = rates(piecewise_constant_fn, 20)
    assert found == [0.01] * 5 + [0.005] * 10 + [0.001] * 5
    assert found == rates(schedules.PiecewiseConstantDecay([4, 14], [0.01, 0.005, 0.001]), 20)


def test_the_tutorials_table_comes_out_of_training():
    """LR-02."""
    table = [0.1, 0.0999000999, 0.0997006985, 0.09940249103, 0.09900646517]
    np.testing.assert_allclose(rates(schedules.TimeBasedDecay(0.1, 0.001), 5), table, rtol=1e-9)


# One argument or two ----------------------------------------------------------------------------------


class Halving:
    def __call__(self, epoch, rate):
        return rate / 2


# fmt: off
SIGNATURES = {
    "(epoch)": (lambda epoch: 0.1 / (epoch + 1), [0.1, 0.05]),
    "(epoch, lr)": (lambda epoch, lr: lr / 2, [0.05, 0.025]),
    "(e, r)": (lambda e, r: r / 2, [0.05, 0.025]),
    "(epoch, lr=None)": (lambda epoch, lr=None: lr / 2, [0.05, 0.025]),
    "(epoch, learning_rate=1)": (lambda epoch, learning_rate=1.0: learning_rate / 2, [0.05, 0.025]),
    "(epoch, s=20)": (lambda epoch, s=20.0: 0.1 * 0.1 ** (epoch / s), [0.1, 0.1 * 0.1**0.05]),
    "(epoch, *, lr)": (lambda epoch, *, s=2: 0.1 / s, [0.05, 0.05]),
    "(*arguments)": (lambda *a: 0.1 / len(a), [0.1, 0.1]),
    "partial": (partial(lambda s, epoch: 0.1 / s, 2), [0.05, 0.05]),
    "method": (Halving().__call__, [0.05, 0.025]),
    "object": (Halving(), [0.05, 0.025]),
    "function in C": (math.exp, [1.0, math.e]),
    "schedule": (schedules.ExponentialDecay(0.1, 1, 0.5), [0.1, 0.05]),
}
# fmt: on


@pytest.mark.parametrize(("schedule", "expected"), SIGNATURES.values(), ids=SIGNATURES)
def test_the_signature_decides_what_a_schedule_is_given(schedule, expected):
    """LR-20: a default is nobody's learning rate."""
    assert rates(schedule, 2) == pytest.approx(expected)


def test_a_type_error_inside_is_not_hidden():
    """LR-20: nothing is tried twice."""
    calls = []

    def broken(epoch):
        calls.append(epoch)
        return 0.1 + "x"

    with pytest.raises(TypeError, match="unsupported operand"):
        rates(broken)
    assert calls == [0]


@pytest.mark.parametrize(
    "schedule", [lambda: 0.1, lambda epoch, rate, model: 0.1, 0.1, None], ids=["none", "three", "number", "None"]
)
def test_what_is_no_function_of_the_epoch_is_refused_at_once(schedule):
    """LR-20."""
    with pytest.raises(TypeError, match="LearningRateScheduler expects a function of"):
        LearningRateScheduler(schedule)


@pytest.mark.parametrize("bad", [None, np.nan, -0.1, "x", np.inf], ids=repr)
def test_what_a_schedule_returns_is_checked(bad):
    """LR-19."""
    with pytest.raises(ValueError, match="LearningRateScheduler expects the rate of epoch 0"):
        rates(lambda epoch: bad)


@pytest.mark.parametrize("rate", [1, np.float32(0.5), np.float64(0.5), np.int64(1), np.array(0.5)], ids=repr)
def test_any_number_will_do(rate):
    """LR-19: Keras refuses whole ones."""
    assert rates(lambda epoch: rate, 2) == [float(rate)] * 2


def test_initial_epoch_moves_the_schedule():
    """LR-06, FIT-06: epochs start at 0 in every fit, unless told."""
    assert rates(lambda epoch: epoch / 10, 5, initial_epoch=3) == [0.3, 0.4]


def test_verbose_tells_every_rate(capsys):
    """CB-11."""
    compiled().fit(X, Y, epochs=2, verbose=0, callbacks=[LearningRateScheduler(step_decay, verbose=1)])
    assert capsys.readouterr().out == "".join(f"Epoch {e}: LearningRateScheduler setting learning rate to 0.1.\n" for e in (1, 2))


def test_the_history_has_the_rate_under_both_names():
    """LR-17, D26: stored once, so that a table of it has no column twice."""
    history = compiled().fit(X, Y, epochs=2, verbose=0, callbacks=LearningRateScheduler(step_decay)).history
    assert history["lr"] is history["learning_rate"] and list(history) == ["loss", "learning_rate"]
    assert "lr" in history and history.get("lr") == [0.1, 0.1]
    plain = compiled().fit(X, Y, verbose=0).history
    assert "lr" not in plain and plain.get("lr") is None and plain.get("lr", 3) == 3
    with pytest.raises(KeyError, match="lr"):
        plain["lr"]
    assert type(history["lr"][0]) is float


@pytest.mark.parametrize(
    "callback",
    [LearningRateScheduler(step_decay), ReduceLROnPlateau(), OneCycleScheduler(10, 0.1)],
    ids=lambda callback: type(callback).__name__,
)
@pytest.mark.parametrize("schedule", [schedules.StepDecay(0.1, 0.5, 10), lambda: 0.1], ids=["schedule", "function"])
def test_a_schedule_in_the_optimizer_and_a_callback_do_not_go_together(callback, schedule):
    """CB-12, OPT-05: said before the first step."""
    model = compiled(SGD(schedule))
    with pytest.raises(TypeError, match=f"{type(callback).__name__} expects an optimizer whose learning_rate is a number"):
        model.fit(X, Y, verbose=0, callbacks=[callback])
    assert model.optimizer.iterations == 0


# Plateaus ---------------------------------------------------------------------------------------------


class Say(Callback):
    """Puts values into the logs, one per epoch."""

    def __init__(self, name, values):
        self.name, self.values = name, values

    def on_epoch_end(self, epoch, logs=None):
        if self.values[epoch] is None:
            logs.pop(self.name, None)
        else:
            logs[self.name] = self.values[epoch]


def plateau(values, name="val_loss", rate=1.0, **settings):
    """The rate after each epoch in which a log has these values."""
    after = []

    class Read(Callback):
        def on_epoch_end(self, epoch, logs=None):
            after.append(float(self.model.optimizer.lr))

    callback = ReduceLROnPlateau(name, **settings)
    callbacks = [Say(name, values), callback, Read()]
    compiled(SGD(rate)).fit(X, Y, epochs=len(values), verbose=0, callbacks=callbacks)
    return after


# fmt: off
PLATEAUS = {
    "better and better": ([5, 4, 3, 2, 1], {"patience": 1}, [1, 1, 1, 1, 1]),
    "patience": ([5, 5, 5, 5, 5], {"patience": 2}, [1, 1, 0.5, 0.5, 0.25]),
    "patience 0 is 1": ([5, 5, 5], {"patience": 0}, [1, 0.5, 0.25]),
    "the best counts, not the last": ([1, 3, 2, 2], {"patience": 3}, [1, 1, 1, 0.5]),
    "min_delta": ([5, 4.95, 4.9, 4.85], {"patience": 1, "min_delta": 0.1}, [1, 0.5, 0.25, 0.25]),
    "epsilon is min_delta": ([5, 4.95, 4.9, 4.85], {"patience": 1, "epsilon": 0.1}, [1, 0.5, 0.25, 0.25]),
    "min_lr": ([5] * 5, {"patience": 1, "min_lr": 0.3}, [1, 0.5, 0.3, 0.3, 0.3]),
    "cooldown": ([5] * 7, {"patience": 1, "cooldown": 3}, [1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25]),
    "nan is never better": ([np.nan, np.nan, 1, np.nan], {"patience": 2}, [1, 0.5, 0.5, 0.5]),
    "max": ([1, 2, 3, 3, 3], {"patience": 2, "mode": "max"}, [1, 1, 1, 1, 0.5]),
    "min of what rises": ([1, 2, 3], {"patience": 1, "mode": "min"}, [1, 0.5, 0.25]),
}
# fmt: on


@pytest.mark.parametrize(("values", "settings", "expected"), PLATEAUS.values(), ids=PLATEAUS)
def test_a_plateau_makes_the_rate_smaller(values, settings, expected):
    """LR-08, CB-12."""
    assert plateau(values, factor=0.5, **settings) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("name", "rises"), [("val_accuracy", True), ("val_acc", True), ("auc", True), ("val_loss", False), ("out_loss", False)]
)
def test_auto_goes_by_the_name(name, rises):
    """CB-12."""
    values = [1, 2, 3] if rises else [3, 2, 1]
    assert plateau(values, name, patience=1, factor=0.5) == [1, 1, 1]
    assert plateau(values[::-1], name, patience=1, factor=0.5) == [1, 0.5, 0.25]


def test_the_logged_rate_is_the_one_that_the_epoch_had():
    """LR-17, CB-12."""
    history = compiled(SGD(1.0)).fit(
        X, Y, epochs=3, verbose=0, callbacks=[Say("val_loss", [5, 5, 5]), ReduceLROnPlateau(factor=0.5, patience=1)]
    )
    assert history.history["lr"] == [1, 1, 0.5]


def test_a_callback_starts_anew_in_every_fit():
    """CB-12: what it saw before does not count."""
    model, callback = compiled(SGD(1.0)), ReduceLROnPlateau("loss", factor=0.5, patience=3, min_delta=100)
    for _ in range(3):
        model.fit(X, Y, epochs=3, verbose=0, callbacks=[callback])
    assert model.optimizer.lr == 1


def test_a_log_that_is_missing_is_told_with_those_there_are():
    """CB-12, CB-10."""
    model = compiled()
    with pytest.warns(
        UserWarning, match="ReduceLROnPlateau expects the log 'val_loss', got loss, learning_rate. Pass validation_data"
    ):
        model.fit(X, Y, verbose=0, callbacks=[ReduceLROnPlateau()])
    assert model.optimizer.lr == 0.1


@pytest.mark.parametrize(
    ("settings", "word"),
    [({"factor": 1.0}, "factor < 1"), ({"factor": -1}, "factor"), ({"patience": -1}, "patience"), ({"mode": "best"}, "mode"),
     ({"min_lr": -1}, "min_lr"), ({"cooldown": 1.5}, "cooldown"), ({"patence": 1}, "patence")],
)  # fmt: skip
def test_nonsense_is_refused(settings, word):
    """CB-12."""
    with pytest.raises((ValueError, TypeError), match=f"ReduceLROnPlateau expects.*{word}"):
        ReduceLROnPlateau(**settings)


def test_verbose_tells_the_reductions(capsys):
    """CB-12."""
    plateau([5, 5, 4], factor=0.5, patience=1, verbose=1)
    assert capsys.readouterr().out == "Epoch 2: ReduceLROnPlateau setting learning rate to 0.5.\n"


def test_a_scheduler_later_in_the_list_has_the_last_word():
    """CB-12."""
    callbacks = [Say("val_loss", [5] * 3), ReduceLROnPlateau(factor=0.5, patience=1), LearningRateScheduler(lambda epoch: 0.25)]
    history = compiled(SGD(1.0)).fit(X, Y, epochs=3, verbose=0, callbacks=callbacks)
    assert history.history["lr"] == [0.25] * 3


# One cycle --------------------------------------------------------------------------------------------


class Steps(Callback):
    def __init__(self):
        self.rates = []

    def on_train_batch_end(self, batch, logs=None):
        self.rates.append(float(self.model.optimizer.lr))


def test_one_cycle_goes_up_down_and_out():
    """LR-09: 25 steps, 3 of them the end; from 0.1 to 1 in 11, back in 11, and to 0.0001."""
    seen = Steps()
    compiled().fit(X, Y, epochs=5, batch_size=1, verbose=0, callbacks=[OneCycleScheduler(20, 1.0, last_iterations=4), seen])
    up, down = np.linspace(0.1, 1, 9)[:-1], np.linspace(1, 0.1, 9)[:-1]
    np.testing.assert_allclose(seen.rates, [*up, *down, *np.linspace(0.1, 0.0001, 5)[:-1]], rtol=1e-12)


def test_one_cycle_by_default():
    """LR-09."""
    cycle = OneCycleScheduler(100, 0.5)
    assert (cycle.start_rate, cycle.last_iterations, cycle.last_rate, cycle.half) == (0.05, 11, 0.05 / 1000, 44)
    assert [cycle.rate(step) for step in (0, 44, 88, 100, 1000)] == pytest.approx([0.05, 0.5, 0.05, 0.00005, 0.00005])


@pytest.mark.parametrize("arguments", [(0, 0.1), (2, 0.1), (10, 0), (10, -1), (10.5, 1)], ids=str)
def test_a_cycle_needs_steps_and_a_rate(arguments):
    """LR-09."""
    with pytest.raises((ValueError, TypeError), match="OneCycleScheduler expects"):
        OneCycleScheduler(*arguments)
