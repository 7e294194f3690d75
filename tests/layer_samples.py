"""How to make an example of every layer that is registered: one line each."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from zlib import crc32

import numpy as np
import pytest
from samples import distinct as apart
from samples import real

from tinygrad_edu import Tensor, layers
from tinygrad_edu.layers.layer import registry
from tinygrad_edu.models import Model, Sequential

BATCH = 3


def numbers(random, shape):
    """Whole numbers that an Embedding with five rows knows, 0 among them."""
    return random.integers(0, 5, shape)


def squared(x):
    """A function that a config can name."""
    return x * x


class Sample:
    """How to make a layer, and the shapes of the samples that it takes, without the batch axis.

    Args:
        make: from keywords of all layers to a new one.
        shapes: of one input each.
        out: shape of a sample of the output, by hand.
        domain: of the inputs.
    """

    def __init__(self, make: Callable[..., Any], *shapes: tuple, out: tuple, domain: Callable = real):
        self.make, self.shapes, self.out, self.domain = make, shapes, out, domain

    @property
    def is_merging(self) -> bool:
        return len(self.shapes) > 1

    def arrays(self, batch: int = BATCH, dtype: Any = "float64", seed: int = 0) -> list[np.ndarray]:
        random = np.random.default_rng([seed, *self.shapes[0]])
        arrays = [self.domain(random, (batch, *shape)) for shape in self.shapes]
        return [x.astype(dtype) if x.dtype.kind == "f" else x for x in arrays]

    def input(self, batch: int = BATCH, dtype: Any = "float64", seed: int = 0) -> Any:
        arrays = self.arrays(batch, dtype, seed)
        return arrays if self.is_merging else arrays[0]

    @property
    def input_shape(self) -> Any:
        shapes = [(None, *shape) for shape in self.shapes]
        return shapes if self.is_merging else shapes[0]


L = layers


def with_slopes(**kw):
    return L.Dense(2, L.PReLU("ones", dtype=kw.get("dtype")), use_bias=False, **kw)


def network(**kw):
    x = L.Input((4,), dtype=kw.get("dtype"))
    return Model(x, L.Dense(2, **kw)(x) * 2.0, **kw)


PAIR = ((2, 3), (2, 3))
BN, LN = L.BatchNormalization, L.LayerNormalization

# fmt: off
LAYERS: dict[str, list[Sample]] = {
    "input_layer":          [Sample(lambda **kw: L.InputLayer((4,), **kw), (4,), out=(4,))],
    "dense":                [Sample(lambda **kw: L.Dense(2, activation="tanh", **kw), (4,), out=(2,)),
                             Sample(lambda **kw: with_slopes(**kw), (3, 4), out=(3, 2))],
    "activation":           [Sample(lambda **kw: L.Activation("sigmoid", **kw), (3, 2), out=(3, 2))],
    "identity":             [Sample(lambda **kw: L.Identity(**kw), (3, 2), out=(3, 2))],
    "lambda":               [Sample(lambda **kw: L.Lambda(squared, **kw), (3, 2), out=(3, 2))],
    "masking":              [Sample(lambda **kw: L.Masking(**kw), (3, 2), out=(3, 2))],
    "embedding":            [Sample(lambda **kw: L.Embedding(5, 2, **kw), (3,), out=(3, 2), domain=numbers),
                             Sample(lambda **kw: L.Embedding(5, 2, mask_zero=True, **kw), (3,), out=(3, 2), domain=numbers)],
    "re_lu":                [Sample(lambda **kw: L.ReLU(1.5, 0.25, 0.1, **kw), (4,), out=(4,)),
                             Sample(lambda **kw: L.ReLU(**kw), (4,), out=(4,))],
    "leaky_re_lu":          [Sample(lambda **kw: L.LeakyReLU(**kw), (4,), out=(4,))],
    "p_re_lu":              [Sample(lambda **kw: L.PReLU("ones", **kw), (3, 2), out=(3, 2)),
                             Sample(lambda **kw: L.PReLU("ones", shared_axes=[1], **kw), (3, 2), out=(3, 2))],
    "elu":                  [Sample(lambda **kw: L.ELU(0.5, **kw), (4,), out=(4,))],
    "softmax":              [Sample(lambda **kw: L.Softmax(**kw), (3, 2), out=(3, 2)),
                             Sample(lambda **kw: L.Softmax(axis=[1, 2], **kw), (3, 2), out=(3, 2))],
    "flatten":              [Sample(lambda **kw: L.Flatten(**kw), (3, 2), out=(6,)),
                             Sample(lambda **kw: L.Flatten("channels_first", **kw), (2, 3, 2), out=(12,)),
                             Sample(lambda **kw: L.Flatten(**kw), (), out=(1,))],
    "reshape":              [Sample(lambda **kw: L.Reshape((3, -1), **kw), (2, 6), out=(3, 4))],
    "repeat_vector":        [Sample(lambda **kw: L.RepeatVector(3, **kw), (2,), out=(3, 2))],
    "permute":              [Sample(lambda **kw: L.Permute((3, 1, 2), **kw), (2, 3, 4), out=(4, 2, 3))],
    "zero_padding1d":       [Sample(lambda **kw: L.ZeroPadding1D((1, 2), **kw), (3, 2), out=(6, 2))],
    "zero_padding2d":       [Sample(lambda **kw: L.ZeroPadding2D(((1, 0), (2, 1)), **kw), (2, 2, 3), out=(3, 5, 3)),
                             Sample(lambda **kw: L.ZeroPadding2D((1, 2), "channels_first", **kw), (3, 2, 2), out=(3, 4, 6))],
    "cropping1d":           [Sample(lambda **kw: L.Cropping1D((1, 2), **kw), (4, 2), out=(1, 2))],
    "cropping2d":           [Sample(lambda **kw: L.Cropping2D(((1, 0), (1, 1)), **kw), (3, 3, 2), out=(2, 1, 2)),
                             Sample(lambda **kw: L.Cropping2D(1, "channels_first", **kw), (2, 3, 4), out=(2, 1, 2))],
    "up_sampling1d":        [Sample(lambda **kw: L.UpSampling1D(3, **kw), (2, 2), out=(6, 2))],
    "up_sampling2d":        [Sample(lambda **kw: L.UpSampling2D((2, 3), **kw), (2, 1, 2), out=(4, 3, 2)),
                             Sample(lambda **kw: L.UpSampling2D(2, "channels_first", **kw), (3, 2, 1), out=(3, 4, 2))],
    "dropout":              [Sample(lambda **kw: L.Dropout(0.4, **kw), (3, 2), out=(3, 2)),
                             Sample(lambda **kw: L.Dropout(0.4, (None, 1, 2), seed=1, **kw), (3, 2), out=(3, 2))],
    "spatial_dropout1d":    [Sample(lambda **kw: L.SpatialDropout1D(0.4, **kw), (3, 2), out=(3, 2))],
    "spatial_dropout2d":    [Sample(lambda **kw: L.SpatialDropout2D(0.4, **kw), (2, 2, 3), out=(2, 2, 3)),
                             Sample(lambda **kw: L.SpatialDropout2D(0.4, "channels_first", **kw), (3, 2, 2), out=(3, 2, 2))],
    "alpha_dropout":        [Sample(lambda **kw: L.AlphaDropout(0.4, **kw), (4,), out=(4,))],
    "gaussian_noise":       [Sample(lambda **kw: L.GaussianNoise(1.5, **kw), (4,), out=(4,))],
    "gaussian_dropout":     [Sample(lambda **kw: L.GaussianDropout(0.4, **kw), (4,), out=(4,))],
    "activity_regularization": [Sample(lambda **kw: L.ActivityRegularization(0.1, 0.2, **kw), (4,), out=(4,))],
    "batch_normalization":  [Sample(lambda **kw: BN(**kw), (2,), out=(2,), domain=apart),
                             Sample(lambda **kw: BN(axis=1, **kw), (2, 3), out=(2, 3), domain=apart),
                             Sample(lambda **kw: BN([1, 2], 0.9, center=False, **kw), (2, 3), out=(2, 3), domain=apart)],
    "layer_normalization":  [Sample(lambda **kw: LN(**kw), (2, 3), out=(2, 3), domain=apart),
                             Sample(lambda **kw: LN([1, 2], scale=False, **kw), (2, 3), out=(2, 3), domain=apart),
                             Sample(lambda **kw: LN(axis=1, **kw), (2, 3), out=(2, 3), domain=apart)],
    "group_normalization":  [Sample(lambda **kw: L.GroupNormalization(2, **kw), (3, 4), out=(3, 4), domain=apart),
                             Sample(lambda **kw: L.GroupNormalization(-1, axis=1, **kw), (2, 3), out=(2, 3), domain=apart)],
    "rms_normalization":    [Sample(lambda **kw: L.RMSNormalization(**kw), (3,), out=(3,))],
    "unit_normalization":   [Sample(lambda **kw: L.UnitNormalization(**kw), (3,), out=(3,))],
    "add":                  [Sample(lambda **kw: L.Add(**kw), *PAIR, (2, 3), out=(2, 3)),
                             Sample(lambda **kw: L.Add(**kw), (3,), (2, 1), out=(2, 3))],
    "subtract":             [Sample(lambda **kw: L.Subtract(**kw), *PAIR, out=(2, 3))],
    "multiply":             [Sample(lambda **kw: L.Multiply(**kw), *PAIR, out=(2, 3))],
    "average":              [Sample(lambda **kw: L.Average(**kw), *PAIR, out=(2, 3))],
    "maximum":              [Sample(lambda **kw: L.Maximum(**kw), *PAIR, out=(2, 3))],
    "minimum":              [Sample(lambda **kw: L.Minimum(**kw), *PAIR, out=(2, 3))],
    "concatenate":          [Sample(lambda **kw: L.Concatenate(**kw), (2, 3), (2, 1), out=(2, 4)),
                             Sample(lambda **kw: L.Concatenate(axis=1, **kw), (2, 3), (1, 3), out=(3, 3))],
    "operation":            [Sample(lambda **kw: L.Operation("multiply", {1: 2.0}, **kw), (3,), out=(3,)),
                             Sample(lambda **kw: L.Operation("sum", params={"axis": -1}, **kw), (3, 2), out=(3,))],
    "sequential":           [Sample(lambda **kw: Sequential([L.Dense(2, dtype=kw.get("dtype"))], **kw), (4,), out=(2,))],
    "model":                [Sample(network, (4,), out=(2,))],
    "dot":                  [Sample(lambda **kw: L.Dot(-1, **kw), (3,), (3,), out=(1,)),
                             Sample(lambda **kw: L.Dot((2, 1), normalize=True, **kw), (2, 3), (3, 4), out=(2, 4))],
}  # fmt: skip
# fmt: on

CASES = [
    pytest.param(sample, id=name if n == 0 else f"{name}-{n}")
    for name in LAYERS
    if name in registry
    for n, sample in enumerate(LAYERS[name])
]
each_layer = pytest.mark.parametrize("sample", CASES)


def built(sample: Sample, **settings: Any) -> Any:
    """A layer of that kind, whose weights are all different."""
    layer = sample.make(**settings)
    layer.build(sample.input_shape)
    random = np.random.default_rng(crc32(type(layer).__name__.encode()))
    layer.set_weights([random.uniform(0.4, 1.2, w.shape) for w in layer.weights])
    return layer


def leaves(sample: Sample, **settings: Any) -> list[Tensor]:
    return [Tensor(x) for x in sample.arrays(**settings)]


def plain(config: Any) -> Any:
    """The config as a file gives it back."""
    return json.loads(json.dumps(config))
