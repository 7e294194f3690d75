"""This framework, as everybody uses it: `compile`, `fit`, and nothing else."""

from __future__ import annotations

import numpy as np

import tinygrad_edu

from .data import SEED, Data
from .in_keras_words import compiled_model, settings_of_fit
from .workloads import Workload


class Fit:
    """`model.fit`, of a new model in every run."""

    def __init__(self, workload: Workload, data: Data):
        self.workload, self.data = workload, data
        self.settings = settings_of_fit(workload, data.x_val, data.y_val)

    def reset(self) -> None:
        self.model = compiled_model(tinygrad_edu, self.workload)
        self.model.set_weights(self.data.weights)
        tinygrad_edu.set_random_seed(SEED)  # `data.orders` are what it draws from here on

    def run(self) -> None:
        self.model.fit(self.data.x, self.data.y, **self.settings)

    def weights(self) -> list[np.ndarray]:
        return self.model.get_weights()


FORMS = {"fit": Fit}
