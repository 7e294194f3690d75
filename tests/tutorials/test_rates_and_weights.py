"""Learning rates on the ionosphere, tables and pictures of networks, ranges of weights: the first tutorial's scripts."""

import math
import re
from pathlib import Path

import numpy as np
import pytest
from tutorial import SCRIPTS

LINE = re.compile(
    r"9/9 - \d+s \d+[mu]s/step - loss: \S+ - accuracy: \S+ - val_loss: \S+ - val_accuracy: (\S+)( - learning_rate: \S+)?"
)


def accuracies_printed(text, epochs):
    """The validation accuracies of a log, which says an epoch in two lines."""
    lines = text.splitlines()
    assert lines[::2] == [f"Epoch {n}/{epochs}" for n in range(1, epochs + 1)]
    return [float(LINE.fullmatch(line)[1]) for line in lines[1::2]]


def test_a_rate_that_falls_with_time(notebook, ionosphere_csv):
    """SCR-01: reference 0.9914 in the middle of thirty seeds, 0.9741 at least; the tutorial printed 0.9828 and 0.9914."""
    pytest.importorskip("sklearn")
    book = notebook("ionosphere_time_decay")
    accuracies = accuracies_printed(book.run(), 50)
    assert book["sgd"].iterations == 50 * 9
    if ionosphere_csv:
        assert 0.9741 <= accuracies[-1] <= 0.9914


def test_a_rate_that_falls_in_steps(notebook, ionosphere_csv):
    """SCR-02: reference 0.9914 in the middle of thirty seeds, 0.9828 at least; the tutorial printed 0.9914."""
    pytest.importorskip("sklearn")
    book = notebook("ionosphere_step_decay")
    accuracies = accuracies_printed(book.run(), 50)
    rates = book["model"].history.history["lr"]
    assert rates == pytest.approx([0.1 * 0.5 ** math.floor((1 + epoch) / 10) for epoch in range(50)], rel=1e-6)
    assert rates[8:10] == pytest.approx([0.1, 0.05])
    if ionosphere_csv:
        assert 0.9828 <= accuracies[-1] <= 0.9914


def test_a_small_network_prints_the_table_of_the_tutorial(notebook):
    """SCR-03, D11."""
    book = notebook("small_network")
    assert book.run("define") == ""
    assert book["model"].count_params() == 7
    assert notebook("small_network").run("summary") == (SCRIPTS / "small_network.txt").read_text()


def test_a_small_network_is_drawn(notebook):
    """SCR-03."""
    assert notebook("small_network").run("plot") == ""
    assert Path("model_plot.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("block", "bounds", "deviation"),
    [
        ("xavier", [-0.31622776601683794, 0.31622776601683794], 0.1826),
        ("normalized xavier", [-0.44721359549995787, 0.44721359549995787], 0.2582),
        ("he", [0.4472135954999579], 0.4472),
    ],
)
def test_weights_have_the_range_that_the_tutorial_prints(notebook, block, bounds, deviation):
    """SCR-04: the bounds to the last digit; the numbers within them are drawn."""
    lines = [[float(word) for word in line.split()] for line in notebook("weight_ranges").run(block).splitlines()]
    assert lines[0] == bounds
    mean, std = lines[2]
    assert abs(mean) < 0.05 and std == pytest.approx(deviation, rel=0.06)
    if len(bounds) == 2:
        assert bounds[0] <= lines[1][0] < lines[1][1] <= bounds[1]


@pytest.mark.parametrize(
    ("block", "first", "last"), [("xavier", 1.0, 0.1), ("normalized xavier", 0.7385, 0.2335), ("he", math.sqrt(2), 0.1414)]
)
def test_ranges_of_weights_are_plotted_for_a_hundred_numbers_of_inputs(notebook, curves, block, first, last):
    """SCR-04."""
    book = notebook("weight_ranges")
    book.run(f"{block} bounds")
    assert len(book["results"]) == 100 and np.all(np.diff(book["results"]) < 0)
    assert book["results"][0] == pytest.approx(first, abs=1e-4) and book["results"][-1] == pytest.approx(last, abs=1e-4)
    assert len(next(iter(curves().values()))) == 100
