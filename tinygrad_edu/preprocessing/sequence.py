"""Sequences of many lengths, made to be of one."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

_ENDS = ("pre", "post")


def pad_sequences(
    sequences: Iterable[Sequence[Any]],
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> np.ndarray:
    """Sequences of many lengths as one array: short ones are filled up, long ones cut.

    Shapes: n sequences of shapes (steps, ...) -> (n, maxlen, ...).

    Args:
        sequences: lists or arrays; their steps may be arrays of one shape.
        maxlen: steps of the result; None means those of the longest sequence.
        dtype: of the result; "object" for words.
        padding: where what is missing is filled in, "pre" (before the first step) or "post".
        truncating: where what is too much is cut off, "pre" or "post".
        value: what is filled in.

        >>> pad_sequences([[1], [2, 3, 4, 5]], maxlen=3)
        array([[0, 0, 1],
               [3, 4, 5]], dtype=int32)
    """
    for name, end in (("padding", padding), ("truncating", truncating)):
        if end not in _ENDS:
            raise ValueError(f"pad_sequences expects {name} 'pre' or 'post', got {end!r}.")
    rows = [_steps(row, i) for i, row in enumerate(sequences)]
    length = max(map(len, rows), default=0) if maxlen is None else operator.index(maxlen)
    if length < 0:
        raise ValueError(f"pad_sequences expects maxlen >= 0, got {length}.")
    filled = [row for row in rows if len(row)]
    shape = filled[0].shape[1:] if filled else ()
    padded = np.full((len(rows), length, *shape), value, dtype=object if isinstance(value, str) else dtype)
    for i, row in enumerate(rows):
        if len(row) and row.shape[1:] != shape:
            raise ValueError(f"pad_sequences expects steps of one shape, got {shape} before and {row.shape[1:]} in sequence {i}.")
        kept = row[max(len(row) - length, 0) :] if truncating == "pre" else row[:length]
        if len(kept):
            padded[i, (slice(-len(kept), None) if padding == "pre" else slice(len(kept)))] = kept
    return padded.astype(dtype, copy=False)


def _steps(row: Any, i: int) -> np.ndarray:
    steps = np.asarray(row)
    if steps.ndim == 0:
        raise ValueError(f"pad_sequences expects sequences, got {row!r} at place {i}. Put it into a list.")
    return steps
