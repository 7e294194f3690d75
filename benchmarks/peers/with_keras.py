"""Keras on JAX: `compile` and `fit`, the rows in the order that all peers take."""

from __future__ import annotations

import itertools
import os

os.environ["KERAS_BACKEND"] = "jax"

import keras
import numpy as np

from .data import Data
from .in_keras_words import compiled_model, settings_of_fit
from .workloads import Workload


class Fit:
    """`model.fit`; model and optimizer are the same in every run, so that nothing is compiled again."""

    def __init__(self, workload: Workload, data: Data):
        self.data = data
        self.model = compiled_model(keras, workload)
        self.settings = settings_of_fit(workload, data.x_val, data.y_val)

    def reset(self) -> None:
        self.model.set_weights(self.data.weights)
        optimizer = self.model.optimizer
        optimizer.build(self.model.trainable_variables)
        for variable in optimizer.variables:
            if variable is not optimizer.learning_rate:
                variable.assign(np.zeros(variable.shape, variable.dtype))
        self.orders = itertools.cycle(self.data.orders)  # the first `fit` of a model looks at the first batch once more

    def run(self) -> None:
        draw, np.random.permutation = np.random.permutation, lambda rows: next(self.orders)  # what Keras calls to shuffle
        try:
            self.model.fit(self.data.x, self.data.y, **self.settings)
        finally:
            np.random.permutation = draw

    def weights(self) -> list[np.ndarray]:
        return self.model.get_weights()


FORMS = {"fit": Fit}
