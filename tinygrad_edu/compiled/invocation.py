"""One form of a compiled function: its plan, and calls of it that cost a few microseconds beside the machine."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..graph import GraphError, Node, Value, make_value, new_number
from ..modes import current
from ..record import Op
from ..structure import flatten
from .errors import NotCompiledError
from .explain import names_of
from .link import Linked, Prepared, as_memory, is_exact, machine_type, new_state
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
            parts, rebuild = flatten(out)
            self.rebuild = flatten(rebuild([np.empty(())] * len(parts)))[1]  # of nothing large
            self.has_graph = [isinstance(part, Value) and part.node is not None for part in parts]
            return out

        step = known_function(noted, [*args, *kwargs.values()])
        self.dtype = machine_type(step)
        self.names = names_of(step, (), self.dtype.itemsize)
        self.weights = step.taken.weights
        self.arrays = [weight.array for weight in self.weights]
        self.results = [(np.shape(x), getattr(x, "dtype", None), x) for x in step.taken.outputs]
        homes: dict[Any, np.ndarray] = {("weight", number): array for number, array in enumerate(self.arrays)}
        self.linked = Linked(plan_of_function(step), homes, self.dtype, new_state(), generators_of(step))
        self.prepared = Prepared(self.linked)
        self.moved = [self.weights[number] for number in self.linked.plan.moved]
        self.spare: list[list[Any]] = []  # memory of results, those of one call in each
        self.alone: list[int] = []
        self.lock = threading.Lock()  # of the arena

    @property
    def is_valid(self) -> bool:
        """Whether what the function read is where it was."""
        for weight, array in zip(self.weights, self.arrays):
            if weight.array is not array:
                return False
        return True

    def __call__(self, tables: Sequence[Any]) -> Any:
        arrays = [self._as_table(table) for table in tables]
        prepared = self.prepared
        with self.lock:
            results = self._memory()
            for number, array in enumerate(arrays):
                prepared.put(("table", number), array)
            for number, result in enumerate(results):
                if result is not None:
                    prepared.put(("result", number), result)
            if not prepared.run():
                raise NotCompiledError("an instruction did not take the numbers that it got")
            recorded = self.has_graph if current().recording else [False] * len(results)
            values = [self._returned(*one, tables) for one in zip(results, self.results, recorded)]
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

    def _memory(self) -> list[Any]:
        """Arrays for the results: those of a call before, if nobody has them any more, else new ones."""
        for kept in self.spare:
            if owners(kept) == self.alone:
                return kept
        new = [None if kind is None else np.empty(shape, self.dtype) for shape, kind, _ in self.results]
        self.spare = [*self.spare[1 - SETS :], new]
        self.alone = [ALONE if array is not None else 0 for array in new]
        return new

    def _returned(self, array: Any, result: tuple, has_graph: bool, tables: Sequence[Any]) -> Any:
        """A result as the function would give it: a number of Python's is what it was."""
        _, kind, first = result
        if array is None:
            return first
        array = array if array.dtype == kind else array.astype(kind)
        return make_value(array, end_of_graph(self.name, array, [*tables, *self.weights]) if has_graph else None)


def owners(arrays: Sequence[Any]) -> list[int]:
    """How many hold each array; 0 where there is none."""
    return [0 if array is None else sys.getrefcount(array) for array in arrays]


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
