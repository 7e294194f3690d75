"""Arrays that change after they were recorded, by whatever way, are noticed; and what never leaves costs nothing."""

import gc
import subprocess
import sys
import textwrap
import warnings

import numpy as np
import pytest

from tinygrad_edu import Tensor, Variable, as_tensor, from_dlpack, memory, no_grad, ops
from tinygrad_edu.calculus import gradients
from tinygrad_edu.graph import ChangedArrayError, GraphError
from tinygrad_edu.record import Op, apply

N = 40


def numbers(seed=0):
    return np.random.default_rng(seed).normal(size=N)


def write(array):
    array[3] = 9.0


# Every way in which somebody outside can hold the memory of x. Each returns an array, or a Tensor, on that memory.
WAYS = {
    "data": lambda x: x.data,
    "numpy()": lambda x: x.numpy(),
    "np.asarray": np.asarray,
    "np.array without a copy": lambda x: np.array(x, copy=None),
    "a view of data": lambda x: x.data[1:],
    "a view of a view of data": lambda x: x.numpy()[1:].reshape(-1, 3)[:, ::-1],
    "memoryview": lambda x: np.asarray(memoryview(x.data)),
    "bytes of data": lambda x: x.data.view(np.uint8),
    "detach": lambda x: x.detach(),
    "a slice of detach": lambda x: x.detach()[:5],
    "data of detach": lambda x: x.detach().data,
    "detach of detach": lambda x: x.detach().detach(),
    "reshape of detach": lambda x: x.detach().reshape(2, -1)[1],
    "dlpack": lambda x: np.from_dlpack(x),
    "from_dlpack": from_dlpack,
    "as_tensor of data": lambda x: as_tensor(x.data),
}
each_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
WRITES = {
    "item": write,
    "fill": lambda a: a.__setitem__(..., 9.0) if not isinstance(a, np.ndarray) or a.dtype != np.uint8 else a.fill(7),
    "np.add": lambda a: np.add(a, 1, out=a),
    "np.copyto": lambda a: np.copyto(a, 5),
    "np.add.at": lambda a: np.add.at(a, [0], 1),
    "np.put": lambda a: np.put(a, [0], 5),
}
each_write = pytest.mark.parametrize("change", WRITES.values(), ids=WRITES.keys())


@each_write
@each_way
def test_a_change_through_what_was_handed_out_after_recording_is_noticed(way, change):
    x = Tensor(numbers())
    loss = (x * x).sum()
    change(way(x))
    with pytest.raises(ChangedArrayError, match=r"^multiply \(40,\) expects its input 'x' \(40,\) unchanged until"):
        loss.backward()
    assert x.grad is None


@each_write
@each_way
def test_a_change_through_what_was_handed_out_before_recording_is_noticed(way, change):
    x = Tensor(numbers())
    outside = way(x)
    loss = (x * x).sum()
    change(outside)
    with pytest.raises(ChangedArrayError):
        loss.backward()


@pytest.mark.parametrize("early", [True, False], ids=["handed out before", "handed out after"])
def test_a_change_is_noticed_whichever_number_is_written(early):
    """The sum of the bytes may go up or down; what was handed out is still held."""
    for number in range(20):
        x = Tensor(numbers())
        outside = x.data if early else None
        loss = (x * x).sum()
        outside = x.data if outside is None else outside
        outside[3] = number
        with pytest.raises(ChangedArrayError):
            loss.backward()


@pytest.fixture
def all_closed(monkeypatch):
    """As if no test and no module held an array."""
    for found in (memory.opened, memory.lent):
        for key in list(found):
            monkeypatch.delitem(found, key)


def test_numbers_that_were_there_only_while_they_were_recorded_are_missed(all_closed):
    """Whoever held the memory has put the old numbers back, and holds it no more."""
    x = Tensor(numbers())
    outside = x.data
    old = outside[3]
    outside[3] = 9.0
    loss = (x * x).sum()
    outside[3] = old
    del outside
    with pytest.raises(ChangedArrayError):
        loss.backward()


def test_an_array_that_was_given_stays_watched_when_what_was_handed_out_is_dropped():
    given, w = numbers(), Tensor(numbers(1))
    x = as_tensor(given)
    x.numpy()
    loss = (w * x).sum()
    write(given)
    with pytest.raises(ChangedArrayError):
        loss.backward()


def test_an_array_that_was_given_is_watched_when_it_becomes_a_variable():
    given = numbers()
    x = as_tensor(given)
    x.requires_grad = True
    loss = (x * x).sum()
    write(given)
    with pytest.raises(ChangedArrayError):
        loss.backward()


def test_a_change_of_one_array_does_not_concern_another():
    x, y = Tensor(numbers()), Tensor(numbers(1))
    loss = (x * x).sum()
    outside = x.data
    y.assign(numbers(2))
    loss.backward()
    np.testing.assert_array_equal(x.grad.array, 2 * outside)


def test_an_array_of_a_class_of_its_own_is_watched_and_computed_with_as_an_array():
    """As np.memmap, and np.matrix, whose * is another."""

    class Own(np.ndarray):
        def __mul__(self, other):
            raise AssertionError

    given, w = numbers().view(Own), Tensor(numbers(1))
    losses = [(w * given).sum(), ops.multiply(given, w).sum()]
    assert losses[0].item() == losses[1].item()
    write(given)
    for loss in losses:
        with pytest.raises(ChangedArrayError):
            loss.backward()


def test_changes_of_parts_of_one_shape_are_told_apart():
    x = Tensor(numbers(), requires_grad=False)
    parts, w = [x[: N // 2], x[N // 2 :]], Tensor(np.ones(N // 2))
    for changed, other in (parts, parts[::-1]):
        loss, unconcerned = (w * changed).sum(), (w * other).sum()
        changed[...] = 0.0
        unconcerned.backward()
        with pytest.raises(ChangedArrayError):
            loss.backward()


def test_memory_of_which_numpy_cannot_tell_soon_whether_it_overlaps_counts_as_changed(monkeypatch):
    def too_hard(*arrays, max_work):
        raise np.exceptions.TooHardError

    x = Tensor(numbers(), requires_grad=False)
    left, right, w = x[: N // 2], x[N // 2 :], Tensor(np.ones(N // 2))
    loss = (w * left).sum()
    right[...] = 0.0
    monkeypatch.setattr(np, "shares_memory", too_hard)
    with pytest.raises(ChangedArrayError):
        loss.backward()


@each_way
def test_a_change_is_noticed_though_nobody_holds_the_array_any_more(way):
    x = Tensor(numbers())
    outside = way(x)
    loss = (x * x).sum()
    write(outside)
    del outside
    gc.collect()
    with pytest.raises(ChangedArrayError):
        loss.backward()


@each_way
def test_a_change_before_recording_is_allowed(way):
    x = Tensor(numbers())
    outside = way(x)
    (x * x).sum()  # keeps the old numbers, and is never walked
    write(outside)
    loss = (x * x).sum()
    loss.backward()
    np.testing.assert_array_equal(x.grad.array, 2 * x.array)
    x.zero_grad()
    loss = (x * x).sum()
    del outside
    loss.backward()
    np.testing.assert_array_equal(x.grad.array, 2 * x.array)


def test_a_change_of_a_single_number_before_recording_is_allowed():
    x = Tensor(2.0)
    x.assign(3.0)
    loss = x * x
    Tensor([1.0]).assign([2.0])  # a later change, of something else, makes backward() look
    loss.backward()
    assert x.grad.item() == 6.0


@each_way
def test_a_change_that_no_rule_reads_is_allowed(way):
    x = Tensor(numbers())
    outside = way(x)
    loss = (x + 1.0).sum()
    write(outside)
    loss.backward()
    assert x.grad.tolist() == [1.0] * N


@each_way
def test_looking_changes_nothing(way):
    x = Tensor(numbers())
    early = (x * x).sum()
    outside = way(x)
    late = (x * x).sum()
    outside.tolist()
    early.backward()
    late.backward()
    np.testing.assert_array_equal(x.grad.array, 4 * x.array)


def test_a_change_that_was_undone_in_time_is_allowed():
    x = Tensor(numbers())
    loss = (x * x).sum()
    before = x.data[3]
    x.data[3] = 9.0
    x.data[3] = before
    with pytest.raises(ChangedArrayError):
        loss.backward()  # nobody can know any more
    outside = x.data
    loss = (x * x).sum()
    outside[3] = 9.0
    outside[3] = before
    loss.backward()


def test_numbers_exchanged_or_negated_are_noticed():
    shuffle = np.random.default_rng(1).shuffle
    for change in (shuffle, lambda a: np.negative(a, out=a), lambda a: a.sort(), lambda a: a.byteswap(True)):
        x = Tensor(np.arange(20.0)[::-1])
        loss = (x * x).sum()
        change(x.data)
        with pytest.raises(ChangedArrayError):
            loss.backward()


@pytest.mark.parametrize("create_graph", [False, True], ids=["plain", "create_graph"])
@pytest.mark.parametrize(
    "use",
    [lambda w, a: w * as_tensor(a), lambda w, a: w * a, lambda w, a: a * w, lambda w, a: ops.where(a > 0, w, 0) * a],
    ids=["as_tensor", "operand", "left operand", "where"],
)
@pytest.mark.parametrize(
    "change",
    [write, lambda a: np.add(a, 1, out=a), lambda a: write(a.base), lambda a: a.reshape(2, -1).T.fill(3), lambda a: a.sort()],
    ids=["item", "out=", "base", "another view", "sort"],
)
def test_a_change_of_an_array_that_was_given_is_noticed(use, change, create_graph):
    array = np.concatenate([numbers(), numbers()])[:N]
    assert array.base is not None
    w = Tensor(numbers(1))
    loss = use(w, array).sum()
    change(array)
    with pytest.raises(ChangedArrayError, match=r"expects its input '[xy]' \(40,\) unchanged"):
        loss.backward(create_graph=create_graph)


def test_numbers_that_come_from_no_array_of_numpys_are_watched_too():
    memory_ = bytearray(numbers().tobytes())
    w = Tensor(numbers(1))
    loss = (w * as_tensor(np.frombuffer(memory_))).sum()
    memory_[8] ^= 1
    with pytest.raises(ChangedArrayError):
        loss.backward()


def test_a_result_whose_rule_reads_it_is_watched():
    x = Tensor(numbers())
    y = x.exp()
    loss = y.sum()
    y.data[0] = 7.0
    with pytest.raises(ChangedArrayError, match=r"^exp \(40,\) expects its result \(40,\) unchanged"):
        loss.backward()


def test_a_result_on_the_memory_of_an_open_input_is_watched():
    x = Tensor(numbers())
    outside = x.data
    op = Op(lambda x, /: x.reshape(2, -1), {"x": lambda g, out: g * out}, name="op")
    loss = apply(op, (x,), {}).sum()
    write(outside)
    with pytest.raises(ChangedArrayError, match=r"^op .* expects its result"):
        loss.backward()


def test_a_recorded_result_cannot_be_written_to_by_numpy():
    x = Tensor(numbers())
    y = x * 2.0
    for attempt in (lambda: np.add(y, 1, out=y), lambda: np.add.at(y, [0], 1)):
        with pytest.raises(GraphError, match="cannot be changed in place while it is recorded"):
            attempt()


def test_a_tensor_given_as_out_is_returned():
    x, out = as_tensor(numbers()), Tensor(np.zeros(N))
    assert np.add(x, 1.0, out=out) is out
    np.testing.assert_array_equal(out.array, x.array + 1)


def test_a_view_recorded_before_its_base_is_changed_is_watched():
    """x.T, x[1:] and the like share the memory of x, whoever writes to it."""
    for view in (lambda x: x.reshape(2, -1).T, lambda x: x[1:], lambda x: x.reshape(-1, 1), lambda x: x[::-1]):
        for change in (lambda x: x.__setitem__(5, 9.0), lambda x: write(x.data), lambda x: x.assign(x.array + 1)):
            x = Tensor(numbers())
            loss = view(x).square().sum()
            change(x)
            with pytest.raises(ChangedArrayError):
                loss.backward()


def test_a_part_that_was_not_changed_may_be_walked():
    x = Tensor(numbers(), requires_grad=False)
    left, right, w = x[: N // 2], x[N // 2 :], Tensor(np.ones(N // 2))
    loss = (w * left).sum()
    right[...] = 0.0
    right.detach()[-1] = 5.0
    right.data[0] = 3.0
    loss.backward()
    np.testing.assert_array_equal(w.grad.array, left.array)
    left[0] = 1.0
    loss = (w * left).sum()
    x[0] = 2.0
    with pytest.raises(ChangedArrayError):
        loss.backward()


def test_an_optimizer_step_between_record_and_backward_is_noticed_through_a_transpose():
    w, x = Variable(np.ones((3, 2))), Tensor(np.ones((4, 2)))
    loss = (x @ w.T).square().sum()
    w.array[...] -= 0.1
    w.mark_changed()
    with pytest.raises(ChangedArrayError):
        loss.backward()


def test_a_shape_set_on_the_array_given_does_not_change_the_tensor():
    array = numbers()
    x, w = as_tensor(array), Tensor(numbers(1))
    loss = (w * x).sum()
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # NumPy 2.5 and later
        array.shape = (2, -1)
    assert x.shape == (N,)
    loss.backward()
    assert w.grad.shape == (N,)


def test_a_read_only_array_may_still_be_changed_through_its_base():
    base = numbers()
    locked = base[:]
    locked.flags.writeable = False
    w = Tensor(numbers(1))
    loss = (w * as_tensor(locked)).sum()
    write(base)
    with pytest.raises(ChangedArrayError):
        loss.backward()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble, ">f8", "<f4", int, bool, np.uint8])
@pytest.mark.parametrize("layout", [lambda a: a, lambda a: a.T, lambda a: a[::-1, ::2], lambda a: a[:, :0], lambda a: a[1:2, 1]])
def test_arrays_of_any_dtype_and_layout_are_handed_out_as_they_are(dtype, layout):
    array = layout(np.arange(24).reshape(4, 6).astype(dtype))
    for x in (as_tensor(array), as_tensor(array).detach()):
        for outside in (x.data, x.numpy(), np.asarray(x)):
            assert (outside.dtype, outside.shape) == (array.dtype, array.shape)
            assert outside.strides == array.strides or array.size < 2
            assert outside.flags.writeable
            assert not array.size or np.shares_memory(outside, array)
            np.testing.assert_array_equal(outside, array)


def test_the_same_array_is_handed_out_as_long_as_it_is_held():
    x = Tensor(numbers())
    held = x.data
    assert x.data is held
    assert x.numpy() is held
    assert np.asarray(x) is held
    view = x.reshape(2, -1)
    np.testing.assert_array_equal(view.data, held.reshape(2, -1))


def test_single_numbers_cannot_be_changed_from_outside():
    x = Tensor(3.0)
    loss = x * x
    x.numpy()[...] = 5.0
    loss.backward()
    assert x.grad.item() == 6.0


# What it costs -----------------------------------------------------------------------------------------


@pytest.fixture
def nothing_open():
    gc.collect()
    before = set(memory.opened), set(memory.known)
    yield
    gc.collect()
    assert (set(memory.opened) - before[0], set(memory.known) - before[1]) == (set(), set())


def test_nothing_is_known_of_memory_that_never_left(nothing_open, monkeypatch):
    monkeypatch.setattr(memory, "checksum", None)
    opened = set(memory.opened)
    x = Tensor(numbers())
    y = (x.exp() * Tensor(numbers(1)).detach()).reshape(2, -1).T
    gradients(y.sum(), [x])
    y.tolist(), x.sum().item(), repr(x), np.array(x, copy=True), float(x[0])
    assert set(memory.opened) == opened


@each_way
def test_memory_is_closed_and_forgotten_when_nobody_outside_holds_it(way, nothing_open):
    x = Tensor(numbers())
    outside = way(x)
    loss = (x * x).sum()
    write(outside)
    del outside, loss, x


def test_what_was_handed_out_for_a_moment_costs_nothing_later(nothing_open, monkeypatch):
    x = Tensor(numbers())
    x.numpy().copy()
    assert not memory.is_open(x.array)
    (x * x).sum().backward()


def test_an_array_that_dies_is_forgotten_though_it_was_kept(nothing_open):
    array = numbers()
    w = Tensor(numbers(1))
    loss = (w * array).sum()
    assert memory.is_open(array)
    loss.backward()
    del array, loss


def test_the_process_ends_in_silence_with_memory_open():
    code = """
    import numpy as np
    from tinygrad_edu import Tensor, as_tensor
    x = Tensor([1.0, 2.0]); held = x.data; shared = as_tensor(np.ones(3)); loss = (x * x).sum()
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_nothing_is_watched_under_no_grad(monkeypatch):
    x, array = Tensor(numbers()), numbers(1)
    with no_grad():
        y = x * array
    assert y.node is None
    assert not memory.is_open(array)
