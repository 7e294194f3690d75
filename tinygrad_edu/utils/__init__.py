"""What Keras users import from `utils`."""

from __future__ import annotations

from typing import Any

from ..random import set_random_seed
from ..sequence import Sequence

PyDataset = Sequence  # as Keras 3 calls it

__all__ = ["PyDataset", "Sequence", "plot_model", "set_random_seed"]


def plot_model(model: Any, to_file: Any = "model.png", *args: Any, **kwargs: Any) -> Any:
    """Draw a model into a file, `model.png` if none is named; see `viz.plot_model`, to which this forwards."""
    import viz

    return viz.plot_model(model, to_file, *args, **kwargs)
