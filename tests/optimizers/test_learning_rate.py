"""The learning rate of an optimizer: numbers, schedules, functions, Keras 2's decay, and what reads and sets it."""

import json
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import Variable, backend, optimizers
from tinygrad_edu.optimizers import SGD, Adam, schedules
from tinygrad_edu.optimizers.schedules import ExponentialDecay, PowerDecay
from tinygrad_edu.registry import custom_object_scope


def rates(optimizer, steps):
    """The rates of the first steps, read off the walk of a weight with gradient 1."""
    p = Variable([0.0], "float64")
    path = [0.0]
    for _ in range(steps):
        optimizer.apply([np.ones(1)], [p])
        path.append(p.item())
    return -np.diff(path)


# As a number ------------------------------------------------------------------------------------------


def test_the_rate_is_a_float_to_compare_to_calculate_with_and_to_print():
    """OPT-05."""
    rate = SGD(0.5).learning_rate
    assert isinstance(rate, float) and float(rate) == 0.5 and type(float(rate)) is float
    assert rate < 1 and rate * 2 == 1.0 and f"{rate:.2f}" == "0.50" and repr(rate) == "0.5" and json.dumps(rate) == "0.5"
    assert type(rate / 2) is float and rate.numpy() == np.float64(0.5)
    assert type(pickle.loads(pickle.dumps(rate))) is float


def test_the_backend_reads_and_sets_it():
    """OPT-05, K-03: as callbacks of books do."""
    optimizer = SGD(0.5)
    backend.set_value(optimizer.lr, backend.get_value(optimizer.lr) / 2)
    assert optimizer.learning_rate == 0.25
    backend.set_value(optimizer.learning_rate, 0.125)
    optimizer.lr.assign(optimizer.lr / 2)
    assert optimizer.lr == 0.0625
    weight = Variable([1.0, 2.0])
    backend.set_value(weight, [3.0, 4.0])
    assert backend.get_value(weight).tolist() == [3, 4]


def test_a_rate_of_0_is_legal():
    """LR-19: for those whose callback decides."""
    assert rates(SGD(lr=0.0, momentum=0.9), 2).tolist() == [0, 0]


# As a schedule ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [ExponentialDecay(0.5, 1, 0.5), lambda step: 0.5**(step + 1), ExponentialDecay(0.5, 1, 0.5).get_config() and
     {"class_name": "ExponentialDecay", "config": {"initial_learning_rate": 0.5, "decay_steps": 1, "decay_rate": 0.5}}],
    ids=["schedule", "function of the step", "config"],
)  # fmt: skip
@pytest.mark.parametrize("name", ["learning_rate", "lr"])
def test_a_schedule_may_stand_for_the_rate(given, name):
    """LR-11, OPT-02: under both names, by position too; it gets the steps done so far."""
    assert rates(SGD(**{name: given}), 3).tolist() == rates(SGD(given), 3).tolist() == [0.5, 0.25, 0.125]


def test_a_function_without_arguments_is_asked_at_every_step():
    """OPT-02."""
    values = iter([0.5, np.float32(0.25), 1, np.int64(2)])
    assert rates(SGD(lambda: next(values)), 4).tolist() == [0.5, 0.25, 1, 2]


@pytest.mark.parametrize("bad", [None, np.nan, -1, "x", [1, 2]], ids=repr)
def test_what_a_schedule_returns_is_checked(bad):
    """LR-19."""
    with pytest.raises((ValueError, TypeError), match="SGD expects"):
        rates(SGD(lambda: bad), 1)


@pytest.mark.parametrize("given", [ExponentialDecay, lambda step, rate: 0.1], ids=["class", "two arguments"])
def test_a_function_of_more_than_the_step_is_refused(given):
    """OPT-02: a class of schedules is such a function."""
    optimizer = SGD(0.1)
    for use in (SGD, lambda given: setattr(optimizer, "lr", given)):
        with pytest.raises(TypeError, match="SGD expects a schedule or a function of the step or of nothing, got one of"):
            use(given)
    assert optimizer.lr == 0.1 and optimizer.schedule is None


def test_reading_the_rate_asks_the_schedule():
    """OPT-05."""
    optimizer = SGD(ExponentialDecay(0.5, 1, 0.5))
    assert optimizer.learning_rate == optimizer.lr == 0.5
    rates(optimizer, 2)
    assert optimizer.learning_rate == 0.125


def test_looking_at_an_optimizer_does_not_ask_its_schedule():
    """OPT-24: neither printing nor writing it down takes a value from somebody's counter."""
    asked = []

    def counting():
        asked.append(1)
        return 0.1

    optimizer = SGD(counting)
    assert repr(optimizer) == "<SGD learning_rate=counting iterations=0>"
    assert optimizer.get_config()["learning_rate"] == {"class_name": "function", "config": "counting"} and not asked
    assert repr(SGD(PowerDecay(0.1, 3))) == "<SGD learning_rate=PowerDecay iterations=0>"


def test_a_number_does_not_silently_replace_a_schedule():
    """OPT-05."""
    optimizer = SGD(ExponentialDecay(0.5, 1, 0.5))
    for change in (lambda: setattr(optimizer, "lr", 0.1), lambda: optimizer.lr.assign(0.1)):
        with pytest.raises(
            TypeError, match=r"SGD expects no other learning_rate while a schedule rules.*Build the optimizer with a number"
        ):
            change()
    optimizer.learning_rate = PowerDecay(0.2, 1)  # another schedule is no accident
    assert optimizer.learning_rate == 0.2
    plain = SGD(0.1)
    plain.learning_rate = lambda: 0.3
    assert plain.learning_rate == 0.3


def test_with_a_schedule_the_rate_is_none_of_the_variables():
    """OPT-24."""
    assert len(SGD(0.1).variables) == 2 and len(SGD(ExponentialDecay(0.5, 1, 0.5)).variables) == 1


def halving(step):
    return 0.5 ** (step + 1)


def test_a_function_is_written_down_by_its_name():
    """OPT-24: and found again among the custom objects; a lambda cannot be."""
    config = json.loads(json.dumps(optimizers.serialize(SGD(halving))))
    twin = optimizers.deserialize(config, {"halving": halving})
    assert rates(twin, 2).tolist() == [0.5, 0.25]
    with pytest.raises(ValueError, match="halving"):
        optimizers.deserialize(config)
    with custom_object_scope({"halving": halving}):
        assert optimizers.get(config).schedule is halving
    with pytest.raises(TypeError, match="Define it with def"):
        SGD(lambda: 0.1).get_config()


# Keras 2's decay --------------------------------------------------------------------------------------


@given(rate=st.floats(1e-3, 1), decay=st.floats(0, 10))
def test_decay_divides_by_1_plus_d_times_the_steps_done(rate, decay):
    """OPT-04, LR-01, D2: t from 0, per step and not per epoch."""
    np.testing.assert_allclose(rates(SGD(lr=rate, decay=decay), 5), rate / (1 + decay * np.arange(5)), rtol=1e-9, atol=1e-12)


def test_decay_leaves_the_rate_that_is_reported():
    """OPT-04."""
    optimizer = SGD(lr=0.1, decay=1.0)
    rates(optimizer, 5)
    assert optimizer.learning_rate == 0.1


def test_the_ionosphere_tutorial_ends_at_450_steps():
    """LR-01: 235 rows in batches of 28 are 9 steps an epoch; step 450 would take 0.1 / 1.9."""
    optimizer = SGD(lr=0.1, momentum=0.0, decay=0.1 / 50)
    found = rates(optimizer, 450)
    assert found[-1] == pytest.approx(0.1 / (1 + 0.002 * 449)) and optimizer.iterations == 450


@pytest.mark.parametrize(
    "name", ["sgd", "rmsprop", "adagrad", "adadelta", "adam", "adamw", "adamax", "nadam", "ftrl", "lion", "lamb"]
)
def test_every_optimizer_takes_lr_and_decay(name):
    """OPT-03, OPT-04."""
    cls = type(optimizers.get(name))
    p, q = Variable([1.0], "float64"), Variable([1.0], "float64")
    by_decay, by_schedule = cls(lr=0.1, decay=0.5), cls(PowerDecay(0.1, k=2))
    assert by_decay.lr == 0.1
    for _ in range(4):
        by_decay.apply([np.ones(1)], [p])
        by_schedule.apply([np.ones(1)], [q])
    assert p.item() == q.item()


@pytest.mark.parametrize("make", [lambda: SGD(PowerDecay(0.1, 1), decay=0.1), lambda: Adam(lambda: 0.1, decay=0.1)])
def test_decay_beside_a_schedule_is_refused(make):
    """OPT-04."""
    with pytest.raises(ValueError, match="expects a schedule or decay, got both"):
        make()
    with pytest.raises(ValueError, match="expects a schedule or decay"):
        SGD(0.1, decay=0.1).learning_rate = PowerDecay(0.1, 1)


def test_iterations_can_be_set():
    """OPT-06: to go on where another program stopped."""
    optimizer = SGD(lr=0.1, decay=1.0)
    optimizer.iterations = 9
    assert rates(optimizer, 1).tolist() == [0.01] and optimizer.iterations == 10
    for bad in (-1, 1.5):
        with pytest.raises((ValueError, TypeError), match="SGD expects iterations"):
            optimizer.iterations = bad


def test_the_modules_names_are_all_there():
    """PKG-05."""
    for name in ("SGD", "RMSprop", "Adagrad", "Adadelta", "Adam", "AdamW", "Adamax", "Nadam", "Ftrl", "Lion", "schedules", "get",
                 "serialize", "deserialize", "Optimizer"):  # fmt: skip
        assert hasattr(optimizers, name)
    assert schedules.LearningRateSchedule
