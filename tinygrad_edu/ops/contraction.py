"""Sums of products: einsum, whose gradients are einsums again, and its special cases.

Source: A. Einstein, Die Grundlage der allgemeinen Relativitätstheorie (1916), section 5.
"""

from __future__ import annotations

from string import ascii_letters

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from .declare import op
from .linalg import matmul
from .rearrange import moveaxis, own, ravel
from .shape import broadcast_to, expand_dims, reshape


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
    stand once, in alphabetic order; "..." stands for the axes that have no label. NumPy's other way of
    writing, einsum(a, [0, 1], b, [1, 2]), is understood too. `optimize` is not needed.
    """
    if not isinstance(subscripts, str):
        subscripts, operands = _from_lists((subscripts, *operands))
    operands = tuple(map(own, operands))
    return einsum_all(*operands, subscripts=_spelt_out(subscripts, [x.shape for x in operands]))


def _from_lists(mixed):
    """Subscripts and operands out of operands that are each followed by a list of numbers, and a last list for the output."""
    terms = ["".join("..." if label is ... else ascii_letters[label] for label in labels) for labels in mixed[1::2]]
    output = "->" + "".join("..." if label is ... else ascii_letters[label] for label in mixed[-1]) if len(mixed) % 2 else ""
    return ",".join(terms) + output, mixed[: 2 * len(terms) : 2]


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
    of_a, of_b = (normalize_axis_tuple(np.atleast_1d(list_).tolist(), len(x.shape)) for x, list_ in zip((a, b), axes))
    left = list(ascii_letters[: len(a.shape)])
    right = list(ascii_letters[len(a.shape) : len(a.shape) + len(b.shape)])
    for i, j in zip(of_a, of_b, strict=True):
        if a.shape[i] != b.shape[j]:
            raise ValueError(
                f"tensordot expects axes of equal length, got {a.shape[i]} (axis {i} of a) and {b.shape[j]} (axis {j} of b)."
            )
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


def vecdot(a, b, axis=-1):
    """Sum of products of a and b, which broadcast, along `axis`."""
    return (own(a) * own(b)).sum(axis=axis)


def cross(a, b, axisa=-1, axisb=-1, axisc=-1, axis=None):
    """The vector at right angles to a and to b, as long as the parallelogram between them is large.

    The axes of length 3 of a, of b and of the result are told one by one or all in one by `axis`.
    """
    axisa, axisb, axisc = (axisa, axisb, axisc) if axis is None else (axis,) * 3
    a, b = moveaxis(own(a), axisa, -1), moveaxis(own(b), axisb, -1)
    if a.shape[-1] != 3 or b.shape[-1] != 3:
        raise ValueError(
            f"cross expects vectors of three numbers, got {a.shape[-1]} and {b.shape[-1]}. Append a 0 to vectors of two."
        )
    after, before = [1, 2, 0], [2, 0, 1]
    return moveaxis(a[..., after] * b[..., before] - a[..., before] * b[..., after], -1, axisc)


def kron(a, b):
    """a with each number replaced by that number times b."""
    a, b = own(a), own(b)
    ndim = max(len(a.shape), len(b.shape))
    of_a, of_b = ((1,) * (ndim - len(x.shape)) + x.shape for x in (a, b))
    apart = reshape(a, tuple(n for length in of_a for n in (length, 1))) * reshape(
        b, tuple(n for length in of_b for n in (1, length))
    )
    return reshape(apart, tuple(m * n for m, n in zip(of_a, of_b)))
