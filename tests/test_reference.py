"""The reference pages say what the docstrings say."""

import importlib.util
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[1] / "docs"
spec = importlib.util.spec_from_file_location("make_reference", DOCS / "make_reference.py")
make_reference = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make_reference)
PAGES = make_reference.pages()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_up_to_date(name):
    told = f"docs/reference/{name} is not what the docstrings say. Run: python docs/make_reference.py"
    assert (DOCS / "reference" / name).read_text(encoding="utf-8") == PAGES[name], told


@pytest.mark.parametrize("name", PAGES)
def test_every_link_of_a_page_leads_somewhere(name):
    headings = make_reference.anchors_of(re.findall(r"^## (.+)$", PAGES[name], re.MULTILINE))
    for target in re.findall(r"\]\(([^)]+)\) \|", PAGES[name]):
        assert target.removeprefix("#") in headings


@pytest.mark.parametrize("family", ["losses", "metrics", "optimizers", "schedules", "activations"])
def test_every_family_shows_how_its_members_are_found_and_written_down(family):
    """LOSS-01, MET-01, OPT-01: also where the function is a method of the family's registry."""
    headings = re.findall(r"^## (.+)$", PAGES[f"{family}.md"], re.MULTILINE)
    assert {"get", "serialize", "deserialize"} <= set(headings)


def test_no_page_shows_an_address_in_memory():
    assert not [name for name, text in PAGES.items() if re.search(r" at 0x[0-9a-f]+", text)]
