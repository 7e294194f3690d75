"""Imports that say `keras` or `tensorflow.keras`, answered with the modules of this package.

import keras                                     # tinygrad_edu itself
from keras.layers.core import Dense              # tinygrad_edu.layers.core
from tensorflow.keras.utils import np_utils      # tinygrad_edu.utils.np_utils
import tensorflow as tf                          # what has tf.keras, and little more
"""

from __future__ import annotations

import importlib
import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType, SimpleNamespace
from typing import Any

PACKAGE = __name__.partition(".")[0]
KERAS = "keras", "tensorflow.keras", "tensorflow.python.keras"  # what stands for the package
RENAMED = {  # modules of Keras that are others here, "" the package itself
    "engine": "", "engine.base_layer": "", "engine.topology": "", "engine.training": "", "objectives": "losses",
}  # fmt: skip
TENSORFLOW = {  # attribute of tensorflow: how to get it
    "keras": lambda: importlib.import_module(PACKAGE),
    "GradientTape": lambda: importlib.import_module(f"{PACKAGE}.backend").GradientTape,
    "random": lambda: SimpleNamespace(set_seed=importlib.import_module(f"{PACKAGE}.random").set_random_seed),
}


def install(replace: bool = False) -> None:
    """From here on, let `import keras` and `import tensorflow` mean this package, in this process.

    Args:
        replace: also where a real one is installed.

    Raises:
        ImportError: if there is a real one, and `replace` is False.
    """
    if any(isinstance(finder, Finder) for finder in sys.meta_path):
        return
    for name in ("keras", "tensorflow"):
        if not replace and (where := _place_of(name)):
            raise ImportError(
                f"tinygrad_edu.compat expects no other {name}, got the one in {where}. "
                "Ask for tinygrad_edu in its place with --replace, or install(replace=True).",
                name=name,
            )
    for name in [name for name in sys.modules if name.partition(".")[0] in ("keras", "tensorflow")]:
        del sys.modules[name]
    sys.meta_path.insert(0, Finder())


def _place_of(name: str) -> str | None:
    """Where a module of that name would be imported from."""
    loaded = sys.modules.get(name)
    spec = PathFinder.find_spec(name) if loaded is None else loaded.__spec__
    return None if spec is None else spec.origin  # a folder that only has that name has no origin


class Finder(MetaPathFinder, Loader):
    """Finds the modules of Keras among ours. It must come first: a submodule's path leads Python to our files."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """Whether `fullname` is ours to answer, and then how."""
        if fullname.partition(".")[0] not in ("keras", "tensorflow"):
            return None
        return ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """A module to begin with; for all but TensorFlow it is thrown away."""
        return TensorFlow(spec.name) if spec.name in ("tensorflow", "tensorflow.python") else None

    def exec_module(self, module: ModuleType) -> None:
        """Put our module in the place of the one that Python made: this is allowed, and every name then means one object."""
        if not isinstance(module, TensorFlow):
            sys.modules[module.__name__] = _ours(module.__name__)


def _ours(name: str) -> ModuleType:
    """The module of this package that a name of Keras' stands for."""
    root = next((root for root in KERAS if name == root or name.startswith(f"{root}.")), None)
    if root is None:
        raise ModuleNotFoundError(f"No module named {name!r}: of TensorFlow, {PACKAGE} has tensorflow.keras only.", name=name)
    path = name.removeprefix(root).removeprefix(".")
    ours = f"{PACKAGE}.{RENAMED.get(path, path)}".removesuffix(".")
    try:
        return importlib.import_module(ours)
    except ModuleNotFoundError as error:
        if error.name != ours:
            raise
    raise ModuleNotFoundError(f"No module named {name!r}: {PACKAGE} has no {path!r}.", name=name)


class TensorFlow(ModuleType):
    """What stands for `tensorflow`: Keras, a tape of gradients, a seed."""

    __version__ = f"2.0.0+{PACKAGE}"  # scripts compare it: this is the version whose Keras we speak

    def __getattr__(self, name: str) -> Any:
        if name not in TENSORFLOW:
            has = ", ".join(f"tf.{name}" for name in TENSORFLOW)
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}: of TensorFlow, {PACKAGE} has {has} only.")
        return TENSORFLOW[name]()

    def __reduce__(self) -> tuple:
        """Functions that use it can be sent to processes that import TensorFlow from nowhere."""
        return TensorFlow, (self.__name__,)
