"""What the arrays of a step are: told apart by taking it down twice, of different samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..graph import NUMBERS, Value
from .errors import NotCompiledError
from .tape import Call, Draw, Reading, Update


class Left(NamedTuple):
    """What a backward pass leaves behind: the `grad` of a leaf, an array or None; and which of the tables that is, if any."""

    leaf: Value
    table: int | None
    gradient: Any


class Taken(NamedTuple):
    """A step on one batch, taken down. Arrays are told apart by their identity.

    Attributes:
        calls: Call, Draw, Move and Update, in order.
        tables: the parts of the batch, or of the arguments, in the order of the structure that they came in.
        weights: those of the model, then all other Variables and leaves that were read.
        outputs: what the model, or the function, gives, part by part.
        parts: the loss of every output by itself, where there are several.
        loss, gradients: None and [] for a function.
        moved: the numbers of those of the trainable weights that the gradients are of.
        readings: whose numbers Python has asked for.
        left: by a function.
        touches_gradients: whether it matters to a function if there are gradients already.
    """

    calls: list[Any]
    tables: list[Any]
    weights: list[Value]
    outputs: list[Any]
    parts: list[Any]
    loss: Any
    gradients: list[Any]
    readings: list[Reading]
    moved: list[int]
    left: Sequence[Left] = ()
    touches_gradients: bool = False

    @property
    def results(self) -> list[Any]:
        """What comes out of a function, and then what it leaves behind."""
        return [*self.outputs, *(left.gradient for left in self.left if left.gradient is not None)]

    @property
    def wanted(self) -> list[Any]:
        """All that the step is taken for."""
        return [*self.results, *self.parts, *([] if self.loss is None else [self.loss]), *self.gradients]


class Step(NamedTuple):
    """A step whose every array is known to be what.

    Attributes:
        taken: the calls, and what came out.
        kinds: by the id of an array or number that nothing in the list made: ("table", number), ("weight", number) or
            ("constant", array).
    """

    taken: Taken
    kinds: dict[int, tuple[str, Any]]


def told_apart(first: Taken, second: Taken, strict: bool = False) -> Step:
    """The first of two steps, whose samples differ.

    Args:
        strict: whether other data may come, so that what is the same in all samples given need not be so later.

    Raises:
        NotCompiledError: if the steps are not alike, or it cannot be told what an array is.
    """
    stay = {id(weight) for weight in second.weights}  # a leaf that a call makes for itself is no weight
    stay &= {id(weight) for weight in first.weights}
    first, second = (_without_own(one, stay) for one in (first, second))
    judge = _Judge(first, second, strict)
    if len(first.calls) != len(second.calls):
        raise NotCompiledError("the step calls other ops for other samples")
    for one, other in zip(first.calls, second.calls):
        judge.compare(one, other)
    if len(first.wanted) != len(second.wanted):
        raise NotCompiledError("there are other results for other samples")
    for x, y in zip(first.wanted, second.wanted):
        judge.meet(x, y, "a result")
    judge.refuse_readings()
    return Step(first, judge.kinds)


def _without_own(taken: Taken, stay: set[int]) -> Taken:
    """A step without leaves that it makes for itself, which nobody sees later."""
    own = {id(left.leaf.array) for left in taken.left if left.table is None and id(left.leaf) not in stay}
    if not own.isdisjoint(map(id, taken.outputs)):
        raise NotCompiledError("a Tensor that is made in it comes out with a gradient in .grad")
    return taken._replace(
        weights=[weight for weight in taken.weights if id(weight) in stay],
        left=[left for left in taken.left if id(left.leaf.array) not in own],
    )


class _Judge:
    """Goes through two steps side by side."""

    def __init__(self, first: Taken, second: Taken, strict: bool):
        self.first, self.second, self.strict = first, second, strict
        self.kinds: dict[int, tuple[str, Any]] = {}
        self.partner: dict[int, Any] = {}  # of what is known in the first step: what it is in the second
        self.there: set[int] = set()  # the ids of all partners
        for number, weight in enumerate(first.weights):
            self.kinds[id(weight.array)] = "weight", number
            self._pair(weight.array, weight.array)

    def _pair(self, x: Any, y: Any) -> None:
        self.partner[id(x)] = y
        if type(y) not in NUMBERS:
            self.there.add(id(y))

    def compare(self, one: Any, other: Any) -> None:
        """Look at what stands in the same place of both lists."""
        if type(one) is not type(other) or not _alike(one, other):
            there = _words(other) if _words(other) != _words(one) else "one with other parameters"
            raise NotCompiledError(f"the step calls other ops for other samples: {_words(one)} here, {there} there")
        for x, y in zip(one.inputs, other.inputs):
            if type(x) in NUMBERS or self.partner.get(id(x), self) is not y:
                self.meet(x, y, "an input of " + _words(one))
        if one.out is not None and id(one.out) not in self.partner:
            self._pair(one.out, other.out)

    def meet(self, x: Any, y: Any, where: str) -> None:
        """Find out what x is, which is y in the second step."""
        known = self.partner.get(id(x), self)
        if known is y and type(x) not in NUMBERS:
            return
        kind = self._kind(x, y, where)
        if (known is not self or id(y) in self.there) and self.kinds.get(id(x)) != kind and type(x) not in NUMBERS:
            raise NotCompiledError(f"{where} is another array for other samples")
        self.kinds[id(x)] = kind
        self._pair(x, y)

    def _kind(self, x: Any, y: Any, where: str) -> tuple[str, Any]:
        if type(x) in NUMBERS:
            if type(x) is type(y) and (x == y or (x != x and y != y)):
                return "constant", np.asarray(x)
            raise NotCompiledError(f"{where} is {x!r} for some samples and {y!r} for others")
        if np.shape(x) != np.shape(y):
            raise NotCompiledError(f"{where} has shape {np.shape(x)} for some samples and {np.shape(y)} for others")
        for number, (table, other) in enumerate(zip(self.first.tables, self.second.tables)):
            if x is table and y is other:
                return "table", number
        held = self._tables_of(x, y)
        if _same(x, y):
            if held and self.strict and np.size(x) > 1:
                raise NotCompiledError(f"{where} {np.shape(x)} may be data or a constant: the samples are too much alike")
            return "constant", np.asarray(x)
        if len(held) > 1:
            raise NotCompiledError(f"{where} {np.shape(x)} may be one part of the data or another: they have the same numbers")
        if held:
            return "table", held[0]
        raise NotCompiledError(f"{where} {np.shape(x)} depends on the samples, and was not computed with ops")

    def _tables_of(self, x: Any, y: Any) -> list[int]:
        """Which tables have the numbers of an array, both times; of those that are one array, the first."""
        pairs = enumerate(zip(self.first.tables, self.second.tables))
        found = {id(table): number for number, (table, other) in reversed(list(pairs)) if _holds(x, table) and _holds(y, other)}
        return sorted(found.values())

    def refuse_readings(self) -> None:
        """Raise if Python has asked for a number that may be another one in another step."""
        if not self.first.readings:
            return
        if len(self.first.readings) != len(self.second.readings):
            raise NotCompiledError("other numbers are asked for with other samples")
        varying = dict(_varying(self.first.calls, self.kinds))
        for one, other in zip(self.first.readings, self.second.readings):
            what = varying.get(id(one.array))
            if what is None and id(one.array) not in self.partner:
                self.meet(one.array, other.array, "an array that is asked for its numbers")
                what = None if self.kinds[id(one.array)][0] == "constant" else "the data"
            if what is not None:
                raise NotCompiledError(f"the numbers of {what} are asked for, {one.place}")


def _varying(calls: list, kinds: dict[int, tuple[str, Any]]) -> Iterator[tuple[int, str]]:
    """All arrays that depend on data, weights or draws, by their ids, and what they are, in words."""
    varying = {key for key, (kind, _) in kinds.items() if kind != "constant"}
    yield from ((key, "data" if kinds[key][0] == "table" else "a weight") for key in varying)
    for call in calls:
        if isinstance(call, Draw) or any(id(x) in varying for x in call.inputs):
            varying.add(id(call.out))
            yield id(call.out), _words(call)


def by_place(taken: Taken, like: Step) -> Step | None:
    """A step that was taken down once, on a batch of another size: arrays are what those in the same places are.

    None if the list is another one.
    """
    model = like.taken
    if len(taken.calls) != len(model.calls) or taken.readings:
        return None
    kinds: dict[int, tuple[str, Any]] = {}
    made: dict[int, int] = {}  # the places of what was made here
    made_there: dict[int, int] = {}
    places = [(one, other) for one, other in zip(taken.calls, model.calls)]
    for place, (one, other) in enumerate(places):
        if type(one) is not type(other) or not _same_op(one, other) or len(one.inputs) != len(other.inputs):
            return None
        for x, y in zip(one.inputs, other.inputs):
            if not _settle(x, y, made, made_there, kinds, like, taken):
                return None
        if one.out is not None:
            made[id(one.out)], made_there[id(other.out)] = place, place
    if len(taken.wanted) != len(model.wanted):
        return None
    if not all(_settle(x, y, made, made_there, kinds, like, taken) for x, y in zip(taken.wanted, model.wanted)):
        return None
    return Step(taken, kinds)


def _settle(x: Any, y: Any, made: dict, made_there: dict, kinds: dict, like: Step, taken: Taken) -> bool:
    """Let x be what y is in the known step; False if it is something else."""
    if id(y) in like.kinds and (type(y) in NUMBERS or id(x) not in made):
        kind, what = like.kinds[id(y)]
        if kind == "table" and not (x is taken.tables[what] or _holds(x, taken.tables[what])):
            return False
        if kind == "weight" and x is not taken.weights[what].array:
            return False
        kinds[id(x)] = (kind, np.asarray(x)) if kind == "constant" else (kind, what)
        return True
    return made.get(id(x)) == made_there.get(id(y)) is not None


# What is alike -----------------------------------------------------------------------------------


def _words(call: Any) -> str:
    return call.op.name if isinstance(call, Call) else f"a {type(call).__name__.lower()}"


def _same_op(one: Any, other: Any) -> bool:
    """Whether two entries of a list do the same to arrays of whatever shapes."""
    if isinstance(one, Call):
        return one.op is other.op and one.params.keys() == other.params.keys()
    if isinstance(one, Draw):
        return one.generator is other.generator and one.number == other.number and one.draw.__name__ == other.draw.__name__
    return one[0] is other[0]


def _alike(one: Any, other: Any) -> bool:
    """Whether two entries of a list do the same, and it comes to the same shape."""
    if not _same_op(one, other) or len(one.inputs) != len(other.inputs):
        return False
    if isinstance(one, Call):
        same = one.out.shape == other.out.shape and one.out.dtype == other.out.dtype
        return same and (not one.params or _same(one.params, other.params))
    if isinstance(one, Update):
        return one.numbers == other.numbers and _same(one.variables, other.variables)
    return not isinstance(one, Draw) or _same(one.args, other.args)


def _same(a: Any, b: Any) -> bool:
    """Whether two parameters are the same: numbers, names, arrays, and structures of them; anything else by identity."""
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    if isinstance(a, (np.ndarray, np.generic)):
        return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")
    if isinstance(a, (tuple, list)):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, slice):
        return _same((a.start, a.stop, a.step), (b.start, b.stop, b.step))
    return isinstance(a, (int, float, str, bytes, np.dtype, type)) and (a == b or (a != a and b != b))


def _holds(x: Any, table: Any) -> bool:
    """Whether x has the numbers of a table, in its order; in whatever shape, and rounded to a type of floats."""
    if np.size(x) != np.size(table):
        return False
    flat = np.ravel(table)
    return np.array_equal(np.ravel(x), flat.astype(x.dtype) if x.dtype.kind == "f" else flat, equal_nan=x.dtype.kind == "f")
