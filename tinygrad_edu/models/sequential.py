"""Sequential: layers one after the other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..config import snake_case, unique_name
from ..layers import InputLayer, Layer
from .model import Model


class Sequential(Model):
    """A stack of layers, each applied to what the one before returned.

    Args:
        layers: to begin with; `add` appends more.
        name: None counts, sequential_1, sequential_2, ...

        >>> from tinygrad_edu.layers import Dense
        >>> model = Sequential()
        >>> model.add(Dense(5, input_dim=2, activation="tanh"))
        >>> model.add(Dense(1, activation="sigmoid"))
        >>> model.count_params()
        21
    """

    def __init__(self, layers: Iterable[Layer] | None = None, name: str | None = None, **kwargs: Any):
        super().__init__(name=name, **kwargs)
        if layers is not None and not isinstance(layers, Iterable):
            raise TypeError(f"Sequential expects a list of layers, got {layers!r}. Write Sequential([Dense(1)]).")
        self._layers: list[Layer] = []
        for layer in layers or []:
            self.add(layer)

    @property
    def layers(self) -> list[Layer]:
        """The layers, in order; without an InputLayer, which only says a shape."""
        return [layer for layer in self._layers if not isinstance(layer, InputLayer)]

    def add(self, layer: Layer) -> None:
        """Append a layer; its weights are made at once if the shape of its inputs is known."""
        if not isinstance(layer, Layer):
            hint = f"Write {layer.__name__}(...)." if isinstance(layer, type) else "Pass an object like Dense(1)."
            raise TypeError(f"Sequential.add expects a layer, got {layer!r}. {hint}")
        names = [other.name for other in self._layers]
        if layer.name in names and layer.named_by_user:
            raise ValueError(f"Sequential expects layers of different names, got a second {layer.name!r}. Give it another name.")
        while layer.name in names:  # counted again from 1 since the first was made
            layer.rename(unique_name(snake_case(type(layer).__name__)))
        self._layers.append(layer)
        self._build_known()

    def pop(self) -> None:
        """Take the last layer off."""
        if not self._layers:
            raise ValueError("pop expects a model with at least one layer, got an empty one.")
        self._layers.pop()
        self._build_known()

    def _build_known(self) -> None:
        """Build all layers if the first one knows the shape of its inputs."""
        self.built, self._input_shape, self._output_shape = False, None, None
        first = self._layers[0] if self._layers else None
        if first and first.built:
            self.build(first.input_shape)
        elif first and first.batch_input_shape:
            self.build(first.batch_input_shape)

    def build(self, input_shape):
        if not self._layers:
            raise ValueError(f"Sequential {self.name!r} expects at least one layer. Call add(layer) first.")
        for layer in self._layers:
            layer.build(input_shape)
            layer.check_input(input_shape)
            input_shape = layer.compute_output_shape(input_shape)

    def check_input(self, shape):
        self._layers[0].check_input(shape)

    def compute_output_shape(self, input_shape):
        for layer in self._layers:
            input_shape = layer.compute_output_shape(input_shape)
        return input_shape

    def call(self, x):
        for layer in self._layers:
            x = layer(x)
        return x
