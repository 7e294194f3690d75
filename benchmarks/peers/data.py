"""What a workload is trained on, the same to the bit for every peer: samples, order, initial weights."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from .workloads import BATCH_NORM, Workload

SEED = 1
Layers = list[list[np.ndarray]]


@dataclass
class Data:
    """All that a training begins with.

    Args:
        x, y: samples; labels are classes (rows,) for a softmax, else numbers (rows, 1).
        x_val, y_val: samples to validate with, maybe none.
        orders: (epochs, rows): the rows in the order in which each epoch takes them.
        weights: of all layers, in the order of `get_weights`.
    """

    x: np.ndarray
    y: np.ndarray
    x_val: np.ndarray
    y_val: np.ndarray
    orders: np.ndarray
    weights: list[np.ndarray]

    def layers(self) -> Layers:
        """Copies of the weights, `grouped`."""
        return grouped([weight.copy() for weight in self.weights])


def save(path: Path, workload: Workload, data: Data) -> None:
    """Both in one file, which needs neither this framework nor a data set to be read."""
    arrays = {name: value for name, value in vars(data).items() if name != "weights"}
    weights = {f"weight_{i:02}": weight for i, weight in enumerate(data.weights)}
    np.savez(path, workload=json.dumps(asdict(workload)), **arrays, **weights)


def load(path: Path) -> tuple[Workload, Data]:
    """What `save` wrote."""
    with np.load(path) as file:
        fields = json.loads(str(file["workload"]))
        arrays = {name: file[name] for name in ("x", "y", "x_val", "y_val", "orders")}
        weights = [file[name] for name in sorted(file.files) if name.startswith("weight_")]
    return Workload(**{**fields, "sizes": tuple(fields["sizes"])}), Data(**arrays, weights=weights)


def loss(workload: Workload, data: Data, weights: list[np.ndarray]) -> float:
    """The loss of trained weights over all samples, in float64: what all peers have to agree on."""
    exact = [weight.astype(np.float64) for weight in weights]
    return measure(workload, grouped(exact), data.x.astype(np.float64), data.y)


def grouped(weights: list[np.ndarray]) -> Layers:
    """Weights by layer: kernel, bias, and of hidden layers that are normalized gamma, beta, mean, variance."""
    found: Layers = []
    for weight in weights:
        if weight.ndim == 2:
            found.append([])
        found[-1].append(weight)
    return found


def measure(workload: Workload, layers: Layers, x: np.ndarray, y: np.ndarray) -> float:
    """Mean loss over samples, by layers that have been trained."""
    *hidden, (kernel, bias) = layers
    for hidden_kernel, hidden_bias, *rest in hidden:
        x = ACTIVATIONS[workload.activation](_normalized(x @ hidden_kernel + hidden_bias, *rest))
    z = x @ kernel + bias
    if workload.last == "softmax":
        z -= z.max(1, keepdims=True)
        return float(np.mean(np.log(np.exp(z).sum(1)) - z[np.arange(len(z)), y]))
    if workload.last == "sigmoid":
        return float(np.mean(np.logaddexp(z.dtype.type(0), z) - z * y))
    return float(np.mean((z - y) ** 2))


ACTIVATIONS = {
    "relu": lambda z: np.maximum(z, 0),
    "tanh": np.tanh,
    "elu": lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
}


def _normalized(z: np.ndarray, *rest: np.ndarray) -> np.ndarray:
    if not rest:
        return z
    gamma, beta, mean, variance = rest
    return (z - mean) / np.sqrt(variance + BATCH_NORM["epsilon"]) * gamma + beta
