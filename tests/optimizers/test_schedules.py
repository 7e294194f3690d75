"""Every schedule against its formula, in numbers worked by hand and in laws."""

import importlib.util
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu.optimizers import schedules
from tinygrad_edu.optimizers.schedules import (
    CosineDecay,
    CosineDecayRestarts,
    ExponentialDecay,
    InverseTimeDecay,
    LearningRateSchedule,
    PiecewiseConstantDecay,
    PolynomialDecay,
    PowerDecay,
    StepDecay,
    TimeBasedDecay,
    decay_over,
)
from tinygrad_edu.optimizers.schedules.schedule import _registry

half_wave = lambda share: (1 + math.cos(math.pi * share)) / 2

# fmt: off
BY_HAND = {
    "LR-02": (TimeBasedDecay(0.1, 0.001),
              {0: 0.1, 1: 0.1 / 1.001, 2: 0.1 / 1.001 / 1.002, 4: 0.1 / (1.001 * 1.002 * 1.003 * 1.004)}),
    "LR-04": (StepDecay(0.1, 0.5, 10), {0: 0.1, 8: 0.1, 9: 0.05, 18: 0.05, 19: 0.025, 99: 0.1 / 1024}),
    "LR-04, without + 1": (StepDecay(0.1, 0.5, 10, offset=0), {0: 0.1, 9: 0.1, 10: 0.05, 20: 0.025}),
    "LR-05": (PowerDecay(0.01, 100), {0: 0.01, 100: 0.005, 300: 0.0025}),
    "LR-05, c": (PowerDecay(0.01, 100, 2), {0: 0.01, 100: 0.0025}),
    "LR-06": (ExponentialDecay(0.01, 20, 0.1), {0: 0.01, 10: 0.01 * 0.1**0.5, 20: 0.001, 40: 0.0001}),
    "LR-07": (PiecewiseConstantDecay([4, 14], [0.01, 0.005, 0.001]),
              {0: 0.01, 4: 0.01, 4.5: 0.005, 5: 0.005, 14: 0.005, 15: 0.001}),
    "LR-12": (ExponentialDecay(0.1, 10, 0.5, staircase=True), {0: 0.1, 9: 0.1, 10: 0.05, 19: 0.05, 20: 0.025}),
    "LR-13": (InverseTimeDecay(0.1, 10, 0.5), {0: 0.1, 10: 0.1 / 1.5, 20: 0.05}),
    "LR-13, staircase": (InverseTimeDecay(0.1, 10, 0.5, staircase=True), {9: 0.1, 10: 0.1 / 1.5, 19: 0.1 / 1.5, 20: 0.05}),
    "LR-14": (PolynomialDecay(0.1, 10, 0.02), {0: 0.1, 5: 0.06, 10: 0.02, 100: 0.02}),
    "LR-14, power": (PolynomialDecay(0.1, 10, 0.02, power=2), {0: 0.1, 5: 0.04, 10: 0.02}),
    "LR-14, cycle": (PolynomialDecay(0.1, 10, 0.0, cycle=True),
                     {0: 0.1, 5: 0.05, 10: 0.0, 11: 0.1 * (1 - 11 / 20), 20: 0.0, 25: 0.1 / 6}),
    "LR-15": (CosineDecay(0.1, 10), {0: 0.1, 5: 0.05, 10: 0.0, 50: 0.0, 2: 0.1 * half_wave(0.2)}),
    "LR-15, alpha": (CosineDecay(0.1, 10, alpha=0.2), {0: 0.1, 5: 0.06, 10: 0.02, 11: 0.02}),
    "LR-15, warm-up": (CosineDecay(0.0, 10, warmup_target=0.1, warmup_steps=4),
                       {0: 0.0, 2: 0.05, 4: 0.1, 9: 0.05, 14: 0.0, 99: 0.0}),
    "LR-16": (CosineDecayRestarts(0.1, 10), {0: 0.1, 5: 0.05, 10: 0.1, 20: 0.05, 30: 0.1, 50: 0.05, 70: 0.1}),
    "LR-16, multipliers": (CosineDecayRestarts(0.1, 10, t_mul=1.0, m_mul=0.5, alpha=0.1),
                           {0: 0.1, 5: 0.055, 10: 0.05, 25: 0.01375}),
}
# fmt: on


def test_every_schedule_has_rates_worked_by_hand():
    """LR-11: none can be added without."""
    assert {type(schedule) for schedule, _ in BY_HAND.values()} == {_registry._maker(name) for name in _registry}


@pytest.mark.parametrize(("schedule", "expected"), BY_HAND.values(), ids=BY_HAND)
def test_rates_by_hand(schedule, expected):
    """LR-02 to LR-16."""
    assert {step: schedule(step) for step in expected} == pytest.approx(expected, rel=1e-12, abs=1e-15)


@pytest.mark.parametrize(("schedule", "_"), BY_HAND.values(), ids=BY_HAND)
def test_a_schedule_is_written_down_and_made_again(schedule, _):
    """LR-11: as plain data, by its class and by its registry."""
    config = json.loads(json.dumps(schedules.serialize(schedule)))
    for twin in (schedules.deserialize(config), schedules.get(config), type(schedule).from_config(config["config"])):
        assert type(twin) is type(schedule) and repr(twin) == repr(schedule)
        assert [twin(step) for step in range(30)] == [schedule(step) for step in range(30)]


@pytest.mark.parametrize(("schedule", "_"), BY_HAND.values(), ids=BY_HAND)
def test_a_schedule_is_a_function_of_the_step_alone(schedule, _):
    """LR-11: in any order, of any kind of number, and always a float."""
    steps = [0, 7, 3, 29, 3]
    there, back = [schedule(step) for step in steps], [schedule(step) for step in steps[::-1]][::-1]
    assert there == back == [schedule(np.int64(step)) for step in steps]
    assert all(isinstance(rate, float) and rate >= 0 for rate in there)


def test_the_table_of_the_tutorial_to_its_last_digit():
    """LR-02, D3: printed with eleven digits."""
    table = ["0.1", "0.0999000999", "0.0997006985", "0.09940249103", "0.09900646517"]
    assert [f"{TimeBasedDecay(0.1, 0.001)(epoch):.10g}" for epoch in range(5)] == table


@given(initial=st.floats(0.01, 1), decay=st.floats(0, 0.1), epoch=st.integers(0, 60))
def test_time_based_decay_in_closed_form(initial, decay, epoch):
    """LR-02: η0 / Π (1 + d i)."""
    expected = initial / np.prod([1 + decay * i for i in range(1, epoch + 1)])
    assert TimeBasedDecay(initial, decay)(epoch) == pytest.approx(expected, rel=1e-12)


@given(initial=st.floats(0.01, 1), decay=st.floats(1e-6, 0.5), step=st.integers(0, 10_000))
def test_three_spellings_of_keras_2s_decay(initial, decay, step):
    """LR-05."""
    expected = initial / (1 + decay * step)
    assert PowerDecay(initial, 1 / decay)(step) == pytest.approx(expected, rel=1e-9)
    assert InverseTimeDecay(initial, 1, decay)(step) == pytest.approx(expected, rel=1e-9)


@given(step=st.floats(0, 1e6), first=st.floats(1, 1000), t_mul=st.floats(1, 3))
def test_restarts_find_their_period_as_counting_does(step, first, t_mul):
    """LR-16: the closed form against walking through the periods one by one."""
    length, begins, height = first, 0.0, 1.0
    while begins + length <= step and length < 1e9:
        begins, length, height = begins + length, length * t_mul, height * 0.9
    share = (step - begins) / length
    if 1e-9 < share < 1 - 1e-9:  # beside the jump
        found = CosineDecayRestarts(1.0, first, t_mul, 0.9)(step)
        assert found == pytest.approx(height * half_wave(share), rel=1e-5, abs=1e-6)


def test_every_restart_begins_at_the_top():
    """LR-16: exactly, at each power of t_mul."""
    for t_mul in (1.5, 2, 3):
        schedule, begins = CosineDecayRestarts(1.0, 10, t_mul), 0.0
        for period in range(12):
            assert schedule(begins) == pytest.approx(1.0, abs=1e-9)
            begins += 10 * t_mul**period


def test_decay_over_is_the_rate_by_the_epochs():
    """LR-03."""
    assert decay_over(0.1, 50) == 0.002
    for bad in ((-1, 50), (0.1, 0)):
        with pytest.raises(ValueError, match="decay_over expects"):
            decay_over(*bad)


WRONG = {
    "decay_steps": lambda: ExponentialDecay(0.1, 0, 0.5),
    "decay_steps below 0": lambda: CosineDecay(0.1, -1),
    "initial_learning_rate": lambda: PolynomialDecay(-0.1, 10),
    "initial": lambda: StepDecay(None, 0.5, 10),
    "values": lambda: PiecewiseConstantDecay([1], [0.1, np.nan]),
    "epoch": lambda: TimeBasedDecay(0.1, 0.1)(-1),
    "one value more": lambda: PiecewiseConstantDecay([1, 2], [0.1, 0.2]),
    "increasing order": lambda: PiecewiseConstantDecay([2, 1], [0.1, 0.2, 0.3]),
    "t_mul": lambda: CosineDecayRestarts(0.1, 10, t_mul=0.5),
    "no keyword 'decay_step'": lambda: ExponentialDecay(0.1, decay_steps=1, decay_rate=1, decay_step=3),
}


@pytest.mark.parametrize(("make", "word"), [(make, word.split(" below")[0]) for word, make in WRONG.items()], ids=WRONG)
def test_nonsense_is_refused(make, word):
    """LR-07, LR-12."""
    with pytest.raises((ValueError, TypeError), match=f"expects.*{word}"):
        make()


def test_a_schedule_of_ones_own():
    """LR-11: two methods, as in Keras; without super().__init__() too."""

    class Linear(LearningRateSchedule):
        def __init__(self, slope):
            self.slope = slope

        def __call__(self, step):
            return self.slope * step

    assert Linear(2.0).get_config() == {"slope": 2.0} and Linear.from_config({"slope": 2.0})(3) == 6
    twin = schedules.deserialize(schedules.serialize(Linear(2.0)), {"Linear": Linear})
    assert twin(2) == 4
    with pytest.raises(NotImplementedError, match="expects a method __call__"):
        LearningRateSchedule()(0)


@pytest.mark.parametrize("what", ["expnential_decay", "StepDecy"])
def test_an_unknown_schedule_lists_the_near_ones(what):
    with pytest.raises(ValueError, match=r"Did you mean '(exponential|step)_decay'"):
        schedules.get(what)


@pytest.mark.skipif(importlib.util.find_spec("matplotlib") is None, reason="needs matplotlib")
def test_a_schedule_shows_its_curve(monkeypatch):
    """LR-18: any function of an epoch does, and into given axes."""
    monkeypatch.setenv("MPLBACKEND", "agg")
    from matplotlib import pyplot

    for axes in (StepDecay(0.1, 0.5, 10).plot(100), schedules.plot_schedule(StepDecay(0.1, 0.5, 10), 100, pyplot.subplots()[1])):
        (line,) = axes.lines
        assert line.get_xdata()[-1] == 99 and line.get_ydata()[[0, 9, 99]].tolist() == [0.1, 0.05, 0.1 / 1024]
        assert axes.get_ylabel() == "learning rate"
    pyplot.close("all")
