"""Training as TensorBoard shows it: curves, histograms of weights and gradients, the graph."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from .. import compat
from ..optimizers.arguments import count
from .by_layer import GradientLogger
from .callback import Callback, Logs, idle_without
from .event_file import EventFile, histogram, scalar
from .histogram import decades, linear
from .model_graph import graph_of

_UNWRITTEN = (  # what TensorFlow's callback takes, and does not come into these files
    "embeddings_freq", "embeddings_layer_names", "embeddings_metadata", "embeddings_data", "profile_batch",
    "write_steps_per_second",
)  # fmt: skip


class TensorBoard(Callback):
    """Writes event files for TensorBoard, which is started by `tensorboard --logdir logs`. TensorFlow is not needed.

        >>> callback = TensorBoard("logs/tanh", histogram_freq=1, write_grads=True)

    What it writes, into the folders `train` and `validation` of `log_dir`, a new file for each `fit`:

    - after each epoch `epoch_loss`, `epoch_accuracy` ..., under the same tag in both folders, so that they share a chart,
      and `epoch_learning_rate`;
    - histograms of the weights, `dense_1/kernel_0`, and of their gradients, `dense_1/kernel_0_grad`;
    - the same by order of magnitude, log10 of the absolute values, `dense_1/kernel_log10` and `dense_1/kernel_grad_log10`:
      steps of equal width hide what vanishes beside what does not. Numbers that have no logarithm are counted:
      `zeros/dense_1/kernel_grad`, `nonfinite/dense_1/kernel_grad`, the share of them, from the first one on.

    Args:
        log_dir: folder, which is made.
        histogram_freq: epochs from one histogram to the next; 0 means none.
        write_graph: whether to write what the model computes.
        write_images: legacy; pictures of weights are not written, with a warning.
        update_freq: "epoch"; "batch" or a number of batches to write `batch_loss` ... too, the means since the epoch began.
        write_grads: whether to write histograms of gradients: the means over the batches of the epoch, before clipping.
        batch_size: legacy, without effect.

    Raises:
        ImportError: in `fit`, if there is no package `tensorboard`.

    Where we differ: Keras 2 needed validation data for the gradients; later versions of Keras write none.
    """

    def __init__(
        self,
        log_dir: str | os.PathLike = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        update_freq: Any = "epoch",
        write_grads: bool = False,
        batch_size: int | None = None,
        **legacy: Any,
    ):
        owner = type(self).__name__
        unwritten = [name for name in _UNWRITTEN if legacy.pop(name, None)] + ["write_images"] * bool(write_images)
        compat.refuse_unknown(type(self), legacy)
        if unwritten:
            warnings.warn(f"{owner} does not write what {', '.join(unwritten)} would ask for. Leave it out.", stacklevel=2)
        self.log_dir = Path(log_dir)
        self.histogram_freq = count(owner, "histogram_freq", histogram_freq or 0, 0)
        self.write_graph = write_graph
        self.batches = 0 if update_freq == "epoch" else 1 if update_freq == "batch" else count(owner, "update_freq", update_freq)
        self.gradients = GradientLogger() if write_grads else None
        if write_grads and not self.histogram_freq:
            warnings.warn("write_grads expects histogram_freq > 0, got 0: no histogram is written. Try 1.", stacklevel=2)

    def gradient_table(self) -> np.ndarray:
        """The mean size of each layer's gradients in each epoch, (epochs, layers): see `GradientLogger`.

        Raises:
            RuntimeError: without `write_grads=True`.
        """
        if self.gradients is None:
            raise RuntimeError("gradient_table expects TensorBoard(write_grads=True), got no gradients.")
        return self.gradients.table()

    def set_model(self, model):
        super().set_model(model)
        if self.gradients:
            self.gradients.set_model(model)

    def on_train_begin(self, logs=None):
        self._files: dict[str, EventFile] = {}
        self._told: set[str] = set()  # tags of counts that were more than 0 once
        self._file("train")
        if self.write_graph:
            self._write_graph()
        if self.gradients:
            self.gradients.on_train_begin(logs)

    def on_epoch_begin(self, epoch, logs=None):
        if self.gradients:
            self.gradients.on_epoch_begin(epoch, logs)

    @idle_without("batches")
    def on_train_batch_end(self, batch, logs=None):
        step = self.model.optimizer.iterations if self.batches else 0
        if self.batches and step % self.batches == 0:
            self._write_scalars("train", step, {f"batch_{name}": value for name, value in (logs or {}).items()})

    def on_epoch_end(self, epoch, logs=None):
        if self.gradients:
            self.gradients.on_epoch_end(epoch, logs)
        train, validation = _split(logs or {})
        train.setdefault("epoch_learning_rate", float(self.model.optimizer.learning_rate))
        self._write_scalars("train", epoch, train)
        self._write_scalars("validation", epoch, validation)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._write_histograms(epoch)

    def get_state(self):
        return {"told": sorted(self._told), "gradients": self.gradients.get_state() if self.gradients else None}

    def set_state(self, state):
        self._told = set(state["told"])
        if self.gradients and state["gradients"]:
            self.gradients.set_state(state["gradients"])

    def on_train_end(self, logs=None):
        if self.gradients:
            self.gradients.on_train_end(logs)

    on_train_interrupt = on_train_end

    def _file(self, part: str) -> EventFile:
        if part not in self._files:
            self._files[part] = EventFile(self.log_dir / part)
        return self._files[part]

    def _write_graph(self) -> None:
        try:
            graph = graph_of(self.model)
        except Exception as error:  # a model in Python may ask more of its input than a shape
            warnings.warn(f"TensorBoard writes no graph: {self.model.name} called on zeros said {error!r}.", stacklevel=2)
            return
        self._file("train").add_graph(graph)

    def _write_scalars(self, part: str, step: int, numbers: Logs) -> None:
        if numbers:
            self._file(part).add(step, [scalar(tag, float(value)) for tag, value in numbers.items()])

    def _write_histograms(self, step: int) -> None:
        values = []
        for weight in self.model.weights:
            values += self._distribution(weight.path, "", weight.array)
        for weight, mean in self.gradients.means.items() if self.gradients else ():
            values += self._distribution(weight.path, "_grad", mean)
        self._file("train").add(step, values)

    def _distribution(self, path: str, what: str, x: np.ndarray) -> list[Any]:
        """Both histograms, and what the second leaves out. Only the first has the "_0" of TensorFlow's names in its tag."""
        pairs = (f"{path}_0{what}", linear(x)), (f"{path}{what}_log10", decades(x))
        shares = (f"zeros/{path}{what}", np.mean(x == 0)), (f"nonfinite/{path}{what}", np.mean(~np.isfinite(x)))
        self._told.update(tag for tag, share in shares if share)
        return [histogram(tag, found) for tag, found in pairs if found] + [
            scalar(tag, float(share)) for tag, share in shares if tag in self._told
        ]


def _split(logs: Logs) -> tuple[Logs, Logs]:
    """The logs of training and of validation, by their tags."""
    train = {f"epoch_{name}": value for name, value in logs.items() if not name.startswith("val_")}
    return train, {f"epoch_{name[4:]}": value for name, value in logs.items() if name.startswith("val_")}
