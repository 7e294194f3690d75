"""@compiled: a function of arrays, taken down at its first call with arrays of such shapes, and run by the machine from then on.

>>> import tinygrad_edu as tg
>>> @tg.compiled
... def slope(x, w):
...     loss = tg.ops.sum(tg.ops.tanh(x * w))
...     return loss, tg.gradients(loss, [w])[0]
>>> loss, g = slope(tg.Tensor([0.0, 1.0]), tg.Tensor([2.0, 0.0]))
>>> loss.item(), g.tolist()
(0.0, [0.0, 1.0])
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np

from ..graph import Value, make_value
from ..structure import flatten
from ..variable import Variable
from .errors import NotCompiledError
from .explain import Explanation, explain, names_of
from .link import Linked, as_memory, is_exact, machine_type, new_state, run_passes
from .plans import plan_of_function
from .program import frozen
from .step import known_function
from .translation import generators_of

KEPT = 32  # forms of arguments that a function remembers


def compiled(function: Callable) -> Compiled:
    """`function`, run by the machine: without Python between its ops, neighbours fused, memory planned once.

    Args:
        function: of arrays, Tensors, structures of them and anything else, to Tensors or structures of them. Gradients are
            taken inside. Arguments that are no arrays belong to the function: other ones are another function.

    Returns:
        A `Compiled`. What it returns are constants: nothing is recorded of what happens inside.

    A call with arrays of new shapes or types is taken down twice, with numbers a little apart, so that constants are told from
    data. A function whose Python asks for numbers that depend on data, or that does what cannot be seen, runs as it is;
    `explain()` says why.
    """
    return Compiled(function)


class Compiled:
    """A function that the machine runs. See `compiled`."""

    def __init__(self, function: Callable):
        self.function = function
        functools.update_wrapper(self, function)
        self._calls: dict[Hashable, _Call | str] = {}
        self._last: _Call | str = "It has not been called yet."

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        parts = [part for arg in (*args, *kwargs.values()) for part in flatten(arg)[0]]
        key = len(args), tuple(kwargs), _form(parts)
        found = self._calls.get(key)
        if found is None or (isinstance(found, _Call) and not found.is_valid):
            found = self._taken_down(key, args, kwargs)
        self._last = found
        if not isinstance(found, str):
            try:
                return found([part.array if isinstance(part, Value) else part for part in parts if _is_table(part)])
            except NotCompiledError as reason:
                self._last = str(reason)
        return self.function(*args, **kwargs)

    def _taken_down(self, key: Hashable, args: tuple, kwargs: dict) -> _Call | str:
        found: _Call | str
        try:
            found = _Call(self.function, args, kwargs)
        except NotCompiledError as reason:
            found = str(reason)
        if len(self._calls) >= KEPT:
            del self._calls[next(iter(self._calls))]
        self._calls[key] = found
        return found

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else functools.partial(self, instance)

    def explain(self) -> str:
        """The plan of the last call, or why there is none."""
        if isinstance(self._last, str):
            return f"{self.function.__name__} runs as it is: {self._last}"
        return str(self.compiled_plan)

    @property
    def compiled_plan(self) -> Explanation | None:
        """The plan of the last call, instruction by instruction; None if the function ran as it is."""
        return None if isinstance(self._last, str) else explain(self._last.linked.plan, self._last.names)


class _Call:
    """A function for arguments of one form."""

    def __init__(self, function: Callable, args: tuple, kwargs: dict):
        def noted(*given: Any) -> Any:
            out = function(*given[: len(args)], **dict(zip(kwargs, given[len(args) :])))
            parts, rebuild = flatten(out)
            self.rebuild = flatten(rebuild([np.empty(())] * len(parts)))[1]  # of nothing large
            return out

        step = known_function(noted, [*args, *kwargs.values()])
        self.dtype = machine_type(step)
        self.names = names_of(step, (), self.dtype.itemsize)
        self.weights = step.taken.weights
        self.arrays = [weight.array for weight in self.weights]
        self.results = [(np.shape(x), getattr(x, "dtype", None), x) for x in step.taken.outputs]
        homes: dict[Any, np.ndarray] = {("weight", number): array for number, array in enumerate(self.arrays)}
        self.linked = Linked(plan_of_function(step), homes, self.dtype, new_state(), generators_of(step))
        self.lock = threading.Lock()  # of the arena

    @property
    def is_valid(self) -> bool:
        """Whether what the function read is where it was."""
        return all(weight.array is array for weight, array in zip(self.weights, self.arrays))

    def __call__(self, tables: list) -> Any:
        linked, dtype = self.linked, self.dtype
        arrays = [self._as_table(table) for table in tables]
        results = [None if kind is None else np.empty(shape, dtype) for shape, kind, _ in self.results]
        with self.lock:
            for number, array in enumerate(arrays):
                linked.put(("table", number), array)
            for number, result in enumerate(results):
                if result is not None:
                    linked.put(("result", number), result)
            linked.begin()
            done = False
            try:
                done = run_passes([linked.a_pass(1)], dtype)
            finally:
                linked.end(int(done))
        if not done:
            raise NotCompiledError("an instruction did not take the numbers that it got")
        for number in linked.plan.moved:
            self.weights[number].mark_changed()
        return self.rebuild([self._returned(*one) for one in zip(results, self.results)])

    def _as_table(self, table: Any) -> np.ndarray:
        array = np.asarray(table)
        if not is_exact(array, self.dtype):
            raise NotCompiledError(f"{self.dtype.name} does not stand for whole numbers as large as those in an argument")
        return as_memory(array, self.dtype)

    def _returned(self, array: Any, result: tuple) -> Any:
        """A result as the function would give it: a number of Python's is what it was."""
        _, kind, first = result
        return first if array is None else make_value(array.astype(kind, copy=False))


def _is_table(part: Any) -> bool:
    return isinstance(part, (np.ndarray, np.generic, Value)) and not isinstance(part, Variable)


def _form(parts: Sequence) -> Hashable:
    """What a program depends on of arguments: shapes and types of arrays, which of them are one, and all else itself."""
    first: dict[int, int] = {}
    found: list[Any] = []
    for number, part in enumerate(parts):
        if not _is_table(part):
            found.append(id(part) if isinstance(part, Value) else frozen(part))
            continue
        array = part.array if isinstance(part, Value) else part
        same = first.setdefault(id(array), number)
        found.append((array.shape, array.dtype, isinstance(part, Value) and part.node is not None, same))
    return tuple(found)
