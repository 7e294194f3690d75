"""What the optimizer does in a compiled step: to gradients, to weights and their slots, to averages; and what constraints do.

There are two ways. Where all that an optimizer does is made of kernels, each of them is an instruction. Where anything is not (an
`update` of one's own, accumulated gradients, a constraint that is a function), one instruction calls `apply` in Python, on
the gradients where they lie: slower, and right whatever it does. `Move` says which, and is all of it that a plan knows, so that
other optimizers of the same form find the plan again; `updates` says the rest when it is linked, and in every call.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..constraints import MaxNorm, MinMaxNorm, NonNeg, UnitNorm
from ..ops import registry
from ..optimizers import Optimizer
from .errors import NotCompiledError
from .fields import DEPTH, INNER, TOLD, B
from .lowering import lower, opcode_of
from .movers import MOVERS, add_length, average, clip_value, decay, mover, overwrite, shorten, stretch_of, unscale
from .opcode import Opcode
from .places import Cell, Place
from .plan import Plan
from .program import Action
from .tape import hooks_of

SCALE, DECAY, LIMIT, SHARE, OVERWRITES, NUMBERS = range(6)  # where each begins in a row: see `updates`
OF_NORM = 5  # numbers of a constraint that bounds a norm
OWN = (  # what opcodes do in the place of, so that nothing of it may be somebody's own
    "apply", "update", "_new_slot", "_unscaled", "_accumulated", "_decays", "_average", "_constrain", "finalize_variable_values",
)  # fmt: skip
CLIPS = "clipnorm", "clipvalue", "global_clipnorm"  # in the order in which eager steps look at them
UPDATE, HOOKS = "update", "hooks"  # by which linking finds what a plan calls in Python


class Move(NamedTuple):
    """How weights are moved, as far as a plan has to know.

    Attributes:
        loop: the kernel that moves a weight; None if Python does all of it.
        slots: how many arrays of a weight's shape the kernel keeps.
        width: how many numbers the kernel is told in each step.
        is_scaled: whether gradients have to be divided by a factor first.
        clip: the kind of clipping, "" for none.
        decays: of each weight, whether it shrinks.
        averages: whether there are averages of the weights.
        overwrites: whether they sometimes take the weights' places.
        hooked: of each weight, whether hooks watch its gradient.
        held: of each weight its constraint: None, "non_neg", or the axes of a norm that is bounded.
        name: what Python calls, for those who read a plan.
        number: which of the updates in a plan this is.
        told: where the numbers that it is told begin in a row.
    """

    loop: Callable | None
    slots: int = 0
    width: int = 0
    is_scaled: bool = False
    clip: str = ""
    decays: tuple[bool, ...] = ()
    averages: bool = False
    overwrites: bool = False
    hooked: tuple[bool, ...] = ()
    held: tuple[Any, ...] = ()
    name: str = ""
    number: int = 0
    told: int = 0

    @property
    def length(self) -> int:
        """How many numbers it is told in each step."""
        return NUMBERS + self.width + OF_NORM * sum(held not in (None, "non_neg") for held in self.held) if self.loop else 1


def move_of(optimizer: Optimizer, weights: Sequence[Any]) -> Move:
    """How an optimizer moves some weights."""
    hooked = tuple(hooks_of(weight) is not None for weight in weights)
    if not all(_has_kernels(optimizer, weights)) or not all(map(_is_known, weights)):
        return Move(None, hooked=hooked, name=f"{type(optimizer).__name__}.apply")
    return Move(
        loop=optimizer.loop,
        slots=len(optimizer.slots),
        width=len(optimizer.numbers(1.0, optimizer.iterations + 1)),
        is_scaled=optimizer.loss_scale_factor is not None,
        clip=next((name for name in CLIPS if getattr(optimizer, name)), ""),
        decays=tuple(bool(optimizer.weight_decay) and optimizer._decays(weight) for weight in weights),
        averages=optimizer.use_ema,
        overwrites=bool(optimizer.use_ema and optimizer.ema_overwrite_frequency),
        hooked=hooked,
        held=tuple(_held(weight.constraint) for weight in weights),
    )


def _has_kernels(optimizer: Any, weights: Sequence[Any]) -> Any:
    yield hasattr(optimizer.loop, "compiled") and len(optimizer.slots) < len(MOVERS)
    yield all(getattr(type(optimizer), name) is getattr(Optimizer, name) and name not in vars(optimizer) for name in OWN)
    yield optimizer.flat_slots
    yield optimizer.gradient_accumulation_steps is None
    yield all(_can_be_compiled(optimizer.loop, len(optimizer.slots), weight.dtype) for weight in weights[:1])


@functools.cache
def _can_be_compiled(loop: Callable, slots: int, dtype: np.dtype) -> bool:
    """Whether a kernel is in the language of opcodes; one of somebody else's may need all of Numba."""
    try:
        return bool(mover(loop, slots).address(dtype))
    except NotCompiledError:
        return False


def _is_known(weight: Any) -> bool:
    """Whether there are opcodes for the constraint of a weight."""
    kind = type(weight.constraint)
    if kind in (type(None), NonNeg):
        return True
    rank = weight.array.ndim
    return kind in (MaxNorm, UnitNorm, MinMaxNorm) and all(-rank <= axis < rank for axis in _axes(weight.constraint))


def _axes(constraint: Any) -> tuple[int, ...]:
    return () if constraint.axis is None else tuple(np.atleast_1d(constraint.axis).tolist())


def _held(constraint: Any) -> Any:
    if constraint is None:
        return None
    return "non_neg" if isinstance(constraint, NonNeg) else ("norm", constraint.axis)


# In a plan ---------------------------------------------------------------------------------------


def update(plan: Plan, trained: Sequence[int], gradients: Sequence[int], move: Move) -> None:
    """Move weights along their gradients.

    Args:
        plan: to which instructions are added.
        trained: the numbers of the weights.
        gradients: values, one for each.
        move: how.
    """
    places = [_own(plan, plan.place(gradient)) for gradient in gradients]
    watched = zip(move.hooked, trained, places)
    places = [_watched(plan, number, place) if is_hooked else place for is_hooked, number, place in watched]
    weights = [plan.home(("weight", number), place.form.shape) for number, place in zip(trained, places)]
    if move.loop is None:
        plan.call_bound(move.name, (UPDATE, move.number), places)
        return
    on = _Told(plan, move.told)
    if move.is_scaled:
        places = [on(unscale, Cell(place.form.shape).place, [place], SCALE) for place in places]
    places = _clipped(on, places, move.clip)
    for i, (number, weight, place) in enumerate(zip(trained, weights, places)):
        if move.decays[i]:
            on(decay, weight, [], DECAY)
        on(mover(move.loop, move.slots), weight, [place], NUMBERS, move.width)
        for slot in range(move.slots):
            plan.instructions[-1].places[B + slot] = plan.home(("slot", number, slot, move.number), place.form.shape)
        if move.averages:
            mean = plan.home(("average", number, move.number), place.form.shape)
            on(average, mean, [weight], SHARE)
            if move.overwrites:
                on(overwrite, weight, [mean], OVERWRITES)
    _hold(on, weights, move)


def _watched(plan: Plan, number: int, place: Place) -> Place:
    """What hooks make of a gradient."""
    out = Cell(place.form.shape).place
    plan.call_bound("hooks", (HOOKS, number), [out, place])
    return out


def _own(plan: Plan, place: Place) -> Place:
    """A gradient whose numbers lie one after the other, and where no weight is: that would have moved before it is looked at."""
    is_weight = place.cell.home is not None and place.cell.home[0] == "weight"  # type: ignore[index]
    return plan.copied(place) if is_weight or not place.form.flags.c_contiguous else place


class _Told(NamedTuple):
    """What makes instructions on flat arrays, which are told numbers from a place in a row on."""

    plan: Plan
    begin: int

    def __call__(self, code: Opcode, out: Place, operands: Sequence[Place], told: int, width: int = 1) -> Place:
        """An instruction that is told `width` numbers."""
        fields = {TOLD: self.begin + told, DEPTH: width}
        self.plan.emit(code.name, code, [out.form.size], (out, (1,)), [(place, (1,)) for place in operands], fields)
        return out


def _clipped(on: _Told, places: list[Place], clip: str) -> list[Place]:
    """Gradients that are small enough."""
    if clip == "clipvalue":
        return [on(clip_value, Cell(place.form.shape).place, [place], LIMIT) for place in places]
    if not clip:
        return places
    lengths = [Cell((2,)).place] * len(places) if clip == "global_clipnorm" else [Cell((2,)).place for _ in places]
    short, met = [], set[int]()
    for place, length in zip(places, lengths):
        fields = {INNER: place.form.size, DEPTH: int(id(length.cell) in met)}
        on.plan.emit("add_length", add_length, [], (length, ()), [(place, ())], fields)
        met.add(id(length.cell))
    for place, length in zip(places, lengths):
        short.append(on(shorten, Cell(place.form.shape).place, [place, length], LIMIT))
    return short


def _hold(on: _Told, weights: Sequence[Place], move: Move) -> None:
    """Constraints: weights that are not negative, and norms within bounds."""
    plan, told = on.plan, NUMBERS + move.width
    for weight, held in zip(weights, move.held):
        if held == "non_neg":
            plan.elementwise("relu", opcode_of("relu"), weight, [weight])
        elif held is not None:
            value = plan.values.new(weight.form.shape)
            plan.places[value] = weight
            squares = _lowered(plan, "square", value, weight.form.shape)
            bounded = np.sum(weight.form, held[1], keepdims=True).shape
            norms = plan.place(_lowered(plan, "sum", squares, bounded, axis=held[1], keepdims=True))
            factors = on(stretch_of, Cell(norms.form.shape).place, [_own(plan, norms)], told, OF_NORM)
            plan.elementwise("multiply", opcode_of("multiply"), weight, [weight, factors])
            told += OF_NORM


def _lowered(plan: Plan, name: str, value: int, shape: tuple[int, ...], **params: Any) -> int:
    out = plan.values.new(shape)
    lower(plan, Action(name, (value,), params, out, registry[name]))
    return out
