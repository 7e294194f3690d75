"""Tensor: an array that remembers how it was computed.

Operators and methods are the ops of `tinygrad_edu.ops` under NumPy's names. A scalar is a Tensor of
shape (), so micrograd's examples read the same here:

    >>> a, b = Tensor(-4.0), Tensor(2.0)
    >>> loss = (a * b + b**3).relu()
    >>> loss.backward()
    >>> print(a.grad, b.grad)
    0.0 0.0
"""

from __future__ import annotations

from typing import Any

import numpy as np

from . import ops
from .arraylike import ArrayLike
from .backward import backward
from .graph import CollectingNode, GraphError, Hook, Leaf, Node, Value, as_array, current, make_value, mask_of
from .memory import becomes_variable, lend, share
from .modes import detector, detectors, read, touch_gradients
from .protocols import plain, refuse_write


class Tensor(ArrayLike):
    """An array of real numbers that records what is computed with it.

    Args:
        data: numbers, nested lists of them, or an array; copied.
        dtype: NumPy dtype; None keeps the one that NumPy gives.
        requires_grad: whether gradients collect here. None means yes for floating-point numbers;
            whole numbers and truth values have no gradient.

    Raises:
        TypeError: for anything but real numbers, and for a list of Tensors (use `stack`).
    """

    __slots__ = ()

    def __init__(self, data: Any, dtype: Any = None, requires_grad: bool | None = None):
        self.changed = None
        if type(data) is float and dtype is None and requires_grad is not False:
            self.array = array = np.float64(data)
            self.node = Leaf(array)
            return
        data = data.array if isinstance(data, Value) else as_array(data)
        array = as_array(np.array(data, dtype=dtype))
        self.array = array if array.shape else array[()]
        self.node = None
        self.requires_grad = array.dtype.kind == "f" if requires_grad is None else requires_grad

    # What it is ----------------------------------------------------------------------------------

    @property
    def data(self) -> Any:
        """The array (a NumPy scalar where the shape is ()). Assigning to it keeps shape and dtype."""
        array = read(self)
        return lend(array) if isinstance(array, np.ndarray) else array

    @data.setter
    def data(self, value: Any) -> None:
        self.assign(value)

    _keras_mask = property(mask_of, vars(Value)["mask"].__set__)  # what layers pass on, by the name in Keras' guide to masking

    @property
    def requires_grad(self) -> bool:
        """Whether gradients reach this Tensor."""
        return self.node is not None

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        if wanted and self.array.dtype.kind != "f":
            raise TypeError(f"A Tensor that requires a gradient expects a float dtype, got {self.dtype}. Pass dtype=float.")
        if self.node is not None and self.node.op is not None:
            raise GraphError("requires_grad can be set on a leaf only, got the result of an op. Use detach().")
        if wanted and self.node is None:
            becomes_variable(self.array)
            self.node = Leaf(self.array)
        elif not wanted:
            self.node = None

    @property
    def is_leaf(self) -> bool:
        """Whether this Tensor was made by hand and not by an op that was recorded."""
        return self.node is None or self.node.op is None

    @property
    def grad(self) -> Tensor | None:
        """Gradient collected by `backward()`: of leaves, and of others after `retain_grad()`."""
        touch_gradients(self)
        return None if self.node is None else self.node.grad

    @grad.setter
    def grad(self, value: Any) -> None:
        touch_gradients(self)
        self._graph_node("grad").grad = None if value is None else as_tensor(value)

    # What it can be told -------------------------------------------------------------------------

    def backward(self, gradient: Any = None, retain_graph: bool = False, create_graph: bool = False) -> None:
        """Add the gradient of this Tensor to `grad` of every leaf it was computed from.

        Args:
            gradient: gradient of the final loss by this Tensor; None means 1, for a single number only.
            retain_graph: keep what another backward pass over the same graph needs.
            create_graph: record the backward pass too, so that gradients have gradients.
        """
        backward(self, gradient, retain_graph=retain_graph, create_graph=create_graph)

    def zero_grad(self) -> None:
        """Forget the gradient collected so far."""
        touch_gradients(self)
        if self.node is not None:
            self.node.grad = None

    def retain_grad(self) -> Tensor:
        """Let `backward()` keep the gradient of this intermediate result in `grad`."""
        node = self._graph_node("retain_grad()")
        if not node.collects:
            node.__class__ = CollectingNode
        return self

    def register_hook(self, function: Any) -> Hook:
        """Call `function(gradient)` in every backward pass, once all that flows into this Tensor has arrived.

        It may return another gradient, which takes its place. `remove()` on what is returned ends it.
        """
        return Hook(self._graph_node("register_hook()"), function)

    def detach(self) -> Tensor:
        """The same array as a constant: no gradient flows through it."""
        return make_value(self.array)

    def assign(self, value: Any) -> Tensor:
        """Put other numbers of the same shape into this Tensor, in place."""
        array = as_array(value.array if isinstance(value, Value) else value)
        if np.shape(array) != self.shape:
            raise ValueError(f"A Tensor of shape {self.shape} expects values of that shape, got {np.shape(array)}.")
        return self._write(..., array)

    def numpy(self) -> np.ndarray:
        """The numbers as an array that shares memory with this Tensor."""
        return np.asarray(self.data)

    def astype(self, dtype: Any) -> Tensor:
        """In another dtype; the gradient comes back in this one. Whole numbers have no gradient."""
        kind = np.dtype(dtype).kind
        if kind not in "fiub":
            raise TypeError(f"A Tensor expects a dtype of real numbers, got {np.dtype(dtype)}. Use x.numpy() for others.")
        return (ops.cast if kind == "f" else ops.truncate)(self, dtype=dtype)

    def _write(self, key: Any, value: Any) -> Tensor:
        if detectors and (looking := detector()) is not None:
            looking.look_at_move(self, key, value)
        refuse_write(self)
        array = np.asarray(self.array)  # of shape () where the array is a NumPy scalar
        array[key] = value
        if not isinstance(self.array, np.ndarray):
            self.array = array[()]
            if self.is_leaf and self.node is not None:
                self.node.out = self.array
        self.mark_changed()
        return self

    def _graph_node(self, what: str) -> Node:
        if self.node is None:
            whole = self.array.dtype.kind != "f"
            remedy = "Whole numbers have none: make it of floats, as in Tensor(0.0)." if whole else "Pass requires_grad=True."
            raise GraphError(f"{what} expects a Tensor that requires a gradient, got a constant of {self.dtype}. {remedy}")
        return self.node

    # Manners that need a Tensor: the others are in `arraylike` -----------------------------------------

    def __setitem__(self, key: Any, value: Any) -> None:
        if isinstance(value, Tensor) and not value.is_leaf and current().recording:
            raise GraphError(
                "x[key] = value expects numbers, got the result of an op, whose gradient would be lost. "
                "Use set_at(x, key, value), which is recorded, or value.detach()."
            )
        self._write(plain(key), plain(value))

    def __dlpack__(self, **options: Any) -> Any:
        """The memory, for other libraries: torch.from_dlpack(x)."""
        return self.numpy().__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.numpy().__dlpack_device__()

    def __deepcopy__(self, memo: dict) -> Tensor:
        """A leaf of its own with the same numbers; the graph is not copied."""
        make, args = self.__reduce__()
        return make(*args)

    def __reduce__(self) -> tuple:
        return Tensor, (self.array, None, self.requires_grad)


Value.kind = Tensor


def as_tensor(x: Any, dtype: Any = None) -> Tensor:
    """`x` itself if it is a Tensor of that dtype, else a constant that shares the memory of `x` where it can."""
    if isinstance(x, Tensor):
        return x if dtype is None or x.dtype == dtype else x.astype(dtype)
    data = as_array(x)
    array = as_array(np.asarray(data, dtype))
    if isinstance(x, (list, tuple)) or not (array is data or array.base is not None):
        return make_value(array)
    share(array)
    return make_value(array.view())  # a shape that is set on the array given does not change this one


def from_dlpack(x: Any) -> Tensor:
    """The array of another library (PyTorch, CuPy on the CPU, JAX) as a constant on the same memory."""
    return as_tensor(np.from_dlpack(x))
