"""Finding things by name: one registry per family (initializers, losses, optimizers, ...)."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Any

from .config import snake_case


class Registry:
    """What a family offers, by name.

    Args:
        kind: what a member is called in messages, "loss".
        callables: whether any callable will do as a member.
    """

    def __init__(self, kind: str, *, callables: bool = True):
        self.kind = kind
        self.callables = callables
        self._makers: dict[str, Callable[[], Any]] = {}
        self._names: dict[str, str] = {}  # the first name of what each name stands for

    def add(self, maker: Callable[[], Any], *names: str) -> None:
        """Offer what `maker()` makes under `names`; capitals do not matter."""
        for name in names:
            self._makers[name.lower()] = maker
            self._names[name.lower()] = names[0]

    def add_class(self, cls: type) -> type:
        """Class decorator: offer a class under its own name and its snake_case form."""
        self.add(cls, snake_case(cls.__name__), cls.__name__)
        return cls

    def add_function(self, function: Callable, *names: str) -> None:
        """Offer a function, which is itself the member, under its own name and others."""
        self.add(lambda: function, function.__name__, *names)

    def get(self, identifier: Any) -> Any:
        """The member that a name, a class or a member stands for."""
        if isinstance(identifier, str):
            maker = self._makers.get(identifier.lower())
            if maker is None:
                raise ValueError(self._unknown(identifier))
            return maker()
        if isinstance(identifier, type):
            return identifier()
        if self.callables and callable(identifier):
            return identifier
        raise TypeError(f"The {self.kind} expects a name or an object, got {identifier!r} ({type(identifier).__name__}).")

    def _unknown(self, name: str) -> str:
        near = dict.fromkeys(self._names[close] for close in difflib.get_close_matches(name.lower(), self._makers, n=3))
        known = sorted(set(self._names.values()))
        hint = f"Did you mean {' or '.join(map(repr, near))}?" if near else f"Choose one of {', '.join(known)}."
        return f"The {self.kind} expects a known name, got {name!r}. {hint}"
