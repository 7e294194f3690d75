"""tinygrad_edu: deep learning that one person can read.

The map of the package, in reading order:

    memory       noticing that an array was changed;   modes  recording on and off;   allocation  of large arrays
    graph        Value, Node: what a recorded computation is made of
    record       Op, apply: running a function on arrays and recording it
    backward     walk: the gradients, going back through the nodes
    ops          every formula: one declaration per op (`python -m tinygrad_edu.ops` lists them)
    protocols    NumPy's functions on Tensors;   arraylike  operators and methods
    tensor       Tensor, an array that remembers how it was computed
    custom       op, elementwise: ops of your own
    linearized, structure, calculus     grad, vjp, jvp, jacobian, hessian, gradients, no_grad
    recompute    checkpoint: computing again instead of keeping;   anomaly  finding the first nan
    kernel       loops compiled by Numba;   random  one seed for all;   registry  things by name
    initializers activations regularizers constraints losses metrics     Keras' names, one formula each
    layers       Dense ...;   optimizers  SGD ...;   callbacks  History ...
    saving       files: written in one piece, read with distrust
    models       Sequential: compile, fit, evaluate, predict, summary, save, load_model
    compiled     @compiled: functions of arrays without Python between their ops, and how `fit` does it
    datasets     data that is made, found or fetched, and checked;   sequence, preprocessing   batches by number, padding
    backend, utils   what Keras keeps there;   wrappers  models as scikit-learn's estimators;   compat  older spellings
    testing      check_gradients and Hypothesis strategies, for your own ops, layers and losses

`import tinygrad_edu as keras` gives the namespaces a Keras script expects. Every name is imported on
its first use, so that importing the package costs next to nothing. Pictures are in the package `viz`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .config import __version__

if TYPE_CHECKING:
    from . import (
        activations, backend, callbacks, compat, constraints, datasets, initializers, layers, losses, metrics, models, ops,
        optimizers, preprocessing, regularizers, saving, utils, wrappers,
    )  # fmt: skip
    from .anomaly import AnomalyError, detect_anomaly
    from .calculus import (
        enable_grad, grad, gradients, hessian, hvp, is_grad_enabled, jacobian, jvp, no_grad, value_and_grad, vjp,
    )  # fmt: skip
    from .compiled.function import compiled
    from .custom import elementwise, op
    from .graph import ChangedArrayError, GraphError, ReleasedGraphError
    from .layers import Input, Layer
    from .models import Model, Sequential
    from .random import set_random_seed
    from .recompute import checkpoint
    from .tensor import Tensor, as_tensor, from_dlpack
    from .variable import Variable

_HOMES = {
    "tensor": ("Tensor", "as_tensor", "from_dlpack"),
    "variable": ("Variable",),
    "custom": ("elementwise", "op"),
    "calculus": (
        "enable_grad", "grad", "gradients", "hessian", "hvp", "is_grad_enabled", "jacobian", "jvp", "no_grad", "value_and_grad",
        "vjp",
    ),
    "recompute": ("checkpoint",),
    "anomaly": ("AnomalyError", "detect_anomaly"),
    "graph": ("ChangedArrayError", "GraphError", "ReleasedGraphError"),
    "models": ("Model", "Sequential"),
    "layers": ("Input", "Layer"),
    "random": ("set_random_seed",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}
_MODULES = (
    "activations", "backend", "callbacks", "compat", "compiled", "constraints", "datasets", "initializers", "layers", "losses",
    "metrics", "models", "ops", "optimizers", "preprocessing", "random", "regularizers", "saving", "testing", "utils", "wrappers",
)  # fmt: skip

__all__ = sorted([*_HOME_OF, *(module for module in _MODULES)])


def __getattr__(name: str) -> Any:
    """Import a public name, a public module or an op when it is first asked for."""
    if name in _HOME_OF:
        value = getattr(importlib.import_module(f".{_HOME_OF[name]}", __name__), name)
    elif name in _MODULES:
        value = importlib.import_module(f".{name}", __name__)
    elif name in (functions := importlib.import_module(".ops", __name__).functions):
        value = functions[name]
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *importlib.import_module(".ops", __name__).functions})
