"""What all layers share: a name, weights made on the first call, and the call itself."""

from __future__ import annotations

import contextlib
import functools
import inspect
import re
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .. import compat, regularizers
from ..budget import BRIEF, afford
from ..config import floatx, snake_case, unique_name
from ..graph import Mode, Value, as_array, current, make_value, mask_of, mode
from ..modes import set_mode, unwatched
from ..registry import Configurable, Registry
from ..rerun import Moved
from ..structure import flatten, is_structure, placeholder_in
from ..tensor import as_tensor
from .arguments import asks_for_more, dtype_of, told_by_place
from .called import Called
from .owner import Owner
from .shapes import InputSpec, any_batch, has_open_axis, map_shapes, masks_in, shape_of, shapes_in

registry = Registry("layer", callables=False)
serialize, deserialize = registry.serialize, registry.deserialize


def get(identifier: Any) -> Layer:
    """The layer of a name, a class or a config (`{"class_name": ..., "config": ...}`), or a layer itself."""
    return identifier if isinstance(identifier, Layer) else registry.get(identifier)


def register(*names: str) -> Callable[[type], type]:
    """Class decorator: offer a layer by its name in configs, and by other names."""
    return lambda cls: registry.add_class(cls, *names)


def built_once(build: Callable) -> Callable:
    """`build` as it is called: once in a layer's life, with its shapes noted; all or nothing."""

    @functools.wraps(build)
    def once(self, input_shape=None):
        if self._building:  # a subclass builds its base too
            return build(self, input_shape)
        if self.built:
            return None
        if input_shape is None:
            raise ValueError(f"{self.who} expects the shape of its inputs, got none. Write build((None, 8)).")
        before, made = list(self._weights), False
        self._building, self._input_shape = True, any_batch(input_shape)
        try:
            build(self, self._input_shape)
            self.built = True
            self._freeze_late_parts()
            self.check_input(input_shape)
            if not self._needs_more:
                if any(not layer.built for layer in self.sublayers):
                    self._shape_on_zeros(self._input_shape, 1)
                self._output_shape = any_batch(self.compute_output_shape(self._input_shape))
            if self._given_weights is not None:
                self.set_weights(self._given_weights)
            made = True
        finally:
            self._building = False
            if not made:
                self.built, self._input_shape, self._weights = False, None, before
        return None

    return once


class Layer(Called, Owner, Configurable):
    """A function of Tensors that owns weights.

    A subclass stores its arguments in `__init__`, makes weights in `build(input_shape)` and computes in `call(x)`. Layers
    in its attributes are parts of it. `call` is told what it has arguments for: `training`, whether to behave as in
    training, and `mask`, which steps of the input are more than padding.

        >>> class Scale(Layer):
        ...     '''x times a weight for each feature.'''
        ...     def build(self, input_shape):
        ...         self.factor = self.add_weight("factor", (input_shape[-1],), "ones")
        ...     def call(self, x):
        ...         return x * self.factor
        >>> layer = Scale(name="scale")
        >>> print(layer([[1.0, 2.0]]), layer.weights)
        [[1. 2.]] [<Variable scale/factor (2,) float32>]

    Args:
        activity_regularizer: name or callable(output) of a penalty that is added to the loss, divided by the batch size.
        trainable: whether an optimizer may change the weights.
        dtype: float type of weights and results; None takes `floatx()`.
        name: unique in its model; None counts, dense_1, dense_2, ...
        batch_input_shape: shape of the input with the batch axis, for a first layer, so that weights exist at once. Also
            written `input_shape=(2,)`, without the batch axis, or `input_dim=2`.
        weights: legacy: list of arrays to begin with.

    Names count from 1 as in Keras 2; in Keras 3 the first is plain "dense" (see `backend.set_bare_first_names`).
    """

    supports_masking = False  # whether the mask of the input is that of the output, too
    keeps_whole_numbers = False  # whether whole numbers stay what they are
    input_spec: InputSpec | None = None
    watcher: Callable | None = None  # told of every call of every layer: (layer, scope outside, arguments, result)
    _input_shape: Any = None
    _output_shape: Any = None
    _by_place: list[str] = []  # names of what `call` takes by position after x
    _needs_more = False  # whether `call` must be given more than x
    _takes_training = _takes_mask = _makes_masks = _warned = False

    def __init__(
        self,
        *,
        activity_regularizer: Any = None,
        trainable: bool = True,
        dtype: Any = None,
        name: str | None = None,
        batch_input_shape: Any = None,
        **kwargs: Any,
    ):
        self.batch_input_shape = compat.batch_input_shape_of(batch_input_shape, kwargs)
        self._given_weights = kwargs.pop("weights", None)
        if not isinstance(self._given_weights, (list, tuple, type(None))):
            raise TypeError(f"{type(self).__name__} expects weights to be a list of arrays, got {self._given_weights!r}.")
        compat.refuse_unknown(type(self), kwargs)
        if name is not None and not isinstance(name, str):
            raise ValueError(f"{type(self).__name__} expects name to be a string, got {name!r}.")
        self.named_by_user = name is not None
        self.name = name or unique_name(snake_case(type(self).__name__))
        self.trainable = trainable
        self.dtype = dtype_of(type(self).__name__, dtype or floatx(), whole=self.keeps_whole_numbers)
        self.activity_regularizer = regularizers.get(activity_regularizer)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        names = inspect.signature(cls.call).parameters
        cls._needs_more = asks_for_more(list(names.values())[2:])
        cls._by_place = [name for name, p in names.items() if p.kind is p.POSITIONAL_OR_KEYWORD][2:]
        cls._takes_training, cls._takes_mask = "training" in names, "mask" in names
        cls._makes_masks = cls.compute_mask is not Layer.compute_mask
        if "build" in vars(cls):
            cls.build = built_once(cls.build)  # type: ignore[method-assign]

    # For subclasses ------------------------------------------------------------------------------

    @built_once
    def build(self, input_shape: Any) -> None:
        """Make the weights, once the shape of the inputs (None, ...) is known; of several inputs, a list of shapes."""

    def call(self, x: Any) -> Any:
        """The output for inputs `x`: a Tensor, or a list, tuple or dict of them."""
        raise NotImplementedError(f"{type(self).__name__} expects a method call(x).")

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask of the output, given that of the input: the same in a layer that `supports_masking`."""
        return mask if self.supports_masking else None

    def check_input(self, shape: Any) -> None:
        """Raise ValueError if inputs of `shape` do not fit: by the `input_spec`, if there is one."""
        if self.input_spec is not None:
            self.input_spec.check(self.who, shape)

    def compute_output_shape(self, input_shape: Any) -> Any:
        """Shape of what `call` returns for inputs of `input_shape`; found by calling it on zeros.

        None stands for any length. Which lengths of the output are any, too, a second call with other lengths shows.
        """
        first = self._shape_on_zeros(input_shape, 1)
        if not has_open_axis(input_shape):
            return any_batch(first)
        pairs = zip(shapes_in(first), shapes_in(self._shape_on_zeros(input_shape, 2)))
        found = [tuple(m if m == n else None for m, n in zip(*pair)) for pair in pairs]
        return any_batch(found if isinstance(first, list) else found[0])

    def _shape_on_zeros(self, input_shape: Any, length: int) -> Any:
        zeros = map_shapes(lambda shape: _zeros([length if n is None else n for n in shape]), input_shape)
        with self.probed():
            return shape_of(self(zeros))

    @contextlib.contextmanager
    def probed(self, recording: bool = False) -> Iterator[None]:
        """Calls only to see what comes out: nothing is trained, warned of or moved on, and losses are forgotten."""
        with Moved() as moved, mode(recording=recording, training=False, scope=""), unwatched(), np.errstate(all="ignore"):
            yield
        moved.undo()
        self._forget_losses()

    @property
    def who(self) -> str:
        """What errors call the layer: "Dense 'dense_1'"."""
        return f"{type(self).__name__} {self.name!r}"

    # The call ------------------------------------------------------------------------------------

    def __call__(self, x: Any, *args: Any, training: bool | None = None, mask: Any = None, **kwargs: Any) -> Any:
        """The output for inputs `x`; the first call makes the weights.

        Args:
            x: a Tensor, an array or nested lists of numbers; for several inputs, a list, tuple or dict of such.
            training: whether to behave as in training. None: as the layer does that this one is called in, else as
                `backend.learning_phase_scope` says, else not.
            mask: truth values (batch, steps), False where a step is padding. None takes the one that came with `x`.
            args, kwargs: what else `call` takes; by position also `training` and `mask`, where it has them.
        """
        if (args or kwargs or not isinstance(x, Value)) and (symbol := placeholder_in(x, args, kwargs)) is not None:
            told = {name: value for name, value in (("training", training), ("mask", mask)) if value is not None}
            return symbol.note_layer(self, x, args, kwargs | told)
        if args:
            args, kwargs, training, mask = told_by_place(self._by_place, args, kwargs, training, mask)
        x = self.as_input(x)
        shape, came_with = (x.array.shape, mask_of(x)) if isinstance(x, Value) else (shape_of(x), masks_in(x))
        if mask is None or isinstance(mask, np.ndarray):
            mask = came_with if mask is None else as_tensor(mask)
        before = current()
        recording, outer, above, phase = before.recording, before.scope, before.training, before.phase
        training = above if training is None else training
        set_mode(Mode(recording, f"{outer}/{self.name}" if outer else self.name, training, phase))
        try:
            if not self.built:
                self.build(shape)
            self.check_input(shape)
            if Owner.any_losses and not outer:
                self._forget_losses()
            if self._takes_training:
                kwargs["training"] = phase if training is None else training
            if self._takes_mask:
                kwargs["mask"] = mask
            out = self.call(x, *args, **kwargs)
            if out is None:
                raise TypeError(f"{self.who} expects its method call to return its output, got None. Add a return.")
            if mask is not None or self._makes_masks:
                out = self._masked(out, x, mask)
            if self.activity_regularizer is not None:
                self._penalize(out)
            if self._output_shape is None:
                self._input_shape, self._output_shape = any_batch(shape), any_batch(shape_of(out))
            if Layer.watcher is not None:
                Layer.watcher(self, outer, (x, args, kwargs), out)
            return out
        finally:
            set_mode(before)

    def as_input(self, x: Any) -> Any:
        """What `call` gets of what the layer is called on: Tensors, plain data and whole numbers in the layer's dtype.

        Everything that a layer is ever called on comes through here, and here alone.
        """
        if isinstance(x, Value):
            kind = x.array.dtype.kind
            return x if kind == "f" or (self.keeps_whole_numbers and kind in "iub") else as_tensor(x, self.dtype)
        if is_structure(x):
            parts, rebuild = flatten(x)
            return rebuild([self.as_input(part) for part in parts])
        array = np.asarray(as_array(x))
        if array.dtype == self.dtype or (self.keeps_whole_numbers and array.dtype.kind in "iub"):
            return as_tensor(array) if array is x else make_value(array)
        return make_value(array.astype(self.dtype))

    def _masked(self, out: Any, x: Any, mask: Any) -> Any:
        """`out` with its mask, if it has one."""
        if not self._makes_masks and not self.supports_masking:
            if not (self.sublayers or self._warned or any(hasattr(part, "mask") for part in flatten(out)[0])):
                self._warned = True
                warnings.warn(f"{self.who} passes no mask on: padding counts from here on like all other steps.", stacklevel=4)
            return out
        found = self.compute_mask(x, mask)
        if not isinstance(out, Value):
            return out
        if out is x:
            if found is mask_of(x):
                return out
            out = make_value(out.array, out.node)
        if found is not None:
            out.mask = as_tensor(found)
        return out

    def _penalize(self, out: Any) -> None:
        for part in flatten(out)[0]:
            self.add_loss(self.activity_regularizer(part) / max(part.shape[0], 1))

    # Shapes --------------------------------------------------------------------------------------

    @property
    def input_shape(self) -> Any:
        """Shape of the inputs that the layer was built for, None for the batch axis."""
        return self._shape_of(self._input_shape, "input_shape")

    @property
    def output_shape(self) -> Any:
        """Shape of the outputs, None for the batch axis."""
        return self._shape_of(self._output_shape, "output_shape")

    def _shape_of(self, shape: Any, name: str) -> Any:
        if shape is None:
            raise AttributeError(f"{self} has no {name} yet. Give it an input_shape, or call it on data first.")
        return shape

    # Words ---------------------------------------------------------------------------------------

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """A new layer like the one whose `get_config` gave `config`; its weights are new, too."""
        layer = super().from_config(config)
        layer.named_by_user = not re.fullmatch(rf"{snake_case(cls.__name__)}(_\d+)?", layer.name)
        return layer

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


def _zeros(shape: list[int]) -> np.ndarray:
    afford(shape, float, BRIEF)
    return np.zeros(shape)
