"""Layers against learning by heart: noise in training, nothing at inference.

Every layer here has a `seed_generator` of its own, whose counter moves on at every call in training: set it back, and the
same numbers are drawn again. The noise enters the computation as a constant, so that the way back, of any order, meets the
very numbers of the way forth.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import compat, ops
from ..graph import make_value
from ..random import SeedGenerator, as_seed
from .arguments import number
from .layer import Layer, register
from .reshaping import data_format_of

SELU_LIMIT = -1.0507009873554805 * 1.6732632423543772  # where selu ends far below 0


class _Noisy(Layer):
    """Noise in training.

    Args:
        seed: of the numbers; None draws one from NumPy's global generator. A SeedGenerator is used as it is.
    """

    supports_masking = True
    noise_shape: Any = None

    def __init__(self, seed: Any = None, **kwargs: Any):
        super().__init__(**kwargs)
        self.seed = as_seed(seed)
        self.seed_generator = self.seed if isinstance(self.seed, SeedGenerator) else SeedGenerator(self.seed)

    def call(self, x, training=False):
        return self.disturb(x) if training else x

    def disturb(self, x: Any) -> Any:
        """x as in training."""
        raise NotImplementedError(f"{type(self).__name__} expects a method disturb(x).")

    def mask_shape(self, x: Any) -> tuple[int, ...]:
        """The shape of a mask that broadcasts against x: the `noise_shape`."""
        if self.noise_shape is None:
            return x.shape
        if len(self.noise_shape) != x.ndim:
            raise ValueError(
                f"{self.who} expects a noise_shape of {x.ndim} axes, got {self.noise_shape}. "
                "Give it a length, or None, for each axis."
            )
        return tuple(n if m is None else m for m, n in zip(self.noise_shape, x.shape))

    def compute_output_shape(self, input_shape):
        return input_shape


def _shape_or_none(noise_shape: Any) -> tuple | None:
    return None if noise_shape is None else tuple(None if n is None else int(n) for n in noise_shape)


@register()
class Dropout(_Noisy):
    """In training each number is 0 with probability `rate`, and 1 / (1 - rate) times itself otherwise: its mean stays.

    Shapes: unchanged.

    Args:
        rate: between 0 (nothing happens) and 1 (all is 0).
        noise_shape: shape of the mask, which broadcasts: (None, 1, None) drops a feature in all steps at once. None in it
            takes the length of the input.
        seed: of the masks; None draws one from NumPy's global generator.

    To keep it on at inference (Gal & Ghahramani, 2016, "Monte Carlo dropout"), predict under
    `backend.learning_phase_scope(1)`, or in a subclass `call` this one with `training=True`:

        >>> class MCDropout(Dropout):
        ...     def call(self, inputs):
        ...         return super().call(inputs, training=True)
        >>> print(MCDropout(0.5, seed=1)(np.ones((1, 8))))
        [[0. 0. 2. 2. 0. 2. 2. 2.]]

    Source: Srivastava et al. (2014); the scaling in training rather than at inference, as all frameworks do now.
    """

    @compat.spelled("dropout")
    def __init__(self, rate: float, noise_shape: Any = None, seed: Any = None, **kwargs: Any):
        super().__init__(seed, **kwargs)
        self.rate = number(type(self).__name__, "rate", rate, 0, 1)
        self.noise_shape = _shape_or_none(noise_shape)

    def disturb(self, x):
        if self.rate == 0:
            return x
        scale = 0 if self.rate == 1 else 1 / (1 - self.rate)
        return x * make_value(self.seed_generator.keep_times(scale, self.rate, self.mask_shape(x), x.dtype))


@register()
class SpatialDropout1D(Dropout):
    """Dropout of whole features: what is dropped is 0 in all steps.

    Shapes: (batch, steps, features) -> the same.

    Args:
        rate, seed: as of `Dropout`.

    Source: Tompson et al. (2015), section 3.2.
    """

    def __init__(self, rate: float, seed: Any = None, **kwargs: Any):
        super().__init__(rate, (None, 1, None), seed, **kwargs)

    def get_config(self):
        return _without_noise_shape(super().get_config())


@register()
class SpatialDropout2D(Dropout):
    """Dropout of whole channels of images.

    Shapes: (batch, height, width, channels) -> the same; (batch, channels, height, width) if "channels_first".

    Args:
        rate, seed: as of `Dropout`.
        data_format: where the channels are; None means "channels_last".

    Source: Tompson et al. (2015), section 3.2.
    """

    def __init__(self, rate: float, data_format: str | None = None, seed: Any = None, **kwargs: Any):
        self.data_format = data_format_of("SpatialDropout2D", data_format)
        shape = (None, 1, 1, None) if self.data_format == "channels_last" else (None, None, 1, 1)
        super().__init__(rate, shape, seed, **kwargs)

    def get_config(self):
        return _without_noise_shape(super().get_config())


def _without_noise_shape(config: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in config.items() if name != "noise_shape"}


@register()
class AlphaDropout(_Noisy):
    """Dropout that keeps mean 0 and variance 1, for networks of `selu` units.

    What is dropped becomes α' = -1.7581, where selu ends; then all is a·x + b, with a and b such that mean and variance of
    standard normal inputs stay.

    Shapes: unchanged.

    Args:
        rate: probability to be dropped, between 0 and 1. At 1, where no a and b would do, all is 0.
        noise_shape, seed: as of `Dropout`.

    Source: Klambauer et al. (2017), section 3.
    """

    def __init__(self, rate: float, noise_shape: Any = None, seed: Any = None, **kwargs: Any):
        super().__init__(seed, **kwargs)
        self.rate = number("AlphaDropout", "rate", rate, 0, 1)
        self.noise_shape = _shape_or_none(noise_shape)

    def disturb(self, x):
        if self.rate in (0, 1):
            return x * (1 - self.rate)
        a = ((1 - self.rate) * (1 + self.rate * SELU_LIMIT**2)) ** -0.5
        b = -a * SELU_LIMIT * self.rate
        keep, dtype = make_value(self.seed_generator.keep(self.rate, self.mask_shape(x))), x.dtype.type
        shift = ops.where(keep, dtype(b), dtype(a * SELU_LIMIT + b))
        return x * (keep * dtype(a)) + shift


@register()
class GaussianNoise(_Noisy):
    """In training, normal noise is added.

    Shapes: unchanged.

    Args:
        stddev: its standard deviation, any number >= 0. (Keras 3 takes none above 1.) Legacy spelling `sigma`.
        seed: as of `Dropout`.
    """

    @compat.spelled("gaussian_noise")
    def __init__(self, stddev: float, seed: Any = None, **kwargs: Any):
        super().__init__(seed, **kwargs)
        self.stddev = number("GaussianNoise", "stddev", stddev, 0, most=float(np.finfo(np.float64).max))

    def disturb(self, x):
        return x + make_value(self.seed_generator.normal(x.shape, 0.0, self.stddev, x.dtype))


@register()
class GaussianDropout(_Noisy):
    """In training, each number is multiplied by a normal one of mean 1 and the variance that Dropout's factor has.

    Shapes: unchanged.

    Args:
        rate: p of the standard deviation √(p / (1 - p)), in [0, 1).
        seed: as of `Dropout`.

    Source: Srivastava et al. (2014), section 10.
    """

    @compat.spelled("dropout")
    def __init__(self, rate: float, seed: Any = None, **kwargs: Any):
        super().__init__(seed, **kwargs)
        self.rate = number("GaussianDropout", "rate", rate, 0, math.nextafter(1, 0))

    def disturb(self, x):
        stddev = math.sqrt(self.rate / (1 - self.rate))
        return x * make_value(self.seed_generator.normal(x.shape, 1.0, stddev, x.dtype))


@register()
class ActivityRegularization(Layer):
    """x itself, of which a penalty is added to the loss: l1 Σ|x| + l2 Σx², divided by the batch size.

    Shapes: unchanged.

    Args:
        l1, l2: weights of the two sums.
    """

    supports_masking = True

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.l1, self.l2 = number("ActivityRegularization", "l1", l1, 0), number("ActivityRegularization", "l2", l2, 0)

    def call(self, x):
        self.add_loss((self.l1 * ops.sum(ops.absolute(x)) + self.l2 * ops.sum(ops.square(x))) / max(x.shape[0], 1))
        return x

    def compute_output_shape(self, input_shape):
        return input_shape
