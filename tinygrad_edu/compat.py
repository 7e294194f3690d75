"""Every legacy spelling, in one table, and nowhere else.

A constructor that takes Keras-1 or Keras-2 keywords passes them through `modern`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

SPELLINGS: dict[str, dict[str, str]] = {
    "optimizer": {"lr": "learning_rate"},
    "fit": {"nb_epoch": "epochs"},
    "dense": {"output_dim": "units", "init": "kernel_initializer"},
}


def modern(owner: str, kind: str, given: dict[str, Any], known: Iterable[str]) -> dict[str, Any]:
    """Keywords under today's names.

    Args:
        owner: who was called, for messages.
        kind: which spellings apply, a key of SPELLINGS.
        given: the keywords that the signature does not name.
        known: today's names, for a hint where a keyword is unknown.

    Raises:
        TypeError: for a keyword that nobody knows.
    """
    spellings = SPELLINGS.get(kind, {})
    unknown = [name for name in given if name not in spellings]
    if unknown:
        near = difflib.get_close_matches(unknown[0], [*known, *spellings], n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise TypeError(f"{owner} expects no keyword {unknown[0]!r}.{hint}")
    return {spellings[name]: value for name, value in given.items()}


def input_shape_of(kwargs: dict[str, Any]) -> tuple[int | None, ...] | None:
    """Take `input_dim`, `input_shape` or `batch_input_shape` out of a layer's keywords: the shape without the batch axis."""
    dim, shape, batch_shape = (kwargs.pop(name, None) for name in ("input_dim", "input_shape", "batch_input_shape"))
    if dim is not None:
        return (int(dim),)
    if batch_shape is not None:
        shape = batch_shape[1:]
    if shape is None:
        return None
    if not hasattr(shape, "__iter__"):
        raise ValueError(f"input_shape expects a sequence of lengths, got {shape!r}. Write input_shape=({shape},).")
    return tuple(None if n is None else int(n) for n in shape)
