"""Optimizers, options and constraints that are compared, compiled and not."""

import numpy as np
from hypothesis import strategies as st

from tinygrad_edu import constraints, kernel, optimizers
from tinygrad_edu.optimizers import SGD, Adam, Lamb, Lion, Optimizer, RMSprop


class Signs(Optimizer):
    """An `update` of one's own, in NumPy."""

    slots = ("last",)

    def update(self, p, g, last, c):
        p -= c[0] * np.sign(g + last)
        last[:] = g


@kernel.kernel
def towards(p, g, c):
    """p <- p - c p |g|."""
    rate = c[0]
    for i in range(p.size):
        p[i] -= rate * p[i] * abs(g[i])


class Towards(Optimizer):
    """A kernel of one's own."""

    @property
    def loop(self):
        return towards


@kernel.kernel
def remaining(p, g, c):
    """A kernel that Numba compiles, and the language of opcodes has no words for."""
    for i in range(p.size - 1, -1, -1):
        p[i] -= c[0] * (g[i] % np.float32(0.5))


class Remaining(Optimizer):
    """A kernel of one's own that cannot be an opcode."""

    @property
    def loop(self):
        return remaining


class Halved(SGD):
    """Numbers of one's own, which depend on the step, where those of SGD do not."""

    def numbers(self, rate, step):
        return (rate / (1 + (step % 2)), self.momentum)


MAKE = {
    "sgd": lambda **more: SGD(0.05, **more),
    "momentum": lambda **more: SGD(0.05, momentum=0.9, **more),
    "nesterov": lambda **more: SGD(0.05, momentum=0.9, nesterov=True, **more),
    "rmsprop": lambda **more: RMSprop(0.005, **more),
    "rmsprop centered": lambda **more: RMSprop(0.005, centered=True, epsilon=1e-3, **more),
    "rmsprop momentum": lambda **more: RMSprop(0.002, momentum=0.5, epsilon=1e-3, **more),
    "rmsprop both": lambda **more: RMSprop(0.002, momentum=0.5, centered=True, epsilon=1e-3, **more),
    "adam": lambda **more: Adam(0.01, **more),
    "amsgrad": lambda **more: Adam(0.01, amsgrad=True, **more),
    "adamw": lambda **more: optimizers.AdamW(0.01, **more),
    "adamax": lambda **more: optimizers.Adamax(0.01, **more),
    "nadam": lambda **more: optimizers.Nadam(0.01, **more),
    "adagrad": lambda **more: optimizers.Adagrad(0.05, **more),
    "adadelta": lambda **more: optimizers.Adadelta(1.0, **more),
    "ftrl": lambda **more: optimizers.Ftrl(0.05, l1_regularization_strength=0.01, beta=0.1, **more),
    "lion": lambda **more: Lion(0.01, **more),
    "lamb": lambda **more: Lamb(0.01, **more),
    "adafactor": lambda **more: optimizers.Adafactor(0.01, **more),
    "halved": lambda **more: Halved(0.1, **more),
    "towards": lambda **more: Towards(0.1, **more),
    "remaining": lambda **more: Remaining(0.05, **more),
    "signs": lambda **more: Signs(0.01, **more),
}
IN_PYTHON = {"adafactor", "remaining", "signs"}
JUMPS = {"lion", "remaining", "signs"}  # steps that jump where a gradient is 0: rounding decides on them
OPTIONS = {
    "weight_decay": {"weight_decay": 0.1},
    "clipvalue": {"clipvalue": 0.03},
    "clipnorm": {"clipnorm": 0.1},
    "global_clipnorm": {"global_clipnorm": 0.2},
    "ema": {"use_ema": True, "ema_momentum": 0.9},
    "ema that overwrites": {"use_ema": True, "ema_overwrite_frequency": 4},
    "loss_scale_factor": {"loss_scale_factor": 1000.0},
    "accumulation": {"gradient_accumulation_steps": 3},
    "decay": {"decay": 0.05},
}
CONSTRAINTS = {
    "max_norm": lambda: constraints.MaxNorm(0.5),
    "max_norm of all": lambda: constraints.MaxNorm(0.7, axis=None),
    "max_norm of rows": lambda: constraints.MaxNorm(0.4, axis=-1),
    "non_neg": constraints.NonNeg,
    "unit_norm": constraints.UnitNorm,
    "min_max_norm": lambda: constraints.MinMaxNorm(0.2, 0.6, rate=0.5),
    "a function": lambda: lambda w: w * 0.95,
}


def _combined(optimizer, options, clip, ema, constraint):
    more = {}
    for name in (*sorted(options), clip, ema):
        more |= OPTIONS.get(name, {})
    return lambda: MAKE[optimizer](**more), constraint


COMBINED = st.builds(  # what makes an optimizer with options that go together, and a constraint
    _combined,
    st.sampled_from([name for name in MAKE if name not in JUMPS]),
    st.sets(st.sampled_from([name for name in OPTIONS if "clip" not in name and "ema" not in name])),
    st.sampled_from(["", "clipvalue", "clipnorm", "global_clipnorm"]),
    st.sampled_from(["", "ema", "ema that overwrites"]),
    st.sampled_from([None, *CONSTRAINTS]),
)
