"""Where nothing can be compiled, or compiled code cannot be kept: one warning in a process, and training goes on in Python."""

import os
import subprocess
import sys
import textwrap

import pytest

TRAIN = """
    import numpy as np
    import tinygrad_edu
    from tinygrad_edu.layers import Dense
    from tinygrad_edu.models import Sequential

    x = np.random.default_rng(0).uniform(-1, 1, (64, 3)).astype("float32")
    batches = [(x[:32], x[:32, 0]), (x[32:], x[32:, 0])]

    def model_of(jit):
        tinygrad_edu.set_random_seed(0)
        model = Sequential([Dense(4, "tanh"), Dense(1)])
        model.compile("adam", "mse", jit_compile=jit)
        return model
"""
EVERYTHING = """
    for source in ((x, x[:, 0]), (batches.__iter__(),)):
        model = model_of("auto")
        model.fit(*source, epochs=1, steps_per_epoch=2, verbose=0)
    print("no warning yet", file=sys.stderr)
    for _ in range(2):
        model = model_of("auto")
        model.fit(x, x[:, 0], epochs=20, verbose=0, shuffle=False)
        assert model.optimizer.iterations == 40
        model.fit(iter(batches * 20), verbose=0)
        model.evaluate(x, x[:, 0], batch_size=2)
        model.predict(iter(batches * 20), steps=40)
        print(model.explain_jit())
    print(model_of("auto").fit(x, x[:, 0], epochs=20, verbose=0, shuffle=False).history["loss"][-1])
"""
INSIST = """
    model = model_of(True)
    try:
        model.fit(x, x[:, 0], verbose=0)
    except ValueError as error:
        print(error)
    else:
        print(model.explain_jit().partition(":")[0])
"""
NO_NUMBA = "import sys\nsys.modules['numba'] = None\n"


def run(code, before="import sys\n", **environment):
    """What a Python of its own prints, and what it warns of."""
    environment = {**os.environ, "PYTHONWARNINGS": "default", "TINYGRAD_EDU_JIT": "", **environment}
    code = before + textwrap.dedent(TRAIN) + textwrap.dedent(code)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


@pytest.fixture(params=["disabled", "missing", "nowhere to keep it"])
def case(request, tmp_path):
    """What `run` needs, the reason, and the words of the warning."""
    (tmp_path / "file").touch()
    nowhere = {"NUMBA_CACHE_DIR": str(tmp_path / "file" / "cache")}
    return {
        "disabled": ({"NUMBA_DISABLE_JIT": "1"}, "NUMBA_DISABLE_JIT is set", "tinygrad_edu cannot compile"),
        "missing": ({"before": NO_NUMBA}, "there is no Numba", "Numba"),
        "nowhere to keep it": (nowhere, "there is no place to keep compiled code in", "NUMBA_CACHE_DIR"),
    }[request.param]


def test_auto_trains_as_eagerly_as_ever_after_one_warning(case):
    settings, reason, words = case
    out, told = run(EVERYTHING, **settings)
    *explained, loss = out.splitlines()
    assert [line.startswith(f"Steps run one by one in Python: {reason}") for line in explained] == [True, True]
    assert told.count("UserWarning") == 1 and words in told
    expected, told = run(EVERYTHING, TINYGRAD_EDU_JIT="0")
    assert loss == expected.splitlines()[-1] and "UserWarning" not in told


def test_the_warning_comes_with_the_first_steps_that_would_have_been_compiled(case):
    """A few steps of a disabled Numba have nothing to warn of."""
    settings, _, _ = case
    if "NUMBA_DISABLE_JIT" in settings:
        assert run(EVERYTHING, **settings)[1].startswith("no warning yet")


def test_who_insists_on_compiled_steps_is_told_what_is_missing(case):
    settings, reason, _ = case
    out, told = run(INSIST, **settings)
    if "NUMBA_CACHE_DIR" in settings:  # compiled in this process alone
        assert out == "Steps run compiled\n"
    else:
        assert out.startswith(f"fit expects a step that can be compiled, got one that cannot: {reason}.")
    assert told.count("UserWarning") == 1


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() == 0, reason="root may write everywhere")
def test_a_cache_that_cannot_be_written_to_is_none(tmp_path):
    (tmp_path / "cache").mkdir(mode=0o500)
    out, told = run(EVERYTHING, NUMBA_CACHE_DIR=str(tmp_path / "cache"))
    assert "there is no place to keep compiled code in" in out and told.count("UserWarning") == 1


def test_functions_run_as_they_are_and_say_why():
    code = """
    double = tinygrad_edu.compiled(lambda x: tinygrad_edu.ops.sum(x * 2))
    print(double(x).item(), double.explain())
    """
    out, told = run(code, NUMBA_DISABLE_JIT="1")
    assert out.endswith("runs as it is: NUMBA_DISABLE_JIT is set\n") and told.count("UserWarning") == 1
