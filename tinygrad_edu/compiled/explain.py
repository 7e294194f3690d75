"""From a plan to its explanation: what is done to how many numbers, where they come from, where they go, and what that costs.

A plan does not know whose it is, since models of the same form share it; so the names of layers and weights come from outside.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from ..structure import flatten
from ..variable import Variable
from .explanation import Block, Explanation, Kept, Line, Source
from .fields import DEPTH, OUT, STATE
from .kinds import Step
from .opcode import Opcode
from .places import Cell, Place, rounded
from .plan import Group, Instruction, Plan

MOVES = "gather", "lay_out", "tell", "look", "note", "draw"  # what computes nothing
TABLES = "x", "y", "sample_weight"
REPORTS = {"look": "loss", "note": "losses", "tell": "outputs"}


class Names(NamedTuple):
    """What a plan does not know of the model that it is used for.

    Attributes:
        weights, tables: by their numbers.
        origins: of each call that was taken down: in which layer, and whether that was on the way back.
        itemsize: bytes of a number.
    """

    weights: Sequence[str] = ()
    tables: Sequence[str] = ()
    origins: Sequence[tuple[str, bool]] = ()
    itemsize: int = 4


def names_of(step: Step, parts: Sequence[Any], itemsize: int, names: Sequence[str] = TABLES) -> Names:
    """The names of a step on the parts of a batch, or on the arguments of a function."""
    calls = [(getattr(call, "layer", ""), getattr(call, "is_backward", False)) for call in step.taken.calls]
    root = next((layer.partition("/")[0] for layer, _ in calls if layer), "")  # the model, in which all layers are
    weights = [getattr(weight, "path", f"weight {i}") for i, weight in enumerate(step.taken.weights)]
    tables = [name for part, name in zip(parts, names) for name in _numbered(name, part)]
    origins = [(layer.removeprefix(f"{root}/"), is_backward) for layer, is_backward in calls]
    return Names(weights, tables, origins, itemsize)


def names_of_arguments(function: Callable, args: Sequence[Any], more: Mapping[str, Any]) -> list[str]:
    """The names of the parameters that take these arguments, or their numbers where they have none."""
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):  # some callables do not tell
        parameters = MappingProxyType({})
    plain = [one.name for one in parameters.values() if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)]
    return [*plain[: len(args)], *(f"argument {i}" for i in range(len(plain), len(args))), *more]


def _numbered(name: str, part: Any) -> list[str]:
    """The name of an array; of a structure of several, each with its number; none of what is no array."""
    count = sum(hasattr(one, "dtype") and not isinstance(one, Variable) for one in flatten(part)[0])
    return [name] if count == 1 else [f"{name} {i}" for i in range(count)]


def explain(plan: Plan, names: Names = Names()) -> Explanation:  # noqa: B008  immutable
    """What a plan does."""
    reader = _Reader(plan, names)
    lines = tuple(reader.line(number, one) for number, one in enumerate(plan.instructions))
    constants = tuple(Kept(cell.address, cell.size, 0, len(lines)) for cell, _ in plan.constants)
    cells = {id(cell): cell for cell, _ in plan.constants}
    cells |= {id(place.cell): place.cell for one in plan.instructions for place in one.places.values()}
    separate = sum(rounded(cell.size) for cell in cells.values() if cell.home is None)
    size = names.itemsize
    blocks = tuple(_block(plan, group, size) for group in plan.groups)
    return Explanation(lines, blocks, constants, plan.size * size, separate * size, size, plan.is_narrow)


def _block(plan: Plan, group: Group, itemsize: int) -> Block:
    """A group, and how many bytes go through memory once for all of its instructions."""
    members = plan.instructions[group.first : group.end]
    others = [*plan.instructions[: group.first], *plan.instructions[group.end :]]
    outside = {place.cell for one in others for place in one.places.values()} | {cell for cell, _ in plan.constants}
    written, read = dict[Cell, int](), dict[Cell, int]()
    for one in members:
        for field, place in one.places.items():
            if place.cell.home is not None or place.cell in outside:
                found = written if field == OUT else read
                found[place.cell] = max(found.get(place.cell, 0), _distinct(place))
    read = {cell: count for cell, count in read.items() if cell not in written}
    came, went = (sum(found.values()) * itemsize for found in (read, written))
    return Block(group.first, group.end - 1, group.rows, group.size, came, went)


class _Reader:
    """Goes through the instructions of a plan, and notes who writes what."""

    def __init__(self, plan: Plan, names: Names):
        self.plan, self.names = plan, names
        self.constants = {id(cell): data for cell, data in plan.constants}
        self.times = {group.first + i: times for group in plan.groups for i, times in enumerate(_times(group))}
        self.writers: dict[int, list[int]] = {}
        self.phase = "batch"

    def line(self, number: int, one: Instruction) -> Line:
        is_python = not isinstance(one.code, Opcode)
        out, operands = _taken_apart(one, is_python)
        phase, layer = self.origin(one, out)
        operands, name = self.told(operands, one.name)
        beside = [place for place in operands if self.is_new(place.cell)]  # which it writes to, too
        operands = [place for place in operands if not self.is_new(place.cell)]
        sources = tuple(source for place in operands for source in self.sources(place, one.name))
        read, written = (count * self.names.itemsize for count in _moved(one, out, operands, beside, phase))
        self.note_writer(number, [*beside, *filter(None, [out])], operands)
        extent = self.times.get(number, ()) + ((out.form.shape if is_python and out else _extent(one)) or (1,))
        flops = math.prod(extent) * (2 if one.name.startswith("product") else 0 if one.name in MOVES else 1)
        return Line(
            number, name, phase, layer, extent, self.shape(one, out), sources, self.target(out, one.name),
            _kept(out.cell) if out and out.cell.home is None else None, read, written, flops, is_python,
        )  # fmt: skip

    def is_new(self, cell: Cell) -> bool:
        """Whether nobody has written to a cell yet, so that who is given it does."""
        return cell.home is None and id(cell) not in self.constants and id(cell) not in self.writers

    def note_writer(self, number: int, written: Sequence[Place], read: Sequence[Place]) -> None:
        """Note who writes to some places; who goes on with what lies there stands for those before."""
        for cell in {place.cell for place in written}:
            goes_on = any(place.cell is cell for place in read)
            self.writers[id(cell)] = [number] if goes_on else [*self.writers.get(id(cell), []), number]

    def shape(self, one: Instruction, out: Place | None) -> tuple[int, ...]:
        """The shape of the result as the op has it, where instructions go over it in another order."""
        shape = () if out is None else out.form.shape
        known = shape if one.value is None else self.plan.values.shapes[one.value]
        return known if math.prod(known) == math.prod(shape) else shape

    def origin(self, one: Instruction, out: Place | None) -> tuple[str, str]:
        """What an instruction is done for: what the ops say that it comes from, else its place in the plan."""
        if one.is_update:
            self.phase = "update"
        elif one.value is not None:
            call = self.plan.values.calls.get(one.value, -1)
            layer, is_backward = self.names.origins[call] if 0 <= call < len(self.names.origins) else ("", False)
            is_loss = not layer and self.plan.batch is not None and self.names.origins
            self.phase = "backward" if is_backward else "loss" if is_loss else "forward"
            return self.phase, layer
        elif one.name in REPORTS or (out is not None and out.cell.home is not None and out.cell.home[0] == "result"):  # type: ignore[index]
            self.phase = "report"
        if self.phase != "update" or out is None or out.cell.home is None:
            return self.phase, ""
        return self.phase, self.home(out.cell).name.rpartition(" ")[2].rpartition("/")[0]

    def told(self, operands: list[Place], name: str) -> tuple[list[Place], str]:
        """What is worth telling: not a bias of 0, nor the weight that is moved, nor that a sum is divided by 1."""
        data = self.constants.get(id(operands[-1].cell)) if operands else None
        if name.startswith("product") and len(operands) == 3:
            is_plain = name.endswith("descend") or (data is not None and not data.any())
            return (operands[:2], name) if is_plain else (operands, f"{name} + bias")
        is_by_one = name.startswith("sum_") and data is not None and data[0] == 1
        return (operands[:-1] if is_by_one else operands), name

    def sources(self, place: Place, user: str) -> Iterator[Source]:
        cell = place.cell
        is_result = cell.home is not None and cell.home[0] == "result"  # type: ignore[index]
        if cell.home is not None and not (is_result and id(cell) in self.writers):
            yield self.home(cell)
        elif id(cell) in self.constants:
            data = self.constants[id(cell)]
            if data.size > 1:
                yield Source("constant", f"constant {place.form.shape}")
            else:
                yield Source("constant", ("/ " if user.startswith("sum_") else "") + f"{data[0]:.4g}")
        else:
            yield from (Source("instruction", "", number) for number in self.writers.get(id(cell), []))

    def home(self, cell: Cell) -> Source:
        home: Any = cell.home
        kind, number, *rest = home
        plain = kind if kind in ("table", "result") else "weight"
        names = {"table": self.names.tables, "weight": self.names.weights}.get(plain, ())
        name = names[number] if number < len(names) else f"{plain} {number}"
        return Source(kind, name if kind == plain else " ".join([kind, *map(str, rest[:-1]), "of", name]), number)

    def target(self, out: Place | None, user: str) -> str:
        if out is None:
            return REPORTS.get(user, "")
        return f"@{out.cell.address + out.start}" if out.cell.home is None else self.home(out.cell).name


def _taken_apart(one: Instruction, is_python: bool) -> tuple[Place | None, list[Place]]:
    """The place of the result, and those of the operands."""
    first = 0 if is_python else OUT
    return one.places.get(first), [place for field, place in one.places.items() if field != first]


def _extent(one: Instruction) -> tuple[int, ...]:
    """Lengths of the axes that matter, with the one that a product sums over."""
    extent = tuple(length for length in one.extent if length != 1)
    return (*extent, one.fields[DEPTH]) if one.name.startswith("product") else extent


def _moved(one: Instruction, out: Place | None, operands: list[Place], beside: list[Place], phase: str) -> tuple[int, int]:
    """How many numbers are read and written, also beside the result."""
    read = sum(_distinct(place) for place in {_seen(place): place for place in operands}.values())
    if out is None:
        return read, read
    written = sum(map(_distinct, [out, *beside]))
    if one.name == "gather":
        return written, written
    is_in_place = phase == "update" and out.cell.home is not None and one.name != "lay_out"
    if is_in_place and all(place.cell is not out.cell for place in operands):  # weights and slots are moved where they are
        slots = [place for place in operands if place.cell.home and place.cell.home[0] == "slot"]  # type: ignore[index]
        return read + written, written + sum(map(_distinct, slots))
    return read, written


def _seen(place: Place) -> Hashable:
    """Which numbers of which cell a place looks at."""
    return id(place.cell), place.start, place.form.shape, place.form.strides


def _distinct(place: Place) -> int:
    """How many different numbers a form looks at."""
    return math.prod(length for length, stride in zip(place.form.shape, place.form.strides) if stride)


def _kept(cell: Cell) -> Kept:
    return Kept(cell.address, cell.length, cell.first, cell.last)


def _times(group: Group) -> Iterator[tuple[int, ...]]:
    """How often each instruction of a group is run as a whole, of those that are not cut into rows."""
    blocks = -(-group.rows // group.size)
    yield from ((blocks,) if cut.axis == STATE else () for cut in group.cuts)
