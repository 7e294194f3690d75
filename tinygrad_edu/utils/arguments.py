"""Small questions about functions and their arguments, which Keras 2 answered in `utils.generic_utils`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any


def has_arg(fn: Callable, name: str, accept_all: bool = False) -> bool:
    """Whether `fn` can be given an argument by that name; with `accept_all` also if it takes any keyword."""
    parameters = inspect.signature(fn).parameters
    if name not in parameters:
        return accept_all and any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    return parameters[name].kind in (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def to_list(x: Any, allow_tuple: bool = False) -> list:
    """`x` if it is a list, else a list with `x` in it; with `allow_tuple` a tuple becomes a list."""
    return list(x) if isinstance(x, list) or (allow_tuple and isinstance(x, tuple)) else [x]
