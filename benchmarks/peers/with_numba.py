"""Numba by hand, for networks of few units: samples side by side in memory, so that the inner loops are as long as a batch.

Only SGD, and losses of one output: what is written by hand is written for a purpose.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from .data import Data, measure
from .workloads import Workload

RELU, TANH = 0, 1
SIGMOID, LINEAR = 0, 1
compiled = numba.njit(fastmath=True, error_model="numpy")


class Hand:
    """One compiled function goes through all batches of an epoch."""

    def __init__(self, workload: Workload, data: Data):
        if workload.last == "softmax" or workload.normalized or workload.rate is None:
            raise NotImplementedError("with_numba expects SGD, one output and no normalization, got another workload.")
        self.workload, self.data = workload, data
        self.codes = {"relu": RELU, "tanh": TANH}[workload.activation], {"sigmoid": SIGMOID, "linear": LINEAR}[workload.last]
        self.rates = np.float32(workload.rate), np.float32(workload.momentum)

    def reset(self) -> None:
        layers, sizes = self.data.layers(), self.workload.sizes
        self.kernels, self.biases = (tuple(layer[i] for layer in layers) for i in range(2))
        self.speeds = tuple(tuple(map(np.zeros_like, weights)) for weights in (self.kernels, self.biases))
        space = lambda: tuple(np.empty((size, self.workload.batch), np.float32) for size in sizes)
        self.spaces, self.losses = (space(), space()), []

    def run(self) -> None:
        weights = self.kernels, self.biases, *self.speeds
        for order in self.data.orders:
            epoch(self.data.x, self.data.y, order, self.workload.batch, *weights, *self.spaces, *self.codes, *self.rates)
            if self.workload.validation:
                layers = list(map(list, zip(self.kernels, self.biases)))
                self.losses.append(measure(self.workload, layers, self.data.x_val, self.data.y_val))

    def weights(self) -> list[np.ndarray]:
        return [weight for layer in zip(self.kernels, self.biases) for weight in layer]


FORMS = {"hand": Hand}


@compiled
def epoch(x, y, order, batch, kernels, biases, kernel_speeds, bias_speeds, outs, slopes, activation, last, rate, momentum):
    depth = len(kernels)
    for at in range(0, len(order), batch):
        rows = order[at : at + batch]
        n = len(rows)
        for j in range(n):
            for i in range(x.shape[1]):
                outs[0][i, j] = x[rows[j], i]
        for layer in range(depth):
            forward(kernels[layer], biases[layer], outs[layer], outs[layer + 1], n)
            if layer < depth - 1:
                activate(outs[layer + 1], activation, n)
        slope_of_loss(outs[depth], slopes[depth], y, rows, last)
        for layer in range(depth - 1, -1, -1):
            if layer < depth - 1:
                activate_back(outs[layer + 1], slopes[layer + 1], activation, n)
            if layer > 0:
                back(kernels[layer], slopes[layer], slopes[layer + 1], n)
            update(kernels[layer], biases[layer], kernel_speeds[layer], bias_speeds[layer],
                   outs[layer], slopes[layer + 1], n, rate, momentum)  # fmt: skip


@compiled
def forward(kernel, bias, a, z, n):
    for o in range(len(bias)):
        for j in range(n):
            z[o, j] = bias[o]
        for i in range(len(kernel)):
            weight = kernel[i, o]
            for j in range(n):
                z[o, j] += weight * a[i, j]


@compiled
def activate(z, activation, n):
    for o in range(len(z)):
        if activation == RELU:
            for j in range(n):
                z[o, j] = max(z[o, j], np.float32(0))
        else:
            for j in range(n):
                z[o, j] = math.tanh(z[o, j])


@compiled
def activate_back(a, g, activation, n):
    one = np.float32(1)
    for o in range(len(a)):
        if activation == RELU:
            for j in range(n):
                g[o, j] = g[o, j] if a[o, j] > 0 else np.float32(0)
        else:
            for j in range(n):
                g[o, j] *= one - a[o, j] * a[o, j]


@compiled
def slope_of_loss(z, g, y, rows, last):
    """By the last layer's output before its activation."""
    one, n = np.float32(1), len(rows)
    for o in range(len(z)):
        for j in range(n):
            if last == SIGMOID:
                g[o, j] = (one / (one + math.exp(-z[o, j])) - y[rows[j], o]) / np.float32(n)
            else:
                g[o, j] = (z[o, j] - y[rows[j], o]) * np.float32(2) / np.float32(n)


@compiled
def back(kernel, by_a, by_z, n):
    for i in range(len(kernel)):
        for j in range(n):
            by_a[i, j] = 0
        for o in range(kernel.shape[1]):
            weight = kernel[i, o]
            for j in range(n):
                by_a[i, j] += weight * by_z[o, j]


@compiled
def update(kernel, bias, kernel_speed, bias_speed, a, by_z, n, rate, momentum):
    for o in range(len(bias)):
        total = np.float32(0)
        for j in range(n):
            total += by_z[o, j]
        bias_speed[o] = momentum * bias_speed[o] - rate * total
        bias[o] += bias_speed[o]
        for i in range(len(kernel)):
            total = np.float32(0)
            for j in range(n):
                total += a[i, j] * by_z[o, j]
            kernel_speed[i, o] = momentum * kernel_speed[i, o] - rate * total
            kernel[i, o] += kernel_speed[i, o]
