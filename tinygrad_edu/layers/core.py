"""Dense, and a layer that only applies an activation."""

from __future__ import annotations

from typing import Any

from .. import activations, compat, initializers
from .layer import Layer, positive_int


class Dense(Layer):
    """Fully connected layer: activation(x @ kernel + bias).

    Shapes: (..., features) -> (..., units); `features` is taken from the first input.

    Args:
        units: length of the output's last axis.
        activation: name or callable applied last; None means identity.
        use_bias: whether a bias is added.
        kernel_initializer: name or callable(shape, dtype). Default: Glorot & Bengio (2010), eq. 16.
        bias_initializer: likewise.

    Raises:
        ValueError: for inputs without a last axis of the length that the kernel was built for.
    """

    def __init__(
        self,
        units: Any = None,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **kwargs: Any,
    ):
        legacy = compat.take("dense", kwargs)
        units, kernel_initializer = legacy.get("units", units), legacy.get("kernel_initializer", kernel_initializer)
        super().__init__(**kwargs)
        self.units = positive_int("Dense", "units", units)
        self.activation = activations.get(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)

    def build(self, input_shape):
        if len(input_shape) < 2 or input_shape[-1] is None:
            raise ValueError(
                f"{self._who()} expects inputs (batch, features), got shape {input_shape}. Give each sample a row of its own."
            )
        self.kernel = self.add_weight("kernel", (input_shape[-1], self.units), self.kernel_initializer)
        self.bias = self.add_weight("bias", (self.units,), self.bias_initializer) if self.use_bias else None

    def call(self, x):
        y = x @ self.kernel
        if self.bias is not None:
            y = y + self.bias
        return self.activation(y)

    def check_input(self, shape):
        features = self.kernel.shape[0]
        if len(shape) < 2 or shape[-1] != features:
            raise ValueError(
                f"{self._who()} expects {features} features, got shape {tuple(shape)}. "
                f"Reshape the input to (batch, {features}), or build a new layer for the other length."
            )

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    def _who(self) -> str:
        return f"Dense {self.name!r} (units={self.units})"


class Activation(Layer):
    """An activation function as a layer of its own.

    Args:
        activation: name or callable.
    """

    def __init__(self, activation: Any, **kwargs: Any):
        super().__init__(**kwargs)
        self.activation = activations.get(activation)

    def call(self, x):
        return self.activation(x)
