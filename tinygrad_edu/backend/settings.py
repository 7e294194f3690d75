"""What holds from one call to the next: the learning phase, names that are counted, values of weights and rates."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..config import reset_names
from ..modes import current, mode, thread


def clear_session() -> None:
    """Count the names of layers and models from 1 again; existing models are untouched."""
    reset_names()


def backend() -> str:
    """Who computes: "tinygrad_edu". Scripts ask this in order to go round what one of Keras' backends could not do."""
    return "tinygrad_edu"


def get_value(x: Any) -> Any:
    """The numbers of a weight as an array, or `optimizer.learning_rate` as a number."""
    return x.numpy() if hasattr(x, "numpy") else np.asarray(x)[()]


def set_value(x: Any, value: Any) -> None:
    """Put other numbers into a weight, or into an optimizer: `set_value(optimizer.lr, 0.01)`."""
    x.assign(value)


def batch_get_value(xs: Iterable[Any]) -> list:
    """`get_value` of each."""
    return [get_value(x) for x in xs]


def batch_set_value(pairs: Iterable[tuple[Any, Any]]) -> None:
    """`set_value` of each weight and value."""
    for x, value in pairs:
        set_value(x, value)


def image_data_format() -> str:
    """Where images have their channels: last, as the layers expect."""
    return "channels_last"


def set_image_data_format(data_format: str) -> None:
    """Say that images have their channels last; they have here.

    Raises:
        ValueError: for anything but "channels_last".
    """
    if data_format != "channels_last":
        raise ValueError(
            f"set_image_data_format expects 'channels_last', got {data_format!r}. Move the axis: np.moveaxis(x, 1, -1)."
        )


def learning_phase() -> int:
    """1 where layers behave as in training unless they are told otherwise, else 0."""
    return int(current().phase)


def set_learning_phase(value: Any) -> None:
    """From here on, let layers behave as in training (1) or as at inference (0) unless they are told otherwise.

    It holds in this thread. Prefer `learning_phase_scope`, which ends.
    """
    thread.mode = current()._replace(phase=_phase("set_learning_phase", value))


def learning_phase_scope(value: Any) -> Any:
    """Inside the block, let layers behave as in training (1) or as at inference (0) unless they are told otherwise.

    `predict` and `evaluate` do not tell them, so that this is Monte Carlo dropout:

        >>> from tinygrad_edu import Sequential, layers
        >>> model = Sequential([layers.Dropout(0.5, seed=3)])
        >>> with learning_phase_scope(1):
        ...     print(model.predict(np.ones((1, 8))))
        [[0. 0. 2. 2. 0. 2. 2. 0.]]

    BatchNormalization normalizes each batch by itself there, but its averages stay. Keras 3 has no such scope.

    Raises:
        ValueError: for anything but 0 and 1.
    """
    return mode(phase=_phase("learning_phase_scope", value))


def _phase(owner: str, value: Any) -> bool:
    if value not in (0, 1):
        raise ValueError(f"{owner} expects 0 (inference) or 1 (training), got {value!r}.")
    return bool(value)
