"""A callback made of functions."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any

from .callback import ALIASES, HOOKS, Callback

_NAMES = (*HOOKS, *ALIASES.values())


class LambdaCallback(Callback):
    """Calls functions where a hook would be called, with the hook's arguments.

        >>> tell = LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs["loss"]))

    Args:
        hooks: functions by the name of their hook; None stands for none.

    Raises:
        TypeError: for a name that is no hook, and for what is no function.
    """

    def __init__(self, **hooks: Callable[..., Any] | None):
        for name, function in hooks.items():
            if name not in _NAMES:
                near = difflib.get_close_matches(name, _NAMES, n=1)
                hint = f"Did you mean {near[0]!r}?" if near else f"Choose out of {', '.join(_NAMES)}."
                raise TypeError(f"LambdaCallback expects the names of hooks, got {name!r}. {hint}")
            if function is not None:
                if not callable(function):
                    raise TypeError(f"LambdaCallback expects a function for {name}, got {function!r}.")
                setattr(self, name, function)
