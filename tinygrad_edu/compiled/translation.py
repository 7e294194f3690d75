"""From a step that was taken down to a program, and to a key by which programs are found again."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any

import numpy as np

from .kinds import Step
from .passes import shortened
from .program import Action, Program, Values, frozen
from .tape import Call, Draw, Move, Update


def generators_of(step: Step) -> list[Any]:
    """The generators that a step draws from, in the order in which they come."""
    return list(dict.fromkeys(call.generator for call in step.taken.calls if isinstance(call, Draw)))


def program_of(step: Step) -> Program:
    """What a step computes, as short as it can be."""
    return shortened(_Translation(step).program())


class _Translation:
    """Goes through a step, and gives every array a number."""

    def __init__(self, step: Step):
        self.step, self.values = step, Values()
        self.generators = generators_of(step)
        self.now = 0  # number of the call that is translated
        self.known: dict[int, int] = {}
        self.tables: dict[int, int] = {}
        self.weights: dict[int, int] = {}
        self.moved: dict[int, int] = {}  # what was moved and not written yet, by the number of the weight
        self.writes: list[int] = []
        self.is_single = any(weight.array.dtype == np.float32 for weight in step.taken.weights)
        self.updates = 0
        self.places = {id(weight): number for number, weight in enumerate(step.taken.weights)}

    def program(self) -> Program:
        taken = self.step.taken
        actions: list[Action] = []
        for self.now, call in enumerate(taken.calls):
            actions += self.updated(call) if isinstance(call, Update) else self.action(call)
        return Program(
            self.values, actions, self.tables, self.weights, self.numbers(taken.results), self.numbers(taken.parts),
            None if taken.loss is None else self.number(taken.loss), self.numbers(taken.gradients), tuple(self.moved.items()),
            tuple(self.writes),
        )  # fmt: skip

    def action(self, call: Call | Draw | Move) -> Iterator[Action]:
        """The action of a call, if there is something left to do."""
        inputs = self.numbers(call.inputs)
        if isinstance(call, Move):
            number = self.places[id(call.variable)]
            (self.moved[number],) = inputs
            (self.known[id(call.variable.array)],) = inputs
            return
        if isinstance(call, Draw):
            params = {
                "generator": self.generators.index(call.generator),
                "number": call.number,
                "draw": call.draw,
                "args": call.args,
            }
            yield Action("draw", (), params, self.result(call.out))
        elif self.rounds_table(call):
            self.tables[self.result(call.out)] = self.tables[inputs[0]]
        elif all(value in self.values.constants for value in inputs):
            self.known[id(call.out)] = self.values.constant(call.out)
        else:
            yield Action(call.op.name, inputs, call.params, self.result(call.out), call.op)

    def rounds_table(self, call: Call) -> bool:
        """Whether a table is only taken in a type of fewer digits, in which the machine reads it anyway: weights are of it."""
        (x, *others), out = call.inputs or (None,), call.out
        is_cast = call.op.name == "cast" and not others and out.dtype == np.float32 and x.dtype == np.float64
        return is_cast and self.known[id(x)] in self.tables and self.is_single

    def updated(self, call: Update) -> Iterator[Action]:
        """What an optimizer does to weights, where they are; before that those get the numbers that they were given by hand."""
        gradients, trained = self.numbers(call.inputs), [self.places[id(weight)] for weight in call.moved]
        for number in trained:
            if number in self.moved:
                yield self.written("move", (self.moved.pop(number),), {"weights": [number]})
        update = self.written("update", gradients, {"weights": trained, "number": self.updates})
        yield update
        self.updates += 1
        for number, weight in zip(trained, call.moved):
            yield Action("weight", (update.out,), {"number": number}, self.result(weight.array))

    def written(self, name: str, inputs: tuple[int, ...], params: dict[str, Any]) -> Action:
        """An action that writes to weights."""
        self.writes.append(self.values.new(()))
        return Action(name, inputs, params, self.writes[-1])

    def result(self, array: Any) -> int:
        number = self.known[id(array)] = self.values.new(np.shape(array), np.asarray(array).dtype)
        self.values.calls[number] = self.now
        return number

    def numbers(self, arrays: Any) -> tuple[int, ...]:
        return tuple([self.number(array) for array in arrays])

    def number(self, x: Any) -> int:
        """The number of an array that was met before, or is none's result."""
        if id(x) not in self.known:
            kind, what = self.step.kinds[id(x)]
            if kind == "constant":
                self.known[id(x)] = self.values.constant(what)
            else:
                number = self.known[id(x)] = self.values.new(np.shape(x), np.asarray(x).dtype)
                (self.tables if kind == "table" else self.weights)[number] = what
        return self.known[id(x)]


def program_key(step: Step) -> Hashable:
    """What a step does, as a key: two steps of which it is equal have the same program."""
    numbers: dict[int, int] = {}
    kinds: list[Any] = []
    generators = {generator: number for number, generator in enumerate(generators_of(step))}
    places = {id(weight): number for number, weight in enumerate(step.taken.weights)}

    def number(x: Any) -> int:
        if id(x) not in numbers:
            numbers[id(x)] = len(numbers)
            kind, what = step.kinds[id(x)]
            kinds.append((numbers[id(x)], kind, frozen(np.asarray(what)) if kind == "constant" else (what, np.shape(x), x.dtype)))
        return numbers[id(x)]

    calls: list[Any] = []
    for call in step.taken.calls:
        inputs = tuple([number(x) for x in call.inputs])
        if isinstance(call, Move):
            calls.append(("move", places[id(call.variable)], inputs))
            continue
        if isinstance(call, Draw):
            calls.append((generators[call.generator], call.number, call.draw, frozen(call.args), call.out.shape))
        else:
            calls.append((call.op, inputs, frozen(call.params) if call.params else (), call.out.shape, call.out.dtype.char))
        numbers.setdefault(id(call.out), len(numbers))
    wanted = tuple([number(array) for array in step.taken.wanted])
    taken = step.taken
    return tuple(kinds), tuple(calls), wanted, len(taken.outputs), len(taken.parts), taken.loss is None
