"""The examples of docs/testing.md run, and the tests in them pass."""

import re
from pathlib import Path

import hypothesis
import pytest

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "testing.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def names():
    """What the page defines, read from top to bottom."""
    before = hypothesis.settings.get_current_profile_name()
    found = {"__name__": __name__}
    for n, block in enumerate(BLOCKS):
        exec(compile(block, f"docs/testing.md, example {n}", "exec"), found)
    hypothesis.settings.load_profile(before)
    return found


def test_there_are_examples(names):
    assert len(BLOCKS) >= 6


@pytest.mark.parametrize("name", re.findall(r"^def (test_\w+)", PAGE, re.MULTILINE))
def test_a_test_on_the_page_passes(names, name):
    names[name]()


@pytest.mark.parametrize("name", re.findall(r"^(Test\w+) = ", PAGE, re.MULTILINE))
def test_a_machine_on_the_page_passes(names, name):
    names[name]("runTest").runTest()


def test_the_page_names_what_there_is(names):
    for name in re.findall(r"^\| `(\w+)\(", PAGE, re.MULTILINE):
        assert callable(getattr(names["strategies"], name))
