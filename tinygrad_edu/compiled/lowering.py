"""From actions to instructions: what each op becomes.

A table of functions, each of which finds strides that its opcode can walk along, and lays numbers out anew where there are none.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .blas import offer_sgemm
from .elementwise import ARITY
from .plan import Plan, matrix_of
from .program import Action, Program
from .step import NotCompiledError

WORTH_BLAS = 4_000  # multiplications from which on a call of BLAS is worth its overhead


def plan_of(
    program: Program, batch: int, weights: list[tuple], trained: list[int], update: tuple[str, int], base: int = 0
) -> Plan:
    """The plan of a program: see `Plan`."""
    return Plan(program, batch, weights, trained, update, lower, base)


def lower(plan: Plan, action: Action) -> None:
    """Add what an action becomes to a plan."""
    LOWER.get(action.name, elementwise)(plan, action)


def elementwise(plan: Plan, action: Action) -> None:
    """Number by number, over rows as long as they can be."""
    if ARITY.get(action.name) != len(action.inputs):
        raise NotCompiledError(f"{action.name} has no opcode")
    shape = plan.values.shapes[action.out]
    if len(shape) > 2:
        raise NotCompiledError(f"{action.name} of {len(shape)} axes has no opcode")
    out = plan.new(action.out)
    turned = not out.form.flags.c_contiguous
    operands = []
    for value in action.inputs:
        place = plan.place(value)
        form = np.broadcast_to(place.form, shape)
        if _stride_inside(form.T if turned else form) > 1:
            place = plan.copied(place.seen(form), "F" if turned else "C")
            form = place.form
        operands.append(place.seen(matrix_of(form.T if turned else form)))
    extent, strides = _loops(out.form.T.shape if turned else shape, [operand.form for operand in operands])
    plan.emit(action.name, out, extent, [(place, *pair) for place, pair in zip(operands, strides)], len(operands))


def _stride_inside(form: np.ndarray) -> int:
    """The stride of the axis along which numbers are done at once."""
    longer = [stride for stride, length in zip(form.strides, form.shape) if length > 1]
    return longer[-1] if longer else 0


def _loops(shape: tuple[int, ...], forms: list[np.ndarray]) -> tuple[tuple[int, int], list[tuple[int, int]]]:
    """Rows and columns to go over, one row if all lie as if they were one; and the strides of every operand."""
    outer, inner = (1, 1, *shape)[-2:]
    if inner == 1:
        return (1, outer), [(0, form.strides[0] if outer > 1 else 0) for form in forms]
    if outer == 1 or all(form.strides[0] == form.strides[1] * inner for form in forms):
        return (1, outer * inner), [(0, form.strides[1]) for form in forms]
    return (outer, inner), [(form.strides[0], form.strides[1]) for form in forms]


def look_again(change: Callable[[np.ndarray, tuple, dict], np.ndarray]) -> Callable[[Plan, Action], None]:
    """What only looks at numbers in another way costs no instruction, unless they have to be laid out for it."""

    def lower(plan: Plan, action: Action) -> None:
        place, shape = plan.place(action.inputs[0]), plan.values.shapes[action.out]
        form = change(place.form, shape, action.params)
        if form.size and not np.shares_memory(form, place.cell.memory):
            place = plan.copied(place)
            form = change(place.form, shape, action.params)
        plan.places[action.out] = place.seen(form)

    return lower


def product(plan: Plan, action: Action) -> None:
    """A matrix product, with a bias if there is a third input."""
    a, b = (plan.place(value) for value in action.inputs[:2])
    if a.form.ndim != 2 or b.form.ndim != 2:
        raise NotCompiledError("a matrix product of more than two axes has no opcode")
    out, (m, n), depth = plan.new(action.out), plan.values.shapes[action.out], a.form.shape[1]
    c = plan.place(action.inputs[2]) if len(action.inputs) > 2 else None
    start = np.broadcast_to(c.form if c else np.empty((), np.int8), (m, n))
    a_form, b_form = a.form, b.form
    if not out.form.flags.c_contiguous:
        a, b, a_form, b_form, start, (m, n) = b, a, b_form.T, a_form.T, start.T, (n, m)
    is_large = m * n * depth >= WORTH_BLAS and 1 in a_form.strides and 1 in b_form.strides and offer_sgemm()
    if not is_large and not c and _along(a_form, 1) and _along(b_form, 0):
        code = "product_by_dots"
    else:
        code = "product_by_blas" if is_large else "product_by_rows"
        if not is_large and not _along(b_form, 1):
            b = plan.copied(b.seen(b_form))
            b_form = b.form
    from_zero = (plan.constant(np.zeros((), np.float32)), 0 if code == "product_by_rows" else -1, 0)
    bias = (c, *start.strides) if c else from_zero
    plan.emit(code, out, (m, n), [(a, *a_form.strides), (b, *b_form.strides), bias], depth)


def _along(form: np.ndarray, axis: int) -> bool:
    """Whether numbers lie one after the other along an axis."""
    return form.strides[axis] == 1 or form.shape[axis] == 1


def reduction(plan: Plan, action: Action) -> None:
    """Sums and means along one of two axes, or of all."""
    place = plan.place(action.inputs[0])
    shape, axis = plan.values.shapes[action.inputs[0]], action.params["axis"]
    axes = tuple(range(len(shape))) if axis is None else tuple(np.atleast_1d(axis) % len(shape))
    form = place.form
    if len(axes) == len(shape):
        if not (form.flags.c_contiguous or form.flags.f_contiguous):
            place = plan.copied(place)
            form = place.form
        form = place.form.reshape(1, -1, order="F" if form.flags.f_contiguous else "C")
    elif len(shape) == 2:
        form = form if axes == (1,) else form.T
    else:
        raise NotCompiledError(f"{action.name} of {len(shape)} axes has no opcode")
    count = form.shape[1] if action.name == "mean" else 1
    divisor = plan.constant(np.array(count, np.float32))
    out = plan.new(action.out)
    if form.strides[1] == 1 or form.shape[1] == 1:
        plan.emit("sum_along", out, form.shape, [(place, *form.strides), (place, 0, 0), (divisor, 0, 0)])
    elif form.strides[0] == 1 or form.shape[0] == 1:
        plan.emit("sum_across", out, form.shape[::-1], [(place, *form.strides[::-1]), (place, 0, 0), (divisor, 0, 0)])
    else:
        raise NotCompiledError(f"{action.name} of numbers that are spread out has no opcode")


def of_classes(plan: Plan, action: Action) -> None:
    """What looks at the classes of each sample."""
    z = plan.place(action.inputs[0])
    if z.form.ndim != 2 or action.params.get("axis", -1) not in (-1, 1, (-1,), (1,)):
        raise NotCompiledError(f"{action.name} along another axis than the last of two has no opcode")
    shape = plan.values.shapes[action.out]
    order = "F" if z.form.strides[0] == 1 and z.form.strides[1] != 1 else "C"
    out = plan.new(action.out, order if action.name == "softmax" else "")
    if action.name == "softmax" and z.form.strides != out.form.strides:
        z = plan.copied(z, order)
    operands = [(z, *z.form.strides)]
    if len(action.inputs) > 1:
        labels = plan.place(action.inputs[1])
        operands.append((labels, *labels.form.strides, *([0] * (2 - labels.form.ndim))))
    if action.name == "add_along_axis":
        operands.append((z, *out.form.strides))
    extent = shape if len(shape) == 2 else z.form.shape
    plan.emit(action.name, out, extent, operands)


LOWER: dict[str, Callable[[Plan, Action], None]] = {
    **dict.fromkeys(("reshape", "expand_dims", "squeeze"), look_again(lambda form, shape, params: form.reshape(shape))),
    "broadcast_to": look_again(lambda form, shape, params: np.broadcast_to(form, shape)),
    "transpose": look_again(lambda form, shape, params: np.transpose(form, params["axes"])),
    "matrix_transpose": look_again(lambda form, shape, params: np.swapaxes(form, -1, -2)),
    "matrix_product": product,
    **dict.fromkeys(("sum", "mean"), reduction),
    **dict.fromkeys(("softmax", "sparse_softmax_cross_entropy", "softmax_cross_entropy", "add_along_axis"), of_classes),
}
