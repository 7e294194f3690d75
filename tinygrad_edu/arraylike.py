"""ArrayLike: the manners that a Tensor shares with NumPy's arrays and with numbers.

Operators and methods are the ops of `tinygrad_edu.ops`. A method that NumPy's arrays have and that would lose
the graph is not here, but the error names the way to it.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from . import ops, protocols
from .graph import Value
from .memory import lend
from .modes import read
from .protocols import plain


def _swapped(op: Any) -> Any:
    """The operator for when the Tensor stands on the right."""
    return lambda self, x: op(x, self)


class ArrayLike(Value):
    """An array of numbers as far as NumPy and Python are concerned."""

    __slots__ = ()

    shape = property(operator.attrgetter("array.shape"))
    dtype = property(operator.attrgetter("array.dtype"))
    ndim = property(operator.attrgetter("array.ndim"))
    size = property(operator.attrgetter("array.size"))
    itemsize = property(operator.attrgetter("array.itemsize"))
    nbytes = property(operator.attrgetter("array.nbytes"))

    # Operators -----------------------------------------------------------------------------------

    __add__, __sub__, __mul__, __truediv__ = ops.add, ops.subtract, ops.multiply, ops.divide
    __floordiv__, __mod__, __pow__, __matmul__ = ops.floor_divide, ops.remainder, ops.power, ops.matmul
    __and__, __or__, __xor__ = ops.bitwise_and, ops.bitwise_or, ops.bitwise_xor
    __lshift__, __rshift__ = ops.left_shift, ops.right_shift
    __neg__, __pos__, __abs__, __invert__, __divmod__ = ops.negative, ops.copy, ops.absolute, ops.invert, ops.divmod
    __lt__, __le__, __gt__, __ge__ = ops.less, ops.less_equal, ops.greater, ops.greater_equal
    __hash__ = object.__hash__  # Tensors are told apart by identity, as keys of dicts
    __round__ = ops.round

    __radd__, __rsub__, __rmul__, __rtruediv__ = map(_swapped, (ops.add, ops.subtract, ops.multiply, ops.divide))
    __rfloordiv__, __rmod__, __rpow__, __rdivmod__ = map(_swapped, (ops.floor_divide, ops.remainder, ops.power, ops.divmod))
    __rand__, __ror__, __rxor__ = map(_swapped, (ops.bitwise_and, ops.bitwise_or, ops.bitwise_xor))
    __rlshift__, __rrshift__, __rmatmul__ = map(_swapped, (ops.left_shift, ops.right_shift, ops.matmul))

    def __eq__(self, x):
        return NotImplemented if x is None or isinstance(x, str) else ops.equal(self, x)

    def __ne__(self, x):
        return NotImplemented if x is None or isinstance(x, str) else ops.not_equal(self, x)

    # Methods: see METHODS below for those that are ops as they stand -------------------------------

    def reshape(self, *shape: Any) -> Any:
        """The same numbers in another shape: reshape(2, 3) or reshape((2, 3))."""
        return ops.reshape(self, shape[0] if len(shape) == 1 else shape)

    def transpose(self, *axes: Any) -> Any:
        """Axes in another order, reversed if none is given: transpose(1, 0) or transpose((1, 0))."""
        return ops.transpose(self, (axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else axes) or None)

    permute = transpose

    def flatten(self) -> Any:
        """All numbers in a row."""
        return ops.reshape(self, -1)

    def nonzero(self) -> tuple:
        """Places of the numbers that are not 0: for each axis an array of positions, which index this Tensor."""
        return np.nonzero(read(self))

    @property
    def T(self) -> Any:
        """All axes in reverse order."""
        return ops.transpose(self)

    @property
    def mT(self) -> Any:
        """The last two axes exchanged."""
        return ops.matrix_transpose(self)

    @property
    def real(self) -> Any:
        """This Tensor: all its numbers are real."""
        return self

    def item(self, *index: Any) -> Any:
        """The only number, or the one at `index`, as a Python number."""
        return read(self).item(*index)

    def tolist(self) -> Any:
        """Nested lists of Python numbers."""
        return read(self).tolist()

    def __getitem__(self, key: Any) -> Any:
        return ops.getitem(self, key=key)

    # Manners of a number and of a container ------------------------------------------------------

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() expects a Tensor with at least one axis, got a scalar.")
        return self.shape[0]

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __contains__(self, x: Any) -> bool:
        return bool(np.any(read(self) == plain(x)))

    def __bool__(self) -> bool:
        return bool(read(self))

    def __float__(self) -> float:
        return float(read(self))

    def __int__(self) -> int:
        return int(read(self))

    def __index__(self) -> int:
        return operator.index(read(self))

    def __format__(self, spec: str) -> str:
        if not spec or not self.shape:
            return format(self.item() if spec else str(self), spec)
        words: Any = {"all": lambda x: format(x.item(), spec)}
        return np.array2string(read(self), formatter=words)

    def __str__(self) -> str:
        return str(read(self))

    def __repr__(self) -> str:
        numbers = np.array2string(np.asarray(read(self)), separator=", ", prefix="Tensor(")
        made_by = f", op={self.node.op.name}" if self.node is not None and self.node.op else ""
        return f"Tensor({numbers}, dtype={self.dtype}{made_by})"

    # NumPy's protocols ---------------------------------------------------------------------------

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        array = np.array(read(self), dtype=dtype, copy=copy)
        return lend(array) if array is self.array else array

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """NumPy's functions on Tensors are recorded: np.tanh(x) is x.tanh(), array * x is x * array."""
        return protocols.call_ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: tuple, kwargs: dict) -> Any:
        """NumPy's other functions too: np.sum(x) and np.concatenate([x, y]) are the ops of that name."""
        return protocols.call_function(function, args, kwargs)

    def __getattr__(self, name: str) -> Any:
        """Called for names that there are not: say what to use."""
        if name.startswith("__"):  # NumPy asks for many of those
            raise AttributeError(name)
        words = f"{type(self).__name__!r} object has no attribute {name!r}. {_remedy(name)}"
        raise AttributeError(words, name=name, obj=self)


def _remedy(name: str) -> str:
    """What to write in the place of a method that there is not."""
    if name in WORDS_OF_OTHERS:
        return f"Write {WORDS_OF_OTHERS[name]}."
    if name in ops.functions:
        return f"It is a function: tinygrad_edu.{name}(x, ...)."
    if hasattr(np.ndarray, name):
        return f"NumPy's is there on the numbers alone, without a gradient: x.numpy().{name}."
    return "See dir(x)."


# Ops that are methods of the same name: those that take one array, whatever else they take.
METHODS = [  # sort() gives a new Tensor: what is recorded is not changed
    "abs", "absolute", "all", "any", "arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctanh", "argmax", "argmin",
    "argsort", "average", "broadcast_to", "ceil", "clip", "clone", "conj", "conjugate", "copy", "cos", "cosh", "count_nonzero",
    "cumprod", "cumsum", "det", "diagonal", "diff", "dot", "elu", "erf", "exp", "exp2", "expand_dims", "expm1", "flip", "floor",
    "gelu", "inv", "isfinite", "isinf", "isnan", "leaky_relu", "log", "log10", "log1p", "log2", "log_sigmoid", "log_softmax",
    "logsumexp", "matmul", "max", "maximum", "mean", "median", "min", "minimum", "mish", "moveaxis", "norm", "pad", "pow",
    "prod", "ptp", "ravel", "reciprocal", "relu", "repeat", "roll", "round", "rsqrt", "selu", "sigmoid", "sign", "silu", "sin",
    "sinh", "softmax", "softplus", "sort", "sqrt", "square", "squeeze", "std", "sum", "swapaxes", "take", "take_along_axis",
    "tan", "tanh", "tile", "topk", "trace", "tril", "triu", "trunc", "unstack", "var",
]  # fmt: skip
for method in METHODS:
    setattr(ArrayLike, method, ops.functions[method])

WORDS_OF_OTHERS = {  # of PyTorch's Tensors, and of NumPy's arrays
    "view": "x.reshape(...)", "unsqueeze": "x.expand_dims(axis)", "dim": "x.ndim", "numel": "x.size", "t": "x.T", "mm": "x @ y",
    "bmm": "x @ y", "cat": "concatenate([x, y])", "double": "x.astype('float64')", "float": "x.astype('float32')",
    "half": "x.astype('float16')", "long": "x.astype('int64')", "int": "x.astype('int32')", "bool": "x.astype(bool)",
    "to": "x.astype(dtype)", "type": "x.astype(dtype)", "expand": "x.broadcast_to(shape)", "cpu": "x", "cuda": "x",
    "requires_grad_": "x.requires_grad = True", "detach_": "x.detach()", "zero_": "x[...] = 0", "fill_": "x[...] = value",
    "copy_": "x.assign(y)", "gather": "x.take_along_axis(indices, axis)", "index_select": "x.take(indices, axis)",
    "masked_fill": "where(mask, value, x)", "resize": "x.reshape(...)", "fill": "x[...] = value", "put": "x[...] = value",
    "partition": "x.sort()", "imag": "0 * x",
}  # fmt: skip
