"""Symbols: what stands for Tensors while layers are put together, before there is any data.

`Input(shape=(2,))` is a symbol. A layer that is called on symbols makes its weights, computes nothing and gives
symbols of its outputs, each of which knows the `Call` that it comes from. So do ops and operators. What leads from
some symbols to others is a model: `Model(inputs, outputs)`.

    >>> from tinygrad_edu.layers import Dense, Input
    >>> x = Input(shape=(2,), name="x")
    >>> y = Dense(3, name="hidden")(x) * 2.0
    >>> y.shape, y.call.inputs
    ((None, 3), [<Symbol hidden (None, 3) float32>])
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import protocols
from ..arraylike import METHODS, ArrayLike
from ..budget import BRIEF, afford
from ..graph import Placeholder, make_value
from ..structure import flatten
from .called import calls_of
from .layer import Layer
from .operation import Operation
from .shapes import Shape, is_shape, shape_of

_numbers = itertools.count()


class Outline(Placeholder):
    """Shape and dtype of a Tensor that is not there yet.

    Attributes:
        shape: lengths of its axes, None for any.
        dtype: of its numbers.
    """

    __slots__ = ("dtype", "shape")

    def __init__(self, shape: Shape, dtype: Any):
        self.shape, self.dtype = tuple(shape), np.dtype(dtype)


class Call:
    """A layer, what it was called on, and what stands for its results.

    Attributes:
        layer: that was called.
        arguments: (x, args, kwargs) of the call, with symbols in them.
        inputs: the symbols among the arguments, in order.
        outputs: what the call returned: a symbol, or a list, tuple or dict of them.
        number: calls count in the order in which they were made.
        node: which call of the layer this is, from 0.
    """

    def __init__(self, layer: Any, arguments: tuple, outline: Any, node: int = 0):
        self.layer, self.number, self.node = layer, next(_numbers), node
        parts, rebuild = flatten(arguments)
        self.arguments = arguments = rebuild(parts)  # the caller may append to its lists
        self._parts, self._rebuild = flatten(arguments)
        self.inputs = [part for part in self._parts if isinstance(part, Symbol)]
        outlines, rebuild = flatten(outline)
        self.results = [Symbol(part.shape, part.dtype, self, index) for index, part in enumerate(outlines)]
        self.outputs = rebuild(self.results)
        self._lone = arguments[0] if isinstance(arguments[0], Symbol) and not (arguments[1] or arguments[2]) else None
        self._gives_one = isinstance(self.outputs, Symbol)

    def put_results(self, values: dict[Symbol, Any]) -> None:
        """Make the call with `values` in the places of the symbols, and put what it gives there, too."""
        if self._lone is not None:
            out = self.layer(values[self._lone])
        else:
            x, args, kwargs = self.made_of(values)
            out = self.layer(x, *args, **kwargs)
        values.update(zip(self.results, [out] if self._gives_one else flatten(out)[0]))

    def made_of(self, values: dict[Symbol, Any]) -> tuple:
        """The arguments with values in the places of the symbols."""
        return self._rebuild([values[part] if isinstance(part, Symbol) else part for part in self._parts])


class Symbol(Outline):
    """What stands for a Tensor that a model will get or compute.

    Attributes:
        call: the `Call` it comes from; of an input, that of the InputLayer.
        index: which of the results of that call it is.
    """

    __slots__ = "__weakref__", "call", "index"

    def __init__(self, shape: Shape, dtype: Any, call: Call, index: int = 0):
        super().__init__(shape, dtype)
        self.call, self.index = call, index

    @property
    def name(self) -> str:
        """That of the layer it comes from; of several results, with their number."""
        return self.call.layer.name if len(self.call.results) == 1 else f"{self.call.layer.name}_{self.index}"

    @property
    def ndim(self) -> int:
        """Number of axes, that of the batch included."""
        return len(self.shape)

    @property
    def _keras_shape(self) -> Shape:  # what layers written for Keras 2 read
        return self.shape

    @property
    def place(self) -> tuple[str, int, int]:
        """(name of the layer, number of its call, number of the result), as configs and summaries write it."""
        return self.call.layer.name, self.call.node, self.index

    def note_op(self, op, args, params):
        symbols = [x for x in args if isinstance(x, Symbol)]
        constants = {place: x for place, x in enumerate(args) if not isinstance(x, Symbol)}
        return Operation(op, constants, params)(symbols if len(symbols) > 1 else symbols[0])

    def note_layer(self, layer, x, args, kwargs):
        call = Call(layer, (x, args, kwargs), _outline(layer, x, args, kwargs), len(calls_of(layer)))
        layer.remember(call)
        return call.outputs

    # NumPy's functions and Python's words ----------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return protocols.call_ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, function: Callable, types: Any, args: tuple, kwargs: dict) -> Any:
        facts = {np.shape: self.shape, np.ndim: self.ndim}
        return facts[function] if function in facts else protocols.call_function(function, args, kwargs)

    def _refuse(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(
            f"{self!r} has no numbers yet: it stands for data that a model will get. Call the model on data, "
            "or put this computation into a Lambda layer or into the call method of a layer of your own."
        )

    __bool__ = __float__ = __int__ = __index__ = __len__ = __iter__ = __array__ = item = numpy = backward = _refuse

    def __repr__(self) -> str:
        return f"<Symbol {self.name} {self.shape} {self.dtype}>"


_OPERATORS = [
    f"__{side}{name}__" for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul") for side in ("", "r")
]
_OTHERS = ["__neg__", "__abs__", "__lt__", "__le__", "__gt__", "__ge__", "__getitem__"]
_OTHERS += ["reshape", "transpose", "flatten", "T", "mT"]
for _name in [*_OPERATORS, *_OTHERS, *METHODS]:
    setattr(Symbol, _name, vars(ArrayLike)[_name])


# What a layer will give ------------------------------------------------------------------------------


def _outline(layer: Layer, x: Any, args: tuple, kwargs: dict) -> Any:
    """An Outline of each result of a layer, in the structure in which it will give them."""
    shape = shape_of(x)
    if not layer.built:
        layer.build(shape)
    layer.check_input(shape)
    told = {name: value for name, value in kwargs.items() if name not in ("training", "mask")}
    says_its_shape = type(layer).compute_output_shape is not Layer.compute_output_shape
    if args or told or not says_its_shape or (layer.keeps_whole_numbers and _whole_numbers_in(x)):
        return _measured(layer, (x, args, told))
    return _of_shapes(layer.compute_output_shape(shape), layer.dtype)


def _of_shapes(shapes: Any, dtype: Any) -> Any:
    if is_shape(shapes):
        return Outline(shapes, dtype)
    if isinstance(shapes, dict):
        return {key: _of_shapes(shape, dtype) for key, shape in shapes.items()}
    return [_of_shapes(shape, dtype) for shape in shapes]


def _whole_numbers_in(x: Any) -> bool:
    return any(part.dtype.kind in "iub" for part in flatten(x)[0])


def _measured(layer: Layer, arguments: tuple) -> Any:
    """The outlines, seen on zeros: an axis has any length if it differs where the lengths of the inputs do."""
    parts, rebuild = flatten(arguments)
    tried = []
    with layer.probed():
        for length in (2, 3):
            x, args, kwargs = rebuild([_zeros(part, length) if isinstance(part, Symbol) else part for part in parts])
            tried.append(flatten(layer(x, *args, **kwargs)))
    (first, rebuild), (second, _) = tried
    pairs = [(a, tuple(m if m == n else None for m, n in zip(a.shape, b.shape))) for a, b in zip(first, second)]
    return rebuild([Outline(shape, part.dtype) for part, shape in pairs])


def _zeros(symbol: Symbol, length: int) -> Any:
    shape = [length if n is None else n for n in symbol.shape]
    afford(shape, symbol.dtype, BRIEF)
    return make_value(np.zeros(shape, symbol.dtype))
