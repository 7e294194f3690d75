"""A program: what a step computes, as numbered values and actions on them, made shorter without computing anything else.

    >>> values = Values()
    >>> x, two = values.new((3,)), values.constant(2.0)
    >>> y, again, z = values.new((3,)), values.new((3,)), values.new((3,))
    >>> actions = [Action("multiply", (x, two), {}, y), Action("multiply", (x, two), {}, again), Action("add", (y, again), {}, z)]
    >>> [(action.name, action.inputs) for action in without_repetition(actions, values)]
    [('multiply', (0, 1)), ('add', (2, 2))]

Every pass is a function from actions to actions. A value that is found to be another one is `same` as it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from typing import Any, NamedTuple

import numpy as np

from ..ops import registry
from .step import Step


class Action(NamedTuple):
    """What an op does: to which values, with which parameters, and what comes out."""

    name: str
    inputs: tuple[int, ...]
    params: dict[str, Any]
    out: int
    op: Any = None  # the op itself, of what has no opcode


class Values:
    """Numbered values: shapes, types that ops would give them, numbers of those that are constants, the calls they come from."""

    def __init__(self) -> None:
        self.shapes: list[tuple[int, ...]] = []
        self.dtypes: list[np.dtype] = []
        self.constants: dict[int, np.ndarray] = {}
        self.calls: dict[int, int] = {}
        self._same: dict[int, int] = {}

    def new(self, shape: tuple[int, ...], dtype: Any = np.float32) -> int:
        """Another value."""
        self.shapes.append(tuple(shape))
        self.dtypes.append(np.dtype(dtype))
        return len(self.shapes) - 1

    def constant(self, array: Any) -> int:
        """A value whose numbers are known."""
        array = np.asarray(array)
        number = self.new(array.shape, array.dtype)
        self.constants[number] = array
        return number

    def found_same(self, value: int, as_: int) -> None:
        """Note that a value is another one."""
        self._same[value] = as_

    def of(self, value: int) -> int:
        """The value itself, or the one that it is the same as."""
        while value in self._same:
            value = self._same[value]
        return value

    def is_all(self, value: int, number: float) -> bool:
        """Whether a value is a constant of which all is one number."""
        return value in self.constants and bool(np.all(self.constants[value] == number))


class Program(NamedTuple):
    """Actions, and what of their values is wanted.

    Attributes:
        tables, weights: which values are the parts of the batch, and the weights, by their numbers.
        wanted: output, loss, and the gradients.
    """

    values: Values
    actions: list[Action]
    tables: dict[int, int]
    weights: dict[int, int]
    wanted: list[int]


def program_of(step: Step) -> Program:
    """What a step computes, as short as it can be."""
    values, known, keep = Values(), {}, []
    tables: dict[int, int] = {}
    weights: dict[int, int] = {}

    def number_of(x: Any) -> int:
        if id(x) not in known:
            kind, what = step.kinds[id(x)]
            known[id(x)] = values.constant(what) if kind == "constant" else values.new(np.shape(x), np.asarray(x).dtype)
            keep.append(x)
            if kind != "constant":
                (tables if kind == "table" else weights)[known[id(x)]] = what
        return known[id(x)]

    actions = []
    for number, call in enumerate(step.taken.calls):
        inputs = tuple(number_of(x) for x in call.inputs)
        if all(value in values.constants for value in inputs):
            known[id(call.out)] = values.constant(call.out)
            continue
        known[id(call.out)] = values.new(np.shape(call.out), np.asarray(call.out).dtype)
        values.calls[known[id(call.out)]] = number
        actions.append(Action(call.op.name, inputs, call.params, known[id(call.out)], call.op))
    wanted = [known[id(array)] for array in (step.taken.output, step.taken.loss, *step.taken.gradients)]
    for shorten in (without_nothing, without_repetition, fused):
        actions = used(shorten(actions, values), [values.of(value) for value in wanted])
    return Program(values, actions, tables, weights, [values.of(value) for value in wanted])


def form_of(step: Step) -> Hashable:
    """What a step does, as a key: two steps of which it is equal have the same program."""
    numbers: dict[int, int] = {}
    kinds, calls = [], []
    for call in step.taken.calls:
        for x in call.inputs:
            if id(x) not in numbers:
                numbers[id(x)] = len(numbers)
                kind, what = step.kinds[id(x)]
                kinds.append((numbers[id(x)], kind, frozen(np.asarray(what)) if kind == "constant" else what, np.shape(x)))
        numbers[id(call.out)] = len(numbers)
        inputs = tuple([numbers[id(x)] for x in call.inputs])
        calls.append((call.op, inputs, frozen(call.params), call.out.shape, call.out.dtype.char))
    taken = step.taken
    return tuple(kinds), tuple(calls), tuple(numbers[id(array)] for array in (taken.output, taken.loss, *taken.gradients))


# Passes ------------------------------------------------------------------------------------------


def used(actions: list[Action], wanted: Iterable[int]) -> list[Action]:
    """Only what something wanted depends on."""
    needed, kept = set(wanted), []
    for action in reversed(actions):
        if action.out in needed:
            needed.update(action.inputs)
            kept.append(action)
    return kept[::-1]


def without_nothing(actions: list[Action], values: Values) -> list[Action]:
    """Without what changes nothing: times 1, divided by 1, another type; sums of one number are another shape."""
    kept = []
    for action in _renamed(actions, values):
        same = _unchanged(action, values)
        if same is not None and values.shapes[same] == values.shapes[action.out]:
            values.found_same(action.out, same)
        elif action.name in ("sum", "mean") and _size(action.inputs[0], values) == _size(action.out, values):
            shape = values.shapes[action.out]
            kept.append(Action("reshape", action.inputs, {"shape": shape}, action.out, registry["reshape"]))
        else:
            kept.append(action)
    return kept


def _renamed(actions: list[Action], values: Values) -> Iterable[Action]:
    """Actions on what their inputs are the same as, as far as that is known when each comes."""
    for action in actions:
        yield action._replace(inputs=tuple(values.of(value) for value in action.inputs))


def _unchanged(action: Action, values: Values) -> int | None:
    """Which input an action gives back as it is, if it does."""
    x, y = (*action.inputs, -1, -1)[:2]
    if action.name == "cast":
        return None if cuts(values.dtypes[x], values.dtypes[action.out]) else x
    if action.name in ("copy", "reshape", "broadcast_to"):
        return x
    if action.name in ("multiply", "divide") and values.is_all(y, 1):
        return x
    return y if action.name == "multiply" and values.is_all(x, 1) else None


def cuts(dtype: np.dtype, target: np.dtype) -> bool:
    """Whether a number of one type may become another number in another type, beside its rounding."""
    kinds = "biuf"
    return kinds.find(target.kind.replace("u", "i")) < kinds.find(dtype.kind.replace("u", "i"))


def _size(value: int, values: Values) -> int:
    return int(np.prod(values.shapes[value]))


def without_repetition(actions: list[Action], values: Values) -> list[Action]:
    """Nothing is computed twice."""
    known: dict[tuple, int] = {}
    kept = []
    for action in _renamed(actions, values):
        key = action.name, action.inputs, frozen(action.params), values.shapes[action.out], values.dtypes[action.out]
        if known.setdefault(key, action.out) != action.out:
            values.found_same(action.out, known[key])
        else:
            kept.append(action)
    return kept


def frozen(value: Any) -> Hashable:
    """Parameters as a key: equal only if they say the same. An axis alone is one in a tuple of one."""
    if isinstance(value, dict):
        return tuple((name, frozen(one)) for name, one in value.items())
    if isinstance(value, (tuple, list)):
        return frozen(value[0]) if len(value) == 1 else tuple(map(frozen, value))
    if isinstance(value, slice):
        return "slice", value.start, value.stop, value.step
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype.str, value.tobytes()
    return (type(value), value) if value.__hash__ else id(value)


FUSED: list[tuple[str, tuple, str]] = [  # names stand for values; what stands inside must not be used elsewhere
    ("relu_slope", ("multiply", "x", ("greater", "y", 0.0)), "xy"),
    ("tanh_slope", ("multiply", "x", ("subtract", 1.0, ("multiply", "y", "y"))), "xy"),
    ("matrix_product", ("add", ("matrix_product", "x", "y"), "z"), "xyz"),
]


def fused(actions: list[Action], values: Values) -> list[Action]:
    """Neighbours that have an opcode together, as FUSED says."""
    actions = list(_renamed(actions, values))
    made_by = {action.out: action for action in actions}
    uses = Counter(value for action in actions for value in set(action.inputs))
    kept = []
    for action in actions:
        for name, pattern, operands in FUSED:
            found = _match(pattern, action.out, made_by, uses, values, {}, True)
            if found is not None and _fits(name, found, values):
                action = Action(name, tuple(found[one] for one in operands), {}, action.out)
        kept.append(action)
    return kept


def _fits(name: str, found: dict[str, int], values: Values) -> bool:
    return name != "matrix_product" or len(values.shapes[found["z"]]) == 1


def _match(pattern: Any, value: int, made_by: dict, uses: Counter, values: Values, found: dict, outermost: bool) -> dict | None:
    """What the names of a pattern stand for in what makes `value`; None if that is something else."""
    if isinstance(pattern, float):
        return found if values.is_all(value, pattern) else None
    if isinstance(pattern, str):
        return found if found.setdefault(pattern, value) == value else None
    action = made_by.get(value)
    if action is None or action.name != pattern[0] or len(action.inputs) != len(pattern) - 1:
        return None
    if not outermost and uses[value] != 1:
        return None
    for part, inner in zip(pattern[1:], action.inputs):
        if _match(part, inner, made_by, uses, values, found, False) is None:
            return None
    return found
