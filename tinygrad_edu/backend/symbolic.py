"""Functions made of symbols, as Keras 2 has them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..calculus import no_grad
from ..layers import Input, Symbol
from ..models import Model


def placeholder(shape: Any = None, ndim: int | None = None, dtype: Any = None, name: str | None = None) -> Symbol:
    """A symbol of data; see `layers.Input`. `shape` has the batch axis; `ndim` axes of any lengths do as well."""
    if shape is None and ndim is None:
        raise ValueError("placeholder expects a shape or a number of axes, got neither. Write placeholder((None, 3)).")
    return Input(batch_shape=(None,) * (ndim or 0) if shape is None else shape, dtype=dtype, name=name)


def function(inputs: Sequence[Any], outputs: Any) -> Callable[[Sequence[Any]], Any]:
    """A function from a list of arrays to what the symbols `outputs` become, as arrays: a look inside a model.

        >>> from tinygrad_edu import Sequential, layers
        >>> model = Sequential([layers.Dense(2, "relu", input_shape=[1], kernel_initializer="ones"), layers.Dense(1)])
        >>> hidden = function([model.input], [model.layers[0].output])
        >>> hidden([np.array([[3.0]])])
        [array([[3., 3.]], dtype=float32)]

    Args:
        inputs: symbols; `learning_phase()` among them stands for the phase, 0 or 1, which the function then is given too.
        outputs: a symbol, or a list of them.
    """
    listed = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
    model = Model([x for x in inputs if isinstance(x, Symbol)], listed)

    def call(values: Sequence[Any]) -> Any:
        if len(values) != len(inputs):
            raise ValueError(f"A backend function expects a list of {len(inputs)} arrays, got {len(values)}.")
        arrays = [value for x, value in zip(inputs, values) if isinstance(x, Symbol)]
        phases = [bool(value) for x, value in zip(inputs, values) if not isinstance(x, Symbol)]
        with no_grad():
            found = model(arrays[0] if len(arrays) == 1 else arrays, training=phases[0] if phases else None)
        results = [np.array(y) for y in (found if len(listed) > 1 else [found])]
        return results if isinstance(outputs, (list, tuple)) else results[0]

    return call
