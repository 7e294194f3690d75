"""Writing to weights: in the order of the program, and so that whoever asks for earlier numbers gets these.

A value may be a view of a weight, and weights are moved where they are. So before something is written there, a copy is made of
the weight, if anybody reads it later as it was.

    >>> from .program import Values
    >>> values = Values()
    >>> w, x, done, moved, y = (values.new(()) for _ in range(5))
    >>> update, weight = Action("update", (x,), {}, done), Action("weight", (done,), {}, moved)
    >>> program = Program(values, [update, weight, Action("add", (w, moved), {}, y)], {}, {}, outputs=(y,), writes=(done,))
    >>> sorted(read_after(program, 0)) == [w, done, moved, y]
    True
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np

from .moves import Move, update
from .places import Place
from .plan import Plan
from .program import Action, Program


@contextlib.contextmanager
def updating(plan: Plan) -> Iterator[None]:
    """Say of the instructions that are added in a block that they are part of what happens to weights."""
    begin = len(plan.instructions)
    yield
    plan.instructions[begin:] = [one._replace(is_update=True) for one in plan.instructions[begin:]]


def read_after(program: Program, number: int) -> set[int]:
    """The values that are read by actions behind that of a number, or are wanted."""
    return {value for action in program.actions[number + 1 :] for value in action.inputs} | set(program.wanted)


def take_moves(plan: Plan) -> None:
    """Give weights the numbers that they have in the end."""
    moves = plan.program.moves
    _keep(plan, [number for number, _ in moves], [value for _, value in moves])
    for number, value in moves:
        _write(plan, number, value)


def _moved(plan: Plan, action: Action, later: Iterable[int], moves: Sequence[Move]) -> None:
    """A weight gets other numbers."""
    (number,), (value,) = action.params["weights"], action.inputs
    _keep(plan, [number], {*later, value})
    _write(plan, number, value)


def _updated(plan: Plan, action: Action, later: Iterable[int], moves: Sequence[Move]) -> None:
    """An optimizer moves weights."""
    trained = action.params["weights"]
    _keep(plan, trained, later)
    update(plan, trained, action.inputs, moves[action.params["number"]])


def _is_weight(plan: Plan, action: Action, later: Iterable[int], moves: Sequence[Move]) -> None:
    """What a weight is from now on lies where the weight is."""
    plan.places[action.out] = plan.home(("weight", action.params["number"]), plan.values.shapes[action.out])


WRITES: dict[str, Callable[[Plan, Action, Iterable[int], Sequence[Move]], None]] = {
    "move": _moved, "update": _updated, "weight": _is_weight,
}  # fmt: skip


def _write(plan: Plan, number: int, value: int) -> None:
    weight = plan.home(("weight", number), plan.values.shapes[value])
    plan.elementwise("lay_out", plan.copy, weight, [plan.place(value)])


def _keep(plan: Plan, numbers: Iterable[int], values: Iterable[int]) -> None:
    """Let values that look at some weights look at copies of these, from now on."""
    for cell in [plan.homes[key] for number in numbers if (key := ("weight", number)) in plan.homes]:
        seen = [value for value in values if value in plan.places and plan.places[value].cell is cell]
        if seen:
            copy = plan.copied(cell.place)
            for value in seen:
                plan.places[value] = _on(copy, plan.places[value])


def _on(copy: Place, place: Place) -> Place:
    """A copy of a cell, looked at as the cell was."""
    memory = copy.cell.memory[place.start :]
    return copy.seen(np.lib.stride_tricks.as_strided(memory, place.form.shape, place.form.strides))
