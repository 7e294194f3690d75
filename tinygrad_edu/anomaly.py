"""Finding the op that made the first nan or inf, forward or backward.

    >>> from tinygrad_edu import Tensor, ops
    >>> x = Tensor([0.0, 1.0])
    >>> with detect_anomaly():  # doctest: +ELLIPSIS
    ...     y = (x * 2).log()
    Traceback (most recent call last):
    tinygrad_edu.anomaly.AnomalyError: log expects finite results, got -inf at (0,) of shape (2,), in ...

Inside the block every result and every gradient is looked through, which makes small ops about three times as slow.
Outside it costs nothing.
"""

from __future__ import annotations

import linecache
import math
import os
import sys
from collections.abc import Callable
from contextlib import ContextDecorator
from types import FrameType
from typing import Any

import numpy as np

from .graph import NUMBERS, Node, Value, current, notes_of
from .modes import Detector, detector_variable, detectors
from .record import Op

PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep
TWO_WHERES = "where(x > 0, log(where(x > 0, x, 1)), 0)"


class AnomalyError(FloatingPointError):
    """A nan or inf came up.

    Attributes:
        op: name of the op that made it.
        scope: path of the layer that called the op, or "".
        place: file, line and source text of the call, outside this package.
    """

    def __init__(self, text: str, op: str, scope: str, place: str):
        super().__init__(text)
        self.op, self.scope, self.place = op, scope, place


class detect_anomaly(ContextDecorator, Detector):  # noqa: N801  used like a function
    """Raise an `AnomalyError` where a nan or inf comes up inside the block, or the function decorated.

    An infinity that was put in, as in a mask of -inf, may pass on; a nan may not. What a gradient is
    computed from must have been recorded inside the block too for its line to be known.
    """

    def __init__(self) -> None:
        self._left: list[Any] = []

    def __enter__(self) -> detect_anomaly:
        quiet = np.errstate(all="ignore")  # what NumPy would warn of is said better here
        quiet.__enter__()
        self._left.append((quiet, detector_variable.set(self)))
        detectors.add(self)
        return self

    def __exit__(self, *error: Any) -> None:
        quiet, token = self._left.pop()
        if not self._left:
            detectors.discard(self)
        detector_variable.reset(token)
        quiet.__exit__(*error)

    def _recreate_cm(self) -> detect_anomaly:
        return detect_anomaly()

    def look_at_result(self, op: Op, args: tuple, out: Any, params: dict, node: Node | None) -> None:
        """Raise if `op` made a nan, or an inf out of finite inputs."""
        if node is not None:
            notes_of(node).place = _place()
        if _is_finite(out):
            return
        place = _words(_place())
        inputs = [(op.input_name(i), _plain(x)) for i, x in enumerate(args)]
        tainted = [(name, x) for name, x in inputs if not _is_finite(x)]
        if tainted and not np.isnan(out).any():
            return
        if tainted:
            name, x = tainted[0]
            remedy = f"Its input {name!r} had {_first(x)}, which no op in this block made: look at the data and the weights."
        else:
            ranges = ", ".join(f"{name} between {np.min(x):.6g} and {np.max(x):.6g}" for name, x in inputs if np.size(x))
            remedy = f"Its inputs are finite, {ranges}: keep them where it is."
            remedy += f" If a where() is to choose around it, guard the input too: {TWO_WHERES}." if op.formula else ""
        scope = current().scope
        text = f"{_who(op, scope)} expects finite results, got {_first(out)} of shape {np.shape(out)}, {place}. {remedy}"
        raise AnomalyError(text, op.name, scope, place)

    def looking_at(self, go_back: Callable) -> Callable:
        """The step of a backward pass that raises if a rule makes a nan or inf."""

        def step(node, g, gradients, needed, lift):
            token = detector_variable.set(self if node.op.calls_back else None)  # a rule's own ops are part of it
            try:
                go_back(node, g, gradients, needed, lift)
            finally:
                detector_variable.reset(token)
            for index, source in enumerate(node.sources):
                found = _plain(gradients.get(source)) if isinstance(source, Node) else None
                if found is not None and not _is_finite(found):
                    raise _bad_gradient(node, index, _plain(g), found)

        return step


def _bad_gradient(node: Node, index: int, g: Any, found: Any) -> AnomalyError:
    """What to say of the gradient `found` that the rule of an input made of `g`."""
    place = _words(node.notes.place) if node.notes else "recorded outside the block"
    if not _is_finite(g):
        remedy = f"The gradient that arrived there was not finite either: {_first(g)}."
    elif np.any(np.where(np.isfinite(found), 1, g if np.shape(g) == np.shape(found) else np.all(g)) == 0):
        remedy = (
            "The gradient that arrived there is 0, as from a where() that chose the other branch, and 0 times an "
            f"infinite slope is nan. Guard the input by a second where(): {TWO_WHERES}."
        )
    else:
        remedy = f"The gradient that arrived there is finite, the slope of {node.op.name} is not: keep its input away from there."
    text = (
        f"{_who(node.op, node.scope)} expects finite gradients, got {_first(found)} by {node.op.input_name(index)!r} "
        f"of shape {np.shape(found)}, {place}. {remedy}"
    )
    return AnomalyError(text, node.op.name, node.scope, place)


def _who(op: Op, scope: str) -> str:
    return f"{op.name} in layer {scope!r}" if scope else op.name


def _plain(x: Any) -> Any:
    return x.array if isinstance(x, Value) else x


def _is_finite(x: Any) -> bool:
    """Whether x, of any type, holds no nan and no inf."""
    if type(x) in NUMBERS:
        return math.isfinite(x)
    return x.dtype.kind != "f" or bool(np.logical_and.reduce(np.isfinite(x), axis=None))


def _first(x: Any) -> str:
    """The first nan, else the first inf, and where: "nan at (3, 0)"."""
    wrong = np.isnan(x) if np.isnan(x).any() else ~np.isfinite(x)
    index = tuple(np.argwhere(wrong)[0].tolist())
    return f"{np.asarray(x)[index]} at {index}"


def place_of_caller() -> str:
    """Where the innermost code outside this package stands, in words."""
    return _words(_place())


def _place() -> tuple[str, int] | None:
    """File and line of the innermost code outside this package."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and frame.f_code.co_filename.startswith(PACKAGE):
        frame = frame.f_back
    return None if frame is None else (frame.f_code.co_filename, frame.f_lineno)


def _words(place: tuple[str, int] | None) -> str:
    """A place and its text: "in train.py, line 12: y = x.log()"."""
    if place is None:
        return "recorded outside the block"
    line = linecache.getline(*place).strip()
    return f"in {place[0]}, line {place[1]}" + (f": {line}" if line else "")
