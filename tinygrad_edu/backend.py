"""The settings that Keras keeps in `backend`."""

from .config import epsilon, floatx, reset_names, set_floatx

__all__ = ["clear_session", "epsilon", "floatx", "set_floatx"]


def clear_session() -> None:
    """Count the names of layers and models from 1 again; existing models are untouched."""
    reset_names()
