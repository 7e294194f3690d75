"""Why something is not compiled."""

from __future__ import annotations


class NotCompiledError(Exception):
    """Why something is not compiled, as a sentence that can be shown."""
