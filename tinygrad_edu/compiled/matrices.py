"""What becomes of a matrix product: which loop is best, and how its matrices have to lie for that."""

from __future__ import annotations

import numpy as np

from . import blas
from .fields import DEPTH
from .opcode import Opcode
from .places import AXES_OF_HALF, Place, filled, merged
from .plan import Plan
from .products import product_by_blas, product_by_dots, product_by_rows
from .program import Action

WORTH_BLAS = 30_000  # multiplications from which on a call of BLAS may be worth its overhead
FEW = 4  # columns: with fewer, lanes are idle
LARGE = 500_000  # multiplications from which on BLAS is always faster
SHORT, DEEP = 16, 96  # columns, or rows of b: with fewer, or more, BLAS is better at large products


def product(plan: Plan, action: Action) -> bool:
    """A matrix product, with a bias if there is a third input; a batch of them, if its axes can be gone along."""
    a, b = (plan.place(value) for value in action.inputs[:2])
    if min(a.form.ndim, b.form.ndim) < 2 or not a.form.size or not b.form.size:
        return False
    out = plan.new(action.out)
    c = plan.place(action.inputs[2]) if len(action.inputs) > 2 else plan.constant(np.zeros(()))
    places = [out, a, b, c.seen(np.broadcast_to(c.form, out.form.shape))]
    if _is_better_turned(out.form, a.form, b.form):
        places = [place.seen(np.swapaxes(place.form, -1, -2)) for place in (out, b, a, places[3])]
    code = _product_code(*(place.form for place in places[:3]))
    if code is product_by_rows and not _along(places[2].form, -1):
        places[2] = plan.copied(places[2])
    if code is not product_by_blas and places[3].form.strides[-1] > 0 and not _along(places[3].form, -1):
        places[3] = plan.copied(places[3])
    return _emit_product(plan, code, places)


def _emit_product(plan: Plan, code: Opcode, places: list[Place]) -> bool:
    """A product of places whose matrices lie as its opcode expects."""
    *batch, rows, columns = places[0].form.shape
    forms = [np.broadcast_to(place.form, (*batch, *place.form.shape[-2:])) for place in places]
    lengths, strides = merged(list(batch), [tuple(form.strides[axis] for form in forms) for axis in range(len(batch))])
    if len(lengths) > AXES_OF_HALF:
        return False
    lengths, strides = filled(lengths, strides, AXES_OF_HALF, len(forms))
    by_form = [(*(stride[i] for stride in strides), *form.strides[-2:]) for i, form in enumerate(forms)]
    seen = [place.seen(form[(0,) * len(batch)]) for place, form in zip(places, forms)]
    pairs = list(zip(seen, by_form))
    plan.emit(code.name, code, [*lengths, rows, columns], pairs[0], pairs[1:], {DEPTH: places[1].form.shape[-1]})
    return True


def _is_better_turned(out: np.ndarray, a: np.ndarray, b: np.ndarray) -> bool:
    """Whether to compute the transpose: where the result lies column by column, or its rows are too short for all lanes."""
    rows, columns = out.shape[-2:]
    if not _along(out, -1):
        return True
    return _along(out, -2) and columns < min(rows, FEW) and (columns == 1 or _are_dots(a, b))


def _are_dots(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether what is summed over lies one number after the other, and no row of b does, or a shorter one."""
    return _along(a, -1) and _along(b, -2) and (not _along(b, -1) or a.shape[-1] > b.shape[-1])


def _product_code(out: np.ndarray, a: np.ndarray, b: np.ndarray) -> Opcode:
    """Which loop is best: along rows of the result, or along what is summed over; or BLAS."""
    code = product_by_dots if _are_dots(a, b) else product_by_rows
    is_possible = _along(out, -1) and _is_of_blas(a) and _is_of_blas(b)
    return product_by_blas if is_possible and _is_worth_blas(code, a, b) and blas.is_there() else code


def _is_worth_blas(code: Opcode, a: np.ndarray, b: np.ndarray) -> bool:
    """As measured: small products, and all of which the rows of b stay in the first caches, are faster without."""
    rows, depth, columns = *a.shape[-2:], b.shape[-1]
    size = rows * depth * columns
    if code is product_by_dots:
        return size >= 3 * WORTH_BLAS or (size >= WORTH_BLAS and depth < SHORT)
    return size >= LARGE or (size >= WORTH_BLAS and (depth > DEEP or columns < SHORT or not _along(b, -1)))


def _is_of_blas(form: np.ndarray) -> bool:
    """Whether rows or columns lie one number after the other, and none over another one."""
    (rows, columns), (of_row, of_column) = form.shape[-2:], form.strides[-2:]
    if of_column == 1:
        return rows == 1 or of_row >= columns
    return of_row == 1 and (columns == 1 or of_column >= rows)


def _along(form: np.ndarray, axis: int) -> bool:
    """Whether numbers lie one after the other along an axis."""
    return form.strides[axis] == 1 or form.shape[axis] == 1
