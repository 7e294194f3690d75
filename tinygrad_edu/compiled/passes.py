"""Passes: functions from actions to actions that compute the same with fewer of them.

    >>> values = Values()
    >>> x, two = values.new((3,)), values.constant(2.0)
    >>> y, again, z = values.new((3,)), values.new((3,)), values.new((3,))
    >>> actions = [Action("multiply", (x, two), {}, y), Action("multiply", (x, two), {}, again), Action("add", (y, again), {}, z)]
    >>> [(action.name, action.inputs) for action in without_repetition(actions, values)]
    [('multiply', (0, 1)), ('add', (2, 2))]

A value that is found to be another one is `same` as it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np

from ..ops import registry
from .classifying import with_totals
from .normalizing import with_moments
from .program import Action, Program, Values, frozen


def shortened(program: Program) -> Program:
    """The same program with fewer actions."""
    values, actions = program.values, program.actions
    for shorten in (without_nothing, with_moments, with_totals, without_repetition, fused):
        actions = used(shorten(actions, values), map(values.of, program.wanted))
    return program.renamed(actions)


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
    """Whether a number of one type may become another number in another type."""
    kinds = "biuf"
    kind, other = (kinds.find(one.kind.replace("u", "i")) for one in (dtype, target))
    return other < kind or (other == kind and target.itemsize < dtype.itemsize) or (dtype.kind, target.kind) == ("i", "u")


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


FUSED: list[tuple[str, tuple, str]] = [  # names stand for values; what stands inside must not be used elsewhere
    ("relu_slope", ("multiply", "x", ("greater", "y", 0.0)), "xy"),
    ("elu_slope", ("multiply", "x", ("where", ("greater", "y", 0.0), 1.0, ("exp", ("minimum", "y", 0.0)))), "xy"),
    ("tanh_slope", ("multiply", "x", ("subtract", 1.0, ("multiply", "y", "y"))), "xy"),
    ("matrix_product", ("add", ("matrix_product", "x", "y"), "z"), "xyz"),
    ("multiply_rest", ("multiply", "x", ("subtract", 1.0, "y")), "xy"),
    ("multiply_add", ("add", ("multiply", "x", "y"), "z"), "xyz"),
    ("multiply_add", ("add", "z", ("multiply", "x", "y")), "xyz"),
]

MACHINE_TYPES = np.float32, np.float64  # others are rounded after each op


def fused(actions: list[Action], values: Values) -> list[Action]:
    """Neighbours that have an opcode together, as FUSED says."""
    actions = list(_renamed(actions, values))
    made_by = {action.out: action for action in actions}
    uses = Counter(value for action in actions for value in set(action.inputs))
    kept = []
    for action in actions:
        for name, pattern, operands in FUSED if values.dtypes[action.out] in MACHINE_TYPES else ():
            found = _match(pattern, action.out, made_by, uses, values, {}, True)
            if found is not None and _fits(name, [values.shapes[found[one]] for one in operands]):
                action = Action(name, tuple(found[one] for one in operands), {}, action.out)
                break
        kept.append(action)
    return kept


def _fits(name: str, shapes: list[tuple[int, ...]]) -> bool:
    """Whether an opcode takes operands of these shapes, and is fast for them."""
    if name == "matrix_product":
        return len(shapes[2]) == 1
    return name != "multiply_add" or len(set(shapes)) == 1


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
