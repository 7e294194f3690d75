"""Loss: labels and predictions become a number per sample, and these become one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .. import compat
from ..config import snake_case
from ..graph import Value
from ..registry import Configurable, Registry
from ..tensor import Tensor, as_tensor
from .formula import FromFormula
from .labels import check_shapes, match, one_sample_each
from .reduction import REDUCTIONS, reduce, without_padding


class Loss(Configurable):
    """What training makes small: a number per sample, reduced to one. Subclasses say in `call` which number.

        >>> class Cubic(Loss):
        ...     def call(self, y_true, y_pred):
        ...         return abs(y_pred - y_true) ** 3
        >>> Cubic()([1.0, 2.0], [[1.0], [4.0]]).item()
        4.0
        >>> Cubic()([1.0, 2.0], [[1.0], [4.0]], sample_weight=[1.0, 0.5]).item()
        2.0

    Labels of shape (n,) meet predictions of shape (n, 1) sample by sample, and come in their dtype. A mask that the
    predictions carry, from `Masking` or `Embedding`, leaves out steps: the mean is over those that are there.

    Args:
        reduction: "sum_over_batch_size" or "mean" divides the weighted sum by the number of samples; "sum";
            "mean_with_sample_weight" divides by the sum of the weights; "none" or None keeps a number per sample.
        name: what it is called in messages. None: after the class.
        dtype: type to compute in. None: that of the predictions (Keras: the default float type).

    Raises:
        ValueError: for an unknown reduction, or for labels whose shape disagrees with that of the predictions.
    """

    takes = "any"  # which labels belong to the predictions, a word of the module `labels`
    axis = -1  # where the classes are
    default_name: str | None = None

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str | None = None, dtype: Any = None, **unknown: Any):
        compat.refuse_unknown(type(self), unknown)
        if reduction not in REDUCTIONS:
            raise ValueError(f"A loss expects a reduction out of {list(REDUCTIONS)}, got {reduction!r}.")
        self.reduction = reduction
        self.name = name or self.default_name or snake_case(type(self).__name__)
        self.dtype = dtype

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        """The reduced loss.

        Args:
            y_true: labels.
            y_pred: predictions, (samples, ...).
            sample_weight: how much each sample, or each step of each sample, counts. None: as much as any other.
        """
        y_pred = as_tensor(y_pred)
        mask = getattr(y_pred, "mask", None)
        if self.dtype is not None and y_pred.dtype != self.dtype:
            y_pred = _changed(y_pred, lambda x: x.astype(self.dtype))
        y_true, y_pred = match(self.takes, y_true, y_pred, self.name, self.axis)
        if self.takes == "entries" and y_pred.ndim == 1:
            y_true, y_pred = one_sample_each(y_true), _changed(y_pred, one_sample_each)
        y_true = without_padding(y_true, mask)
        return reduce(self.reduction, as_tensor(self.call(y_true, y_pred)), sample_weight, self.mask_of(y_true, mask))

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """A number per sample, (samples, ...), or one in all; computed with ops, so that it has a gradient."""
        raise NotImplementedError(f"{type(self).__name__} expects a method call(y_true, y_pred).")

    def mask_of(self, y_true: Any, mask: Any) -> Any:
        """Which samples or steps count, given which of the predictions do. None: all of them."""
        return mask

    def check_shapes(self, labels: tuple, predictions: tuple) -> None:
        """Refuse labels whose shape disagrees with that of the predictions. None stands for any length."""
        check_shapes(labels, predictions, self.takes, self.name, self.axis)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"


class FunctionLoss(Loss):
    """A function of (y_true, y_pred) as a loss.

    Args:
        function: gives a number per entry, per sample, or one in all; computed with ops.
        reduction, name, dtype: see `Loss`. The name is the function's if there is none.
    """

    def __init__(
        self,
        function: Callable,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
        **unknown: Any,
    ):
        super().__init__(reduction, name or getattr(function, "__name__", "loss"), dtype, **unknown)
        self.function = function
        self.takes = getattr(function, "takes", Loss.takes)

    def call(self, y_true, y_pred):
        return self.function(y_true, y_pred)

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "function": get(config["function"]).function})


class FormulaLoss(FromFormula, Loss):
    """A loss of ours: `of=` a formula, found under its name, the name of the class, and `also=` others."""

    further = "`reduction`, `name` and `dtype`: see `Loss`."
    gives = "(), or a number per sample without reduction"

    if TYPE_CHECKING:  # the constructors are made

        def __init__(self, *args: Any, **kwargs: Any): ...

    def __init_subclass__(cls, of: Callable | None = None, also: tuple[str, ...] = (), name: str | None = None):
        super().__init_subclass__(of=of)
        if of is not None:
            cls.default_name, cls.takes = name or of.__name__, of.takes  # type: ignore[attr-defined]
            registry.add_class(cls, of.__name__, *also)

    def call(self, y_true, y_pred):
        return self.compute(y_true, y_pred)


def _changed(y_pred: Value, change: Callable) -> Any:
    """`change(y_pred)`, which keeps what a cross-entropy wants to know of y_pred, changed alike."""
    out = change(y_pred)
    if hasattr(y_pred, "logits"):
        out.logits = change(y_pred.logits)
        out.squash = getattr(y_pred, "squash", None)
    return out


# By name -----------------------------------------------------------------------------------------

registry = Registry("loss", adopt=lambda found: found if isinstance(found, Loss) else FunctionLoss(found), none=lambda: None)


registry.add_class(FunctionLoss)
get, serialize, deserialize = registry.get, registry.serialize, registry.deserialize
