"""One form of a compiled function: its plan, and calls of it that cost a few microseconds beside the machine."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..graph import GraphError, Node, Notes, Value, make_value, new_number
from ..modes import current
from ..record import Op
from ..structure import flatten
from .errors import NotCompiledError
from .explain import names_of, names_of_arguments
from .fields import RATES
from .kinds import Left, Step
from .lessons import Lessons
from .link import Linked, Prepared, address, as_memory, first_byte, is_exact, machine_type, new_state
from .plans import plan_of_function
from .step import known_function
from .surroundings import Surroundings
from .tape import hooks_of
from .translation import generators_of

SETS = 2  # of results whose memory is kept: a loop has those of the call before, and those of this one
READY = 0x101  # flags of an array whose numbers lie one after the other, each where the processor expects it


class Invocation:
    """A function, for arguments of one form.

    Args:
        function: that is taken down.
        args, kwargs: of the form.

    Raises:
        NotCompiledError: says what stands in the way.
    """

    def __init__(self, function: Callable, args: tuple, kwargs: dict):
        self.name = getattr(function, "__name__", repr(function))
        step, names = self._taken_down(function, args, kwargs), names_of_arguments(function, args, kwargs)
        self.dtype = machine_type(step)
        self.names = names_of(step, [*args, *kwargs.values()], self.dtype.itemsize, names)
        self.weights = step.taken.weights
        self.arrays = [weight.array for weight in self.weights]
        self.ways = [_way_of(weight) for weight in self.weights]
        self.results = [_Result.of(x, self.dtype) for x in step.taken.results]
        self.left = step.taken.left
        leaves = self.weights if step.taken.touches_gradients else []
        self.gradients = [(leaf.node, leaf.node.grad is None) for leaf in leaves if leaf.node is not None]
        self.lessons = Lessons(step, self.dtype)
        self.linked = self._linked(step)
        self.prepared = Prepared(self.linked)
        self.written = self.lessons.written(self.linked.plan)
        self.moved = [self.weights[number] for number, _ in self.linked.plan.program.moves]
        self.written_to = {first_byte(one.array) for one in (*self.moved, *self.lessons.weights) if one.array.size}
        self.table_places = [self.prepared.places(("table", number)) for number in range(len(step.taken.tables))]
        self.result_places = [self.prepared.places(("result", number)) for number in range(len(self.results))]
        self.alone = [ALONE] * len(self.results)
        self.spare: list[_Memory] = []  # of results
        self.lock = threading.Lock()  # of the arena

    def _taken_down(self, function: Callable, args: tuple, kwargs: dict) -> Step:
        def noted(*given: Any) -> Any:
            out = function(*given[: len(args)], **dict(zip(kwargs, given[len(args) :])))
            self.rebuild, self.has_graph = _rebuilding(out)
            return out

        around = Surroundings(function, [*args, *kwargs.values()])
        with around:
            step = known_function(noted, [*args, *kwargs.values()])
        self.settings = around.settings()
        return step

    def _linked(self, step: Step) -> Linked:
        homes: dict[Any, Any] = {("weight", number): array for number, array in enumerate(self.arrays)} | self.lessons.homes
        state = new_state()
        state[RATES] = address(self.lessons.row)
        return Linked(plan_of_function(step, self.lessons.moves), homes, self.dtype, state, generators_of(step))

    @property
    def is_valid(self) -> bool:
        """Whether what the function read is where it was, and is moved in the same way."""
        for weight, array, way in zip(self.weights, self.arrays, self.ways):
            if weight.array is not array or _way_of(weight) != way:
                return False
        for node, is_none in self.gradients:
            if (node.grad is None) != is_none:
                return False
        return self.is_unwatched and self.lessons.is_valid and self.settings.are_same()

    @property
    def is_unwatched(self) -> bool:
        """Whether no hook looks at the gradient of a weight: it would be heard once, and no more."""
        return not Notes.any_hooks or not any(map(hooks_of, self.weights))

    def __call__(self, tables: Sequence[Any]) -> Any:
        arrays = [self._as_table(table) for table in tables]
        addresses = [first_byte(array) for array in arrays]
        if not self.written_to.isdisjoint(addresses):
            raise NotCompiledError("an argument has the memory of a weight that is written to")
        ends = [self._end_of_backward(left, tables) for left in self.left] if self.left else ()
        prepared, is_recording = self.prepared, current().recording
        with self.lock:
            memory = self._memory()
            for places, at, array in zip(self.table_places, addresses, arrays):
                prepared.put(places, at, array)
            for places, at, array in zip(self.result_places, memory.addresses, memory.arrays):
                prepared.put(places, at, array)
            self._run()
            values = [
                make_value(array, self._end(array, tables) if is_recording and has_graph else None) if result.is_plain else
                result.of_array(array)
                for array, result, has_graph in zip(memory.arrays, self.results, self.has_graph)
            ]  # fmt: skip
            if self.left:
                self._leave(ends, memory.arrays[len(values) :])
        for weight in self.moved:
            weight.mark_changed()
        return self.rebuild(values)

    def _run(self) -> None:
        """Run the plan. If it ends in the middle, all numbers are again what they were, and the function itself may begin."""
        before = [array.copy() for array in self.written]
        self.lessons.begin()
        try:
            is_done = self.prepared.run()
        except Exception:
            if not before:
                raise
            is_done = False
        if not is_done:
            for array, numbers in zip(self.written, before):
                array[...] = numbers
            raise NotCompiledError("an instruction did not take the numbers that it got")
        self.lessons.end()

    def _end_of_backward(self, left: Left, tables: Sequence[Any]) -> Any:
        """The node of a leaf where a gradient is left behind."""
        if left.table is None:
            return left.leaf.node
        node = tables[left.table].node
        if node.op is not None or node.grad is not None:
            raise NotCompiledError("a backward pass goes on beyond an argument, or from the gradient in its .grad")
        return node

    def _leave(self, ends: Sequence[Any], arrays: Sequence[np.ndarray]) -> None:
        """Put gradients where backward passes leave them."""
        results = iter(zip(self.results[-len(arrays) :], arrays))
        for node, left in zip(ends, self.left):
            if left.gradient is None:
                node.grad = None
            else:
                result, array = next(results)
                node.grad = result.of_array(array)

    def _as_table(self, table: Any) -> np.ndarray:
        """Numbers as the machine reads them: of its type, one after the other."""
        array = np.asarray(table.array if isinstance(table, Value) else table)
        if array.dtype == self.dtype and array.flags.num & READY == READY:
            return array
        if not is_exact(array, self.dtype):
            raise NotCompiledError(f"{self.dtype.name} does not stand for whole numbers as large as those in an argument")
        return as_memory(array, self.dtype)

    def _memory(self) -> _Memory:
        """Arrays for the results: those of a call before, if nobody has them any more, else new ones."""
        for kept in self.spare:
            if owners(kept.arrays) == self.alone:
                return kept
        arrays = [np.empty(one.shape, self.dtype) for one in self.results]
        new = _Memory(arrays, [first_byte(array) for array in arrays])
        self.spare = [*self.spare[1 - SETS :], new]
        return new

    def _end(self, array: Any, tables: Sequence[Any]) -> Node | None:
        return end_of_graph(self.name, array, [*tables, *self.weights])


class _Memory(NamedTuple):
    """Arrays for the results of a call, and where they lie."""

    arrays: list[np.ndarray]
    addresses: list[int]


class _Result(NamedTuple):
    """What comes out of a function: of which type, None if no array; and the first that came out."""

    shape: tuple[int, ...]
    kind: Any
    first: Any
    is_plain: bool

    @classmethod
    def of(cls, x: Any, dtype: np.dtype) -> _Result:
        kind = getattr(x, "dtype", None)
        return cls(np.shape(x), kind, x, kind == dtype if kind is not None else False)

    def of_array(self, array: Any) -> Any:
        """A result as the function would give it: in its type; a number of Python's is what it was."""
        return self.first if self.kind is None else make_value(array.astype(self.kind))


def _way_of(weight: Any) -> tuple:
    """What a function may ask of a weight beside its numbers."""
    return weight.node is None, getattr(weight, "trainable", None), getattr(weight, "regularizer", None)


def _rebuilding(out: Any) -> tuple[Callable, list[bool]]:
    """What puts results in the structure that a function gave, and which of them had a graph."""
    parts, rebuild = flatten(out)
    has_graph = [isinstance(part, Value) and part.node is not None for part in parts]
    if type(out) in (tuple, list) and len(parts) == len(out) and all(isinstance(part, Value) for part in out):
        return type(out), has_graph
    if isinstance(out, Value):
        return _only, has_graph
    return flatten(rebuild([np.empty(())] * len(parts)))[1], has_graph  # of nothing large


def _only(values: list) -> Any:
    return values[0]


def owners(arrays: Sequence[Any]) -> list[int]:
    """How many hold each array."""
    return [sys.getrefcount(array) for array in arrays]


ALONE = owners([np.empty(0)])[0]  # of an array that only a list holds

# Where graphs end --------------------------------------------------------------------------------

_op = Op(lambda *xs: None, {"xs": lambda g: g}, name="compiled", doc="What a compiled function gave: no gradients go through it.")


def end_of_graph(name: str, array: Any, inputs: Sequence[Any]) -> Node | None:
    """A node through which no backward pass gets, so that no gradient is lost without a word. None if none would come."""
    sources = tuple([x.node for x in inputs if isinstance(x, Value) and x.node is not None])
    if not sources:
        return None

    def refuse(*args: Any) -> Any:
        raise GraphError(
            f"The compiled function {name} expects gradients to be taken inside of it, got a backward pass from outside. "
            f"Return tinygrad_edu.gradients(...) from it, or call {name}.function."
        )

    node = Node()
    node.op, node.sources, node.calls = _op, sources, tuple([(i, refuse, refuse) for i in range(len(sources))])
    node.inputs, node.params, node.out = (), {}, None
    node.shape, node.dtype, node.number, node.scope = array.shape, array.dtype, new_number(), current().scope
    node.grad = node.delta = node.label = node.notes = None
    return node
