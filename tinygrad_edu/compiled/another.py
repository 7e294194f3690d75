"""Another batch of the same form, where there is only one: taking a step down needs two whose samples differ.

What is made up has to differ wherever data might be taken for a constant, and has to be numbers that might have come. Rows
stand in another order, so that masks and one-hot rows are other ones. Whole numbers may be classes or indices, and nobody knows
which others there are: so the largest and the smallest give way to those between them, in a way that leaves no sum as it was. All
other numbers lie a little nearer to 0.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .errors import NotCompiledError


def with_others(tables: Sequence[np.ndarray], weights: int = 0) -> list[np.ndarray]:
    """Each table with another one of as many rows behind it.

    >>> with_others([np.array([3, 1, 1, 0]), np.array([2, 2])])
    [array([3, 1, 1, 0, 1, 1, 1, 1]), array([2, 2, 1, 1])]

    Args:
        tables: of one batch.
        weights: how many of the last tables are weights of samples, and no classes whatever they are.

    Raises:
        NotCompiledError: if two tables hold the same numbers, and so would the others.
    """
    numbered = list(enumerate(tables))
    ways = [_other_whole if number < len(tables) - weights and _is_whole(table) else _nearer for number, table in numbered]
    others = [way(table, number) for way, (number, table) in zip(ways, numbered)]
    for i, (table, other) in enumerate(zip(tables, others)):
        for later, its_other in zip(tables[i + 1 :], others[i + 1 :]):
            if _are_alike(table, later) and _are_alike(other, its_other):
                raise NotCompiledError("the samples are too much alike to tell one table from another")
    return [np.concatenate([table, other]) for table, other in zip(tables, others)]


def _is_whole(table: np.ndarray) -> bool:
    return table.dtype.kind != "f" or bool((table == np.rint(table)).all())


def _other_whole(table: np.ndarray, number: int) -> np.ndarray:
    values = np.unique(table)
    if len(values) == 1:  # 0 and 1 are classes of whatever has classes
        return np.full_like(table, next(other for other in (number % 2, 0, 1) if other != values[0]))
    mixed = _generator(number).permutation(table)
    inner = mixed.clip(values[1], values[-2])
    if len(values) > 2 and inner.sum() != table.sum():
        return inner
    return np.where(mixed == values[-1], values[0], mixed)


def _nearer(table: np.ndarray, number: int) -> np.ndarray:
    rng = _generator(number)
    shares = 1 - rng.uniform(2**-8, 2**-7, table.shape)
    return (rng.permutation(table) * shares).astype(table.dtype)


def _generator(number: int) -> np.random.Generator:
    """To each table something else is done, also if they are alike."""
    return np.random.default_rng(number)


def _are_alike(one: np.ndarray, other: np.ndarray) -> bool:
    return one.size == other.size and np.array_equal(one.ravel(), other.ravel())
