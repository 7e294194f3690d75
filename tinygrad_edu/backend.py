"""The settings that Keras keeps in `backend`."""

from __future__ import annotations

from typing import Any

from .config import epsilon, floatx, reset_names, set_bare_first_names, set_floatx
from .modes import current, mode, thread

__all__ = [
    "clear_session", "epsilon", "floatx", "get_value", "learning_phase", "learning_phase_scope", "set_bare_first_names",
    "set_floatx", "set_learning_phase", "set_value",
]  # fmt: skip


def clear_session() -> None:
    """Count the names of layers and models from 1 again; existing models are untouched."""
    reset_names()


def get_value(x: Any) -> Any:
    """The numbers of a weight as an array, or `optimizer.learning_rate` as a number."""
    return x.numpy()


def set_value(x: Any, value: Any) -> None:
    """Put other numbers into a weight, or into an optimizer: `set_value(optimizer.lr, 0.01)`."""
    x.assign(value)


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
