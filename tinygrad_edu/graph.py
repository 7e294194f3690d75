"""All of automatic differentiation, and not one formula.

A `Value` is an array and the `Node` that made it. An `Op` is a function on arrays together with one
gradient rule per input. `apply` runs an op and, where a gradient may be asked for later, records a
node; `walk` goes through the nodes from the newest to the oldest and calls their rules. The formulas
themselves stand in `tinygrad_edu.ops`, the operators of a Tensor in `tinygrad_edu.tensor`.

Three facts carry the design:

* Nodes are numbered as they are made, so their order is already topological: going back means
  sorting the reachable nodes by number. Nothing here recurses, whatever the depth of the graph.
* A node points at older nodes and at the inputs that its rules read, never at the Value it made:
  there is no reference cycle, and dropping the loss frees the graph.
* Rules are written in operators and methods that arrays and Tensors share. A plain backward pass
  feeds them arrays, which costs no more than the arithmetic; with `create_graph=True` it feeds them
  Tensors, and the backward pass becomes a graph that can be differentiated again.

Source: reverse mode as in Griewank & Walther, Evaluating Derivatives (2008), chapter 3.
"""

from __future__ import annotations

import inspect
import itertools
import operator
import threading
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

NUMBERS = (float, int, bool)


class GraphError(RuntimeError):
    """A graph was used in a way that cannot give a right gradient."""


class ReleasedGraphError(GraphError):
    """A backward pass reached nodes that an earlier backward pass had already released."""


class ChangedArrayError(GraphError):
    """An array was changed in place between the op that recorded it and the backward pass."""


class Mode(NamedTuple):
    """What the current thread does with the ops it runs; replaced as a whole, never changed."""

    recording: bool = True
    scope: str = ""  # path of the layer that is being called, "model/dense_1"
    training: bool = False  # what layers that behave differently in training go by


class _Thread(threading.local):
    mode = Mode()


thread = _Thread()


@contextmanager
def mode(**changes: Any):
    """Run a block, or as a decorator a function, with another `Mode` in this thread only."""
    before = thread.mode
    thread.mode = before._replace(**changes)
    try:
        yield
    finally:
        thread.mode = before


class Value:
    """An array, and the node that made it (None for a constant)."""

    __slots__ = ("__weakref__", "array", "changed", "logits", "node")

    kind: type  # the class of what `apply` returns: tensor.py sets it to Tensor

    array: Any  # ndarray, or a NumPy scalar where the shape is ()
    node: Node | None
    changed: int  # number of the moment at which the array was last changed in place
    logits: Value  # set by sigmoid and softmax activations for losses that fuse with them


class Node:
    """One step of a recorded computation.

    `inputs` and `out` hold just what the rules will read and are dropped as soon as they were read.
    `sources` tells where each input came from (a Node, a plain number, or None for a constant array),
    and stays, as do the values and gradients of 0-d nodes: pictures of the graph show them.
    """

    __slots__ = (
        "calls", "delta", "dtype", "grad", "inputs", "label", "number", "op", "out", "params", "scope", "shape", "sources",
    )  # fmt: skip

    op: Any  # Op, or None for a leaf
    number: int
    sources: Any  # list, one entry per input
    shape: tuple[int, ...]
    dtype: np.dtype
    inputs: Any  # tuple, one entry per input; None once released
    out: Any
    params: dict
    calls: Any  # the rules to call, as tuples (position of the input, rule); None once released
    scope: str
    delta: Any  # of a 0-d node: the gradient that passed through it
    grad: Any  # Value: the gradient collected
    label: str | None

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
        self.out, self.shape, self.dtype = array, array.shape, array.dtype
        self.number, self.grad, self.delta, self.label = new_number(), None, None, None


new_number = itertools.count(1).__next__
_new = object.__new__


def make_value(array: Any, node: Node | None = None) -> Value:
    """What `apply` returns: a Tensor around `array`, without looking at it."""
    value: Any = _new(Value.kind)
    value.array, value.node, value.changed = array, node, 0
    return value


class Recipe(NamedTuple):
    """What to record when a certain set of inputs needs a gradient."""

    calls: tuple  # the rules to call: (position of the input, rule)
    keep: Callable[[tuple], tuple] | None  # from all inputs to what must be kept of each; None keeps nothing
    reads_out: bool


class Op:
    """A function on arrays, the gradient rules of its inputs, and its words.

    Args:
        body: computes on arrays. Its positional-only arguments (or `*xs`) are the inputs; the
            others are static parameters.
        rules: gradient rule of each input by name; an input without one passes no gradient.
            The names of a rule's arguments say what it reads: `g` (gradient of the loss by the
            output), `out`, an input, `<input>_shape`, a parameter, and in a rule for `*xs` also
            `index`, the position of the input asked for. Nothing else is kept alive.
        name, doc: where the body does not say them.
        inputs: their names, for a body without a readable signature.
        formula: the op on scalars, as a Python expression; only for elementwise ops.
    """

    variadic: bool
    inputs: tuple[str, ...]
    params: tuple[str, ...]
    defaults: dict[str, Any]

    def __init__(
        self,
        body: Callable,
        rules: dict[str, Callable],
        *,
        name: str = "",
        inputs: tuple[str, ...] = (),
        formula: str = "",
        doc: str = "",
    ):
        self.body = body
        self.name = name or body.__name__
        self.formula = formula
        self.doc = doc or inspect.getdoc(body) or ""
        self.variadic, self.inputs, self.params, self.defaults = False, inputs, (), {}
        if not inputs:
            self._read_signature()
        unknown = [name for name in rules if name not in self.inputs]
        if unknown:
            raise TypeError(f"Op {self.name!r} expects rules for its inputs {self.inputs}, got one for {unknown}.")
        self.rules = rules
        self._calls = {name: _compile_rule(self, name, rule) for name, rule in rules.items()}
        self.recipes: dict[int, Recipe] = {}

    def _read_signature(self) -> None:
        parameters = list(inspect.signature(self.body).parameters.values())
        self.variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters)
        of_input = inspect.Parameter.VAR_POSITIONAL if self.variadic else inspect.Parameter.POSITIONAL_ONLY
        self.inputs = tuple(p.name for p in parameters if p.kind is of_input)
        statics = [p for p in parameters if p.kind is not of_input]
        self.params = tuple(p.name for p in statics)
        self.defaults = {p.name: p.default for p in statics if p.default is not p.empty}

    def recipe(self, mask: int) -> Recipe:
        """What to record when the inputs whose bits are set in `mask` need a gradient; its highest bit only counts them."""
        count = mask.bit_length() - 1
        names = self.inputs * count if self.variadic else self.inputs
        active = [i for i in range(count) if mask >> i & 1 and names[i] in self._calls]
        reads = set().union(*(_arguments(self.rules[names[i]]) for i in active))
        kept = [names[i] in reads for i in range(count)]
        shaped = [f"{names[i]}_shape" in reads for i in range(count)]
        calls = tuple((i, self._calls[names[i]]) for i in active)
        self.recipes[mask] = Recipe(calls, _keeper(kept, shaped), "out" in reads)
        return self.recipes[mask]

    def bind(self, args: tuple, params: dict) -> tuple[tuple, dict]:
        """Inputs and parameters of a call that passes parameters by position, as NumPy allows."""
        count = len(self.inputs)
        extra = dict(zip(self.params, args[count:]))
        if self.variadic or len(args) - count > len(self.params) or len(args) < count or extra.keys() & params.keys():
            raise TypeError(f"{self.name} expects {self.signature()}, got {len(args)} positional arguments.")
        return args[:count], {**extra, **params}

    def signature(self) -> str:
        """The call as one would write it: "sum(x, axis=None, keepdims=False)"."""
        inputs = [("*" if self.variadic else "") + name for name in self.inputs]
        statics = [f"{n}={self.defaults[n]!r}" if n in self.defaults else n for n in self.params]
        return f"{self.name}({', '.join(inputs + statics)})"

    def __repr__(self) -> str:
        return f"<Op {self.signature()}>"


class _Shape(tuple):
    """Stands in `Node.inputs` for an input of which a rule reads nothing but the shape."""

    __slots__ = ()


def _arguments(rule: Callable) -> list[str]:
    return list(inspect.signature(rule).parameters)


def _compile_rule(op: Op, name: str, rule: Callable) -> Callable:
    """`rule(g, b, axis)` as the engine calls every rule: `call(g, inputs, out, params, index)`."""
    where = {"g": "g", "out": "out", **{p: f"params[{p!r}]" for p in op.params}}
    if op.variadic:
        where |= {op.inputs[0]: "inputs", f"{op.inputs[0]}_shape": "inputs", "index": "index"}
    else:
        for i, x in enumerate(op.inputs):
            where |= {x: f"inputs[{i}]", f"{x}_shape": f"shape_of(inputs[{i}])"}
    unknown = [argument for argument in _arguments(rule) if argument not in where]
    if unknown:
        raise TypeError(f"The rule of {op.name!r} for {name!r} expects arguments out of {list(where)}, got {unknown}.")
    reads = ", ".join(where[argument] for argument in _arguments(rule))
    return eval(f"lambda g, inputs, out, params, index: rule({reads})", {"rule": rule, "shape_of": shape_of})


def shape_of(x: Any) -> tuple[int, ...]:
    """Shape of a kept input, or of the stand-in for an input of which only the shape was kept."""
    if isinstance(x, _Shape):
        return tuple(x)
    return () if isinstance(x, NUMBERS) else x.shape


def _keeper(kept: list[bool], shaped: list[bool]) -> Callable[[tuple], tuple] | None:
    """Function from all inputs to the tuple of what must be kept of each."""
    if all(kept):
        return tuple
    if not any(kept) and not any(shaped):
        return None

    def keep_of(x, keep, shape):
        return x if keep else _Shape(shape_of(x.array if isinstance(x, Value) else x)) if shape else None

    return lambda xs: tuple(map(keep_of, xs, kept, shaped))


def as_array(x: Any) -> Any:
    """`x` as something that NumPy computes with: numbers stay (their dtype is weak), the rest is an array."""
    if type(x) in NUMBERS:
        return x
    array = x if isinstance(x, (np.ndarray, np.generic)) else np.asarray(x)
    if array.dtype.kind not in "fiub":
        raise TypeError(
            f"A Tensor expects real numbers, got {array.dtype.name} ({type(x).__name__}). "
            "Convert the data to float, int or bool first."
        )
    return array


def apply(op: Op, args: tuple, params: dict) -> Any:
    """Run `op`; record it where a gradient may be wanted. Without a Value among the inputs: plain NumPy."""
    if len(args) != len(op.inputs) and not op.variadic:
        args, params = op.bind(args, params)
    arrays, sources, mask, bit, lifted = [], [], 0, 1, False
    for x in args:
        if isinstance(x, Value):
            lifted = True
            arrays.append(x.array)
            node = x.node
            sources.append(node)
            if node is not None:
                mask |= bit
        elif type(x) in NUMBERS:
            arrays.append(x)
            sources.append(x)
        else:
            arrays.append(as_array(x))
            sources.append(None)
        bit += bit
    try:
        out = op.body(*arrays, **params)
    except Exception as error:
        _explain(error, op, arrays, params)
        raise
    if not lifted:
        return out
    value: Any = _new(Value.kind)
    value.array, value.node, value.changed = out, None, 0
    if mask:
        now = thread.mode
        if now.recording:
            recipe = op.recipes.get(mask | bit) or op.recipe(mask | bit)
            if recipe.calls:
                value.node = _record(op, recipe, args, sources, out, params, now.scope)
    return value


def _record(op: Op, recipe: Recipe, args: tuple, sources: list, out: Any, params: dict, scope: str) -> Node:
    node = _new(Node)
    node.op, node.calls, node.sources = op, recipe.calls, sources
    node.inputs = recipe.keep(args) if recipe.keep else ()
    node.shape = shape = out.shape
    node.dtype, node.out = out.dtype, out if recipe.reads_out or not shape else None
    node.params = {**op.defaults, **params} if op.params else params
    node.number, node.scope = new_number(), scope
    node.grad = node.delta = node.label = None
    return node


def _explain(error: Exception, op: Op, arrays: Iterable, params: dict) -> None:
    """Say which op failed, on what, and in which layer."""
    inputs = ", ".join(
        f"{name} {x!r}" if isinstance(x, NUMBERS) else f"{name} {x.shape} {x.dtype}"
        for name, x in zip(itertools.chain(op.inputs, itertools.repeat("")), arrays)
    )
    words = "".join(f", {name}={value!r}" for name, value in params.items())
    where = f" in layer {thread.mode.scope!r}" if thread.mode.scope else ""
    error.add_note(f"while computing {op.name}({inputs}{words}){where}")


def history(value: Value | Iterable[Value]) -> list[Node]:
    """All nodes that `value` (or several) came from, oldest first."""
    roots = [value] if isinstance(value, Value) else list(value)
    return _reachable([root.node for root in roots if root.node is not None])[::-1]


def _reachable(roots: list[Node]) -> list[Node]:
    """Every node that `roots` came from, themselves included, newest first."""
    seen = dict.fromkeys(roots)
    stack = list(seen)
    while stack:
        for source in stack.pop().sources:
            if isinstance(source, Node) and source not in seen:
                seen[source] = None
                stack.append(source)
    return sorted(seen, key=operator.attrgetter("number"), reverse=True)


def backward(root: Value, seed: Any = None, *, retain_graph: bool = False, create_graph: bool = False) -> None:
    """Add the gradient of `root` to the `grad` of every leaf it came from."""
    if root.node is None:
        raise GraphError(_no_graph("backward()", root))
    gradients = walk([root], [_seed(root, seed)], retain_graph=retain_graph, create_graph=create_graph)
    for node, g in gradients.items():
        node.grad = g if node.grad is None else node.grad + g


def walk(
    roots: list[Value],
    seeds: list,
    wanted: list[Node] | None = None,
    *,
    retain_graph: bool = False,
    create_graph: bool = False,
) -> dict[Node, Any]:
    """Gradients of the sum of <seed, root> by the `wanted` nodes; by all leaves if None.

    Memory that only the backward pass needed is released on the way unless `retain_graph`.
    With `create_graph` the rules compute on Tensors and are recorded.
    """
    tops = [root.node for root in roots if root.node is not None]
    nodes = _reachable(tops)
    _refuse_released(nodes)
    chosen = None if wanted is None else dict.fromkeys(wanted)
    needed = None if chosen is None else _leading_to(chosen, nodes)
    lift = make_value if create_graph else None
    gradients: dict[Node, Any] = {}
    for root, seed in zip(roots, seeds):
        if root.node is not None:
            g, known = seed if create_graph else seed.array.copy(), gradients.get(root.node)
            gradients[root.node] = g if known is None else known + g
    collected: dict[Node, Any] = {}
    with mode(recording=create_graph), np.errstate(all="ignore"):
        for node in nodes:
            g = gradients.pop(node, None)
            if g is None:
                continue
            if node.collects if chosen is None else node in chosen:
                collected[node] = g if lift else make_value(g if node.op is None else g.copy())
            if not node.shape:
                node.delta = g.array if lift else g
            if node.calls:
                _go_back(node, g, gradients, needed, lift)
                if not (retain_graph or create_graph):
                    _release(node)
    return collected


def _go_back(node: Node, g: Any, gradients: dict, needed: set | None, lift: Callable | None) -> None:
    """Call the rules of `node` and pass their results on to where its inputs came from."""
    inputs = _read_inputs(node, lift) if node.inputs else ()
    out = lift(node.out, node) if lift and node.out is not None else node.out
    for index, rule in node.calls:
        source = node.sources[index]
        if needed is not None and source not in needed:
            continue
        try:
            passed = rule(g, inputs, out, node.params, index)
            if passed.shape != source.shape:
                passed = sum_to(passed, source.shape)
            if passed.dtype is not source.dtype:
                passed = passed.astype(source.dtype)
        except Exception as error:
            where = f" in layer {node.scope!r}" if node.scope else ""
            error.add_note(f"in the backward pass, at the gradient of {node.op.name} by {_input_name(node, index)!r}{where}")
            raise
        if source.op is None and not lift and (passed is g or passed.base is not None):
            passed = passed.copy()  # the gradients of two leaves never share memory
        known = gradients.get(source)
        gradients[source] = passed if known is None else known + passed


def _read_inputs(node: Node, lift: Callable | None) -> Any:
    """The kept inputs, as Values or as arrays, after a check that none changed since they were recorded."""
    number = node.number
    for x in node.inputs:
        if isinstance(x, Value) and x.changed > number:
            raise ChangedArrayError(
                f"{node.op.name} expects its inputs {shape_of(x.array)} unchanged until the backward pass, got one that was "
                "changed in place after it was recorded. Call backward() before the change, or change a copy."
            )
    return node.inputs if lift else [x.array if isinstance(x, Value) else x for x in node.inputs]


def sum_to(g: Any, shape: tuple[int, ...]) -> Any:
    """The adjoint of broadcasting: `g` summed over the axes along which `shape` was repeated."""
    lead = len(g.shape) - len(shape)
    repeated = tuple(lead + i for i, n in enumerate(shape) if n == 1 and g.shape[lead + i] != 1)
    return g.sum(axis=(*range(lead), *repeated)).reshape(shape)


def _release(node: Node) -> None:
    node.calls = node.inputs = None
    if node.shape:
        node.out = None


def _refuse_released(nodes: list[Node]) -> None:
    for node in nodes:
        if node.calls is None:
            raise ReleasedGraphError(
                f"backward() expects a graph that was not walked before, got one whose {node.op.name} {node.shape} "
                "has been released. Compute the value again, or pass retain_graph=True to the first backward()."
            )


def _leading_to(wanted: dict[Node, None], nodes: list[Node]) -> set[Node]:
    """Those of `nodes` (newest first) that depend on a wanted node."""
    needed = set(wanted)
    for node in reversed(nodes):
        if any(isinstance(source, Node) and source in needed for source in node.sources):
            needed.add(node)
    return needed


def _seed(root: Value, seed: Any) -> Value:
    if seed is None:
        if root.array.size != 1:
            raise GraphError(
                f"backward() expects a scalar, got shape {root.array.shape}. "
                "Reduce it first, as in loss.sum().backward(), or pass the gradient that arrives here."
            )
        return make_value(np.ones_like(root.array)[()])
    array = as_array(seed.array if isinstance(seed, Value) else seed)
    if np.shape(array) != root.array.shape:
        raise ValueError(f"backward() expects a gradient of shape {root.array.shape}, got {np.shape(array)}.")
    return seed if isinstance(seed, Value) else make_value(np.asarray(array, root.array.dtype)[()])


def _no_graph(what: str, value: Value) -> str:
    if value.array.dtype.kind != "f":
        return f"{what} expects a floating-point Tensor, got {value.array.dtype}. Whole numbers have no gradient."
    return f"{what} expects a Tensor that depends on one with requires_grad, got a constant. Was it made under no_grad()?"


def _input_name(node: Node, index: int) -> str:
    op = node.op
    return f"{op.inputs[0]}[{index}]" if op.variadic else op.inputs[index]
