"""clone_model: the same architecture with new weights."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from ..layers import InputLayer, Lambda, Layer, Symbol
from ..structure import flatten
from .model import Model
from .sequential import Sequential


def clone_model(model: Model, input_tensors: Any = None, clone_function: Callable[[Layer], Layer] | None = None) -> Model:
    """A model of new layers, made from the configs of the layers of `model`, with the same names and new weights.

    It is not compiled, as in Keras 2. For the same weights say `clone.set_weights(model.get_weights())`.

    Args:
        model: any model. One written in Python is made again from its `get_config`.
        input_tensors: what `Input` returned, for the new model to begin with; in the structure of the inputs.
        clone_function: function from a layer to the one that takes its place; may return the layer itself, which both
            models then share. Inputs are always new.

    Raises:
        TypeError: for anything but a model, and for what clone_function returns if it is no layer.
    """
    if not isinstance(model, Model):
        raise TypeError(f"clone_model expects a model, got {model!r}. Layers are made again by type(layer).from_config(config).")

    def cloned(layer: Layer) -> Layer:
        new = clone_function(layer) if clone_function and not isinstance(layer, InputLayer) else _again(layer)
        if not isinstance(new, Layer):
            raise TypeError(f"clone_model expects clone_function to return a layer, got {new!r}. Return {layer.who}.")
        return new

    if isinstance(model, Sequential):
        clone: Model = _clone_of_chain(model, input_tensors, cloned)
    elif type(model) is Model and model._network is not None:
        network = model._network.with_layers(cloned, input_tensors)
        clone = Model(network.inputs, network.outputs, name=model.name)
    elif clone_function is not None or input_tensors is not None:
        raise ValueError(f"clone_model expects a Sequential or Model(inputs, outputs) to replace parts of, got {model.who}.")
    else:
        clone = _again(model)
    if model.built and not clone.built:
        clone.build(model.input_shape)
    return clone


def _clone_of_chain(model: Sequential, inputs: Any, cloned: Callable[[Layer], Layer]) -> Sequential:
    layers = [layer for layer in model._layers if not (inputs is not None and isinstance(layer, InputLayer))]
    first: list[Symbol] = [] if inputs is None else flatten(inputs)[0]
    return Sequential([*first, *map(cloned, layers)], name=model.name)


def _again(layer: Any) -> Any:
    if isinstance(layer, Lambda):
        return copy.deepcopy(layer)  # a config cannot hold a function that has no name
    return type(layer).from_config(layer.get_config())
