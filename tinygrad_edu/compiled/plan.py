"""A plan: instructions for one program, and where every value lies, as far as that can be told without arrays.

Values of which the first axis is the batch may lie feature by feature: where layers have few units, that makes the inner loops
as long as the batch. Weights, slots and tables are addressed where they are; all else has cells in an arena. `link` turns a plan
into rows that the machine can read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple

import numpy as np

from .fields import AXES, DEPTH, EXTENT, INNER, OPERANDS, OUT, OUT_STRIDES, ROW
from .machine import ADVANCES, CUT, MEMBERS, TOGETHER, UNIT, blocks
from .opcode import Opcode, prepare
from .places import UNKNOWN, Cell, Place, allot, filled, lie_alike, merged, rounded
from .program import Program

NARROW = 64  # units: below, a batch lies feature by feature


class Bound(NamedTuple):
    """What stands in a plan for a Python function that belongs to one model, by the name that linking finds it by."""

    key: Hashable


class Instruction(NamedTuple):
    """What is done to which places.

    Attributes:
        name: for those who read a plan.
        code: the opcode; or a function that computes arrays from arrays, in Python; or what stands for one, or what is drawn.
        places: by the field that has their address; of a function, its result and its operands in order.
        fields: all other numbers of the row, by their field.
        value: of the program, on the way to which this is done; None if to none.
        is_by_number: whether it does the same to each number.
    """

    name: str
    code: Opcode | Callable | Bound | Drawn
    places: dict[int, Place]
    fields: dict[int, int]
    value: int | None = None
    is_by_number: bool = False

    @property
    def extent(self) -> tuple[int, ...]:
        """Lengths of the axes that it goes along."""
        return tuple(self.fields.get(axis, 1) for axis in EXTENT)


class Drawn(NamedTuple):
    """Random numbers, of which generator is only said by its number: `draw(generator, *args)`, draw `number` of a step."""

    generator: int
    number: int
    draw: Callable
    args: tuple


class Cut(NamedTuple):
    """How an instruction of a group is run by rows.

    Attributes:
        axis: the field of the axis that is cut.
        unit: its length for a row.
        advances: by how many numbers the result and the operands move on from row to row.
    """

    axis: int
    unit: int
    advances: tuple[int, ...]


class Group(NamedTuple):
    """Neighbours that are run together on some rows, then on the next.

    Attributes:
        first: number of the first instruction.
        rows: how many there are.
        size: how many are run at a time.
        cuts: of each of the instructions.
    """

    first: int
    rows: int
    size: int
    cuts: list[Cut]

    @property
    def end(self) -> int:
        """The number behind that of the last instruction."""
        return self.first + len(self.cuts)


Strided = tuple[Place, Sequence[int]]  # a place, and its strides along the axes of an instruction


class Plan:
    """Instructions for one program, and the cells that they work on.

    Args:
        program: what is computed.
        batch: rows of a batch; None if the tables are taken whole.

    Attributes:
        instructions: in order.
        groups: neighbours among them that are run by blocks; see `blocks`.
        homes: cells outside of the arena, by what they are cells of.
        constants: cells, and what is in them.
        size: of the arena, once it is laid out.
        value: which one of the program instructions are added for now; None if for none.
        rows: what the machine reads: the instructions, with one in the place of each group; behind these, those of the groups.
        length: how many of the rows come before those of the groups.
        table: the rows as numbers, with addresses that count from where each home, the arena, or the table itself begins.
        draws: how often a step draws from each generator.
        moved: numbers of the weights that get other numbers beside the optimizer.
        counted: of which numbers of the table this is true: rows, fields, and which home; behind the homes come arena and table.
    """

    def __init__(self, program: Program, batch: int | None):
        self.program, self.values, self.batch = program, program.values, batch
        self.instructions: list[Instruction] = []
        self.groups: list[Group] = []
        self.homes: dict[Hashable, Cell] = {}
        self.constants: list[tuple[Cell, np.ndarray]] = []
        self.size = 0
        self.value: int | None = None
        self.draws: dict[int, int] = {}
        self.moved = tuple(number for number, _ in program.moves)
        self._constant_cells: dict[bytes, Cell] = {}
        self._targets: dict[int, Place] = {}
        self._rows_of: dict[Hashable, tuple[np.ndarray, np.ndarray]] = {}
        self._codes: dict[np.dtype, np.ndarray] = {}
        self.is_narrow = batch is not None and self._widest() <= NARROW
        self.places = {
            value: self.home(("weight", number), self.values.shapes[value]) for value, number in program.weights.items()
        }

    def _widest(self) -> int:
        """Length of the longest row of a matrix that is computed on; none is short where there are more axes."""
        values = [*(action.out for action in self.program.actions), *self.program.tables]
        shapes = [shape for shape in map(self.values.shapes.__getitem__, values) if shape[:1] == (self.batch,)]
        return max((math.prod(shape[1:]) if len(shape) < 3 else NARROW + 1 for shape in shapes), default=0)

    # Places --------------------------------------------------------------------------------------

    def home(self, key: Hashable, shape: tuple[int, ...]) -> Place:
        """The place of something that lies outside of the arena."""
        if key not in self.homes:
            self.homes[key] = Cell(shape, home=key)
        return self.homes[key].place

    def place(self, value: int) -> Place:
        """Where a value lies; constants get a place when they are first asked for."""
        if value not in self.places:
            self.places[value] = self.constant(self.values.constants[value])
        return self.places[value]

    def constant(self, array: np.ndarray) -> Place:
        """One number for a constant that is the same everywhere, which every use spreads out."""
        first = array.flat[0] if array.size else 0
        is_one = bool((array == first).all())
        data = np.array([first], np.float64) if is_one else np.ascontiguousarray(array, np.float64)
        key = data.tobytes()
        if key not in self._constant_cells:
            self._constant_cells[key] = Cell((data.size,))
            self.constants.append((self._constant_cells[key], data.reshape(-1)))
        place = self._constant_cells[key].place
        return place.seen(np.broadcast_to(place.form.reshape(()), array.shape) if is_one else place.form.reshape(array.shape))

    def new(self, value: int, order: str = "") -> Place:
        """A place for what is computed."""
        shape = self.values.shapes[value]
        target = self._targets.pop(value, None)
        self.places[value] = target or Cell(shape, order or self.order_of(shape)).place
        return self.places[value]

    def new_like(self, value: int, like: Place) -> Place:
        """A place for what is computed, in which numbers lie as in another one, which has no gaps."""
        order = "C" if like.form.flags.c_contiguous else "F"
        if not lie_alike(self.new(value, order).form, like.form):
            self.places[value] = Cell(like.form.shape, order).place
        return self.places[value]

    def wants(self, value: int, target: Place) -> None:
        """Let a value that will be computed lie in a certain place, if nothing else is decided by then."""
        self._targets[value] = target

    def order_of(self, shape: tuple[int, ...]) -> str:
        """How numbers of a shape lie: feature by feature in batches of few units."""
        return "F" if self.is_narrow and len(shape) == 2 and shape[0] == self.batch else "C"

    def copied(self, place: Place, order: str = "C") -> Place:
        """A new cell with the same numbers."""
        target = Cell(place.form.shape, order).place
        self.elementwise("lay_out", self.copy, target, [place])
        return target

    copy: Opcode  # what lays numbers out anew; lowering knows it

    # Instructions --------------------------------------------------------------------------------

    def emit(
        self,
        name: str,
        code: Opcode,
        extent: Sequence[int],
        out: Strided | None,
        operands: Sequence[Strided],
        fields: dict[int, int] | None = None,
    ) -> None:
        """One instruction more. Extents and strides are those of the last axes; `fields` says what else is in the row."""
        numbers = dict(zip(EXTENT[AXES - len(extent) :], extent))
        places = {}
        for at, stride_fields, (place, strides) in _addressed(out, operands):
            places[at] = place
            numbers |= dict(zip(stride_fields[AXES - len(strides) :], map(int, strides)))
        self.instructions.append(Instruction(name, code, places, numbers | (fields or {}), self.value))

    def call(self, name: str, function: Callable | Drawn, out: Place, operands: Sequence[Place]) -> None:
        """An instruction that is Python."""
        places = dict(enumerate([out, *operands]))
        self.instructions.append(Instruction(name, function, places, {INNER: out.form.size}, self.value))

    def call_bound(self, name: str, key: Hashable, operands: Sequence[Place]) -> None:
        """An instruction that is Python, which linking finds among the homes: it works on arrays that look at places."""
        self.instructions.append(Instruction(name, Bound(key), dict(enumerate(operands)), {}))

    def elementwise(self, name: str, code: Opcode, out: Place, operands: Sequence[Place]) -> bool:
        """Number by number, along as few axes as there can be. False, and nothing, if these are too many."""
        forms = [out.form, *(np.broadcast_to(place.form, out.form.shape) for place in operands)]
        order = sorted(range(out.form.ndim), key=lambda axis: -out.form.strides[axis])
        lengths, strides = merged(
            [out.form.shape[axis] for axis in order], [tuple(form.strides[axis] for form in forms) for axis in order]
        )
        if len(lengths) > AXES:
            return False
        lengths, strides = filled(lengths, strides, AXES, len(forms))
        by_form = list(zip(*strides))
        seen = [place.seen(form) for place, form in zip(operands, forms[1:])]
        self.emit(name, code, lengths, (out, by_form[0]), list(zip(seen, by_form[1:])))
        self.instructions[-1] = self.instructions[-1]._replace(is_by_number=True)
        return True

    # The end -------------------------------------------------------------------------------------

    def lay_out(self) -> None:
        """Give every cell of the arena its address."""
        at = 0
        for cell, data in self.constants:
            cell.address = at
            at += rounded(data.size)
        free: dict[int, Cell] = {}
        spans = {i: (group.first, group.end - 1) for group in self.groups for i in range(group.first, group.end)}
        for number, instruction in enumerate(self.instructions):
            for place in instruction.places.values():
                cell = place.cell
                if cell.address == UNKNOWN:
                    first, last = (number, number) if cell.is_short else spans.get(number, (number, number))
                    cell.first = first if id(cell) not in free else cell.first
                    cell.last = last
                    free[id(cell)] = cell
        self.size = allot(free.values(), at)
        self._write()

    def _write(self) -> None:
        """Make rows of the instructions."""
        self._take_groups()
        self.table = np.zeros((len(self.rows), ROW), np.int64)
        numbers: dict[Hashable, int] = {home: number for number, home in enumerate(self.homes)}
        numbers[None] = len(numbers)
        counted = []
        for i, one in enumerate(self.rows):
            self.table[i, list(one.fields)] = list(one.fields.values())
            if isinstance(one.code, Opcode):
                for field, place in one.places.items():
                    self.table[i, field] = place.cell.address + place.start
                    counted.append((i, field, numbers[place.cell.home]))
        counted += [(i, MEMBERS, len(numbers)) for i, one in enumerate(self.rows) if one.code is blocks]
        self.counted = np.array(counted, np.int64).reshape(-1, 3).T

    def _take_groups(self) -> None:
        """One instruction in the place of each group."""
        members = sum(len(group.cuts) for group in self.groups)
        self.length = len(self.instructions) - members + len(self.groups)
        self.rows, inner, at = list[Instruction](), list[Instruction](), 0
        for group in self.groups:
            self.rows += self.instructions[at : group.first]
            at = group.end
            fields = {INNER: group.rows, TOGETHER: group.size, DEPTH: len(group.cuts), MEMBERS: (self.length + len(inner)) * ROW}
            self.rows.append(Instruction("blocks", blocks, {}, fields))
            for one, (axis, unit, advances) in zip(self.instructions[group.first : at], group.cuts):
                inner.append(one._replace(fields={**one.fields, CUT: axis, UNIT: unit, **dict(zip(ADVANCES, advances))}))
        self.rows += [*self.instructions[at:], *inner]

    def codes(self, dtype: np.dtype) -> np.ndarray:
        """Where the code of each row lies in this process; 0 for what is Python."""
        if dtype not in self._codes:
            prepare([one.code for one in self.rows], dtype)
            found = [one.code.address(dtype) if isinstance(one.code, Opcode) else 0 for one in self.rows]
            self._codes[dtype] = np.array(found, np.int64)
        return self._codes[dtype]

    def rows_of(self, home: Hashable) -> tuple[np.ndarray, np.ndarray]:
        """Where in the table there are addresses that count from a home: rows and fields."""
        if not self._rows_of:  # put in its place as a whole: plans are shared by threads
            row, field, number = self.counted
            self._rows_of = {key: (row[number == i], field[number == i]) for i, key in enumerate(self.homes)}
        return self._rows_of[home]


def _addressed(out: Strided | None, operands: Sequence[Strided]) -> list[tuple[int, Sequence[int], Strided]]:
    found = [(OUT, OUT_STRIDES, out)] if out else []
    return [*found, *((fields[0], fields[1:], operand) for fields, operand in zip(OPERANDS, operands))]
