"""The page about callbacks: its code runs, and prints what stands beside it; its table names all there are."""

import re
from pathlib import Path

import pytest

from tinygrad_edu import callbacks
from tinygrad_edu.callbacks.callback import HOOKS

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "callbacks.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def test_every_block_runs_and_prints_what_stands_beside_it(capsys, tmp_path, monkeypatch):
    """CB-01 to CB-20."""
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    said = []
    for block in BLOCKS:
        if "TensorBoard" in block:
            pytest.importorskip("tensorboard", reason="the example writes what the package tensorboard reads")
        exec(compile(block, "docs/callbacks.md", "exec"), names)
        said += re.findall(r"(?:print\(.*\)  |^)# (.*)", block, re.MULTILINE)
    assert capsys.readouterr().out.splitlines() == said
    assert len(said) == 9


def test_the_table_names_every_callback():
    told = set(re.findall(r"`([A-Z]\w+)`", PAGE))
    there = {name for name, thing in vars(callbacks).items() if isinstance(thing, type) and issubclass(thing, callbacks.Callback)}
    assert there <= told


def test_the_order_of_the_hooks_is_complete():
    """CB-02."""
    assert [hook for hook in HOOKS if hook not in PAGE] == []
