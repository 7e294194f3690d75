"""Input: where data comes in."""

from __future__ import annotations

from typing import Any

from ..config import floatx, unique_name
from .layer import Layer, register
from .symbol import Call, Outline, Symbol


@register()
class InputLayer(Layer):
    """The place where data comes in: says the shape of one sample, computes nothing.

    Shapes: unchanged.

    Args:
        shape: shape of one sample, without the batch axis; also written `input_shape`, or `batch_shape` with the batch axis.
        batch_size: length of the batch axis, None for any.
        dtype: of the data; None takes `floatx()`. Whole numbers stay what they are.
        name: None counts, input_1, input_2, ...

    Raises:
        ValueError: without a shape, and for a bare number: write shape=(5,).
    """

    keeps_whole_numbers = True
    supports_masking = True

    def __init__(
        self, shape: Any = None, batch_size: Any = None, dtype: Any = None, name: str | None = None, batch_shape: Any = None,
        **kwargs: Any,
    ):  # fmt: skip
        if shape is not None:
            kwargs["input_shape"] = shape
        if batch_shape is not None:
            kwargs["batch_input_shape"] = batch_shape
        if batch_size is not None and batch_shape is None:
            kwargs["batch_size"] = batch_size
        super().__init__(name=name or unique_name("input"), dtype=dtype or floatx(), **kwargs)
        self.named_by_user = name is not None
        if self.batch_input_shape is None:
            raise ValueError("Input expects a shape, got none. Write Input(shape=(5,)) for samples of 5 numbers.")
        self.batch_shape = self.batch_input_shape
        self.batch_size, *self.shape = self.batch_shape
        self.build(self.batch_shape)
        self.remember(Call(self, (None, (), {}), Outline(self.batch_shape, self.dtype)))

    def call(self, x):
        return x

    def compute_output_shape(self, input_shape):
        return input_shape

    def get_config(self):
        return {"batch_shape": list(self.batch_shape), "dtype": self.dtype, "name": self.name}


def Input(
    shape: Any = None, batch_size: Any = None, dtype: Any = None, batch_shape: Any = None, name: str | None = None, **kwargs: Any
) -> Symbol:
    """What stands for data of some shape, to call layers on, or to put first into a Sequential.

    Takes what `InputLayer` takes.

        >>> from tinygrad_edu.layers import Dense
        >>> Dense(3, name="hidden")(Input(shape=(2,), name="x"))
        <Symbol hidden (None, 3) float32>
    """
    return InputLayer(shape, batch_size, dtype, name, batch_shape, **kwargs).output
