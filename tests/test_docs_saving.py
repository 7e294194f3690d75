"""The page about saving: its code runs, and prints what it says."""

import re
from pathlib import Path

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "saving.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def test_every_block_runs_and_prints_what_stands_beside_it(capsys, tmp_path, monkeypatch):
    """SAV-01 to SAV-08."""
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    said = []
    for block in BLOCKS:
        exec(compile(block, "docs/saving.md", "exec"), names)
        said += re.findall(r"print\(.*\)  # (.*)", block)
    assert capsys.readouterr().out.splitlines() == said
    assert len(said) == 10
