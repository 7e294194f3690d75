"""What becomes of ops that look at the classes of each sample: first of what losses are made, then which opcodes.

The largest logit of a sample and the logarithm of its sum are a value of their own, so that gradients find them.
"""

from __future__ import annotations

import numpy as np

from ..ops import registry
from .classes import APART, CLASSES, OPCODES, SHARES, SLOPE
from .fields import AXES
from .opcode import Opcode
from .places import Place, filled, lie_alike, merged
from .plan import Plan
from .program import Action, Values

PARTS = {"sparse_softmax_cross_entropy": "sparse_losses", "softmax_cross_entropy": "dense_losses"}


def with_totals(actions: list[Action], values: Values) -> list[Action]:
    """A cross-entropy as two actions, of which the first one finds the logarithm of the sums."""
    out = []
    for action in actions:
        if action.name in PARTS and _fits(action, values):
            z, labels = action.inputs
            found = values.found_for(action.out, (2, *values.shapes[z][:-1]), values.dtypes[z])
            out.append(Action("class_totals", (z,), {}, found, registry["class_totals"]))
            name = PARTS[action.name]
            action = Action(name, (z, found, labels), {}, action.out, registry[name])
        out.append(action)
    return out


def _fits(action: Action, values: Values) -> bool:
    z, y = (values.shapes[value] for value in action.inputs)
    return 0 not in z and (action.name != "softmax_cross_entropy" or z == y)


class _Samples:
    """The axes of logits as those of an instruction: classes are the last one, or the one before if samples are neighbours."""

    def __init__(self, z: Place, others: list[np.ndarray]):
        forms = [z.form, *others]
        samples = range(z.form.ndim - 1)
        lengths, strides = merged([z.form.shape[i] for i in samples], [tuple(form.strides[i] for form in forms) for i in samples])
        self.is_across = z.form.flags.f_contiguous and not z.form.flags.c_contiguous
        self.fits = len(lengths) < AXES
        if self.fits:
            lengths, strides = filled(lengths, strides, AXES - 1, len(forms))
            at = AXES - 2 if self.is_across else AXES - 1
            lengths.insert(at, z.form.shape[-1])
            strides.insert(at, tuple(form.strides[-1] for form in forms))
            self.extent, self.strides = lengths, list(zip(*strides))
            self.fits = not self.is_across or all(strides[-1][i] == 1 for i in range(2))

    def code(self, name: str) -> Opcode:
        """The opcode for the way in which the numbers lie."""
        return OPCODES[f"{name}_{'across' if self.is_across else 'along'}"]


def totals(plan: Plan, action: Action) -> bool:
    """The largest logit of each sample, and the logarithm of the sum."""
    z = _contiguous(plan, plan.place(action.inputs[0]))
    found = plan.new(action.out, "C")
    rows = _Samples(z, [_spread(found.form[0], z)])
    if not rows.fits:
        return False
    a, b = rows.strides
    plan.emit("class_totals", rows.code("totals"), rows.extent, (found, b), [(z, a), (found, b)], {APART: found.form[0].size})
    return True


def sparse_losses(plan: Plan, action: Action) -> bool:
    """The losses, where labels are numbers of classes."""
    z, found, labels = map(plan.place, action.inputs)
    out = plan.new(action.out, "C")
    forms = [z.form, *(_spread(form, z) for form in (found.form[0], labels.form, out.form))]
    lengths, strides = merged(list(z.form.shape[:-1]), [tuple(form.strides[i] for form in forms) for i in range(z.form.ndim - 1)])
    if len(lengths) >= AXES:
        return False
    lengths, strides = filled(lengths, strides, AXES - 1, len(forms))
    strides.append(tuple(form.strides[-1] for form in forms))
    a, b, c, of_out = zip(*strides)
    fields = {APART: found.form[0].size, CLASSES: z.form.shape[-1]}
    plan.emit("sparse_losses", OPCODES["sparse_losses"], [*lengths, 1], (out, of_out), [(z, a), (found, b), (labels, c)], fields)
    return True


def dense_losses(plan: Plan, action: Action) -> bool:
    """The losses, where labels are shares of classes."""
    z, found, y = map(plan.place, action.inputs)
    z = _contiguous(plan, z)
    y, out = _like(plan, y, z), plan.new(action.out, "C")
    rows = _Samples(z, [_spread(found.form[0], z), _spread(out.form, z)])
    if not rows.fits:
        return False
    a, b, of_out = rows.strides
    fields = {APART: found.form[0].size}
    plan.emit("dense_losses", rows.code("dense_losses"), rows.extent, (out, of_out), [(z, a), (found, b), (y, a)], fields)
    return True


def sparse_slope(plan: Plan, action: Action) -> bool:
    """The gradient, where labels are numbers of classes."""
    z, labels, g, found = map(plan.place, action.inputs)
    z = _contiguous(plan, z)
    g, labels = (_laid(plan, place, found) for place in (g, labels))
    return _slope(plan, action, "sparse_slopes", z, found, labels, {SLOPE: g}, _spread(labels.form, z))


def dense_slope(plan: Plan, action: Action) -> bool:
    """The gradient, where labels are shares of classes."""
    z, y, g, found, factors = map(plan.place, action.inputs)
    z = _contiguous(plan, z)
    y, g, factors = _like(plan, y, z), _laid(plan, g, found), _laid(plan, factors, found)
    return _slope(plan, action, "dense_slopes", z, found, y, {SLOPE: g, SHARES: factors}, y.form)


def _slope(
    plan: Plan, action: Action, name: str, z: Place, found: Place, labels: Place, others: dict[int, Place], form: np.ndarray
) -> bool:
    out = plan.new_like(action.out, z)
    rows = _Samples(z, [_spread(found.form[0], z), form])
    if not rows.fits:
        return False
    a, b, c = rows.strides
    operands, fields = [(z, a), (found, b), (labels, c)], {APART: found.form[0].size}
    plan.emit(name, rows.code(name), rows.extent, (out, a), operands, fields)
    one = plan.instructions[-1]
    plan.instructions[-1] = one._replace(places=one.places | others)
    return True


def _spread(form: np.ndarray, z: Place) -> np.ndarray:
    """What samples have, with an axis for the classes, along which it is the same."""
    return np.broadcast_to(form[..., None], z.form.shape)


def _contiguous(plan: Plan, place: Place) -> Place:
    flags = place.form.flags
    return place if flags.c_contiguous or (flags.f_contiguous and place.form.ndim == 2) else plan.copied(place)


def _like(plan: Plan, place: Place, z: Place) -> Place:
    """The same numbers, lying as the logits do."""
    return place if lie_alike(place.form, z.form) else plan.copied(place, "C" if z.form.flags.c_contiguous else "F")


def _laid(plan: Plan, place: Place, found: Place) -> Place:
    """The same numbers, lying as what was found of the samples does."""
    return place if lie_alike(place.form, found.form[0]) else plan.copied(place)


CLASSIFYING = {
    "class_totals": totals, "sparse_losses": sparse_losses, "dense_losses": dense_losses,
    "sparse_slope": sparse_slope, "dense_slope": dense_slope,
}  # fmt: skip
