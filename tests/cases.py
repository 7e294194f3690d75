"""Every registered op on its samples, and the choice of ops that a law holds for."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
import pytest
from samples import ONCE, OPS, real

from tinygrad_edu import Tensor, as_tensor
from tinygrad_edu.calculus import gradients
from tinygrad_edu.ops import registry
from tinygrad_edu.ops.laws import LAWS
from tinygrad_edu.record import Op, apply
from tinygrad_edu.testing.layouts import repeated


class Case(NamedTuple):
    """One op on one set of inputs."""

    op: Op
    arrays: tuple[np.ndarray, ...]
    params: dict
    oracle: Callable

    @property
    def names(self) -> tuple[str, ...]:
        """What each input is called."""
        return self.op.inputs * len(self.arrays) if self.op.variadic else self.op.inputs

    @property
    def active(self) -> tuple[int, ...]:
        """Positions of the inputs that get a gradient."""
        return tuple(i for i, x in enumerate(self.arrays) if x.dtype.kind == "f" and self.names[i] in self.op.rules)

    @property
    def size(self) -> int:
        """How many numbers come in, or 0 if one of the inputs has none."""
        return min(x.size for x in self.arrays) and sum(x.size for x in self.arrays)

    def of(self, *arrays: np.ndarray) -> Case:
        return self._replace(arrays=arrays)

    def astype(self, dtype: Any) -> Case:
        """The same in another floating-point dtype."""
        params = {**self.params, "dtype": dtype} if self.op.name == "cast" else self.params
        return self.of(*(x.astype(dtype) if x.dtype.kind == "f" else x for x in self.arrays))._replace(params=params)

    def __call__(self, *inputs: Any) -> Any:
        return apply(self.op, inputs, self.params)

    def on_arrays(self, *arrays: Any) -> Any:
        """What the body gives, without the engine."""
        return self.op.body(*arrays, **self.params)

    def expected(self, *arrays: Any) -> Any:
        """What the oracle gives, for other arrays if there are any."""
        return np.asarray(self.oracle(*(arrays or self.arrays), **self.params))

    def leaves(self) -> list[Tensor]:
        """The inputs as Tensors on their memory, the active ones as leaves."""
        return [leaf(x) if i in self.active else as_tensor(x) for i, x in enumerate(self.arrays)]

    def pull(self, cotangent: Any, create_graph: bool = False) -> list[np.ndarray]:
        """Gradients by the active inputs of <cotangent, output>."""
        leaves = self.leaves()
        found = gradients(self(*leaves), [leaves[i] for i in self.active], as_tensor(cotangent), create_graph=create_graph)
        return [g.array for g in found]

    def pull_twice(self, cotangent: Any) -> list[np.ndarray]:
        """Gradients of the sum of these gradients, each times 1, 2, 3, ...: by the active inputs, and by the cotangent."""
        leaves, seed = self.leaves(), leaf(cotangent)
        variables = [leaves[i] for i in self.active]
        first = gradients(self(*leaves), variables, seed, create_graph=True)
        total = sum((n * g.sum() for n, g in enumerate(first, 1)), as_tensor(0.0))
        second = gradients(total, [*variables, seed])
        return [np.zeros(x.shape, x.dtype) if g is None else g.array for x, g in zip([*variables, seed], second)]

    def repeated(self) -> Case:
        """The same on arrays of which all entries are one number in memory, where the op can do with such."""
        domains = OPS[self.op.name].domains
        return self.of(*(x if domain in ONCE else repeated(x) for x, domain in zip(self.arrays, domains)))

    def cotangent(self) -> np.ndarray:
        """Some gradient of the output, in its dtype."""
        out = self.expected()
        return np.asarray(real(np.random.default_rng(9), out.shape), out.dtype)


def leaf(array: Any) -> Tensor:
    """A Tensor that requires a gradient and shares the memory of `array`, whatever its layout."""
    x = as_tensor(array)
    x.requires_grad = True
    return x


@functools.cache
def cases_of(name: str) -> tuple[Case, ...]:
    """An op on each of its samples."""
    sample, random = OPS[name], np.random.default_rng(crc32(name.encode()))
    made = []
    for shapes, params in sample.cases:
        arrays = tuple(np.asarray(domain(random, shape)) for domain, shape in zip(sample.domains, shapes))
        made.append(Case(registry[name], arrays, params, sample.oracle))
    return tuple(made)


def under(law: str, where: Callable[[Case], bool] = lambda case: True, count: int | None = None) -> Callable:
    """Run a test on a `case` of every op that the law holds for: on all samples, or on the first few `where` it makes sense."""
    chosen = []
    for op in filter(LAWS[law].holds_for, registry.values()):
        made = [(n, case) for n, case in enumerate(cases_of(op.name)) if where(case)][:count]
        if not made:
            raise ValueError(f"The law {law!r} expects a sample of every op that it holds for, got none of {op.name!r}.")
        chosen += [pytest.param(case, id=f"{op.name}-{n}") for n, case in made]

    def mark(test):
        test.law = law
        return pytest.mark.parametrize("case", chosen)(test)

    return mark


# Comparisons ------------------------------------------------------------------------------------------


def assert_close(got: Any, expected: Any, rtol: float, message: str = "") -> None:
    """Equal shape and, up to rounding, numbers."""
    assert got.shape == expected.shape, message
    np.testing.assert_allclose(np.asarray(got, float), np.asarray(expected, float), rtol=rtol, atol=rtol, err_msg=message)


def assert_same(got: Any, expected: Any, rtol: float = 0.0) -> None:
    """Equal dtype too."""
    assert got.dtype == expected.dtype
    assert_close(got, expected, rtol)
