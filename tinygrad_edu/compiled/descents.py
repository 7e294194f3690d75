"""Products that go into weights: where nobody but plain descent wants a gradient, it is never written down.

A weight that moves by -rate times a product, p <- p - rate (a b), is a product that is added, as BLAS does: p <- p + a (-rate b).
The smaller factor is multiplied by the rate, and the gradient, which is as large as the weight, needs no memory: it would be
zeroed, added up, read again and subtracted.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..kernel import kernel
from ..optimizers.sgd import descend
from .blocks import writes
from .elementwise import made_of
from .fields import AXES, DEPTH, EXTENT, OPERANDS, OUT, OUT_STRIDES, TOLD, A, B, C
from .movers import mover, of_told
from .places import Cell, Place, lie_alike
from .plan import Instruction, Plan
from .products import product_by_blas
from .writes import updating

WORTH = 4  # how many times as large as what is multiplied by the rate a weight has to be
C_STRIDES = OPERANDS[2][1:]


@kernel
def down(x, c):
    """-rate x."""
    return -c[0] * x


downhill = made_of(down, of_told, "downhill")


def into_weights(plan: Plan) -> None:
    """Let products in a plan move weights themselves, where that is all that their results are for."""
    users: dict[Cell, list[int]] = {}
    for number, one in enumerate(plan.instructions):
        for cell in {place.cell for place in one.places.values()}:
            users.setdefault(cell, []).append(number)
    instructions, plan.instructions = plan.instructions, []
    moved: dict[int, int] = {}  # the number of each such product, by that of the descent
    for number, one in enumerate(instructions):
        if one.code is mover(descend, 0):
            first = users[one.places[A].cell][0]
            is_seen_outside = one.places[A].cell.home is not None
            if len(users[one.places[A].cell]) == 2 and not is_seen_outside and _is_alone(plan, instructions[first : number + 1]):
                moved[number] = first
    products = set(moved.values())
    for number, one in enumerate(instructions):
        if number in moved:
            with updating(plan):
                _descend(plan, instructions[moved[number]], one)
        elif number not in products:
            plan.instructions.append(one)


def _is_alone(plan: Plan, some: Sequence[Instruction]) -> bool:
    """Whether the first instruction is a product of matrices that is added to nothing, and can be done where the last is."""
    product, last = some[0], some[-1]
    if product.code is not product_by_blas or any(product.fields[axis] > 1 for axis in EXTENT[: AXES - 2]):
        return False
    factors, gradient = [product.places[A], product.places[B]], last.places[A].form
    stay = not any(place.cell in writes(one) for one in some[1:-1] for place in factors)
    lie_in_plan = all(place.cell.home is None or place.cell.home[0] == "table" for place in factors)  # type: ignore[index]
    is_sum = product.places[C].cell not in {cell for cell, data in plan.constants if not data.any()}
    small = _smaller(product)
    is_worth_it = small.form.size * WORTH <= gradient.size
    return stay and lie_in_plan and not is_sum and is_worth_it and gradient.flags.c_contiguous and _alike(small) is not None


def _smaller(product: Instruction) -> Place:
    return min(product.places[A], product.places[B], key=lambda place: place.form.size)


def _alike(place: Place) -> Place | None:
    """A new place in which numbers lie as in another one; None if that has gaps."""
    new = Cell(place.form.shape, "C" if place.form.flags.c_contiguous else "F").place
    return new if lie_alike(new.form, place.form) else None


def _descend(plan: Plan, product: Instruction, last: Instruction) -> None:
    """Add a product that moves a weight, in the place of one that makes a gradient, and of the descent along it."""
    weight, small = last.places[OUT], _smaller(product)
    scaled = _alike(small)
    told = {field: last.fields[field] for field in (TOLD, DEPTH)}
    plan.emit(downhill.name, downhill, [small.form.size], (scaled, (1,)), [(small, (1,))], told)  # type: ignore[arg-type]
    field = A if product.places[A] is small else B
    strides = {c: product.fields[out] for c, out in zip(C_STRIDES, OUT_STRIDES)}
    plan.instructions.append(
        last._replace(
            name=f"{product.name} + descend",
            code=product.code,
            places={**product.places, OUT: weight, C: weight, field: scaled},  # type: ignore[dict-item]
            fields=product.fields | strides,
        )
    )
