"""Saving that is interrupted, refused or done twice at once: a whole model is there at every moment, and nothing beside it."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

from tinygrad_edu import Sequential, layers
from tinygrad_edu.models import load_model
from tinygrad_edu.saving import atomic, container

posix = pytest.mark.skipif(os.name == "nt", reason="signals and limits are POSIX's")

MAKE = """
import itertools
import resource
import signal
import sys
import numpy as np
from tinygrad_edu import Sequential, layers

def model_of(number, units=100):
    model = Sequential([layers.Dense(units, input_dim=20, name="all"), layers.Dense(units, name="same")])
    model.set_weights([np.full(w.shape, number) for w in model.weights])
    model.compile("adam", "mse")
    return model

path = sys.argv[1]
"""


def run(code, path, **options):
    return subprocess.Popen([sys.executable, "-c", MAKE + textwrap.dedent(code), str(path)], text=True, **options)


def number_in(path):
    """The number that all weights of a loaded model have."""
    weights = np.concatenate([w.ravel() for w in load_model(path).get_weights()])
    assert (weights == weights[0]).all()
    return weights[0]


def model_of(number):
    model = Sequential([layers.Dense(3, input_dim=2)])
    model.set_weights([np.full(w.shape, number) for w in model.weights])
    return model


@posix
def test_killed_at_any_moment_a_whole_model_is_there(tmp_path, thorough):
    """kill -9 while a model is saved again and again."""
    path = tmp_path / "model.h5"
    code = """
        print("ready", flush=True)
        for number in itertools.count(1):
            model_of(float(number)).save(path)
    """
    rng = np.random.default_rng(0)
    for _ in range(40 if thorough else 4):
        with run(code, path, stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            time.sleep(rng.uniform(0.05, 0.15))
            process.send_signal(signal.SIGKILL)
        if path.exists():
            assert number_in(path) >= 1
    model_of(0.5).save(path)
    assert number_in(path) == 0.5
    assert os.listdir(tmp_path) == ["model.h5"]


@posix
def test_on_a_full_disk_the_older_model_stays(tmp_path):
    model_of(1.0).save(tmp_path / "model")
    code = """
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        model = model_of(2.0, units=1000)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        try:
            model.save(path)
        except OSError as error:
            print(error, *error.__notes__)
    """
    with run(code, tmp_path / "model", stdout=subprocess.PIPE) as process:
        told = process.stdout.read()
    assert "too large" in told and "what was there before is still there" in told
    assert number_in(tmp_path / "model") == 1
    assert os.listdir(tmp_path) == ["model"]


@pytest.mark.parametrize("call", ["write", "fsync", "replace"])
def test_whatever_call_fails_the_older_model_stays(tmp_path, monkeypatch, call):
    """No room, a broken disk, a folder without rights."""
    model_of(1.0).save(tmp_path / "model")

    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    if call == "write":
        monkeypatch.setattr(atomic, "open", refuse, raising=False)
    else:
        monkeypatch.setattr(atomic.os, call, refuse)
    with pytest.raises(PermissionError) as caught:
        model_of(2.0).save(tmp_path / "model")
    assert "still there" in caught.value.__notes__[0]
    monkeypatch.undo()
    assert number_in(tmp_path / "model") == 1
    assert os.listdir(tmp_path) == ["model"]


@posix
def test_several_processes_save_and_load_one_model(tmp_path):
    """The last writer wins, and whoever reads reads one whole model."""
    path = tmp_path / "model"
    model_of(1.0).save(path)
    code = """
        from tinygrad_edu.models import load_model
        for number in range(1, 15):
            model_of(float(number)).save(path)
            weights = np.concatenate([w.ravel() for w in load_model(path).get_weights()])
            assert (weights == weights[0]).all()
    """
    for process in [run(code, path) for _ in range(3)]:
        assert process.wait() == 0
    assert 1 <= number_in(path) < 15
    assert os.listdir(tmp_path) == ["model"]


def test_a_file_that_is_cut_while_it_is_read_is_an_error(tmp_path, monkeypatch):
    model_of(1.0).save(tmp_path / "model")
    real = os.fstat

    def larger(descriptor):
        found = list(real(descriptor))
        found[6] += 100
        return os.stat_result(found)

    monkeypatch.setattr(container.os, "fstat", larger)
    with pytest.raises(container.ModelFormatError, match="shrank while it was read"):
        load_model(tmp_path / "model")


def test_what_was_loaded_does_not_depend_on_the_file_any_more(tmp_path):
    model_of(1.0).save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    model_of(2.0).save(tmp_path / "model")
    (tmp_path / "model").write_bytes(b"")
    assert (again.get_weights()[0] == 1).all()
