"""Corners that mutants of the code pointed at: defaults, wrong shapes on either side, batches, and blocks."""

import numpy as np
import pytest

from tinygrad_edu import Tensor, ops

CUBE = np.random.default_rng(0).normal(size=(2, 3, 4))


@pytest.mark.parametrize("shape", [(), (1,), (2,), (4,), (1, 3), (2, 3), (3, 1)])
def test_a_seed_of_any_other_shape_is_refused(shape):
    x = Tensor([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match=r"expects a gradient of shape \(3,\)"):
        (x * x).backward(np.ones(shape))


@pytest.mark.parametrize(("m", "n"), [(2, 3), (3, 2), (3, 4), (4, 3)])
def test_a_cross_product_expects_three_numbers_on_both_sides(m, n):
    with pytest.raises(ValueError, match="3"):
        ops.cross(Tensor(np.ones(m)), Tensor(np.ones(n)))


def test_defaults_of_axes_are_numpys_for_three_axes_too():
    np.testing.assert_array_equal(ops.concatenate([CUBE, CUBE]), np.concatenate([CUBE, CUBE]))
    np.testing.assert_array_equal(ops.topk(CUBE, 2)[0], -np.sort(-CUBE)[..., :2])
    np.testing.assert_array_equal(ops.median(CUBE), np.median(CUBE))
    np.testing.assert_allclose(ops.norm(CUBE, 2, axis=(0, 2)), np.linalg.norm(CUBE, 2, axis=(0, 2)))


def test_differences_of_truth_values_are_changes():
    x = np.array([True, False, False, True, True, False])
    np.testing.assert_array_equal(ops.diff(Tensor(x)), np.diff(x))


def test_a_call_with_too_few_and_with_too_many_arguments_is_told_the_signature():
    for args in ((), (1.0,), (1.0, 2.0, 3.0)):
        with pytest.raises(TypeError, match=r"expects add\(x, y\)"):
            ops.add(*args)


def test_an_input_of_an_op_of_many_is_called_by_its_place():
    op = ops.concatenate_all.op
    assert [op.input_name(i) for i in range(3)] == ["xs[0]", "xs[1]", "xs[2]"]


@pytest.mark.parametrize("rows", [100, 700])  # one block of a loop, and several whose last is shorter
def test_a_repeated_gradient_goes_back_through_all_blocks_of_a_large_array(rows):
    x = np.random.default_rng(1).normal(size=(rows, 500)).astype(np.float32)
    gamma = np.linspace(0.5, 1.5, 500, dtype=np.float32)
    fast, exact = Tensor(x), Tensor(x.astype(float))
    ops.normalize(fast, gamma).sum().backward()
    ops.normalize(exact, gamma.astype(float)).sum().backward()
    np.testing.assert_allclose(fast.grad, exact.grad, atol=2e-5)


@pytest.mark.parametrize("name", ["logaddexp", "logaddexp2"])
def test_a_nan_that_was_there_before_is_no_news_to_a_logarithm_of_a_sum(name):
    """Warnings are errors here; NumPy's functions warn."""
    found = getattr(ops, name)(np.array([np.nan, 0, np.inf]), np.array([0, np.nan, -np.inf]))
    np.testing.assert_array_equal(found, [np.nan, np.nan, np.inf])
