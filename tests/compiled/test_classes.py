"""Cross-entropies and their gradients as few instructions, in both types. The oracle is the ops, run eagerly in float64."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import Tensor, ops
from tinygrad_edu.compiled.function import compiled

SHAPES = [(7, 10), (1, 3), (33, 1), (5, 130), (3, 4, 6), (40, 2)]


def turned_or_not(turned, loss):
    def step(z, y, weights):
        logits = z.T if turned else z
        losses = loss(logits, y)
        return (losses, ops.softmax(logits), *tg.gradients((losses * weights).sum(), [z]))

    return step


def samples(shape, turned, dtype):
    rng = np.random.default_rng(5)
    z = 4 * rng.normal(size=shape)
    labels = rng.integers(0, shape[-1], shape[:-1])
    weights = rng.uniform(0.5, 2, shape[:-1])
    return Tensor((z.T if turned else z).astype(dtype)), labels, Tensor(weights.astype(dtype))


def check(step, given, dtype):
    program = compiled(step)
    found = program(*given)
    assert not program._last.linked.calls  # nothing is Python
    expected = step(*(Tensor(x.numpy().astype(float)) if isinstance(x, Tensor) else x for x in given))
    for one, other in zip(found, expected):
        assert one.dtype == dtype
        limit = 4e-6 if dtype is np.float32 else 1e-13
        np.testing.assert_allclose(one.numpy(), other.numpy(), atol=limit, rtol=limit)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("turned", [False, True])
def test_cross_entropies_of_labels_are_those_of_the_op(shape, dtype, turned):
    z, labels, weights = samples(shape, turned and len(shape) == 2, dtype)
    check(turned_or_not(turned and len(shape) == 2, ops.sparse_softmax_cross_entropy), (z, labels, weights), dtype)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("turned", [False, True])
def test_cross_entropies_of_shares_are_those_of_the_op(shape, dtype, turned):
    turned = turned and len(shape) == 2
    z, _, weights = samples(shape, turned, dtype)
    y = np.random.default_rng(1).dirichlet(np.ones(shape[-1]), shape[:-1]).astype(dtype)
    check(turned_or_not(turned, ops.softmax_cross_entropy), (z, Tensor(y), weights), dtype)


def test_a_share_of_0_counts_nothing_whatever_its_logit():
    z = Tensor(np.array([[0.0, -np.inf, 1.0], [3.0, 1.0, 2.0]], np.float32))
    y = Tensor(np.array([[1.0, 0.0, 0.0], [0.0, 0.5, 0.5]], np.float32))
    losses = compiled(lambda z, y: ops.softmax_cross_entropy(z, y))
    np.testing.assert_allclose(losses(z, y).numpy(), ops.softmax_cross_entropy(z, y).numpy(), rtol=1e-6)
    assert np.isfinite(losses(z, y).numpy()).all()


@pytest.mark.parametrize("size", [1e4, -1e4])
def test_large_logits_do_not_overflow(size):
    z = Tensor(np.array([[size, size + 1, size - 2]], np.float32))
    step = turned_or_not(False, ops.sparse_softmax_cross_entropy)
    found = compiled(step)(z, np.array([1]), Tensor(np.ones(1, np.float32)))
    expected = step(Tensor(z.numpy().astype(float)), np.array([1]), 1.0)
    for one, other in zip(found, expected):
        np.testing.assert_allclose(one.numpy(), other.numpy(), atol=1e-6)


def test_a_label_that_is_no_class_is_refused_as_by_the_op():
    z, weights = Tensor(np.ones((2, 3), np.float32)), Tensor(np.ones(2, np.float32))
    program = compiled(turned_or_not(False, ops.sparse_softmax_cross_entropy))
    program(z, np.array([1, 2]), weights)
    with pytest.raises(ValueError, match="expected from 0 to 2, got 100000"):
        program(z, np.array([1, 100_000]), weights)
