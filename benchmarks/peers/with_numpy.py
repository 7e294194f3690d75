"""NumPy by hand: forward, backward and update as one would write them who knows the network."""

from __future__ import annotations

import math

import numpy as np

from .data import ACTIVATIONS, Data, measure
from .workloads import ADAM, BATCH_NORM, Workload

# from what comes in (g) and the activation's output (a) to what goes on
SLOPES = {
    "relu": lambda g, a: np.multiply(g, a > 0, out=g),
    "tanh": lambda g, a: g * (1 - a * a),
    "elu": lambda g, a: g * np.minimum(a + 1, 1),
}


class Hand:
    """Plain loops over steps and layers."""

    def __init__(self, workload: Workload, data: Data):
        self.workload, self.data = workload, data
        self.activation, self.slope = ACTIVATIONS[workload.activation], SLOPES[workload.activation]

    def reset(self) -> None:
        self.layers = self.data.layers()
        self.trained = [weight for layer in self.layers for weight in layer[:4]]
        self.first, self.second = ([np.zeros_like(weight) for weight in self.trained] for _ in range(2))
        self.steps, self.losses = 0, []

    def run(self) -> None:
        x, y, batch = self.data.x, self.data.y, self.workload.batch
        for order in self.data.orders:
            for at in range(0, len(x), batch):
                rows = order[at : at + batch]
                self.update(self.gradients(x[rows], y[rows]))
            if self.workload.validation:
                self.losses.append(measure(self.workload, self.layers, self.data.x_val, self.data.y_val))

    def weights(self) -> list[np.ndarray]:
        return [weight for layer in self.layers for weight in layer]

    def gradients(self, x: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
        """Of the mean loss of a batch, by each weight that is trained."""
        inputs, normalized = [x], []
        *hidden, (kernel, bias) = self.layers
        for layer in hidden:
            z = inputs[-1] @ layer[0]
            z += layer[1]
            if self.workload.normalized:
                z, *kept = normalize(z, *layer[2:])
                normalized.append(kept)
            inputs.append(self.activation(z))
        z = inputs[-1] @ kernel
        z += bias
        g = self.slope_of_loss(z, y)
        found = [g.sum(0), inputs[-1].T @ g]
        for depth in reversed(range(len(hidden))):
            g = self.slope(g @ self.layers[depth + 1][0].T, inputs[depth + 1])
            if self.workload.normalized:
                g, *by_scale = normalize_back(g, self.layers[depth][2], *normalized[depth])
                found += by_scale
            found += [g.sum(0), inputs[depth].T @ g]
        return found[::-1]

    def slope_of_loss(self, z: np.ndarray, y: np.ndarray) -> np.ndarray:
        """By the last layer's output before its activation."""
        if self.workload.last == "sigmoid":
            return (1 / (1 + np.exp(-z)) - y) / len(z)
        if self.workload.last == "linear":
            return (z - y) * np.float32(2 / len(z))
        z -= z.max(1, keepdims=True)
        np.exp(z, out=z)
        z /= z.sum(1, keepdims=True)
        z[np.arange(len(z)), y] -= 1
        z /= len(z)
        return z

    def update(self, gradients: list[np.ndarray]) -> None:
        """One step of SGD or Adam."""
        self.steps += 1
        if self.workload.rate is None:
            for arrays in zip(self.trained, gradients, self.first, self.second):
                adam(*arrays, self.steps)
        elif self.workload.momentum:
            for weight, g, speed in zip(self.trained, gradients, self.first):
                g *= self.workload.rate
                speed *= self.workload.momentum
                speed -= g
                weight += speed
        else:
            for weight, g in zip(self.trained, gradients):
                g *= self.workload.rate
                weight -= g


FORMS = {"hand": Hand}


def adam(weight: np.ndarray, g: np.ndarray, m: np.ndarray, v: np.ndarray, steps: int) -> None:
    b1, b2 = ADAM["beta_1"], ADAM["beta_2"]
    m += (g - m) * np.float32(1 - b1)
    g *= g
    g -= v
    g *= np.float32(1 - b2)
    v += g
    root = np.sqrt(v)
    root += np.float32(ADAM["epsilon"])
    np.divide(m, root, out=root)
    root *= np.float32(ADAM["rate"] * math.sqrt(1 - b2**steps) / (1 - b1**steps))
    weight -= root


def normalize(z: np.ndarray, gamma: np.ndarray, beta: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> tuple:
    """Batch normalization in training: the result, and what the way back needs. The moving averages move."""
    at = z.mean(0)
    z -= at
    spread = np.einsum("ij,ij->j", z, z) / len(z)
    for moving, new in ((mean, at), (variance, spread)):
        moving += (new - moving) * np.float32(1 - BATCH_NORM["momentum"])
    scale = 1 / np.sqrt(spread + np.float32(BATCH_NORM["epsilon"]))
    z *= scale
    out = z * gamma
    out += beta
    return out, z, scale


def normalize_back(g: np.ndarray, gamma: np.ndarray, z: np.ndarray, scale: np.ndarray) -> tuple:
    """Gradients by input, beta, gamma. Source: Ioffe & Szegedy (2015), section 3."""
    by_beta, by_gamma = g.sum(0), np.einsum("ij,ij->j", g, z)
    g -= by_beta / len(g)
    g -= z * (by_gamma / len(g))
    g *= gamma * scale
    return g, by_beta, by_gamma
