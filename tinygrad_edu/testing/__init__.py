"""What helps to test an op, a layer, a loss or a model of one's own.

    check_gradients      gradients against slopes, and the laws of going back
    strategies           for Hypothesis: arrays in every layout, tensors, random graphs
    graph_machine        a test that builds graphs step by step and compares with a naive reference
    register_profiles    how thorough a run of Hypothesis is

All but the first need Hypothesis, which is imported when they are first asked for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .gradients import check_gradients

if TYPE_CHECKING:
    from . import strategies
    from .machine import graph_machine
    from .profiles import register_profiles

_HOMES = {"graph_machine": "machine", "register_profiles": "profiles"}

__all__ = ["check_gradients", "graph_machine", "register_profiles", "strategies"]


def __getattr__(name: str) -> Any:
    """Import what needs Hypothesis when it is first asked for."""
    if name == "strategies":
        return importlib.import_module(".strategies", __name__)
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value
