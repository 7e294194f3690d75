"""Lambda: a function as a layer."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ..registry import Registry
from .layer import Layer, register
from .shapes import is_shape


@register()
class Lambda(Layer):
    """A function as a layer. For weights of its own, and to be saved, it must become a subclass of `Layer`.

    Shapes: whatever the function makes of them; found by calling it on zeros.

    Args:
        function: from the input (a Tensor, or a list of them) to the output, made of ops. If it has arguments `training`
            and `mask`, it is told.
        output_shape: shape of one sample of the output, or a function from the input's shape to the output's, where zeros
            would mislead.
        mask: function from (input, mask) to the mask of the output, or that mask itself. None: the output has none.
        arguments: dict of further keywords for the function.

    A config holds the function's name only: `from_config` needs it in `custom_objects`, and a lambda has none.

        >>> print(Lambda(lambda x: x ** 2)([[1.0, 3.0]]))
        [[1. 9.]]
    """

    keeps_whole_numbers = True

    def __init__(
        self, function: Callable | str, output_shape: Any = None, mask: Any = None, arguments: dict | None = None, **kwargs: Any
    ):
        super().__init__(**kwargs)
        self.function: Any = _functions.get(function)
        self.mask = mask
        self.arguments = dict(arguments or {})
        self._sample_shape = output_shape
        names = inspect.signature(self.function).parameters if _has_signature(self.function) else {}
        self._asked = [name for name in ("training", "mask") if name in names and name not in self.arguments]

    def call(self, x, training=False, mask=None):
        told = {"training": training, "mask": mask}
        return self.function(x, **{name: told[name] for name in self._asked}, **self.arguments)

    def compute_output_shape(self, input_shape):
        if self._sample_shape is None:
            return super().compute_output_shape(input_shape)
        if callable(self._sample_shape):
            return tuple(self._sample_shape(input_shape))
        return (input_shape[0] if is_shape(input_shape) else None, *self._sample_shape)

    def compute_mask(self, inputs, mask=None):
        return self.mask(inputs, mask) if callable(self.mask) else self.mask

    def get_config(self):
        config = super().get_config()
        return {**config, "output_shape": self._sample_shape and list(self._sample_shape)}


_functions = Registry("function of a Lambda")


def _has_signature(function: Any) -> bool:
    try:
        inspect.signature(function)
    except (TypeError, ValueError):  # of some functions written in C
        return False
    return True
