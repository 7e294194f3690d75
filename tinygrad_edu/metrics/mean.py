"""Means over all samples of all batches: of numbers given, and of a formula's number per sample.

The sum of the weighted numbers is divided by the sum of the weights. (A loss divides by the number of samples.)
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any

import numpy as np

from ..losses.formula import FromFormula
from ..losses.labels import one_sample_each, plain
from ..losses.reduction import full_weights
from ..registry import Registry, serialize
from .metric import Metric, labelled, share

registry = Registry("metric", adopt=lambda found: found if isinstance(found, Metric) else MeanMetricWrapper(found))


@registry.add_class
class Mean(Metric):
    """Mean of the numbers given, each with a weight: Σ w v / Σ w; 0 before anything was given.

    Shapes: values of any, weights (), or along the first axes of the values -> ().

        >>> mean = Mean()
        >>> mean.update_state([1.0, 3.0])
        >>> mean.update_state(5.0, sample_weight=2)
        >>> float(mean.result())
        3.5

    Args:
        name, dtype: see `Metric`.
    """

    def __init__(self, name: str | None = None, dtype: Any = None, **unknown: Any):
        super().__init__(name, dtype, **unknown)
        self.total, self.count = self.add_weight(name="total"), self.add_weight(name="count")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Count numbers, with a weight for each, or one for all."""
        if isinstance(values, float) and isinstance(sample_weight, (int, float)):  # the loss of a batch: no need of arrays
            self._add(values * sample_weight if sample_weight else 0.0, sample_weight)
            return
        values = np.asarray(plain(values), float)
        if sample_weight is None:
            self._add(values.sum(), values.size)
            return
        weights = full_weights(sample_weight, values.shape)
        self._add((np.where(weights == 0, 0, values) * weights).sum(), weights.sum())  # nan times 0 is not there

    def _add(self, total: Any, count: Any) -> None:
        self.total.assign_add(total)
        self.count.assign_add(count)

    def count_passes(self, totals: np.ndarray, counts: np.ndarray) -> list[float]:
        """Count batches whose sums are known, in several passes that all begin from here. Returns the mean after each pass.

        Sums are added up in the order of the batches, so that not a bit differs from counting one batch after another; what
        is counted in the end is the last pass.

        Shapes: totals (passes, batches), counts (batches,).
        """
        if len(totals) == 1:  # a few numbers: one after another takes Python less time than NumPy
            sums = np.array([reduce(add, totals[0].tolist(), float(self.total.value))])
        else:
            start = np.full((len(totals), 1), self.total.value)
            sums = np.add.accumulate(np.hstack([start, totals]), axis=1)[:, -1]
        self.total.value, self.count.value = sums[-1], self.count.value + counts.sum()
        return (sums / self.count.value).tolist()

    def result(self) -> Any:
        """The mean so far."""
        return share(self.total.value, self.count.value)


@registry.add_class
class Sum(Metric):
    """Sum of the numbers given, each times its weight.

    Shapes: as of `Mean`.

    Args:
        name, dtype: see `Metric`.
    """

    def __init__(self, name: str | None = None, dtype: Any = None, **unknown: Any):
        super().__init__(name, dtype, **unknown)
        self.total = self.add_weight(name="total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Count numbers, with a weight for each, or one for all."""
        values = plain(values).astype(float)
        self.total.assign_add(np.sum(values * full_weights(sample_weight, values.shape)))

    def result(self) -> Any:
        """The sum so far."""
        return float(self.total)


class SampleMean(Mean):
    """Mean of a number per sample. Subclasses say in `values` which one.

    A mask that the predictions carry leaves out steps.
    """

    takes = "any"  # which labels belong to the predictions, a word of `losses.labels`
    axis = -1  # where the classes are

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Count a batch.

        Args:
            y_true: labels.
            y_pred: predictions, (samples, ...).
            sample_weight: how much each sample, or each step of each sample, counts. None: as much as any other.
        """
        y_true, y_pred, carried = self._labelled(y_true, y_pred)
        values = plain(self.values(y_true, y_pred))
        mask = self.mask_of(y_true, carried)
        if values.ndim and sample_weight is None and mask is None:
            return super().update_state(values)
        over = values.shape or y_pred.shape[:1]  # a single number for a batch counts as often as the batch has samples
        weights = full_weights(sample_weight, over, mask)
        return super().update_state(values, weights if values.ndim else np.sum(weights))

    def of_each(self, y_true: Any, y_pred: Any) -> np.ndarray:
        """The number of each sample: what the mean is of where there are neither weights nor masks."""
        y_true, y_pred, _ = self._labelled(y_true, y_pred)
        return np.asarray(plain(self.values(y_true, y_pred)), float)

    def _labelled(self, y_true: Any, y_pred: Any) -> tuple[np.ndarray, np.ndarray, Any]:
        y_true, y_pred, carried = labelled(self.takes, y_true, y_pred, self.name, self.axis)
        if self.takes == "entries" and y_pred.ndim == 1:
            y_true, y_pred = one_sample_each(y_true), one_sample_each(y_pred)
        return y_true, y_pred, carried

    def mask_of(self, y_true: np.ndarray, mask: Any) -> Any:
        """Which samples or steps count, given which of the predictions do. None: all of them."""
        return mask

    def values(self, y_true: np.ndarray, y_pred: np.ndarray) -> Any:
        """A number per sample."""
        raise NotImplementedError(f"{type(self).__name__} expects a method values(y_true, y_pred).")


@registry.add_class
class MeanMetricWrapper(SampleMean):
    """A function of (y_true, y_pred) as a metric: the mean over all samples of what it gives for each.

    A function that gives a single number for a batch counts as often as the batch has samples, so that the last,
    shorter batch weighs less. (In Keras it weighs as much as any other.)

    Args:
        fn: gives a number per entry, per sample, or one in all, of arrays.
        name: key in the history. None: that of the function.
        dtype: see `Metric`.
        kwargs: further arguments of the function.
    """

    def __init__(self, fn: Callable, name: str | None = None, dtype: Any = None, **kwargs: Any):
        super().__init__(name or getattr(fn, "__name__", "metric"), dtype)
        self.fn = self.function = fn
        self.kwargs = kwargs
        self.takes = getattr(fn, "takes", SampleMean.takes)

    def values(self, y_true, y_pred):
        return self.fn(y_true, y_pred, **self.kwargs)

    def get_config(self):
        """The constructor's arguments as plain data."""
        return {**super().get_config(), **serialize(self.kwargs)}

    @classmethod
    def from_config(cls, config):
        """A new metric like the one whose `get_config` gave `config`."""
        return cls(**{**config, "fn": registry.get(config["fn"]).function})


class FormulaMetric(FromFormula, SampleMean):
    """A metric of ours: `of=` a formula, found under its name, the name of the class, and `also=` others."""

    further = "The mean over all samples. `name` and `dtype`: see `Metric`."

    if TYPE_CHECKING:  # the constructors are made

        def __init__(self, *args: Any, **kwargs: Any): ...

    def __init_subclass__(
        cls,
        of: Callable | None = None,
        also: tuple[str, ...] = (),
        name: str | None = None,
        direction: str = "down",
        parameters_first: bool = False,
    ):
        if of is not None:
            cls.parameters_first, cls.direction = parameters_first, direction
            cls.default_name, cls.takes = name or of.__name__, of.takes  # type: ignore[attr-defined]
            registry.add_class(cls, cls.default_name, *also)
        super().__init_subclass__(of=of)

    def values(self, y_true, y_pred):
        return self.compute(y_true, y_pred)
