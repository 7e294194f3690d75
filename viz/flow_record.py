"""What was measured of a gradient's way through a model: a record per layer, which together print as a table.

Layer l computes z = a_prev @ W + b and a = φ(z). With L the loss, δ = dL/da and ε = dL/dz = δ φ'(z), the
gradient on its way back shrinks or grows twice in each layer:

    rms δ_prev     rms ε     rms δ_prev
    ---------- =  -------  · ----------        log10:  decades = slope_decades + weight_decades
      rms δ        rms δ       rms ε

The first factor is the activation's derivative as this gradient meets it (its root mean square, weighted with
δ²), the second what W transposed does to the size of one number. Both are measured, so that they add up to
the whole; from layer to layer the decades add up along the network. rms is the root of the mean of the
squares over all samples and units, which makes layers of unlike width comparable.

Where a loss works on the logits of the last activation, δ of that layer never exists: the gradient arrives at
z, and the slope counts as nothing.

What arrives at the weights is the sum of the shares of n samples, which may cancel:

    rms dL/dW = agreement · n · rms a_prev · rms ε        with agreement between 0 and 1

It is 1 where all samples pull every weight the same way, about 1/√n where they pull at random, and less where
the layer's outputs hardly tell the samples apart, so that those of one class undo those of the other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from viz import numbers


@dataclass(frozen=True)
class LayerFlow:
    """What one layer does to the signal and to its gradient. None: does not apply; nan, inf, 0: measured.

    Args:
        name: with the names of the models inside the model that it lies in, "encoder/dense".
        kind: its class.
        activation: name of its activation function; "" if it has none.
        shape: of its output, without the samples.
        frozen: whether its weights are kept from learning.
        kernel_grad, bias_grad: rms of dL/d(kernel), dL/d(bias).
        kernel_grad_mean: mean of |dL/d(kernel)|.
        delta: rms of dL/d(output). None where the loss works on logits, see above.
        before_activation: rms of dL/dz.
        slope_decades, weight_decades: log10 of the two factors, see above; below 0 the gradient shrinks.
        decades: their sum: what happens on the way from this layer's output to that of the layer before.
        agreement: how much of the samples' shares in dL/d(kernel) is left when they are added, see above.
        saturated: share of outputs on the flat ends of a tanh or sigmoid.
        dead: share of relu units that are 0 for all samples.
        rank: effective rank of the outputs (samples, units): e to the entropy of their singular values,
            scaled to sum 1; between 1 and the number of units. Source: Roy & Vetterli (2007).
    """

    name: str
    kind: str
    activation: str
    shape: tuple[int, ...]
    frozen: bool
    kernel_grad: float | None
    bias_grad: float | None
    kernel_grad_mean: float | None
    delta: float | None
    before_activation: float | None
    slope_decades: float | None
    weight_decades: float | None
    decades: float | None
    agreement: float | None
    saturated: float | None
    dead: float | None
    rank: float

    @property
    def arriving(self) -> float | None:
        """rms of the gradient that comes to this layer from behind: `delta`, or at z if the loss works on logits."""
        return self.before_activation if self.delta is None else self.delta


@dataclass(frozen=True)
class Flow:
    """The flow of the gradient through a model, layer by layer from the input; prints as a table.

    Args:
        name: of the model.
        samples: how many the loss is the mean of.
        input_shape: shape of one of them.
        loss: its value.
        loss_name: its name.
    """

    name: str
    samples: int
    input_shape: tuple[int, ...]
    loss: float
    loss_name: str
    layers: tuple[LayerFlow, ...]

    def __str__(self) -> str:
        rows = [_HEADER, *(_cells(layer) for layer in self.layers)]
        widths = [max(map(len, column)) for column in zip(*rows)]
        lines = ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows]
        title = f"{self.name}: {self.loss_name} {numbers.number(self.loss)}, {numbers.count(self.samples, 'sample')}"
        return "\n".join([title, *lines])


_HEADER = (
    "layer", "activation", "rms dL/dW", "mean |dL/dW|", "rms delta", "decades", "= slope", "+ weights", "agreement", "saturated",
    "dead", "rank",
)  # fmt: skip


def _cells(layer: LayerFlow) -> tuple[str, ...]:
    return (
        layer.name + (" (frozen)" if layer.frozen else ""),
        layer.activation,
        *(_or_dash(numbers.magnitude, value) for value in (layer.kernel_grad, layer.kernel_grad_mean, layer.delta)),
        *(_or_dash(numbers.signed, value) for value in (layer.decades, layer.slope_decades, layer.weight_decades)),
        *(_or_dash(numbers.percent, value) for value in (layer.agreement, layer.saturated, layer.dead)),
        f"{layer.rank:.1f} of {layer.shape[-1] if layer.shape else 1}",
    )


def _or_dash(form: Callable[[float], str], value: float | None) -> str:
    return "-" if value is None else form(value)
