"""PyTorch: a loop over batches with `backward()` and `step()`, as its tutorials have it; and compiled."""

from __future__ import annotations

import os

import numpy as np
import torch
from torch import nn

from .data import Data
from .workloads import ADAM, BATCH_NORM, Workload

torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "elu": nn.ELU}
LOSSES = {"sigmoid": nn.BCEWithLogitsLoss, "softmax": nn.CrossEntropyLoss, "linear": nn.MSELoss}


class Eager:
    """Its defaults."""

    fused: bool | None = None

    def __init__(self, workload: Workload, data: Data):
        self.workload = workload
        self.initial = data.layers()
        self.model = nn.Sequential(*_parts(workload))
        self.x, self.y, self.x_val, self.y_val = map(_tensor, (data.x, data.y, data.x_val, data.y_val))
        self.orders = torch.from_numpy(data.orders)
        self.measure = LOSSES[workload.last]()
        self.loss = self.prepared(lambda x, y: self.measure(self.model(x), y))

    def prepared(self, loss):
        """The loss of a batch, as this form computes it."""
        return loss

    def reset(self) -> None:
        dense, norms = _kinds(self.model)
        with torch.no_grad():
            for layer, (kernel, bias, *_) in zip(dense, self.initial):
                layer.weight.copy_(torch.from_numpy(kernel.T))
                layer.bias.copy_(torch.from_numpy(bias))
            for norm, (_, _, *rest) in zip(norms, self.initial):
                for target, array in zip(_of_norm(norm), rest):
                    target.copy_(torch.from_numpy(array))
        self.optimizer, self.losses = self.new_optimizer(), []

    def new_optimizer(self) -> torch.optim.Optimizer:
        if self.workload.rate is None:
            betas = ADAM["beta_1"], ADAM["beta_2"]
            return torch.optim.Adam(self.model.parameters(), ADAM["rate"], betas, ADAM["epsilon"], fused=self.fused)
        rate, momentum = self.workload.rate, self.workload.momentum
        return torch.optim.SGD(self.model.parameters(), rate, momentum, fused=self.fused)

    def run(self) -> None:
        for order in self.orders:
            self.model.train()
            for rows in order.split(self.workload.batch):
                self.optimizer.zero_grad()
                self.loss(self.x[rows], self.y[rows]).backward()
                self.optimizer.step()
            if self.workload.validation:
                self.losses.append(self.validate())

    def validate(self) -> float:
        self.model.eval()
        with torch.inference_mode():
            return self.measure(self.model(self.x_val), self.y_val).item()

    def weights(self) -> list[np.ndarray]:
        dense, norms = _kinds(self.model)
        found = []
        for depth, layer in enumerate(dense):
            found += [layer.weight.T, layer.bias, *(_of_norm(norms[depth]) if depth < len(norms) else ())]
        return [np.array(weight.detach()) for weight in found]


class Fused(Eager):
    """With optimizers in one kernel each."""

    fused = True


class Compiled(Fused):
    """With `torch.compile` around forward and loss."""

    def prepared(self, loss):
        return torch.compile(loss, dynamic=False)


FORMS = {"eager": Eager, "fused": Fused, "compile": Compiled}


def _tensor(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(array).long() if array.dtype == np.int32 else torch.from_numpy(array)


def _parts(workload: Workload) -> list[nn.Module]:
    found: list[nn.Module] = []
    for features, units in zip(workload.sizes[:-2], workload.sizes[1:]):
        norm = [nn.BatchNorm1d(units, BATCH_NORM["epsilon"], 1 - BATCH_NORM["momentum"])] if workload.normalized else []
        found += [nn.Linear(features, units), *norm, ACTIVATIONS[workload.activation]()]
    return [*found, nn.Linear(*workload.sizes[-2:])]


def _kinds(model: nn.Sequential) -> tuple[list[nn.Linear], list[nn.BatchNorm1d]]:
    return [m for m in model if isinstance(m, nn.Linear)], [m for m in model if isinstance(m, nn.BatchNorm1d)]


def _of_norm(norm: nn.BatchNorm1d) -> tuple:
    return norm.weight, norm.bias, norm.running_mean, norm.running_var
