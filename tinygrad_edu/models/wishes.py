"""What was asked for in the way of compiled steps, and whether it is worth it. Counts decide, and never clocks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from ..compiled import NotCompiledError, folder, require_compiler
from .sameness import Settings

WORTH = 30  # steps: taking one down costs as much as some ten eager ones, and more where its plan is not known yet
VARIABLE = "TINYGRAD_EDU_JIT"


def wish_of(model: Any) -> str:
    """What was asked for: "never", "auto", "many" (whatever the number of steps), "compile" or "force" (whatever the code).

    The environment goes before `jit_compile`: 0 is never, 1 what "auto" gives to long trainings, "force" all that is possible.
    """
    told, word = os.environ.get(VARIABLE), getattr(model, "jit_compile", "auto")
    if getattr(model, "run_eagerly", False) or told == "0":
        return "never"
    if word is True or told == "force":
        return "compile" if word is True else "force"
    return "never" if word is False else "many" if told == "1" else "auto"


def against(model: Any, steps: int | None) -> Iterator[str]:
    """What speaks against compiling so many steps where nobody insists on it: counts, and never clocks.

    Args:
        model: whose steps they are.
        steps: None if nobody knows how many.
    """
    wish = wish_of(model)
    if getattr(model, "run_eagerly", False):
        yield "run_eagerly asks for every step by itself"
    if wish == "never":
        yield "jit_compile is False" if not os.environ.get(VARIABLE) else f"{VARIABLE} is 0"
    if wish == "auto" and steps is not None and steps < WORTH:
        yield f"{steps} steps are too few to be worth it, {WORTH} would be"


def unknown(model: Any, settings: Settings) -> Iterator[str]:
    """What speaks against compiling steps in whose code one cannot look, where nobody insists on it."""
    if wish_of(model) in ("auto", "many") and (name := settings.foreign_code):
        yield f"what {name} does besides computing is not known; jit_compile=True compiles it as it is at first"


def require_machine(model: Any) -> None:
    """Refuse, after one warning in a process, to compile where that is not possible, or of no use.

    Where compiled code cannot be kept, each process would compile for seconds: only for those who insist on it.

    Raises:
        NotCompiledError: says what is missing.
    """
    require_compiler()
    if wish_of(model) in ("auto", "many") and folder() is None:
        raise NotCompiledError("there is no place to keep compiled code in; jit_compile=True compiles it in every process")


def ended_with(error: Exception) -> str:
    """The reason not to compile that an error is which comes up while a step is taken down."""
    return f"taking a step down ended with {type(error).__name__}: {error}"


def refusal(reason: Exception, owner: str = "fit") -> ValueError:
    """The error of a step that must be compiled and cannot be."""
    return ValueError(
        f"{owner} expects a step that can be compiled, got one that cannot: {reason}. "
        "Compile the model with jit_compile='auto' to go on without."
    )
