"""Going through data with nothing to learn: what is measured, and what is predicted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..calculus import no_grad
from ..callbacks import CallbackList
from ..graph import Value
from ..structure import flatten
from .batches import ArrayBatches, Source, Stream
from .scores import plain_numbers


def measure(model: Any, source: Source, steps: int | None, hooks: CallbackList, owner: str = "evaluate") -> dict[str, Any]:
    """Losses and metrics over `steps` batches, or one pass."""
    hooks.call("on_test_begin", {})
    model.reset_metrics()
    logs: dict[str, Any] = {}
    with no_grad():
        for step, batch in _told(hooks, "on_test_batch", Stream(source, owner=owner).take(steps)):
            logs = plain_numbers(model.test_step(batch), "test_step")
            for hook in hooks.of("on_test_batch_end"):
                hook(step, logs)
    hooks.call("on_test_end", logs)
    return logs


def ask(model: Any, source: Source, steps: int | None, hooks: CallbackList) -> Any:
    """What the model makes of `steps` batches, or of one pass, as arrays in the structure that it returns."""
    found = []
    hooks.call("on_predict_begin", {})
    with no_grad():
        for step, batch in _told(hooks, "on_predict_batch", Stream(source, owner="predict").take(steps)):
            found.append(model.predict_step(batch))
            for hook in hooks.of("on_predict_batch_end"):
                hook(step, {"outputs": found[-1]})
    hooks.call("on_predict_end", {})
    return joined(found)


def _told(hooks: CallbackList, what: str, batches: Iterator[Any]) -> Iterator[tuple[int, Any]]:
    """The batches with their numbers, each announced before it comes."""
    begin = hooks.of(f"{what}_begin")
    for step, batch in enumerate(batches):
        for hook in begin:
            hook(step, {})
        yield step, batch


def joined(found: list) -> Any:
    """The outputs of all batches as arrays, in the structure of each."""
    if not found:
        raise ValueError("predict expects at least one batch, got none. Make a new generator for every call.")
    _, rebuild = flatten(found[0])
    return rebuild([_column(column) for column in zip(*(flatten(one)[0] for one in found))])


def _column(parts: tuple) -> np.ndarray:
    arrays = [part.array if isinstance(part, Value) else np.asarray(part) for part in parts]
    if any(not array.ndim for array in arrays):
        raise ValueError("predict expects outputs with a row per sample, got a single number. Keep the axis of the batch.")
    return np.concatenate(arrays) if len(arrays) > 1 else arrays[0].copy()


def enlarged(source: Source) -> Source:
    """Larger batches of small rows, up to 1024 of them or 2¹⁸ numbers: a call of a model costs more than the rows.

    Of 784 numbers each that makes 334 rows; with 41 of them predicting took half as long again, since matrices were too thin.
    """
    if not isinstance(source, ArrayBatches):
        return source
    numbers = sum(part[0].size for part in source.x.parts)
    return ArrayBatches(source.x, None, None, min(max(32, 2**18 // max(numbers, 1)), 1024))
