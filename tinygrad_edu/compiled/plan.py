"""A plan: instructions for one program, and where every value lies.

Values of which the first axis is the batch may lie feature by feature: where layers have few units, that makes the inner loops
as long as the batch. The arena begins with weights, gradients and slots, each kind in one piece, so that one instruction of
the optimizer moves them all.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .fields import WIDTH
from .machine import OPCODES
from .places import UNKNOWN, Cell, Place, allot
from .program import Action, Program
from .step import NotCompiledError

NARROW = 64  # units: below, a batch lies feature by feature


class Instruction(NamedTuple):
    """An opcode, the shape that it goes over, and what it works on: places, whose strides are those of the two axes."""

    code: str
    out: Place | None
    extent: tuple[int, int]
    operands: list[tuple[Place, int, int]]  # place, outer stride, inner stride
    depth: int = 0

    def cells(self) -> list[Cell]:
        """The memory that it reads and writes."""
        return [place.cell for place, _, _ in self.operands] + ([self.out.cell] if self.out else [])

    def row(self) -> list[int]:
        """As the machine reads it."""
        numbers = [OPCODES[self.code], _address(self.out), *self.extent]
        for place, outer, inner in self.operands:
            numbers += [_address(place), outer, inner]
        return [*numbers, *[0] * (WIDTH - 1 - len(numbers)), self.depth]


def _address(place: Place | None) -> int:
    return 0 if place is None else place.cell.address + place.start


class Plan:
    """Instructions for one program, and the cells that they work on.

    Args:
        program: what is computed.
        batch: rows of a batch.
        weights: shapes of the model's weights.
        trained: numbers of those that the optimizer moves, in the order of the gradients.
        update: its opcode, and how many slots it has.
        lower: adds to a plan what an action becomes.
        base: where in the arena all that is not a weight, a gradient or a slot may begin.

    Attributes:
        instructions: in order.
        size: of the arena.
        trained_size: how many numbers the optimizer moves; weights, gradients and slots begin at multiples of it.
        weights: cells of the weights.
        constants: cells, and what is in them.
        output: where the outputs of the model lie.
    """

    def __init__(
        self,
        program: Program,
        batch: int,
        weights: list[tuple],
        trained: list[int],
        update: tuple[str, int],
        lower: Callable[[Plan, Action], None],
        base: int = 0,
    ):
        self.values, self.batch = program.values, batch
        self.instructions: list[Instruction] = []
        self.constants: list[tuple[Cell, np.ndarray]] = []
        self._constant_cells: dict[bytes, Cell] = {}
        self.weights, self.gradients = [Cell(shape) for shape in weights], [Cell(weights[number]) for number in trained]
        self.places = {value: self.weights[number].place for value, number in program.weights.items()}
        self.is_narrow = self._widest(program) <= NARROW
        output, loss, *wanted = program.wanted
        self._targets = dict(zip(wanted, self.gradients))
        self._gather(program)
        for action in program.actions:
            lower(self, action)
        self.emit("look", None, (1, 1), [(self.place(loss), 0, 0)])
        self.output = self.place(output)
        self.tell(output)
        for value, cell in zip(wanted, self.gradients):
            if self.place(value).cell is not cell:
                self.copy(self.place(value), cell.place)
        self._lay_down(trained, update, base)

    def _widest(self, program: Program) -> int:
        """Length of the longest row of a matrix that is computed on."""
        shapes = [self.values.shapes[action.out] for action in program.actions] + [self.values.shapes[v] for v in program.tables]
        return max((int(np.prod(shape[1:])) for shape in shapes if shape[:1] == (self.batch,)), default=0)

    def place(self, value: int) -> Place:
        """Where a value lies; constants get a place when they are first asked for."""
        if value not in self.places:
            self.places[value] = self.constant(self.values.constants[value])
        return self.places[value]

    def constant(self, array: np.ndarray) -> Place:
        """One number for a constant that is the same everywhere, which every use spreads out."""
        first = array.flat[0] if array.size else 0
        is_one = bool((array == first).all())
        data = np.array([first], np.float32) if is_one else np.ascontiguousarray(array)
        key = data.tobytes()
        if key not in self._constant_cells:
            self._constant_cells[key] = Cell((data.size,))
            self.constants.append((self._constant_cells[key], data))
        place = self._constant_cells[key].place
        return place.seen(np.broadcast_to(place.form.reshape(()), array.shape) if is_one else place.form.reshape(array.shape))

    def new(self, value: int, order: str = "") -> Place:
        """A place for what is computed: that of a gradient, if it is one, else a cell."""
        shape = self.values.shapes[value]
        if value in self._targets:
            found = self._targets.pop(value).place
        else:
            found = Cell(shape, order or self.order_of(shape)).place
        self.places[value] = found
        return found

    def order_of(self, shape: tuple[int, ...]) -> str:
        """How numbers of a shape lie: feature by feature in batches of few units."""
        return "F" if self.is_narrow and len(shape) == 2 and shape[0] == self.batch else "C"

    def emit(self, code: str, out: Place | None, extent: tuple[int, int], operands: list, depth: int = 0) -> None:
        """One instruction more."""
        self.instructions.append(Instruction(code, out, extent, operands, depth))

    def copy(self, source: Place, target: Place) -> None:
        """The same numbers where the rows of `target` lie one after the other, or its columns do."""
        if len(source.form.shape) > 2:
            raise NotCompiledError(f"an array of {len(source.form.shape)} axes has to be laid out anew")
        turned = not target.form.flags.c_contiguous
        form = matrix_of(source.form.T if turned else source.form)
        self.emit("lay_out", target, form.shape, [(source.seen(form), *form.strides)])

    def copied(self, place: Place, order: str = "C") -> Place:
        """A new cell with the same numbers."""
        target = Cell(place.form.shape, order).place
        self.copy(place, target)
        return target

    def tell(self, output: int) -> None:
        """Write down what the model said."""
        shape = self.values.shapes[output]
        place = self.place(output)
        form = place.form.reshape(shape[0], -1)
        if not np.shares_memory(form, place.cell.memory):
            raise NotCompiledError("the outputs lie in an order of their own")
        self.emit("tell", None, form.shape, [(place.seen(form), *form.strides)])

    def _gather(self, program: Program) -> None:
        """The batch, in one cell for each part of it, whatever shapes it is used in."""
        cells: dict[int, Cell] = {}
        for value, table in program.tables.items():
            shape = self.values.shapes[value]
            width = int(np.prod(shape[1:]))
            if table not in cells:
                cells[table] = cell = Cell((self.batch, width), self.order_of((self.batch, width)))
                by_rows = cell.place.form.flags.c_contiguous
                self.emit("gather", cell.place, (self.batch, width), [(Cell(()).place, 0, int(by_rows))], depth=table)
            form = cells[table].place.form.reshape(shape)
            place = cells[table].place.seen(form)
            if not np.shares_memory(form, cells[table].memory):
                place = self.copied(cells[table].place)
                place = place.seen(place.form.reshape(shape))
            self.places[value] = place

    def _lay_down(self, trained: list[int], update: tuple[str, int], base: int) -> None:
        """Give every cell its address, and let the optimizer move all weights at once."""
        code, slots = update
        moved = [self.weights[number] for number in trained]
        at = _one_after_the_other(moved, 0)
        _one_after_the_other(self.gradients, at)
        self.trained_size = at
        whole = [Cell((at,)) for _ in range(3)]
        _one_after_the_other(whole, 0)
        weights, gradients, state = (cell.place for cell in whole)
        self.emit(code, weights, (1, at), [(gradients, 0, 1), (state, 0, 1)])
        at = _one_after_the_other([cell for cell in self.weights if cell.address == UNKNOWN], at * (2 + slots))
        at = _one_after_the_other([cell for cell, _ in self.constants], max(at, base))
        for number, instruction in enumerate(self.instructions):
            for cell in instruction.cells():
                cell.first, cell.last = number if cell.first < 0 else cell.first, number
        free = {id(cell): cell for one in self.instructions for cell in one.cells() if cell.address == UNKNOWN}
        self.size = allot(list(free.values()), at)

    def explain(self) -> str:
        """The plan in words: what is done to how many numbers, and where they lie."""
        lines = [
            f"{one.code:28} {one.extent[0]} x {one.extent[1]}" + (f" x {one.depth}" if one.code.startswith("product") else "")
            + (f" -> {_address(one.out)}" if one.out else "")
            for one in self.instructions
        ]  # fmt: skip
        products = sum(2 * math.prod((*one.extent, one.depth)) for one in self.instructions if one.code.startswith("product"))
        lying = "feature by feature" if self.is_narrow else "sample by sample"
        end = f"{len(lines)} instructions, {products:,} flops in products, batches lie {lying}, arena of {4 * self.size:,} bytes"
        return "\n".join([*lines, end])

    def rows(self) -> np.ndarray:
        """The program as the machine reads it."""
        return np.array([instruction.row() for instruction in self.instructions], np.int64)


def _one_after_the_other(cells: list[Cell], at: int) -> int:
    for cell in cells:
        cell.address = at
        at += cell.size
    return at


def matrix_of(form: np.ndarray) -> np.ndarray:
    """A scalar or a vector as a matrix of one row."""
    return form if form.ndim == 2 else np.broadcast_to(form, (1, form.size))
