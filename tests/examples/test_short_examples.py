"""The short examples, on made data: they end without a warning, and say what they have found."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
EPOCHS = {"fashion_mnist": 1, "california_housing": 3, "transfer_learning": 1}
SAID = {
    "fashion_mnist": r"accuracy (0\.[89]|1\.0)\d\d\. Fifty answers.*(\n  .* taken for .* \d\.\d\d ± \d\.\d\d){8}",
    "california_housing": r"mean squared error 0\.[1-6]\d\d, by the deep way.*(\n +[\d,]+ \$ taken for +[\d,]+ \$){3}",
    "transfer_learning": r"from nothing +[01]\.\d{3}\n  on the layers of the first network +(0\.[89]|1\.0)\d\d",
}


@pytest.mark.parametrize("name", SAID)
def test_it_says_what_it_has_found(name):
    options = ["--made", "--epochs", str(EPOCHS[name])]
    command = [sys.executable, "-W", "error", "-X", "utf8", str(EXAMPLES / f"{name}.py"), *options]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(SAID[name] + r"\n\Z", done.stdout), done.stdout
