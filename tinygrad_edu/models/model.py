"""Model: layers that can be trained (`compile`, `fit`), measured (`evaluate`) and asked (`predict`)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..compat import spelled
from ..config import snake_case, unique_name
from ..graph import Value
from ..layers import Layer, register
from ..layers.arguments import whole
from ..layers.called import told
from ..layers.shapes import any_batch, shape_of, shapes_in
from ..registry import custom_object_scope
from .network import Network
from .saved import Saved
from .summary import Summary, summarize
from .training import Trainer
from .watching import Flow, flow_of


@register("Functional")
class Model(Saved, Trainer):
    """Layers put together, which know how to train themselves.

    There are three ways to make one: `Sequential`; a subclass with layers in its attributes and a method `call(x)`, in
    which any Python may stand; and from the inputs and the outputs of layers that were called on each other:

        >>> from tinygrad_edu.layers import Concatenate, Dense, Input
        >>> x = Input(shape=(8,))
        >>> deep = Dense(30, activation="relu")(x)
        >>> model = Model(inputs=[x], outputs=[Dense(1)(Concatenate()([x, deep]))])
        >>> model.output_shape, model.count_params()
        ((None, 1), 309)

    Shapes: those of the inputs -> those of the outputs.

    Args:
        inputs: what `Input` returned, or a list, tuple or dict of that; in the same form the model is called on data, or
            on a dict by the names of the inputs.
        outputs: what layers returned, or a list, tuple or dict of that. A list of one counts as what is in it.
        name: None counts, model_1, model_2, ...

    Raises:
        TypeError: for inputs or outputs that are no symbols. ValueError: for outputs that need other inputs, and for
            layers of one name.
    """

    keeps_whole_numbers = True  # its layers decide
    _network: Network | None = None

    @spelled("model")
    def __init__(self, inputs: Any = None, outputs: Any = None, name: str | None = None, **kwargs: Any):
        super().__init__(name=name, **kwargs)
        if (inputs is None) != (outputs is None):
            raise TypeError(f"{type(self).__name__} expects inputs and outputs, or neither, got one. Give both.")
        if inputs is not None:
            network = Network(_lone(inputs), _lone(outputs))
            self._be(network if network.begins_with_inputs else network.with_layers(lambda layer: layer))

    def _be(self, network: Network) -> None:
        """Become the model that computes a network."""
        name_apart(network.layers, self.who)
        self._network_layers = network.layers
        self._follow(network)
        self.batch_input_shape = self._input_shape

    def _follow(self, network: Network) -> None:
        """Have the inputs and outputs of a network, and its shapes."""
        self._network, self.built = network, True
        self._input_shape, self._output_shape = any_batch(shape_of(network.inputs)), any_batch(shape_of(network.outputs))

    def call(self, x: Any) -> Any:
        """The outputs for inputs `x`. A subclass says here what it computes."""
        if self._network is None:
            raise NotImplementedError(f"{type(self).__name__} expects a method call(x), or Model(inputs, outputs).")
        return self._network.run(x)

    _run_network = call

    def as_input(self, x: Any) -> Any:
        """What `call` gets: of several inputs a list of them, in order."""
        if self._network is None or isinstance(x, (Value, np.ndarray)):
            return super().as_input(x)
        parts = [super(Model, self).as_input(part) for part in self._network.arranged(x)]
        return parts if len(parts) > 1 or isinstance(self._network.inputs, dict) else parts[0]

    def check_input(self, shape: Any) -> None:
        """Raise ValueError if inputs of `shape` do not fit."""
        if self._network is None:
            return super().check_input(shape)
        for symbol, found in zip(self._network.sources, self._network.arranged_shapes(shape)):
            if not _fits(found, symbol.shape):
                raise ValueError(
                    f"{self.who} expects shape {symbol.shape} of input {symbol.name!r}, got {tuple(found)}. "
                    "Reshape the data, or build another model."
                )
        return None

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Shape of the outputs for inputs of `input_shape`."""
        if self._network is not None and any_batch(input_shape) == self._input_shape:
            return self._output_shape
        return super().compute_output_shape(input_shape)

    # What it is made of ----------------------------------------------------------------------------

    @property
    def layers(self) -> list[Layer]:
        """The layers that the model is directly made of: in the order of assignment, or of the network."""
        return self.sublayers

    @property
    def _inner_prefix(self) -> str:
        return self.prefix  # weights are named by their layers, whatever the model is called

    @told
    def input(self) -> Any:
        """What stands for the inputs: a symbol, or a list, tuple or dict of them."""
        return self._network_or_error("input").inputs

    @told
    def output(self) -> Any:
        """What stands for the outputs: a symbol, or a list, tuple or dict of them."""
        return self._network_or_error("output").outputs

    @told
    def inputs(self) -> list[Any]:
        """What stands for the inputs, as a list."""
        return self._network_or_error("inputs").sources

    @told
    def outputs(self) -> list[Any]:
        """What stands for the outputs, as a list."""
        return self._network_or_error("outputs").results

    def _network_or_error(self, name: str) -> Network:
        if self._network is None:
            raise AttributeError(
                f"{self.who} has no {name}: its layers were not called on symbols. "
                "Give the first layer of a Sequential an input_shape, or write Model(inputs, outputs)."
            )
        return self._network

    @property
    def input_names(self) -> list[str]:
        """A name for each input: those of the Input layers; where there are none input_1, input_2, ..., once it is built."""
        return self._network.input_names if self._network else _numbered("input", self._input_shape)

    @property
    def output_names(self) -> list[str]:
        """A name for each output: those of the layers it comes from; output_1, ... of a built model written in Python."""
        return self._network.output_names if self._network else _numbered("output", self._output_shape)

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer of a name, or at an index."""
        if (name is None) == (index is None):
            raise ValueError("get_layer expects a name or an index, and not both.")
        if index is not None:
            index = whole("get_layer", "index", index, -len(self.layers))
            if index >= len(self.layers):
                raise ValueError(f"get_layer expects an index below {len(self.layers)}, got {index}.")
            return self.layers[index]
        for layer in self.layers:
            if layer.name == name:
                return layer
        names = ", ".join(layer.name for layer in self.layers)
        raise ValueError(f"get_layer expects the name of a layer, got {name!r}. Choose one of {names}.")

    def flow(self) -> Flow:
        """Which layer gets what from which, found without data: what `summary` and `viz.plot_model` show."""
        follows_network = type(self).call is type(self)._run_network
        return flow_of(self, self._network if follows_network else None)

    def summary(
        self,
        line_length: int | None = None,
        positions: Any = None,
        print_fn: Callable[[str], object] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Any = None,
    ) -> Summary:
        """Print a table of the layers, their output shapes and numbers of weights, line by line.

        Args:
            line_length: characters in a line, more if the longest name needs them. None: 65, or 98 if there is a fourth
                column, which says what each layer is connected to.
            positions: where the columns end: shares of the line, or numbers of characters.
            print_fn: called with each line; None prints.
            expand_nested: show the layers of models inside the model.
            show_trainable: add a column Y or N.
            layer_range: names, or patterns of names, of the first and the last layer to show.

        Returns:
            An object that prints as nothing, whose `text` is the table.
        """
        length = None if line_length is None else whole("summary", "line_length", line_length, 1)
        return summarize(self, length, positions, print_fn or print, expand_nested, show_trainable, layer_range)

    # Words -----------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """What `from_config` makes the model of again, with new weights; of a subclass, what its constructor was given."""
        if type(self).__init__ is Model.__init__ and self._network is not None:
            return {"name": self.name, "trainable": self.trainable, **self._network.get_config()}
        return self._arguments(are_all=type(self).get_config is Model.get_config, but=("inputs", "outputs"))

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
        """A model like the one whose `get_config` gave `config`; its weights are new."""
        with custom_object_scope(custom_objects):
            if "calls" not in config:
                return super().from_config(config)
            network = Network.from_config(config)
            return cls(network.inputs, network.outputs, name=config.get("name"), trainable=config.get("trainable", True))


def name_apart(layers: list[Layer], who: str) -> None:
    """Count the names of layers again where several have one; raise ValueError if it was the user who gave it."""
    taken: set[str] = set()
    for layer in sorted(layers, key=lambda layer: not layer.named_by_user):
        if layer.name in taken and layer.named_by_user:
            raise ValueError(f"{who} expects layers of different names, got a second {layer.name!r}. Give it another name.")
        while layer.name in taken:
            layer.rename(unique_name(snake_case(type(layer).__name__)))
        taken.add(layer.name)


def _lone(x: Any) -> Any:
    return x[0] if isinstance(x, (list, tuple)) and len(x) == 1 else x


def _fits(shape: Any, law: Any) -> bool:
    return len(shape) == len(law) and all(None in (m, n) or m == n for m, n in list(zip(shape, law))[1:])


def _numbered(stem: str, shapes: Any) -> list[str]:
    if isinstance(shapes, dict):
        return list(shapes)
    count = 0 if shapes is None else len(shapes_in(shapes))
    return [f"{stem}_{n}" for n in range(1, count + 1)]
