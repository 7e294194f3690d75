"""A test that builds graphs step by step, in any order that a user might, beside a naive reference.

    from tinygrad_edu.testing import graph_machine

    TestMyOps = graph_machine(ops=[my_op, ops.add]).TestCase

Hypothesis searches for a sequence of steps after which a value or a gradient differs from the reference, or
an error comes that should not, or none that should; and shrinks it to a program of a few lines.
"""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import ops as all_ops
from ..calculus import no_grad
from ..graph import ChangedArrayError, GraphError, ReleasedGraphError, make_value
from ..tensor import Tensor
from .optional import hnp, st, stateful
from .programs import SMOOTH, arity_of, name_of
from .reference import Known, Reference
from .strategies import numbers, ties

SHAPES = ((), (1,), (3,), (2, 1), (1, 3), (2, 3))  # all of them broadcast together
LARGEST = 1e3  # beyond it differences lose their digits
MOSTLY = st.integers(0, 3).map(lambda n: n < 3)  # true, and shrinks to that
COPIES: dict[str, Callable] = {"copy": copy.copy, "deepcopy": copy.deepcopy, "pickle": lambda x: pickle.loads(pickle.dumps(x))}


def _row(x):
    return all_ops.getitem(x, key=0)


def _first_column(x):
    return all_ops.getitem(x, key=(..., slice(0, 1)))


def _backwards(x):
    return all_ops.getitem(x, key=(..., slice(None, None, -1)))


def _as_it_is(x):
    return all_ops.reshape(x, shape=x.shape)


def _spread(x):
    return all_ops.broadcast_to(x, shape=(2, 3))


VIEWS: tuple[Callable, ...] = (_row, _first_column, _backwards, _as_it_is, _spread)


class Pair:
    """A Tensor, and what is known of it."""

    def __init__(self, tensor: Tensor, known: Known):
        self.tensor, self.known = tensor, known


class GraphMachine(stateful.RuleBasedStateMachine):
    """Steps that anybody may take with Tensors; `graph_machine` makes one for certain ops."""

    functions: tuple[Callable, ...] = SMOOTH
    elements: Any = numbers(-2.0, 2.0) | ties()
    shapes: tuple[tuple[int, ...], ...] = SHAPES

    pairs = stateful.Bundle("pairs")

    def __init__(self):
        super().__init__()
        self.reference = Reference()
        self.live: list[Pair] = []

    # Making Tensors ------------------------------------------------------------------------------

    @stateful.initialize(target=pairs, data=st.data())
    def first(self, data):
        return self._leaf(data, True)

    @stateful.rule(target=pairs, data=st.data(), requires_grad=MOSTLY)
    def leaf(self, data, requires_grad):
        return self._leaf(data, requires_grad)

    @stateful.rule(target=pairs, data=st.data(), inputs=st.lists(pairs, min_size=4, max_size=4), recording=MOSTLY)
    def op(self, data, inputs, recording):
        return self._apply(self._drawn_op(data), inputs, recording)

    @stateful.rule(target=pairs, pair=pairs, view=st.sampled_from(VIEWS), recording=MOSTLY)
    def view(self, pair, view, recording):
        return self._apply(view, [pair], recording)

    @stateful.rule(target=pairs, pair=pairs)
    def total(self, pair):
        return self._apply(all_ops.sum, [pair])

    @stateful.rule(target=pairs, pair=pairs)
    def detach(self, pair):
        return self._pair(pair.tensor.detach(), self.reference.leaf(pair.known.array, requires_grad=False))

    @stateful.rule(target=pairs, pair=pairs, way=st.sampled_from(sorted(COPIES)))
    def copied(self, pair, way):
        known = self.reference.leaf(np.array(pair.known.array)[()], requires_grad=bool(pair.known.slopes))
        return self._pair(COPIES[way](pair.tensor), known)

    # Changing them -------------------------------------------------------------------------------

    @stateful.rule(pair=pairs, data=st.data(), recording=MOSTLY)
    def write(self, pair, data, recording):
        """In place, through the Tensor; the result of a recorded op refuses."""
        if self._may_write(pair):
            self._write(pair, self._numbers(data, pair), recording)

    @stateful.rule(data=st.data(), inputs=st.lists(pairs, min_size=4, max_size=4))
    def write_and_go_back(self, data, inputs):
        """Change what a step has just used, through any Tensor that shares its memory, and go back through that step."""
        self.detach(inputs[0])
        root = self._apply(self._drawn_op(data), inputs)
        hits = [n for n, pair in enumerate(self.live) if isinstance(root, Pair) and self._hits(pair, root)]
        if hits:
            written = self.live[data.draw(st.sampled_from(hits), label="number of the Tensor written to")]
            self._write(written, self._numbers(data, written), recording=False)
            self._go_back(root, self._numbers(data, root), retain_graph=True, create_graph=False)

    @stateful.rule(pair=pairs)
    def retain_grad(self, pair):
        if pair.known.slopes:
            pair.tensor.retain_grad()
            pair.known.collects = True
        else:
            self._refuses(GraphError, pair.tensor.retain_grad)

    @stateful.rule(pair=pairs)
    def zero_grad(self, pair):
        pair.tensor.zero_grad()
        pair.known.grad = None

    @stateful.rule(pair=stateful.consumes(pairs))
    def forget(self, pair):
        """The graphs that it is part of must live on."""
        if pair in self.live:
            self.live.remove(pair)
        pair.tensor = pair.tensor.detach()

    # Going back ----------------------------------------------------------------------------------

    @stateful.rule(data=st.data(), inputs=st.lists(pairs, min_size=4, max_size=4), retain_graph=MOSTLY)
    def op_and_backward(self, data, inputs, retain_graph):
        """What most of the search is for: every step may be the one that the gradient goes wrong at."""
        root = self._apply(self._drawn_op(data), inputs)
        if isinstance(root, Pair):
            self._go_back(root, self._numbers(data, root), retain_graph, create_graph=False)

    @stateful.rule(pair=pairs, data=st.data(), retain_graph=MOSTLY, create_graph=st.booleans())
    def backward(self, pair, data, retain_graph, create_graph):
        self._go_back(pair, self._numbers(data, pair), retain_graph, create_graph)

    def _go_back(self, pair: Pair, seed: np.ndarray, retain_graph: bool, create_graph: bool) -> None:
        known = pair.known
        errors: list[type[Exception]] = [GraphError] if not known.slopes else []
        errors += [ReleasedGraphError] if self.reference.is_released(known) else []
        must_refuse = bool(errors)
        errors += [ChangedArrayError] if self.reference.is_changed(known) else []
        try:
            pair.tensor.backward(seed, retain_graph=retain_graph, create_graph=create_graph)
        except tuple(errors):
            return
        if must_refuse:
            raise AssertionError(f"backward() expects to raise {errors[0].__name__}, got no error.")
        self.reference.backward(known, seed, release=not (retain_graph or create_graph))

    # What holds after every step -----------------------------------------------------------------

    @stateful.invariant()
    def values_and_gradients_are_the_references(self):
        for pair in self.live:
            _same("a value", pair.tensor.array, pair.known.array, 1e-12)
            grad, expected = pair.tensor.grad, pair.known.grad
            if (grad is None) != (expected is None):
                raise AssertionError(f"grad expects {expected}, got {grad}.")
            if grad is not None:
                _same("a gradient", grad.array, expected, 1e-6)

    # Helpers -------------------------------------------------------------------------------------

    def _leaf(self, data: Any, requires_grad: bool) -> Pair:
        shape = data.draw(st.sampled_from(self.shapes), label="shape")
        array = data.draw(hnp.arrays(np.float64, shape, elements=self.elements), label="numbers")
        known = self.reference.leaf(array.copy() if shape else array[()], requires_grad)
        return self._pair(Tensor(array, requires_grad=requires_grad), known)

    def _drawn_op(self, data: Any) -> Callable:
        return data.draw(st.sampled_from(self.functions).map(_Named), label="op").function

    def _apply(self, function: Callable, inputs: list[Pair], recording: bool = True) -> Any:
        """The op on Tensors and on what is known of them; what refuses constants must refuse variables."""
        inputs = inputs[: arity_of(function)]
        try:
            known = self.reference.apply(_on_arrays(function), [pair.known for pair in inputs], recording)
        except Exception as error:
            self._refuses(type(error), lambda: function(*(pair.tensor for pair in inputs)))
            return stateful.multiple()
        tensor = self._run(lambda: function(*(pair.tensor for pair in inputs)), recording)
        if not np.all(np.abs(known.array) <= LARGEST):
            return stateful.multiple()
        return self._pair(tensor, known)

    def _pair(self, tensor: Tensor, known: Known) -> Pair:
        self.live.append(Pair(tensor, known))
        return self.live[-1]

    def _numbers(self, data: Any, pair: Pair) -> np.ndarray:
        """Numbers in the shape of a Tensor."""
        return data.draw(hnp.arrays(np.float64, np.shape(pair.known.array), elements=self.elements), label="numbers")

    def _write(self, pair: Pair, value: np.ndarray, recording: bool) -> None:
        if recording and pair.known.slopes and not pair.known.is_leaf:
            self._refuses(GraphError, lambda: pair.tensor.assign(value))
            return
        self._run(lambda: pair.tensor.assign(value), recording)
        self.reference.write(pair.known, ..., value)

    @staticmethod
    def _may_write(pair: Pair) -> bool:
        return np.asarray(pair.known.array).flags.writeable

    def _hits(self, written: Pair, root: Pair) -> bool:
        return bool(root.known.slopes) and self._may_write(written) and self.reference.would_change(written.known, root.known)

    @staticmethod
    def _run(call: Callable, recording: bool) -> Any:
        if recording:
            return call()
        with no_grad():
            return call()

    @staticmethod
    def _refuses(error: type[Exception], call: Callable) -> None:
        try:
            call()
        except error:
            return
        raise AssertionError(f"{name_of(call)} expects to raise {error.__name__}, got no error.")


def graph_machine(
    ops: Sequence[Callable] = SMOOTH, *, elements: Any = None, shapes: Sequence[tuple[int, ...]] = SHAPES
) -> type[GraphMachine]:
    """A state machine over `ops`; its `TestCase` is what pytest and unittest collect.

    The steps: leaves and constants, ops, views, sums, detach, copies and pickles, changes in place, retain_grad,
    zero_grad, forgetting a Tensor, and backward passes, each with or without recording.

    Args:
        ops: functions of one or more Tensors, smooth and of moderate slope at all numbers from -1000 to 1000.
        elements: strategy for the numbers of leaves; None means from -2 to 2, and ties.
        shapes: of leaves; they should broadcast together.
    """
    members = {
        "functions": tuple(ops),
        "elements": GraphMachine.elements if elements is None else elements,
        "shapes": tuple(shapes),
    }
    return type("GraphMachineOf" + "_".join(map(name_of, ops)), (GraphMachine,), members)


def _on_arrays(function: Callable) -> Callable:
    return lambda *arrays: function(*map(make_value, arrays)).array


class _Named:
    """A function that shows its name in the steps that Hypothesis prints."""

    def __init__(self, function: Callable):
        self.function = function

    def __repr__(self) -> str:
        return name_of(self.function)


def _same(what: str, got: Any, expected: Any, tolerance: float) -> None:
    if np.shape(got) != np.shape(expected) or not np.allclose(got, expected, rtol=tolerance, atol=tolerance):
        raise AssertionError(f"{what} expects {expected}, got {got}.")
