"""Op and apply: running a function on arrays, and recording it where a gradient may be wanted.

An `Op` is a function on arrays together with one gradient rule per input. Rules are written in
operators, methods and ops that arrays and Tensors share: a plain backward pass feeds them arrays,
which costs no more than the arithmetic; with `create_graph=True` it feeds them Tensors, and the
backward pass becomes a graph that can be differentiated again.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .allocation import keep_freed_memory
from .graph import NUMBERS, Node, Placeholder, Value, as_array, current, new_number, new_object, notes_of
from .memory import lent, opened, share, sums_of_open
from .modes import detector, detectors
from .rules import arguments, check_rule, compile_rule, keeper

keep_freed_memory()


class Recipe(NamedTuple):
    """What to record when a certain set of inputs needs a gradient."""

    calls: tuple  # the rules to call: (position of the input, rule on arrays, rule on Values)
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

    calls_back = False  # whether a rule runs functions of the user's, in which anomalies are looked for too
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
            remedy = "" if self.inputs else f" Inputs stand before a slash: def {self.name}({unknown[0]}, /)."
            raise TypeError(f"Op {self.name!r} expects rules for its inputs {self.inputs}, got one for {unknown}.{remedy}")
        self.arity = len(self.inputs)
        self.rules = rules
        for name, rule in rules.items():
            check_rule(self, name, rule)
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
        active = [i for i in range(count) if mask >> i & 1 and names[i] in self.rules]
        reads = set().union(*(arguments(self.rules[name]) for name in {names[i] for i in active}))
        kept = [names[i] in reads for i in range(count)]
        shaped = [f"{names[i]}_shape" in reads for i in range(count)]
        compiled = {name: compile_rule(self, self.rules[name]) for name in dict.fromkeys(names[i] for i in active)}
        calls = tuple((i, *compiled[names[i]]) for i in active)
        self.recipes[mask] = Recipe(calls, keeper(kept, shaped), "out" in reads)
        return self.recipes[mask]

    def bind(self, args: tuple, params: dict) -> tuple[tuple, dict]:
        """Inputs and parameters of a call that passes parameters by position, as NumPy allows."""
        extra = dict(zip(self.params, args[self.arity :]))
        if not self.arity <= len(args) <= self.arity + len(self.params) or extra.keys() & params.keys():
            raise TypeError(f"{self.name} expects {self.signature()}, got {len(args)} positional arguments.")
        return args[: self.arity], {**extra, **params}

    def signature(self) -> str:
        """The call as one would write it: "sum(x, axis=None, keepdims=False)"."""
        inputs = [("*" if self.variadic else "") + name for name in self.inputs]
        statics = [f"{n}={self.defaults[n]!r}" if n in self.defaults else n for n in self.params]
        return f"{self.name}({', '.join(inputs + statics)})"

    def input_name(self, index: int) -> str:
        """What input number `index` is called."""
        return f"{self.inputs[0]}[{index}]" if self.variadic else self.inputs[index]

    def __repr__(self) -> str:
        return f"<Op {self.signature()}>"


# Calling an op -----------------------------------------------------------------------------------


def caller(op: Op) -> Callable[..., Any]:
    """The function that calls `op`: `apply`, with a shorter way where all inputs of one or two are Values.

    The shorter way saves a third of what a scalar node costs.
    """

    def call(*inputs, **params):
        return apply(op, inputs, params)

    def call_unary(*inputs, **params):
        if len(inputs) == 1 and isinstance(inputs[0], Value) and not params:
            (x,) = inputs
            return _run(op, inputs, (x.array,), (x.node,), (x.node is not None) + 2, params)
        return apply(op, inputs, params)

    def call_binary(*inputs, **params):
        if len(inputs) == 2 and isinstance(inputs[0], Value) and isinstance(inputs[1], Value) and not params:
            x, y = inputs
            mask = (x.node is not None) + 2 * (y.node is not None) + 4
            return _run(op, inputs, (x.array, y.array), (x.node, y.node), mask, params)
        return apply(op, inputs, params)

    short: dict[int, Callable] = {1: call_unary, 2: call_binary}
    return call if op.params or op.variadic else short.get(op.arity, call)


def as_function(op: Op, module: str) -> Callable[..., Any]:
    """`op` as a plain function, which is also a method when a class body names it; its `op` is on it."""
    P, call = inspect.Parameter, caller(op)
    inputs = [P(name, P.VAR_POSITIONAL if op.variadic else P.POSITIONAL_ONLY) for name in op.inputs]
    kind = P.KEYWORD_ONLY if op.variadic else P.POSITIONAL_OR_KEYWORD
    statics = [P(name, kind, default=op.defaults.get(name, P.empty)) for name in op.params]
    call.__name__ = call.__qualname__ = op.name
    call.__doc__, call.__module__ = op.doc, module
    call.__signature__ = inspect.Signature(inputs + statics)  # type: ignore[attr-defined]
    call.op = op  # type: ignore[attr-defined]
    return call


def apply(op: Op, args: tuple, params: dict) -> Any:
    """Run `op`; record it where a gradient may be wanted. Without a Value among the inputs: plain NumPy."""
    if len(args) != op.arity and not op.variadic:
        args, params = op.bind(args, params)
    if params and any(isinstance(x, Value) for x in params.values()):
        raise TypeError(f"{op.signature()} expects plain values for {', '.join(params)}, got a Tensor. Pass its data.")
    arrays, sources, mask, bit, lifted, foreign = [], [], 0, 1, False, False
    for x in args:
        if isinstance(x, Value):
            lifted = True
            arrays.append(x.array)
            sources.append(x.node)
            if x.node is not None:
                mask |= bit
        elif isinstance(x, Placeholder):
            return x.note_op(op, args, params)
        else:
            array = as_array(x)
            if array is not x:  # what is kept for the rules must be an array too
                args = (*args[: len(arrays)], array, *args[len(arrays) + 1 :])
            arrays.append(array)
            sources.append(x if type(x) in NUMBERS else None)
            foreign = foreign or isinstance(array, np.ndarray)
        bit += bit
    if not lifted:
        return _compute(op, arrays, params)
    if foreign and mask and current().recording:
        _share_arrays(args)
    return _run(op, args, arrays, tuple(sources), mask | bit, params)


def _run(op: Op, args: tuple, arrays: Sequence, sources: tuple, mask: int, params: dict) -> Any:
    """Compute, and record; `mask` has a bit for every input that needs a gradient, and one above them."""
    value: Any = new_object(Value.kind)
    value.array = out = _compute(op, arrays, params)
    record = _record
    if lent or detectors or (opened and None in sources):
        record = _record_watched
        if type(out) is np.bool_:  # of which there are only two: who looks tells results apart by their identity
            value.array = out = np.asarray(out)
    value.node = record(op, mask, args, sources, out, params)
    value.changed = None
    return value


def _compute(op: Op, arrays: Sequence, params: dict) -> Any:
    try:
        return op.body(*arrays, **params)
    except Exception as error:
        _explain(error, op, arrays, params)
        raise


_NO_PARAMS: dict[str, Any] = {}


def _record(op: Op, mask: int, args: tuple, sources: tuple, out: Any, params: dict) -> Node | None:
    """The node of a call, or None if no gradient can go through it."""
    now = current()
    recipe = op.recipes.get(mask) or op.recipe(mask)
    if not (recipe.calls and now.recording):
        return None
    node = new_object(Node)
    node.op = op
    node.calls = recipe.calls
    node.sources = sources
    node.inputs = recipe.keep(args) if recipe.keep else ()
    node.shape = shape = out.shape
    node.dtype = out.dtype
    node.out = out if recipe.reads_out or not shape else None
    node.params = {**op.defaults, **params} if op.params else _NO_PARAMS
    node.number = new_number()
    node.scope = now.scope
    node.grad = node.delta = node.label = node.notes = None
    return node


def _record_watched(op: Op, mask: int, args: tuple, sources: tuple, out: Any, params: dict) -> Node | None:
    """`_record` while somebody outside could write to an array that is kept, or an anomaly is looked for."""
    node = _record(op, mask, args, sources, out, params)
    if node is not None and opened:
        kept = [x.array if isinstance(x, Value) else x for x in node.inputs]
        kept.append(node.out if node.shape else None)
        sums = sums_of_open(kept)
        if sums:
            notes_of(node).sums = sums
    if detectors and detector() is not None:
        detector().look_at_result(op, args, out, params, node)
    return node


def _share_arrays(args: tuple) -> None:
    for x in args:
        if isinstance(x, np.ndarray):
            share(x)


def _explain(error: Exception, op: Op, arrays: Iterable, params: dict) -> None:
    """Say which op failed, on what, and in which layer."""
    inputs = ", ".join(
        f"{op.input_name(i)} {x!r}" if type(x) in NUMBERS else f"{op.input_name(i)} {x.shape} {x.dtype}"
        for i, x in enumerate(arrays)
    )
    words = "".join(f", {name}={value!r}" for name, value in params.items())
    where = f" in layer {current().scope!r}" if current().scope else ""
    error.add_note(f"while computing {op.name}({inputs}{words}){where}")
