"""Model: layers that can be trained (`compile`, `fit`), measured (`evaluate`) and asked (`predict`)."""

from __future__ import annotations

from typing import Any

from ..layers import Layer
from ..layers.arguments import whole
from .summary import Summary, summarize
from .training import Trainer


class Model(Trainer):
    """A layer made of layers, which knows how to train itself."""

    keeps_whole_numbers = True  # its layers decide

    @property
    def layers(self) -> list[Layer]:
        """The layers that the model is directly made of, in order."""
        return self.sublayers

    @property
    def _inner_prefix(self) -> str:
        return self.prefix  # weights are named by their layers, whatever the model is called

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer of a name, or at an index."""
        if (name is None) == (index is None):
            raise ValueError("get_layer expects a name or an index, and not both.")
        if index is not None:
            return self.layers[index]
        for layer in self.layers:
            if layer.name == name:
                return layer
        names = ", ".join(layer.name for layer in self.layers)
        raise ValueError(f"get_layer expects the name of a layer, got {name!r}. Choose one of {names}.")

    def summary(self, line_length: int | None = None, print_fn: Any = print) -> Summary:
        """Print a table of the layers, their output shapes and numbers of weights, line by line.

        Returns:
            An object that prints as nothing, whose `text` is the table.
        """
        return summarize(self, 65 if line_length is None else whole("summary", "line_length", line_length, 1), print_fn)
