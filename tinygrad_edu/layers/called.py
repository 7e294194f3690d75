"""Called: what a layer remembers of being called on symbols."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class told:  # noqa: N801
    """A property that an attribute of the same name in an object takes the place of, so that layers may have `self.output`."""

    def __init__(self, find: Callable[[Any], Any]):
        self.find, self.__doc__ = find, find.__doc__

    def __get__(self, owner: Any, cls: type) -> Any:
        return self if owner is None else self.find(owner)


class Called:
    """A layer's calls on symbols: see `layers.symbol`."""

    who: Any

    def remember(self, call: Any) -> None:
        """Note a call of the layer on symbols."""
        vars(self).setdefault("_calls", []).append(call)  # past the search for layers in attributes

    @told
    def calls(self) -> list[Any]:
        """The calls of the layer on symbols, in order."""
        return calls_of(self)

    @told
    def input(self) -> Any:
        """The symbol, or the symbols, that the layer was first called on."""
        return self.get_input_at(0)

    @told
    def output(self) -> Any:
        """What stands for the result of its first call on symbols."""
        return self.get_output_at(0)

    def get_input_at(self, node_index: int) -> Any:
        """What the layer got in a certain one of its calls on symbols."""
        return self._call_at(node_index).arguments[0]

    def get_output_at(self, node_index: int) -> Any:
        """What stands for the result of a certain one of its calls on symbols."""
        return self._call_at(node_index).outputs

    def _call_at(self, index: int) -> Any:
        if not -len(calls_of(self)) <= index < len(calls_of(self)):
            raise AttributeError(
                f"{self.who} expects to have been called on symbols, got {len(calls_of(self))} such calls. "
                "Put it into a model that knows the shape of its inputs, or call it on an Input."
            )
        return calls_of(self)[index]

    def __getstate__(self) -> dict[str, Any]:
        """Copies and pickles are of the layer alone, without the models that it is called in."""
        return {name: value for name, value in vars(self).items() if name != "_calls"}


def calls_of(layer: Any) -> list[Any]:
    """The calls of a layer on symbols, in order."""
    return vars(layer).get("_calls", [])
