"""Hypothesis, which only tests need; or an error that says how to get it."""

INSTALL = 'pip install "tinygrad_edu[testing]"'

try:
    import hypothesis
    from hypothesis import stateful
    from hypothesis import strategies as st
    from hypothesis.extra import numpy as hnp
except ImportError as error:
    raise ImportError(f"This part of tinygrad_edu.testing expects Hypothesis, got none. Install it: {INSTALL}.") from error

__all__ = ["hnp", "hypothesis", "st", "stateful"]
