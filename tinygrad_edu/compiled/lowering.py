"""From actions to instructions: what each op becomes.

What only looks at numbers in another way costs nothing: the op itself is asked, with bytes that stand for the numbers. What has
an opcode becomes one; everything else is called in Python, on views of the same memory.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .classes import OPCODES as OF_CLASSES
from .classes import add_along_axis
from .classifying import CLASSIFYING
from .draws import kept
from .elementwise import elementwise as elementwise_opcode
from .elementwise import made_of
from .fields import AXES
from .matrices import product
from .normalizing import NORMS
from .opcode import Opcode
from .passes import cuts
from .places import AXES_OF_HALF, filled, merged
from .plan import Drawn, Plan
from .program import Action
from .scalars import SCALARS, Call, scalar_call
from .sums import fold_along, sum_across, sum_along
from .vectors import larger, multiply, smaller

LONG = 4  # numbers of a row from which on going across rows is better than along columns


def lower(plan: Plan, action: Action) -> None:
    """Add what an action becomes to a plan."""
    plan.value = action.out
    if not _has_opcode(plan, action) or not LOWER.get(action.name, by_number)(plan, action):
        by_python(plan, action)
    plan.value = None


def _has_opcode(plan: Plan, action: Action) -> bool:
    """Whether numbers of the machine's type are as good as those of the op: whole numbers, and halves, are not computed on."""
    dtype = plan.values.dtypes[action.out]
    is_truth = dtype.kind == "b" and action.name != "add"
    return is_truth or dtype in (np.float32, np.float64) or action.name in EXACT


def by_python(plan: Plan, action: Action) -> bool:
    """The op itself, on arrays of the types that it expects, whose result is copied to its place."""
    values = plan.values
    dtypes = [values.dtypes[value] for value in action.inputs]
    operands = [plan.place(value) for value in action.inputs]
    body = functools.partial(action.op.body, **action.params)

    def compute(*arrays: np.ndarray) -> np.ndarray:
        return body(*(array.astype(dtype, copy=False) for array, dtype in zip(arrays, dtypes)))

    plan.call(action.name, compute, plan.new(action.out), operands)
    return True


def drawn(plan: Plan, action: Action) -> bool:
    """Random numbers, from the generator itself."""
    params = action.params
    generator, number = params["generator"], params["number"]
    plan.draws[generator] = max(plan.draws.get(generator, 0), number + 1)
    if kept(plan, action):
        return True
    plan.call("draw", Drawn(generator, number, params["draw"], params["args"]), plan.new(action.out), [])
    return True


# Number by number --------------------------------------------------------------------------------


@functools.cache
def opcode_of(name: str) -> Opcode:
    """The opcode of an elementwise op."""
    return elementwise_opcode(name, SCALARS[name])


def by_number(plan: Plan, action: Action) -> bool:
    """Number by number, along as few axes as there can be."""
    dtype = plan.values.dtypes[action.out]
    call = scalar_call(action.op, action.params, dtype if dtype.kind == "f" else np.float32) if action.op else Call(action.name)
    if call is None or call.name not in SCALARS:
        return False
    operands = [plan.place(value) for value in action.inputs]
    operands += [plan.constant(np.array(number)) for number in call.numbers]
    return plan.elementwise(call.name, opcode_of(call.name), plan.new(action.out), operands)


def cast(plan: Plan, action: Action) -> bool:
    """Another type: only what is cut off in it needs an instruction; Python rounds to fewer digits."""
    dtype, target = (plan.values.dtypes[value] for value in (action.inputs[0], action.out))
    if not cuts(dtype, target):
        plan.places[action.out] = plan.place(action.inputs[0])
        return True
    is_cut = dtype.kind == "f" and target in (np.int32, np.int64)
    return is_cut and plan.elementwise("trunc", opcode_of("trunc"), plan.new(action.out), [plan.place(action.inputs[0])])


# Other ways to look at the same numbers ----------------------------------------------------------


def look_again(plan: Plan, action: Action) -> bool:
    """What only looks at numbers in another way costs no instruction, unless they have to be laid out for it."""
    place = plan.place(action.inputs[0])
    form = action.op.body(place.form, **action.params)
    if not place.is_view(form):
        place = plan.copied(place)
        form = action.op.body(place.form, **action.params)
        if not place.is_view(form):
            return False
    plan.places[action.out] = place.seen(form)
    return True


def copy(plan: Plan, action: Action) -> bool:
    """The same numbers in a place of their own."""
    return plan.elementwise("lay_out", plan.copy, plan.new(action.out), [plan.place(action.inputs[0])])


def joined(plan: Plan, action: Action) -> bool:
    """Arrays one after the other along an axis: each is copied to where it belongs."""
    out = plan.new(action.out)
    axis, at = action.params.get("axis", 0), 0
    for value in action.inputs:
        place = plan.place(value)
        end = at + place.form.shape[axis]
        key = [slice(None)] * out.form.ndim
        key[axis] = slice(at, end)
        if not plan.elementwise("lay_out", plan.copy, out.seen(out.form[tuple(key)]), [place]):
            return False
        at = end
    return True


# Along axes --------------------------------------------------------------------------------------


@functools.cache
def folds() -> dict[str, Opcode]:
    """Opcodes that go along axes with a function of two numbers."""
    functions = {"max": larger, "min": smaller, "prod": multiply}
    return {name: made_of(function, fold_along, name, "folded") for name, function in functions.items()}


def reduction(plan: Plan, action: Action) -> bool:
    """Sums, means and extremes along axes."""
    place, out = plan.place(action.inputs[0]), plan.new(action.out)
    if not place.form.size or set(action.params) - {"axis", "keepdims"}:
        return False
    rest, summed = _halves(out.form, place.form, action.params["axis"])
    if len(rest.lengths) > AXES_OF_HALF or len(summed.lengths) > AXES_OF_HALF:
        return False
    count = math.prod(summed.lengths) if action.name == "mean" else 1
    divisor = plan.constant(np.array(count, np.float64))
    is_sum = action.name in ("sum", "mean")
    if is_sum and _is_across(rest, summed):
        code, halves = sum_across, [_Half([1], [(0, 0)]), filled(*summed, AXES_OF_HALF, 2), rest]
    else:
        code = sum_along if is_sum else folds()[action.name]
        halves = [filled(*half, AXES_OF_HALF, 2) for half in (rest, summed)]
    lengths = [length for half in halves for length in half[0]]
    of_out, of_place = zip(*(pair for half in halves for pair in half[1]))
    plan.emit(code.name, code, lengths, (out, of_out), [(place, of_place), (divisor, (0,) * AXES)])
    return True


class _Half(NamedTuple):
    """Some of the axes of an instruction: how long they are, and the strides of the result and of the operand."""

    lengths: list[int]
    strides: list[tuple[int, ...]]


def _halves(out: np.ndarray, form: np.ndarray, axis: Any) -> tuple[_Half, _Half]:
    """The axes that are left, and those that are gone along."""
    shape, strides = form.shape, form.strides
    axes = set(range(form.ndim)) if axis is None else {one % form.ndim for one in np.atleast_1d(axis).tolist()}
    rest = [i for i in range(form.ndim) if i not in axes]
    seen = out.reshape([shape[i] for i in rest])  # without axes of length 1: always a view
    order = sorted(axes, key=lambda i: -strides[i])
    return (
        _Half(*merged([shape[i] for i in rest], [(seen.strides[n], strides[i]) for n, i in enumerate(rest)])),
        _Half(*merged([shape[i] for i in order], [(0, strides[i]) for i in order])),
    )


def _is_across(rest: _Half, summed: _Half) -> bool:
    """Whether neighbours are of different sums, and there are enough of them."""
    is_row = len(rest.lengths) == 1 and rest.strides[0] == (1, 1) and rest.lengths[0] >= LONG
    return is_row and (not summed.strides or summed.strides[-1][1] != 1)


# Classes -----------------------------------------------------------------------------------------


CLASSES = {"softmax": OF_CLASSES["softmax"], "add_along_axis": add_along_axis}


def of_classes(plan: Plan, action: Action) -> bool:
    """What looks at the classes of each sample, which are the last axis."""
    operands = [plan.place(value) for value in action.inputs]
    shape = plan.values.shapes[action.out]
    wide = plan.values.shapes[action.inputs[0]] if action.name != "add_along_axis" else shape
    if np.ravel(action.params.get("axis", -1)).tolist() not in ([-1], [len(wide) - 1]) or not math.prod(wide) > 0:
        return False
    if action.name == "add_along_axis" and operands[1].form.shape[-1:] != (1,):
        return False
    order = "F" if operands[0].form.ndim == 2 and operands[0].form.strides[0] == 1 and action.name == "softmax" else ""
    out = plan.new(action.out, order)
    forms = [_with_classes(place.form, wide) for place in (out, *operands)]
    lengths, strides = merged(list(wide[:-1]), [tuple(form.strides[i] for form in forms) for i in range(len(wide) - 1)])
    if len(lengths) > 3:
        return False
    lengths, strides = filled(lengths, strides, 3, len(forms))
    by_form = [(*(stride[i] for stride in strides), form.strides[-1]) for i, form in enumerate(forms)]
    pairs = list(zip((out, *operands), by_form))
    plan.emit(action.name, CLASSES[action.name], [*lengths, wide[-1]], pairs[0], pairs[1:])
    return True


def _with_classes(form: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """A form with an axis for the classes, along which it is the same everywhere if it has none."""
    return np.broadcast_to(form if form.ndim == len(shape) else form[..., None], shape)


VIEWS = (
    "reshape", "expand_dims", "squeeze", "broadcast_to", "transpose", "matrix_transpose", "swapaxes", "moveaxis", "flip",
    "getitem",
)  # fmt: skip
LOWER: dict[str, Callable[[Plan, Action], bool]] = {
    **dict.fromkeys(VIEWS, look_again),
    **dict.fromkeys(CLASSES, of_classes),
    **dict.fromkeys(("sum", "mean", "max", "min", "prod"), reduction),
    **NORMS,
    **CLASSIFYING,
    "cast": cast,
    "draw": drawn,
    "copy": copy,
    "concatenate_all": joined,
    "matrix_product": product,
}
EXACT = {
    *VIEWS,
    "draw",
    "cast",
    "copy",
    "concatenate_all",
    "where",
    "max",
    "min",
    "sign",
    "maximum",
    "minimum",
}
