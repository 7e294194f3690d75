"""How much each sample counts: `sample_weight` and `class_weight`, which multiply."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .data import Rows, rows_of, samples


class Weighting:
    """What a call was told about weights, for every batch and every output.

    Args:
        owner: who was told, for messages.
        class_weight: {class: weight}; for several outputs a dict of such dicts, by output.
    """

    def __init__(self, owner: str, class_weight: Any = None):
        self.owner = owner
        self.class_weight = None if class_weight is None else self._checked(class_weight)
        self._warned = False

    def _checked(self, class_weight: Any) -> dict:
        if not isinstance(class_weight, dict):
            raise ValueError(
                f"{self.owner} expects class_weight to be a dict {{class: weight}}, got {class_weight!r}. "
                "sklearn.utils.class_weight computes balanced ones."
            )
        for key, value in class_weight.items():
            if isinstance(value, dict):
                self._checked(value)
            elif not _is_number(value) or not np.isfinite(value):
                raise ValueError(f"{self.owner} expects class_weight to hold numbers, got {value!r} for class {key!r}. Try 1.0.")
            elif not _is_number(key) or key != int(key):
                raise ValueError(f"{self.owner} expects class_weight by the numbers of classes, got {key!r}. Number them from 0.")
        return class_weight

    def of(self, y: Rows | None, sample_weight: Any, ports: list[str]) -> Rows | None:
        """A weight for each sample of every output, None where all are 1; the product of both kinds.

        Args:
            y: the labels.
            sample_weight: as given: one array, or one per output in a list or dict.
            ports: names of the outputs.
        """
        if sample_weight is None and self.class_weight is None:
            return None
        given = self._spread(sample_weight, ports)
        if self.class_weight is not None:
            by_class = self._by_class(y, ports)
            given = [_product(a, b) for a, b in zip(given, by_class)]
        return Rows(given[0] if len(given) == 1 else given) if any(w is not None for w in given) else None

    def _spread(self, sample_weight: Any, ports: list[str]) -> list:
        convert = lambda name, part: samples(self.owner, name, part, "float32")
        if sample_weight is None:
            return [None] * len(ports)
        if not (isinstance(sample_weight, dict) or (isinstance(sample_weight, (list, tuple)) and len(ports) > 1)):
            return [convert("sample_weight", sample_weight)] * len(ports)
        found = rows_of(self.owner, "sample_weight", sample_weight, ports, convert, optional=True)
        if len(ports) == 1:
            return [found]
        return [found.get(port) for port in ports] if isinstance(found, dict) else list(found)

    def _by_class(self, y: Rows | None, ports: list[str]) -> list:
        if y is None:
            raise ValueError(f"{self.owner} expects labels with class_weight, got none. Pass y.")
        weights: dict = self.class_weight  # type: ignore[assignment]
        labels = dict(zip(y.keys or ports, y.parts))
        if any(isinstance(value, dict) for value in weights.values()):
            unknown = [key for key in weights if key not in ports]
            if unknown:
                raise ValueError(
                    f"{self.owner} expects class_weight by outputs ({', '.join(ports)}), got {unknown[0]!r}. Rename it."
                )
            return [self._weights_of(labels.get(port), weights[port]) if port in weights else None for port in ports]
        if len(ports) > 1:
            raise ValueError(
                f"{self.owner} expects class_weight by the outputs {', '.join(ports)}, got one for all. "
                f"Write {{{ports[0]!r}: {{0: 1.0, 1: 2.0}}}}, or weigh with sample_weight."
            )
        return [self._weights_of(labels.get(ports[0]), weights)]

    def _weights_of(self, y: Any, weights: dict) -> np.ndarray:
        """The weight of each label's class; of one-hot labels, the class is where the largest number is."""
        one_hot = y.ndim > 1 and y.shape[-1] > 1
        classes = y.argmax(-1) if one_hot else np.rint(y[..., 0] if y.ndim > 1 else y).astype(np.int64)
        names, places = np.unique(classes, return_inverse=True)
        missing = [name for name in names.tolist() if name not in weights]
        if missing and not self._warned:
            self._warned = True
            warnings.warn(
                f"{self.owner} expects class_weight to name every class, got none for {missing}. It counts as 1.0.", stacklevel=2
            )
        return np.array([weights.get(name, 1.0) for name in names.tolist()], np.float32)[places].reshape(classes.shape)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, complex)


def _product(a: np.ndarray | None, b: np.ndarray | None) -> np.ndarray | None:
    """Weights per sample times weights per sample or step."""
    if a is None or b is None:
        return b if a is None else a
    if a.shape[:1] != b.shape[:1]:
        return a  # of another length, which is refused
    a, b = (a, b) if a.ndim >= b.ndim else (b, a)
    return a * b.reshape(b.shape + (1,) * (a.ndim - b.ndim))
