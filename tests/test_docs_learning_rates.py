"""The table on the page about learning rates says what comes out."""

import re
from pathlib import Path

import pytest

from tinygrad_edu.optimizers.schedules import PowerDecay, TimeBasedDecay, decay_over

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "learning_rates.md").read_text(encoding="utf-8")


def test_the_table_of_the_three_meanings():
    """LR-01, LR-02, LR-05."""
    rows = re.findall(r"^\| `.*(?:decay|Decay)\(?.*` \| ([\d.]+) \| ([\d.]+) \|$", PAGE, re.MULTILINE)
    found = [(float(early), float(late)) for early, late in rows]
    by_step, by_epoch, table = PowerDecay(0.1, 1000), PowerDecay(0.1, 1000), TimeBasedDecay(0.1, 0.001)
    expected = [(by_step(36), by_step(900)), (by_epoch(4), by_epoch(100)), (table(4), table(100))]
    for row, numbers in zip(found, expected, strict=True):
        assert row == pytest.approx(numbers, rel=1e-3)


def test_the_proposal_of_the_tutorials():
    """LR-03."""
    assert decay_over(0.1, epochs=100) == 0.001
