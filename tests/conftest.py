"""How thorough a run is: HYPOTHESIS_PROFILE=dev, ci or nightly; without it ci where CI is set, else dev."""

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
