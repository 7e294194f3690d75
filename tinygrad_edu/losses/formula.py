"""One formula, one function: `formula` tells it which labels it takes, and classes are made of it.

    >>> @formula()
    ... def cubic(y_true, y_pred, scale=1.0):
    ...     return scale * abs(y_pred - y_true) ** 3
    >>> cubic([1, 2], [[1.5], [2.0]], scale=8)
    array([[1.],
           [0.]])
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable
from typing import Any

from .labels import match, plain

#  parameter             law
LAWS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "label_smoothing": (lambda s: 0 <= s <= 1, "in [0, 1]"),
    "delta":           (lambda d: d > 0, "> 0"),
    "gamma":           (lambda g: g >= 0, ">= 0"),
    "q":               (lambda q: 0 < q < 1, "in (0, 1)"),
    **dict.fromkeys(
        ("k", "top_k", "num_classes", "num_thresholds"), (lambda k: k >= 1 and k == int(k), "to be a whole number >= 1")
    ),
}  # fmt: skip


def formula(labels: str = "entries", arrays: bool = False) -> Callable[[Callable], Callable]:
    """Decorator for a function of (y_true, y_pred, parameters ...) that gives a number per sample.

    The function gets labels and predictions that belong together (see `labels.match`), and parameters that keep their LAWS.

    Args:
        labels: which labels it takes, a word of `labels`.
        arrays: whether to compute on arrays whatever comes, as metrics do, so that nothing is recorded.
    """

    def decorate(function: Callable) -> Callable:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def matched(*args: Any, **kwargs: Any) -> Any:
            given = signature.bind(*args, **kwargs)
            given.apply_defaults()
            y_true, y_pred, *values = given.arguments.values()
            parameters = dict(zip(list(signature.parameters)[2:], values))
            check_parameters(function.__name__, parameters)
            if arrays:
                y_true, y_pred = plain(y_true), plain(y_pred)
            pair = match(labels, y_true, y_pred, function.__name__, parameters.get("axis", -1))
            return function(*pair, **parameters)

        matched.takes = labels  # type: ignore[attr-defined]
        return matched

    return decorate


def check_parameters(owner: str, parameters: dict[str, Any]) -> None:
    """Refuse parameters that break their law."""
    for name, value in parameters.items():
        holds, law = LAWS.get(name, (bool, ""))
        if law and not _keeps(holds, value):
            raise ValueError(f"{owner} expects {name} {law}, got {value!r}.")


def _keeps(holds: Callable[[Any], bool], value: Any) -> bool:
    try:
        return holds(value)
    except TypeError:  # what is no number keeps no law of numbers
        return False


def parameters_of(function: Callable) -> list[inspect.Parameter]:
    """What a function of (y_true, y_pred, parameters ...) takes beyond labels and predictions."""
    return list(inspect.signature(function).parameters.values())[2:]


class FromFormula:
    """A class made of a formula: `class Huber(FormulaLoss, of=huber)`.

    The formula's parameters become arguments of the constructor, and attributes; its words become those of the class.
    The class below this one says what else the constructor takes, and what a number per sample is for.
    """

    function: Callable  # the formula
    _bare: Callable  # without what `formula` adds
    parameters: tuple[str, ...] = ()  # names of what the formula takes beyond labels and predictions
    parameters_first = True  # in the constructor
    further = ""  # what the words of the class say beyond those of the formula
    gives = "()"  # the shape of what its objects give

    def __init_subclass__(cls, of: Callable | None = None, **kwargs: Any):
        super().__init_subclass__(**kwargs)
        if of is not None:
            cls.function, cls._bare = staticmethod(of), staticmethod(inspect.unwrap(of))
            own = parameters_of(of)
            cls.parameters = tuple(parameter.name for parameter in own)
            cls.__init__ = _constructor(cls, own)  # type: ignore[method-assign]
            cls.__doc__ = cls.__doc__ or _words(of, cls.gives, cls.further)

    def compute(self, y_true: Any, y_pred: Any) -> Any:
        """The formula of labels and predictions that already belong together."""
        return self._bare(y_true, y_pred, **{name: getattr(self, name) for name in self.parameters})


def _words(formula: Callable, gives: str, further: str) -> str:
    """What a formula says of itself, without its examples, which are those of the function; and what an object gives."""
    paragraphs = (formula.__doc__ or "").rstrip().split("\n\n")
    told = [paragraph for paragraph in paragraphs if not paragraph.strip().startswith(">>>")]
    told = [re.sub(r" -> .*", f" -> {gives}.", one, flags=re.S) if one.strip().startswith("Shapes:") else one for one in told]
    return "\n\n".join([*told, f"    {further}"]) + "\n"


def _constructor(cls: Any, own: list[inspect.Parameter]) -> Callable:
    """An `__init__` that keeps the parameters of a formula, and leaves the rest to the next class."""
    base = super(cls, cls).__init__
    rest = list(inspect.signature(base).parameters.values())[1:]
    plain = [parameter for parameter in rest if parameter.kind is parameter.POSITIONAL_OR_KEYWORD]
    order = [*own, *plain] if cls.parameters_first else [*plain, *own]
    me, unknown = (inspect.Parameter(*one) for one in (("self", _PLAIN), ("unknown", inspect.Parameter.VAR_KEYWORD)))

    def init(self, *args, **kwargs):
        given = signature.bind(self, *args, **kwargs)
        given.apply_defaults()
        values = given.arguments
        check_parameters(type(self).__name__, {parameter.name: values[parameter.name] for parameter in own})
        for parameter in own:
            setattr(self, parameter.name, values[parameter.name])
        base(self, **{parameter.name: values[parameter.name] for parameter in plain}, **values["unknown"])

    init.__signature__ = signature = inspect.Signature([me, *order, unknown])  # type: ignore[attr-defined]
    return init


_PLAIN = inspect.Parameter.POSITIONAL_OR_KEYWORD
