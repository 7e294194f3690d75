"""The kit as a whole: its profiles, what it imports, its doctests."""

import doctest
import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import hypothesis
import pytest

from tinygrad_edu import testing
from tinygrad_edu.testing import optional, profiles, register_profiles

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(path.stem for path in (ROOT / "tinygrad_edu" / "testing").glob("*.py") if path.stem != "__init__")


@pytest.fixture
def untouched():
    """The profile that this run has chosen, loaded again afterwards."""
    before = hypothesis.settings.get_current_profile_name()
    yield before
    hypothesis.settings.load_profile(before)


@pytest.mark.parametrize("module", MODULES)
def test_the_examples_in_docstrings_are_right(module):
    module = importlib.import_module(f"tinygrad_edu.testing.{module}")
    assert not doctest.testmod(module, extraglobs={"check_gradients": testing.check_gradients}).failed


def test_a_profile_is_chosen_by_name_by_the_environment_or_by_where_it_runs(untouched, monkeypatch):
    for variable in ("HYPOTHESIS_PROFILE", "CI"):
        monkeypatch.delenv(variable, raising=False)
    assert register_profiles() == "dev"
    monkeypatch.setenv("CI", "true")
    assert register_profiles() == "ci"
    monkeypatch.setenv("HYPOTHESIS_PROFILE", "nightly")
    assert register_profiles() == "nightly"
    assert register_profiles("dev") == "dev" == hypothesis.settings.get_current_profile_name()


def test_the_profiles_are_what_they_say(untouched):
    loaded = {name: (register_profiles(name), hypothesis.settings())[1] for name in profiles.PROFILES}
    assert loaded["nightly"].max_examples == 100 * loaded["ci"].max_examples > loaded["dev"].max_examples
    assert [settings.derandomize for settings in loaded.values()] == [False, True, False]
    assert all(settings.deadline is None and settings.print_blob for settings in loaded.values())


def test_no_law_fixes_its_number_of_examples():
    """Or the nightly profile would not multiply it. Searches for one example may."""
    fixed = re.compile(r"^\s*@settings\(|^\s*@hypothesis\.settings\(", re.MULTILINE)
    assert [path.name for path in (ROOT / "tests").rglob("test_*.py") if fixed.search(path.read_text(encoding="utf-8"))] == []


def test_an_unknown_profile_is_refused(untouched):
    with pytest.raises(ValueError, match="register_profiles expects a profile out of dev, ci, nightly, got 'fast'"):
        register_profiles("fast")


def test_public_names_resolve_and_others_do_not():
    for name in testing.__all__:
        assert getattr(testing, name) is not None
    with pytest.raises(AttributeError, match="has no attribute 'strategy'"):
        testing.strategy  # noqa: B018


def run(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, cwd=ROOT)
    return done.stdout.strip() + done.stderr.strip()


def test_checking_gradients_needs_no_hypothesis():
    code = "import sys; from tinygrad_edu.testing import check_gradients; check_gradients(lambda x: x * x, 2.0); "
    assert run(code + "print('hypothesis' in sys.modules)") == "False"


@pytest.mark.parametrize("name", ["strategies", "graph_machine", "register_profiles"])
def test_what_needs_hypothesis_says_how_to_get_it(name):
    told = run(f"import sys; sys.modules['hypothesis'] = None; from tinygrad_edu.testing import {name}")
    assert told.endswith(f"expects Hypothesis, got none. Install it: {optional.INSTALL}.")


def test_the_install_command_names_an_extra_that_brings_hypothesis():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    extra = optional.INSTALL.partition("[")[2].partition("]")[0]
    assert any(requirement.startswith("hypothesis") for requirement in extras[extra])
