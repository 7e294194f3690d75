"""The page about callbacks names all there are, and all hooks."""

import re
from pathlib import Path

from tinygrad_edu import callbacks
from tinygrad_edu.callbacks.callback import HOOKS

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "callbacks.md").read_text(encoding="utf-8")


def test_the_table_names_every_callback():
    told = set(re.findall(r"`([A-Z]\w+)`", PAGE))
    there = {name for name, thing in vars(callbacks).items() if isinstance(thing, type) and issubclass(thing, callbacks.Callback)}
    assert there <= told


def test_the_order_of_the_hooks_is_complete():
    """CB-02."""
    assert [hook for hook in HOOKS if hook not in PAGE] == []
