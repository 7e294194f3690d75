"""Network: the calls of layers that lead from some symbols to others."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from ..layers import Input, InputLayer, Layer, Symbol, deserialize, serialize
from ..layers.notation import read, written
from ..layers.shapes import is_shape
from ..layers.symbol import Call
from ..structure import flatten, is_structure, parts_like


class Network:
    """What `Model(inputs, outputs)` computes.

    Attributes:
        inputs, outputs: symbols, or lists, tuples or dicts of them.
        calls: of layers, in an order in which each can be made; those of the inputs first.
        layers: that are called, those far from the outputs first.

    Raises:
        TypeError: for anything but symbols. ValueError: for outputs that need further inputs.

    An input that no output needs is taken, and left aside, as in Keras.
    """

    def __init__(self, inputs: Any, outputs: Any):
        self.inputs, self.outputs = inputs, outputs
        self.sources, self._rebuilt_inputs = _symbols("inputs", inputs)
        self.results, self._rebuilt = _symbols("outputs", outputs)
        self.calls = _calls_between(self.sources, self.results)
        self.layers = _layers(self.results, self.calls)
        self._steps = [call for call in self.calls if not isinstance(call.layer, InputLayer)]
        self._forgotten = _last_uses(self._steps, self.results)

    def run(self, x: Any) -> Any:
        """The outputs for inputs `x`, in any form that `arranged` takes."""
        values: dict[Symbol, Any] = dict(zip(self.sources, self.arranged(x)))
        for call, forgotten in zip(self._steps, self._forgotten):
            call.put_results(values)
            for symbol in forgotten:
                del values[symbol]
        return self._rebuilt([values[symbol] for symbol in self.results])

    def arranged(self, x: Any) -> list:
        """The parts of `x`, one for each input, in order: by structure, or by the names of the inputs.

        Raises:
            ValueError: for another number of inputs, and other names.
        """
        names = self.input_names
        if isinstance(x, dict) and not isinstance(self.inputs, dict):
            return self._by_name(x)
        if isinstance(x, (list, tuple)) and len(x) == len(names) and (len(names) > 1 or is_structure(x)):
            return list(x)
        with contextlib.suppress(ValueError):
            return parts_like(x, self.inputs)
        parts = flatten(x)[0]
        raise ValueError(
            f"The model expects {len(names)} input{'s' * (len(names) > 1)} ({', '.join(names)}), got {len(parts)}. "
            "Pass a list of arrays in this order, or a dict of them by name."
        )

    def arranged_shapes(self, shapes: Any) -> list:
        """The shapes of the inputs, in order."""
        if is_shape(shapes):
            return [shapes]
        if not isinstance(shapes, dict):
            return list(shapes)
        return [shapes[name] for name in self.inputs] if isinstance(self.inputs, dict) else self._by_name(shapes)

    def _by_name(self, x: dict) -> list:
        names = self.input_names
        if x.keys() != set(names):
            raise ValueError(f"The model expects inputs named {', '.join(names)}, got {', '.join(map(str, x)) or 'none'}.")
        return [x[name] for name in names]

    @property
    def input_names(self) -> list[str]:
        """Names of the layers that the inputs come from."""
        return _unique([symbol.name for symbol in self.sources])

    @property
    def output_names(self) -> list[str]:
        """Names of the layers that the outputs come from."""
        return _unique([symbol.name for symbol in self.results])

    def with_layers(self, replaced: Callable[[Layer], Layer], inputs: Any = None) -> Network:
        """The same network of other layers.

        Args:
            replaced: function from a layer to the one that takes its place; asked once for each.
            inputs: symbols to begin with, in the structure of `inputs`; None makes new ones.
        """
        layers = {layer: replaced(layer) for layer in self.layers}
        if inputs is None:
            sources = [_output_of(layers, symbol) for symbol in self.sources]
        else:
            sources = parts_like(inputs, self.inputs)
        values = dict(zip(self.sources, sources))
        for call in self._steps:
            x, args, kwargs = call.made_of(values)
            values.update(zip(call.results, flatten(layers[call.layer](x, *args, **kwargs))[0]))
        return Network(self._rebuilt_inputs(sources), self._rebuilt([values[symbol] for symbol in self.results]))

    @property
    def begins_with_inputs(self) -> bool:
        """Whether all inputs come from Input, and none from the middle of another model."""
        return all(isinstance(symbol.call.layer, InputLayer) for symbol in self.sources)

    # Words -----------------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Layers, calls, inputs and outputs as plain data; a symbol is [number of the call, number of the result]."""
        number = {call: place for place, call in enumerate(self.calls)}

        def plain(x: Any) -> Any:
            return written(x, lambda symbol: [number[symbol.call], symbol.index])

        calls = [{"layer": call.layer.name, "arguments": plain(call.arguments)} for call in self.calls]
        inputs, outputs = plain(self.inputs), plain(self.outputs)
        return {"layers": [serialize(layer) for layer in self.layers], "calls": calls, "inputs": inputs, "outputs": outputs}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Network:
        """A network like the one whose `get_config` gave `config`, of new layers."""
        layers = {layer.name: layer for layer in map(deserialize, config["layers"])}
        results: list[list[Symbol]] = []

        def symbol_at(place: Any) -> Symbol:
            call, index = place
            return results[call][index]

        for call in config["calls"]:
            layer, (x, args, kwargs) = layers[call["layer"]], read(call["arguments"], symbol_at)
            results.append(flatten(layer.output if isinstance(layer, InputLayer) else layer(x, *args, **kwargs))[0])
        return cls(read(config["inputs"], symbol_at), read(config["outputs"], symbol_at))


def _output_of(layers: dict[Layer, Layer], symbol: Symbol) -> Symbol:
    """What takes the place of a source among other layers: what their InputLayer gives, or a new Input."""
    other = layers.get(symbol.call.layer)
    return other.output if isinstance(other, InputLayer) else Input(batch_shape=symbol.shape, dtype=symbol.dtype)


def _symbols(what: str, x: Any) -> tuple[list[Symbol], Callable]:
    parts, rebuild = flatten(x)
    for part in parts:
        if not isinstance(part, Symbol):
            hint = f"Call it first: {part.name}(x)." if isinstance(part, Layer) else "Begin with x = Input(shape=...)."
            raise TypeError(f"Model expects {what} that layers were called on or returned, got {part!r}. {hint}")
    return parts, rebuild


def _calls_between(sources: list[Symbol], results: list[Symbol]) -> list[Call]:
    """The calls that the results need, in the order in which they were made, back to the sources and no further."""
    known, found = set(sources), {}
    waiting = [symbol for symbol in results if symbol not in known]
    while waiting:
        symbol = waiting.pop()
        call = symbol.call
        if isinstance(call.layer, InputLayer):
            raise ValueError(
                f"Model expects outputs that its inputs lead to, got one that needs the input {symbol.name!r}, too. "
                f"Add it: inputs=[..., {symbol.name}]."
            )
        if call.number not in found:
            found[call.number] = call
            waiting += [one for one in call.inputs if one not in known]
    first = [symbol.call for symbol in sources if isinstance(symbol.call.layer, InputLayer)]
    return [*dict.fromkeys(first), *(found[number] for number in sorted(found))]


def _layers(results: list[Symbol], calls: list[Call]) -> list[Layer]:
    """Layers in the order of Keras: by the longest way to an output, then as they are met going back from the outputs."""
    depth = dict.fromkeys(calls, 0)
    for call in sorted(calls, key=lambda call: call.number, reverse=True):
        for symbol in call.inputs:
            if symbol.call in depth:
                depth[symbol.call] = max(depth[symbol.call], depth[call] + 1)
    met: dict[Call, None] = {}
    waiting = [symbol.call for symbol in reversed(results)]
    while waiting:
        call = waiting.pop()
        if call in depth and call not in met:
            met[call] = None
            waiting += [symbol.call for symbol in reversed(call.inputs)]
    rank = {call: place for place, call in enumerate([*met, *calls])}
    deepest: dict[Layer, int] = {}
    for call in calls:
        deepest[call.layer] = max(depth[call], deepest.get(call.layer, 0))
    order = sorted(calls, key=lambda call: (-deepest[call.layer], rank[call]))
    return list(dict.fromkeys(call.layer for call in order))


def _last_uses(steps: list[Call], results: list[Symbol]) -> list[list[Symbol]]:
    """For each step, the values that nothing behind it needs."""
    needed, forgotten = set(results), []
    for call in reversed(steps):
        last = [symbol for symbol in dict.fromkeys([*call.inputs, *call.results]) if symbol not in needed]
        needed.update(last)
        forgotten.append(last)
    return forgotten[::-1]


def _unique(names: list[str]) -> list[str]:
    """The names, each that comes again with a number."""
    seen: dict[str, int] = {}
    out = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 else f"{name}_{seen[name] - 1}")
    return out
