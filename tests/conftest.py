"""How thorough a run is: HYPOTHESIS_PROFILE=dev, ci or nightly; without it ci where CI is set, else dev."""

import os

import pytest
from hypothesis import settings

CI_EXAMPLES = 60

settings.register_profile("dev", max_examples=15, deadline=None, print_blob=True)
settings.register_profile("ci", max_examples=CI_EXAMPLES, deadline=None, print_blob=True, derandomize=True)
settings.register_profile("nightly", max_examples=100 * CI_EXAMPLES, deadline=None, print_blob=True)

PROFILE = os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev")
settings.load_profile(PROFILE)


@pytest.fixture(scope="session")
def thorough() -> bool:
    """Whether a test may take ten seconds."""
    return PROFILE in ("ci", "nightly")
