"""Masks that the machine draws itself: NumPy's bits, wherever a generator stands."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import Tensor, layers
from tinygrad_edu.compiled.function import compiled
from tinygrad_edu.random import SeedGenerator


def masks(generator, rate, times=1):
    def step(x):
        return [x * generator.keep_times(2.0, rate, x.shape, x.dtype) for _ in range(times)]

    return step


@pytest.mark.parametrize("size", [1, 7, 8, 9, 63, 1000, 100_003])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_machine_draws_numpys_bits(size, dtype):
    ours, numpys = SeedGenerator(7), SeedGenerator(7)
    ours.counter = numpys.counter = 2**40 + 5
    program = compiled(masks(ours, 0.3, times=2))
    x = Tensor(np.ones(size, dtype))
    for _ in range(3):
        found = program(x)
        assert not program._last.linked.calls  # nothing is Python
        for one in found:
            np.testing.assert_array_equal(one.numpy(), numpys.keep_times(2.0, 0.3, (size,), dtype))
    assert ours.counter == numpys.counter


@pytest.mark.parametrize("rate", [0.0, 1e-9, 0.5, 1 - 1e-12])
def test_rates_at_the_ends_are_numpys(rate):
    ours, numpys = SeedGenerator(3), SeedGenerator(3)
    found = compiled(lambda x: ops_where(ours, rate, x))(Tensor(np.ones((40, 30), np.float32)))
    np.testing.assert_array_equal(found.numpy(), numpys.keep(rate, (40, 30)) * np.float32(1))


def ops_where(generator, rate, x):
    return tg.ops.where(generator.keep(rate, x.shape), x, 0)


def trained(jit, units):
    tg.set_random_seed(2)
    model = tg.models.Sequential(
        [layers.Input((6,)), layers.Dense(units, activation="relu"), layers.Dropout(0.4), layers.Dense(units), layers.Dropout(0.2),
         layers.Dense(1)]
    )  # fmt: skip
    model.compile("sgd", "mse", jit_compile=jit)
    x = np.random.default_rng(0).normal(size=(90, 6)).astype(np.float32)
    model.fit(x, x[:, :1], epochs=3, batch_size=32, verbose=0)
    return model


@pytest.mark.parametrize("units", [8, 100])
def test_a_compiled_training_drops_what_an_eager_one_drops(units):
    eager, machine = trained(False, units), trained(True, units)
    for one, other in zip(eager.get_weights(), machine.get_weights()):
        np.testing.assert_allclose(one, other, atol=2e-5)
