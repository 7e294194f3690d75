"""Labels and rows in the forms that losses and layers like."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np


def to_categorical(x: Any, num_classes: int | None = None, dtype: Any = "float32") -> np.ndarray:
    """Class numbers as one-hot rows.

    Shapes: (...) or (..., 1) -> (..., classes).

    Args:
        x: whole numbers from 0 on.
        num_classes: None means the largest number and one more.
        dtype: of the result.

    Raises:
        ValueError: for a number below 0, from `num_classes` on, or that is not whole.
        TypeError: for what is no number.

        >>> to_categorical([1, 0, 3])
        array([[0., 1., 0., 0.],
               [1., 0., 0., 0.],
               [0., 0., 0., 1.]], dtype=float32)
    """
    given = np.asarray(x)
    if given.dtype.kind not in "fiub":
        remedy = "Number words first: classes, numbers = np.unique(words, return_inverse=True)."
        raise TypeError(f"to_categorical expects class numbers, got {given.flat[0]!r}. {remedy}")
    numbers = given[..., 0] if given.ndim > 1 and given.shape[-1] == 1 else given
    wrong = numbers[(numbers < 0) | (numbers != np.floor(numbers))]
    if wrong.size:
        raise ValueError(f"to_categorical expects whole numbers >= 0, got {wrong.flat[0]}. Number the classes from 0.")
    largest = int(numbers.max(initial=-1))
    count = largest + 1 if num_classes is None else operator.index(num_classes)
    if largest >= count:
        raise ValueError(f"to_categorical expects numbers below num_classes={count}, got {largest}.")
    return np.eye(count, dtype=dtype)[numbers.astype(int)]


def normalize(x: Any, axis: int = -1, order: int = 2) -> np.ndarray:
    """Rows of length 1; rows of zeros stay what they are.

    Args:
        x: an array.
        axis: along which a row lies.
        order: of the norm: 2 is the Euclidean length, 1 the sum of absolute values.

        >>> normalize([[3.0, 4.0], [0.0, 0.0]])
        array([[0.6, 0.8],
               [0. , 0. ]])
    """
    rows = np.asarray(x)
    lengths = np.linalg.norm(np.atleast_1d(rows), order, axis, keepdims=True)
    return rows / np.where(lengths == 0, 1, lengths).astype(lengths.dtype)
