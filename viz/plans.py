"""The plan of a compiled step as a picture: a box per instruction, weights beside those that read them, a frame per layer."""

from __future__ import annotations

from os import PathLike
from typing import Any

from tinygrad_edu.compiled.explanation import PHASES, Explanation, Line, Source
from viz import theme
from viz.diagram import Arrow, Box, Group, Legend, Picture
from viz.drawing import Diagram
from viz.files import drawn
from viz.numbers import count, shape

_KINDS = {
    "product": ("product", theme.tint(theme.OKABE_ITO["orange"], 0.35)),
    "number": ("number by number", theme.tint(theme.OKABE_ITO["yellow"], 0.3)),
    "sum": ("sum", theme.tint(theme.OKABE_ITO["green"], 0.3)),
    "move": ("batch, report", "#f0efec"),
    "update": ("optimizer", theme.tint(theme.OKABE_ITO["purple"], 0.35)),
    "python": ("Python", theme.tint(theme.OKABE_ITO["vermilion"], 0.5)),
}
_WEIGHT, _TABLE = theme.tint(theme.OKABE_ITO["sky"]), theme.PAPER
_GRADIENT, _VALUE = theme.OKABE_ITO["vermilion"], "#555555"
TOGETHER = theme.tint(theme.OKABE_ITO["blue"], 0.15)
_FRAMES = {"forward": "#f4f7fa", "loss": "#f5f5f3", "backward": "#faf3f0"}


def draw_plan(
    plan: Any, to_file: str | PathLike | None = None, *, show_shapes: bool = True, legend: bool = True, rankdir: str = "TB"
) -> Diagram:
    """Draw what the machine does in one step of training.

    An arrow is a value on its way from the instruction that computes it to one that reads it, red where it is a gradient.
    Weights stand beside the instructions that read them, constants inside. What is run together, block by block, has a frame;
    one in each layer and on each way, with the same number.

    Args:
        plan: a model whose last `fit` ran compiled, or a `compiled` function that was called; or the `compiled_plan` of one.
        to_file: where to save; the suffix picks the format.
        show_shapes: how large the values are, in the boxes that compute them.
        legend: explain the colours.
        rankdir: "TB" (top to bottom), "LR", "BT" or "RL".

    Raises:
        ValueError: if the model did not run compiled; says why.
    """
    return drawn(plan_picture(plan, show_shapes=show_shapes, legend=legend, rankdir=rankdir), to_file)


def plan_picture(plan: Any, *, show_shapes: bool = True, legend: bool = True, rankdir: str = "TB") -> Picture:
    """The picture that `draw_plan` draws."""
    whole = as_explanation(plan, "draw_plan")
    picture = Picture(title=_title(whole), direction=rankdir)
    build = _Build(picture, whole, show_shapes)
    for line in whole.lines:
        build.line(line)
    if legend:
        kinds = {line.kind for line in whole.lines}
        picture.legend = Legend("", tuple((color, name) for kind, (name, color) in _KINDS.items() if kind in kinds))
    return picture


def as_explanation(plan: Any, owner: str) -> Explanation:
    """An explanation itself, or that of a model's last `fit`."""
    found = getattr(plan, "compiled_plan", None) if not isinstance(plan, Explanation) else plan
    if isinstance(found, Explanation):
        return found
    if hasattr(plan, "explain_jit"):
        raise ValueError(f"{owner} expects a model that ran compiled. {plan.explain_jit()} Fit it with jit_compile=True.")
    if hasattr(plan, "compiled_plan"):
        raise ValueError(f"{owner} expects a function that ran compiled. {plan.explain()}")
    raise TypeError(f"{owner} expects a model, or the compiled_plan of one, got {type(plan).__name__}. Pass the model.")


def _title(whole: Explanation) -> str:
    flops = sum(line.flops for line in whole.lines)
    return f"one step: {count(len(whole.lines), 'instruction')}, {count(flops, 'flop')}, {count(whole.arena, 'byte')} of memory"


class _Build:
    """The picture as far as it is drawn."""

    def __init__(self, picture: Picture, whole: Explanation, shapes: bool):
        self.picture, self.whole, self.lines, self.shapes = picture, whole, whole.lines, shapes
        self.groups: set[str] = set()

    def line(self, line: Line) -> None:
        """The box of an instruction, those of what it reads outside of the arena, and the arrows to it."""
        name, group = f"i{line.number}", self.group(line)
        color = _KINDS[line.kind][1]
        self.picture.boxes.append(Box(name, ((self.text(line),),), fill=color, group=group, tip=_tip(line)))
        for index, source in enumerate(line.sources):
            if source.kind == "instruction":
                tail = self.lines[source.number]
                color = _GRADIENT if tail.phase == "backward" else _VALUE
                self.picture.arrows.append(Arrow(f"i{source.number}", name, color=color))
            elif source.kind in ("weight", "table"):
                self.outside(f"{name}_{index}", source, line)

    def outside(self, name: str, source: Source, line: Line) -> None:
        fill = _WEIGHT if source.kind == "weight" else _TABLE
        text = source.name.removeprefix(f"{line.layer}/") if line.layer else source.name
        self.picture.boxes.append(Box(name, ((text,),), fill=fill, shape="round", group=self.layer_group(line), tip=source.name))
        self.picture.arrows.append(Arrow(name, f"i{line.number}"))

    def text(self, line: Line) -> str:
        """The lines in the box of an instruction."""
        constants = [source.name for source in line.sources if source.kind == "constant"]
        name = line.name.replace("_", " ") + "".join(f", {constant}" for constant in constants)
        into = line.target if line.kept is None else ""
        size = shape(line.shape) if self.shapes and line.shape else ""
        return "\n".join(part for part in (f"{line.number}  {name}", " ".join([into, size]).strip()) if part)

    def group(self, line: Line) -> str:
        """Id of the frame around an instruction: of its block, as far as that is in one layer, else of its layer."""
        layer, block = self.layer_group(line), self.whole.block_of(line.number)
        if block is None:
            return layer
        number = self.whole.blocks.index(block) + 1
        name = f"block {number} {layer}".strip()
        self.frame(name, f"block {number}: {block.size:,} of {block.rows:,} rows at a time", layer, TOGETHER)
        return name

    def layer_group(self, line: Line) -> str:
        """Id of the frame of a layer in a phase; frames are made when they are first needed."""
        if line.phase not in _FRAMES:
            return ""
        self.frame(line.phase, line.phase, "", _FRAMES[line.phase])
        if not line.layer:
            return line.phase
        self.frame(f"{line.phase} {line.layer}", line.layer, line.phase, theme.PAPER)
        return f"{line.phase} {line.layer}"

    def frame(self, name: str, label: str, parent: str, fill: str) -> None:
        if name not in self.groups:
            self.groups.add(name)
            self.picture.groups.append(Group(name, label, parent, fill))


def _tip(line: Line) -> str:
    extent = " x ".join(map(str, line.extent))
    cost = f"{count(line.read, 'byte')} read, {line.written:,} written, {count(line.flops, 'flop')}"
    return f"{line.name} {extent}\n{PHASES[line.phase]}\nfrom {' '.join(map(str, line.sources))} into {line.target}\n{cost}"
