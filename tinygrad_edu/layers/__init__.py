"""Layers: functions with weights."""

from ..compat import offer as _offer
from .layer import Layer, deserialize, get, register, serialize
from .shapes import InputSpec
from .inputs import Input, InputLayer
from .operation import Operation
from .symbol import Symbol
from .core import Activation, Dense, Identity
from .function import Lambda
from .embedding import Embedding, Masking
from .activation import ELU, LeakyReLU, PReLU, ReLU, Softmax
from .reshaping import Flatten, Permute, RepeatVector, Reshape
from .framing import Cropping1D, Cropping2D, UpSampling1D, UpSampling2D, ZeroPadding1D, ZeroPadding2D
from .regularization import (
    ActivityRegularization, AlphaDropout, Dropout, GaussianDropout, GaussianNoise, SpatialDropout1D, SpatialDropout2D,
)  # fmt: skip
from .normalization import BatchNormalization
from .sample_normalization import GroupNormalization, LayerNormalization, RMSNormalization, UnitNormalization
from .merging import (
    Add, Average, Concatenate, Dot, Maximum, Minimum, Multiply, Subtract, add, average, concatenate, dot, maximum, minimum,
    multiply, subtract,
)  # fmt: skip

_offer(__name__)
