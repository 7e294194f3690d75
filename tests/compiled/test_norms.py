"""Normalizing layers, forward and back, as few instructions. The oracle is what the ops compute eagerly in float64."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import Tensor, ops
from tinygrad_edu.compiled.function import compiled

SHAPES = {  # of x, gamma and beta, the axes, and how x lies
    "rows": ((37, 70), (70,), (70,), -1),
    "columns": ((37, 70), (70,), (70,), 0),
    "few": ((5, 3), (3,), (3,), 0),
    "short rows": ((5, 3), (3,), (3,), -1),
    "images": ((4, 5, 6, 7), (7,), (7,), (0, 1, 2)),
    "channels first": ((4, 5, 6, 7), (5, 1, 1), (5, 1, 1), (0, 2, 3)),
    "groups": ((4, 6, 3, 5), (1, 3, 5), (1, 3, 5), (1, 3)),
    "without gamma": ((9, 40), (), (40,), -1),
    "neither": ((9, 40), (), (), 0),
    "all": ((9, 40), (40,), (9, 40), (0, 1)),
    "one number": ((9, 1), (1,), (1,), 0),
    "one sample": ((1, 9), (9,), (9,), 0),
    "long": ((3, 5000), (5000,), (5000,), 1),
}


def numbers(shapes, dtype, columns_first):
    rng = np.random.default_rng(3)
    found = [rng.normal(2, 3, shape).astype(dtype) for shape in shapes]
    return [Tensor(np.asfortranarray(x) if columns_first and x.ndim == 2 else x) for x in found]


def normalized(axis, turned=False):
    def step(x, gamma, beta, weights):
        y = ops.normalize(x.T if turned else x, gamma, beta, axis=axis, epsilon=1e-3)
        loss = (y * weights).sum()
        return (y, *tg.gradients(loss, [x, gamma, beta]))

    return step


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("turned", [False, True])
def test_normalizing_and_its_gradients_are_those_of_the_op(name, dtype, turned):
    shape, gamma, beta, axis = SHAPES[name]
    if turned and len(shape) != 2:
        pytest.skip("only matrices are turned")
    given = numbers([shape[::-1] if turned else shape, gamma, beta, shape], dtype, False)
    step = normalized(axis, turned)
    plan = compiled(step)
    found = plan(*given)
    assert not plan._last.linked.calls  # nothing is Python
    expected = step(*(Tensor(x.numpy().astype(float)) for x in given))
    for one, other in zip(found, expected):
        scale = np.abs(other.numpy()).max()
        np.testing.assert_allclose(one.numpy(), other.numpy(), atol=(3e-6 if dtype is np.float32 else 1e-13) * max(scale, 1) * 4)
