"""Plans for what is run: steps of training, passes forward, and functions of arrays."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

from .blocks import lay_out
from .descents import into_weights
from .fields import DEPTH, OUT_OUTER
from .kinds import Step
from .lowering import lower, opcode_of
from .machine import gather, look, note, tell
from .moves import Move, update
from .passes import used
from .places import Cell, Place
from .plan import Plan
from .program import Program
from .remembered import Remembered
from .translation import program_of
from .writes import WRITES, read_after, take_moves, updating

_plans = Remembered[Plan](64)


class UnknownPlanError(Exception):
    """A plan is not remembered, and its step not at hand."""


def plan_of_step(
    form: Hashable, step: Step | None, batch: int, trained: Sequence[int] = (), move: Move | None = None, tells: bool = True
) -> Plan:
    """Gather a batch, compute, look at the losses, tell the outputs, move the weights.

    Plans are remembered by what the step does, whichever model it is of.

    Args:
        form: of the step, see `program_key`.
        step: taken down; None if its plan should be known.
        batch: rows of a batch.
        trained: the numbers of the weights that are moved, in the order of the gradients.
        move: how. None: nothing is learnt, and a loss that is no finite number is like any other.
        tells: whether somebody wants the outputs.

    Raises:
        UnknownPlanError: if it is not.
    """
    key = form, batch, tuple(trained), move, tells
    found = _plans.get(key)
    if found is None:
        if step is None:
            raise UnknownPlanError
        found = _plans.keep(key, _new_plan(program_of(step), batch, trained, move, tells))
    return found


def _new_plan(program: Program, batch: int, trained: Sequence[int], move: Move | None, tells: bool) -> Plan:
    if not tells:
        program = program._replace(outputs=())
        program = program._replace(actions=used(program.actions, program.wanted))
    plan = _begun(program, batch)
    _gather(plan)
    for action in program.actions:
        lower(plan, action)
    _note_losses(plan, learns=move is not None)
    _tell(plan, program.outputs)
    with updating(plan):
        take_moves(plan)
        if move is not None:
            update(plan, trained, program.gradients, move)
    into_weights(plan)
    lay_out(plan, opcode_of("lay_out"), opcode_of("add"))
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


def _note_losses(plan: Plan, learns: bool) -> None:
    """The loss, and behind it those of the outputs; whoever learns looks at it first."""
    program = plan.program
    losses = [] if program.loss is None else [program.loss, *program.parts]
    for number, value in enumerate(losses):
        name, code = ("look", look) if learns and not number else ("note", note)
        plan.emit(name, code, [1], None, [(plan.place(value), (0,))], {OUT_OUTER: len(losses), DEPTH: number})


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


def plan_of_function(step: Step, moves: Sequence[Move] = ()) -> Plan:
    """Compute from tables that are taken whole, and leave results where they are wanted.

    Args:
        step: taken down.
        moves: how weights are moved in each step of an optimizer that is in it.
    """
    program = program_of(step)
    plan = _begun(program, None)
    for value, table in program.tables.items():
        plan.places[value] = plan.home(("table", table), plan.values.shapes[value])
    results = [
        (value, plan.home(("result", number), plan.values.shapes[value]))
        for number, (value, first) in enumerate(zip(program.outputs, step.taken.results))
        if hasattr(first, "dtype")  # a number of Python's, a name and None stay what they are
    ]
    for value, target in results:
        plan.wants(value, target)
    for number, action in enumerate(program.actions):
        if action.name in WRITES:
            with updating(plan):
                WRITES[action.name](plan, action, read_after(program, number), moves)
        else:
            lower(plan, action)
    for value, target in results:
        if plan.place(value) is not target:
            plan.elementwise("lay_out", plan.copy, target, [plan.place(value)])
    with updating(plan):
        take_moves(plan)
    into_weights(plan)
    lay_out(plan, opcode_of("lay_out"), opcode_of("add"))
    return plan
