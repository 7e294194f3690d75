"""A model's step, compiled for batches of rows of some arrays: rows go in, losses and outputs come out."""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Callable, Hashable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ..structure import flatten
from .errors import NotCompiledError
from .explain import Explanation, Names, explain, names_of
from .fields import DEPTH, EXTENT, LOSSES, ORDER, OUTPUTS, POSITION, STEP
from .kinds import Step
from .known import key_of, recall, remember
from .link import LARGEST, Linked, address, as_memory, is_exact, machine_type, new_state, run_passes, words
from .plan import Plan
from .plans import UnknownPlanError
from .step import known_step
from .translation import generators_of, program_key

BESIDE = 400  # rounds of a loop take as long as what an instruction takes beside its loops


class Ran(NamedTuple):
    """What came out of the steps that were done: a row of losses for each step, and for every output a row for each row."""

    losses: np.ndarray
    outputs: list[np.ndarray]


class Common(NamedTuple):
    """What steps for batches of all sizes have in common.

    Attributes:
        dtype: the machine's type.
        losses: how many are noted in each step.
        shapes: and types of the outputs, of one row.
    """

    dtype: np.dtype
    losses: int
    shapes: list[tuple[tuple[int, ...], np.dtype]]


def _common(step: Step) -> Common:
    taken = step.taken
    if any(np.shape(output)[:1] != (len(taken.tables[0]),) for output in taken.outputs):
        raise NotCompiledError("an output has no row for each sample")
    shapes = [(np.shape(output)[1:], output.dtype) for output in taken.outputs]
    return Common(machine_type(step), 0 if taken.loss is None else 1 + len(taken.parts), shapes)


def _form(batch: Callable[[np.ndarray], tuple]) -> Hashable:
    """Which parts a batch has, and of how many arrays and of which types they are."""
    parts = [flatten(part)[0] for part in batch(np.arange(1))]
    return tuple([tuple([(one.shape, one.dtype) for one in part if one is not None]) for part in parts])


def sizes_of_batches(rows: int, size: int) -> list[int]:
    """Of how many rows the batches of a pass are: whole ones, and the last one if it is shorter.

    >>> sizes_of_batches(70, 32), sizes_of_batches(64, 32), sizes_of_batches(5, 32)
    ([32, 6], [32], [5])
    """
    return list(dict.fromkeys((min(size, rows), rows % size or size)))


class Stepper:
    """What is the same of steps that learn and of steps that only look.

    Args:
        model: built; and compiled, unless it is only asked.
        tables: inputs, labels, and weights of samples, as far as there are any: those of several one after the other.
        size: rows of a batch; the last one of a pass may be shorter.
        what: "train", "test" or "predict".

    Attributes:
        tables: the rows to go through, until others are given.
        linked: plans with addresses, by the rows of a batch.
        weights: of the model, when its step was last taken down.
        width: numbers that are told of every row.
        lock: for whoever gives it rows and goes through them, while other threads may ask the same model.
    """

    def __init__(self, model: Any, tables: Sequence[np.ndarray], size: int, what: str):
        self.model, self.size, self.what, self.tables = model, size, what, list(tables)
        self.state, self.lock = new_state(), threading.RLock()
        self.linked: dict[int, Linked] = {}
        self._is_general = True  # not after rows that are all alike, which are taken for constants
        self._homes: dict[Hashable, Any] = {}
        self._first: Step | None = None

    # Taking down ---------------------------------------------------------------------------------

    def add(self, counts: Sequence[int], batch: Callable[[np.ndarray], tuple]) -> None:
        """Take the step down for batches of so many rows.

        Args:
            counts: of rows.
            batch: (x, y, sample_weight) of some rows, as eager steps get it.

        Raises:
            NotCompiledError: says what stands in the way.
        """
        pairs = [self._two_batches(count) for count in counts]
        self.weights, form = self.model.weights, (self.what, self._tells, _form(batch))
        key = key_of(self.model, self.weights, form, self.tables) if self._is_general else None
        if self._recall(key, counts):
            return
        forms = {}
        for count, pair in zip(counts, pairs):
            step = self._taken([_of_rows(batch, rows) for rows in pair])
            if self._first is None:
                common = _common(step)
                self._begin(step, common, partial(names_of, step, batch(np.arange(1)), common.dtype.itemsize))
            forms[count] = program_key(step)
            self._link(count, self._plan(forms[count], count, step), step)
        if self._first is not None:
            remember(key, self.model, self._first, self._common, self._names(), forms)

    def _taken(self, batches: Sequence[tuple]) -> Step:
        return known_step(self.model, batches, self._first, self.what)

    def _recall(self, key: Hashable, counts: Sequence[int]) -> bool:
        """Whether the same step is known of another model, and all its plans are."""
        known = recall(key, counts) if self._first is None else None
        if known is None:
            return False
        step = known.step_of(self.weights)
        try:
            self._begin(step, known.common, partial(known.names_of, self.model))
            for count in counts:
                self._link(count, self._plan(known.forms[count], count), step)
        except UnknownPlanError:
            self._first, self.linked = None, {}
        return self._first is not None

    def _begin(self, step: Step, common: Common, names: Callable[[], Names]) -> None:
        """Note what steps of all sizes have in common; names are asked for by those who look at the plan."""
        self._first, self._common, self._names = step, common, names
        self.dtype, self.losses, self.shapes = common
        self._homes = {("table", i): as_table(table, self.dtype) for i, table in enumerate(self.tables)}
        self.width = sum(math.prod(shape) for shape, _ in self.shapes) if self._tells else 0

    def _link(self, count: int, plan: Plan, step: Step) -> None:
        homes = {("weight", i): weight.array for i, weight in enumerate(step.taken.weights)} | self._homes
        self.linked[count] = Linked(plan, homes, self.dtype, self.state, generators_of(step))

    @property
    def _tells(self) -> bool:
        """Whether somebody wants the outputs."""
        return self.what == "predict" or bool(self.model._scores.placed)

    def _plan(self, form: Hashable, count: int, step: Step | None = None) -> Plan:
        """The plan of a step of a form, which is remembered if the step is None."""
        raise NotImplementedError

    def _two_batches(self, count: int) -> list[list[np.ndarray]]:
        """Rows of two batches, for each table. They differ in every table, unless all of its rows are the same.

        Where tables have the same numbers (an autoencoder learns what it gets) their rows are others in the second batch.
        """
        rows = len(self.tables[0])
        first = [np.arange(count)] * len(self.tables)
        for apart, shift in itertools.product((0, 1), (count, rows // 2, 1, rows // 3 + 1)):
            second = [(some + shift + apart * number) % rows for number, some in enumerate(first)]
            pairs = [(table[some], table[others]) for table, some, others in zip(self.tables, first, second)]
            differ = [not np.array_equal(one, other) for one, other in pairs]
            are_other_rows = all(differs or _is_alike(table) for differs, table in zip(differ, self.tables))
            if are_other_rows and _are_told_apart([pair for pair, differs in zip(pairs, differ) if differs]):
                self._is_general &= all(differ)
                return [first, second]
        raise NotCompiledError("the samples are too much alike to tell data from constants")

    def takes(self, tables: Sequence[np.ndarray]) -> bool:
        """Whether it may go through other rows of the same form."""
        return self._is_general or all(one is other for one, other in zip(tables, self.tables))

    def give(self, tables: Sequence[np.ndarray], may_differ: bool = True) -> None:
        """Let it go through other rows of the same form.

        Args:
            tables: of the rows.
            may_differ: whether there may be other numbers in the same array. They are not seen where it was cast.
        """
        for number, (table, before) in enumerate(zip(tables, self.tables)):
            held = self._homes.get(("table", number))
            is_cast = held is not None and not np.may_share_memory(held, table)
            if table is not before or (may_differ and is_cast):
                array = as_table(table, self.dtype)
                for linked in self.linked.values():
                    linked.put(("table", number), array)
                self._homes["table", number] = array
        self.tables = list(tables)

    # Running -------------------------------------------------------------------------------------

    def begin(self, orders: np.ndarray, told: np.ndarray | None = None) -> list[tuple[int, ...]]:
        """Get ready for passes in these orders of rows. Returns what the machine does in each of them.

        Args:
            orders: the numbers of rows, in batches one after the other.
            told: memory for the outputs. None: new memory.

        Shapes: orders (passes, rows).
        """
        passes, self._rows_of_each = orders.shape
        whole, rest = divmod(self._rows_of_each, self.size)
        self._each, state = whole + bool(rest), self.state
        self._order = np.ascontiguousarray(orders, np.int64).reshape(-1)
        self._noted = np.empty((self._each * passes, max(self.losses, 1)), self.dtype)
        self._told = np.empty((len(self._order), self.width), self.dtype) if told is None else told
        state[ORDER], state[LOSSES], state[OUTPUTS] = words(self._order), address(self._noted), address(self._told)
        state[POSITION] = state[STEP] = 0
        self._used = [self.linked[count] for count, steps in ((self.size, whole), (rest, rest)) if steps]
        for linked in self._used:
            linked.begin()
        return [self.linked[count].a_pass(steps, count) for count, steps in ((self.size, whole), (rest, 1)) if count and steps]

    @property
    def rounds(self) -> int | None:
        """How often loops go round in a step of a whole batch, at most; None if nobody knows."""
        linked = next(iter(self.linked.values()))
        if linked.calls or linked.plan.groups:
            return None
        loops = np.maximum(linked.rows[:, EXTENT], 1).prod(axis=1) * np.maximum(linked.rows[:, DEPTH], 1)
        return int(loops.sum()) + BESIDE * len(loops)

    @property
    def calls_python(self) -> bool:
        """Whether there are instructions that are Python."""
        return any(linked.calls for linked in self._used)

    def end(self) -> Ran:
        """What came out of the steps that were done, of all passes one after the other."""
        done = int(self.state[STEP])
        self._used[0].end(done)
        passes, steps = divmod(done, self._each)
        ran = Ran(self._noted[:done], self._outputs(self._told[: passes * self._rows_of_each + steps * self.size]))
        self._order = self._noted = self._told = None  # type: ignore[assignment]
        return ran

    def _outputs(self, told: np.ndarray) -> list[np.ndarray]:
        if not self.width:
            return []
        found, at = [], 0
        for shape, dtype in self.shapes:
            width = math.prod(shape)
            found.append(told[:, at : at + width].reshape(-1, *shape).astype(dtype, copy=False))
            at += width
        return found

    def explain(self) -> Explanation:
        """The plan for a whole batch."""
        return explain(next(iter(self.linked.values())).plan, self._names())


def run_in_turns(*turns: tuple[Stepper, np.ndarray]) -> list[Ran]:
    """Let each go through its first order of rows, then each through its second, and so on, in one call of the machine.

    A step that learns whose loss is no finite number is not done, nor anything after it.

    Returns:
        For each what came out of the steps that were done.
    """
    passes = [a_pass for stepper, orders in turns for a_pass in stepper.begin(orders)]
    try:
        calls_python = any(stepper.calls_python for stepper, _ in turns)
        run_passes(passes * len(turns[0][1]), turns[0][0].dtype, calls_python)
    finally:
        found = [stepper.end() for stepper, _ in turns]
    return found


def as_table(table: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Rows of the machine's type, as it gathers them; the array itself, if it is such.

    Raises:
        NotCompiledError: for whole numbers that the type does not have.
    """
    if not is_exact(table, dtype):
        raise NotCompiledError(f"there are whole numbers above {LARGEST[dtype.char]:,} in the data")
    return as_memory(table.reshape(len(table), -1), dtype)


def _of_rows(batch: Callable[[np.ndarray], tuple], rows: Sequence[np.ndarray]) -> tuple:
    """A batch of which each part may have rows of its own."""
    if all(some is rows[0] for some in rows):
        return batch(rows[0])
    parts = [flatten(batch(some))[0][number] for number, some in enumerate(rows)]
    return flatten(batch(rows[0]))[1](parts)


def _are_told_apart(pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> bool:
    """Whether no two tables have the same numbers in both of two batches, as far as float32 tells them apart."""
    with np.errstate(all="ignore"):
        found = {tuple([(rows.astype(np.float32) + 0.0).tobytes() for rows in pair]) for pair in pairs}  # + 0.0: -0.0 is 0.0
    return len(found) == len(pairs)


def _is_alike(table: np.ndarray) -> bool:
    """Whether all rows are the same."""
    return bool((table == table[0]).all())
