"""What all layers share: a name, weights made on the first call, and the call itself."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import compat, initializers
from ..config import floatx, snake_case, unique_name
from ..graph import Mode, Value, thread
from ..tensor import Tensor, as_tensor
from ..variable import Variable

Shape = tuple[int | None, ...]


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
        if kwargs:
            own = [p for cls in type(self).__mro__ for p in inspect.signature(cls.__init__).parameters]  # type: ignore[misc]
            compat.modern(f"{type(self).__name__}()", "", kwargs, own)
        self.name = name or unique_name(snake_case(type(self).__name__))
        self.trainable = trainable
        self.dtype = np.dtype(dtype or floatx()).name
        self.built = False
        self.input_shape: Shape | None = None
        self.output_shape: Shape | None = None
        self._weights: list[Variable] = []

    # For subclasses ------------------------------------------------------------------------------

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
        variable.path = f"{self.name}/{name}"
        if variable.node is not None:
            variable.node.label = variable.path
        self._weights.append(variable)
        return variable

    # The call ------------------------------------------------------------------------------------

    def __call__(self, x: Any, training: bool | None = None) -> Tensor:
        x = self._as_input(x)
        before = thread.mode
        training = before.training if training is None else training
        thread.mode = Mode(before.recording, f"{before.scope}/{self.name}" if before.scope else self.name, training)
        try:
            self.ensure_built(x.shape)
            self.check_input(x.shape)
            return self.call(x, training=training) if self._takes_training else self.call(x)  # type: ignore[call-arg]
        finally:
            thread.mode = before

    def __init_subclass__(cls) -> None:
        cls._takes_training = "training" in inspect.signature(cls.call).parameters

    _takes_training = False

    def _as_input(self, x: Any) -> Tensor:
        """`x` as a Tensor; plain data in the layer's dtype."""
        if isinstance(x, Value):
            return x  # type: ignore[return-value]
        x = as_tensor(x)
        return x if x.dtype == self.dtype else x.astype(self.dtype)

    def ensure_built(self, shape: Shape) -> None:
        """Make the weights if there are none yet, for inputs of `shape` (batch axis first)."""
        if self.built:
            return
        per_sample = tuple(shape[1:])
        self.input_shape = (None, *per_sample)
        self.build(self.input_shape)
        self.built = True
        self.output_shape = self.compute_output_shape(self.input_shape)

    def check_input(self, shape: Shape) -> None:
        """Raise ValueError if inputs of `shape` do not fit the weights."""

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Shape of what `call` returns for inputs of `input_shape`."""
        return input_shape

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
        self.ensure_built((None, *self.given_shape))  # type: ignore[misc]

    def call(self, x):
        return x


def Input(shape: Sequence[int | None], name: str | None = None) -> InputLayer:
    """The first entry of a Sequential: the shape of one sample."""
    return InputLayer(shape, name)


def positive_int(owner: str, name: str, value: Any) -> int:
    """`value` as an int >= 1; whole NumPy numbers too."""
    try:
        number = operator.index(value)
    except TypeError:
        raise ValueError(f"{owner} expects {name} to be a whole number, got {value!r}.") from None
    if number < 1:
        raise ValueError(f"{owner} expects {name} >= 1, got {number}.")
    return number
