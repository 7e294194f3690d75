"""Schedules: learning rates that follow from a count, of an optimizer's steps or of epochs.

    >>> halving = ExponentialDecay(0.1, decay_steps=10, decay_rate=0.5)
    >>> halving(0), halving(10), halving(20)
    (0.1, 0.05, 0.025)

Who calls decides what is counted. `SGD(halving)` asks before each step with the number of steps done so far;
`callbacks.LearningRateScheduler(halving)` asks before each epoch with its number, from 0.
"""

from .annealing import CosineDecay, CosineDecayRestarts, PolynomialDecay
from .decays import ExponentialDecay, InverseTimeDecay, PowerDecay, TimeBasedDecay, decay_over
from .schedule import LearningRateSchedule, deserialize, get, plot_schedule, serialize
from .steps import PiecewiseConstantDecay, StepDecay
