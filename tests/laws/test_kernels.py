"""Compiled loops: whatever kernel there is gives what its plain Python gives, in every environment that Numba can meet."""

import importlib
import os
import pickle
import pkgutil
import shutil
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
from cases import cases_of

import tinygrad_edu
from tinygrad_edu import Tensor, Variable, optimizers
from tinygrad_edu.kernel import kernel
from tinygrad_edu.ops import large, registry, shape
from tinygrad_edu.registry import parameters_of

ROOT = Path(__file__).resolve().parents[2]
MARK = kernel(lambda: None).__code__  # what `@kernel` returns has the code of one inner function


def kernels():
    """Every kernel of the package, by module and name."""
    for found in pkgutil.walk_packages(tinygrad_edu.__path__, "tinygrad_edu."):
        if not found.name.startswith("tinygrad_edu.testing") and not found.name.endswith("__main__"):
            module = importlib.import_module(found.name)
            for name, thing in vars(module).items():
                if getattr(thing, "__code__", None) is MARK:
                    yield module, name, thing


KERNELS = {f"{thing.__module__}.{thing.__name__}": thing for _, _, thing in kernels()}


def copied(args):
    return [x.copy() if isinstance(x, np.ndarray) else x for x in args]


SETTINGS = [  # of optimizers, for those that have them
    {}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}, {"amsgrad": True}, {"centered": True},
    {"centered": True, "momentum": 0.9}, {"weight_decay": 0.1}, {"use_ema": True}, {"gradient_accumulation_steps": 2},
    {"clipnorm": 1.0},
]  # fmt: skip


def called_by_others(name):
    """Whether another kernel calls it, and is run as plain Python with it."""
    return any(KERNELS[name].__name__ in other.__wrapped__.__code__.co_names for other in KERNELS.values())


def exercise():
    """Every op on some of its samples, there and back, and a step of every optimizer."""
    for name in registry:
        for case in cases_of(name)[:3]:
            for dtype in (np.float64, np.float32):
                small = case.astype(dtype)
                small(*map(Tensor, small.arrays))
                if small.active:
                    small.pull(small.cotangent())
    for name in dir(optimizers):
        thing = getattr(optimizers, name)
        if isinstance(thing, type) and issubclass(thing, optimizers.Optimizer) and thing is not optimizers.Optimizer:
            for settings in (known for known in SETTINGS if known.keys() <= set(parameters_of(thing))):
                weight = Variable(np.linspace(-1, 1, 6, dtype=np.float32), name="w")
                optimizer = thing(**settings)
                for _ in range(2):
                    optimizer.apply([Tensor(np.ones(6, np.float32))], [weight])


@pytest.fixture(scope="module")
def calls():
    """The arguments of all calls of kernels while everything is exercised."""
    seen = {name: [] for name in KERNELS}
    for thing in KERNELS.values():
        thing.compiled()  # while its file still has the kernels that it calls
    with pytest.MonkeyPatch.context() as patch:
        for module, name, thing in list(kernels()):

            def spy(*args, thing=thing, key=f"{thing.__module__}.{thing.__name__}"):
                if len(seen[key]) < 50:
                    seen[key].append(copied(args))
                return thing(*args)

            patch.setattr(module, name, spy)
        for module in (large, shape):
            patch.setattr(module, "LARGE", 1)  # loops run over small arrays too
        exercise()
    return seen


def bits(args, out):
    return [x for x in [*args, out] if isinstance(x, (np.ndarray, np.generic, float))]


@pytest.mark.parametrize("name", KERNELS)
def test_a_kernel_gives_what_its_plain_python_gives(name, calls):
    """On the arguments that it is really called with: the same numbers, but for the last digits where sums are reordered."""
    if not calls[name]:
        pytest.skip("it is run inside others" if called_by_others(name) else "neither an op nor an optimizer calls it")
    for args in calls[name]:
        ours, plain = copied(args), copied(args)
        with np.errstate(all="ignore"):
            got, expected = bits(ours, KERNELS[name](*ours)), bits(plain, KERNELS[name].__wrapped__(*plain))
        assert len(got) == len(expected)
        for g, e in zip(got, expected):
            kind = np.asarray(e).dtype
            tolerance = 8 * float(np.finfo(kind).eps) if kind.kind == "f" else 0
            np.testing.assert_allclose(g, e, rtol=tolerance, atol=tolerance)


# Environments -------------------------------------------------------------------------------------------

TRAIN = """
    import numpy as np
    from tinygrad_edu import initializers, ops, set_random_seed, Tensor
    from tinygrad_edu.layers import Dense
    from tinygrad_edu.models import Sequential
    set_random_seed(7)
    model = Sequential([Dense(3, input_dim=2, activation="tanh"), Dense(1)])
    model.compile("sgd", "mse", ["accuracy"])
    x = np.linspace(-1, 1, 12).reshape(6, 2)
    model.fit(x, x[:, :1], epochs=2, batch_size=2, verbose=0)
    print(b"".join(w.tobytes() for w in model.get_weights()).hex())
"""


def started(code, **environment):
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT,
        env={**os.environ, "PYTHONWARNINGS": "default", **environment},
    )  # fmt: skip


def run(code, **environment):
    """What a Python of its own prints, and what it says on the side."""
    process = started(code, **environment)
    out, told = process.communicate(timeout=120)
    assert process.returncode == 0, told
    return out.strip(), told


@pytest.fixture(scope="module")
def weights():
    """What training gives, here."""
    out, told = run(TRAIN)
    assert told == ""
    return out


def test_without_the_compiler_training_gives_the_same_bits(weights):
    assert run(TRAIN, NUMBA_DISABLE_JIT="1") == (weights, "")


def test_the_laws_hold_without_the_compiler():
    """The values of all ops, and all that is known of optimizers, with plain loops."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-k", "optimizers or oracles"]
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1", "HYPOTHESIS_PROFILE": "dev"}
    command += ["tests/optimizers", "tests/laws/test_op_values.py"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=300)
    assert done.returncode == 0, done.stdout[-3000:]


def test_the_seed_of_hashes_does_not_matter(weights):
    """Nothing goes by the order of a set."""
    assert run(TRAIN, PYTHONHASHSEED="1") == run(TRAIN, PYTHONHASHSEED="2") == (weights, "")
    listed = "from tinygrad_edu.ops.__main__ import legend, table; print(table(), legend())"
    assert run(listed, PYTHONHASHSEED="1") == run(listed, PYTHONHASHSEED="2")


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A cache in order."""
    cache = tmp_path_factory.mktemp("cache")
    run(TRAIN, NUMBA_CACHE_DIR=str(cache))
    return cache


SPOILED = {
    "an index that was cut off": ("nbi", lambda data: data[: len(data) // 2]),
    "an index of garbage": ("nbi", lambda data: b"\x80\x05garbage" * 20),
    "code that was cut off": ("nbc", lambda data: data[: len(data) // 2]),
    "another pickle": ("nbc", lambda data: pickle.dumps(["something", "else"])),
}


@pytest.mark.parametrize(("suffix", "spoil"), SPOILED.values(), ids=SPOILED.keys())
def test_a_spoiled_cache_is_told_once_and_written_anew(weights, filled, tmp_path, suffix, spoil):
    """The process trains on, with one warning; the next one finds a cache in order."""
    cache = shutil.copytree(filled, tmp_path / "cache")
    for file in cache.rglob(f"*.{suffix}"):
        file.write_bytes(spoil(file.read_bytes()))
    out, told = run(TRAIN, NUMBA_CACHE_DIR=str(cache))
    assert out == weights
    assert told.count("UserWarning") == told.count("Numba cannot cache its compiled code") == 1
    assert run(TRAIN, NUMBA_CACHE_DIR=str(cache)) == (weights, "")


class Poison:
    """A pickle that runs code when it is read."""

    def __init__(self, place):
        self.place = place

    def __reduce__(self):
        return Path.touch, (Path(self.place),)


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="this system has other permissions")
def test_a_cache_that_everybody_can_write_to_is_not_read(weights, filled, tmp_path):
    """It is a pickle: who writes it decides what runs."""
    cache, struck = shutil.copytree(filled, tmp_path / "cache"), tmp_path / "struck"
    (file,) = cache.rglob("*.nbi")
    file.write_bytes(pickle.dumps(Poison(struck)))
    pickle.loads(file.read_bytes())
    assert struck.exists(), "the poison works"
    struck.unlink()
    file.parent.chmod(file.parent.stat().st_mode | stat.S_IWOTH)
    out, told = run(TRAIN, NUMBA_CACHE_DIR=str(cache))
    assert out == weights
    assert not struck.exists()
    assert told.count("UserWarning") == 1
    assert "others may write to" in told
    assert "NUMBA_CACHE_DIR" in told


def test_processes_that_compile_at_once_do_not_disturb_each_other(weights, tmp_path):
    """Into one empty cache, which is in order afterwards."""
    processes = [started(TRAIN, NUMBA_CACHE_DIR=str(tmp_path)) for _ in range(2)]
    assert [process.communicate(timeout=120) for process in processes] == [(weights + "\n", "")] * 2
    assert run(TRAIN, NUMBA_CACHE_DIR=str(tmp_path)) == (weights, "")


def test_without_numba_loops_run_in_python_after_one_warning(weights):
    without = "import sys\nsys.modules['numba'] = None\n"
    out, told = run(without + textwrap.dedent(TRAIN))
    assert out == weights
    assert told.count("UserWarning") == 1
    assert "tinygrad_edu expects Numba, got none (" in told and "Install it: pip install numba." in told


def test_without_numba_large_arrays_are_left_to_numpy():
    code = """
    import sys
    sys.modules["numba"] = None
    import numpy as np
    from tinygrad_edu import ops
    x = np.linspace(-3, 3, 40000, dtype="float32")
    assert np.array_equal(ops.exp(x), np.exp(x))
    """
    assert run(code) == ("", "")
