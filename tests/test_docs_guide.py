"""The guide: its code runs, and prints what it says."""

import re
from pathlib import Path

import pytest

from tinygrad_edu import backend

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "guide.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def test_every_block_runs_and_prints_what_stands_beside_it(capsys, tmp_path, monkeypatch):
    """MOD-01 to MOD-12."""
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    backend.clear_session()
    names: dict = {"__name__": "guide"}
    said = []
    for block in BLOCKS:
        exec(compile(block, "docs/guide.md", "exec"), names)
        said += re.findall(r"print\(.*\)  # (.*)", block)
    assert capsys.readouterr().out.splitlines() == said
    assert len(said) == 11
