"""What Keras users import from `utils`."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ..compat import offer
from ..preprocessing import pad_sequences
from ..random import set_random_seed
from ..registry import custom_object_scope, get_custom_objects, register_keras_serializable
from ..sequence import Sequence
from .arguments import has_arg, to_list
from .labels import normalize, to_categorical

CustomObjectScope = custom_object_scope
PyDataset = Sequence  # as Keras 3 calls it

__all__ = [
    "CustomObjectScope", "Progbar", "PyDataset", "Sequence", "custom_object_scope", "get_custom_objects", "has_arg",
    "model_to_dot", "normalize", "pad_sequences", "plot_bounds", "plot_history", "plot_model", "register_keras_serializable",
    "set_random_seed", "to_categorical", "to_list",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Progbar, when it is asked for: it brings all callbacks along."""
    if name != "Progbar":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(".progress", __name__).Progbar


def plot_model(model: Any, to_file: Any = "model.png", *args: Any, **kwargs: Any) -> Any:
    """Draw a model into a file, `model.png` if none is named; see `viz.plot_model`, to which this forwards."""
    import viz

    return viz.plot_model(model, to_file, *args, **kwargs)


def model_to_dot(model: Any, *args: Any, **kwargs: Any) -> Any:
    """The drawing of a model, whose `source` is DOT text; see `viz.model_to_dot`, to which this forwards."""
    import viz

    return viz.model_to_dot(model, *args, **kwargs)


def plot_history(history: Any, *args: Any, **kwargs: Any) -> Any:
    """Plot what `fit` logged; see `viz.plot_history`, to which this forwards."""
    import viz

    return viz.plot_history(history, *args, **kwargs)


def plot_bounds(*args: Any, **kwargs: Any) -> Any:
    """Plot how far initial weights reach as layers grow; see `viz.plot_bounds`, to which this forwards."""
    import viz

    return viz.plot_bounds(*args, **kwargs)


offer(__name__)
