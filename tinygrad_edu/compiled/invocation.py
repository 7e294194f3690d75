"""One form of a compiled function: its plan, and calls of it that cost a few microseconds beside the machine."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..graph import GraphError, Node, Value, make_value, new_number
from ..modes import current
from ..record import Op
from ..structure import flatten
from .errors import NotCompiledError
from .explain import names_of, names_of_arguments
from .link import Linked, Prepared, as_memory, first_byte, is_exact, machine_type, new_state
from .plans import plan_of_function
from .step import known_function
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

        def noted(*given: Any) -> Any:
            out = function(*given[: len(args)], **dict(zip(kwargs, given[len(args) :])))
            self.rebuild, self.has_graph = _rebuilding(out)
            return out

        given = [*args, *kwargs.values()]
        step = known_function(noted, given)
        self.dtype = machine_type(step)
        self.names = names_of(step, given, self.dtype.itemsize, names_of_arguments(function, args, kwargs))
        self.weights = step.taken.weights
        self.arrays = [weight.array for weight in self.weights]
        self.results = [_Result.of(x, self.dtype) for x in step.taken.outputs]
        homes: dict[Any, np.ndarray] = {("weight", number): array for number, array in enumerate(self.arrays)}
        self.linked = Linked(plan_of_function(step), homes, self.dtype, new_state(), generators_of(step))
        self.prepared = Prepared(self.linked)
        self.moved = [self.weights[number] for number in self.linked.plan.moved]
        self.table_places = [self.prepared.places(("table", number)) for number in range(len(step.taken.tables))]
        self.result_places = [self.prepared.places(("result", number)) for number in range(len(self.results))]
        self.alone = [ALONE] * len(self.results)
        self.spare: list[_Memory] = []  # of results
        self.lock = threading.Lock()  # of the arena

    @property
    def is_valid(self) -> bool:
        """Whether what the function read is where it was."""
        return all(weight.array is array for weight, array in zip(self.weights, self.arrays))

    def __call__(self, tables: Sequence[Any]) -> Any:
        arrays = [self._as_table(table) for table in tables]
        prepared, is_recording = self.prepared, current().recording
        with self.lock:
            memory = self._memory()
            for places, array in zip(self.table_places, arrays):
                prepared.put(places, first_byte(array), array)
            for places, at, array in zip(self.result_places, memory.addresses, memory.arrays):
                prepared.put(places, at, array)
            if not prepared.run():
                raise NotCompiledError("an instruction did not take the numbers that it got")
            values = [
                make_value(array, self._end(array, tables) if is_recording and has_graph else None) if result.is_plain else
                result.of_array(array)
                for array, result, has_graph in zip(memory.arrays, self.results, self.has_graph)
            ]  # fmt: skip
        for weight in self.moved:
            weight.mark_changed()
        return self.rebuild(values)

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
