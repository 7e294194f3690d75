"""A change of an array after it was recorded is noticed, every time: whatever the array was, by whatever way it was changed."""

import contextlib
import mmap
import threading

import numpy as np
import pytest

from tinygrad_edu import ChangedArrayError, Tensor, as_tensor, from_dlpack, ops
from tinygrad_edu.testing.layouts import ByDLPack, ByInterface

N = 24


def numbers(seed=0):
    return np.random.default_rng(seed).normal(size=N)


def in_a_thread(change):
    thread = threading.Thread(target=change)
    thread.start()
    thread.join()


def through_memoryview(array):
    memory = memoryview(array).cast("B")
    memory[3] ^= 255


# Where a Tensor's memory comes from: the array that somebody outside holds, and the Tensor on it.
def given(array):
    return array, as_tensor(array)


def handed_out(array):
    x = Tensor(array)
    return x.numpy(), x


def on_a_bytearray(array):
    memory = np.frombuffer(bytearray(array.tobytes()))
    return memory, as_tensor(memory)


def on_mapped_memory(array):
    memory = mmap.mmap(-1, array.nbytes)
    memory.write(array.tobytes())
    return np.frombuffer(memory), as_tensor(np.frombuffer(memory))


def of_another_library(array):
    return array, as_tensor(ByInterface(array))


def by_dlpack(array):
    return array, from_dlpack(ByDLPack(array))


def on_a_view(array):
    twice = np.repeat(array, 2)
    return twice[::2], as_tensor(twice[::2])


def on_a_memmap(array):
    return array, as_tensor(array.view(np.memmap))


def of_torch(array):
    torch = pytest.importorskip("torch")
    return array, as_tensor(torch.from_numpy(array).numpy())


SOURCES = (given, handed_out, on_a_bytearray, on_mapped_memory, of_another_library, by_dlpack, on_a_view, on_a_memmap, of_torch)
CHANGES = {
    "an item": lambda a: a.__setitem__(3, 9.0),
    "all items": lambda a: a.__setitem__(..., 9.0),
    "a view": lambda a: a[1:].reshape(-1)[:4].fill(9.0) if a.strides == (8,) else a[1:].fill(9.0),
    "out=": lambda a: np.add(a, 1.0, out=a),
    "+=": lambda a: a.__iadd__(1.0),
    "np.add.at": lambda a: np.add.at(a, [0, 0], 1.0),
    "np.copyto": lambda a: np.copyto(a, 5.0),
    "sort": lambda a: a.sort(),
    "byteswap": lambda a: a.byteswap(inplace=True),
    "memoryview": lambda a: through_memoryview(a) if a.strides == (8,) else a.fill(1.0),
    "another thread": lambda a: in_a_thread(lambda: a.fill(3.0)),
    "the sign of a zero": lambda a: a.__setitem__(0, -0.0),
}
USES = {
    "product": lambda w, x: w * x,
    "twice": lambda w, x: (x * w).tanh() * x,
    "matmul": lambda w, x: w.reshape(4, 6) @ x.reshape(6, 4),
    "where": lambda w, x: ops.where(x > 0, w * w, w) * x,
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
def test_every_change_of_every_source_is_noticed(source, change, use):
    """All of them: with the graph walked plainly, and with the walk recorded."""
    for create_graph in (False, True):
        array, w = numbers(), Tensor(numbers(1))
        array[0] = 0.0
        outside, x = source(array)
        loss = use(w, x).sum()
        change(outside)
        with pytest.raises(ChangedArrayError):
            loss.backward(create_graph=create_graph)
        assert w.grad is None


@pytest.mark.parametrize("source", SOURCES)
def test_without_a_change_there_is_no_alarm(source):
    outside, x = source(numbers())
    w = Tensor(numbers(1))
    loss = (w * x).sum()
    outside.tolist(), outside.sum(), np.array(outside), bytes(outside)
    loss.backward()
    np.testing.assert_array_equal(w.grad.numpy(), numbers())


MEANINGS = {
    "shape": lambda a: setattr(a, "shape", (4, 6)),
    "dtype": lambda a: setattr(a, "dtype", np.int64),
    "strides": lambda a: np.lib.stride_tricks.as_strided(a, (N // 2,), (16,)).sum(),
    "resize": lambda a: a.resize(2 * N),
    "writeable": lambda a: a.setflags(write=False),
}


@pytest.mark.parametrize("change", MEANINGS.values(), ids=MEANINGS.keys())
def test_a_change_of_what_the_memory_means_gives_an_error_or_the_right_gradient(change):
    """A shape or a dtype that is set on the array that was given is no business of the Tensor's."""
    array, w = numbers(), Tensor(numbers(1))
    x = as_tensor(array)
    loss = (w * x).sum()
    with contextlib.suppress(ValueError, DeprecationWarning):  # where NumPy itself refuses
        change(array)
    try:
        loss.backward()
    except ChangedArrayError:
        return
    np.testing.assert_array_equal(w.grad.numpy(), numbers())
    assert (x.shape, x.dtype) == ((N,), np.float64)
