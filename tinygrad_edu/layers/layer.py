"""What all layers share: a name, weights made on the first call, and the call itself."""

from __future__ import annotations

import functools
import inspect
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import compat, initializers
from ..config import floatx, snake_case, unique_name
from ..graph import Mode, Value, mode, thread
from ..tensor import Tensor, as_tensor
from ..variable import Variable

Shape = tuple[int | None, ...]


def built_once(build: Callable) -> Callable:
    """`build` as it is called: once in a layer's life, with its shapes noted; all or nothing."""

    @functools.wraps(build)
    def once(self, input_shape):
        if self._building:  # a subclass builds its base too
            return build(self, input_shape)
        if self.built:
            return None
        self._building, self._input_shape = True, (None, *input_shape[1:])
        try:
            build(self, self._input_shape)
            self.built = True
            self._output_shape = self.compute_output_shape(self._input_shape)
        finally:
            self._building = False
            if self._output_shape is None:
                self.built, self._input_shape, self._weights = False, None, []
        return None

    return once


class Layer:
    """A function of Tensors that owns weights.

    A subclass stores its arguments in `__init__`, makes weights in `build(input_shape)` and computes
    in `call(x)`. If `call` has an argument `training`, it is told whether the model is being trained.

    Args:
        name: unique in its model; None counts, dense_1, dense_2, ...
        trainable: whether an optimizer may change the weights.
        dtype: float type of weights and results; None takes `floatx()`.
        input_shape, input_dim: shape of one input, for a first layer, so that weights exist at once.
    """

    def __init__(self, name: str | None = None, trainable: bool = True, dtype: Any = None, **kwargs: Any):
        self.given_shape = compat.input_shape_of(kwargs)
        compat.refuse_unknown(type(self), kwargs)
        self.named_by_user = name is not None
        self.name = name or unique_name(snake_case(type(self).__name__))
        self.trainable = trainable
        self.dtype = np.dtype(dtype or floatx()).name
        self.built = self._building = False
        self._weights: list[Variable] = []

    def __init_subclass__(cls) -> None:
        cls._takes_training = "training" in inspect.signature(cls.call).parameters
        if "build" in vars(cls):
            cls.build = built_once(cls.build)  # type: ignore[method-assign]

    _takes_training = False
    _input_shape: Shape | None = None
    _output_shape: Shape | None = None

    # For subclasses ------------------------------------------------------------------------------

    @built_once
    def build(self, input_shape: Shape) -> None:
        """Make the weights, once the shape of the inputs (None, ...) is known."""

    def call(self, x: Tensor) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} expects a method call(x).")

    def add_weight(
        self, name: str, shape: Sequence[int], initializer: Any = "glorot_uniform", trainable: bool = True
    ) -> Variable:
        """Make a weight that belongs to this layer."""
        array = initializers.get(initializer)(tuple(shape), self.dtype)
        variable = Variable(array, self.dtype, name, trainable)
        if variable.shape != tuple(shape):
            raise ValueError(f"{self} expects its initializer to make {name!r} of shape {tuple(shape)}, got {variable.shape}.")
        variable.relabel(f"{self.name}/{name}")
        self._weights.append(variable)
        return variable

    # The call ------------------------------------------------------------------------------------

    def __call__(self, x: Any, training: bool | None = None) -> Tensor:
        x = self._as_input(x)
        before = thread.mode
        training = before.training if training is None else training
        thread.mode = Mode(before.recording, f"{before.scope}/{self.name}" if before.scope else self.name, training)
        try:
            if not self.built:
                self.build(x.shape)
            self.check_input(x.shape)
            return self.call(x, training=training) if self._takes_training else self.call(x)  # type: ignore[call-arg]
        finally:
            thread.mode = before

    def _as_input(self, x: Any) -> Tensor:
        """`x` as a Tensor; plain data, and whole numbers, in the layer's dtype."""
        keep = isinstance(x, Value)
        x = as_tensor(x)
        return x if x.dtype == self.dtype or (keep and x.dtype.kind == "f") else x.astype(self.dtype)

    def check_input(self, shape: Shape) -> None:
        """Raise ValueError if inputs of `shape` do not fit the weights."""

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Shape of what `call` returns for inputs of `input_shape`; found by calling it on zeros."""
        with mode(recording=False, training=False), np.errstate(all="ignore"):
            return (None, *self(np.zeros([n or 1 for n in input_shape])).shape[1:])

    @property
    def input_shape(self) -> Shape:
        """Shape of the inputs that the layer was built for, None for the batch axis."""
        return self._shape_of(self._input_shape, "input_shape")

    @property
    def output_shape(self) -> Shape:
        """Shape of the outputs, None for the batch axis."""
        return self._shape_of(self._output_shape, "output_shape")

    def _shape_of(self, shape: Shape | None, name: str) -> Shape:
        if shape is None:
            raise AttributeError(f"{self} has no {name} yet. Give it an input_shape, or call it on data first.")
        return shape

    def rename(self, name: str) -> None:
        """Call the layer, and with it its weights, something else."""
        self.name = name
        for weight in self._weights:
            weight.relabel(f"{name}/{weight.name}")

    @property
    def trainable(self) -> bool:
        """Whether an optimizer may change the weights."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        if not isinstance(value, (bool, np.bool_)):
            raise ValueError(f"{type(self).__name__} expects trainable to be True or False, got {value!r}.")
        self._trainable = bool(value)

    # Weights -------------------------------------------------------------------------------------

    @property
    def weights(self) -> list[Variable]:
        """All weights: the trainable ones first, each in the order of their making."""
        return self.trainable_weights + self.non_trainable_weights

    @property
    def trainable_weights(self) -> list[Variable]:
        return [w for w in self._weights if w.trainable] if self.trainable else []

    @property
    def non_trainable_weights(self) -> list[Variable]:
        return [w for w in self._weights if not (w.trainable and self.trainable)]

    def get_weights(self) -> list[np.ndarray]:
        """Copies of all weights, as arrays."""
        return [w.numpy().copy() for w in self.weights]

    def set_weights(self, arrays: Sequence[Any]) -> None:
        """Replace all weights; nothing changes unless all fit."""
        weights, arrays = self.weights, [np.asarray(a) for a in arrays]
        if [w.shape for w in weights] != [a.shape for a in arrays]:
            raise ValueError(f"{self} expects weights of shapes {[w.shape for w in weights]}, got {[a.shape for a in arrays]}.")
        for weight, array in zip(weights, arrays):
            weight.assign(array)

    def count_params(self) -> int:
        """How many numbers the weights hold."""
        if not self.built:
            raise ValueError(f"{self} has no weights yet. Give it an input_shape or call it on data first.")
        return sum(w.size for w in self.weights)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


class InputLayer(Layer):
    """The place where data comes in: says the shape of one sample, computes nothing.

    Args:
        shape: shape of one sample, without the batch axis.
    """

    def __init__(self, shape: Sequence[int | None], name: str | None = None, **kwargs: Any):
        super().__init__(name or unique_name("input"), input_shape=shape, **kwargs)
        self.build((None, *self.given_shape))  # type: ignore[misc]

    def call(self, x):
        return x

    def compute_output_shape(self, input_shape):
        return input_shape


def Input(shape: Sequence[int | None], name: str | None = None) -> InputLayer:
    """The first entry of a Sequential: the shape of one sample."""
    return InputLayer(shape, name)


def positive_int(owner: str, name: str, value: Any) -> int:
    """`value` as an int >= 1; whole NumPy numbers too."""
    number = operator.index(value) if hasattr(value, "__index__") and not isinstance(value, (bool, np.bool_)) else 0
    if number < 1:
        raise ValueError(f"{owner} expects {name} to be a whole number >= 1, got {value!r}.")
    return number
