"""Compiled loops: bit for bit the NumPy formula, with and without the compiler, and without a place for a cache."""

import inspect
import subprocess
import sys
import textwrap
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest

from tinygrad_edu.kernel import kernel
from tinygrad_edu.optimizers.sgd import descend

# One text for both processes: three updates of the compiled loops and of plain NumPy, from the same numbers.
STEPS = """
def steps(update, p, gs, *slots):
    for g in gs:
        update(p, g, *slots)
    return p.tobytes(), *(slot.tobytes() for slot in slots)

def numpy_descend(p, g, c):
    p -= c[0] * g

def numpy_momentum(p, g, v, c):
    v[:] = c[1] * v - c[0] * g
    p += v

def numpy_nesterov(p, g, v, c):
    v[:] = c[1] * v - c[0] * g
    p += c[1] * v - c[0] * g

def disagreements():
    from tinygrad_edu.optimizers.sgd import descend, descend_momentum, descend_nesterov
    for dtype in (np.float32, np.float64):
        rng = np.random.default_rng(0)
        start, gs = rng.normal(size=257).astype(dtype), rng.normal(size=(3, 257)).astype(dtype)
        c = np.array([0.1, 0.9], dtype)
        for ours, plain, slots in (
            (descend, numpy_descend, 0),
            (descend_momentum, numpy_momentum, 1),
            (descend_nesterov, numpy_nesterov, 1),
        ):
            found, expected = (
                steps(lambda p, g, *v: update(p, g, *v, c), start.copy(), gs, *np.zeros((slots, 257), dtype))
                for update in (ours, plain)
            )
            if found != expected:
                yield f"{plain.__name__} in {dtype.__name__}"
"""
exec(STEPS)


def run(code, **environment):
    """Run `code` in a Python of its own, with warnings shown."""
    import os

    environment = {**os.environ, "PYTHONWARNINGS": "default", **environment}
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, env=environment, timeout=120
    )


def test_the_compiled_updates_are_the_numpy_formulas_bit_for_bit():
    """OPT-11."""
    assert list(disagreements()) == []  # noqa: F821


def test_they_are_the_same_without_the_compiler():
    """OPT-11: with NUMBA_DISABLE_JIT the plain Python loops run."""
    done = run(f"import numpy as np\n{STEPS}\nprint(list(disagreements()))", NUMBA_DISABLE_JIT="1")
    assert (done.stdout, done.stderr) == ("[]\n", "")


TRAIN = """
    import numpy as np
    from tinygrad_edu.layers import Dense
    from tinygrad_edu.models import Sequential

    model = Sequential([Dense(1, input_dim=1, kernel_initializer="ones")])
    model.compile("sgd", "mse")
    model.fit([[1.0]], [0.0], epochs=2, verbose=0)
    print(model.get_weights()[0].item())
"""


@pytest.mark.eager("the kernels of eager steps")
def test_without_a_place_for_a_cache_it_trains_after_one_warning():
    """A package in a folder that cannot be written to, and no home."""
    done = run("import numba.core.caching as caching\ncaching.CacheImpl._locator_classes = []\n" + textwrap.dedent(TRAIN))
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) == pytest.approx(0.9608)
    assert done.stderr.count("UserWarning") == 1
    assert "cannot cache" in done.stderr and "compiled anew in every process" in done.stderr


def test_a_cache_folder_that_cannot_be_made_is_no_obstacle(tmp_path):
    """A file stands where the folder should be."""
    (tmp_path / "file").touch()
    done = run(TRAIN, NUMBA_CACHE_DIR=str(tmp_path / "file" / "cache"))
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) == pytest.approx(0.9608)


@pytest.mark.eager("the kernels of eager steps")
def test_compiled_code_is_kept_in_the_cache_folder(tmp_path):
    """For the next process."""
    assert run(TRAIN, NUMBA_CACHE_DIR=str(tmp_path)).returncode == 0
    assert len(list(tmp_path.rglob("*descend*.nbc"))) == 1


def test_a_compiler_that_refuses_to_cache_is_asked_again_without(monkeypatch):
    numba = pytest.importorskip("numba")
    asked = []

    def njit(**options):
        asked.append(options)
        if options.get("cache"):
            raise RuntimeError("no locator available")
        return lambda function: function

    monkeypatch.setattr(numba, "njit", njit)

    @kernel
    def double(p):
        p *= 2

    p = np.ones(2)
    with pytest.warns(UserWarning, match="cannot cache.*no locator available"):
        double(p)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        double(p)
    assert p.tolist() == [4, 4]
    assert [options.get("cache", False) for options in asked] == [True, False]
    assert all(options["error_model"] == "numpy" for options in asked)


def test_division_by_zero_in_a_kernel_is_inf_or_nan():
    """As in NumPy, whichever way it runs."""

    @kernel
    def divide(p, q):
        for i in range(p.size):
            p[i] /= q[i]

    p = np.array([1.0, -1.0, 0.0])
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a function of a test has no file of its own to cache beside
        divide(p, np.zeros(3))
    assert p[0] == np.inf and p[1] == -np.inf and np.isnan(p[2])


@kernel
def third(x):
    return x / 3


@kernel(reorder=True)
def sum_of_thirds(x):
    total = 0.0
    for i in range(x.size):
        total += third(x[i])
    return total


def test_a_kernel_may_call_kernels_of_its_file():
    x = np.random.default_rng(0).normal(size=1000)
    assert sum_of_thirds(x) == pytest.approx((x / 3).sum(), rel=1e-12)


@kernel
def descend_by_itself(p, c):
    descend(p, p, c)


def test_a_kernel_may_call_kernels_of_other_files():
    """Numba does not notice when such a file changes: the name in its cache tells what is in it."""
    p = np.ones(2, np.float32)
    descend_by_itself(p, np.full(1, 0.25, np.float32))
    assert p.tolist() == [0.75, 0.75]
    name = descend_by_itself.compiled().py_func.__qualname__
    assert name == f"descend_by_itself_{zlib.crc32(Path(inspect.getfile(inspect.unwrap(descend))).read_bytes()):08x}"


def test_a_kernel_keeps_its_name_and_words():
    assert descend.__name__ == "descend" and descend.__wrapped__.__code__.co_varnames[:3] == ("p", "g", "c")
