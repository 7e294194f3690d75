"""Sequential: layers one after the other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..layers import Input, InputLayer, Layer, Symbol, deserialize, register, serialize
from ..layers.shapes import is_shape, shapes_in
from .model import Model, name_apart
from .network import Network


@register()
class Sequential(Model):
    """A stack of layers, each applied to what the one before returned.

    Shapes: those that the first layer takes -> those that the last one gives.

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

    def __init__(self, layers: Iterable[Any] | None = None, name: str | None = None, **kwargs: Any):
        super().__init__(name=name, **kwargs)
        if layers is not None and not isinstance(layers, Iterable):
            raise TypeError(f"Sequential expects a list of layers, got {layers!r}. Write Sequential([Dense(1)]).")
        self._layers: list[Layer] = []
        self._trace: list[Any] = []  # what goes into the first layer, and what comes out of each, as symbols
        self._take(layers or [])

    @property
    def layers(self) -> list[Layer]:
        """The layers, in order; without an InputLayer, which only says a shape."""
        return [layer for layer in self._layers if not isinstance(layer, InputLayer)]

    def add(self, layer: Any) -> None:
        """Append a layer; its weights are made at once if the shape of its inputs is known.

        What `Input` returned may be the first.
        """
        self._take([layer])

    def _take(self, layers: Iterable[Any]) -> None:
        """Append layers: all, or none if one does not fit."""
        added, known, traced = [_as_layer(layer) for layer in layers], len(self._layers), len(self._trace)
        name_apart([*self._layers, *added], self.who)
        self._layers.extend(added)
        try:
            self._build_known(added)
        except Exception:
            del self._layers[known:], self._trace[traced:]
            raise

    def _build_known(self, added: list[Layer]) -> None:
        """Go on with layers just appended, if the shape of their inputs is known."""
        if self._trace:
            self._extend(added)
        elif added and added[0] is self._layers[0] and (added[0].built or added[0].batch_input_shape):
            self.build(added[0].input_shape if added[0].built else added[0].batch_input_shape)

    def pop(self) -> None:
        """Take the last layer off."""
        if not self._layers:
            raise ValueError("pop expects a model with at least one layer, got an empty one.")
        self._layers.pop()
        del self._trace[-1:]
        if not self._layers:
            self._trace, self._network = [], None
            self.built, self._input_shape, self._output_shape = False, None, None
        elif self._trace:
            self._extend([])

    def build(self, input_shape):
        if not self._layers:
            raise ValueError(f"Sequential {self.name!r} expects at least one layer. Call add(layer) first.")
        first = self._layers[0]
        self._trace = [first.output if isinstance(first, InputLayer) else self._stands_for(input_shape)]
        try:
            self._extend(self._layers[1:] if isinstance(first, InputLayer) else self._layers)
        except Exception:
            self._trace = []
            raise

    def _stands_for(self, input_shape: Any) -> Any:
        shapes = shapes_in(input_shape)
        names = [f"{self.name}_input" + (f"_{n}" if len(shapes) > 1 else "") for n in range(1, len(shapes) + 1)]
        inputs = [Input(batch_shape=(None, *shape[1:]), dtype=self.dtype, name=name) for shape, name in zip(shapes, names)]
        return inputs[0] if is_shape(input_shape) else inputs

    def _extend(self, layers: list[Layer]) -> None:
        """Call further layers on symbols, and be the network of all."""
        for layer in layers:
            self._trace.append(layer(self._trace[-1]))
        self._follow(Network(self._trace[0], self._trace[-1]))

    def check_input(self, shape):
        self._layers[0].check_input(shape)

    def call(self, x):
        for layer in self._layers:
            x = layer(x)
        return x

    _run_network = call

    # As data -------------------------------------------------------------------------------------

    def get_config(self):
        """The constructor's arguments, with a description of every layer, and the shape of the inputs if it is known."""
        config = super().get_config()
        if "layers" in config:
            config["layers"] = [serialize(layer) for layer in self._layers]
        return {**config, "build_input_shape": self._input_shape and list(self._input_shape)}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """A new stack of new layers, of which the weights are made at once if the shape of the inputs is known."""
        arguments = dict(config)
        shape = arguments.pop("build_input_shape", None)
        if "layers" in arguments:
            arguments["layers"] = [deserialize(layer, custom_objects) for layer in arguments["layers"]]
        model = super().from_config(arguments, custom_objects)
        if shape is not None and not model.built:
            model.build(tuple(shape) if is_shape(shape) else shape)
        return model


def _as_layer(given: Any) -> Layer:
    """A layer, or the InputLayer of what `Input` returned."""
    if isinstance(given, Symbol) and isinstance(given.call.layer, InputLayer):
        return given.call.layer
    if not isinstance(given, Layer):
        hint = f"Write {given.__name__}(...)." if isinstance(given, type) else "Pass an object like Dense(1)."
        raise TypeError(f"Sequential.add expects a layer, got {given!r}. {hint}")
    return given
