"""What becomes of ops that normalize: first of what `scaled_normal` is made of, then which opcodes.

Mean and variance are values of their own, so that the gradients, and moving averages, find them where they are.
"""

from __future__ import annotations

import numpy as np

from ..ops import registry
from .fields import AXES, A, B
from .norm_slopes import by_gamma_across, by_gamma_along, slope_across, slope_along
from .norms import (
    APART,
    EPSILON,
    FOLLOWS,
    SHIFT,
    SLOPE,
    SUMS,
    TERMS,
    moments_across,
    moments_along,
    scaled,
    scaled_along,
)
from .opcode import Opcode
from .places import AXES_OF_HALF, Cell, Place, filled, lie_alike, merged
from .plan import Plan
from .program import Action, Values

# As actions --------------------------------------------------------------------------------------


def with_moments(actions: list[Action], values: Values) -> list[Action]:
    """`scaled_normal` as two actions, of which the first one finds mean and variance."""
    out = []
    for action in actions:
        if action.name == "scaled_normal" and values.shapes[action.inputs[0]]:
            x, *others = action.inputs
            axis, epsilon = action.params["axis"], action.params["epsilon"]
            kept = np.empty(values.shapes[x], np.int8).sum(axis=axis, keepdims=True).shape
            found = values.found_for(action.out, (3, *kept), values.dtypes[x])
            out.append(Action("normal_moments", (x,), {"axis": axis, "epsilon": epsilon}, found, registry["normal_moments"]))
            action = Action("scaled_by_moments", (x, found, *others), {}, action.out, registry["scaled_by_moments"])
        out.append(action)
    return out


# As instructions ---------------------------------------------------------------------------------


class _Rows:
    """The axes of a form, those that are kept and those that are summed over, as those of an instruction.

    Attributes:
        is_across: whether neighbours are of different sums.
        fits: whether there are few enough axes.
    """

    def __init__(self, forms: list[np.ndarray], summed: set[int]):
        x = forms[0]
        halves = [self._half(forms, [i for i in range(x.ndim) if (i in summed) == is_summed]) for is_summed in (False, True)]
        (kept, kept_strides), (others, other_strides) = halves
        self.fits = len(kept) <= AXES_OF_HALF and len(others) <= AXES_OF_HALF
        self.is_across = bool(kept) and kept_strides[-1][0] == 1
        if self.fits:
            kept, kept_strides = filled(kept, kept_strides, AXES_OF_HALF, len(forms))
            others, other_strides = filled(others, other_strides, AXES_OF_HALF, len(forms))
            order = [0, 2, 3, 1] if self.is_across else [0, 1, 2, 3]
            lengths, strides = [*kept, *others], [*kept_strides, *other_strides]
            self.extent = [lengths[i] for i in order]
            self.strides = [tuple(strides[i][form] for i in order) for form in range(len(forms))]

    @property
    def is_by_rows(self) -> bool:
        """Whether along a row everything is neighbours, or one number."""
        return all(strides[-1] in (0, 1) for strides in self.strides)

    @staticmethod
    def _half(forms: list[np.ndarray], axes: list[int]) -> tuple[list[int], list[tuple[int, ...]]]:
        axes = sorted(axes, key=lambda i: -forms[0].strides[i])
        return merged([forms[0].shape[i] for i in axes], [tuple(form.strides[i] for form in forms) for i in axes])


def moments(plan: Plan, action: Action) -> bool:
    """Mean, variance and inverse root."""
    x = _contiguous(plan, plan.place(action.inputs[0]))
    found = plan.new(action.out, "C")
    rows = _Rows([x.form, _seen(found, x.form.shape)], _summed(x.form.shape, found.form.shape[1:]))
    if not rows.fits or not x.form.size:
        return False
    code = moments_across if rows.is_across else moments_along
    others = {EPSILON: _constant(plan, action.params["epsilon"])}
    _emit(plan, "moments", code, rows, found, x, found, found, others, out_strides=rows.strides[1])
    return True


def scaled_numbers(plan: Plan, action: Action) -> bool:
    """gamma normal + beta; together with mean and variance, if these were just found row by row."""
    x, found, gamma, beta = map(plan.place, action.inputs)
    x = _contiguous(plan, x)
    gamma, beta = _alike(plan, gamma, beta)
    rows = _rows(x, found, gamma)
    if rows.fits and not rows.is_by_rows:
        gamma, beta = (_like(plan, _broadcast(place, x), x) for place in (gamma, beta))
        rows = _rows(x, found, gamma)
    if not rows.fits or not x.form.size:
        return False
    out = plan.new_like(action.out, x)
    last = plan.instructions[-1] if plan.instructions else None
    others, code = {SHIFT: beta}, scaled
    if last is not None and last.code is moments_along and last.places[A].cell is x.cell and last.places[B].cell is found.cell:
        plan.instructions.pop()
        others, code = {SHIFT: beta, EPSILON: last.places[EPSILON]}, scaled_along
    _emit(plan, "scaled", code, rows, out, x, found, gamma, others)
    return True


def slope(plan: Plan, action: Action) -> bool:
    """The gradient by x."""
    x, g, found, gamma = map(plan.place, action.inputs)
    x = _contiguous(plan, x)
    rows = _rows(x, found, gamma)
    if rows.fits and not rows.is_by_rows:
        gamma = _like(plan, _broadcast(gamma, x), x)
        rows = _rows(x, found, gamma)
    if not rows.fits or not x.form.size:
        return False
    g, follows = _slope(plan, g, x, rows)
    out = plan.new_like(action.out, x)
    sums = Cell((2, *found.form.shape[1:])).place
    code = slope_across if rows.is_across else slope_along
    _emit(plan, "normal_slope", code, rows, out, x, found, gamma, {SLOPE: g, SUMS: sums}, {FOLLOWS: follows})
    return True


def by_gamma(plan: Plan, action: Action) -> bool:
    """The gradient by gamma, in its shape."""
    x, g, found = map(plan.place, action.inputs)
    x = _contiguous(plan, x)
    shape = x.form.shape
    out = plan.new_like(action.out, x) if plan.values.shapes[action.out] == shape else plan.new(action.out)
    total = np.broadcast_to(out.form, shape)
    summed = {i for i in range(x.form.ndim) if total.strides[i] == 0}
    rows = _Rows([x.form, _seen(found, shape), total], summed)
    if not rows.fits or not x.form.size or (rows.is_across and rows.strides[2][-1] != 1):
        return False
    code = by_gamma_across if rows.is_across else by_gamma_along
    g, follows = _slope(plan, g, x, rows)
    _emit(plan, "slope_by_gamma", code, rows, out, x, found, x, {SLOPE: g}, {FOLLOWS: follows}, rows.strides[2])
    return True


def _emit(
    plan: Plan, name: str, code: Opcode, rows: _Rows, out: Place, x: Place, found: Place, gamma: Place,
    others: dict[int, Place], fields: dict[int, int] | None = None, out_strides: tuple | None = None,
) -> None:  # fmt: skip
    a, b, *c = rows.strides
    operands = [(x, a), (found, b), (gamma, c[0] if c else (0,) * AXES)]
    layer = found.form[0]
    plan.emit(name, code, rows.extent, (out, out_strides or a), operands, {APART: layer.size, **(fields or {})})
    one = plan.instructions[-1]
    terms = _constant(plan, x.form.size / max(layer.size, 1))
    plan.instructions[-1] = one._replace(places=one.places | others | {TERMS: terms})


def _rows(x: Place, found: Place, gamma: Place) -> _Rows:
    shape = x.form.shape
    return _Rows([x.form, _seen(found, shape), _broadcast(gamma, x).form], _summed(shape, found.form.shape[1:]))


def _broadcast(place: Place, x: Place) -> Place:
    return place.seen(np.broadcast_to(place.form, x.form.shape))


def _constant(plan: Plan, number: float) -> Place:
    return plan.constant(np.array(number, np.float64))


def _summed(shape: tuple[int, ...], kept: tuple[int, ...]) -> set[int]:
    """Along which axes one number stands for all."""
    return {i for i in range(len(shape)) if kept[i] == 1}


def _seen(found: Place, shape: tuple[int, ...]) -> np.ndarray:
    """The first layer of what is found, spread out."""
    return np.broadcast_to(found.form[0], shape)


def _order(place: Place) -> str:
    return "C" if place.form.flags.c_contiguous else "F"


def _contiguous(plan: Plan, place: Place) -> Place:
    """The same numbers, one after the other: row by row, or a matrix column by column."""
    flags = place.form.flags
    return place if flags.c_contiguous or (flags.f_contiguous and place.form.ndim == 2) else plan.copied(place)


def _like(plan: Plan, place: Place, x: Place) -> Place:
    """The same numbers, lying as those of x do."""
    return place if lie_alike(place.form, x.form) else plan.copied(place, _order(x))


def _slope(plan: Plan, g: Place, x: Place, rows: _Rows) -> tuple[Place, int]:
    """The gradient by the result, lying as x does; or a row of it, if it is the same number everywhere. And which it is."""
    if any(g.form.strides):
        return _like(plan, g, x), 1
    one = g.form[(slice(1),) * g.form.ndim].reshape(1)
    return plan.copied(g.seen(np.broadcast_to(one, rows.extent[-1:]))), 0


def _alike(plan: Plan, gamma: Place, beta: Place) -> tuple[Place, Place]:
    """Both with the same strides."""
    if gamma.form.shape == beta.form.shape and lie_alike(gamma.form, beta.form):
        return gamma, beta
    shape = np.broadcast_shapes(gamma.form.shape, beta.form.shape)
    first, second = (plan.copied(place.seen(np.broadcast_to(place.form, shape))) for place in (gamma, beta))
    return first, second


NORMS = {
    "normal_moments": moments, "scaled_by_moments": scaled_numbers, "normal_slope": slope, "slope_by_gamma": by_gamma,
}  # fmt: skip
