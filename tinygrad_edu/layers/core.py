"""Dense, and an activation as a layer of its own."""

from __future__ import annotations

from typing import Any

from .. import activations, compat, constraints, initializers, regularizers
from .arguments import positive_int
from .layer import Layer, get, register, registry
from .shapes import is_shape


def activation_of(identifier: Any) -> Any:
    """The activation of a name, a callable, or a layer: the weights of PReLU() belong to the layer that it is given to."""
    if isinstance(identifier, dict) and identifier.get("class_name", "") in registry:
        return get(identifier)
    return activations.get(identifier)


@register()
class Dense(Layer):
    """Fully connected layer: activation(x @ kernel + bias).

    Shapes: (..., features) -> (..., units); `features` is taken from the first input.

    Args:
        units: length of the output's last axis.
        activation: name, callable or layer applied last; None means identity.
        use_bias: whether a bias is added.
        kernel_initializer: name or callable(shape, dtype). Default: Glorot & Bengio (2010), eq. 16.
        bias_initializer: likewise.
        kernel_regularizer, bias_regularizer: name or callable(weight) of a penalty that is added to the loss, or None.
        activity_regularizer: likewise of the output, divided by the batch size.
        kernel_constraint, bias_constraint: name or callable(weight) of what the weight becomes after every step, or None.

    Raises:
        ValueError: for inputs without a last axis of the length that the kernel was built for.

        >>> layer = Dense(1, kernel_initializer="ones", bias_initializer="ones")
        >>> print(layer([[1.0, 2.0], [3.0, 4.0]]))
        [[4.]
         [8.]]
    """

    supports_masking = True

    @compat.spelled("dense")
    def __init__(
        self,
        units: Any = None,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ):
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.units = positive_int("Dense", "units", units)
        self.activation = activation_of(activation)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)

    def build(self, input_shape):
        if not is_shape(input_shape) or len(input_shape) < 2 or input_shape[-1] is None:
            raise ValueError(
                f"{self.who} expects inputs (batch, features), got shape {input_shape}. Give each sample a row of its own."
            )
        self.kernel = self.add_weight(
            name="kernel",
            shape=(input_shape[-1], self.units),
            initializer=self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                name="bias",
                shape=(self.units,),
                initializer=self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
            )

    def call(self, x):
        y = x @ self.kernel
        if self.bias is not None:
            y = y + self.bias
        return y if self.activation is None else self.activation(y)  # None: taken away later, for the scores below a softmax

    def check_input(self, shape):
        features = self.kernel.shape[0]
        if len(shape) < 2 or shape[-1] != features:
            raise ValueError(
                f"{self.who} expects {features} features, got shape {tuple(shape)}. "
                f"Reshape the input to (batch, {features}), or build a new layer for the other length."
            )

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)

    @property
    def who(self):
        return f"Dense {self.name!r} (units={self.units})"


@register()
class Activation(Layer):
    """An activation function as a layer of its own.

    Shapes: unchanged, as far as the function leaves them.

    Args:
        activation: name, callable or layer.
    """

    supports_masking = True

    def __init__(self, activation: Any, **kwargs: Any):
        super().__init__(**kwargs)
        self.activation = activation_of(activation)

    def call(self, x):
        return self.activation(x)

    def compute_output_shape(self, input_shape):
        ours = getattr(self.activation, "__module__", None) == activations.__name__
        return input_shape if ours and self.activation is not activations.glu else super().compute_output_shape(input_shape)


@register()
class Identity(Layer):
    """x itself: a place to look at, or to put something else later. Shapes: unchanged."""

    supports_masking = keeps_whole_numbers = True

    def call(self, x):
        return x

    def compute_output_shape(self, input_shape):
        return input_shape
