"""The README's code runs as it stands, and says the truth."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def test_every_number_in_a_comment_is_what_the_line_prints(capsys):
    names: dict = {}
    for block in BLOCKS[:3]:
        exec(compile(block, "README.md", "exec"), names)
    said = re.findall(r"print\(.*?\)  # ([-\d. ]+)", "".join(BLOCKS[:3]))
    printed = capsys.readouterr().out
    assert len(said) == 4
    assert all(number.strip() in printed for number in said)


def test_the_pictures_of_the_readme_can_be_drawn():
    pytest.importorskip("graphviz")
    names: dict = {}
    for block in BLOCKS[:3]:
        exec(compile(block, "README.md", "exec"), names)
    exec(compile(BLOCKS[3], "README.md", "exec"), names)


def test_the_declaration_of_relu_is_the_one_in_the_source():
    source = (ROOT / "tinygrad_edu" / "ops" / "elementwise.py").read_text(encoding="utf-8")
    assert BLOCKS[4].strip() in source


def test_files_and_numbers_that_the_readme_names_exist():
    for path in re.findall(r"\]\(([\w/.]+)\)|`((?:examples|docs|benchmarks)/[\w/.]*)`", README):
        assert (ROOT / (path[0] or path[1])).exists()
    from tinygrad_edu.ops import registry

    assert f"{len(registry)} ops" in README
