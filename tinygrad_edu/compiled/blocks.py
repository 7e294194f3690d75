"""Neighbours that run some rows at a time, so that what goes from one to the next stays in the first cache.

Large arrays are slower than the arithmetic on them: each instruction waits for memory, and leaves behind an array that the next
one waits for. So instructions that go over the same rows become a group. The machine runs all of them on some rows, then on the
next; a value that nobody else reads has memory for these rows only. Source: Alted (2010), "Why modern CPUs are starving and what
can be done about it", as numexpr does it.

What a row is, the outermost axis of an instruction tells. A group may be run in such a way if whatever is written in it is
written and read row by row: a row's numbers only by what is done for that very row. A sum over all rows is made of sums of some,
and nobody in the group may read it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .fields import AXES, EXTENT, OPERANDS, OUT, OUT_STRIDES, STATE
from .opcode import Opcode
from .places import Cell
from .plan import Cut, Group, Instruction, Plan

LARGE = 1 << 14  # numbers: 64 KB, more than the first cache has
TOGETHER = 1 << 11  # numbers of an instruction that are run at a time
WIDEST = 1 << 13  # numbers of a row
FEWEST = 4  # rows, which sums along rows take at once
OUTSIDE = -1  # of all groups
SUMS = "sum_along", "sum_across"
FREE = {  # opcodes that are not elementwise: along so many axes they do for each place what they do for every other
    **dict.fromkeys(SUMS, AXES),
    **dict.fromkeys(("max", "min", "prod"), 2),
    **dict.fromkeys(("softmax", "add_along_axis"), 3),
}
STRIDES = {OUT: OUT_STRIDES, **{fields[0]: fields[1:] for fields in OPERANDS}}


def lay_out(plan: Plan, zero: Opcode, add: Opcode) -> None:
    """Give everything in a plan its place, neighbours that can be run by blocks in groups.

    Args:
        plan: whose instructions are complete.
        zero, add: opcodes that copy, and that add.
    """
    runs = arranged(plan.instructions)
    plan.instructions = []
    for run in runs:
        if isinstance(run, Instruction):
            plan.instructions.append(run)
        else:
            _append(plan, run, zero, add)
    _shorten_cells(plan)
    plan.lay_out()


def arranged(instructions: Sequence[Instruction]) -> list[Instruction | Run]:
    """The same instructions in an order that brings together what can be run by blocks."""
    left, found = list(instructions), list[Instruction | Run]()
    while left:
        first = left.pop(0)
        run = Run.of(first)
        if run is None:
            found.append(first)
            continue
        left = run.gather(left)
        found += [run] if len(run.members) > 1 else run.members
    return found


class Run:
    """Instructions that go over the same rows.

    Attributes:
        members: in order.
        rows: how many there are.
    """

    def __init__(self, rows: int):
        self.members: list[Instruction] = []
        self.rows = rows

    @classmethod
    def of(cls, first: Instruction) -> Run | None:
        """One that begins with an instruction; None if that is too small, or cannot be run by rows."""
        if not _is_large(first) or _axis(first) is None:
            return None
        run = cls(first.extent[_outermost(first)])
        return run if run.takes(first) else None

    def gather(self, others: list[Instruction]) -> list[Instruction]:
        """Take in all that can be done now. Returns what is left."""
        left: list[Instruction] = []
        for number, one in enumerate(others):
            if not isinstance(one.code, Opcode) or one.places.get(OUT) is None:
                return left + others[number:]
            if any(_conflict(one, other) for other in left) or not self.takes(one):
                left.append(one)
        return left

    def takes(self, one: Instruction) -> bool:
        """Add an instruction, if it can be run by rows along with the others."""
        axis = _axis(one)
        if axis is None:
            return False
        length = one.extent[axis]
        rows = min(self.rows, length)
        if max(self.rows, length) % rows or (rows < self.rows and not _is_large(one)):
            return False
        members = [*self.members, one]
        if any(math.prod(member.extent) > WIDEST * rows for member in members) or not _is_by_rows(members, rows, one):
            return False
        self.members, self.rows = members, rows
        return True


def _is_large(one: Instruction) -> bool:
    return math.prod(one.extent) >= LARGE


def _outermost(one: Instruction) -> int:
    """The first axis that is longer than 1."""
    return next((axis for axis, length in enumerate(one.extent) if length > 1), AXES - 1)


def _axis(one: Instruction) -> int | None:
    """The axis along which an instruction can be cut."""
    free = AXES if one.is_by_number else FREE.get(one.name, 0)
    return axis if isinstance(one.code, Opcode) and (axis := _outermost(one)) < free else None


def _is_sum_of_rows(one: Instruction, axis: int) -> bool:
    """Whether it adds up along the axis along which it is cut."""
    return one.name in SUMS and not one.fields.get(OUT_STRIDES[axis], 0)


def _conflict(one: Instruction, other: Instruction) -> bool:
    """Whether the order of two instructions matters."""
    return not writes(one).isdisjoint(_touches(other)) or not writes(other).isdisjoint(_touches(one))


def writes(one: Instruction) -> set[Cell]:
    """What an instruction writes to: its result, or, for all that is known of it, whatever it touches."""
    is_known = one.is_by_number or one.name in FREE or one.name.startswith("product")
    return {one.places[OUT].cell} if is_known else _touches(one)


def _touches(one: Instruction) -> set[Cell]:
    return {place.cell for place in one.places.values()}


# Row by row --------------------------------------------------------------------------------------


def _is_by_rows(members: Sequence[Instruction], rows: int, new: Instruction) -> bool:
    """Whether what is written is written and read row by row, as far as a new instruction has to do with it."""
    sums = [one.places[OUT].cell for one in members if _is_sum_of_rows(one, _outermost(one))]
    written = {one.places[OUT].cell for one in members}
    for cell in _touches(new) & written:
        users = [one for one in members if cell in _touches(one)]
        if cell in sums:
            if len(users) > 1 or sum(place.cell is cell for place in new.places.values()) > 1:
                return False
        elif not all(_stays_in_row(one, field, rows) for one in users for field in one.places if one.places[field].cell is cell):
            return False
    return True


def _stays_in_row(one: Instruction, field: int, rows: int) -> bool:
    """Whether an instruction reaches in each row only the numbers of the cell that belong to that row."""
    place, axis = one.places[field], _outermost(one)
    width, rest = divmod(place.cell.size, rows)
    unit = one.extent[axis] // rows
    strides = [one.fields.get(stride, 0) for stride in STRIDES[field]]
    ends = [stride * ((unit if i == axis else length) - 1) for i, (stride, length) in enumerate(zip(strides, one.extent))]
    first, last = (place.start + sum(bound(0, end) for end in ends) for bound in (min, max))
    return not rest and strides[axis] * unit == width and first >= 0 and last < width


# Into a plan -------------------------------------------------------------------------------------


def _append(plan: Plan, run: Run, zero: Opcode, add: Opcode) -> None:
    """Add the instructions of a run to a plan, as a group."""
    members: list[Instruction] = []
    for one in run.members:
        is_sum = _is_sum_of_rows(one, _outermost(one))
        members += _added_up(plan, one, zero, add) if is_sum else [one]
    width = max(math.prod(one.extent) for one in run.members) // run.rows
    size = min(max(TOGETHER // width, FEWEST), run.rows)
    plan.groups.append(Group(len(plan.instructions), run.rows, size, [_cut(one, run.rows) for one in members]))
    plan.instructions += members


def _added_up(plan: Plan, one: Instruction, zero: Opcode, add: Opcode) -> list[Instruction]:
    """A sum of all rows as sums of some, each added to a total, which begins at 0 before the group does."""
    total = one.places[OUT]
    count = one.extent[-1] if one.fields.get(OUT_STRIDES[-1], 0) else 1
    some = Cell((count,)).place
    plan.value = one.value
    plan.emit("lay_out", zero, [1, 1, 1, count], (total, (1,)), [(plan.constant(np.array(0.0)), (0,))])
    plan.emit("add", add, [1, 1, 1, count], (total, (1,)), [(some, (1,)), (total, (1,))])
    plan.value = None
    return [one._replace(places={**one.places, OUT: some}), plan.instructions.pop()._replace(is_by_number=False)]


def _cut(one: Instruction, rows: int) -> Cut:
    """How an instruction is run by rows; what is not cut is run as a whole each time."""
    axis = _axis(one)
    if axis is None:
        return Cut(STATE, 0, (0, 0, 0, 0))
    unit = one.extent[axis] // rows
    return Cut(EXTENT[axis], unit, tuple(one.fields.get(strides[axis], 0) * unit for strides in STRIDES.values()))


def _shorten_cells(plan: Plan) -> None:
    """Let cells that only one group uses have memory for the rows that are run at a time."""
    users: dict[Cell, set[int]] = {cell: {OUTSIDE} for cell, _ in plan.constants}
    group_of = {group.first + i: number for number, group in enumerate(plan.groups) for i in range(len(group.cuts))}
    for i, one in enumerate(plan.instructions):
        for place in one.places.values():
            users.setdefault(place.cell, set()).add(group_of.get(i, OUTSIDE))
    for number, group in enumerate(plan.groups):
        for i, (axis, unit, advances) in enumerate(group.cuts):
            places = plan.instructions[group.first + i].places
            cells = [places[field].cell if field in places else None for field in STRIDES]
            short = [cell if cell and cell.home is None and users[cell] == {number} else None for cell in cells]
            for cell, advance in zip(short, advances):
                if cell and advance:
                    cell.length = advance * group.size
            group.cuts[i] = Cut(axis, unit, tuple(0 if cell else advance for cell, advance in zip(short, advances)))
