"""Large graphs in few boxes: a layer becomes one box, and if that is not enough, all that is old becomes one.

Everything is one walk over the nodes, whatever their number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tinygrad_edu.graph import NUMBERS, Node
from viz.numbers import count

NEAREST = 200  # boxes that are left of a graph that does not fit even when folded
_KINDS = 8  # ops that are listed for a folded box

Place = Node | int  # a node drawn on its own, or the number of a part


@dataclass
class Part:
    """Ops that are drawn as one box.

    Args:
        name: of the layer; "" for what is only old.
        scope: path of the layers around it.
        kinds: its most frequent ops, "matmul ×50".
    """

    name: str
    scope: str
    ops: int = 0
    leaves: int = 0
    kinds: list[str] = field(default_factory=list)


@dataclass
class Folding:
    """How a graph is drawn.

    Args:
        single: nodes drawn on their own, oldest first.
        links: how many arrows lead from place to place, where one of them is a part.
        notice: what was folded, in words; "" if nothing was.
    """

    single: list[Node]
    parts: list[Part] = field(default_factory=list)
    links: dict[tuple[Place, Place], int] = field(default_factory=dict)
    notice: str = ""


def fold(nodes: list[Node], most: int) -> Folding:
    """`nodes` (oldest first) in at most `most` boxes, or in 200 if that cannot be done by layers."""
    if _fits(nodes, most):
        return Folding(nodes)
    for depth in (None, 1):
        layer_of = _layer_at(depth)
        layers = dict.fromkeys(layer_of(node) for node in nodes if node.op and node.scope)
        if _fits((node for node in nodes if not node.scope), most - len(layers)):
            return _folded(nodes, layer_of, f"{count(_ops(nodes), 'operation')}, folded into {count(len(layers), 'layer')}")
    kept = set([node for node in nodes if node.op][-min(NEAREST, most) :])
    notice = f"{count(_ops(nodes), 'operation')}, of which the {len(kept)} nearest to the end are drawn"
    return _folded(nodes, lambda node: None if node in kept else "", notice)


def _folded(nodes: list[Node], part_name: Callable[[Node], str | None], notice: str) -> Folding:
    """`part_name` gives the part of an op, None for one that is drawn on its own."""
    number: dict[str, int] = {}
    place: dict[Node, Place] = {}
    for node in nodes:
        if node.op:
            name = part_name(node)
            place[node] = node if name is None else number.setdefault(name, len(number))
    alone = [node for node in nodes if place.get(node) is node]
    used = {source for node in alone for source in _leaves(node)}
    single = [node for node in nodes if place.get(node) is node or node in used]
    return Folding(single, _parts(list(number), place), _links(place), notice)


def _leaves(node: Node) -> list[Node]:
    return [source for source in node.sources if isinstance(source, Node) and not source.op]


def _parts(names: list[str], place: dict[Node, Place]) -> list[Part]:
    parts = [Part(name.rpartition("/")[2] or "earlier", name.rpartition("/")[0]) for name in names]
    kinds: list[Counter] = [Counter() for _ in names]
    leaves: list[dict[Node, None]] = [{} for _ in names]
    for node, home in place.items():
        if isinstance(home, int):
            parts[home].ops += 1
            kinds[home][node.op.name] += 1
            leaves[home].update(dict.fromkeys(_leaves(node)))
    for part, counts, found in zip(parts, kinds, leaves):
        part.kinds = [f"{kind} ×{times:,}" for kind, times in counts.most_common(_KINDS)]
        part.leaves = len(found)
    return parts


def _links(place: dict[Node, Place]) -> dict[tuple[Place, Place], int]:
    links: dict[tuple[Place, Place], int] = {}
    for node, head in place.items():
        for source in node.sources:
            tail = place.get(source) if isinstance(source, Node) else None
            if tail is not None and tail != head and (isinstance(tail, int) or isinstance(head, int)):
                links[tail, head] = links.get((tail, head), 0) + 1
    return links


def _layer_at(depth: int | None) -> Callable[[Node], str | None]:
    """Function from an op to its layer: the innermost, or the one so many steps from the outside; None without one."""
    return lambda node: "/".join(node.scope.split("/")[:depth]) or None


def _ops(nodes: list[Node]) -> int:
    return sum(node.op is not None for node in nodes)


def _fits(nodes: Iterable[Node], most: int) -> bool:
    """Whether nodes drawn on their own take at most so many boxes: ops, and a leaf for every use of one."""
    for node in nodes:
        if node.op:
            most -= 1 + sum(_is_drawn_leaf(source) for source in node.sources)
            if most < 0:
                return False
    return True


def _is_drawn_leaf(source: object) -> bool:
    return not source.op if isinstance(source, Node) else type(source) not in NUMBERS
