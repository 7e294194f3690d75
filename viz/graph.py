"""Any recorded computation as a picture: a box per op, leaves beside the ops that use them, a frame per layer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from os import PathLike

from tinygrad_edu.graph import NUMBERS, Node, Value
from viz import theme
from viz.diagram import Arrow, Box, Group, Picture
from viz.drawing import Diagram
from viz.files import drawn
from viz.folding import Folding, fold
from viz.numbers import count, magnitude, numbers, shape
from viz.reading import Names, Reading, call, rms

_FEW = 4  # numbers in a value that is shown
_LEAF, _OUTPUT = theme.tint(theme.OKABE_ITO["sky"]), theme.tint(theme.OKABE_ITO["yellow"], 0.35)
_CONSTANT, _FOLDED = "#f7f7f5", theme.tint(theme.OKABE_ITO["orange"])


def draw_graph(
    outputs: Value | Iterable[Value],
    to_file: str | PathLike | None = None,
    *,
    names: Names | None = None,
    show_values: bool = False,
    show_grads: bool = False,
    show_dtype: bool = False,
    group: str | None = "layer",
    share: str = "per_use",
    max_nodes: int = 3000,
    rankdir: str = "TB",
) -> Diagram:
    """Draw the graph behind one or several Tensors.

    Args:
        outputs: what was computed.
        to_file: where to save; the suffix picks the format.
        names: what to call some Tensors, {"loss": loss}; weights of layers have names already.
        show_values: numbers of values that are small and still known.
        show_grads: root mean square of the gradients that are known.
        show_dtype: types beside the shapes.
        group: "layer" draws a frame around the ops of every layer; None draws none.
        share: "per_use" draws a leaf beside each op that uses it, which keeps a network unrolled over
            time readable; "once" draws it once.
        max_nodes: boxes that are drawn at most. A larger graph is folded: first every layer becomes one box,
            and if that does not help only what is nearest to the outputs is drawn. The title says so.
        rankdir: "TB" (top to bottom), "LR", "BT" or "RL".
    """
    picture = graph_picture(
        outputs, names=names, show_values=show_values, show_grads=show_grads, show_dtype=show_dtype,
        group=group, share=share, max_nodes=max_nodes, rankdir=rankdir,
    )  # fmt: skip
    return drawn(picture, to_file)


def graph_picture(
    outputs: Value | Iterable[Value],
    *,
    names: Names | None = None,
    show_values: bool = False,
    show_grads: bool = False,
    show_dtype: bool = False,
    group: str | None = "layer",
    share: str = "per_use",
    max_nodes: int = 3000,
    rankdir: str = "TB",
) -> Picture:
    """The picture that `draw_graph` draws."""
    _check(group, share, max_nodes)
    reading = Reading("draw_graph", outputs, names)
    folding = fold(reading.nodes, max_nodes)
    words = _Words(reading, show_values, show_grads, show_dtype)
    build = _Build(words, folding, Picture(title=folding.notice, direction=rankdir), group == "layer", share == "per_use")
    build.draw()
    return build.picture


def _check(group: str | None, share: str, max_nodes: int) -> None:
    if group not in ("layer", None):
        raise ValueError(f"draw_graph expects group to be 'layer' or None, got {group!r}. Choose one of them.")
    if share not in ("per_use", "once"):
        raise ValueError(f"draw_graph expects share to be 'per_use' or 'once', got {share!r}. Choose one of them.")
    if max_nodes < 1:
        raise ValueError(f"draw_graph expects max_nodes >= 1, got {max_nodes}. Leave it out for 3,000.")


@dataclass(frozen=True)
class _Words:
    """What the boxes say."""

    reading: Reading
    values: bool
    grads: bool
    dtype: bool

    def of(self, node: Node, name: str) -> str:
        """The lines in the box of a node called `name`."""
        kind = call(node) if node.op else ""
        lines = [name, kind, shape(node.shape) + (f" {node.dtype}" if self.dtype else ""), *self._numbers(node)]
        return "\n".join(line for line in lines if line)

    def _numbers(self, node: Node) -> Iterator[str]:
        value, grad = self.reading.value(node), self.reading.grad(node)
        if self.values and value is not None and value.size <= _FEW:
            yield f"= {numbers(value)}"
        if self.grads and grad is not None:
            yield f"grad {magnitude(rms(grad))}" + (" rms" if node.shape else "")


@dataclass
class _Build:
    """The picture as far as it is drawn."""

    words: _Words
    folding: Folding
    picture: Picture
    framed: bool
    per_use: bool
    ids: dict[Node, str] = field(default_factory=dict)
    groups: dict[str, None] = field(default_factory=dict)
    leaves: set[str] = field(default_factory=set)

    def draw(self) -> None:
        """All boxes from the oldest to the newest, each with the arrows that lead to it."""
        for i, part in enumerate(self.folding.parts):
            what = count(part.ops, "operation") + (f"\n{count(part.leaves, 'leaf')}" if part.leaves else "")
            self.box(f"f{i}", f"{part.name}\n{what}".strip(), part.scope, _FOLDED, "box", "\n".join(part.kinds))
        for i, node in enumerate(self.folding.single):
            self.ids[node] = f"n{i}"
            self.node(node, f"n{i}")
            for k in range(len(node.sources)):
                self.link(node, k)
        for (tail, head), times in self.folding.links.items():
            self.arrow(self.end(tail), self.end(head), times)

    def node(self, node: Node, name: str) -> None:
        """The box of an op or of an output; leaves wait for an op that uses them."""
        is_output = any(output.node is node for output in self.words.reading.outputs)
        if node.op or is_output:
            text = self.words.of(node, self.words.reading.name(node))
            self.box(name, text, node.scope, _OUTPUT if is_output else "#ffffff", "box" if node.op else "round")
            self.leaves.add(name)

    def end(self, place: Node | int) -> str:
        return f"f{place}" if isinstance(place, int) else self.ids[place]

    def link(self, node: Node, index: int) -> None:
        """The arrow to input `index` of an op, and the leaf or constant that it comes from."""
        source, head = node.sources[index], self.ids[node]
        if type(source) in NUMBERS:  # written in the box of the op
            return
        if not isinstance(source, Node):
            constant = self.words.reading.constant(node, index)
            known = "" if constant.shape is None else f"\n{shape(constant.shape)}"
            self.box(f"{head}_{index}", (constant.name or "data") + known, node.scope, _CONSTANT, "round")
            self.arrow(f"{head}_{index}", head)
        elif source.op:
            if source in self.ids:
                self.arrow(self.ids[source], head)
        else:
            self.arrow(self.leaf(source, node, index), head)

    def leaf(self, source: Node, user: Node, index: int) -> str:
        """Id of the box of a leaf, which is drawn now if it is not there yet."""
        name = f"{self.ids[user]}_{index}" if self.per_use else self.ids[source]
        if name not in self.leaves:
            self.leaves.add(name)
            label = self.words.reading.name(source) or "leaf"
            text = self.words.of(source, _within(label, user.scope) if self.framed else label)
            self.box(name, text, user.scope, _LEAF, "round", label)
        return name

    def box(self, name: str, text: str, scope: str, fill: str, form: str, tip: str = "") -> None:
        self.picture.boxes.append(Box(name, ((text,),), fill=fill, shape=form, group=self.group(scope), tip=tip or text))

    def group(self, scope: str) -> str:
        """Id of the frame of a layer; frames of the layers around it are made too."""
        if not self.framed:
            return ""
        steps = scope.split("/") if scope else []
        for depth, step in enumerate(steps):
            path, parent = "/".join(steps[: depth + 1]), "/".join(steps[:depth])
            if path not in self.groups:
                self.groups[path] = None
                self.picture.groups.append(Group(path, step, parent))
        return scope

    def arrow(self, tail: str, head: str, times: int = 1) -> None:
        self.picture.arrows.append(Arrow(tail, head, f"×{times:,}" if times > 1 else ""))


def _within(label: str, scope: str) -> str:
    """The name of a weight inside the frame of its layer: "dense/kernel" is "kernel" in "model/dense"."""
    layer, _, weight = label.rpartition("/")
    return weight if layer and (scope == layer or scope.endswith("/" + layer)) else label
