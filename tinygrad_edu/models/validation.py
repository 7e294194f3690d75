"""What is measured between the epochs: rows held out, or data of their own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .batches import ArrayBatches, Source
from .data import Rows
from .intake import Intake, is_arrays, refuse_endless
from .settings import check_share


class Validation:
    """Data that are measured after epochs.

    Args:
        source: where they come from.
        steps: batches to measure. None: all.
        after: every so many epochs, or a list of epochs, counted from 1.
    """

    def __init__(self, source: Source, steps: int | None, after: int | Sequence[int]):
        self.source, self.steps, self.after = source, steps, after

    def is_due(self, epoch: int) -> bool:
        """Whether it is time, after epoch 0, 1, ..."""
        return (epoch + 1) % self.after == 0 if isinstance(self.after, int) else epoch + 1 in self.after


def held_out(model: Any, source: Source, share: Any, given: Any, batch_size: int | None) -> tuple[Source, Source | None]:
    """What is left to train on, and what is measured: the data given, else a share of the rows, else nothing.

    Args:
        model: what is trained.
        source: all data for training.
        share: `validation_split`.
        given: `validation_data`, which wins.
        batch_size: rows per batch of what is measured. None: as in training.
    """
    if given is not None:
        size = batch_size or (source.batch_size if isinstance(source, ArrayBatches) else None)
        return source, _given(model, given, size)
    if not (isinstance(share, str) or share):
        return source, None
    if not isinstance(source, ArrayBatches):
        raise ValueError("fit expects arrays with validation_split, got data that come in batches. Pass validation_data.")
    train, last = split("fit", (source.x, source.y, source.sample_weight), check_share("fit", share))
    size = source.batch_size
    return ArrayBatches(*train, batch_size=size, in_blocks=source.in_blocks), ArrayBatches(*last, batch_size=batch_size or size)


def _given(model: Any, given: Any, batch_size: int | None) -> Source:
    intake = Intake(model, "fit (validation_data)")
    if isinstance(given, (tuple, list)) and len(given) in (2, 3):
        x, y, sample_weight = (*given, None)[:3]
        return intake.source(x, y, sample_weight, batch_size)
    if is_arrays(given):
        raise ValueError(
            f"fit expects validation_data=(x, y), (x, y, sample_weight), or what gives batches, got {type(given).__name__}. "
            "Put samples and labels into a tuple."
        )
    return intake.source(given)


Parts = tuple[Rows, Rows | None, Rows | None]


def split(owner: str, parts: Parts, share: float) -> tuple[Parts, Parts]:
    """The first rows, and the last ones, `share` of them all: before any shuffling.

    Args:
        owner: who splits, for messages.
        parts: x, y, sample_weight.
        share: in (0, 1).
    """
    rows = len(parts[0])
    at = int(rows * (1 - share))
    if at in (0, rows):
        raise ValueError(f"{owner} expects rows on both sides of validation_split={share}, got {rows} rows. Pass more.")
    x, y, weights = [(None, None) if part is None else part.split(at) for part in parts]
    return (x[0], y[0], weights[0]), (x[1], y[1], weights[1])  # type: ignore[return-value]


def validation_of(source: Source | None, steps: int | None, after: int | Sequence[int], epochs: int) -> Validation | None:
    """`source` as what is measured after epochs, if there is one."""
    if source is None:
        return None
    refuse_endless(source, "validation_steps", steps, epochs)
    return Validation(source, steps, after)
