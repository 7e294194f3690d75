"""A plan with an address for everything: rows that the machine reads, and the memory that they work on."""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from .calling import ready
from .errors import NotCompiledError
from .fields import CODE, PASS, POSITION, ROW, STATE, STATE_FIELDS, STEP
from .kinds import Step
from .machine import COUNT, PASSES, run
from .opcode import call, python_opcode
from .places import Place
from .plan import Bound, Drawn, Instruction, Plan

_Bytes = ctypes.c_char * 0


class Linked:
    """Instructions of a plan with addresses.

    Args:
        plan: laid out.
        homes: the arrays of everything that has no place in the arena, by what it is; contiguous, of the machine's type. And
            the functions that the plan only names.
        dtype: the machine's type, float32 or float64.
        state: what its instructions know of the run; plans that take turns share it. See `new_state`.
        generators: of the random numbers in it.

    Attributes:
        rows: the instructions as the machine reads them.
    """

    def __init__(self, plan: Plan, homes: Mapping[Hashable, Any], dtype: Any, state: np.ndarray, generators: Sequence[Any] = ()):
        self.plan, self.dtype, self.state = plan, np.dtype(dtype), state
        self.generators, self.starts = generators, [0] * len(generators)
        self.streams = np.zeros((len(generators), 4), np.uint64)  # of each its key, its counter before a run, and draws of a step
        self.homes = dict(homes) | {("generator", number): stream for number, stream in enumerate(self.streams)}  # kept alive
        self.arena = aligned(plan.size, self.dtype)
        for cell, data in plan.constants:
            self.arena[cell.address : cell.address + data.size] = data
        codes = plan.codes(self.dtype)
        self.calls = {i: self._python(plan.rows[i]) for i in np.flatnonzero(codes == 0).tolist()}
        known = {home: address(array) for home, array in self.homes.items() if isinstance(array, np.ndarray)}
        row, field, number = plan.counted
        self.rows = plan.table.copy()
        begin = np.array([*(known.get(home, 0) for home in plan.homes), address(self.arena), words(self.rows)])
        self.rows[row, field] += begin[number]
        self.rows[:, CODE] = codes
        for i, called in self.calls.items():
            self.rows[i, CODE] = called.address()
        self.rows[:, STATE] = words(state)
        self._pass = words(self.rows), plan.length, words(state)

    def put(self, home: Hashable, array: np.ndarray) -> None:
        """Let a home be another array, or the first one."""
        if home in self.plan.homes:
            self.homes[home] = array
            row, field = self.plan.rows_of(home)
            self.rows[row, field] = self.plan.table[row, field] + address(array)

    def _python(self, one: Instruction) -> Any:
        """An instruction that is Python: what is done to arrays that look at its places, wherever these are by then."""
        if isinstance(one.code, Bound):
            bound = self.homes[one.code.key]
            return python_opcode(lambda row: bound(*map(self.array, one.places.values())))
        function: Any = functools.partial(self._draw, one.code) if isinstance(one.code, Drawn) else one.code

        def step(row: np.ndarray) -> int:
            out, *operands = map(self.array, one.places.values())
            try:
                with np.errstate(all="ignore"):
                    result = np.asarray(function(*operands))
            except Exception:  # raised again, with where it comes from, when this step is taken by itself
                return 1
            out[...] = result
            return int(not is_exact(result, self.dtype))

        return python_opcode(step)

    def begin(self) -> None:
        """Note where the generators stand before a run."""
        self.starts = [generator.counter for generator in self.generators]
        for number, generator in enumerate(self.generators):
            self.streams[number] = *generator.key, generator.counter, self.plan.draws.get(number, 0)

    def end(self, steps: int) -> None:
        """Let the generators stand where so many steps have moved them."""
        for number, generator in enumerate(self.generators):
            generator.counter = self.starts[number] + steps * self.plan.draws.get(number, 0)

    def _draw(self, drawn: Drawn) -> np.ndarray:
        generator = self.generators[drawn.generator]
        per_step = self.plan.draws[drawn.generator]
        generator.counter = self.starts[drawn.generator] + int(self.state[STEP]) * per_step + drawn.number
        return drawn.draw(generator, *drawn.args)

    def array(self, place: Place) -> np.ndarray:
        """An array that looks at a place."""
        size = self.dtype.itemsize
        base = self.arena if place.cell.home is None else self.homes[place.cell.home].reshape(-1)
        strides = [stride * size for stride in place.form.strides]
        return np.lib.stride_tricks.as_strided(base[place.cell.address + place.start :], place.form.shape, strides)

    def a_pass(self, steps: int, size: int = 0) -> tuple[int, ...]:
        """The pass that runs all instructions so many times, for batches of so many rows."""
        rows, length, state = self._pass
        return rows, length, steps, size, state


Places = tuple[Hashable, list[tuple[int, int]]]  # a home; the numbers in all rows that count from it, and how far


class Prepared:
    """A plan that is run once at a time, on other tables each time: with little to do around it.

    Args:
        linked: with all its homes, but those that are put later.
    """

    def __init__(self, linked: Linked):
        self.linked = linked
        self._rows, self._state = linked.rows.reshape(-1).data, linked.state.data
        self._size = linked.dtype.itemsize
        self._pass = np.array([linked.a_pass(1)], np.int64)
        self._row = np.zeros(ROW, np.int64)
        self._row[CODE], self._row[PASSES], self._row[COUNT] = run.address(linked.dtype), words(self._pass), 1
        self._call = ready(int(self._row[CODE]), self._row)
        self._looks = bool(linked.calls) or bool(linked.generators)
        self._given: list[Hashable] = []

    def places(self, home: Hashable) -> Places:
        """Where a home is mentioned."""
        plan = self.linked.plan
        if home not in plan.homes:
            return home, []
        row, field = plan.rows_of(home)
        return home, list(zip((row * ROW + field).tolist(), plan.table[row, field].tolist()))

    def put(self, places: Places, at: int, array: Any) -> None:
        """Let a home be an array that lies at byte `at`, for the next run. It has to live that long."""
        home, offsets = places
        first, rows = at // self._size, self._rows
        for place, offset in offsets:
            rows[place] = first + offset
        if self._looks:  # Python instructions look at arrays
            self.linked.homes[home] = array
            self._given.append(home)

    def run(self) -> bool:
        """Run all instructions once. Returns whether none of them asked to stop."""
        self._state[POSITION] = self._state[STEP] = 0
        if not self._looks:
            return self._call() == 0
        self.linked.begin()
        done = False
        try:
            done = call(run, self._row, self.linked.dtype) == 0
            return done
        finally:
            self.linked.end(int(done))
            while self._given:
                del self.linked.homes[self._given.pop()]


def new_state() -> np.ndarray:
    """The state of a run: see `fields`."""
    return np.zeros(len(STATE_FIELDS), np.int64)


def machine_type(step: Step) -> np.dtype:
    """In which the machine has to compute a step: float64 if anything that goes in or comes out is.

    Raises:
        NotCompiledError: if a weight is of another type.
    """
    arrays = [*step.taken.tables, *step.taken.wanted, *(weight.array for weight in step.taken.weights)]
    is_double = any(getattr(array, "dtype", None) == np.float64 for array in arrays)
    dtype = np.dtype(np.float64 if is_double else np.float32)
    for weight in step.taken.weights:
        if weight.array.dtype != dtype or not weight.array.flags.carray:
            raise NotCompiledError(
                f"it computes in {dtype.name}, and reads a Tensor of {weight.array.dtype}, or one that is a view"
            )
    return dtype


LARGEST = {"f": 2**24, "d": 2**53}  # whole numbers up to here are themselves in a type of floats


def is_exact(array: np.ndarray, dtype: np.dtype) -> bool:
    """Whether whole numbers stay what they are in the machine's type."""
    if array.dtype.kind not in "iu" or array.itemsize <= 2 or not array.size:
        return True
    return max(int(array.max()), -int(array.min())) <= LARGEST[dtype.char]


def run_passes(passes: list[tuple[int, ...]], dtype: Any, calls_python: bool = True) -> bool:
    """Run passes, one after the other, until one asks for an end. Returns whether all of them ended.

    Args:
        passes: see `fields`.
        dtype: of the numbers.
        calls_python: whether there may be instructions that are Python. Without them no signal has to be held off.
    """
    table = np.array(passes, np.int64).reshape(-1, PASS)
    row = np.zeros(ROW, np.int64)
    row[CODE], row[PASSES], row[COUNT] = _begin_of_run(np.dtype(dtype)), words(table), len(table)
    return (call(int(row[CODE]), row, dtype) if calls_python else ready(int(row[CODE]), row)()) == 0


@functools.cache
def _begin_of_run(dtype: np.dtype) -> int:
    return run.address(dtype)


def as_memory(array: np.ndarray, dtype: Any) -> np.ndarray:
    """The same numbers where instructions can address them: one after the other, from a whole address on."""
    return np.require(array, dtype, ["C", "A"])


def first_byte(array: np.ndarray) -> int:
    """Where an array lies. If its numbers do so one after the other, NumPy's own answer takes three times as long."""
    try:
        return ctypes.addressof(_Bytes.from_buffer(array))  # type: ignore[arg-type]
    except (TypeError, ValueError):  # it must not be written to, or they do not lie so
        return array.ctypes.data


def address(array: np.ndarray) -> int:
    """Where an array lies, counted in its numbers."""
    return first_byte(array) // array.itemsize


def words(array: np.ndarray) -> int:
    """Where an array lies, counted in words of 64 bits."""
    return first_byte(array) // 8


def aligned(size: int, dtype: np.dtype) -> np.ndarray:
    """Memory for so many numbers, which begins with a line of the cache."""
    memory = np.zeros(size * dtype.itemsize + 64, np.uint8)
    start = -memory.ctypes.data % 64
    return memory[start : start + size * dtype.itemsize].view(dtype)
