"""How thorough a run is: HYPOTHESIS_PROFILE=dev, ci or nightly; without it ci where CI is set, else dev.

With NUMBA_DISABLE_JIT=1 all runs but what is about compiled steps.
"""

import os

import pytest

from tinygrad_edu.testing import register_profiles

PROFILE = register_profiles()


@pytest.fixture(autouse=True)
def _eager(request: pytest.FixtureRequest) -> None:
    """Let steps run in Python in tests that count what Python does in them, or compare bits with what is not compiled."""
    if request.node.get_closest_marker("eager"):
        request.getfixturevalue("monkeypatch").setenv("TINYGRAD_EDU_JIT", "0")


@pytest.fixture(scope="session")
def thorough() -> bool:
    """Whether a test may take minutes: Hypothesis' profiles multiply examples, this the steps of tests without any."""
    return PROFILE == "nightly"


NOTHING_IS_COMPILED = os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0")
ABOUT_COMPILED_STEPS = "tests/compiled/", "tests/test_warmup.py", "tests/viz/test_plans.py", "tests/viz/test_arena.py"


def pytest_configure(config):
    if NOTHING_IS_COMPILED:  # of which the first test to train for long would be told
        config.addinivalue_line("filterwarnings", "ignore:tinygrad_edu cannot compile")


def pytest_collection_modifyitems(items):
    for item in items:
        if NOTHING_IS_COMPILED and item.nodeid.startswith(ABOUT_COMPILED_STEPS):
            item.add_marker(pytest.mark.skip(reason="NUMBA_DISABLE_JIT is set"))
