"""Metrics by name: what `compile(metrics=...)` may be given, what it means by the shapes, and how results are called."""

from __future__ import annotations

import copy
import itertools
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..losses.labels import by_shapes
from ..losses.outputs import spread
from ..registry import custom_object_scope
from . import accuracy, of_losses
from .mean import registry
from .metric import Metric

BY_SHAPES: dict[str, dict[str, type[Metric]]] = {
    "accuracy": {
        "binary": accuracy.BinaryAccuracy,
        "categorical": accuracy.CategoricalAccuracy,
        "sparse": accuracy.SparseCategoricalAccuracy,
    },
    "crossentropy": {
        "binary": of_losses.BinaryCrossentropy,
        "categorical": of_losses.CategoricalCrossentropy,
        "sparse": of_losses.SparseCategoricalCrossentropy,
    },
}
SHORT = {"acc": "accuracy", "ce": "crossentropy"}


def get(identifier: Any, y_shape: tuple = (), output_shape: tuple = ()) -> Any:
    """The metric of a name, a class, a config, a Metric, or a function of (y_true, y_pred); None is None.

    "accuracy" ("acc") and "crossentropy" ("ce") mean what the shapes say: binary for one output unit, sparse for labels
    that are class numbers, else categorical. Several sigmoids, one per label, are therefore taken for classes: ask for
    "binary_accuracy" there. A metric found by name is called what it was asked for.

    Args:
        identifier: what to look for.
        y_shape, output_shape: of labels and predictions.

    Raises:
        ValueError: for a name that nobody knows; it lists the near ones.
        TypeError: for what is none of these.
    """
    if not isinstance(identifier, str):
        return None if identifier is None else registry.get(identifier)
    asked = identifier.lower()
    kinds = BY_SHAPES.get(SHORT.get(asked, asked))
    found = kinds[by_shapes(y_shape, output_shape)]() if kinds else registry.get(identifier)
    found.name = identifier
    return found


serialize = registry.serialize


def deserialize(config: Any, custom_objects: dict[str, Any] | None = None) -> Metric:
    """The metric that `serialize` wrote down as `config`, or that a name stands for.

    Args:
        config: a name or a dict, as `get` takes it.
        custom_objects: classes and functions of your own, by the names that stand for them in `config`.
    """
    with custom_object_scope(custom_objects):
        return get(config)


def get_all(identifiers: Sequence, y_shape: tuple = (), output_shape: tuple = ()) -> list[Metric]:
    """The metrics of several identifiers; of equal names the later ones get a number: "mae", "mae_1"."""
    found = [get(identifier, y_shape, output_shape) for identifier in identifiers]
    for metric, name in zip(found, numbered([metric.name for metric in found])):
        metric.name = name
    return found


class Placed(NamedTuple):
    """A metric, what its results are called, which output it looks at, and whether sample weights reach it."""

    metric: Metric
    name: str
    output: int
    weighted: bool

    @property
    def direction(self) -> str | None:
        """Whether more is better: "up", "down", or None if nobody knows."""
        return self.metric.direction


def per_output(
    metrics: Any,
    weighted_metrics: Any,
    names: Sequence[str],
    y_shapes: Sequence[tuple] = (),
    output_shapes: Sequence[tuple] = (),
) -> list[Placed]:
    """The metrics of every output, in the order of the outputs, and how their results are called.

    With several outputs a name is "{output}_{metric}". Of equal names the weighted one becomes "weighted_{name}"; later
    ones get a number.

    Args:
        metrics: what `compile` takes: one, a list for all outputs, a list that holds a list (or None) for each output, or
            a dict by output. An object given for several outputs is copied for all but the first.
        weighted_metrics: the same, for metrics that get the sample weights.
        names: of the outputs.
        y_shapes, output_shapes: of labels and predictions, for each output. Empty: not known yet.

    Raises:
        ValueError: for unknown names of metrics or outputs, or lists of another length.

        >>> [placed.name for placed in per_output(["mae"], None, ["a", "b"])]
        ['a_mae', 'b_mae']
    """
    found: list[Placed] = []
    lists = [_lists("metrics", metrics, names), _lists("weighted_metrics", weighted_metrics, names)]
    for output, output_name in enumerate(names):
        shapes = (y_shapes[output], output_shapes[output]) if y_shapes else ((), ())
        for weighted, wanted in enumerate(lists):
            for identifier in wanted[output]:
                metric = get(identifier, *shapes)
                if any(metric is placed.metric for placed in found):  # it cannot count two outputs at once
                    metric = copy.deepcopy(metric)
                name = metric.name if len(names) == 1 else f"{output_name}_{metric.name}"
                taken = any(name == placed.name for placed in found)
                found.append(Placed(metric, f"weighted_{name}" if weighted and taken else name, output, bool(weighted)))
    return [placed._replace(name=name) for placed, name in zip(found, numbered([placed.name for placed in found]))]


def numbered(names: list[str]) -> list[str]:
    """Names of which none is like another: later ones get "_1", "_2", ..."""
    unique: list[str] = []
    for name in names:
        others = (f"{name}_{number}" for number in itertools.count(1))
        unique.append(name if name not in unique else next(other for other in others if other not in (*unique, *names)))
    return unique


def direction_of(monitor: str, metrics: Sequence[Metric | Placed] = ()) -> str:
    """Whether more of what is called `monitor` is better, "up", or less, "down".

    The metric of that name says so; losses go down. For what nobody knows it is a guess, with a warning: up if the name
    holds "acc", else down (Keras 2 guesses without a word; Keras 3 refuses).

    Args:
        monitor: key of the history, such as "val_accuracy".
        metrics: of the model; those of several outputs as `per_output` places them.

        >>> direction_of("val_auc", [get("auc")])
        'up'
        >>> direction_of("val_sold_auc", per_output({"sold": "auc"}, None, ["price", "sold"]))
        'up'
    """
    name = monitor.removeprefix("val_")
    known = next((metric.direction for metric in metrics if metric.name == name), None)
    if known or name == "loss" or name.endswith("_loss"):
        return known or "down"
    guess = "up" if "acc" in name else "down"
    if guess == "down":
        warnings.warn(
            f"Nobody says whether more of {monitor!r} is better: less is taken to be. Say mode='max' or mode='min'.", stacklevel=2
        )
    return guess


def _lists(what: str, given: Any, names: Sequence[str]) -> list[list]:
    """The metrics given for each output, as lists. A flat list goes to every output."""
    if isinstance(given, (list, tuple)) and not any(one is None or isinstance(one, (list, tuple)) for one in given):
        given = [given] * len(names)
    return [_listed(one) for one in spread(what, given, list(names))]


def _listed(given: Any) -> list:
    return [] if given is None else list(given) if isinstance(given, (list, tuple)) else [given]


registry.add(accuracy.BinaryAccuracy, "acc")
registry.add(of_losses.BinaryCrossentropy, "crossentropy", "ce")
