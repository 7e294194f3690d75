"""One step of training, or one call of a function, as a list of which every array is known to be what.

What NumPy computes beside the ops is not on the tape: labels in another type, a mask of a user's. So the step is taken down
twice, of different samples, and no array is believed to be a constant that was not the same both times:

* the result of an earlier call, or a weight: told by the array itself;
* data: a part of the batch itself, or an array that holds its numbers, both times, in whatever shape or type;
* a constant: the same numbers both times;
* anything else depends on the samples in a way that nobody has seen, and the step cannot be compiled.

Nor can a step whose Python asked for a number that depends on the samples or on weights: what it did with it is not on the tape.

Nothing is left behind of a step that was taken down: weights, generators and added losses stand where they stood.
"""

from __future__ import annotations

import random as python_random
import threading
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..calculus import enable_grad, gradients, no_grad
from ..graph import Value, make_value
from ..random import SeedGenerator
from ..rerun import Moved
from ..structure import flatten
from ..tensor import Tensor
from ..variable import Variable
from .errors import NotCompiledError as NotCompiledError
from .kinds import Step, Taken, by_place, told_apart
from .tape import Tape

TRIES = 4  # at taking a step down, while other threads draw from generators that are everybody's


def known_step(model: Any, batches: Sequence[tuple], like: Step | None = None, what: str = "train") -> Step:
    """The step of a model, of two batches of one size, whose samples differ.

    Args:
        model: compiled, and built.
        batches: (x, y, sample_weight), each of which may be a structure of arrays.
        like: the step for batches of another size. If this one calls the same ops, one batch is enough.
        what: "train", "test" or "predict".

    Raises:
        NotCompiledError: if it cannot be told what an array is.
    """

    def known() -> Step:
        first = take_down(model, batches[0], what)
        if like is not None and (found := by_place(first, like)) is not None:
            return found
        return told_apart(first, take_down(model, batches[1], what))

    return _without_other_generators(known)


def known_function(function: Callable, args: Sequence, others: Sequence | None = None) -> Step:
    """A call of a function.

    Args:
        function: of Tensors, and structures of them, to such.
        args: arrays and Tensors in them are the tables; Variables are weights; anything else is the function's own.
        others: arguments of the same form, whose numbers differ; None makes some up.

    Raises:
        NotCompiledError: if it cannot be told what an array is.
    """

    def known() -> Step:
        first = take_down_function(function, args)
        second = _with_other_numbers(function, args) if others is None else take_down_function(function, others)
        return told_apart(first, second, strict=True)

    return _without_other_generators(known)


def _with_other_numbers(function: Callable, args: Sequence) -> Taken:
    """A call with numbers that are made up. They may be no classes, or places, that there are: then fewer of them are."""
    for is_bold in (True, False):
        changed: dict[int, Any] = {}
        others = [_changed(arg, changed, is_bold) for arg in args]
        try:
            return take_down_function(function, others)
        except NotCompiledError:
            raise
        except Exception as error:  # the numbers are ours
            failure = error
    raise NotCompiledError(f"of other numbers it raises {type(failure).__name__}: {failure}") from failure


def take_down(model: Any, batch: tuple, what: str = "train") -> Taken:
    """The step of a model on one batch: forward, loss, backward.

    Args:
        model, batch: as for `known_step`.
        what: "train", "test", which ends with the loss, or "predict", which ends with the outputs.

    Raises:
        NotCompiledError: if the step does what cannot be done again in the same way.
    """
    x, y, sample_weight = batch

    def train() -> tuple:
        output = model(x, training=True)
        loss = model.compute_loss(x, y, output, sample_weight)
        weights = model.trainable_weights
        return output, loss, gradients(model.optimizer.scale_loss(loss), weights) if weights else []

    def test() -> tuple:
        output = model(x)
        return output, model.compute_loss(x, y, output, sample_weight, training=False), []

    def predict() -> tuple:
        return model(x), None, []

    step = {"train": train, "test": test, "predict": predict}[what]
    (output, loss, found), tape = _undone(step, enable_grad if what == "train" else no_grad)
    if loss is not None and model._scores.placed and any(getattr(part, "mask", None) is not None for part in flatten(output)[0]):
        raise NotCompiledError("metrics look at the mask of an output")
    moved = [number for number, g in enumerate(found) if g is not None]
    reports = loss is not None and model._objective.reported
    parts = [part.array for part in model._objective.parts] if reports else []
    return Taken(
        calls=tape.calls,
        tables=[_array_of(part) for part in flatten([x, y, sample_weight])[0]],
        weights=_with_others(model.weights, tape.leaves),
        outputs=[_array_of(part) for part in flatten(output)[0]],
        parts=parts,
        loss=None if loss is None else loss.array,
        gradients=[found[number].array for number in moved],
        readings=tape.readings,
        moved=moved,
    )


def take_down_function(function: Callable, args: Sequence) -> Taken:
    """A call of a function. Arrays among its arguments become Tensors.

    Raises:
        NotCompiledError: if the call does what cannot be done again in the same way.
    """
    tables: list[Any] = []
    arguments = [_with_tables(arg, tables) for arg in args]
    out, tape = _undone(lambda: function(*arguments))
    outputs = [_array_of(part) for part in flatten(out)[0]]
    given = set(map(id, tables))
    weights = [leaf for leaf in tape.leaves if id(leaf.array) not in given]
    return Taken(tape.calls, tables, weights, outputs, [], None, [], tape.readings, [])


# Nothing stays -----------------------------------------------------------------------------------


def _undone(run: Callable[[], Any], recording: Callable = enable_grad) -> tuple[Any, Tape]:
    """What `run` returns, and the tape of it; all stands as it stood before.

    Raises:
        NotCompiledError: if something was moved on in a way that is not on the tape.
    """
    with Moved() as moved, recording(), Tape() as tape, np.errstate(all="ignore"):
        try:
            out = run()
            _refuse_unseen(moved, tape)
        finally:
            moved.undo()
            collected = tape.collected()
            for leaf, before in collected:
                leaf.node.grad = before  # type: ignore[union-attr]
    if collected:
        raise NotCompiledError("the gradients of a backward pass stay behind in .grad")
    return out, tape


def _without_other_generators(known: Callable[[], Step]) -> Step:
    """What `known` finds, if it does not draw from NumPy's or Python's own generator, which is put back if it does.

    Other threads may have drawn meanwhile: what they drew stays drawn, and there is another try.
    """
    for _ in range(TRIES):
        with _DrawsOfOthers() as draws:
            try:
                found: Step | NotCompiledError = known()
            except NotCompiledError as error:
                found = error
        if not draws.any and isinstance(found, NotCompiledError):
            raise found
        if not draws.any:
            return found  # type: ignore[return-value]
        if draws.is_alone:
            break
    raise NotCompiledError("random numbers come from NumPy's or Python's own generator, and not from a SeedGenerator")


class _DrawsOfOthers:
    """Whether a block draws from NumPy's or Python's own generator. In the only thread, these are put back."""

    def __enter__(self) -> _DrawsOfOthers:
        self._numpy, self._python = np.random.get_state(legacy=False), python_random.getstate()
        self.is_alone = threading.active_count() == 1
        return self

    def __exit__(self, *error: Any) -> None:
        self.any = _differs(np.random.get_state(legacy=False), self._numpy) or python_random.getstate() != self._python
        if self.any and self.is_alone:
            np.random.set_state(self._numpy)
            python_random.setstate(self._python)


def _differs(state: Any, before: Any) -> bool:
    now, then = state["state"], before["state"]
    return now["pos"] != then["pos"] or state["gauss"] != before["gauss"] or not np.array_equal(now["key"], then["key"])


def _refuse_unseen(moved: Moved, tape: Tape) -> None:
    for thing, place in moved.first.items():
        if isinstance(thing, SeedGenerator):
            if thing.counter - place != tape.draws_of(thing):
                raise NotCompiledError("random numbers are drawn in a way that cannot be seen: see tinygrad_edu.random")
        elif not isinstance(thing, Variable) and not hasattr(thing, "add_loss"):
            raise NotCompiledError(f"a {type(thing).__name__} moves on in every step")


# Parts -------------------------------------------------------------------------------------------


def _array_of(x: Any) -> Any:
    return x.array if isinstance(x, Value) else x


def _with_others(weights: Sequence[Value], leaves: list[Value]) -> list[Value]:
    """The weights of a model, and what else was read that may change."""
    return list({id(weight.array): weight for weight in (*weights, *leaves)}.values())


def _with_tables(arg: Any, tables: list) -> Any:
    """An argument with a Tensor in the place of each array, which is noted."""
    parts, rebuild = flatten(arg)
    return rebuild([_as_table(part, tables) for part in parts])


def _as_table(part: Any, tables: list) -> Any:
    if isinstance(part, Variable) or not isinstance(part, (np.ndarray, np.generic, Value)):
        return part
    x = Tensor(part) if isinstance(part, Tensor) and part.requires_grad else make_value(_array_of(part))
    tables.append(x.array)
    return x


def _changed(arg: Any, known: dict[int, Any], is_bold: bool) -> Any:
    """An argument of the same form with other numbers: as like the given ones as can be, so that the same is done with them.

    Args:
        known: by the id of each array, what stands in its place: what was one array stays one.
        is_bold: whether there may be whole numbers that there were not.
    """
    parts, rebuild = flatten(arg)
    return rebuild([known.setdefault(id(_array_of(part)), _other(part, len(known), is_bold)) for part in parts])


def _other(part: Any, number: int, is_bold: bool) -> Any:
    """Another part, and for each number another one, so that parts of equal numbers are told apart."""
    if isinstance(part, Variable) or not isinstance(part, (np.ndarray, np.generic, Value)):
        return part
    array = np.asarray(_array_of(part))
    if array.dtype.kind == "f":
        shares = 1 - np.random.default_rng(number).uniform(2**-8, 2**-7, array.shape)
        new = (np.where(array == 0, 0, array * shares) if array.any() else shares - 1).astype(array.dtype)
    else:
        new = np.roll(array, 1 + number, axis=0 if array.ndim else None)
        if is_bold and array.dtype.kind in "biu" and array.size and np.array_equal(new, array):
            whole = int(array.flat[0])
            new.flat[0] = not whole if array.dtype.kind == "b" else whole - (np.sign(whole) or -1)  # one of them is nearer to 0
    return Tensor(new, requires_grad=part.requires_grad) if isinstance(part, Tensor) else new

