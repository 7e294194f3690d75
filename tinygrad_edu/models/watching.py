"""Which layer gets what from which: read off a network, or off one call of a model that is written in Python."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ..graph import Value
from ..layers import InputLayer, Layer, Symbol
from ..layers.shapes import shapes_in
from ..layers.symbol import Call, Outline
from ..structure import flatten
from ..tensor import Tensor
from .network import Network


class Flow(NamedTuple):
    """The calls that lead from the inputs of a model to its outputs.

    Attributes:
        sources, results: symbols of the inputs and of the outputs.
        calls: of layers, in order; those of the inputs first.
    """

    sources: list[Symbol]
    results: list[Symbol]
    calls: list[Call]

    @property
    def is_chain(self) -> bool:
        """Whether each layer is called once, on what the one before returned."""
        if len(self.sources) != 1 or len(self.results) != 1 or len({call.layer for call in self.calls}) < len(self.calls):
            return False
        return all(len(call.inputs) == 1 and call.inputs[0].call is before for before, call in zip(self.calls, self.calls[1:]))


def flow_of(model: Any, network: Network | None) -> Flow:
    """The flow of a model: that of its network, or, as far as it is built, that of a call on zeros."""
    if network is not None:
        return Flow(network.sources, network.results, network.calls)
    return _Watch(model).flow() if model.built else Flow([], [], [])


class _Watch:
    """One call of a model on zeros, in which the calls of its layers are noted.

    What a layer gets is told by the recorded graph: going back from it, the first results of layers that are met.
    """

    def __init__(self, model: Any):
        self.model, self.thread = model, threading.get_ident()
        self.calls: list[Call] = []
        self.symbol_of: dict[int, Symbol] = {}  # by id of a Tensor, or of the node that made it
        self.kept: list[Any] = []  # so that no id is given twice
        self.counts: Counter[Layer] = Counter()

    def flow(self) -> Flow:
        """The calls, and what came in and went out."""
        shapes = self.model.input_shape
        sources = [self._source(name, shape) for name, shape in zip(self.model.input_names, _listed(shapes))]
        x = [Tensor(np.zeros([1 if n is None else n for n in s.shape], s.dtype), requires_grad=True) for s in sources]
        for part, symbol in zip(x, sources):
            self._put(part, symbol)
        before, Layer.watcher = Layer.watcher, self._note
        try:
            with self.model.probed(recording=True):
                out = self.model(_like(shapes, x))
        finally:
            Layer.watcher = before
        return Flow(sources, [symbol for part in flatten(out)[0] for symbol in self._origins(part)], self.calls)

    def _source(self, name: str, shape: Any) -> Symbol:
        symbol = InputLayer(batch_shape=shape, dtype=self.model.dtype, name=name).output
        self.calls.append(symbol.call)
        return symbol

    def _note(self, layer: Layer, outer: str, arguments: Any, out: Any) -> None:
        if outer != self.model.name or threading.get_ident() != self.thread:
            return
        inputs = [symbol for part in flatten(arguments)[0] for symbol in self._origins(part)]
        parts, rebuild = flatten(out)
        outline = rebuild([Outline((None, *part.shape[1:]), part.dtype) for part in parts])
        call = Call(layer, (inputs, (), {}), outline, self.counts[layer])
        self.counts[layer] += 1
        self.calls.append(call)
        for part, symbol in zip(parts, call.results):
            self._put(part, symbol)

    def _put(self, part: Any, symbol: Symbol) -> None:
        self.kept.append(part)
        self.symbol_of[id(part)] = symbol
        if part.node is not None:
            self.symbol_of[id(part.node)] = symbol

    def _origins(self, part: Any) -> Iterator[Symbol]:
        """The results of layers, or inputs, that a value was computed from, each once."""
        found: dict[Symbol, None] = {}
        waiting, seen = [part], set()
        while waiting:
            thing = waiting.pop()
            symbol = self.symbol_of.get(id(thing))
            if symbol is not None:
                found[symbol] = None
            elif id(thing) not in seen:
                seen.add(id(thing))
                node = thing.node if isinstance(thing, Value) else thing
                waiting += [source for source in reversed(getattr(node, "sources", ())) if source is not None]
        return iter(found)


def _listed(shapes: Any) -> Any:
    return shapes.values() if isinstance(shapes, dict) else shapes_in(shapes)


def _like(shapes: Any, x: list) -> Any:
    """The parts of x in the structure of the shapes."""
    if isinstance(shapes, dict):
        return dict(zip(shapes, x))
    return x if isinstance(shapes, list) else x[0]
