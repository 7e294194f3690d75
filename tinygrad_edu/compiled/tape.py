"""The tape: every call of an op in a block, forward and backward, every draw and every move, in the order in which they came.

An op that is called on Values tells whoever looks of its result; the tape is one that looks. While it does, a backward pass
runs its rules on Values, through the same door. So whatever a model, a loss or a penalty is made of, one step under a tape is a
flat list, and nothing that is called has to know of it.

    >>> from tinygrad_edu import Tensor
    >>> x = Tensor([1.0, 2.0])
    >>> with Tape() as tape:
    ...     y = (x * 3.0).tanh()
    >>> [call.op.name for call in tape.calls]
    ['multiply', 'tanh']
    >>> tape.calls[1].inputs[0] is tape.calls[0].out
    True

Four things can stand in the list, each with `inputs` and `out`:

    Call    an op is called on arrays and numbers
    Draw    a generator draws numbers
    Move    a Variable gets other numbers
    Update  an optimizer takes a step; it is only noted, and not taken

Values are told apart by their arrays, not by the Tensors around them: a Tensor may be wrapped anew, the numbers stay where
they are. What is computed with NumPy alone is not on the tape; `step` finds such arrays by the numbers in them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..anomaly import place_of_caller
from ..graph import Leaf, Node, Value
from ..modes import Detector, current, detector_variable, detectors
from ..record import Op
from ..variable import Variable
from .errors import NotCompiledError


class Call(NamedTuple):
    """One call of an op: on which arrays and numbers, with which parameters, what came out, and whence it came.

    Attributes:
        layer: path of the layer that called it, or on the way back from whose op it is; "" if none.
        is_backward: whether a gradient rule called it.
    """

    op: Op
    inputs: tuple
    params: dict[str, Any]
    out: Any
    layer: str = ""
    is_backward: bool = False


class Draw(NamedTuple):
    """Random numbers: `draw(generator, *args)`, which is the generator's draw `number` since the block began, from 0.

    Of another run `number` and the counter that it begins with say which draw it is; the order of draws does not: a
    checkpoint makes the same draw twice.
    """

    generator: Any
    number: int
    draw: Callable
    args: tuple
    out: Any
    layer: str = ""

    @property
    def inputs(self) -> tuple:
        return ()

    def again(self, start: int) -> Any:
        """What comes out in a run that begins with the counter at `start`. The counter stays where it is."""
        before, self.generator.counter = self.generator.counter, start + self.number
        try:
            return self.draw(self.generator, *self.args)
        finally:
            self.generator.counter = before


class Move(NamedTuple):
    """A Variable gets all of its numbers anew. Who reads its array later reads `value`, in the type of the Variable."""

    variable: Variable
    value: Any

    @property
    def moved(self) -> list[Variable]:
        """The Variable."""
        return [self.variable]

    @property
    def out(self) -> None:
        return None

    @property
    def inputs(self) -> tuple:
        return (self.value,)


class Update(NamedTuple):
    """A step of an optimizer: an array for each of some variables, or None for one that stays."""

    optimizer: Any
    gradients: tuple
    variables: tuple[Variable, ...]

    @property
    def out(self) -> None:
        return None

    @property
    def inputs(self) -> tuple:
        return tuple(g for g in self.gradients if g is not None)

    @property
    def numbers(self) -> list[int]:
        """Which of the variables have a gradient."""
        return [number for number, g in enumerate(self.gradients) if g is not None]

    @property
    def moved(self) -> list[Variable]:
        """The variables that have a gradient."""
        return [variable for variable, g in zip(self.variables, self.gradients) if g is not None]


class Reading(NamedTuple):
    """The numbers of an array were asked for, in the middle of the list: what Python did with them is not on the tape."""

    array: Any
    place: str  # file, line and text


class Tape(Detector):
    """Notes what happens in a `with` block, in this thread.

    Args:
        keeps_numbers: whether arrays may be written to in ways that are not in the list: see `put_back`.

    Attributes:
        calls: what happened, in order.
        leaves: all Variables, and other Tensors that no op has made and that require a gradient, that ops have read.
        readings: arrays whose numbers were asked for.
        touches_gradients: whether the `grad` of any Tensor was asked for or changed.
    """

    lifts = True

    def __init__(self, keeps_numbers: bool = False) -> None:
        self.keeps_numbers = keeps_numbers
        self.calls: list[Any] = []
        self._made: set[int] = set()  # ids of what calls made
        self._numbers: dict[int, tuple[Any, np.ndarray, np.ndarray]] = {}
        self._moved: dict[int, np.ndarray] = {}  # numbers that Variables got in the end
        self.readings: list[Reading] = []
        self.touches_gradients = False
        self._behind: Node | None = None  # the node that is being gone back through
        self._leaves: dict[int, tuple[Value, Any]] = {}
        self._starts: dict[Any, int] = {}

    def __enter__(self) -> Tape:
        self._token = detector_variable.set(self)
        detectors.add(self)
        return self

    def __exit__(self, *error: Any) -> None:
        detectors.discard(self)
        detector_variable.reset(self._token)

    @property
    def leaves(self) -> list[Value]:
        return [leaf for leaf, _ in self._leaves.values()]

    def collected(self) -> list[tuple[Value, Any]]:
        """The leaves whose `grad` is another one than when an op first read them, and what it was."""
        return [(leaf, grad) for leaf, grad in self._leaves.values() if leaf.node is not None and leaf.node.grad is not grad]

    def draws_of(self, generator: Any) -> int:
        """How many draws of a generator are on the tape, not counting those that were made again."""
        return len({call.number for call in self.calls if isinstance(call, Draw) and call.generator is generator})

    def look_at_result(self, op: Op, args: tuple, out: Any, params: dict, node: Any) -> None:
        """Note a call."""
        inputs = []
        for x in args:
            if isinstance(x, Value):
                self._note_leaf(x)
                x = x.array
            self._keep_numbers(None, x)
            inputs.append(x)
        self._made.add(id(out))
        origin = (current().scope, False) if self._behind is None else (self._behind.scope, True)
        self.calls.append(Call(op, tuple(inputs), {**op.defaults, **params} if op.params else params, out, *origin))

    def looking_at(self, go_back: Callable) -> Callable:
        """The step of a backward pass, as it is, but for the node that is kept in mind: its rules call ops."""

        def looking(node: Node, *args: Any) -> None:
            before, self._behind = self._behind, node
            try:
                go_back(node, *args)
            finally:
                self._behind = before

        return looking

    def _note_leaf(self, x: Value) -> None:
        if (type(x.node) is Leaf or isinstance(x, Variable)) and id(x.array) not in self._leaves:
            if hooks_of(x):
                raise NotCompiledError(f"hooks watch the gradient of {name_of(x)}")
            self._leaves[id(x.array)] = x, x.node and x.node.grad
            self._keep_numbers(x, x.array)

    def _keep_numbers(self, owner: Any, array: Any) -> None:
        """Note the numbers of what no call made, when it is first met."""
        if self.keeps_numbers and type(array) is np.ndarray and id(array) not in self._made and id(array) not in self._numbers:
            self._numbers[id(array)] = owner, array, array.copy()

    def put_back(self) -> list[str]:
        """Give arrays the numbers that they had, if these were changed in a way that is not in the list. Returns their names."""
        found = []
        for owner, array, before in self._numbers.values():
            is_same = np.array_equal(array, self._moved.get(id(array), before), equal_nan=array.dtype.kind == "f")
            if not is_same or (owner is not None and owner.array is not array):
                found.append(f"an array {array.shape}" if owner is None else name_of(owner))
                array[...] = before
                if owner is not None:
                    owner.array = array
        return found

    def look_at_draw(self, generator: Any, number: int, draw: Callable, args: tuple, out: Any) -> None:
        """Note a draw, by how many came before it."""
        start = self._starts.setdefault(generator, number)
        self.calls.append(Draw(generator, number - start, draw, args, out, current().scope))

    def look_at_move(self, tensor: Any, key: Any, array: Any) -> None:
        """Note that all of a Variable gets other numbers; refuse what cannot be moved back."""
        if not isinstance(tensor, Variable) or key is not ...:
            raise NotCompiledError(f"numbers of {name_of(tensor)} are changed in place, {place_of_caller()}")
        if np.shape(array) != tensor.shape:
            raise NotCompiledError(f"{name_of(tensor)} gets numbers of another shape, {place_of_caller()}")
        self._note_leaf(tensor)
        self._moved[id(tensor.array)] = np.array(array, tensor.array.dtype)
        self.calls.append(Move(tensor, array))

    def look_at_reading(self, tensor: Any) -> None:
        """Note that somebody wants to know the numbers."""
        self._note_leaf(tensor)
        self.readings.append(Reading(tensor.array, place_of_caller()))

    def look_at_gradients(self, tensor: Any = None) -> None:
        """Note that it matters whether there are gradients already."""
        self.touches_gradients = True
        if tensor is not None:
            self._note_leaf(tensor)

    def takes_update(self, optimizer: Any, gradients: list, variables: Any) -> bool:
        """Note a step of an optimizer, which is not taken."""
        arrays = tuple(g.array if isinstance(g, Value) else g if g is None else np.asarray(g) for g in gradients)
        update = Update(optimizer, arrays, tuple(variables or ()))
        for variable in update.moved:
            self._note_leaf(variable)
        self.calls.append(update)
        return True


def hooks_of(weight: Any) -> Any:
    """Those that watch the gradient of a weight; None if there are none."""
    notes = weight.node.notes if weight.node else None
    return notes.hooks or None if notes else None


def name_of(tensor: Any) -> str:
    """What a Tensor is called, for messages."""
    return repr(tensor.path) if isinstance(tensor, Variable) else f"a Tensor {tensor.shape}"
