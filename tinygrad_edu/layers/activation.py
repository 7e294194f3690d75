"""Activations with settings or weights, as layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import activations, compat, constraints, initializers, ops, regularizers
from .arguments import axes_of, number
from .layer import Layer, register


class _Elementwise(Layer):
    """A function of each number: the shape and the mask stay."""

    supports_masking = True

    def compute_output_shape(self, input_shape):
        return input_shape


@register()
class ReLU(_Elementwise):
    """max(x, 0), or with settings: `max_value` above it, x above `threshold`, negative_slope · (x - threshold) below.

    Shapes: unchanged.

    Args:
        max_value: upper limit; None means none.
        negative_slope: slope below the threshold.
        threshold: where the line begins.

    Raises:
        ValueError: for settings below 0.
    """

    def __init__(self, max_value: Any = None, negative_slope: float = 0.0, threshold: float = 0.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.max_value = None if max_value is None else number("ReLU", "max_value", max_value, 0)
        self.negative_slope = number("ReLU", "negative_slope", negative_slope, 0)
        self.threshold = number("ReLU", "threshold", threshold, 0)

    def call(self, x):
        return activations.relu(x, self.negative_slope, self.max_value, self.threshold)


@register()
class LeakyReLU(_Elementwise):
    """x above 0, negative_slope · x below.

    Shapes: unchanged.

    Args:
        negative_slope: slope below 0, a number >= 0. Legacy spelling `alpha`. The activation "leaky_relu" has 0.2.

    Source: Maas et al. (2013).

        >>> print(LeakyReLU(alpha=0.5)([[-2.0, 4.0]]))
        [[-1.  4.]]
    """

    @compat.spelled("leaky_relu")
    def __init__(self, negative_slope: float = 0.3, **kwargs: Any):
        super().__init__(**kwargs)
        self.negative_slope = number("LeakyReLU", "negative_slope", negative_slope, 0)

    def call(self, x):
        return ops.leaky_relu(x, negative_slope=self.negative_slope)


@register()
class PReLU(_Elementwise):
    """x above 0, alpha · x below, where alpha is learned: one for each feature of a sample.

    Shapes: unchanged; alpha has the shape of a sample, with 1 on shared axes.

    Args:
        alpha_initializer, alpha_regularizer, alpha_constraint: as of weights in `Dense`.
        shared_axes: axes, counted from 1, along which all share one alpha: [1, 2] gives an image one for each channel.

    Source: He et al. (2015), section 2.1.
    """

    @compat.spelled("p_re_lu")
    def __init__(
        self,
        alpha_initializer: Any = "zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: Any = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        self.shared_axes = None if shared_axes is None else np.atleast_1d(axes_of("PReLU", shared_axes)).tolist()

    def build(self, input_shape):
        shared = self.shared_axes or []
        shape = [1 if i in shared else n for i, n in enumerate(input_shape)][1:]
        if None in shape:
            raise ValueError(
                f"{self.who} expects known lengths on all axes that are not shared, got shape {input_shape}. "
                f"Pass shared_axes=[{shape.index(None) + 1}]."
            )
        self.alpha = self.add_weight(
            name="alpha",
            shape=shape,
            initializer=self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
        )

    def call(self, x):
        return ops.where(x > 0, x, self.alpha * x)


@register()
class ELU(_Elementwise):
    """x above 0, alpha (exp(x) - 1) below.

    Shapes: unchanged.

    Args:
        alpha: minus the limit far below 0; below 0 itself, both halves rise to the sides.

    Source: Clevert et al. (2015), eq. 15.
    """

    def __init__(self, alpha: float = 1.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.alpha = number("ELU", "alpha", alpha)

    def call(self, x):
        return ops.elu(x, alpha=self.alpha)


@register()
class Softmax(_Elementwise):
    """exp(x) / Σ exp(x): shares that sum to 1.

    Shapes: unchanged.

    Args:
        axis: axis along which they do, or several.

    A mask of the shape of the input leaves out where it is False: the share there is 0.
    """

    def __init__(self, axis: Any = -1, **kwargs: Any):
        super().__init__(**kwargs)
        self.axis = axes_of("Softmax", axis)

    def call(self, x, mask=None):
        if mask is not None and len(mask.shape) == len(x.shape):
            x = ops.where(mask, x, -np.inf)
        return activations.softmax(x, axis=tuple(self.axis) if isinstance(self.axis, list) else self.axis)
