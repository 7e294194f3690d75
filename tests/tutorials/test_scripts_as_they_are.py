"""Scripts of the tutorials with their own import lines, run by `python -m tinygrad_edu.compat`, as a user would."""

import os
import re
import subprocess
import sys

import pytest
from tutorial import HERE, OURS, SCRIPTS, block_of, text_of, with_imports


@pytest.fixture
def run(tmp_path):
    """Run the text of a script in a folder of its own; what it prints. Warnings of ours would be errors."""

    def run(text):
        (tmp_path / "script.py").write_text(text, encoding="utf-8")
        path = os.pathsep.join([str(HERE), str(HERE.parents[1])])
        command = [sys.executable, "-W", "error", "-m", "tinygrad_edu.compat", "script.py"]
        environment = {**os.environ, "PYTHONPATH": path, "MPLBACKEND": "template"}
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    return run


def test_the_scripts_say_keras():
    """PKG-13: what is run here was not changed before."""
    texts = [path.read_text(encoding="utf-8") for path in sorted(SCRIPTS.glob("*.py"))]
    assert len(texts) == 19 and not any("tinygrad" in text for text in texts)
    assert sum(with_imports(text, OURS) != text for text in texts) == 16


def test_a_network_is_summarized_and_drawn(run, tmp_path):
    """PKG-13, SCR-03."""
    text = text_of("small_network")
    assert run(block_of(text, "summary")[1]) == (SCRIPTS / "small_network.txt").read_text()
    assert run(block_of(text, "plot")[1]) == ""
    assert (tmp_path / "model_plot.png").stat().st_size > 1000


def test_the_ionosphere_is_learned(run, ionosphere_csv, tmp_path):
    """PKG-13, SCR-02."""
    pytest.importorskip("sklearn")
    printed = run(text_of("ionosphere_step_decay"))
    assert printed.count("Epoch ") == 50 and printed.count("9/9 - ") == 50
    if ionosphere_csv:
        assert float(re.findall(r"val_accuracy: (\S+)", printed)[-1]) >= 0.9741


def test_two_circles_are_told_apart(run):
    """PKG-13, SCR-21."""
    pytest.importorskip("sklearn")
    pytest.importorskip("matplotlib")
    printed = run(text_of("circles_five_relu").replace("epochs=500", "epochs=5"))
    assert re.fullmatch(r"Train: 0\.\d{3}, Test: 0\.\d{3}\n", printed)


def test_layers_of_deep_networks_are_made(run):
    """PKG-13, SCR-13, SCR-17: `from tensorflow import keras`."""
    data = "import numpy\nX_test_scaled = numpy.ones((2, 28, 28))\n"
    assert run(data + text_of("deep_networks")) == ""
