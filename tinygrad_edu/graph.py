"""What a recorded computation is made of: values, and the nodes that made them.

A `Value` is an array and the `Node` that made it. Nodes are numbered as they are made, so their order
is already topological: going back means going by number, and nothing here recurses, whatever the
depth. A node points at older nodes and at what its gradient rules read, never at the Value it made:
there is no reference cycle, and dropping the loss frees the graph.

`op` says how a computation is run and recorded, `backward` how gradients go back through it; the
formulas stand in `ops`, the operators of a Tensor in `tensor`.
"""

from __future__ import annotations

import operator
import weakref
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .memory import Change, change_of
from .memory import new_number as new_number
from .modes import Mode as Mode
from .modes import current as current
from .modes import mode as mode
from .modes import thread as thread

NUMBERS = (float, int, bool)


class GraphError(RuntimeError):
    """A graph was used in a way that cannot give a right gradient."""


class ReleasedGraphError(GraphError):
    """A backward pass reached nodes that an earlier backward pass had already released."""


class ChangedArrayError(GraphError):
    """An array was changed in place between the op that recorded it and the backward pass."""


new_object = object.__new__


class Value:
    """An array, and the node that made it (None for a constant)."""

    __slots__ = ("__weakref__", "array", "changed", "logits", "mask", "node", "squash")

    kind: type  # the class of what `apply` returns: tensor.py sets it to Tensor

    array: Any  # ndarray, or a NumPy scalar where the shape is ()
    node: Node | None
    changed: Change | None  # None if the array was never changed through this Value
    logits: Value  # set by sigmoid and softmax activations for losses that fuse with them,
    squash: Any  # as is the op that made this out of the logits, along the last axis
    mask: Any  # set by layers: an array of truth values (batch, steps), False where a step is only padding

    def mark_changed(self) -> None:
        """Say that the array was changed in place: a graph that recorded the old numbers will refuse to go back."""
        if self.changed is None:
            self.changed = change_of(self.array) if isinstance(self.array, np.ndarray) else Change()
        self.changed.now()


class Placeholder:
    """What stands for a Value that is not there yet: calls on it are noted, not computed. See `layers.symbol`."""

    __slots__ = ()

    def note_op(self, op: Any, args: tuple, params: dict) -> Any:
        """What stands for the result of an op that has this among its inputs."""
        raise NotImplementedError

    def note_layer(self, layer: Any, x: Any, args: tuple, kwargs: dict) -> Any:
        """What stands for the result of a layer that has this somewhere in its arguments."""
        raise NotImplementedError


class Notes:
    """What only few nodes carry.

    Attributes:
        hooks: functions that are called with the gradient when it is complete.
        sums: of the arrays kept that somebody outside may write to, by position: see `memory`.
        place: file and number of the line that recorded the node, under `detect_anomaly()`.
    """

    __slots__ = "__weakref__", "hooks", "place", "sums"

    any_hooks = False  # whether a hook was ever registered

    def __init__(self):
        self.hooks: dict[object, Callable] = {}
        self.sums: dict[int, tuple] = {}
        self.place: tuple[str, int] | None = None


class Hook:
    """A function that is called with a gradient, until it is removed."""

    def __init__(self, node: Node, function: Callable):
        Notes.any_hooks = True
        self._key = object()
        self._notes = weakref.ref(notes_of(node))  # the graph owns the hook, not the other way round
        notes_of(node).hooks[self._key] = function

    def remove(self) -> None:
        """Call the function no more."""
        notes = self._notes()
        if notes is not None:
            notes.hooks.pop(self._key, None)


class Node:
    """One step of a recorded computation.

    `inputs` and `out` hold just what the rules will read and are dropped as soon as they were read.
    `sources` tells where each input came from (a Node, a plain number, or None for a constant array),
    and stays, as do the values and gradients of 0-d nodes: pictures of the graph show them.
    """

    __slots__ = (
        "calls", "delta", "dtype", "grad", "inputs", "label", "notes", "number", "op", "out", "params", "scope", "shape",
        "sources",
    )  # fmt: skip

    op: Any  # Op, or None for a leaf
    number: int
    sources: tuple
    shape: tuple[int, ...]
    dtype: np.dtype
    inputs: Any  # tuple, one entry per input; None once released
    out: Any
    params: dict
    calls: Any  # the rules to call: see op.Recipe; None once released
    scope: str
    delta: Any  # of a 0-d node: the gradient that passed through it
    grad: Any  # Value: the gradient collected
    label: str | None
    notes: Notes | None  # see `notes_of`

    collects = False  # whether a backward pass leaves the gradient in `grad`

    def __repr__(self) -> str:
        name = self.op.name if self.op else (self.label or "leaf")
        return f"<Node {self.number} {name} {self.shape} {self.dtype}>"


class CollectingNode(Node):
    """A step whose gradient is kept, because `retain_grad()` asked for it."""

    __slots__ = ()
    collects = True


class Leaf(Node):
    """A node that no op made: the place where the gradient of a Tensor collects."""

    __slots__ = ()
    collects = True
    op = None
    sources = inputs = calls = ()
    params: dict = {}
    scope = ""

    def __init__(self, array: Any):
        self.out = array
        self.shape = array.shape
        self.dtype = array.dtype
        self.number = new_number()
        self.grad = self.delta = self.label = self.notes = None


def make_value(array: Any, node: Node | None = None) -> Any:
    """A Tensor around `array`, which is not looked at."""
    value: Any = new_object(Value.kind)
    value.array = array
    value.node = node
    value.changed = None
    return value


_slot_of_mask = vars(Value)["mask"].__get__  # not through `__getattr__`, which writes a message first


def mask_of(x: Any) -> Any:
    """The mask that a layer has given to a Value, or None."""
    try:
        return _slot_of_mask(x) if isinstance(x, Value) else None
    except AttributeError:
        return None


def notes_of(node: Node) -> Notes:
    """The notes of a node, which are made when they are first asked for."""
    if node.notes is None:
        node.notes = Notes()
    return node.notes


def as_array(x: Any) -> Any:
    """`x` as something that NumPy computes with: numbers stay (their dtype is weak), the rest is an array."""
    if type(x) in NUMBERS:
        return x
    if isinstance(x, (list, tuple)) and holds_value(x):
        raise TypeError("A Tensor expects numbers or an array, got a list of Tensors. Join them with stack(), which is recorded.")
    array = x if type(x) is np.ndarray or isinstance(x, np.generic) else _plain_array(x)
    if array.dtype.kind not in "fiub":
        raise TypeError(
            f"A Tensor expects real numbers, got {array.dtype.name} ({type(x).__name__}). "
            "Convert the data to float, int or bool first."
        )
    return array


def _plain_array(x: Any) -> np.ndarray:
    """`x` as an array that is no subclass of NumPy's: a matrix would multiply in its own way, a mask would be lost."""
    if isinstance(x, np.ndarray) and np.ma.is_masked(x):
        hidden = np.ma.count_masked(x)
        raise TypeError(f"A Tensor expects numbers without a mask, got {hidden} masked of {x.size}. Fill them: x.filled(0.0).")
    return np.asarray(x)


def holds_value(x: Any) -> bool:
    """Whether a Value hides in nested lists."""
    return isinstance(x, Value) or (isinstance(x, (list, tuple)) and any(map(holds_value, x)))


def history(value: Value | Iterable[Value]) -> list[Node]:
    """All nodes that `value` (or several) came from, oldest first."""
    roots = [value] if isinstance(value, Value) else list(value)
    return reachable([root.node for root in roots if root.node is not None])[::-1]


def reachable(roots: list[Node]) -> list[Node]:
    """Every node that `roots` came from, themselves included, newest first."""
    found = list(dict.fromkeys(roots))
    seen = set(found)
    for node in found:  # which grows meanwhile
        for source in node.sources:
            if source not in seen and isinstance(source, Node):
                seen.add(source)
                found.append(source)
    found.sort(key=operator.attrgetter("number"), reverse=True)
    return found
