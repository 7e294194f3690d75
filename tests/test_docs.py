"""The pages in docs/: their code runs from top to bottom, and prints what stands beside it."""

import re
from pathlib import Path

import pytest

from tinygrad_edu import backend

DOCS = Path(__file__).resolve().parent.parent / "docs"
#        page             prints  what it needs beside the core
PAGES = {
    "guide": (11, ["matplotlib"]),
    "training": (7, []),
    "callbacks": (12, ["tensorboard"]),
    "learning_rates": (10, []),
    "saving": (10, []),
    "performance": (1, []),
}


@pytest.mark.parametrize(("page", "prints", "needs"), [(page, *facts) for page, facts in PAGES.items()], ids=PAGES)
def test_every_block_runs_and_prints_what_stands_beside_it(page, prints, needs, capsys, tmp_path, monkeypatch):
    """COMP-08, FIT-01, FIT-13, FIT-20, CB-01 to CB-20, LR-01 to LR-07, MOD-01 to MOD-12, SAV-01 to SAV-08, D2, D3."""
    for package in needs:
        pytest.importorskip(package, reason=f"docs/{page}.md uses it")
    monkeypatch.chdir(tmp_path)
    backend.clear_session()
    names: dict = {"__name__": page}
    said = []
    for block in re.findall(r"```python\n(.*?)```", (DOCS / f"{page}.md").read_text(encoding="utf-8"), re.DOTALL):
        exec(compile(block, f"docs/{page}.md", "exec"), names)
        said += re.findall(r"(?:print\(.*\)  |^)# (.*)", block, re.MULTILINE)
    assert capsys.readouterr().out.splitlines() == said
    assert len(said) == prints
