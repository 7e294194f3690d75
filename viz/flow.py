"""Measure the gradient's way through a model: one forward pass, one backward pass, numbers.

What the numbers mean, and how they add up, stands in `viz.flow_record`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu import activations
from tinygrad_edu.backward import walk
from tinygrad_edu.graph import Node, Value, history, make_value, mode, new_number
from tinygrad_edu.layers import InputLayer, Layer
from tinygrad_edu.models import Model
from tinygrad_edu.tensor import Tensor
from viz.flow_record import Flow, LayerFlow
from viz.reading import is_chain, rms

SATURATED = 0.97  # |tanh| beyond this; for a sigmoid outside (0.03, 0.97): its slope is below 6 % and 3 %


def measure_flow(model: Model, x: Any, y: Any) -> Flow:
    """Measure the gradient of the model's loss on samples `x` with labels `y`.

    Layers run as in inference, so that nothing in the model changes. Weights and what they have collected in
    `grad` stay as they are; weights that do not exist yet are made, as on any first call.

    Raises:
        TypeError: for a model whose layers do not follow each other. RuntimeError: for a model that is not compiled.
        ValueError: where samples, labels and model do not fit.
    """
    _require_sequential(model)
    _require_loss(model)
    x, y = np.asarray(x), np.asarray(y)
    if not x.ndim or not y.ndim or len(x) != len(y) or not len(x):
        raise ValueError(
            f"measure_flow expects as many labels as samples, got shapes {x.shape} and {y.shape}. Pair them row by row."
        )
    model.build(x.shape)
    with mode(recording=True, training=False), np.errstate(all="ignore"):
        steps = list(_forward(model, x))
        loss = model.loss(y, steps[-1].output)
        if loss.size != 1:
            raise ValueError(
                f"measure_flow expects a loss that is one number, got shape {loss.shape}. Use reduction='sum_over_batch_size'."
            )
        layers = tuple(_layers(steps, loss))
    return Flow(model.name, len(x), x.shape[1:], float(loss.item()), model.loss.name, layers)


def effective_rank(outputs: np.ndarray) -> float:
    """e to the entropy of the singular values of (samples, units), scaled to sum 1; 0 if all are 0.

    They come from the smaller of the two Gram matrices. Source: Roy & Vetterli (2007), definition 1.
    """
    matrix = np.asarray(outputs, float)
    matrix = matrix.reshape(-1, matrix.shape[-1])
    if not np.isfinite(matrix).all():
        return math.nan
    matrix = matrix / (np.abs(matrix).max() or 1.0)
    gram = matrix.T @ matrix if len(matrix) > matrix.shape[1] else matrix @ matrix.T
    sizes = np.sqrt(np.clip(np.linalg.eigvalsh(gram), 0, None))
    shares = sizes[sizes > 0] / (sizes.sum() or 1.0)
    return float(np.exp(-(shares * np.log(shares)).sum())) if shares.size else 0.0


class _Step(NamedTuple):
    """A layer's part in the forward pass; its nodes are those numbered from `first` to `last`."""

    name: str
    layer: Layer
    frozen: bool
    input: Tensor
    output: Tensor
    first: int
    last: int


class _Point(NamedTuple):
    """Where a gradient is asked for, in one layer; None where there is no node."""

    output: Node | None
    before: Node | None  # z
    kernel: Node | None
    bias: Node | None


def _require_sequential(model: Any) -> None:
    if not is_chain(model):
        raise TypeError(
            f"measure_flow expects a model whose layers follow each other, got {type(model).__name__}. "
            "Draw what other models compute with viz.draw_graph(model.loss(y, model(x)))."
        )


def _require_loss(model: Model) -> None:
    if model.loss is None:
        raise RuntimeError(
            f"measure_flow expects a compiled model, got {model.name!r} without a loss. "
            "Call model.compile(optimizer, loss) first."
        )


def _forward(model: Model, x: np.ndarray) -> Iterator[_Step]:
    """Call layer by layer, those of models inside the model too."""
    value = model.as_input(x)
    stack = [(layer, layer.name, model.name, not model.trainable) for layer in reversed(_links(model))]
    while stack:
        layer, name, scope, frozen = stack.pop()
        frozen = frozen or not layer.trainable
        if is_chain(layer):
            inside = [(inner, f"{name}/{inner.name}", f"{scope}/{layer.name}", frozen) for inner in reversed(_links(layer))]
            stack += inside
            continue
        first, before = new_number(), value
        with mode(scope=scope):
            value = layer(before)
        yield _Step(name, layer, frozen and bool(layer.weights), before, value, first, new_number())


def _links(model: Model) -> list[Layer]:
    """The layers of a chain, without the one that only says a shape."""
    return [layer for layer in model.layers if not isinstance(layer, InputLayer)]


def _layers(steps: list[_Step], loss: Tensor) -> Iterator[LayerFlow]:
    """Gradients at all points in one walk, which collects nothing in the weights; then a record per layer."""
    nodes = history(loss)
    points = [_point(step, nodes) for step in steps]
    wanted = [node for point in points for node in point if node is not None]
    gradients = walk([loss], [make_value(np.ones_like(loss.array)[()])], wanted)
    arrived = None  # rms of δ of the layer before
    for step, point in zip(steps, points):
        sizes = {place: _size(gradients, node) for place, node in point._asdict().items()}
        yield _layer(step, sizes, arrived, gradients[point.kernel].array if point.kernel in gradients else None)
        arrived = sizes["output"]


def _size(gradients: dict[Node, Value], node: Node | None) -> float | None:
    return rms(gradients[node].array) if node in gradients else None


def _point(step: _Step, nodes: list[Node]) -> _Point:
    weights = {w.name: w.node for w in step.layer.weights if w.node is not None}
    inside = [node for node in nodes if step.first < node.number < step.last]
    z = _before_activation(step, inside, set(weights.values()))
    return _Point(step.output.node, z, weights.get("kernel"), weights.get("bias"))


def _before_activation(step: _Step, inside: list[Node], weights: set[Node]) -> Node | None:
    """z: the last value that a weight went into, if all that follows in the layer depends on it alone."""
    reading = [node for node in inside if not weights.isdisjoint(s for s in node.sources if isinstance(s, Node))]
    z = reading[-1] if reading else step.input.node
    if z is None:
        return None
    after = [node for node in inside if node.number > z.number]
    alone = all(s is z or s.number > z.number for node in after for s in node.sources if isinstance(s, Node))
    return z if alone else None


def _layer(step: _Step, sizes: dict[str, float | None], arrived: float | None, kernel: np.ndarray | None) -> LayerFlow:
    layer, outputs = step.layer, step.output.numpy()
    function = getattr(layer, "activation", None)
    delta, before = sizes["output"], sizes["before"]
    slope, weight = _decades(before, delta), _decades(arrived, before)
    return LayerFlow(
        name=step.name,
        kind=type(layer).__name__,
        activation="" if function is None else getattr(function, "__name__", type(function).__name__),
        shape=outputs.shape[1:],
        frozen=step.frozen,
        kernel_grad=sizes["kernel"],
        bias_grad=sizes["bias"],
        kernel_grad_mean=None if kernel is None else float(np.mean(np.abs(kernel), dtype=float)),
        delta=delta,
        before_activation=before,
        slope_decades=slope,
        weight_decades=weight,
        decades=_decades(arrived, before if delta is None else delta),
        agreement=_agreement(kernel, step.input.numpy(), before),
        saturated=_saturated(function, outputs),
        dead=_dead(function, outputs),
        rank=effective_rank(outputs),
    )


def _agreement(kernel: np.ndarray | None, inputs: np.ndarray, before: float | None) -> float | None:
    """rms dL/dW over n · rms a_prev · rms ε; only for layers that multiply by a matrix."""
    if kernel is None or before is None or kernel.ndim != 2 or inputs.shape[-1] != kernel.shape[0]:
        return None
    with np.errstate(all="ignore"):
        return float(np.divide(rms(kernel), inputs.size / inputs.shape[-1] * rms(inputs) * before))


def _decades(after: float | None, before: float | None) -> float | None:
    """log10 of after / before: -inf where nothing is left, nan where nothing was there."""
    if after is None or before is None:
        return None
    with np.errstate(all="ignore"):
        return float(np.log10(after) - np.log10(before))


def _saturated(function: Any, outputs: np.ndarray) -> float | None:
    if function is activations.tanh:
        return float(np.mean(np.abs(outputs) > SATURATED))
    if function is activations.sigmoid:
        return float(np.mean(np.abs(2 * outputs - 1) > 2 * SATURATED - 1))
    return None


def _dead(function: Any, outputs: np.ndarray) -> float | None:
    """Share of units that are 0 for all samples; positions in an image or a sequence count as samples."""
    return float(np.mean((outputs.reshape(-1, outputs.shape[-1]) == 0).all(axis=0))) if function is activations.relu else None
