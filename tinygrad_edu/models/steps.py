"""What happens in one step of training, of measuring and of asking: `compile` decides, the rest does it."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import compat, optimizers
from ..calculus import gradients
from ..layers import Layer
from ..layers.arguments import whole
from ..metrics import Metric
from ..rerun import Moved
from ..tensor import Tensor
from .batches import unpack
from .objective import Objective
from .ports import by_output, output_names, outputs_of
from .sameness import Kept
from .scores import Scores
from .settings import jit_word


class Steps(Layer):
    """A layer that takes steps: on one batch, and with no word to anybody. Override a step to train in another way.

    >>> class Plain(tinygrad_edu.Sequential):
    ...     '''Gradient descent by hand.'''
    ...     def train_step(self, data):
    ...         x, y = data
    ...         loss = self.compute_loss(x, y, self(x, training=True))
    ...         for weight, g in zip(self.trainable_weights, tinygrad_edu.gradients(loss, self.trainable_weights)):
    ...             weight.assign(weight - 0.1 * g)
    ...         return {"loss": loss.item()}
    """

    optimizer: optimizers.Optimizer
    loss: Any = None
    compiled_with: dict[str, Any] | None = None  # the arguments of `compile` that a file keeps, but for the optimizer
    batch_loss: float | None = None  # of the last batch alone, where logs are means since the epoch began

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self._objective, self._scores, self._kept = Objective(None), Scores(), Kept()
        self._tried: set[tuple] = set()  # shapes of batches that were seen to fit what was compiled

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: Any = "auto",
        **legacy: Any,
    ) -> None:
        """Decide how to train. Compiling again begins with a new optimizer, new losses and metrics, and the same weights.

        Args:
            optimizer: name or Optimizer.
            loss: name, Loss, or function of (y_true, y_pred); for several outputs one for all, a list with one for each,
                or a dict by output. None skips an output; None alone is for losses that layers add (`add_loss`).
            loss_weights: factors of the losses, in a list or a dict by output. What is reported of each output is without.
            metrics: names or functions of (y_true, y_pred), counted over each epoch; for several outputs lists in a list,
                or a dict by output. As third argument without its name it is understood too, as in Keras 2.
            weighted_metrics: the same, for metrics that sample weights reach.
            run_eagerly, steps_per_execution: accepted as Keras' words; every step is run by itself.
            jit_compile: whether the steps of `fit`, `evaluate` and `predict` run compiled, without Python between their ops, nor
                between the steps where data are arrays. "auto": if there are enough of them to be worth it, and it is
                possible; `explain_jit()` tells. True: always, and what cannot is an error that says why. False: never.
        """
        if "sample_weight_mode" in legacy:
            del legacy["sample_weight_mode"]
            warnings.warn("compile() ignores sample_weight_mode: weights per step are told by their shape.", stacklevel=2)
        compat.refuse_unknown(self.compile, legacy)
        if metrics is None and _are_metrics(loss_weights):
            metrics, loss_weights = loss_weights, None
        objective, scores = Objective(loss, loss_weights), Scores(metrics, weighted_metrics)
        found = optimizers.get(optimizer)  # unknown names fail here
        names = output_names(self)
        if names is not None:
            objective.bind(names)
        if names is not None or not scores.by_output:
            scores.bind(objective, names or ["output_1"])
        self.optimizer, self.loss, self._objective, self._scores = found, objective.told, objective, scores
        self.run_eagerly, self.jit_compile, self._kept = bool(run_eagerly), jit_word(jit_compile), Kept()
        self.steps_per_execution = whole("compile", "steps_per_execution", steps_per_execution)
        self._tried = set()
        kept = {
            "loss": loss, "loss_weights": loss_weights, "metrics": metrics, "weighted_metrics": weighted_metrics,
            "run_eagerly": self.run_eagerly, "steps_per_execution": self.steps_per_execution, "jit_compile": jit_compile,
        }  # fmt: skip
        vars(self)["compiled_with"] = kept  # a dict among the attributes would be searched for layers in every step
        self._frozen = self._frozen_layers()

    @property
    def compiled(self) -> bool:
        """Whether `compile` was called."""
        return self.compiled_with is not None

    # Steps: override these to train in another way ------------------------------------------------

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step on one batch (x, y): forward, loss, backward, update. Returns means since the epoch began.

        Args:
            data: (x, y), (x, y, sample_weight), or x alone.

        A loss that is nan or infinite moves nothing: weights and moving averages stay those of the step before.
        """
        x, y, sample_weight = unpack(data)
        with Moved() as moved:
            y_pred = self(x, training=True)
            loss = self.compute_loss(x, y, y_pred, sample_weight)
        weights = self.trainable_weights
        if not math.isfinite(loss.item()):
            moved.undo()
        elif weights:
            self.optimizer.apply(gradients(self.optimizer.scale_loss(loss), weights), weights)
        return self._count(loss, x, y, y_pred, sample_weight)

    def loss_again(self, data: Any) -> Callable[[], Tensor] | None:
        """A function that computes the loss of a batch as `train_step` does; None if the model has a `train_step` of its own."""
        x, y, sample_weight = unpack(data)
        is_own = type(self).train_step is not Steps.train_step
        return None if is_own else lambda: self.compute_loss(x, y, self(x, training=True), sample_weight)

    def test_step(self, data: Any) -> dict[str, Any]:
        """Count one batch without learning from it. `data` is that of `train_step`."""
        x, y, sample_weight = unpack(data)
        y_pred = self(x)
        return self._count(self.compute_loss(x, y, y_pred, sample_weight, training=False), x, y, y_pred, sample_weight)

    def predict_step(self, data: Any) -> Any:
        """The outputs for one batch."""
        return self(unpack(data)[0])

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Tensor:
        """The loss of a batch: those of the outputs, weighted, and what layers add: penalties, losses of their own.

        Override it for a loss that needs more than labels and predictions.
        """
        names = self._names(y_pred)
        total = self._objective.total(by_output(y, names), outputs_of(y_pred), by_output(sample_weight, names))
        for more in self.losses:
            total = more if total is None else total + more
        if total is None:
            raise ValueError("compute_loss expects a loss, got none. Pass loss= to compile, or add one in a layer (add_loss).")
        return total

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Count a batch in all compiled metrics. Returns everything counted since the epoch began, by name."""
        if self._scores.placed:
            names = self._names(y_pred)
            self._scores.count(by_output(y, names), outputs_of(y_pred), by_output(sample_weight, names))
        return self.get_metrics_result()

    @property
    def overrides_loss(self) -> bool:
        """Whether the loss is computed in a way of the model's own, so that nobody knows which labels it takes."""
        return type(self).compute_loss is not Steps.compute_loss

    def _count(self, loss: Tensor, x: Any, y: Any, y_pred: Any, sample_weight: Any) -> dict[str, Any]:
        self.batch_loss = loss.item()
        self._scores.count_loss(self.batch_loss, self._objective, len(outputs_of(y_pred)[0]))
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def _names(self, y_pred: Any) -> list[str]:
        """Names of the outputs, to which losses and metrics are bound by the first batch at the latest."""
        names = self._objective.names
        if names is None:
            names = output_names(self, y_pred) or ["output_1"]
            self._objective.bind(names)
            self._scores.bind(self._objective, names)
        return names

    # Metrics -------------------------------------------------------------------------------------

    @property
    def metrics(self) -> list[Metric]:
        """All that is counted over an epoch: mean losses, compiled metrics, and those in the model's own attributes."""
        own = [value for value in vars(self).values() if isinstance(value, Metric)]
        return [*self._scores.metrics, *own]

    @property
    def metrics_names(self) -> list[str]:
        """Names of what `evaluate` returns, in its order: loss, losses of outputs, metrics of outputs."""
        return self._scores.names

    def reset_metrics(self) -> None:
        """Forget all that was counted."""
        for metric in self.metrics:
            metric.reset_state()

    def get_metrics_result(self) -> dict[str, Any]:
        """Everything counted since the last `reset_metrics()`, by name."""
        return self._scores.results()

    # Freezing ------------------------------------------------------------------------------------

    def _frozen_layers(self) -> list[str]:
        return [layer.path for layer in self.all_layers if not layer.trainable]

    def _tell_of_freezing(self) -> None:
        """Warn if `trainable` was changed since `compile`: Keras 2 went by what held then."""
        if self._frozen != self._frozen_layers():
            self._frozen = self._frozen_layers()
            warnings.warn(
                f"{self.name} expects compile() after trainable was changed, got fit() at once. What is frozen now is not "
                f"trained: {', '.join(self._frozen) or 'nothing'}. Compile again to begin with a new optimizer.",
                stacklevel=3,
            )

    def _require_compile(self, what: str) -> None:
        if self.compiled_with is None:
            raise RuntimeError(f"{what} expects a compiled model. Call model.compile(optimizer, loss) first.")


COUNTING = "compute_loss", "compute_metrics", "_count", "get_metrics_result", "reset_metrics"


def own_methods(model: Any, *names: str) -> list[str]:
    """Those of the methods of `Steps` that the class of a model has overridden."""
    return [name for name in names if getattr(type(model), name) is not getattr(Steps, name)]


def _are_metrics(given: Any) -> bool:
    """Whether the third argument of `compile` means metrics, as in Keras 2: it holds something else than numbers."""
    parts = given.values() if isinstance(given, dict) else given if isinstance(given, (list, tuple)) else [given]
    if parts is given and not parts:
        return True
    return any(part is not None and not isinstance(part, (int, float, np.number)) for part in parts)
