"""Layers that shift and scale each sample by itself, whatever else is in the batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from .arguments import axes_of, number, places, positive_int
from .layer import Layer, register
from .normalization import Normalizing, broadcasting, placed, widened


@register()
class LayerNormalization(Normalizing):
    """Each sample shifted and scaled to mean 0 and variance 1 along `axis`, then multiplied by gamma, plus beta.

    The same in training and at inference, whatever else is in the batch.

    Shapes: unchanged; gamma and beta have the lengths of `axis`.

    Args:
        axis: axis of the features, or a list of axes.
        epsilon: number that is added to the variance, 0.001 as in Keras (PyTorch adds 0.00001).
        center, scale: whether beta is added, whether gamma multiplies.
        beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint: as of
            weights in `Dense`.

    Source: Ba et al. (2016), eq. 4.

        >>> print(LayerNormalization(epsilon=0.0)([[1.0, 3.0], [10.0, 30.0]]))
        [[-1.  1.]
         [-1.  1.]]
    """

    def __init__(self, axis: Any = -1, epsilon: float = 0.001, center: bool = True, scale: bool = True, **kwargs: Any):
        super().__init__(axis, epsilon, center, scale, **kwargs)

    def build(self, input_shape):
        lengths = self.lengths_of(input_shape)
        self._reduced = next(iter(lengths)) if len(lengths) == 1 else tuple(lengths)
        self._shape = broadcasting(lengths, len(input_shape))
        self.add_gamma_and_beta(tuple(lengths.values()))

    def call(self, x):
        wide = widened(x)
        if not x.array.size:
            return self.scaled(x, self._shape)
        out = ops.normalize(wide, *self.gamma_and_beta(self._shape), axis=self._reduced, epsilon=self.epsilon)
        return out if wide is x else out.astype(x.dtype)


@register()
class GroupNormalization(Normalizing):
    """Each sample shifted and scaled to mean 0 and variance 1 within groups of its channels.

    Shapes: unchanged; gamma and beta have an entry for each channel.

    Args:
        groups: number of groups, which divides that of the channels; -1 makes each channel one ("instance normalization").
        axis: axis of the channels.
        epsilon: number that is added to the variance.
        center, scale: whether beta is added, whether gamma multiplies.

    Source: Wu & He (2018).
    """

    def __init__(
        self, groups: Any = 32, axis: int = -1, epsilon: float = 0.001, center: bool = True, scale: bool = True, **kwargs: Any
    ):
        super().__init__(axis, epsilon, center, scale, **kwargs)
        self.groups = -1 if groups == -1 else positive_int("GroupNormalization", "groups", groups)

    def build(self, input_shape):
        ((self._axis, channels),) = self.lengths_of(input_shape).items()
        if self.groups != -1 and channels % self.groups:
            raise ValueError(f"{self.who} expects groups that divide {channels} channels, got {self.groups}. Choose a divisor.")
        self._shape = broadcasting({self._axis: channels}, len(input_shape))
        self.add_gamma_and_beta((channels,))

    def call(self, x):
        wide, axis = widened(x), self._axis
        groups = x.shape[axis] if self.groups == -1 else self.groups
        apart = ops.reshape(wide, (*x.shape[:axis], groups, x.shape[axis] // groups, *x.shape[axis + 1 :]))
        reduced = tuple(i for i in range(1, apart.ndim) if i != axis)
        out = ops.normalize(apart, axis=reduced, epsilon=self.epsilon) if x.array.size else apart
        out = self.scaled(ops.reshape(out, x.shape), self._shape)
        return out if wide is x else out.astype(x.dtype)


@register()
class RMSNormalization(Layer):
    """x / √(mean x² + ε) along `axis`, times a learned scale. Shapes: unchanged.

    Args:
        axis: axis of the features.
        epsilon: number that is added to the mean.

    Source: Zhang & Sennrich (2019).
    """

    supports_masking = True

    def __init__(self, axis: int = -1, epsilon: float = 1e-6, **kwargs: Any):
        super().__init__(**kwargs)
        self.axis, self.epsilon = axes_of("RMSNormalization", axis), number("RMSNormalization", "epsilon", epsilon, 0)

    def build(self, input_shape):
        axes = places(self.who, self.axis, len(input_shape))
        self._reduced, lengths = axes, {axis: input_shape[axis] for axis in axes}
        self._shape = broadcasting(lengths, len(input_shape))
        self.scale = self.add_weight(name="scale", shape=tuple(lengths.values()), initializer="ones")

    def call(self, x):
        wide = widened(x)
        size = ops.mean(ops.square(wide), axis=self._reduced, keepdims=True)
        out = wide * ops.rsqrt(size + self.epsilon) * placed(self.scale, self._shape)
        return out if wide is x else out.astype(x.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape


@register()
class UnitNormalization(Layer):
    """x divided by its Euclidean length along `axis`, which is then 1; 0 stays 0. Shapes: unchanged.

    Args:
        axis: an axis, or a list of them.
    """

    supports_masking = True

    def __init__(self, axis: Any = -1, **kwargs: Any):
        super().__init__(**kwargs)
        self.axis = axes_of("UnitNormalization", axis)

    def call(self, x):
        squares = ops.sum(ops.square(x), axis=places(self.who, self.axis, x.ndim), keepdims=True)
        return x * ops.rsqrt(ops.maximum(squares, np.asarray(_TINY, x.dtype)[()]))

    def compute_output_shape(self, input_shape):
        return input_shape


_TINY = 1e-12
