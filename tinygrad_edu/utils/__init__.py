"""What Keras users import from `utils`."""

from __future__ import annotations

from typing import Any

from ..random import set_random_seed

__all__ = ["plot_model", "set_random_seed"]


def plot_model(model: Any, *args: Any, **kwargs: Any) -> Any:
    """Draw a model; see `viz.plot_model`, to which this forwards."""
    import viz

    return viz.plot_model(model, *args, **kwargs)
