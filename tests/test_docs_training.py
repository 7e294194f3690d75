"""The page about training: its code runs, and prints what stands beside it."""

import re
from pathlib import Path

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "training.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def test_every_block_runs_and_prints_what_stands_beside_it(capsys):
    """FIT-01, FIT-13, FIT-20, COMP-08, CB-25."""
    names: dict = {}
    said = []
    for block in BLOCKS:
        exec(compile(block, "docs/training.md", "exec"), names)
        said += re.findall(r"(?:print\(.*\)  |^)# (.*)", block, re.MULTILINE)
    assert capsys.readouterr().out.splitlines() == said
    assert len(said) == 7
