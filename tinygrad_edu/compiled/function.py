"""@compiled: a function of arrays, taken down at its first call with arrays of such shapes, and run by the machine after that."""

from __future__ import annotations

import functools
import operator
import threading
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np

from ..graph import Value, make_value
from ..modes import current, detector_variable
from ..structure import flatten, is_structure
from ..variable import Variable
from .errors import NotCompiledError
from .explain import explain
from .explanation import Explanation
from .invocation import Invocation
from .program import frozen

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

    Steps of optimizers, weights that are assigned to, averages of layers and masks are part of it: a loop of one's own.

        >>> import tinygrad_edu as tg
        >>> w, optimizer = tg.Variable([4.0, 2.0], "float32"), tg.optimizers.SGD(0.25)
        >>> @tg.compiled
        ... def step(x):
        ...     loss = ((w * x) ** 2).sum()
        ...     optimizer.apply(tg.gradients(loss, [w]), [w])
        ...     return loss
        >>> [step(np.ones(2, "float32")).item() for _ in range(3)], w.tolist(), optimizer.iterations
        ([20.0, 5.0, 1.25], [0.5, 0.25], 3)
    """
    return Compiled(function)


class Compiled:
    """A function that the machine runs. See `compiled`.

    Attributes:
        function: as it was written.
    """

    def __init__(self, function: Callable):
        self.function = function
        functools.update_wrapper(self, function)
        self._known: dict[Hashable, Invocation | str] = {}
        self._is_first = True
        self._last: Invocation | str = "It has not been called yet."
        self._lock = threading.Lock()

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if detector_variable.get() is not None:  # somebody looks at each op: a tape, or detect_anomaly
            return self._as_it_is(args, kwargs)
        tables: list[Any] = []
        form = tuple([form_of_argument(arg, tables) for arg in args])
        more = tuple([(name, form_of_argument(arg, tables)) for name, arg in kwargs.items()])
        key = form, more, _shared(tables), current().phase
        found = self._known.get(key)
        if found is None or (isinstance(found, Invocation) and not found.is_valid):
            found = self._taken_down(key, args, kwargs)
        if found is not self._last:
            self._leave(found)
        if not isinstance(found, str):
            try:
                return found(tables)
            except NotCompiledError as reason:  # of these numbers: the function itself says what is wrong with them, if anything
                self._last = str(reason)
        return self._as_it_is(args, kwargs)

    def _as_it_is(self, args: tuple, kwargs: dict) -> Any:
        """Without the machine, but for arrays that are Tensors in it, too."""
        given, more = [_with_tensors(x) for x in args], {name: _with_tensors(x) for name, x in kwargs.items()}
        copies = [x for x, arg in zip([*given, *more.values()], [*args, *kwargs.values()]) if x is not arg]
        before = flatten(copies)[0]
        out = self.function(*given, **more)
        after = flatten(copies)[0]
        if len(after) != len(before) or not all(map(operator.is_, after, before)):
            raise TypeError(
                f"{self.function.__name__} expects Tensors in a list or a dict into which it puts something, got arrays. "
                "Pass tinygrad_edu.Tensor(array), or return what is new."
            )
        return out

    def _leave(self, found: Invocation | str) -> None:
        """Go over to another form; the one before gives back the memory of its results."""
        if isinstance(self._last, Invocation):
            self._last.spare = []
        self._last = found

    def _taken_down(self, key: Hashable, args: tuple, kwargs: dict) -> Invocation | str:
        with self._lock:
            found: Invocation | str
            is_first, self._is_first = self._is_first, False
            try:
                found = Invocation(self.function, args, kwargs)
            except NotCompiledError as reason:
                found = str(reason)
                if is_first:  # a first call may make what later ones only use
                    return found
            except Exception as error:  # the function's own, of these numbers, or of others: it will tell
                return f"it raised {type(error).__name__}: {error}"
            if len(self._known) >= KEPT:
                del self._known[next(iter(self._known))]
            self._known[key] = found
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


def _with_tensors(arg: Any) -> Any:
    """An argument with a Tensor in the place of each array; Tensors stay what they are."""
    parts, rebuild = flatten(arg)
    if not any(isinstance(part, (np.ndarray, np.generic)) for part in parts):
        return arg  # itself: it may be changed
    return rebuild([make_value(part) if isinstance(part, (np.ndarray, np.generic)) else part for part in parts])


def form_of_argument(x: Any, tables: list) -> Hashable:
    """What a program depends on of an argument: shapes and types of its arrays, which are noted, and all else itself."""
    kind = type(x)
    if issubclass(kind, Value) and not issubclass(kind, Variable):
        tables.append(x)
        return x.array.shape, x.array.dtype, x.node is not None
    if kind is np.ndarray or issubclass(kind, (np.ndarray, np.generic)):
        tables.append(x)
        return x.shape, x.dtype
    if is_structure(x):
        parts = x.items() if isinstance(x, dict) else enumerate(x)
        return kind, tuple([(name, form_of_argument(part, tables)) for name, part in parts])
    return id(x) if issubclass(kind, Value) else frozen(x)


def _shared(tables: list) -> Hashable:
    """Which of the arrays are one."""
    ids = [id(x.array if isinstance(x, Value) else x) for x in tables]
    return None if len(set(ids)) == len(ids) else tuple(map(ids.index, ids))
