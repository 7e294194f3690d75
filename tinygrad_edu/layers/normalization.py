"""Shifting and scaling to mean 0 and variance 1, and BatchNormalization, which does it over the batch."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from .. import compat, constraints, initializers, ops, regularizers
from ..graph import Value, current
from ..modes import detector
from ..ops.normalization import mean_and_variance
from .arguments import axes_of, number, places
from .layer import Layer, register


def standardize(x: Any, weights: Any, axes: tuple[int, ...], epsilon: float, moments: ops.Moments) -> Any:
    """(x - mean) / sqrt(variance + epsilon) along `axes`, where numbers count by `weights`, which broadcast against x.

    What was found is noted in `moments`. The variance is the mean of the squares, not divided by n - 1.
    """
    total = ops.maximum(ops.sum(ops.broadcast_to(weights, x.shape), axis=axes, keepdims=True), 1)
    mean = ops.sum(x * weights, axis=axes, keepdims=True) / total
    centred = x - mean
    variance = ops.sum(ops.square(centred) * weights, axis=axes, keepdims=True) / total
    moments.mean, moments.variance = mean.detach(), variance.detach()
    return centred * ops.rsqrt(variance + epsilon)


class Normalizing(Layer):
    """What has a `gamma` to multiply by and a `beta` to add, each of which can be left out.

    Args:
        axis: what `gamma` and `beta` have an entry for.
        epsilon: number that is added to the variance.
        center, scale: whether there is a beta, a gamma.
        beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint: as of
            weights in `Dense`.
    """

    supports_masking = True

    def __init__(
        self,
        axis: Any,
        epsilon: float,
        center: bool,
        scale: bool,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.axis = axes_of(type(self).__name__, axis)
        self.epsilon = number(type(self).__name__, "epsilon", epsilon, 0)
        self.center, self.scale = bool(center), bool(scale)
        self.beta_initializer, self.gamma_initializer = initializers.get(beta_initializer), initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint, self.gamma_constraint = constraints.get(beta_constraint), constraints.get(gamma_constraint)
        self.gamma = self.beta = None

    def add_gamma_and_beta(self, shape: tuple[int, ...]) -> None:
        for name, wanted in (("gamma", self.scale), ("beta", self.center)):
            if wanted:
                settings = {kind: getattr(self, f"{name}_{kind}") for kind in ("initializer", "regularizer", "constraint")}
                setattr(self, name, self.add_weight(name=name, shape=shape, **settings))

    def lengths_of(self, input_shape: Any) -> dict[int, int]:
        """Length by axis of those that have parameters."""
        lengths = {axis: input_shape[axis] for axis in places(self.who, self.axis, len(input_shape))}
        if None in lengths.values():
            raise ValueError(f"{self.who} expects known lengths in axis {self.axis}, got shape {input_shape}. Reshape the input.")
        return lengths

    def gamma_and_beta(self, shape: tuple[int, ...] | None) -> tuple[Any, Any]:
        """What to multiply by and what to add, which broadcast in `shape`."""
        gamma = 1.0 if self.gamma is None else placed(self.gamma, shape)
        return gamma, 0.0 if self.beta is None else placed(self.beta, shape)

    def scaled(self, x: Any, shape: tuple[int, ...] | None) -> Any:
        """x · gamma + beta, which broadcast in `shape`."""
        if self.gamma is not None:
            x = x * placed(self.gamma, shape)
        return x if self.beta is None else x + placed(self.beta, shape)

    def compute_output_shape(self, input_shape):
        return input_shape


def placed(weight: Any, shape: tuple[int, ...] | None) -> Any:
    """A weight in the shape in which it meets the inputs."""
    return weight if shape is None or weight.shape == shape else ops.reshape(weight, shape)


def broadcasting(lengths: dict[int, int], ndim: int) -> tuple[int, ...] | None:
    """The shape in which parameters meet inputs; None where NumPy finds it by itself."""
    if list(lengths) == list(range(ndim - len(lengths), ndim)):
        return None
    return tuple(lengths.get(axis, 1) for axis in range(ndim))


def widened(x: Any) -> Any:
    """x in a type whose sums do not overflow: float32 in the place of float16."""
    return x.astype(np.float32) if x.dtype == np.float16 else x


@register()
class BatchNormalization(Normalizing):
    """Each feature shifted and scaled to mean 0 and variance 1 over the batch, then multiplied by gamma, plus beta.

    In training by the mean and the variance of the batch, which moving averages follow; at inference, and while the layer
    is not `trainable`, by these averages, which then stay as they are.

    Shapes: unchanged. The parameters have an entry for each index of `axis`; of several axes, the shape of the input with
    1 everywhere else.

    Args:
        axis: axis of the features, or a list: [1, 2] gives each pixel its own. (Keras 3 takes only one.)
        momentum: share of a moving average that stays in a step: moving ← momentum · moving + (1 - momentum) · batch.
        epsilon: number that is added to the variance.
        center, scale: whether beta is added, whether gamma multiplies.
        moving_mean_initializer, moving_variance_initializer: name or callable(shape, dtype).
        beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer, beta_constraint, gamma_constraint: as of
            weights in `Dense`.

    Variances are means of squares: those of the fused layer in TensorFlow, which Keras 2.3 used, were averaged n / (n - 1)
    as large. Steps that a mask calls padding do not count. Under `learning_phase_scope(1)` batches are
    normalized by themselves, but the averages stay: they follow calls with `training=True`, as in `fit`.

    Source: Ioffe & Szegedy (2015), algorithms 1 and 2.

        >>> layer = BatchNormalization(epsilon=0.0)
        >>> print(layer([[1.0, 10.0], [3.0, 30.0]], training=True))
        [[-1. -1.]
         [ 1.  1.]]
    """

    @compat.spelled("batch_normalization")
    def __init__(
        self,
        axis: Any = -1,
        momentum: float = 0.99,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        **kwargs: Any,
    ):
        super().__init__(axis, epsilon, center, scale, beta_initializer, gamma_initializer, **kwargs)
        self.momentum = number("BatchNormalization", "momentum", momentum, 0, 1)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)
        self._warned_of_one = False

    def build(self, input_shape):
        lengths, ndim = self.lengths_of(input_shape), len(input_shape)
        shape = tuple(lengths.values()) if len(lengths) == 1 else tuple(lengths.get(axis, 1) for axis in range(ndim))
        self.add_gamma_and_beta(shape)
        initializer = self.moving_mean_initializer
        self.moving_mean = self.add_weight(name="moving_mean", shape=shape, initializer=initializer, trainable=False)
        initializer = self.moving_variance_initializer
        self.moving_variance = self.add_weight(name="moving_variance", shape=shape, initializer=initializer, trainable=False)
        self._reduced = tuple(axis for axis in range(ndim) if axis not in lengths)
        self._shape = broadcasting(lengths, ndim)

    def check_input(self, shape):
        built = self.input_shape
        if len(shape) != len(built) or any(shape[axis] != built[axis] for axis in places(self.who, self.axis, len(built))):
            raise ValueError(f"{self.who} expects shape {built}, got {tuple(shape)}. Reshape the input, or build a new layer.")

    def call(self, x, training=False, mask=None):
        wide = widened(x)
        if training and self.trainable and x.array.size:
            self._warn_of_one(x.shape)
            out = self._by_batch(wide, self._weights_of(mask, wide))
        else:
            spread = ops.rsqrt(self.moving_variance + self.epsilon)
            out = self.scaled((wide - placed(self.moving_mean, self._shape)) * placed(spread, self._shape), self._shape)
        return out if wide is x else out.astype(x.dtype)

    def _by_batch(self, x: Any, weights: Any) -> Any:
        """x by its own mean and variance, which the moving averages follow if the call is part of a training."""
        found = ops.Moments()
        if weights is None and detector() is None:
            out = ops.normalize(x, *self.gamma_and_beta(self._shape), self._reduced, self.epsilon, found)
        elif weights is None:  # what the op finds out besides its result, nobody would see
            out = ops.normalize(x, *self.gamma_and_beta(self._shape), self._reduced, self.epsilon)
            found.mean, found.variance = mean_and_variance(x.detach(), self._reduced, self.epsilon)
        else:
            out = self.scaled(standardize(x, weights, self._reduced, self.epsilon, found), self._shape)
        if current().training:
            self._follow(self.moving_mean, found.mean)
            self._follow(self.moving_variance, found.variance)
        return out

    def _follow(self, average: Any, batch: Any) -> None:
        """Move an average towards the number of this batch: an array, or a Tensor, where somebody looks at ops."""
        now = average.detach() if isinstance(batch, Value) else average.array
        average.assign(now * self.momentum + batch.reshape(average.shape) * (1 - self.momentum))

    def _weights_of(self, mask: Any, x: Any) -> Any:
        """1 for steps that count, 0 for padding."""
        if mask is None:
            return None
        return ops.cast(ops.reshape(mask, mask.shape + (1,) * (x.ndim - len(mask.shape))), dtype=x.dtype)

    def _warn_of_one(self, shape: tuple[int, ...]) -> None:
        if not self._warned_of_one and math.prod(shape[axis] for axis in self._reduced) == 1:
            self._warned_of_one = True
            warnings.warn(
                f"{self.who} expects batches of more than one sample in training, got shape {shape}: "
                "the variance of one number is 0, and all that is left is beta. Use 20 or more.",
                stacklevel=4,
            )
