"""Reading and writing a Tensor by keys."""

import numpy as np
import pytest

from tinygrad_edu import ChangedArrayError, Tensor, as_tensor, no_grad

TABLE = np.arange(12.0).reshape(3, 4)
KEYS = [
    0, -1, slice(1, None), (slice(None), 1), ..., None, (0, ..., None), ([0, 0, 2],), [2, 0], TABLE > 4,
    (np.array([0, 0]), np.array([1, 1])), (slice(None), np.array([True, False, True, False])), np.int32(1),
    (np.array([[0, 1]]), slice(0, 2)),
]  # fmt: skip


@pytest.mark.parametrize("key", KEYS, ids=repr)
def test_indexing_picks_and_passes_gradients_back_to_what_it_picked(key):
    x = Tensor(TABLE)
    picked = x[key]
    np.testing.assert_array_equal(picked.array, TABLE[key])
    weights = np.arange(1.0, 1 + picked.size).reshape(picked.shape)
    (picked * weights).sum().backward()
    expected = np.zeros_like(TABLE)
    np.add.at(expected, key, weights)
    np.testing.assert_array_equal(x.grad.array, expected)


@pytest.mark.parametrize(
    ("key", "plain"),
    [
        (lambda: Tensor([2, 0, 2]), np.array([2, 0, 2])),
        (lambda: (Tensor([0, 0]), Tensor([1, 1])), (np.array([0, 0]), np.array([1, 1]))),
        (lambda: (slice(None), Tensor(3)), (slice(None), 3)),
        (lambda: Tensor(TABLE) > 4, TABLE > 4),
        (lambda: (Tensor(1), ..., None), (1, ..., None)),
        (lambda: slice(Tensor(1), Tensor(3)), slice(1, 3)),
    ],
    ids=["whole numbers", "tuple", "with a slice", "truth values", "scalar", "bounds of a slice"],
)
def test_a_key_may_be_made_of_tensors(key, plain):
    x = Tensor(TABLE)
    picked = x[key()]
    np.testing.assert_array_equal(picked.array, TABLE[plain])
    picked.sum().backward()
    expected = np.zeros_like(TABLE)
    np.add.at(expected, plain, 1.0)
    np.testing.assert_array_equal(x.grad.array, expected)


def test_a_key_out_of_range_is_an_index_error():
    with pytest.raises(IndexError) as error:
        Tensor(TABLE)[7]
    assert "getitem" in " ".join(error.value.__notes__)


def test_a_tensor_changed_after_it_was_a_key_gives_an_error_or_the_right_gradient():
    x, key = Tensor([1.0, 2.0, 3.0]), Tensor([0, 0])
    y = x[key]
    key[...] = 2
    try:
        y.sum().backward()
    except ChangedArrayError:
        return
    assert x.grad.tolist() == [2.0, 0.0, 0.0]


def test_iteration_gives_recorded_rows_and_stops():
    x = Tensor(TABLE)
    rows = list(x)
    assert [row.tolist() for row in rows] == TABLE.tolist()
    (rows[0] * 2 + rows[2]).sum().backward()
    assert x.grad.array[:, 0].tolist() == [2.0, 0.0, 1.0]
    a, b = Tensor([1.0, 2.0])
    assert (a.item(), b.item()) == (1.0, 2.0)
    assert 2.0 in Tensor([1.0, 2.0])
    assert 3.0 not in Tensor([1.0, 2.0])


def test_writing_by_key_by_assign_and_by_data_keeps_the_array_its_dtype_and_the_leaf():
    x = Tensor(np.zeros((2, 3), np.float32))
    array, node = x.array, x.node
    x[0] = 1
    x[Tensor([1]), Tensor([2])] = Tensor(5.0)
    assert x.tolist() == [[1, 1, 1], [0, 0, 5]]
    assert x.assign(np.full((2, 3), 2.0)) is x
    assert x.tolist() == [[2] * 3] * 2
    x.data = x.data * 2
    x.data -= 1
    assert x.tolist() == [[3] * 3] * 2
    assert (x.array is array, x.node is node, x.dtype) == (True, True, np.float32)


def test_a_single_number_is_changed_and_stays_one():
    x = Tensor(np.float32(1))
    x.data -= 0.5
    assert (x.item(), x.dtype, x.shape) == (0.5, np.float32, ())
    x[...] = 3
    x[()] = (x + 1).detach()
    assert (x.item(), x.dtype, x.shape) == (4.0, np.float32, ())
    (x * x).backward()
    assert x.grad.item() == 8.0


@pytest.mark.parametrize("value", [np.ones(3), np.ones((1, 2)), 1.0, [[1.0], [2.0]]], ids=repr)
def test_a_value_of_another_shape_is_not_assigned(value):
    x = Tensor([1.0, 2.0])
    with pytest.raises(ValueError, match=r"shape \(2,\) expects values of that shape, got"):
        x.assign(value)
    with pytest.raises(ValueError):
        x.data = value
    assert x.tolist() == [1.0, 2.0]


def test_a_single_number_takes_neither_an_array_nor_an_index():
    x = Tensor(1.0)
    with pytest.raises((ValueError, TypeError)):
        x[...] = np.ones(3)
    with pytest.raises(IndexError):
        x[0] = 2.0
    assert (x.shape, x.item()) == ((), 1.0)


def test_a_recorded_result_may_be_changed_under_no_grad():
    y = Tensor([1.0, 2.0]) * 2
    with no_grad():
        y[0] = 7.0
    assert y.tolist() == [7.0, 4.0]


def test_grad_can_be_set_and_forgotten():
    x = Tensor([1.0, 2.0])
    x.grad = [5.0, 6.0]
    (x * 2).sum().backward()
    assert x.grad.tolist() == [7.0, 8.0]
    x.grad = None
    assert x.grad is None
    as_tensor(1.0).zero_grad()
