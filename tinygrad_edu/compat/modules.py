"""The submodules in which Keras 2 kept what our packages offer at their top.

from tinygrad_edu.layers.convolutional import Dense    # the class tinygrad_edu.layers.Dense
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

# Package: its submodules in Keras 2. Some of them are ours too, with less inside.
SUBMODULES = {
    "backend": "common tensorflow_backend",
    "callbacks": "callbacks",
    "layers": "advanced_activations convolutional core embeddings merge noise normalization pooling recurrent wrappers",
    "optimizers": "legacy",
    "utils": "data_utils generic_utils io_utils layer_utils np_utils vis_utils",
}


def offer(package: str) -> None:
    """Let a package, while it is imported, have the submodules of the table: what one of them lacks is looked up in the package.

    Args:
        package: its `__name__`.
    """
    home = sys.modules[package]
    for name in SUBMODULES[package.rpartition(".")[2]].split():
        path = f"{package}.{name}"
        module = sys.modules.setdefault(path, ModuleType(path, f"What Keras 2 kept here: see `{package}`."))
        module.__getattr__ = _look_up(home, path)  # type: ignore[method-assign]
        setattr(home, name, module)


def _look_up(home: ModuleType, path: str) -> Any:
    """The `__getattr__` of a module that has what `home` has."""

    def attribute(name: str) -> Any:
        if name == "__all__":  # of `from ... import *`
            return [name for name, thing in vars(home).items() if name[0] != "_" and not isinstance(thing, ModuleType)]
        if name.startswith("__") or not hasattr(home, name):
            raise AttributeError(f"module {path!r} has no attribute {name!r}, and neither has {home.__name__!r}")
        return getattr(home, name)

    return attribute
