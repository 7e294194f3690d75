"""The gradient's way through a model, drawn: what `viz.flow` measured, on a scale that pictures can share."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from os import PathLike
from typing import Any

from viz import theme
from viz.diagram import Arrow, Box, Group, Legend, Picture
from viz.drawing import Diagram
from viz.files import drawn
from viz.flow import measure_flow
from viz.flow_record import Flow, LayerFlow
from viz.numbers import count, magnitude, number, percent, shape, signed

_NARROWEST, _WIDEST = 1.0, 7.0  # points
_POINTS_PER_DECADE = 1.25
_SHADES, _MOST_TICKS = 12, 8  # cells and numbers of the colour scale
_LEAST_DECADES = 2.0  # a scale is never narrower, or noise would look like a difference
_CAPTION = "fill: rms of dL/dW · upward: rms of the gradient, log scale"
_FORWARD, _BACKWARD, _BROKEN = "#8a8a8a", theme.OKABE_ITO["vermilion"], "#000000"
_NO_FILL, _BROKEN_FILL = theme.PAPER, theme.tint(theme.OKABE_ITO["vermilion"], 0.5)


def gradient_flow(
    model: Any, x: Any = None, y: Any = None, to_file: str | PathLike | None = None, *, title: str | None = None
) -> Diagram:
    """Draw how the gradient of the loss comes back through the layers of a model, and where it is lost.

    Grey arrows lead forward. Red ones are the gradient on its way back: 1.25 points wider for every power of ten,
    less where that would be too wide. Beside them stands by how many powers of ten (decades) it grew or shrank, and
    what the slope of the activation and the weights did to that. The fill of a box is the size of dL/dW in the layer.
    What is exactly 0, infinite or not a number is written out, and its arrow is dashed.

    Args:
        model: a compiled model whose layers follow each other; or a `Flow`, then without `x` and `y`.
        x, y: samples and labels.
        to_file: where to save; the suffix picks the format.
        title: above the picture; None for the name of the model and its loss.
    """
    flow = as_flow(model if x is None and y is None else (model, x, y), "gradient_flow")
    return drawn(flow_picture(flow, title=title), to_file)


def compare(
    a: Any, b: Any, *, labels: tuple[str, str] = ("a", "b"), to_file: str | PathLike | None = None, title: str | None = None
) -> Diagram:
    """Draw two gradient flows side by side, on one scale: two activations, two initializers, before and after.

    Args:
        a, b: Flows that `measure_flow` returned, or triples (model, x, y).
        labels: what they are called.
        to_file, title: as in `gradient_flow`.
    """
    return drawn(compare_picture(as_flow(a, "compare"), as_flow(b, "compare"), labels=labels, title=title), to_file)


def as_flow(source: Any, owner: str) -> Flow:
    """A Flow itself, or the one measured for (model, x, y)."""
    if isinstance(source, Flow):
        return source
    if isinstance(source, (tuple, list)) and len(source) == 3:
        return measure_flow(*source)
    raise TypeError(f"{owner} expects a Flow, or a model with x and y, got {type(source).__name__} alone. Pass (model, x, y).")


def flow_picture(flow: Flow, *, title: str | None = None) -> Picture:
    """The picture that `gradient_flow` draws."""
    scale = Scale.of([flow])
    picture = Picture(title=_title(flow) if title is None else title, legend=scale.legend())
    _draw(picture, flow, scale)
    return picture


def compare_picture(a: Flow, b: Flow, *, labels: tuple[str, str] = ("a", "b"), title: str | None = None) -> Picture:
    """The picture that `compare` draws."""
    scale = Scale.of([a, b])
    picture = Picture(title=title or "", legend=scale.legend())
    for i, (flow, label) in enumerate(zip((a, b), labels)):
        picture.groups.append(Group(f"g{i}", label or _title(flow), fill=theme.PAPER))
        _draw(picture, flow, scale, f"g{i}")
    return picture


@dataclass(frozen=True)
class Scale:
    """From sizes to colours and widths, in powers of ten.

    Args:
        low, high: log10 of the smallest and the largest rms dL/dW; both 0 where none is a positive number.
        thin, thick: log10 of the rms gradients that are drawn as the narrowest and the widest line.
        marks: which of "0" and "nan, inf" occur.
    """

    low: float
    high: float
    thin: float
    thick: float
    marks: tuple[str, ...] = ()

    @classmethod
    def of(cls, flows: Iterable[Flow]) -> Scale:
        """The scale on which all of some flows can be drawn; its ends are whole numbers."""
        layers = [layer for flow in flows for layer in flow.layers]
        sizes = [layer.kernel_grad for layer in layers if layer.kernel_grad is not None]
        low, high = _range(sizes)
        thin, thick = _range([layer.arriving for layer in layers if layer.arriving is not None])
        zero, broken = any(size == 0 for size in sizes), any(not math.isfinite(size) for size in sizes)
        return cls(low, high, thin, thick, ("0",) * zero + ("nan, inf",) * broken)

    def fill(self, size: float | None) -> str:
        """Colour of a layer; white for one without a kernel and for exactly 0."""
        if size is None or size == 0:
            return _NO_FILL
        return theme.cividis((math.log10(size) - self.low) / (self.high - self.low)) if math.isfinite(size) else _BROKEN_FILL

    def width(self, size: float) -> float:
        """Width of a backward arrow [points]."""
        if size == 0 or not math.isfinite(size):
            return _NARROWEST
        wider = min(_POINTS_PER_DECADE, (_WIDEST - _NARROWEST) / (self.thick - self.thin))
        return round(_NARROWEST + wider * (math.log10(size) - self.thin), 2)

    def legend(self) -> Legend | None:
        """The colours with whole powers of ten under them, after those of what has no logarithm."""
        marks = [((_NO_FILL if mark == "0" else _BROKEN_FILL), mark) for mark in self.marks]
        spaced = [cell for mark in marks for cell in (mark, (theme.PAPER, ""))]
        cells = (*spaced, *self._shades())
        return Legend(_CAPTION, cells) if cells else None

    def _shades(self) -> list[tuple[str, str]]:
        decades = round(self.high - self.low)
        if not decades:
            return []
        fine, apart = max(1, round(_SHADES / decades)), math.ceil(decades / _MOST_TICKS)
        ticks = {i * fine: f"1e{round(self.low) + i}" for i in range(0, decades + 1, apart)}
        return [(theme.cividis(i / (decades * fine)), ticks.get(i, "")) for i in range(decades * fine + 1)]


def _range(sizes: list[float]) -> tuple[float, float]:
    """Whole powers of ten around all finite sizes."""
    logs = [math.log10(size) for size in sizes if size > 0 and math.isfinite(size)]
    if not logs:
        return 0.0, 0.0
    low, high = math.floor(min(logs)), math.ceil(max(logs))
    return float(low), max(float(high), low + _LEAST_DECADES)


def _title(flow: Flow) -> str:
    return f"{flow.name}, {flow.loss_name} {number(flow.loss)}"


def _draw(picture: Picture, flow: Flow, scale: Scale, group: str = "") -> None:
    """The way there and back: input, layers, loss."""
    prefix = f"{group}_" if group else ""
    ids = [f"{prefix}n{i}" for i in range(len(flow.layers) + 2)]
    start = f"input {shape(flow.input_shape)}\n{count(flow.samples, 'sample')}"
    picture.boxes.append(Box(ids[0], ((start,),), shape="round", group=group))
    for name, layer in zip(ids[1:], flow.layers):
        fill = scale.fill(layer.kernel_grad)
        picture.boxes.append(Box(name, tuple(_rows(layer)), fill=fill, text=theme.text_on(fill), group=group, tip=_tip(layer)))
    picture.boxes.append(Box(ids[-1], ((f"loss {number(flow.loss)}\n{flow.loss_name}",),), shape="round", group=group))
    picture.arrows += [Arrow(tail, head, color=_FORWARD) for tail, head in pairwise(ids)]
    for i in reversed(range(len(flow.layers))):
        arrow = _backward(ids[i + 2], ids[i + 1], flow.layers[i], (*flow.layers, None)[i + 1], scale)
        picture.arrows += [arrow] if arrow else []


def _rows(layer: LayerFlow) -> Iterable[tuple[str, ...]]:
    frozen = " (frozen)" if layer.frozen else ""
    kind = "" if layer.name.rpartition("/")[2].startswith(layer.kind.lower()) else f": {layer.kind}"
    yield (f"{layer.name}{kind} {layer.activation}".strip() + frozen,)
    if layer.kernel_grad is not None:
        yield "dL/dW", magnitude(layer.kernel_grad) + (" exactly" if layer.kernel_grad == 0 else "")
    if layer.agreement is not None and math.isfinite(layer.agreement):
        yield "agreement", percent(layer.agreement)
    if layer.saturated is not None:
        yield "saturated", percent(layer.saturated)
    if layer.dead is not None:
        yield "dead", percent(layer.dead)
    if layer.shape and layer.shape[-1] > 1:
        yield "rank", f"{layer.rank:.1f} of {layer.shape[-1]}"


def _backward(tail: str, head: str, layer: LayerFlow, behind: LayerFlow | None, scale: Scale) -> Arrow | None:
    """The gradient that arrives at a layer from the one behind it, or from the loss."""
    size = layer.arriving
    if size is None:
        return None
    what, exactly = "dL/dz" if layer.delta is None else "dL/da", " exactly" if size == 0 else ""
    label = "\n".join([f"{what} {magnitude(size)}{exactly}", *_change(behind)])
    broken = size == 0 or not math.isfinite(size)
    return Arrow(tail, head, label, _BROKEN if broken else _BACKWARD, scale.width(size), dashed=broken, backward=True)


def _change(behind: LayerFlow | None) -> Iterable[str]:
    """What the layer behind did to the gradient, in powers of ten."""
    if behind is None or behind.decades is None or math.isnan(behind.decades):
        return
    if math.isinf(behind.decades):
        yield "nothing passes" if behind.decades < 0 else "grows without bound"
        return
    yield f"{_minus(behind.decades)} decades"
    if behind.slope_decades is not None and behind.weight_decades is not None:
        yield f"{_minus(behind.slope_decades)} slope"
        yield f"{_minus(behind.weight_decades)} weights"


def _minus(value: float) -> str:
    return signed(value).replace("-", "−")


def _tip(layer: LayerFlow) -> str:
    pairs = [(name, value) for name, value in vars(layer).items() if value is not None]
    return "\n".join(f"{name}: {number(value) if isinstance(value, float) else value}" for name, value in pairs)
