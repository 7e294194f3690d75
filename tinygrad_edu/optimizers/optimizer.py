"""What all optimizers share: the learning rate, the slots, and the order of things within a step."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from .. import compat
from ..calculus import no_grad
from ..kernel import kernel
from ..modes import detector, detectors, read
from ..registry import Configurable, Registry, parameters_of
from ..registry import serialize as plain
from ..variable import Variable
from .arguments import above_zero, count, number, optional, share
from .averages import approach
from .clipping import clip
from .rate import LearningRate, Rate, at_once
from .state import State, Stateful, cast

_registry = Registry("optimizer", callables=False)
serialize = _registry.serialize


def get(identifier: Any) -> Optimizer:
    """The optimizer of a name ("sgd"), new at every call, of a class or a config, or an Optimizer itself."""
    return identifier if isinstance(identifier, Optimizer) else _registry.get(identifier)


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Optimizer:
    """The optimizer that `serialize` wrote down as `config`; its slots begin anew."""
    return _registry.deserialize(config, custom_objects)


def register(cls: type[Optimizer]) -> type[Optimizer]:
    """Class decorator: offer an optimizer by its name, whatever the capitals."""
    _registry.add(cls, cls.__name__.lower())
    return cls


class Optimizer(Stateful, Configurable):
    """Changes weights in place, given the gradients of the loss by them.

    A subclass names its `slots`, arrays of a weight's shape that begin at 0, and says in `update(p, g, *slots, c)` how a flat
    weight and its slots move along a flat gradient. `c` are the `numbers` of the step, in the weight's dtype.

        >>> class Signs(Optimizer):
        ...     '''Steps of one size, whatever the gradient's.'''
        ...     def update(self, p, g, c):
        ...         p -= c[0] * np.sign(g)
        >>> w = tinygrad_edu.Variable([1.0, 1.0])
        >>> Signs(0.5).apply([np.array([0.2, -40.0])], [w])
        >>> w.tolist()
        [0.5, 1.5]

    Shapes: weights of any, a gradient of the same for each; so are the slots.

    A step takes the gradients through: leaving out those that are None; `loss_scale_factor`; `gradient_accumulation_steps`;
    clipping; and each weight through: `weight_decay`; `update`; `use_ema`; its constraint. Nothing moves if anything is wrong.

    Args:
        learning_rate: step size, >= 0; or a schedule, or a function of the number of steps done, or one without arguments.
            Legacy spelling `lr`.
        weight_decay: share of a weight that each step takes off, times the learning rate; see `AdamW`.
        clipnorm: longest gradient of a weight.
        clipvalue: largest number in a gradient.
        global_clipnorm: longest gradient of all weights together. Only one of these three; None or 0 means no clipping.
        use_ema: whether to average each weight over the steps, and to put the average in its place when `fit` ends.
        ema_momentum: share of the average that lives on in a step.
        ema_overwrite_frequency: steps after which the averages take the weights' place; None means at the end only.
        loss_scale_factor: what the loss was multiplied by (`scale_loss`) so that small gradients survive in float16.
        gradient_accumulation_steps: number of calls whose mean gradient makes one step; None means 1.
        decay: d in rate / (1 + d · steps done), Keras 2's own schedule, by steps and not by epochs; `schedules` has others.
        name: what it is called in messages.

    Raises:
        ValueError, TypeError: for numbers outside of their range, unknown keywords, two kinds of clipping, and `decay` beside
            a schedule.

    Where we differ: Keras 3 refuses `lr` and ignores `decay`; Keras 2.3 clipped by the norm of all weights under `clipnorm`.
    """

    slots: tuple[str, ...] = ()

    def __init__(
        self,
        learning_rate: Any = compat.Default(0.001),
        *,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        decay: float = 0.0,
        name: str | None = None,
        **legacy: Any,
    ):
        super().__init__()
        kind = type(self).__name__
        given = compat.take("optimizer", legacy)
        compat.refuse_unknown(type(self), legacy)
        self._rate = LearningRate(kind, compat.one_of(kind, "optimizer", "learning_rate", learning_rate, given))
        self.weight_decay = optional(number, kind, "weight_decay", weight_decay)
        self.clipnorm = optional(number, kind, "clipnorm", clipnorm)
        self.clipvalue = optional(number, kind, "clipvalue", clipvalue)
        self.global_clipnorm = optional(number, kind, "global_clipnorm", global_clipnorm)
        self.use_ema, self.ema_momentum = bool(use_ema), share(kind, "ema_momentum", ema_momentum)
        self.ema_overwrite_frequency = optional(count, kind, "ema_overwrite_frequency", ema_overwrite_frequency)
        self.loss_scale_factor = optional(above_zero, kind, "loss_scale_factor", loss_scale_factor)
        self.gradient_accumulation_steps = optional(
            count, kind, "gradient_accumulation_steps", gradient_accumulation_steps, low=2
        )
        self.decay = number(kind, "decay", decay)
        self.name = name or kind.lower()
        self._refuse_combinations()
        self._calls = Variable(0, "int64", name="iterations", trainable=False)
        self._undecayed: tuple[list[Variable], list[str]] = ([], [])

    def _refuse_combinations(self) -> None:
        clips = {name: getattr(self, name) for name in ("clipnorm", "clipvalue", "global_clipnorm") if getattr(self, name)}
        if len(clips) > 1:
            raise ValueError(f"{type(self).__name__} expects one kind of clipping, got {clips}. Leave one.")
        if self.decay and self._rate.schedule is not None:
            raise ValueError(f"{type(self).__name__} expects a schedule or decay, got both. Leave one out.")

    # The learning rate and the count -------------------------------------------------------------

    @property
    def learning_rate(self) -> Rate:
        """Step size: a float that `assign` changes. What `decay` makes of it is not in it. `lr` is the same."""
        return Rate(self._rate.at(self.iterations), self)

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        if callable(value) and self.decay:
            raise ValueError(f"{type(self).__name__} expects a schedule or decay, got {value!r} beside decay={self.decay:g}.")
        self._rate.set(value)

    lr = learning_rate

    @property
    def schedule(self) -> Any:
        """What decides on the learning rate, or None if it is a number."""
        return self._rate.schedule

    @property
    def iterations(self) -> int:
        """Number of steps done; several calls of `apply` make one, if gradients are accumulated."""
        return int(read(self._calls)) // (self.gradient_accumulation_steps or 1)

    @iterations.setter
    def iterations(self, steps: int) -> None:
        self._calls.array[...] = count(type(self).__name__, "iterations", steps, 0) * (self.gradient_accumulation_steps or 1)

    # A step --------------------------------------------------------------------------------------

    def apply(self, gradients: Iterable[Any], variables: Sequence[Variable] | None = None) -> None:
        """One step: every weight moves along its gradient. A weight whose gradient is None stays, with a warning.

        Args:
            gradients: a Tensor, an array or None for each weight.
            variables: the weights; None means those that `build` was given.

        Raises:
            ValueError: for gradients that do not fit the weights, or None for all; then nothing moves.
        """
        gradients, variables = list(gradients), self._built if variables is None else variables
        if detectors and (looking := detector()) is not None and looking.takes_update(self, gradients, variables):
            return
        states, gs = self._matched(gradients, variables)
        step = self.iterations + 1
        rate = self.rate_at(step)
        c = cast(states, self.numbers(rate, step))
        decay = cast(states, (rate * self.weight_decay,)) if self.weight_decay else None
        gs = self._accumulated(states, self._unscaled(gs))
        self._calls.array[...] = self._calls.array + 1
        if self.iterations < step:  # more gradients are to come
            return
        for state, g in zip(states, clip(gs, self.clipnorm, self.clipvalue, self.global_clipnorm)):
            if state.is_copy:
                state.read()
            if decay and self._decays(state.variable):
                shrink(state.p, decay[state.char])
            self.update(state.p, g, *state.arrays, c[state.char])
            state.write()
        if self.use_ema:
            self._average(states, step)
        self._constrain(states)

    def rate_at(self, step: int) -> float:
        """The learning rate of step 1, 2, ..."""
        return self._rate.at(step - 1) / (1 + self.decay * (step - 1))

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Variable]]) -> None:
        """`apply` for pairs (gradient, variable)."""
        pairs = list(grads_and_vars)
        self.apply([gradient for gradient, _ in pairs], [variable for _, variable in pairs])

    @at_once
    def numbers(self, rate: float, step: int) -> Sequence[float]:
        """What `update` needs to know at step 1, 2, ... beside the arrays; the learning rate alone, unless overridden."""
        return (rate,)

    def update(self, p: np.ndarray, g: np.ndarray, *slots_and_numbers: np.ndarray) -> None:
        """Move a flat weight and its slots, in place: by the `loop`, unless overridden."""
        if self.loop is None:
            raise NotImplementedError(f"{type(self).__name__} expects a method update(p, g, *slots, c).")
        self.loop(p, g, *slots_and_numbers)

    @property
    def loop(self) -> Callable | None:
        """The `kernel` that is all of `update`, which compiled steps call too; None if there is none."""
        return None

    def start(self, slot: str) -> float:
        """What a slot begins with."""
        return 0.0

    def scale_loss(self, loss: Any) -> Any:
        """The loss to differentiate: times `loss_scale_factor`, which each step takes out of the gradients again."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    # What happens to gradients before ------------------------------------------------------------

    def _unscaled(self, gs: list[np.ndarray]) -> list[np.ndarray]:
        return gs if self.loss_scale_factor is None else [g / g.dtype.type(self.loss_scale_factor) for g in gs]

    def _accumulated(self, states: list[State], gs: list[np.ndarray]) -> list[np.ndarray]:
        """The means of the gradients since the last step, once all have arrived."""
        steps = self.gradient_accumulation_steps
        if steps is None:
            return gs
        totals = [state.slots["accumulated"].array.reshape(-1) for state in states]
        for total, g in zip(totals, gs):
            total += g
        if (int(self._calls.array) + 1) % steps:
            return gs
        means = [total / total.dtype.type(steps) for total in totals]
        for total in totals:
            total[:] = 0
        return means

    # What happens to weights beside the update ---------------------------------------------------

    def exclude_from_weight_decay(self, var_list: Iterable[Variable] = (), var_names: str | Iterable[str] = ()) -> None:
        """Let `weight_decay` leave some weights alone, biases for example.

        Args:
            var_list: the weights.
            var_names: regular expressions, or one; a weight whose path has one in it is left alone: ["bias", "gamma"].
        """
        self._undecayed = list(var_list or ()), [var_names] if isinstance(var_names, str) else list(var_names or ())

    def _decays(self, variable: Variable) -> bool:
        variables, patterns = self._undecayed
        if not variables and not patterns:
            return True
        return not any(variable is v for v in variables) and not any(re.search(p, variable.path) for p in patterns)

    def _average(self, states: list[State], step: int) -> None:
        """The averages approach the weights; after the first step they are the weights."""
        c = cast(states, (1 - self.ema_momentum,))
        for state in states:
            average = state.slots["average"].array.reshape(-1)
            if step == 1:
                average[:] = state.p
            else:
                approach(average, state.p, c[state.char])
        if self.ema_overwrite_frequency and step % self.ema_overwrite_frequency == 0:
            self.finalize_variable_values([state.variable for state in states])

    def finalize_variable_values(self, variables: Iterable[Variable]) -> None:
        """Put the averages in the place of the weights, with `use_ema`; `fit` does it when it ends."""
        for variable in variables if self.use_ema else ():
            if variable in self._states:
                variable.assign(self._states[variable].slots["average"])

    def _constrain(self, states: list[State]) -> None:
        for state in states:
            variable = state.variable
            if variable.constraint is not None:
                with no_grad():
                    variable.assign(variable.constraint(variable))

    # Slots and settings --------------------------------------------------------------------------

    def _names(self) -> tuple[str, ...]:
        return (*self.slots, *("average",) * self.use_ema, *("accumulated",) * (self.gradient_accumulation_steps is not None))

    def _new_slot(self, name: str, weight: np.ndarray) -> np.ndarray:
        return weight if name == "average" else np.full_like(weight, self.start(name) if name in self.slots else 0.0)

    def _own_variables(self) -> list[Variable]:
        return [self._calls, *[self._rate.number] * (self._rate.schedule is None)]

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments as plain data; a schedule is written down as its own config, and not asked."""
        names = [name for name in parameters_of(type(self)) if name != "learning_rate"]
        return {"learning_rate": self._rate.config(), **{name: plain(getattr(self, name)) for name in names}}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} learning_rate={self._rate} iterations={self.iterations}>"


@kernel
def shrink(p, c):
    """p <- p - c p."""
    share = c[0]
    for i in range(p.size):
        p[i] -= share * p[i]
