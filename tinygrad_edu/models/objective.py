"""What training makes small: a loss for every output, weighted, and added up."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import losses
from ..losses.labels import class_numbers
from ..losses.outputs import per_output, spread
from ..tensor import Tensor


class Objective:
    """The compiled losses: total = Σ factor · loss.

    Args:
        loss: one for all outputs, a list with one for each, or a dict by output; None skips an output.
        loss_weights: the factors, in a list or a dict; a number for a single output. None: all 1.

    Raises:
        ValueError: for unknown names of losses, and factors that are no finite numbers.

    Attributes:
        parts: the loss of every output that has one, without its factor, as of the last batch.
    """

    def __init__(self, loss: Any, loss_weights: Any = None):
        self.given, self.factors_given = _found(loss), loss_weights
        for factor in _leaves(loss_weights):
            if isinstance(factor, (bool, str)) or not np.isscalar(factor) or not np.isfinite(factor):
                raise ValueError(f"compile expects loss_weights to be finite numbers, got {factor!r}. Try 1.0.")
        self.names: list[str] | None = None
        self.losses: list[losses.Loss | None] = []
        self.parts: list[Tensor] = []

    def bind(self, names: list[str]) -> None:
        """Give every output its loss.

        Raises:
            ValueError: for lists of another length, and names that no output has.
        """
        if names == self.names:
            return
        if len(names) > 1 and np.isscalar(self.factors_given):
            raise ValueError(f"compile expects a loss weight per output {names}, got {self.factors_given!r}. Pass a list.")
        factors = spread("loss_weights", self.factors_given, names)
        self.losses = per_output(self.given, names)
        self.factors = [1.0 if factor is None else float(factor) for factor in factors]
        self.names = names

    @property
    def told(self) -> Any:
        """What `model.loss` is: the loss of the only output, else losses as they were given."""
        return self.losses[0] if len(self.losses) == 1 else self.given

    @property
    def reported(self) -> list[str]:
        """Names of the losses of single outputs, which are told where there are several outputs."""
        names = self.names or []
        return [f"{name}_loss" for name, loss in zip(names, self.losses) if loss is not None] if len(names) > 1 else []

    def total(self, y: list, y_pred: list, sample_weight: list) -> Tensor | None:
        """The weighted sum over all outputs; None without any loss."""
        if len(self.losses) == 1 and self.factors[0] == 1.0 and self.losses[0] is not None:
            return self.losses[0](y[0], y_pred[0], sample_weight[0])
        total, self.parts = None, []
        for loss, factor, labels, output, weight in zip(self.losses, self.factors, y, y_pred, sample_weight):
            if loss is None:
                continue
            part = loss(labels, output, weight)
            self.parts.append(part)
            part = part if factor == 1.0 else part * factor
            total = part if total is None else total + part
        return total

    def check(self, owner: str, y: list, y_pred: list) -> None:
        """Refuse labels that do not belong to their predictions, by their shapes and in all their rows.

        Args:
            owner: who asks, for messages.
            y: all labels, by output.
            y_pred: predictions of some rows, by output.
        """
        for name, loss, labels, output in zip(self.names or [], self.losses, y, y_pred):
            if loss is None:
                continue
            if labels is None:
                raise ValueError(f"{owner} expects y for the output {name!r}, which has a loss, got None. Pass labels.")
            loss.check_shapes((None, *labels.shape[1:]), (None, *output.shape[1:]))
            if loss.takes == "classes":
                class_numbers(labels, output.shape[loss.axis], loss.name, getattr(loss, "ignore_class", None))
            elif isinstance(loss, _OF_SHARES) and (labels.min() < 0 or labels.max() > 1):
                raise ValueError(
                    f"{loss.name} expects labels from 0 to 1, got {labels.min():g} to {labels.max():g}. "
                    "Number two classes 0 and 1; more of them go with sparse_categorical_crossentropy."
                )


_OF_SHARES = losses.BinaryCrossentropy, losses.CategoricalCrossentropy


def _found(loss: Any) -> Any:
    """The losses of names, in the structure in which they were given."""
    if isinstance(loss, (list, tuple)):
        return [_found(one) for one in loss]
    if isinstance(loss, dict) and "class_name" not in loss:
        if not loss:
            raise TypeError("compile expects a name or an object, got {} for the loss. Name a loss per output.")
        return {name: _found(one) for name, one in loss.items()}
    return losses.get(loss)


def _leaves(given: Any) -> list:
    """Numbers in a list or a dict, or one alone; without None."""
    parts = list(given.values()) if isinstance(given, dict) else list(given) if isinstance(given, (list, tuple)) else [given]
    return [part for part in parts if part is not None]
