"""A model as a picture: a box for every layer, an arrow for everything that one layer gets from another.

Argument names are those of Keras' `plot_model`. Where it differs: nothing is written without `to_file`,
the drawing is returned, names of layers are shown unless told otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from os import PathLike
from typing import Any

from tinygrad_edu.layers import InputLayer, Layer, Symbol
from tinygrad_edu.models import Model
from tinygrad_edu.models.watching import Flow
from viz import theme
from viz.diagram import Arrow, Box, Group, Legend, Picture
from viz.drawing import Diagram
from viz.files import drawn
from viz.numbers import shape

_GREY, _PLAIN = "#ececea", "#f7f7f5"
_TINT = {name: theme.tint(color, 0.28) for name, color in theme.OKABE_ITO.items()}

# What a layer's colour means. A family is the module of `tinygrad_edu.layers` that its class comes from.
_FAMILIES = {
    "input": ("input", _PLAIN), "model": ("model", _GREY), "core": ("fully connected", _TINT["sky"]),
    "activation": ("activation", _TINT["yellow"]), "convolution": ("convolution", _TINT["green"]),
    "pooling": ("pooling", _TINT["purple"]), "recurrent": ("recurrent", _TINT["vermilion"]),
    "normalization": ("normalization", _TINT["orange"]), "merging": ("merging", _TINT["blue"]),
    "reshaping": ("reshaping", _GREY), "regularization": ("regularization", _GREY), "": ("other", _PLAIN),
}  # fmt: skip
_CLASS_FAMILIES = {"Activation": "activation", "Flatten": "reshaping", "Reshape": "reshaping", "Dropout": "regularization"}


def plot_model(
    model: Model,
    to_file: str | PathLike | None = None,
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int | None = None,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "spline",
    *,
    show_params: bool = False,
    legend: bool = False,
) -> Diagram:
    """Draw the layers of a model.

    Args:
        model: any model whose weights exist. Of one written in Python, the layers are shown that one call of it calls.
        to_file: where to save; the suffix (.png, .svg, .pdf, .dot) picks the format, none means .png.
        show_shapes: shapes of what goes in and comes out; None stands for the number of samples.
        show_dtype: the floating-point type.
        show_layer_names: names in front of the classes.
        rankdir: "TB" (top to bottom), "LR", "BT" or "RL".
        expand_nested: draw the layers of models inside the model, in a frame.
        dpi: dots per inch of a PNG; None for the default.
        show_layer_activations: names of activation functions.
        show_trainable: whether weights learn. Layers that are frozen say so in any case.
        splines: form of the lines, in Graphviz' words.
        show_params: how many numbers the weights hold.
        legend: explain the colours, one for each family of layers.

    Raises:
        TypeError: for anything but a model. ValueError: for one without weights.
    """
    shown = _Shown(show_shapes, show_dtype, show_layer_names, show_layer_activations, show_trainable, show_params)
    picture = model_picture(model, shown, rankdir=rankdir, expand_nested=expand_nested, legend=legend, splines=splines)
    picture.dpi = dpi or picture.dpi
    return drawn(picture, to_file)


def model_to_dot(model: Model, *args: Any, **kwargs: Any) -> Diagram:
    """`plot_model` without `to_file`: the drawing, whose `source` is DOT text."""
    return plot_model(model, None, *args, **kwargs)


@dataclass(frozen=True)
class _Shown:
    """What the boxes say."""

    shapes: bool = False
    dtype: bool = False
    names: bool = True
    activations: bool = False
    trainable: bool = False
    params: bool = False


def model_picture(
    model: Model,
    shown: _Shown | None = None,
    *,
    rankdir: str = "TB",
    expand_nested: bool = False,
    legend: bool = False,
    splines: str = "spline",
) -> Picture:
    """The picture that `plot_model` draws."""
    model = _built(model)
    build = _Build(shown or _Shown(), Picture(direction=rankdir, splines=splines))
    build.add_model(_Entry(model, (), not model.trainable), expand_nested)
    if legend:
        build.picture.legend = Legend("", tuple((_FAMILIES[family][1], _FAMILIES[family][0]) for family in build.families))
    return build.picture


def _built(model: Any) -> Model:
    if not isinstance(model, Model):
        raise TypeError(f"plot_model expects a model, got {_who(model)}. To draw a Tensor's graph use viz.draw_graph.")
    if not model.built:
        raise ValueError(
            f"plot_model expects a model whose weights exist, got {_who(model)} without any. "
            "Give its first layer an input_shape, or call the model on data first."
        )
    return model


def _who(model: Any) -> str:
    return f"{type(model).__name__} {model.name!r}" if isinstance(model, Layer) else type(model).__name__


@dataclass(frozen=True)
class _Entry:
    """A layer on the way of the data, and the nested models that it lies in, outermost first."""

    layer: Layer
    inside: tuple[Layer, ...] = ()
    is_frozen: bool = False


@dataclass
class _Build:
    """The picture as far as it is drawn."""

    shown: _Shown
    picture: Picture
    families: dict[str, None] = field(default_factory=dict)  # in the order in which they appear
    boxes: dict[tuple, Box] = field(default_factory=dict)  # of a layer, by the models that it lies in, and itself
    flows: dict[Model, Flow] = field(default_factory=dict)
    drawn: set[tuple] = field(default_factory=set)  # what flows from a box into a call

    def add_model(self, entry: _Entry, expand_nested: bool, origins: list[list[Box]] | None = None) -> list[list[Box]]:
        """Draw the layers of a model, with arrows from the boxes that its inputs come from.

        Returns:
            For each output of the model, the boxes that it comes from.
        """
        flow = self.flow(entry.layer)
        inside = (*entry.inside, entry.layer) if origins is not None else ()
        come_from: dict[Symbol, list[Box]] = {}
        for place, symbol in enumerate(flow.sources):
            come_from[symbol] = origins[place] if origins else [self.box(_Entry(symbol.call.layer, inside))]
        for call in flow.calls:
            if not isinstance(call.layer, InputLayer):
                inner = _Entry(call.layer, inside, entry.is_frozen or not call.layer.trainable)
                before = [come_from[symbol] for symbol in call.inputs]
                come_from.update(zip(call.results, self.add_call(inner, before, expand_nested, call)))
        return [come_from[symbol] for symbol in flow.results]

    def add_call(self, entry: _Entry, origins: list[list[Box]], expand_nested: bool, call: Any) -> list[list[Box]]:
        """Draw a layer, or what it is made of, behind what it is called on; the boxes of each of its results."""
        if expand_nested and isinstance(entry.layer, Model) and len(self.flow(entry.layer).sources) == len(origins):
            return self.add_model(entry, expand_nested, origins)
        box = self.box(entry)
        for place, tail in enumerate(tail for boxes in origins for tail in boxes):
            flow = (*map(id, entry.inside), id(call), place, tail.id)
            if flow not in self.drawn:  # inside a model that is called again nothing flows that did not before
                self.drawn.add(flow)
                self.picture.arrows.append(Arrow(tail.id, box.id))
        return [[box]] * len(call.results)

    def flow(self, model: Any) -> Flow:
        """What flows in a model, found once."""
        if model not in self.flows:
            self.flows[model] = model.flow()
        return self.flows[model]

    def box(self, entry: _Entry) -> Box:
        """The box of a layer, drawn once for each model that it lies in."""
        key = (*map(id, entry.inside), id(entry.layer))
        if key not in self.boxes:
            family = _family(entry.layer)
            self.families[family] = None
            self.boxes[key] = Box(
                f"n{len(self.picture.boxes)}",
                tuple(_rows(entry, self.shown)),
                fill=_FAMILIES[family][1],
                shape="round" if isinstance(entry.layer, InputLayer) else "box",
                group=self.group(entry.inside),
                tip=_tip(entry),
            )
            self.picture.boxes.append(self.boxes[key])
        return self.boxes[key]

    def group(self, inside: tuple[Layer, ...]) -> str:
        """Id of the frame around the innermost of some nested models; frames are made when first needed."""
        parent = ""
        for depth, layer in enumerate(inside):
            path = "/".join(outer.name for outer in inside[: depth + 1])
            if path not in {group.id for group in self.picture.groups}:
                self.picture.groups.append(Group(path, _title(layer, self.shown), parent))
            parent = path
        return parent


def _rows(entry: _Entry, shown: _Shown) -> Iterator[tuple[str, ...]]:
    layer, frozen = entry.layer, _learning(entry)
    mark = f" ({frozen})" if "frozen" in frozen and not shown.trainable else ""
    yield (_title(layer, shown) + mark,)
    activation = _activation(layer)
    if shown.activations and activation:
        yield "activation", activation
    if shown.shapes and not isinstance(layer, InputLayer):
        yield "input", shape(layer.input_shape)
    if shown.shapes:
        yield "output", shape(layer.output_shape)
    if shown.dtype:
        yield "dtype", layer.dtype
    if shown.params and not isinstance(layer, InputLayer):
        yield "weights", f"{layer.count_params():,}"
    if shown.trainable and frozen:
        yield "trainable", {"trainable": "yes", "frozen": "no (frozen)"}.get(frozen, frozen)


def _title(layer: Layer, shown: _Shown) -> str:
    kind = type(layer).__name__
    return f"{layer.name}: {kind}" if shown.names else kind


def _learning(entry: _Entry) -> str:
    """Whether the weights of a layer learn: "trainable", "frozen", "partly frozen", or "" if there are none."""
    if not entry.layer.weights:
        return ""
    if entry.is_frozen:
        return "frozen"
    return "partly frozen" if any(layer.weights and not layer.trainable for layer in entry.layer.all_layers) else "trainable"


def _activation(layer: Layer) -> str:
    function = getattr(layer, "activation", None)
    return "" if function is None else getattr(function, "__name__", type(function).__name__)


def _family(layer: Layer) -> str:
    if isinstance(layer, InputLayer):
        return "input"
    if isinstance(layer, Model):
        return "model"
    ours = next(cls for cls in type(layer).__mro__ if cls.__module__.startswith("tinygrad_edu."))
    family = _CLASS_FAMILIES.get(ours.__name__, ours.__module__.rpartition(".")[2])
    return family if family in _FAMILIES else ""


def _tip(entry: _Entry) -> str:
    layer = entry.layer
    words = [_title(layer, _Shown()), f"{shape(layer.input_shape)} -> {shape(layer.output_shape)}"]
    words += [f"{w.name} {w.shape} {w.dtype}" for w in layer.weights]
    return "\n".join(words)
