"""Sums of products: einsum, whose gradients are einsums again, and its special cases.

Source: A. Einstein, Die Grundlage der allgemeinen Relativitätstheorie (1916), section 5.
"""

from __future__ import annotations

from string import ascii_letters

import numpy as np

from .declare import op
from .linalg import matmul
from .rearrange import own, ravel
from .shape import broadcast_to, expand_dims


@op(xs=lambda g, xs, index, subscripts: _factor_gradient(g, xs, index, subscripts))
def einsum_all(*xs, subscripts):
    """Sum of products of entries, as `subscripts` says: "ij,jk->ik". (The public `einsum` takes all of NumPy's forms.)"""
    return np.asarray(np.einsum(subscripts, *xs, optimize=len(xs) > 1))[()]


def _factor_gradient(g, xs, index, subscripts):
    """The einsum in which the factor asked for and the output have changed places.

    A label that only this factor has comes back by a vector of ones, one that it has twice by an identity.
    """
    terms, output = _parts(subscripts)
    own_term, shape, others = terms[index], np.shape(xs[index]), terms[:index] + terms[index + 1 :]
    labels, factors, target = [output, *others], [g, *xs[:index], *xs[index + 1 :]], ""
    fresh = (label for label in ascii_letters if label not in subscripts)
    for label, length in zip(own_term, shape):
        name = label
        if label in target:
            name = next(fresh)
            factors.append(np.eye(length, dtype=g.dtype))
            labels.append(label + name)
        elif label not in output and not any(label in term for term in others):
            factors.append(np.ones(length, g.dtype))
            labels.append(label)
        target += name
    found = einsum_all(*factors, subscripts=",".join(labels) + "->" + target)
    return broadcast_to(found, np.broadcast_shapes(found.shape, shape))


def einsum(subscripts, *operands, optimize=None):
    """Sum of products of entries, as `subscripts` says: einsum("ij,jk->ik", a, b) is a @ b.

    A label that the output does not have is summed over; without "->" the output has the labels that
    stand once, in alphabetic order; "..." stands for the axes that have no label. `optimize` is not needed.
    """
    if not isinstance(subscripts, str):
        raise TypeError(f"einsum expects subscripts such as 'ij,jk->ik' first, got {type(subscripts).__name__}.")
    operands = tuple(map(own, operands))
    return einsum_all(*operands, subscripts=_spelt_out(subscripts, [x.shape for x in operands]))


def _parts(subscripts):
    left, _, right = subscripts.partition("->")
    return left.split(","), right


def _spelt_out(subscripts, shapes):
    """The same subscripts with an output and with labels in the place of dots."""
    text = subscripts.replace(" ", "")
    terms, output = _parts(text)
    if len(terms) != len(shapes):
        raise ValueError(f"einsum expects {len(terms)} arrays for {subscripts!r}, got {len(shapes)}.")
    fresh = [label for label in ascii_letters if label not in text]
    widths = [len(shape) - len(term.replace("...", "")) if "..." in term else 0 for term, shape in zip(terms, shapes)]
    most = max(widths)
    dots = fresh[:most]
    terms = [term.replace("...", "".join(dots[most - max(width, 0) :])) for term, width in zip(terms, widths)]
    if "->" not in text:
        once = [label for label in sorted(set(text) - set(".,")) if text.count(label) == 1]
        output = "..." + "".join(once)
    return ",".join(terms) + "->" + output.replace("...", "".join(dots))


# Special cases -----------------------------------------------------------------------------------


def tensordot(a, b, axes=2):
    """Sum of products over axes of a and of b.

    Args:
        axes: how many of the last axes of a and the first of b, or a pair: axes of a, axes of b.
    """
    a, b = own(a), own(b)
    if isinstance(axes, (int, np.integer)):
        axes = range(len(a.shape) - axes, len(a.shape)), range(axes)
    of_a, of_b = ([axes_of % len(x.shape) for axes_of in np.atleast_1d(list_).tolist()] for x, list_ in zip((a, b), axes))
    left = list(ascii_letters[: len(a.shape)])
    right = list(ascii_letters[len(a.shape) : len(a.shape) + len(b.shape)])
    for i, j in zip(of_a, of_b, strict=True):
        if a.shape[i] != b.shape[j]:
            raise ValueError(f"tensordot expects axes of equal length, got {a.shape[i]} (axis {i} of a) and {b.shape[j]} (axis {j} of b).")
        right[j] = left[i]
    output = [label for label in left + right if (label in left) != (label in right)]
    return einsum_all(a, b, subscripts=f"{''.join(left)},{''.join(right)}->{''.join(output)}")


def dot(a, b):
    """Product of matrices or vectors; in general the sum over the last axis of a and the second to last of b."""
    a, b = own(a), own(b)
    if not a.shape or not b.shape:
        return a * b
    if len(a.shape) <= 2 and len(b.shape) <= 2:
        return matmul(a, b)
    return tensordot(a, b, (-1, -2 if len(b.shape) > 1 else -1))


def vdot(a, b):
    """Sum of the products of all numbers of a and b, each in a row."""
    return matmul(ravel(a), ravel(b))


def inner(a, b):
    """Sum of products over the last axis of both."""
    a, b = own(a), own(b)
    return tensordot(a, b, (-1, -1)) if a.shape and b.shape else a * b


def outer(a, b):
    """Every number of a (rows) times every number of b (columns)."""
    return expand_dims(ravel(a), 1) * ravel(b)
