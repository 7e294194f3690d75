"""Random graphs: reverse mode against forward mode, written down independently."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import Tensor, ops
from tinygrad_edu.calculus import gradients


class Dual:
    """A number and its derivatives by all leaves, carried forward: an independent way to differentiate."""

    def __init__(self, value, slopes):
        self.value, self.slopes = value, slopes

    def along(self, value, slope):
        return Dual(value, [slope * s for s in self.slopes])

    def joined(self, other, value, by_self, by_other):
        return Dual(value, [by_self * s + by_other * t for s, t in zip(self.slopes, other.slopes)])


UNARY = {
    "tanh": (ops.tanh, lambda x: x.along(math.tanh(x.value), 1 - math.tanh(x.value) ** 2)),
    "sin": (ops.sin, lambda x: x.along(math.sin(x.value), math.cos(x.value))),
    "negative": (lambda x: -x, lambda x: x.along(-x.value, -1.0)),
    "half": (lambda x: x / 2, lambda x: x.along(x.value / 2, 0.5)),
    "relu": (ops.relu, lambda x: x.along(max(x.value, 0.0), float(x.value > 0))),
}
BINARY = {
    "add": (lambda x, y: x + y, lambda x, y: x.joined(y, x.value + y.value, 1.0, 1.0)),
    "subtract": (lambda x, y: x - y, lambda x, y: x.joined(y, x.value - y.value, 1.0, -1.0)),
    "product": (lambda x, y: ops.tanh(x) * y, lambda x, y: multiplied(UNARY["tanh"][1](x), y)),
    "maximum": (ops.maximum, lambda x, y: x.joined(y, max(x.value, y.value), *shares(x.value, y.value))),
}


def multiplied(x, y):
    return x.joined(y, x.value * y.value, y.value, x.value)


def shares(x, y):
    return (0.5, 0.5) if x == y else (float(x > y), float(y > x))


@st.composite
def programs(draw):
    """Leaves, and steps that each combine two earlier values: any graph can come out."""
    leaves = draw(st.lists(st.sampled_from([-2.0, -0.5, 0.0, 0.25, 1.0, 1.0, 3.0]), min_size=1, max_size=4))
    steps = []
    for n in range(draw(st.integers(1, 25))):
        names = draw(st.sampled_from([*UNARY, *BINARY]))
        earlier = st.integers(0, len(leaves) + n - 1)
        steps.append((names, draw(earlier), draw(earlier)))
    return leaves, steps


def run_program(leaves, steps, which):
    values = list(leaves)
    for name, i, j in steps:
        values.append(UNARY[name][which](values[i]) if name in UNARY else BINARY[name][which](values[i], values[j]))
    return values


@given(programs(), st.booleans())
def test_any_graph_has_the_gradients_that_forward_differentiation_gives(program, create_graph):
    numbers, steps = program
    leaves = [Tensor(x) for x in numbers]
    duals = [Dual(x, [float(i == j) for j in range(len(numbers))]) for i, x in enumerate(numbers)]
    loss, expected = run_program(leaves, steps, 0)[-1], run_program(duals, steps, 1)[-1]
    np.testing.assert_allclose(loss.item(), expected.value, rtol=1e-9, atol=1e-9)
    found = gradients(loss, leaves, create_graph=create_graph)
    got = [0.0 if g is None else g.item() for g in found]
    np.testing.assert_allclose(got, expected.slopes, rtol=1e-7, atol=1e-7 * max(1.0, *map(abs, expected.slopes)))
    loss_again = run_program(leaves, steps, 0)[-1]
    loss_again.backward()
    assert [0.0 if x.grad is None else x.grad.item() for x in leaves] == got
