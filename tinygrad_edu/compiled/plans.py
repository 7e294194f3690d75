"""Plans for what is run: steps of training, passes forward, and functions of arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple


from .fields import DEPTH, OUT_OUTER, B
from .lowering import lower, opcode_of
from .machine import gather, look, mover, tell
from .places import Cell, Place
from .plan import Plan
from .program import Program


class Update(NamedTuple):
    """How the optimizer moves one weight.

    Attributes:
        weight: its number.
        gradient: the value that is its gradient.
        kernel: what moves it.
        slots: how many arrays of its shape the kernel keeps.
        width: how many numbers the kernel is told in each step.
    """

    weight: int
    gradient: int
    kernel: Callable
    slots: int
    width: int


def plan_of_step(program: Program, batch: int, outputs: Sequence[int], loss: int | None, updates: Sequence[Update]) -> Plan:
    """Gather a batch, compute, look at the loss, tell the outputs, move the weights."""
    plan = _begun(program, batch)
    _gather(plan)
    for action in program.actions:
        lower(plan, action)
    if loss is not None:
        plan.emit("look", look, [1], None, [(plan.place(loss), (0,))])
    _tell(plan, outputs)
    for update in updates:
        _move(plan, update)
    plan.lay_out()
    return plan


def _begun(program: Program, batch: int | None) -> Plan:
    plan = Plan(program, batch)
    plan.copy = opcode_of("lay_out")
    return plan


def _gather(plan: Plan) -> None:
    """The batch, in one cell for each table, whatever shapes it is used in."""
    cells: dict[int, Place] = {}
    for value, table in plan.program.tables.items():
        shape = plan.values.shapes[value]
        width = math.prod(shape[1:])
        if table not in cells:
            order = plan.order_of((shape[0], width))
            cells[table] = Cell((shape[0], width), order).place
            form = cells[table].form
            source = plan.home(("table", table), (1, width))
            plan.emit("gather", gather, form.shape, (cells[table], form.strides), [(source, (width, 1))])
        place = cells[table]
        form = place.form.reshape(shape)
        if not place.is_view(form):
            place = plan.copied(place)
            form = place.form.reshape(shape)
        plan.places[value] = place.seen(form)


def _tell(plan: Plan, outputs: Sequence[int]) -> None:
    """Write down what the model said, one output beside the other."""
    widths = [math.prod(plan.values.shapes[value][1:]) for value in outputs]
    for number, value in enumerate(outputs):
        place = plan.place(value)
        form = place.form.reshape(len(place.form), -1)
        if not place.is_view(form):
            place = plan.copied(place)
            form = place.form.reshape(len(place.form), -1)
        fields = {OUT_OUTER: sum(widths), DEPTH: sum(widths[:number])}
        plan.emit("tell", tell, form.shape, None, [(place.seen(form), form.strides)], fields)


def _move(plan: Plan, update: Update) -> None:
    place = plan.place(update.gradient)
    if not place.form.flags.c_contiguous:
        place = plan.copied(place)
    shape = place.form.shape
    weight = plan.home(("weight", update.weight), shape)
    code = mover(update.kernel, update.slots)
    size = place.form.size
    plan.emit(code.name, code, [size], (weight, (1,)), [(place, (1,))], {DEPTH: update.width})
    for slot in range(update.slots):
        plan.instructions[-1].places[B + slot] = plan.home(("slot", update.weight, slot), shape)


def plan_of_function(program: Program, results: Sequence[int]) -> Plan:
    """Compute from tables that are taken whole, and leave results where they are wanted."""
    plan = _begun(program, None)
    for value, table in program.tables.items():
        plan.places[value] = plan.home(("table", table), plan.values.shapes[value])
    for action in program.actions:
        lower(plan, action)
    for number, value in enumerate(results):
        out = plan.home(("result", number), plan.values.shapes[value])
        plan.elementwise("lay_out", plan.copy, out, [plan.place(value)])
    plan.lay_out()
    return plan


