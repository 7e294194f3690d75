"""A function at a point, ready to carry gradients back and tangents forward; `calculus` is made of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import ops
from .backward import seed_of, walk
from .graph import GraphError, current, make_value, mode, new_number, reachable
from .structure import flatten, parts_like
from .tensor import Tensor, as_tensor


class Linearized:
    """What `function` computes from `primals`, with its graph.

    Attributes:
        outs: the Tensors it returned, out of whatever structure.
        aux: what else it returned, with `has_aux`.
        outer: whether a gradient may be asked for later by something that was there before.
    """

    def __init__(self, function: Callable, primals: Sequence[Any], has_aux: bool = False):
        taken_apart = [flatten(x) for x in primals]
        self._sizes = [len(parts) for parts, _ in taken_apart]
        self._rebuilds = [rebuild for _, rebuild in taken_apart]
        recording, start = current().recording, new_number()
        with mode(recording=True):
            self.xs = [_variable(part) for parts, _ in taken_apart for part in parts]
            out = function(*self._packed(self.xs))
        self.aux: Any = None
        if has_aux:
            out, self.aux = _pair(out)
        outs, self._rebuild_out = flatten(out)
        self._primals, self._out = primals, out  # for their structure
        self.outs = [as_tensor(part) for part in outs]
        self._nodes = reachable([x.node for x in self.outs if x.node is not None])
        self.outer = recording and bool(self._nodes) and self._nodes[-1].number < start
        self._pulled: list | None = None

    def value(self) -> Any:
        """What the function returned; without its graph where nobody could need it."""
        return self._rebuild_out([x if self.outer else x.detach() for x in self.outs])

    def pull(self, cotangents: list, owner: str, retain_graph: bool = True) -> list:
        """Gradients by the primals, given one by each of `outs`."""
        seeds = [seed_of(x, c, owner) for x, c in zip(self.outs, cotangents)]
        record = self.outer or any(seed.node is not None for seed in seeds)
        return self._packed(self._pull(seeds, retain_graph, record))

    def push(self, tangents: list) -> Any:
        """How the outs move when the primals move along `tangents`."""
        moved = self._push([seed_of(x, t, "jvp") for x, t in zip(self.xs, tangents)])
        return self._rebuild_out(moved)

    def matrices(self, pack: Callable) -> Any:
        """All derivatives, in the structure of the outs, and in it that of the primals as `pack` has it."""
        ins, outs = sum(x.size for x in self.xs), sum(x.size for x in self.outs)
        parts = self._columns() if ins < outs else self._rows()
        return self._rebuild_out([pack(self._packed(row)) for row in parts])

    def parts_like_out(self, x: Any, owner: str) -> list:
        """The parts of a structure that must be that of the value."""
        return _parts(x, self._out, self._rebuild_out(["..."] * len(self.outs)), owner)

    def parts_like_in(self, xs: Sequence[Any], owner: str) -> list:
        """The parts of structures that must be those of the primals."""
        if len(xs) != len(self._primals):
            raise GraphError(f"{owner} expects as many tangents as primals, got {len(xs)} for {len(self._primals)}.")
        words = self._packed(["..."] * len(self.xs))
        return [part for x, model, word in zip(xs, self._primals, words) for part in _parts(x, model, word, owner)]

    def _pull(self, seeds: list[Tensor], retain_graph: bool, record: bool) -> list[Tensor]:
        nodes: list[Any] = [x.node for x in self.xs]
        found = walk(self.outs, seeds, nodes, retain_graph=retain_graph, create_graph=record, nodes=self._nodes)
        return [found[x.node] if x.node in found else _zeros(x) for x in self.xs]

    def _push(self, tangents: list[Tensor]) -> list[Tensor]:
        """Gradients of <g, tangents> by u, where g are the gradients that a cotangent u gives."""
        if self._pulled is None:
            with mode(recording=True):
                self._us = [Tensor(np.zeros_like(x.array)) if x.node is not None else None for x in self.outs]
                self._pulled = self._pull([_zeros(x) if u is None else u for x, u in zip(self.outs, self._us)], True, True)
        record = self.outer or any(t.node is not None for t in tangents)
        nodes: list[Any] = [u.node for u in self._us if u is not None]
        found = walk(self._pulled, tangents, nodes, retain_graph=True, create_graph=record)
        return [_zeros(x) if u is None or u.node not in found else found[u.node] for x, u in zip(self.outs, self._us)]

    def _rows(self) -> list[list[Tensor]]:
        """For each out its derivatives by each primal, one backward pass per number of it."""
        rows = []
        for n, out in enumerate(self.outs):
            passes = []
            for unit in _units(out):
                seeds = [unit if i == n else _zeros(x) for i, x in enumerate(self.outs)]
                passes.append(self._pull(seeds, True, self.outer))
            rows.append([self._stacked([p[i] for p in passes], 0, out, x) for i, x in enumerate(self.xs)])
        return rows

    def _columns(self) -> list[list[Tensor]]:
        """The same, one pass per number of the primals."""
        columns = []
        for n, x in enumerate(self.xs):
            passes = [self._push([unit if i == n else _zeros(y) for i, y in enumerate(self.xs)]) for unit in _units(x)]
            columns.append([self._stacked([p[i] for p in passes], -1, out, x) for i, out in enumerate(self.outs)])
        return [list(row) for row in zip(*columns)]

    def _stacked(self, parts: list[Tensor], axis: int, out: Tensor, x: Tensor) -> Tensor:
        shape = (*out.shape, *x.shape)
        if not parts:
            return make_value(np.zeros(shape, x.dtype))
        if not self.outer:
            return make_value(np.stack([part.array for part in parts], axis).reshape(shape)[()])
        with mode(recording=True):
            return ops.reshape(ops.stack(parts, axis=axis), shape)

    def _packed(self, parts: Sequence[Any]) -> list:
        """Parts, in the structures of the primals."""
        packed, start = [], 0
        for size, rebuild in zip(self._sizes, self._rebuilds):
            packed.append(rebuild(parts[start : start + size]))
            start += size
        return packed


def _variable(x: Any) -> Tensor:
    """`x` as something to differentiate by, and by it alone: a new node, that a gradient of the gradient sees through.

    It is no leaf, so that a function which writes to its argument is refused.
    """
    x = x if isinstance(x, Tensor) and x.requires_grad else Tensor(x, requires_grad=True)
    return ops.cast(x, dtype=x.dtype)


def _zeros(x: Tensor) -> Tensor:
    return make_value(np.zeros_like(x.array)[()])


def _units(x: Tensor) -> list[Tensor]:
    """For each number of x: zeros with a 1 in its place."""
    return [make_value(row.reshape(x.shape)[()]) for row in np.eye(x.size, dtype=x.dtype)]


def _pair(out: Any) -> tuple[Any, Any]:
    if not (isinstance(out, tuple) and len(out) == 2):
        raise TypeError(f"has_aux expects a function that returns (value, anything else), got {type(out).__name__}.")
    return out


def _parts(x: Any, model: Any, words: Any, owner: str) -> list:
    try:
        return parts_like(x, model)
    except ValueError:
        raise GraphError(f"{owner} expects parts in the structure {words}, got a {type(x).__name__} of others.") from None
