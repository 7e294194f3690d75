"""How thorough a run of Hypothesis is: three profiles, chosen by the environment.

| profile | examples | for |
|---|---|---|
| dev | 15 | every run at one's desk |
| ci | 60, always the same ones | every push |
| nightly | 100 times as many as ci | searching |

None has a deadline: the first call of a compiled kernel takes its time. A failure prints the line that
repeats it (`print_blob`). In a conftest.py:

    from tinygrad_edu.testing import register_profiles

    PROFILE = register_profiles()
"""

from __future__ import annotations

import os

from .optional import hypothesis

CI_EXAMPLES = 60
PROFILES: dict[str, dict] = {
    "dev": {"max_examples": 15, "derandomize": False},
    "ci": {"max_examples": CI_EXAMPLES, "derandomize": True},
    "nightly": {"max_examples": 100 * CI_EXAMPLES, "derandomize": False},
}


def register_profiles(name: str | None = None) -> str:
    """Register the profiles with Hypothesis, load one of them, and return its name.

    Args:
        name: of the profile to load. None means the one in HYPOTHESIS_PROFILE; without it "ci" where CI is set, else "dev".

    Raises:
        ValueError: if there is no such profile.
    """
    for known, settings in PROFILES.items():
        hypothesis.settings.register_profile(known, deadline=None, print_blob=True, **settings)
    name = name or os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev")
    if name not in PROFILES:
        raise ValueError(f"register_profiles expects a profile out of {', '.join(PROFILES)}, got {name!r}. Choose one of them.")
    hypothesis.settings.load_profile(name)
    return name
