"""What runs now: whether it is recorded, in which layer, and whether a model is being trained.

The mode is a context variable: every thread and every asyncio task has its own, and reading it costs 8 ns
(an attribute of `threading.local` costs 69, once per recorded op).

A generator has no context of its own. A mode that its body sets therefore holds while the body runs, and
sleeps between its yields:

    >>> def numbers():
    ...     with mode(recording=False):
    ...         yield current().recording
    ...         yield current().recording
    >>> [(inside, current().recording) for inside in numbers()]
    [(False, True), (False, True)]

A thread or a task that takes over a generator from another one runs it in its own mode.

Under `contextlib.contextmanager` a yield means "now the block", and the mode holds there too.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import sys
from collections.abc import Callable
from contextvars import ContextVar
from types import FrameType
from typing import Any, NamedTuple


class Mode(NamedTuple):
    """What is done with the ops that run now; replaced as a whole, never changed."""

    recording: bool = True
    scope: str = ""  # path of the layer that is being called, "model/dense_1"
    training: bool | None = None  # whether the layer that is being called was told to train; None: nobody said
    phase: bool = False  # whether layers train whom nobody told: Keras' learning phase

    @property
    def trains(self) -> bool:
        """What a layer goes by that behaves differently in training."""
        training = self.training
        return self.phase if training is None else training


class SleepyMode(Mode):
    """A mode that the body of a generator set (`frame`), or that was set on top of such a one.

    A frame has an `f_back` just while it runs. `over` lists the modes below that slept when this one was set:
    where one of them is awake, its code is nearer to what runs now.
    """

    frame: FrameType | None
    before: Mode
    over: list[Mode]

    def effective(self) -> Mode:
        """The mode of the innermost block whose code is running."""
        found: SleepyMode | None = None
        link: Mode = self
        while isinstance(link, SleepyMode):
            if link.is_awake() and (found is None or any(link is mode for mode in found.over)):
                found = link
            link = link.before
        return link if found is None else found

    def is_awake(self) -> bool:
        """Whether the code that set this mode is running."""
        return self.frame is None or self.frame.f_back is not None

    recording = property(lambda self: tuple.__getitem__(self.effective(), 0))
    scope = property(lambda self: tuple.__getitem__(self.effective(), 1))
    training = property(lambda self: tuple.__getitem__(self.effective(), 2))
    phase = property(lambda self: tuple.__getitem__(self.effective(), 3))


_outside = Mode()
_variable: ContextVar[Mode] = ContextVar("mode", default=_outside)
current = _variable.get
set_mode = _variable.set


class _Here:
    """The mode as an attribute, for those who set it without a block."""

    mode = property(lambda self: current(), lambda self, mode: set_mode(mode) and None)


thread: Any = _Here()

detectors: set[Any] = set()  # all that look for anomalies, in whatever context: see `anomaly`
detector_variable: ContextVar[Any] = ContextVar("detector", default=None)
detector = detector_variable.get


class Detector:
    """Somebody who looks at what runs in a block: see `anomaly.detect_anomaly` and `compiled.tape.Tape`.

    Attributes:
        lifts: whether the rules of a backward pass run on Values, so that their ops are seen too.
    """

    lifts = False

    def look_at_result(self, op: Any, args: tuple, out: Any, params: dict, node: Any) -> None:
        """An op was called."""

    def looking_at(self, go_back: Callable) -> Callable:
        """The step of a backward pass that takes the place of `go_back`."""
        return go_back

    def look_at_draw(self, generator: Any, number: int, draw: Callable, args: tuple, out: Any) -> None:
        """`draw(generator, *args)`, its draw of that number, came to `out`."""

    def look_at_move(self, tensor: Any, key: Any, array: Any) -> None:
        """An array is about to be put into a place of a Tensor."""

    def look_at_reading(self, tensor: Any) -> None:
        """The numbers of a Tensor are asked for, by Python or for NumPy."""

    def look_at_gradients(self, tensor: Any = None) -> None:
        """Somebody asks for the `grad` of a Tensor, or changes it; None: of all that a backward pass reaches."""

    def takes_update(self, optimizer: Any, gradients: list, variables: Any) -> bool:
        """Whether a step of an optimizer is taken note of, and not done."""
        return False


def read(tensor: Any) -> Any:
    """The array of a Tensor, for somebody who asks for its numbers: whoever looks is told."""
    if detectors and (looking := detector()) is not None:
        looking.look_at_reading(tensor)
    return tensor.array


def touch_gradients(tensor: Any = None) -> None:
    """Say that the `grad` of a Tensor is asked for, or changed; None: of all that a backward pass reaches."""
    if detectors and (looking := detector()) is not None:
        looking.look_at_gradients(tensor)


@contextlib.contextmanager
def unwatched():
    """Look for no anomalies in a block that computes on numbers that mean nothing."""
    token = detector_variable.set(None)
    try:
        yield
    finally:
        detector_variable.reset(token)


_GENERATOR = inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR
_DRIVERS = {
    contextlib._GeneratorContextManager.__enter__.__code__,
    contextlib._AsyncGeneratorContextManager.__aenter__.__code__,
}


class mode:  # noqa: N801  used like a function
    """Run a block, or as a decorator a function, a generator or a coroutine, with another `Mode`."""

    __slots__ = "_entered", "changes"

    def __init__(self, **changes: Any):
        self.changes = changes
        self._entered: list[tuple[Mode, Mode, Any]] = []

    def __enter__(self) -> mode:
        before, frame = current(), sys._getframe(1)
        sleepy = isinstance(before, SleepyMode) or frame.f_code.co_flags & _GENERATOR
        mine = _sleepy(before, self.changes, frame) if sleepy else before._replace(**self.changes)
        self._entered.append((mine, before, set_mode(mine)))
        return self

    def __exit__(self, *error: Any) -> None:
        mine, before, token = self._entered.pop()
        before, now = mine.before if isinstance(mine, SleepyMode) else before, current()
        if now is mine:
            set_mode(before)
        elif not _unlink(now, mine, before):
            with contextlib.suppress(ValueError):  # a generator that began in another thread or task: this one's mode is its own
                _variable.reset(token)

    def __call__(self, function: Callable) -> Callable:
        if inspect.isasyncgenfunction(function):
            raise TypeError(
                f"A mode expects a function, a generator or a coroutine to decorate, got the asynchronous generator "
                f"{function.__qualname__!r}. Use a with block inside it."
            )
        if inspect.isgeneratorfunction(function):
            return functools.wraps(function)(lambda *args, **kwargs: _driven(function(*args, **kwargs), self.changes))
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def awaited(*args, **kwargs):
                with mode(**self.changes):
                    return await function(*args, **kwargs)

            return awaited

        @functools.wraps(function)
        def called(*args, **kwargs):
            with mode(**self.changes):
                return function(*args, **kwargs)

        return called


def _sleepy(before: Mode, changes: dict[str, Any], frame: FrameType) -> SleepyMode:
    """A mode for a block in `frame` if that is a generator's, or above one that is."""
    mine = SleepyMode(*Mode(before.recording, before.scope, before.training, before.phase)._replace(**changes))
    is_driven = frame.f_back is not None and frame.f_back.f_code in _DRIVERS
    mine.frame = frame if frame.f_code.co_flags & _GENERATOR and not is_driven else None
    mine.before = before
    mine.over = []
    link = before
    while isinstance(link, SleepyMode):
        if not link.is_awake():
            mine.over.append(link)
        link = link.before
    return mine


def _unlink(now: Mode, mine: Mode, before: Mode) -> bool:
    """Take `mine` out from under the modes that were set later and still hold; False if it is not there."""
    while isinstance(now, SleepyMode):
        if now.before is mine:
            now.before = before
            return True
        now = now.before
    return False


def _driven(generator: Any, changes: dict[str, Any]) -> Any:
    """A generator that does what `generator` does, with a mode that holds inside it only."""
    step, value = generator.send, None
    while True:
        try:
            with mode(**changes):
                got = step(value)
        except StopIteration as stop:
            return stop.value
        try:
            step, value = generator.send, (yield got)
        except GeneratorExit:
            with mode(**changes):
                generator.close()
            raise
        except BaseException as error:
            step, value = generator.throw, error
