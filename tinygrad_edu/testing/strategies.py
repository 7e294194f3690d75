"""Strategies for Hypothesis: arrays in every layout, Tensors, shapes that broadcast, random graphs.

    from hypothesis import given
    from tinygrad_edu.testing import check_gradients, strategies

    @given(strategies.tensors(elements=strategies.numbers(-3, 3)))
    def test_my_op_has_the_right_gradients(x):
        check_gradients(my_op, x)

What is drawn shrinks towards small shapes, simple numbers and short graphs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..tensor import Tensor, as_tensor
from .layouts import LAYOUTS, NATIVE, repeated
from .optional import hnp, st
from .programs import SMOOTH, Program, Step, arity_of

# Numbers -----------------------------------------------------------------------------------------


def numbers(low: float = -10.0, high: float = 10.0, dtype: Any = np.float64) -> st.SearchStrategy:
    """Finite numbers from `low` to `high`, exact in `dtype`: what gradients are compared at."""
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        low, high = _inwards(low, high, dtype)
        return st.floats(low, high, width=_width(dtype), allow_nan=False, allow_subnormal=False)
    return hnp.from_dtype(dtype) if dtype.kind not in "iu" else _whole_numbers(low, high, dtype)


def special_values(dtype: Any = np.float64) -> st.SearchStrategy:
    """Where floating-point arithmetic surprises: zeros of both signs, the ends of the range, inf and nan."""
    limits = np.finfo(dtype)
    pool = [0.0, -0.0, 1.0, -1.0, limits.eps, limits.tiny, limits.smallest_subnormal, limits.max, -limits.max]
    return st.sampled_from([float(x) for x in pool] + [np.inf, -np.inf, np.nan])


def ties(*values: float) -> st.SearchStrategy:
    """A few values, -1, 0 and 1 if none are given, so that many of the numbers drawn are equal."""
    return st.sampled_from(values or (0.0, 1.0, -1.0))


def any_number(dtype: Any = np.float64) -> st.SearchStrategy:
    """Every number of `dtype`, special ones often: what an op must survive."""
    return special_values(dtype) | hnp.from_dtype(np.dtype(dtype))


# Arrays and Tensors ------------------------------------------------------------------------------


def shapes(min_dims: int = 0, max_dims: int = 3, min_side: int = 0, max_side: int = 4) -> st.SearchStrategy:
    """Shapes, of single numbers and of nothing too."""
    return hnp.array_shapes(min_dims=min_dims, max_dims=max_dims, min_side=min_side, max_side=max_side)


@st.composite
def arrays(draw: Any, shape: Any = None, dtype: Any = np.float64, elements: Any = None, layouts: Any = None) -> np.ndarray:
    """Arrays, in every layout that memory allows.

    Args:
        shape, dtype, elements: each a value, a strategy, or None for `shapes()` and `numbers()`.
        layouts: names out of `LAYOUTS`, and "repeated" for strides of 0; None means all that keep the dtype.
    """
    shape, dtype = drawn(draw, shapes() if shape is None else shape), np.dtype(drawn(draw, dtype))
    array = np.asarray(draw(hnp.arrays(dtype, shape, elements=numbers(dtype=dtype) if elements is None else elements)))
    layout = draw(st.sampled_from([*NATIVE, "repeated"] if layouts is None else list(layouts)))
    return repeated(array) if layout == "repeated" else LAYOUTS[layout](array)


@st.composite
def tensors(
    draw: Any, shape: Any = None, dtype: Any = np.float64, elements: Any = None, requires_grad: Any = None, layouts: Any = None
) -> Tensor:
    """Leaves, and constants, around `arrays` with the same arguments.

    Args:
        requires_grad: a truth value or a strategy; None means yes for floating-point numbers.
    """
    x = as_tensor(draw(arrays(shape, dtype, elements, layouts)))
    wanted = drawn(draw, requires_grad)
    x.requires_grad = x.dtype.kind == "f" if wanted is None else wanted
    return x


@st.composite
def broadcastable_tensors(draw: Any, n: int = 2, max_dims: int = 3, **kwargs: Any) -> tuple[Tensor, ...]:
    """Tuples of `n` Tensors whose shapes broadcast together; `kwargs` as for `tensors`."""
    drawn_shapes = draw(hnp.mutually_broadcastable_shapes(num_shapes=n, min_dims=0, max_dims=max_dims, min_side=0, max_side=3))
    return tuple(draw(tensors(shape=shape, **kwargs)) for shape in drawn_shapes.input_shapes)


@st.composite
def axes(draw: Any, ndim: int) -> Any:
    """What reductions take for `axis` at `ndim` axes: None, one from either end, or several."""
    one = st.integers(-ndim, ndim - 1)
    some = hnp.valid_tuple_axes(ndim)
    return draw(st.none() | one | some if ndim else st.none() | some)


# Graphs ------------------------------------------------------------------------------------------


@st.composite
def graphs(
    draw: Any, ops: Sequence[Callable] = SMOOTH, max_leaves: int = 3, max_steps: int = 12, elements: Any = None
) -> tuple[list[np.ndarray], Program]:
    """Random graphs: some arrays, and a function of them that returns a single number.

    A step takes any earlier values, so that diamonds, fan-out and one value used twice by one op are all common. All
    shapes broadcast together. The function works on Tensors and on arrays, and prints as a little program.

    Args:
        ops: functions of one or more Tensors, to choose the steps from: elementwise, and smooth where gradients
            are compared with differences.
        elements: strategy for the numbers of the arrays; None means from -2 to 2.
    """
    count = draw(st.integers(1, max_leaves))
    shape = hnp.mutually_broadcastable_shapes(num_shapes=count, min_dims=0, max_dims=2, min_side=1, max_side=3)
    elements = numbers(-2.0, 2.0) if elements is None else elements
    leaves = [np.asarray(draw(hnp.arrays(np.float64, one, elements=elements))) for one in draw(shape).input_shapes]
    steps = []
    for place in range(count, count + draw(st.integers(1, max_steps))):
        function = draw(st.sampled_from(list(ops)))
        steps.append(Step(function, tuple(draw(st.integers(0, place - 1)) for _ in range(arity_of(function)))))
    return leaves, Program(count, steps)


# Helpers -----------------------------------------------------------------------------------------


def drawn(draw: Callable, x: Any) -> Any:
    """`x`, or what is drawn from it if it is a strategy."""
    return draw(x) if isinstance(x, st.SearchStrategy) else x


def _width(dtype: np.dtype) -> Any:
    return 8 * min(dtype.itemsize, 8)


def _inwards(low: float, high: float, dtype: np.dtype) -> tuple[float, float]:
    """The numbers of `dtype` next to `low` and `high`, between them."""
    first, last = dtype.type(low), dtype.type(high)
    first = first if float(first) >= low else np.nextafter(first, dtype.type(np.inf))
    last = last if float(last) <= high else np.nextafter(last, dtype.type(-np.inf))
    return float(first), float(last)


def _whole_numbers(low: float, high: float, dtype: np.dtype) -> st.SearchStrategy:
    limits = np.iinfo(dtype)
    return st.integers(max(int(np.ceil(low)), int(limits.min)), min(int(np.floor(high)), int(limits.max)))
