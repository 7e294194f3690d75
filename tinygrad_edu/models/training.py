"""Training: `compile`, `fit`, `evaluate`, `predict`, as a part of every Model."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .. import compat, losses, optimizers, random
from .. import metrics as metric_family
from ..calculus import enable_grad, gradients, no_grad
from ..callbacks import CallbackList, History, ProgbarLogger
from ..callbacks.progress import describe
from ..layers import Layer
from ..tensor import Tensor
from ..variable import Variable
from .data import Data, pairs, samples, split, whole


class Trainer(Layer):
    """A layer that can be trained. What it is made of is `Model`'s business."""

    optimizer: optimizers.Optimizer
    loss: losses.Loss | None = None
    history: History
    stop_training = False

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self._metric_names: list[Any] = []
        self._loss_mean = metric_family.Mean("loss")
        self.metrics: list[metric_family.Metric] = []

    def compile(self, optimizer: Any = "rmsprop", loss: Any = None, metrics: Any = None, **unknown: Any) -> None:
        """Decide how to train.

        Args:
            optimizer: name or Optimizer.
            loss: name, Loss, or function of (y_true, y_pred).
            metrics: names or functions of (y_true, y_pred), counted over each epoch.
        """
        compat.refuse_unknown(self.compile, unknown)
        if loss is None:
            raise TypeError("The loss expects a name or an object, got None. Say what training makes small, such as 'mse'.")
        names = list(metrics) if isinstance(metrics, (list, tuple)) else [metrics] if metrics else []
        found = optimizers.get(optimizer), losses.get(loss), metric_family.get_all(names)  # unknown names fail here
        self.optimizer, self.loss, self.metrics = found
        self._metric_names = names
        self.compiled_with: Any = {"loss": loss, "metrics": metrics}
        self._frozen = self._frozen_layers()

    def train_step(self, data: Data | tuple) -> dict[str, float]:
        """One step on one batch (x, y): forward, loss, backward, update. Returns means since the epoch began."""
        x, y = data
        y_pred = self(x, training=True)
        weights = self.trainable_weights
        loss = self._total(self.loss(y, y_pred), weights)  # type: ignore[misc]
        self.optimizer.apply(gradients(self.optimizer.scale_loss(loss), weights), weights)
        return self._count(loss, y, y_pred)

    def test_step(self, data: Data | tuple) -> dict[str, float]:
        """Count one batch (x, y) without learning from it."""
        x, y = data
        y_pred = self(x)
        return self._count(self._total(self.loss(y, y_pred), self.trainable_weights), y, y_pred)  # type: ignore[misc]

    def _total(self, loss: Tensor, weights: list[Variable]) -> Tensor:
        """The loss of the data and all that layers add to it: penalties of weights and of activities, own losses."""
        for more in self._losses_with(weights):
            loss = loss + more
        return loss

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        initial_epoch: int = 0,
        **legacy: Any,
    ) -> History:
        """Train on samples `x` with labels `y`.

        Everything is checked before the first step.

        Args:
            x, y: arrays of as many rows.
            batch_size: rows per step; None means 32. The last batch of an epoch may be shorter.
            epochs: index of the epoch to stop at, counted from `initial_epoch`.
            verbose: 0 silence, 1 a bar, 2 a line per epoch, "auto" is 1.
            callbacks: Callback objects.
            validation_split: share of the rows, taken from the end, that is only measured.
            validation_data: (x, y) to measure after each epoch, instead.
            shuffle: draw a new order of the rows in every epoch.
            initial_epoch: index of the first epoch.

        Returns:
            The History: `history.history[name]` lists a number per epoch.
        """
        self._require_compile("fit")
        older = compat.take("fit", legacy)
        compat.refuse_unknown(self.fit, legacy)
        epochs = compat.one_of("fit", "fit", "epochs", epochs if epochs != 1 else compat.Default(1), older) if older else epochs
        epochs, initial_epoch = whole("fit", "epochs", epochs, 0), whole("fit", "initial_epoch", initial_epoch, 0)
        batch_size = _batch_size("fit", batch_size)
        data, validation = self._training_data(x, y, validation_split, validation_data)
        steps = -(-len(data.x) // batch_size)
        self._tell_of_freezing()
        hooks = self._callbacks(callbacks, epochs=epochs, steps=steps, verbose=_verbosity(verbose))
        self._run(range(initial_epoch, epochs), data, validation, batch_size, shuffle, hooks)
        return self.history

    def _callbacks(self, callbacks: Any, **params: Any) -> CallbackList:
        """The user's callbacks, then a History and a progress bar where the user gave none."""
        hooks = CallbackList(callbacks, self, [History(), ProgbarLogger()], **params)
        self.history = next(c for c in hooks.callbacks if isinstance(c, History))
        return hooks

    def _run(
        self, epochs: range, data: Data, validation: Data | None, batch_size: int, shuffle: bool, hooks: CallbackList
    ) -> None:
        rng = random.generator() if shuffle else None
        self.stop_training = False
        logs: dict[str, float] = {}
        hooks.call("on_train_begin", {})
        for epoch in epochs:
            hooks.call("on_epoch_begin", epoch, {})
            logs = self._train_epoch(data, batch_size, rng, hooks)
            if validation is not None:
                hooks.call("on_test_begin", {})
                held_out = self._measure(validation, batch_size)
                hooks.call("on_test_end", held_out)
                logs |= {f"val_{name}": value for name, value in held_out.items()}
            hooks.call("on_epoch_end", epoch, logs)
            if self.stop_training:
                break
        self.optimizer.finalize_variable_values(self.trainable_weights)
        hooks.call("on_train_end", logs)

    def _train_epoch(self, data: Data, batch_size: int, rng: np.random.Generator | None, hooks: CallbackList) -> dict[str, float]:
        order = None if rng is None else rng.permutation(len(data.x))
        self._reset_metrics()
        logs: dict[str, float] = {}
        with enable_grad():
            for step, batch in enumerate(data.batches(batch_size, order)):
                hooks.call("on_train_batch_begin", step, {})
                logs = self.train_step(batch)
                hooks.call("on_train_batch_end", step, logs)
                if self.stop_training:
                    break
        return dict(logs)

    # Measuring and asking ------------------------------------------------------------------------

    def evaluate(
        self, x: Any = None, y: Any = None, batch_size: int | None = None, verbose: Any = "auto", return_dict: bool = False
    ) -> Any:
        """Loss and metrics on samples `x` with labels `y`.

        Returns:
            The loss, or [loss, metrics ...] in the order of `metrics_names`; a dict if `return_dict`.
        """
        self._require_compile("evaluate")
        data = pairs("evaluate", x, y, self.dtype)
        self._prepare("evaluate", data)
        batch_size = _batch_size("evaluate", batch_size)
        logs = self._measure(data, batch_size)
        if verbose not in (0, "auto"):
            steps = -(-len(data.x) // batch_size)
            print(f"{steps}/{steps} - {describe(logs)}")
        values = list(logs.values())
        return logs if return_dict else values[0] if len(values) == 1 else values

    def predict(self, x: Any, batch_size: int | None = None, verbose: Any = "auto") -> np.ndarray:
        """Outputs for samples `x`, as an array of as many rows. Nothing is recorded or changed."""
        rows, batch_size = samples("predict", "x", x, self.dtype), _batch_size("predict", batch_size)
        self.build(rows.shape)
        self.check_input(rows.shape)
        with no_grad():
            parts = [self(rows[i : i + batch_size]).array for i in range(0, len(rows), batch_size)]
        return np.concatenate(parts)

    @property
    def metrics_names(self) -> list[str]:
        """Names of what `evaluate` returns."""
        return ["loss", *(metric.name for metric in self.metrics)]

    def _measure(self, data: Data, batch_size: int) -> dict[str, float]:
        self._reset_metrics()
        with no_grad():
            for batch in data.batches(batch_size):
                logs = self.test_step(batch)
        return logs

    def _count(self, loss: Tensor, y: np.ndarray, y_pred: Tensor) -> dict[str, float]:
        self._loss_mean.update_state(loss.item(), len(y))
        for metric in self.metrics:
            metric.update_state(y, y_pred.array)
        return {"loss": self._loss_mean.result(), **{metric.name: metric.result() for metric in self.metrics}}

    def _reset_metrics(self) -> None:
        for metric in (self._loss_mean, *self.metrics):
            metric.reset_state()

    # Checks before the first step ----------------------------------------------------------------

    def _training_data(self, x: Any, y: Any, share: float, held_out: Any) -> tuple[Data, Data | None]:
        data = pairs("fit", x, y, self.dtype)
        validation = None
        if held_out is not None:
            if not isinstance(held_out, (tuple, list)) or len(held_out) != 2:
                raise ValueError(f"fit expects validation_data=(x, y), got {type(held_out).__name__}.")
            validation = pairs("fit (validation_data)", held_out[0], held_out[1], self.dtype)
        elif share:
            data, validation = split(data, share)
        for part in (data, validation):
            if part is not None:
                self._prepare("fit", part)
        return data, validation

    def _prepare(self, what: str, data: Data) -> None:
        """Make the weights if there are none, and see on two samples that inputs, outputs, labels, loss and metrics fit."""
        self.build(data.x.shape)
        self.check_input(data.x.shape)
        x, y = data.x[:2], data.y[:2]
        with enable_grad():
            y_pred = self(x, training=False)
            self.loss.check_shapes((None, *data.y.shape[1:]), (None, *y_pred.shape[1:]))  # type: ignore[union-attr]
            loss = self.loss(y, y_pred)  # type: ignore[misc]
        if loss.shape:
            raise ValueError(f"{what} expects a loss that is one number, got shape {loss.shape}. Reduce it to a mean or a sum.")
        if what == "fit" and y_pred.requires_grad and not loss.requires_grad:
            raise ValueError("fit expects a loss that depends on the predictions, got a constant. Compute it with ops.")
        self.metrics = metric_family.get_all(self._metric_names, data.y.shape, y_pred.shape)
        self._reset_metrics()
        self._count(loss, y, y_pred)
        self._reset_metrics()

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
        if self.loss is None:
            raise RuntimeError(f"{what} expects a compiled model. Call model.compile(optimizer, loss) first.")


def _batch_size(owner: str, batch_size: Any) -> int:
    return 32 if batch_size is None else whole(owner, "batch_size", batch_size, 1)


def _verbosity(verbose: Any) -> int:
    if verbose == "auto":
        return 1
    if verbose not in (0, 1, 2):
        raise ValueError(f"fit expects verbose 0 (silence), 1 (a bar), 2 (a line per epoch) or 'auto', got {verbose!r}.")
    return int(verbose)
