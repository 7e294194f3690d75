"""The steps that optimizers take in a compiled function: what they are told in each call, and whether they are still the same."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from .errors import NotCompiledError
from .kinds import Step
from .moves import CLIPS, Move
from .opcode import Opcode
from .plan import Plan
from .tape import Update
from .updates import Updates

SWITCHES = "weight_decay", *CLIPS, "use_ema", "ema_overwrite_frequency"  # of which a plan knows whether they are there
STOP = {"sparse_losses", "sparse_slopes", "add_along_axis"}  # opcodes that may end a run


class Lessons:
    """All updates of a function, one after the other.

    Args:
        step: the function, taken down.
        dtype: the machine's type.

    Attributes:
        updates: one for each step of an optimizer, in their order.
        row: what all of them are told in a call.

    Raises:
        NotCompiledError: for a step that an optimizer would refuse, so that it can say so itself.
    """

    def __init__(self, step: Step, dtype: np.dtype):
        places = {id(weight): number for number, weight in enumerate(step.taken.weights)}
        self.updates: list[Updates] = []
        self._trained: list[list[int]] = []
        told = 0
        for call in step.taken.calls:
            if isinstance(call, Update):
                _refuse_wrong(call)
                self.updates.append(Updates(call.optimizer, call.variables, call.numbers, len(self.updates), told))
                self._trained.append([places[id(weight)] for weight in call.moved])
                told += self.updates[-1].move.length
        self.row = np.zeros(max(told, 1), dtype)
        optimizers = [one.optimizer for one in self.updates]
        self._ahead = [sum(one is other for other in optimizers[:i]) for i, one in enumerate(optimizers)]
        self._refuse_mixed(optimizers)
        self._ways = self._ways_now()

    def _refuse_mixed(self, optimizers: Sequence[Any]) -> None:
        """Who counts the steps of an optimizer, Python or we, has to be one of both."""
        in_python = {id(one) for one, updates in zip(optimizers, self.updates) if updates.move.loop is None}
        mixed = [one for one, updates in zip(optimizers, self.updates) if updates.move.loop and id(one) in in_python]
        if mixed:
            raise NotCompiledError(f"{mixed[0]!r} moves some weights in Python, and others not")

    @property
    def moves(self) -> list[Move]:
        """How weights are moved, step by step."""
        return [updates.move for updates in self.updates]

    @property
    def weights(self) -> list[Any]:
        """All that are moved."""
        return [weight for one in self.updates for weight in one.weights]

    @property
    def homes(self) -> dict[Any, Any]:
        """What lies outside of an arena, and what is called in Python."""
        return {key: home for one, trained in zip(self.updates, self._trained) for key, home in one.homes(trained).items()}

    @property
    def is_valid(self) -> bool:
        """Whether optimizers still do the same to the same arrays. Numbers are asked for in every call."""
        if not self.updates:
            return True
        now = self._ways_now()
        return len(now) == len(self._ways) and all(map(operator.is_, now, self._ways))

    def _ways_now(self) -> list[Any]:
        """What is told apart by its identity: truth values, settings, constraints, slots."""
        found: list[Any] = []
        for one in self.updates:
            optimizer, states = one.optimizer, one.optimizer._states
            found += [bool(getattr(optimizer, name)) for name in SWITCHES]
            found += [optimizer.loss_scale_factor, optimizer.gradient_accumulation_steps, optimizer._undecayed]
            for weight in one.weights:
                found += [weight.constraint, states.get(weight)]
        return found

    def begin(self) -> None:
        """Write down what the next call is told, and warn of weights that have no gradient."""
        if self.updates:
            self.row[:] = [number for one, ahead in zip(self.updates, self._ahead) for number in one.row(ahead)]
            for one in self.updates:
                one.warn()

    def end(self) -> None:
        """Note that all steps were taken."""
        for one in self.updates:
            one.done(1)

    def written(self, plan: Plan) -> list[np.ndarray]:
        """What a run has to put back that ends in the middle; nothing if none can, once something was written to."""
        writes = [number for number, one in enumerate(plan.instructions) if one.is_update]
        later = plan.instructions[writes[0] + 1 :] if writes else []
        if not any(one.name in STOP or not isinstance(one.code, Opcode) for one in later):
            return []
        kept = [variable.array for one in self.updates for variable in one.optimizer.variables]
        return kept + [weight.array for weight in self.weights]


def _refuse_wrong(call: Update) -> None:
    shapes, wanted = ([np.shape(x) for x in xs] for xs in (call.inputs, [weight.array for weight in call.moved]))
    if len(call.gradients) != len(call.variables) or shapes != wanted or not shapes:
        raise NotCompiledError(f"{call.optimizer!r} has no gradient that fits for each weight")
