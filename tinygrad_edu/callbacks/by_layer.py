"""Numbers for each layer after each epoch: how large its gradients are, how large its weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..variable import Variable
from .callback import Callback


class ByLayer(Callback):
    """A number for each layer after each epoch.

    Attributes:
        layers: names of the layers that have weights, as the columns of `table`.
        epochs: indices of the epochs, as its rows.
    """

    remembers = "epochs", "_rows"

    def on_train_begin(self, logs=None):
        self.layers = list(dict.fromkeys(layer_of(w) for w in self.model.weights if w.trainable))
        self.epochs: list[int] = []
        self._rows: list[list[float]] = []

    def on_epoch_end(self, epoch, logs=None):
        self.epochs.append(epoch)
        self._rows.append([self.measure([w for w in self.model.weights if layer_of(w) == name]) for name in self.layers])

    def measure(self, weights: list[Variable]) -> float:
        """The number of a layer that has these weights."""
        raise NotImplementedError(f"{type(self).__name__} expects a method measure(weights).")

    def table(self) -> np.ndarray:
        """The numbers as an array (epochs, layers)."""
        rows = getattr(self, "_rows", [])
        return np.array(rows, float).reshape(len(rows), len(self.layers) if rows else 0)


class WeightNorm(ByLayer):
    """Keeps the sum of the absolute values of each layer's weights after each epoch: how much a layer changes in training.

    `table()` has a row for each epoch and a column for each of `layers`; `viz.plot_layers` draws it.
    """

    def measure(self, weights):
        return float(sum(np.abs(w.array).sum(dtype=float) for w in weights if w.trainable))


class GradientLogger(ByLayer):
    """Keeps the size of each layer's gradients in each epoch: the mean of |∂loss/∂w| over its weights and all batches.

    `table()` has a row for each epoch and a column for each of `layers`; where no gradient arrived it has nan.
    `viz.plot_layers` draws it.

        >>> from tinygrad_edu.layers import Dense
        >>> from tinygrad_edu.models import Sequential
        >>> model = Sequential([Dense(1, input_dim=1, kernel_initializer="zeros", name="line")])
        >>> model.compile("sgd", "mse")
        >>> logger = GradientLogger()
        >>> history = model.fit([[1.0], [3.0]], [1.0, 1.0], batch_size=1, shuffle=False, verbose=0, callbacks=[logger])
        >>> logger.layers, logger.table().round(2)
        (['line'], array([[2.84]]))

    Attributes:
        means: the mean gradient of the last epoch, over its batches, for each weight.

    It sees what the backward passes of `fit` find, before it is clipped.
    """

    _sums: dict[Variable, _Sum] = {}

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        self.means: dict[Variable, np.ndarray] = {}

    def on_epoch_begin(self, epoch, logs=None):
        self._let_go()  # of an epoch that an exception ended
        scale = self.model.optimizer.loss_scale_factor or 1.0
        self._sums = {weight: _Sum(weight, scale) for weight in self.model.trainable_weights}

    def on_epoch_end(self, epoch, logs=None):
        self.means = {weight: found.total / found.count for weight, found in self._sums.items() if found.count}
        super().on_epoch_end(epoch, logs)
        self._let_go()

    def on_train_end(self, logs=None):
        self._let_go()

    on_train_interrupt = on_train_end

    def measure(self, weights):
        found = [self._sums[w] for w in weights if w in self.means]
        sizes = sum(one.sizes / one.count for one in found)
        return sizes / sum(one.total.size for one in found) if found else float("nan")

    def get_state(self):
        sums = [{"total": one.total.copy(), "sizes": one.sizes, "count": one.count} for one in self._sums.values()]
        return super().get_state() | {"sums": sums}

    def set_state(self, state):
        super().set_state(state)
        for one, noted in zip(self._sums.values(), state["sums"]):
            one.total, one.sizes, one.count = noted["total"].copy(), noted["sizes"], noted["count"]

    def _let_go(self) -> None:
        """Watch no weight any more."""
        for found in self._sums.values():
            found.hook.remove()
        self._sums = {}


class _Sum:
    """The gradients of a weight, and their absolute values, added up as they come; `scale` times too large counts as many."""

    def __init__(self, weight: Variable, scale: float):
        self.total, self.sizes, self.count, self.scale = np.zeros_like(weight.array), 0.0, 0.0, scale
        self.hook = weight.register_hook(self._add)

    def _add(self, g: Any) -> None:
        self.total += g.array
        self.sizes += float(np.abs(g.array).sum())
        self.count += self.scale


def layer_of(weight: Variable) -> str:
    """Name of the layer that a weight belongs to: "encoder_1/dense_1" for "encoder_1/dense_1/kernel"."""
    return weight.path.rpartition("/")[0] or weight.path

