"""The cross-entropy that the shapes ask for, as "accuracy" is the accuracy that they ask for."""

from __future__ import annotations

from typing import Any

from ..tensor import Tensor, as_tensor
from .labels import by_shapes
from .loss import Loss, registry
from .probability import BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy

KINDS = {"binary": BinaryCrossentropy, "categorical": CategoricalCrossentropy, "sparse": SparseCategoricalCrossentropy}


class Crossentropy(Loss):
    """Binary cross-entropy for one unit, sparse for class numbers, else categorical: "crossentropy", or "ce".

    Args:
        from_logits: whether predictions are logits instead of probabilities.
        reduction, name, dtype: see `Loss`.
    """

    def __init__(self, from_logits: bool = False, **kwargs: Any):
        super().__init__(**kwargs)
        self.from_logits = from_logits

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        y_true, y_pred = as_tensor(y_true), as_tensor(y_pred)
        kind = KINDS[by_shapes(y_true.shape, y_pred.shape)]
        chosen = kind(from_logits=self.from_logits, reduction=self.reduction, name=self.name, dtype=self.dtype)
        return chosen(y_true, y_pred, sample_weight)


registry.add_class(Crossentropy, "ce")
