"""How weights begin: constants, plain distributions, and variance scaling with LeCun's, Glorot's and He's names.

    >>> kernel = get("he_uniform")((300, 100))
    >>> kernel.shape, kernel.dtype.name, bool(abs(kernel).max() <= (6 / 300) ** 0.5)
    ((300, 100), 'float32', True)

An unseeded initializer draws anew at every call, so that layers that share one begin differently, as in Keras 2; Keras 3
gives all of them the same numbers. One that is seeded with a number gives the same numbers at every call, one that is
seeded with a `random.SeedGenerator` the next ones. `numpy.random.seed` decides what unseeded ones draw.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph import Value
from .initializer import FunctionInitializer, Initializer, RandomInitializer, deserialize, registry, serialize
from .fixed import Constant, FixedValues, Identity, Ones, Zeros
from .distributions import Orthogonal, RandomNormal, RandomUniform, TruncatedNormal
from .scaling import (
    GlorotNormal, GlorotUniform, HeNormal, HeUniform, LecunNormal, LecunUniform, VarianceScaling, XavierUniform, compute_fans,
)  # fmt: skip


def get(identifier: Any) -> Any:
    """The initializer of a name ("he_uniform", "HeUniform"), a class, a config, an array, or any callable; None is None.

    Args:
        identifier: an array or a Tensor stands for its values; a callable takes a shape, and a dtype if it has an argument
            for one.

    Raises:
        ValueError: for an unknown name; it lists the near ones.
        TypeError: for what is none of these.
    """
    return FixedValues(identifier) if isinstance(identifier, (np.ndarray, Value)) else registry.get(identifier)


# fmt: off
# Keras knows each by its snake_case name too, Keras 2 some by shorter ones, and Keras 3 two by longer ones.
zeros,           ones           = zero,    one    = Zeros, Ones
random_uniform,  random_normal  = uniform, normal = RandomUniform, RandomNormal
constant,        identity       = Constant, Identity
truncated_normal, orthogonal    = TruncatedNormal, Orthogonal
variance_scaling                = VarianceScaling
lecun_uniform,   lecun_normal   = LecunUniform, LecunNormal
glorot_uniform,  glorot_normal  = GlorotUniform, GlorotNormal
he_uniform,      he_normal      = HeUniform, HeNormal
xavier_uniform                  = XavierUniform
IdentityInitializer             = Identity
OrthogonalInitializer           = Orthogonal
_compute_fans                   = compute_fans  # scripts with initializers of their own import it from Keras 2
# fmt: on
