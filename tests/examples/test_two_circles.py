"""The main example, in a short run."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("graphviz", reason="the example draws: pip install 'tinygrad_edu[viz]'")
pytest.importorskip("matplotlib", reason="the example draws: pip install 'tinygrad_edu[viz]'")

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "two_circles.py"
PICTURES = {
    "boundaries.png", "gradient_flow_relu5.svg", "gradient_flow_tanh1.svg", "gradient_flow_tanh5.svg", "learning_curves.png",
    "model_relu5.svg", "model_tanh1.svg", "model_tanh5.svg", "tanh_against_relu_after_training.svg",
    "tanh_against_relu_before_training.svg",
}  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Its output and its folder after two epochs."""
    folder = tmp_path_factory.mktemp("example") / "pictures"
    command = [sys.executable, "-W", "error", str(EXAMPLE), "--epochs", "2", "--output", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout, folder


def test_it_writes_its_pictures_into_the_folder_that_it_names(run):
    out, folder = run
    assert str(folder) in out
    assert {path.name for path in folder.iterdir()} == PICTURES
    assert all(path.stat().st_size > 1000 for path in folder.iterdir())


def test_it_prints_accuracies_and_gradients_beside_the_tutorial(run):
    out, _ = run
    for words in ("0.816 / 0.816", "0.530 / 0.468", "0.836 / 0.840", "Mean |dL/dW| per layer", "What one sees", "agreement"):
        assert words in out


def test_both_networks_of_the_comparison_stand_in_one_picture(run):
    svg = (run[1] / "tanh_against_relu_before_training.svg").read_text(encoding="utf-8")
    assert "ReLU, He" in svg and "tanh, U(0, 1)" in svg
