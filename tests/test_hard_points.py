"""Every row of docs/hard_points.md, tried."""

from pathlib import Path

import numpy as np
import pytest

from tinygrad_edu import Tensor, ops
from tinygrad_edu.calculus import gradients

TABLE = Path(__file__).resolve().parent.parent / "docs" / "hard_points.md"
WORDS = {"inf": np.inf, "nan": np.nan}


def rows():
    """The code in the first three columns of every row: function, point, gradient."""
    for line in TABLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("| `"):
            function, point, gradient, *_ = (cell.strip("`") for cell in line.removeprefix("| ").split(" | "))
            yield pytest.param(function, point, gradient, id=f"{function} at {point}")


def assigned(code):
    """The arrays that "x = [2, 2]; y = 0" names."""
    found = {}
    for assignment in code.split("; "):
        name, value = assignment.split(" = ")
        found[name] = np.asarray(eval(value, dict(WORDS)), float)
    return found


ROWS = list(rows())


@pytest.mark.parametrize("create_graph", [False, True], ids=["plain", "recorded"])
@pytest.mark.parametrize(("function", "point", "gradient"), ROWS)
def test_the_gradient_is_the_one_in_the_table(function, point, gradient, create_graph):
    xs = {name: Tensor(value) for name, value in assigned(point).items()}
    expected = assigned(gradient)
    try:
        code = eval(f"lambda {', '.join(xs)}: {function}", {**WORDS, **vars(ops)})
        with np.errstate(all="ignore"):
            found = gradients(code(**xs).sum(), list(xs.values()), create_graph=create_graph)
    except NameError as error:
        pytest.skip(f"no such op yet: {error.name}")
    assert set(expected) == set(xs)
    for name, g in zip(xs, found):
        np.testing.assert_allclose(g.numpy(), expected[name], rtol=1e-14, err_msg=name)


def test_the_table_is_read():
    assert len(ROWS) > 30
