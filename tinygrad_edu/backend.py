"""The settings that Keras keeps in `backend`."""

from typing import Any

from .config import epsilon, floatx, reset_names, set_floatx

__all__ = ["clear_session", "epsilon", "floatx", "get_value", "set_floatx", "set_value"]


def clear_session() -> None:
    """Count the names of layers and models from 1 again; existing models are untouched."""
    reset_names()


def get_value(x: Any) -> Any:
    """The numbers of a weight as an array, or `optimizer.learning_rate` as a number."""
    return x.numpy()


def set_value(x: Any, value: Any) -> None:
    """Put other numbers into a weight, or into an optimizer: `set_value(optimizer.lr, 0.01)`."""
    x.assign(value)
