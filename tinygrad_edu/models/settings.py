"""The numbers and words of a call, checked."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..layers.arguments import whole


def optional_count(owner: str, name: str, value: Any) -> int | None:
    """`value` as a whole number >= 1, or None."""
    return None if value is None else whole(owner, name, value)


def verbosity(owner: str, verbose: Any) -> int:
    """0, 1 or 2; "auto" is 1."""
    if isinstance(verbose, str) and verbose == "auto":
        return 1
    if verbose not in (0, 1, 2):
        raise ValueError(
            f"{owner} expects verbose 0 (silence), 1 (a bar), 2 (a line per epoch) or 'auto', got {verbose!r}. Choose one."
        )
    return int(verbose)


def jit_word(value: Any) -> bool | str:
    """`jit_compile`: True, False or "auto", which None means too."""
    if value is None or (isinstance(value, str) and value == "auto"):
        return "auto"
    if not isinstance(value, (bool, np.bool_)):
        raise ValueError(f"compile expects jit_compile to be True, False or 'auto', got {value!r}. Choose one.")
    return bool(value)


def frequency(after: Any) -> int | list[int]:
    """`validation_freq`: a whole number, or some."""
    if isinstance(after, (list, tuple, set, range, np.ndarray)):
        return [whole("fit", "each of validation_freq", epoch) for epoch in after]
    return whole("fit", "validation_freq", after)


def check_shuffle(shuffle: Any) -> None:
    """Refuse a `shuffle` that is no word of ours."""
    if not (isinstance(shuffle, (bool, np.bool_)) or (isinstance(shuffle, str) and shuffle == "batch")):
        raise ValueError(f"fit expects shuffle to be True, False or 'batch', got {shuffle!r}. Choose one.")


def check_share(owner: str, share: Any) -> float:
    """`validation_split` as a share of the whole."""
    if isinstance(share, bool) or not (isinstance(share, (int, float, np.number)) and 0 < share < 1):
        raise ValueError(f"{owner} expects validation_split between 0 and 1, got {share!r}. Try 0.2.")
    return share  # type: ignore[return-value]
