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

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..calculus import enable_grad, gradients, no_grad
from ..graph import Value, make_value
from ..memory import owner
from ..random import SeedGenerator
from ..rerun import Moved
from ..structure import flatten
from ..tensor import Tensor
from ..variable import Variable
from .errors import NotCompiledError as NotCompiledError
from .generators import without_other_generators
from .kinds import Left, Step, Taken, by_place, told_apart
from .tape import Tape, Update, name_of


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

    return without_other_generators(known)


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

    return without_other_generators(known)


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
    (output, loss, found), tape, left = _undone(step, enable_grad if what == "train" else no_grad)
    if left:
        raise NotCompiledError("the gradients of a backward pass stay behind in .grad")
    if loss is not None and model._scores.placed and any(getattr(part, "mask", None) is not None for part in flatten(output)[0]):
        raise NotCompiledError("metrics look at the mask of an output")
    if update := next((call for call in tape.calls if isinstance(call, Update)), None):
        raise NotCompiledError(f"a step of {update.optimizer!r} is taken in it")
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
    parts = flatten(arguments)[0]
    out, tape, left = _undone(lambda: function(*arguments), is_free=True)
    after = flatten(arguments)[0]
    if len(after) != len(parts) or not all(map(operator.is_, after, parts)):
        raise NotCompiledError("it puts other things into a list or a dict that it is given")
    outputs = [_array_of(part) for part in flatten(out)[0]]
    given = {id(table): number for number, table in enumerate(tables)}
    weights = [leaf for leaf in tape.leaves if id(leaf.array) not in given]
    _refuse_gradients_of_before(tape)
    _refuse_views_of_moved(tape.calls, outputs)
    behind = [Left(leaf, given.get(id(leaf.array)), None if grad is None else grad.array) for leaf, grad in left]
    return Taken(tape.calls, tables, weights, outputs, [], None, [], tape.readings, [], behind, tape.touches_gradients)


# Nothing stays -----------------------------------------------------------------------------------


def _undone(
    run: Callable[[], Any], recording: Callable = enable_grad, is_free: bool = False
) -> tuple[Any, Tape, list[tuple[Value, Any]]]:
    """What `run` returns, the tape of it, and other gradients that leaves had by then; all stands as it stood before.

    Args:
        is_free: whether it may do anything at all: it is a function of somebody's.

    Raises:
        NotCompiledError: if something was moved on in a way that is not on the tape.
    """
    with Moved() as moved, recording(), Tape(keeps_numbers=is_free) as tape, np.errstate(all="ignore"):
        try:
            out = run()
            _refuse_unseen(moved, tape)
        finally:
            written = tape.put_back()
            moved.undo()
            collected = tape.collected()
            left = [(leaf, leaf.node.grad) for leaf, _ in collected]  # type: ignore[union-attr]
            for leaf, before in collected:
                leaf.node.grad = before  # type: ignore[union-attr]
    if written:
        raise NotCompiledError(f"numbers of {written[0]} are changed in a way that cannot be seen: see assign")
    return out, tape, left


def _refuse_gradients_of_before(tape: Tape) -> None:
    """Raise if gradients that leaves have already are used: by a backward pass that adds to them, say."""
    known = {id(leaf.grad.array): leaf for leaf in tape.leaves if leaf.node is not None and leaf.node.grad is not None}  # type: ignore[attr-defined]
    for call in tape.calls:
        for x in call.inputs:
            if id(x) in known:
                raise NotCompiledError(f"it goes on from the gradient in .grad of {name_of(known[id(x)])}")


def _refuse_views_of_moved(calls: Sequence[Any], outputs: Sequence[Any]) -> None:
    """Raise if a view of a weight is read after the weight moved: it has moved, too, where nothing is taken down."""
    moved: dict[int, Variable] = {}  # by the memory
    made: dict[int, int] = {}  # views since then, by the memory
    for inputs, out, variables in [*((call.inputs, call.out, getattr(call, "moved", ())) for call in calls), (outputs, None, ())]:
        for x in inputs if moved else ():
            variable = moved.get(_memory(x))
            if variable is not None and x is not variable.array and id(x) not in made:
                raise NotCompiledError(f"a view of {name_of(variable)} is read after that has moved")
        if _memory(out) in moved:
            made[id(out)] = _memory(out)
        for variable in variables:
            moved[_memory(variable.array)] = variable
            made = {view: memory for view, memory in made.items() if memory != _memory(variable.array)}


def _memory(x: Any) -> int:
    return id(owner(x)) if isinstance(x, np.ndarray) else 0


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
