"""A node for every number: what micrograd is read for, in whatever has its operators."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from .data import Data
from .workloads import Workload


def torch_leaf() -> Callable[[float], Any]:
    torch = importlib.import_module("torch")
    torch.set_num_threads(1)
    return lambda value: torch.tensor(value, requires_grad=True)


LEAVES = {  # what makes a leaf
    "micrograd": lambda: importlib.import_module("micrograd.engine").Value,
    "tinygrad_edu": lambda: importlib.import_module("tinygrad_edu").Tensor,
    "torch": torch_leaf,
}


class Scalars:
    """SGD on the mean squared error of an MLP of ReLU neurons: one step for each epoch, of all samples."""

    def __init__(self, library: str, workload: Workload, data: Data):
        if (workload.activation, workload.last, workload.batch) != ("relu", "linear", workload.rows):
            raise NotImplementedError("with_scalars expects ReLU, one linear output and whole epochs, got another workload.")
        self.leaf, self.workload, self.data = LEAVES[library](), workload, data
        self.samples = list(zip(data.x.tolist(), data.y[:, 0].tolist()))

    def reset(self) -> None:
        self.arrays = self.data.layers()

    def run(self) -> None:
        for _ in range(self.workload.epochs):
            self.step()

    def step(self) -> None:
        """Every weight becomes a leaf, goes into the loss, gets its gradient and moves."""
        leaves = [[_leaves(self.leaf, array) for array in layer] for layer in self.arrays]
        errors = [(self.output(leaves, x) + -y) ** 2 for x, y in self.samples]
        loss = sum(errors[1:], errors[0]) * (1 / len(errors))
        loss.backward()
        for layer, layer_leaves in zip(self.arrays, leaves):
            for array, found in zip(layer, layer_leaves):
                array -= self.workload.rate * np.array(_gradients(found), np.float32)

    def output(self, leaves: list, x: list) -> Any:
        """The score of a sample."""
        for kernel, bias in leaves[:-1]:
            x = [z.relu() for z in _neurons(kernel, bias, x)]
        return _neurons(*leaves[-1], x)[0]

    def weights(self) -> list[np.ndarray]:
        return [array for layer in self.arrays for array in layer]


FORMS = {library: lambda *given, library=library: Scalars(library, *given) for library in LEAVES}


def _neurons(kernel: list, bias: list, x: list) -> list:
    return [sum((row[o] * value for row, value in zip(kernel, x)), start) for o, start in enumerate(bias)]


def _leaves(leaf: Callable, array: np.ndarray) -> list:
    return [_leaves(leaf, part) if part.ndim else leaf(float(part)) for part in array]


def _gradients(leaves: list) -> list:
    return [_gradients(leaf) if isinstance(leaf, list) else float(leaf.grad) for leaf in leaves]
