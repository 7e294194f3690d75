"""Whole: what is made of layers and weights, found among its attributes, and has a name that theirs begin with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ..variable import Variable


class Missing:
    """What stands in the place of an attribute until `super().__init__()` has set it.

    (A `__getattr__` would say the same, and make every look-up of every attribute slower.)
    """

    def __get__(self, owner: Any, cls: type) -> Any:
        if owner is None:
            return self
        raise RuntimeError(f"{cls.__name__} expects its __init__ to call super().__init__() first, got none.")


class Whole:
    """Parts and weights, found among the attributes in the order in which these were assigned.

    Layers in attributes, and in lists, tuples and dicts there, are parts of this one, and `trainable` is passed on to
    them. A Variable there is a weight of its own.
    """

    name: Any = Missing()
    _trainable: Any = Missing()
    built = _building = False
    prefix = ""  # path of the layer that this one is a part of, "encoder_1/"

    _weights: list[Variable]  # those that were added, not assigned
    _attributes: dict[str, None]  # names of those that hold layers, weights, or what may come to hold them

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        self = super().__new__(cls)
        vars(self).update(_weights=[], _attributes={})
        return self

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, (Whole, Variable, list, tuple, dict)):
            self._notice(name, value)
        super().__setattr__(name, value)

    def _notice(self, name: str, value: Any) -> None:
        if isinstance(value, Variable) and any(value is weight for weight in self._weights):
            return
        if not vars(self).get("_trainable", True):  # parts that come later are frozen with the whole
            freeze([value])
        holds = isinstance(value, (list, dict)) or any(True for _ in found_in([value]))
        if not holds or name in self._attributes:
            return
        if self.built and not self._building and isinstance(value, (Whole, Variable)):
            raise ValueError(f"{self} expects its parts before it is built, got a new {name!r}. Make it in __init__ or in build.")
        self._attributes[name] = None

    @property
    def sublayers(self) -> list[Any]:
        """The layers that this one is directly made of, in the order of assignment."""
        if not self._attributes:
            return []
        found = list(dict.fromkeys(x for x in self._found() if isinstance(x, Whole)))
        for layer in found:
            if not layer.prefix and self._inner_prefix:  # the first layer that it is a part of names it
                layer._move(self._inner_prefix, layer.name)
        return found

    def _found(self) -> Iterator[Any]:
        return found_in([vars(self).get(name) for name in self._attributes])

    @property
    def all_layers(self) -> list[Any]:
        """This layer, and all that it is made of."""
        layers = {self: None}
        for layer in self.sublayers:
            layers.update(dict.fromkeys(layer.all_layers))
        return list(layers)

    @property
    def path(self) -> str:
        """The name after those of the layers that this one is a part of: "encoder_1/dense_1"."""
        return self.prefix + self.name

    @property
    def _inner_prefix(self) -> str:
        return f"{self.path}/"

    def rename(self, name: str) -> None:
        """Call the layer, and with it its weights, something else."""
        self._move(self.prefix, name)

    def _move(self, prefix: str, name: str) -> None:
        before = self._inner_prefix
        self.prefix, self.name = prefix, name
        for weight in self._own_weights:
            if weight.path == before + weight.name:
                weight.relabel(self._inner_prefix + weight.name)
        for layer in self.sublayers:
            if layer.prefix == before:
                layer._move(self._inner_prefix, layer.name)

    @property
    def trainable(self) -> bool:
        """Whether an optimizer may change the weights. Assigning to it tells all parts too, and takes effect at once."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        if not isinstance(value, (bool, np.bool_)):
            raise ValueError(f"{type(self).__name__} expects trainable to be True or False, got {value!r}.")
        self._trainable = bool(value)
        for layer in self.sublayers:
            layer.trainable = value

    def _freeze_late_parts(self) -> None:
        """Pass it on to what came into lists and dicts since it was set."""
        if not self._trainable:
            freeze(self.sublayers)

    @property
    def _own_weights(self) -> list[Variable]:
        """Those that were added, then those that are attributes."""
        if not self._attributes:
            return self._weights
        found = [x for x in self._found() if isinstance(x, Variable)]
        for weight in found:
            if weight.path == weight.name:  # the first layer that it is a weight of names it
                weight.relabel(self._inner_prefix + weight.name)
        return list(dict.fromkeys([*self._weights, *found]))


def found_in(values: Iterable[Any]) -> Iterator[Any]:
    """Layers and weights in nested lists, tuples and dicts, in order."""
    for value in values:
        if isinstance(value, (Whole, Variable)):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from found_in(value)
        elif isinstance(value, dict):
            yield from found_in(value.values())


def freeze(values: Iterable[Any]) -> None:
    """Let no layer in nested lists, tuples and dicts be trained."""
    for part in found_in(values):
        if isinstance(part, Whole):
            part.trainable = False
