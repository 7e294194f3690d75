"""What all schedules share: a function of a count that can be written down, and seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...compat import refuse_unknown
from ...registry import Configurable, Registry
from ..arguments import above_zero, count, number

_registry = Registry("learning-rate schedule", callables=False)
get, serialize, deserialize = _registry.get, _registry.serialize, _registry.deserialize
register = _registry.add_class


class LearningRateSchedule(Configurable):
    """A function from a count to a learning rate, which its constructor's arguments describe.

    Subclasses keep those as attributes of the same names and define `__call__(step)`.

    Args:
        name: what it is called in messages.
    """

    def __init__(self, name: str | None = None, **unknown: Any):
        refuse_unknown(type(self), unknown)
        self.name = name or type(self).__name__

    def __call__(self, step: float) -> float:
        """Learning rate at `step`, 0 being the first."""
        raise NotImplementedError(f"{type(self).__name__} expects a method __call__(step).")

    def plot(self, steps: int, ax: Any = None) -> Any:
        """Draw the rates of steps 0 to `steps` - 1; see `plot_schedule`."""
        return plot_schedule(self, steps, ax)

    def _rate(self, name: str, value: Any) -> float:
        return number(type(self).__name__, name, value)

    def _span(self, name: str, value: Any) -> float:
        return above_zero(type(self).__name__, name, value)


def plot_schedule(schedule: Callable[[int], float], steps: int, ax: Any = None) -> Any:
    """Draw learning rate by count: any function of an epoch or a step, for 0 to `steps` - 1.

    Args:
        schedule: the function.
        steps: how many counts.
        ax: Axes to draw in; None makes a figure.

    Returns:
        The Axes.
    """
    rates = [schedule(step) for step in range(count("plot_schedule", "steps", steps))]
    ax = _axes() if ax is None else ax
    ax.plot(range(len(rates)), rates, label=getattr(schedule, "name", getattr(schedule, "__name__", "schedule")))
    ax.set(xlabel="step", ylabel="learning rate", ylim=(0, None))
    return ax


def _axes() -> Any:
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError('Plots expect matplotlib, got none. pip install "tinygrad_edu[viz]".') from error
    return pyplot.subplots()[1]
