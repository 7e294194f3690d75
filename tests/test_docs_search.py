"""docs/search.md: its code runs, one block after the other, and finds what it says."""

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn")
TEXT = (Path(__file__).resolve().parents[1] / "docs" / "search.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
HAS_DASK = importlib.util.find_spec("distributed") is not None


@pytest.fixture(scope="module")
def names():
    """What the blocks before the one on Dask leave behind."""
    found: dict = {"__name__": "__main__"}
    for block in BLOCKS[:-1]:
        exec(compile(block, "search.md", "exec"), found)
    return found


def test_the_blocks_find_what_they_say(names):
    """SCR-12, SKL-09, SKL-11."""
    assert names["y_pred"].shape == (3,) and names["mse_test"] > 0
    assert set(names["rnd_search_cv"].best_params_) == {"learning_rate", "n_hidden", "n_neurons"}
    assert names["model"] is names["rnd_search_cv"].best_estimator_.model
    assert len(names["grid"].best_estimator_[-1].history_.epoch) == 5
    assert names["keras_clf"].predict_proba(names["X_test"]).shape == (50, 3)
    assert set(names["keras_clf"].predict(names["X_test"])) <= {"low", "middle", "high"}
    assert np.isfinite(names["search"].best_score_)


@pytest.mark.skipif(not HAS_DASK, reason="dask and distributed are not installed")
@pytest.mark.filterwarnings("default")  # of distributed and what it brings along
def test_a_search_on_dask_finds_what_one_process_finds(names, capsys):
    """SKL-09."""
    exec(compile(BLOCKS[-1], "search.md", "exec"), names)
    assert capsys.readouterr().out == "True\n"
