"""The page about learning rates: its code runs, and prints what it says; its table says what comes out."""

import re
from pathlib import Path

import pytest

from tinygrad_edu.optimizers.schedules import PowerDecay, TimeBasedDecay, decay_over

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "learning_rates.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def test_every_block_runs_and_prints_what_stands_beside_it(capsys):
    """LR-01 to LR-07, D2, D3."""
    names: dict = {}
    said = []
    for block in BLOCKS:
        exec(compile(block, "docs/learning_rates.md", "exec"), names)
        said += re.findall(r"(?:print\(.*\)  |^)# (.*)", block, re.MULTILINE)
    assert capsys.readouterr().out.splitlines() == said
    assert len(said) == 10


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
