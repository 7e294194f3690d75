"""How thorough a run is: HYPOTHESIS_PROFILE=dev, ci or nightly; without it ci where CI is set, else dev."""

import pytest

from tinygrad_edu.testing import register_profiles

PROFILE = register_profiles()


@pytest.fixture(scope="session")
def thorough() -> bool:
    """Whether a test may take minutes: Hypothesis' profiles multiply examples, this the steps of tests without any."""
    return PROFILE == "nightly"
