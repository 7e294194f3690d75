"""Called: what a layer remembers of being called on symbols."""

from __future__ import annotations

from typing import Any


class Called:
    """A layer's calls on symbols: see `layers.symbol`."""

    who: Any

    def remember(self, call: Any) -> None:
        """Note a call of the layer on symbols."""
        vars(self).setdefault("_calls", []).append(call)  # past the search for layers in attributes

    @property
    def calls(self) -> list[Any]:
        """The calls of the layer on symbols, in order."""
        return vars(self).get("_calls", [])

    @property
    def input(self) -> Any:
        """The symbol, or the symbols, that the layer was first called on."""
        return self.get_input_at(0)

    @property
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
        if not -len(self.calls) <= index < len(self.calls):
            raise AttributeError(
                f"{self.who} expects to have been called on symbols, got {len(self.calls)} such calls. "
                "Put it into a model that knows the shape of its inputs, or call it on an Input."
            )
        return self.calls[index]

    def __getstate__(self) -> dict[str, Any]:
        """Copies and pickles are of the layer alone, without the models that it is called in."""
        return {name: value for name, value in vars(self).items() if name != "_calls"}
