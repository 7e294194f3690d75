"""Sequences of whole numbers as sequences of vectors, and which of their steps are padding."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import compat, constraints, initializers, ops, regularizers
from ..tensor import as_tensor
from .arguments import positive_int
from .layer import Layer, register


@register()
class Masking(Layer):
    """Says which steps are padding: those of which all features equal `mask_value`. They are set to 0.

    Shapes: (batch, steps, features) -> the same, with a mask (batch, steps).

    Args:
        mask_value: what padded features hold.
    """

    supports_masking = True

    def __init__(self, mask_value: float = 0.0, **kwargs: Any):
        super().__init__(**kwargs)
        self.mask_value = mask_value

    def call(self, x):
        return x * self._is_step(x)[..., None].astype(x.dtype)

    def compute_mask(self, inputs, mask=None):
        return self._is_step(as_tensor(inputs))

    def _is_step(self, x):
        return ops.any(x != self.mask_value, axis=-1)

    def compute_output_shape(self, input_shape):
        return input_shape


@register()
class Embedding(Layer):
    """A row of weights for each whole number: words as vectors.

    Shapes: (batch, ...) of whole numbers -> (batch, ..., output_dim).

    Args:
        input_dim: how many numbers there are, 0 to input_dim - 1.
        output_dim: length of a row.
        embeddings_initializer: name or callable(shape, dtype). Default: uniform between -0.05 and 0.05.
        embeddings_regularizer, embeddings_constraint: as of `Dense`.
        mask_zero: whether 0 means padding: the output then has a mask.
        input_length: legacy: number of steps, or lengths of several axes, so that a first layer knows its input_shape.
        weights: legacy: list of one array to begin with.

    Raises:
        ValueError: for an input_length that is not that of the input_shape.
        IndexError: for a number without a row. (TensorFlow gives zeros for it on a GPU.)

        >>> words = Embedding(3, 2, weights=[[[0.0, 0.0], [1.0, 2.0], [3.0, 4.0]]])
        >>> print(words([[2, 1]]))
        [[[3. 4.]
          [1. 2.]]]
    """

    keeps_whole_numbers = True

    @compat.spelled("embedding")
    def __init__(
        self,
        input_dim: Any,
        output_dim: Any,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        **kwargs: Any,
    ):
        _take_input_length(kwargs)
        super().__init__(**kwargs)
        self.input_dim = positive_int("Embedding", "input_dim", input_dim)
        self.output_dim = positive_int("Embedding", "output_dim", output_dim)
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.embeddings_constraint = constraints.get(embeddings_constraint)
        self.mask_zero = self.supports_masking = bool(mask_zero)

    def build(self, input_shape):
        self.embeddings = self.add_weight(
            name="embeddings",
            shape=(self.input_dim, self.output_dim),
            initializer=self.embeddings_initializer,
            regularizer=self.embeddings_regularizer,
            constraint=self.embeddings_constraint,
        )

    def call(self, x):
        with np.errstate(invalid="ignore"):  # nan is told below
            rows = x if x.dtype.kind in "iu" else x.astype(np.int64)
        self._check(rows.array, x.array)
        return ops.take_slices(self.embeddings, rows, from_end=False)  # compiled steps do not come by _check

    def _check(self, rows, numbers):
        """Refuse numbers that are no rows; these are what became of them."""
        if rows.size == 0 or (rows.min() >= 0 and rows.max() < self.input_dim and (rows is numbers or (rows == numbers).all())):
            return
        wrong = (rows < 0) | (rows >= self.input_dim) | (rows != numbers)
        law = f"whole numbers from 0 to {self.input_dim - 1}"
        place = tuple(np.argwhere(wrong)[0].tolist())
        raise IndexError(f"{self.who} expects {law}, got {numbers[place]:g} at {place}. Make input_dim larger, or map the input.")

    def compute_mask(self, inputs, mask=None):
        return as_tensor(inputs) != 0 if self.mask_zero else None

    def compute_output_shape(self, input_shape):
        return (*input_shape, self.output_dim)


def _take_input_length(kwargs: dict[str, Any]) -> None:
    """Take `input_length` out of the keywords: it says the input_shape, where they do not."""
    lengths = kwargs.pop("input_length", None)
    if lengths is None:
        return
    lengths = tuple(lengths) if hasattr(lengths, "__iter__") else (lengths,)
    shape = kwargs["batch_input_shape"][1:] if "batch_input_shape" in kwargs else kwargs.setdefault("input_shape", lengths)
    if len(shape) != len(lengths) or any(None not in (m, n) and m != n for m, n in zip(shape, lengths)):
        raise ValueError(f"Embedding expects input_length to fit input_shape {tuple(shape)}, got {lengths}. Leave it out.")
