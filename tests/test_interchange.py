"""Tensors go to other libraries and come back, are copied and pickled: values, never graphs."""

import copy
import pickle
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import Tensor, Variable, as_tensor, from_dlpack
from tinygrad_edu.testing import strategies
from tinygrad_edu.testing.layouts import ByDLPack

DTYPES = [np.float64, np.float32, np.float16, np.int64, np.uint8, np.bool_]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("layout", [lambda a: a, lambda a: a.T, lambda a: a[:, ::2], lambda a: a[1, 1]])
def test_memory_goes_out_and_comes_in_by_dlpack(dtype, layout):
    x = Tensor(layout(np.arange(12).reshape(3, 4).astype(dtype)), requires_grad=False)
    out = np.from_dlpack(x)
    assert (out.dtype, out.shape) == (x.dtype, x.shape)
    np.testing.assert_array_equal(out, x.array)
    assert not x.shape or np.shares_memory(out, x.array)
    array = np.arange(12).reshape(3, 4).astype(dtype)
    back = from_dlpack(ByDLPack(array))
    assert (back.dtype, back.shape, back.requires_grad) == (array.dtype, array.shape, False)
    assert np.shares_memory(back.array, array)
    assert x.__dlpack_device__() == (1, 0)


def test_dlpack_takes_the_options_of_the_standard():
    x = Tensor([1.0, 2.0])
    if tuple(map(int, np.__version__.split(".")[:2])) >= (2, 1):
        copied = np.from_dlpack(x, copy=True)
        assert not np.shares_memory(copied, x.array)
        with pytest.raises((BufferError, ValueError)):
            np.from_dlpack(x, device="cuda")


def test_a_result_with_a_graph_goes_out_as_numbers_only():
    x = Tensor([1.0, 2.0])
    y = x * 3
    assert from_dlpack(y).node is None
    y.sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]


@pytest.mark.parametrize("make", [lambda x: x, lambda x: x * 1, lambda x: x.sum(), lambda x: x.detach(), lambda x: x[0]])
@pytest.mark.parametrize(
    "duplicate",
    [copy.copy, copy.deepcopy, *(lambda x, p=p: pickle.loads(pickle.dumps(x, p)) for p in range(pickle.HIGHEST_PROTOCOL + 1))],
)
def test_copies_have_the_values_and_no_graph(make, duplicate):
    x = make(Tensor([1.0, 2.0]))
    twin = duplicate(x)
    assert (twin.tolist(), twin.dtype, twin.requires_grad, twin.is_leaf) == (x.tolist(), x.dtype, x.requires_grad, True)
    assert not x.shape or not np.shares_memory(twin.array, x.array)


@given(strategies.tensors(dtype=st.sampled_from(DTYPES), requires_grad=False) | strategies.tensors())
def test_a_pickle_that_was_read_is_written_again_byte_for_byte(x):
    """From the first reading on: whatever the layout was, what is read lies in C order, and stays."""
    once = pickle.loads(pickle.dumps(x))
    data = pickle.dumps(once)
    assert pickle.dumps(pickle.loads(data)) == data
    assert (once.tolist(), once.dtype, once.requires_grad) == (x.tolist(), x.dtype, x.requires_grad)


def test_a_pickle_of_a_result_is_as_small_as_its_numbers():
    x = Tensor(np.zeros(100))
    y = x
    for _ in range(1000):
        y = y.exp() - 1.0
    assert len(pickle.dumps(y)) < 1200
    v = pickle.loads(pickle.dumps(Variable([1.0], name="kernel")))
    assert (type(v), v.name) == (Variable, "kernel")


def test_a_very_deep_graph_is_shown_copied_and_pickled_without_recursion():
    x = Tensor([1.0])
    for _ in range(100_000):
        x = -x
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(150)
    try:
        words = repr(x), str(x), repr(x.node), f"{x}"
        twins = copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x))
    finally:
        sys.setrecursionlimit(limit)
    assert words[0] == "Tensor([1.], dtype=float64, op=negative)"
    assert all(twin.tolist() == [1.0] for twin in twins)


def test_as_tensor_takes_what_numpy_takes():
    assert as_tensor(memoryview(b"ab")).tolist() == [97, 98]
    assert as_tensor(np.float32(2)).dtype == np.float32
