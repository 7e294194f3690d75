"""Going through data with nothing to learn: what is measured, and what is predicted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..calculus import no_grad
from ..callbacks import CallbackList
from ..graph import Value
from ..structure import flatten
from .batches import ArrayBatches, Source, Stream
from .by_batch import own_methods_in, step_of
from .forward import Forward, forward_of
from .scores import plain_numbers
from .tally import Tally


def measure(
    model: Any,
    source: Source,
    steps: int | None,
    hooks: CallbackList,
    owner: str = "evaluate",
    known: Forward | None = None,
    times: int = 1,
) -> dict[str, Any]:
    """Losses and metrics over `steps` batches, or one pass.

    Args:
        owner: who asks, for messages.
        known: a machine that is known to be right, if there is one.
        times: how often that will be asked.
    """
    hooks.call("on_test_begin", {})
    model.reset_metrics()
    forward = _machine_for(model, source, steps, "test", hooks, known, times)
    if forward is None:
        step = _step_for(model, source, steps, "test", hooks, times)
        logs = _measure_batches(step, Stream(source, owner=owner).take(steps), hooks)
    else:
        tally: Any = Tally(model, source)  # type: ignore[arg-type]
        for order in _in_parts(source):
            tally.count(order[None], forward.run(order))
        logs = model.get_metrics_result()
    hooks.call("on_test_end", logs)
    return logs


def _measure_batches(test_step: Callable, batches: Iterator[Any], hooks: CallbackList) -> dict[str, Any]:
    logs: dict[str, Any] = {}
    with no_grad():
        for step, batch in _told(hooks, "on_test_batch", batches):
            logs = plain_numbers(test_step(batch), "test_step")
            for hook in hooks.of("on_test_batch_end"):
                hook(step, logs)
    return logs


def ask(model: Any, source: Source, steps: int | None, hooks: CallbackList) -> Any:
    """What the model makes of `steps` batches, or of one pass, as arrays in the structure that it returns."""
    hooks.call("on_predict_begin", {})
    forward = _machine_for(model, source, steps, "predict", hooks)
    if forward is None:
        step = _step_for(model, source, steps, "predict", hooks)
        found = joined(_ask_batches(step, Stream(source, owner="predict").take(steps), hooks))
    else:
        found = _rebuilt(model, source, forward.ask(np.arange(len(source.x))))  # type: ignore[attr-defined]
    hooks.call("on_predict_end", {})
    return found


def _ask_batches(predict_step: Callable, batches: Iterator[Any], hooks: CallbackList) -> list:
    found = []
    with no_grad():
        for step, batch in _told(hooks, "on_predict_batch", batches):
            found.append(predict_step(batch))
            for hook in hooks.of("on_predict_batch_end"):
                hook(step, {"outputs": found[-1]})
    return found


# By a machine ------------------------------------------------------------------------------------


def _machine_for(
    model: Any, source: Source, steps: int | None, what: str, hooks: CallbackList, known: Forward | None = None, times: int = 1
) -> Forward | None:
    """What runs whole passes of rows without Python between the batches; None: each batch is taken by itself."""
    if not _is_by_rows(source, steps, what, hooks) or own_methods_in(model, what):
        return None
    forward = known or forward_of(model, source, times, what)  # type: ignore[arg-type]
    return None if forward.is_eager else forward


def _step_for(model: Any, source: Source, steps: int | None, what: str, hooks: CallbackList, times: int = 1) -> Callable:
    """What takes each batch by itself."""
    if _is_by_rows(source, steps, what, hooks):  # a machine would have been found for them
        return getattr(model, f"{what}_step")
    return step_of(model, what, None if steps is None else steps * times)


def _is_by_rows(source: Source, steps: int | None, what: str, hooks: CallbackList) -> bool:
    """Whether there are whole passes of rows, and nobody looks at the batches."""
    return isinstance(source, ArrayBatches) and not hooks.wanting(what) and steps in (None, source.steps)


def _in_parts(source: Any) -> Iterator[np.ndarray]:
    """The numbers of all rows, in parts of whole batches whose outputs fit into memory."""
    rows, part = np.arange(len(source.x)), source.batch_size * max(1, 2**16 // source.batch_size)
    return (rows[at : at + part] for at in range(0, len(rows), part))


def _rebuilt(model: Any, source: Any, outputs: list[np.ndarray]) -> Any:
    """Outputs in the structure that the model returns."""
    if len(outputs) == 1:
        return outputs[0]
    with no_grad():
        return flatten(model.predict_step(source.batch(slice(1))))[1](outputs)


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
