"""The hooks, and the list that calls them in order."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

Logs = dict[str, Any]
HOOKS = (
    "on_train_begin", "on_train_end", "on_train_interrupt", "on_epoch_begin", "on_epoch_end",
    "on_train_batch_begin", "on_train_batch_end", "on_test_begin", "on_test_end", "on_test_batch_begin", "on_test_batch_end",
    "on_predict_begin", "on_predict_end", "on_predict_batch_begin", "on_predict_batch_end",
)  # fmt: skip
ALIASES = {"on_train_batch_begin": "on_batch_begin", "on_train_batch_end": "on_batch_end"}  # as Keras 2 called them
_TODAY = {old: new for new, old in ALIASES.items()}
WITHIN_EPOCHS = tuple(hook for hook in HOOKS if ("batch" in hook or "test" in hook) and "predict" not in hook)
IN_BETWEEN = ("on_epoch_begin", "on_epoch_end", *WITHIN_EPOCHS)


def idle_without(attribute: str) -> Callable[[Callable], Callable]:
    """Decorator of a hook that does nothing unless an attribute of its callback is true: then it is not called at all."""

    def mark(hook: Callable) -> Callable:
        hook.idle_without = attribute  # type: ignore[attr-defined]
        return hook

    return mark


class Callback:
    """Override the hooks that you need. `self.model` is the model, `self.params` says epochs, steps, verbose.

        >>> class Ratio(Callback):
        ...     def on_epoch_end(self, epoch, logs):
        ...         print(f"validation / training: {logs['val_loss'] / logs['loss']:.2f}")

    Epochs count from 0. Logs of a batch are means since the epoch began. What a hook adds to the logs of an epoch, the
    callbacks after it in the list see, and the History. An exception ends training by `on_train_interrupt` in the place of
    `on_train_end`: close there what is open.

    What a callback counts from batch to batch or from epoch to epoch, a training that is resumed has to know again: list the
    attributes in `remembers`, or write `get_state` and `set_state`.

        >>> class CountSteps(Callback):
        ...     remembers = ("steps",)
        ...     def on_train_begin(self, logs):
        ...         self.steps = 0
        ...     def on_train_batch_end(self, batch, logs):
        ...         self.steps += 1

    Attributes:
        remembers: names of attributes that hold None, truth values, numbers, texts, arrays, or lists and dicts of these.
        comes_last: whether its hooks are called after those of all others, whatever its place in the list.
    """

    model: Any  # the Model that is trained
    params: dict[str, Any]
    remembers: tuple[str, ...] = ()
    comes_last = False

    def get_state(self) -> dict[str, Any]:
        """What has to be known to go on from here, as plain data and arrays that nobody changes later."""
        return {name: copy.deepcopy(getattr(self, name)) for name in self.remembers}

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on from where `get_state` was called; comes after `on_train_begin`, and in an epoch that had begun after its
        `on_epoch_begin` too, both of which a resumed training calls again."""
        for name in self.remembers:
            setattr(self, name, copy.deepcopy(state[name]))

    def set_model(self, model: Any) -> None:
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        self.params = params

    def on_train_begin(self, logs: Logs | None = None) -> None: ...
    def on_train_end(self, logs: Logs | None = None) -> None: ...
    def on_train_interrupt(self, logs: Logs | None = None) -> None: ...
    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None: ...
    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None: ...
    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None: ...
    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None: ...
    def on_test_begin(self, logs: Logs | None = None) -> None: ...
    def on_test_end(self, logs: Logs | None = None) -> None: ...
    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None: ...
    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None: ...
    def on_predict_begin(self, logs: Logs | None = None) -> None: ...
    def on_predict_end(self, logs: Logs | None = None) -> None: ...
    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None: ...
    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None: ...

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self.on_batch_end(batch, logs)


class CallbackList:
    """Several callbacks as one, with their hooks; a hook costs nothing where no callback overrides it.

    Args:
        callbacks: one, or some, or a CallbackList; None for none.
        model: the model that is trained; `set_model` tells it later.
        defaults: callbacks that come after them, unless there is one of the kind already.
        params: what every callback is told: epochs, steps, verbose.
    """

    def __init__(self, callbacks: Any = None, model: Any = None, defaults: Iterable[Callback] = (), **params: Any):
        given = listed(callbacks)
        missing = [one for one in defaults if not any(isinstance(other, type(one)) for other in given)]
        self.callbacks = _in_order([*given, *missing])
        self._functions: dict[str, list[Callable]] = {}
        self._having: dict[tuple[str, ...], list[Callback]] = {}
        self._wanting: dict[tuple[str, ...], list[Callback]] = {}
        self.set_model(model)
        self.set_params(params)

    def set_model(self, model: Any) -> None:
        """Tell every callback which model is trained."""
        self.model = model
        for callback in self.callbacks:
            callback.set_model(model)

    def set_params(self, params: dict[str, Any]) -> None:
        """Tell every callback about epochs, steps, verbose."""
        self.params = params
        for callback in self.callbacks:
            callback.set_params(params)

    def append(self, callback: Callback) -> None:
        """Tell one more, after the others."""
        self.callbacks = _in_order([*self.callbacks, *listed(callback)])
        callback.set_model(self.model)
        callback.set_params(self.params)
        for known in (self._functions, self._having, self._wanting):
            known.clear()

    def of(self, hook: str) -> list[Callable]:
        """The functions of the callbacks that have this hook of their own, in order."""
        if hook not in self._functions:
            self._functions[hook] = [getattr(c, hook) for c in self.callbacks if _overrides(c, hook)]
        return self._functions[hook]

    # Who looks when ------------------------------------------------------------------------------

    @property
    def at_once(self) -> list[Callable] | None:
        """What tells of many epochs after all of them, `(epochs, logs, steps, seconds)`; None if somebody looks in between.

        A callback says by a method `epochs_at_once` that its hooks come to that: those of the class that has the method, so
        that a subclass with other hooks is told of every epoch in time.
        """
        if self._looking(IN_BETWEEN):
            return None
        return [callback.epochs_at_once for callback in self._told(IN_BETWEEN)]  # type: ignore[attr-defined]

    @property
    def look_within_epochs(self) -> bool:
        """Whether somebody looks between the steps of an epoch, or at how it is measured."""
        return bool(self._looking(WITHIN_EPOCHS))

    def wanting(self, what: str) -> list[Callback]:
        """The callbacks that have to be told of every batch of "train", "test" or "predict"."""
        return self._looking((f"on_{what}_batch_begin", f"on_{what}_batch_end"))

    def _looking(self, hooks: tuple[str, ...]) -> list[Callback]:
        """The callbacks that have some of these hooks, and cannot be told later."""
        if hooks not in self._wanting:
            self._wanting[hooks] = [callback for callback in self._told(hooks) if not _tells_at_once(callback, hooks)]
        return self._wanting[hooks]

    def _told(self, hooks: tuple[str, ...]) -> list[Callback]:
        """The callbacks that have some of these hooks."""
        if hooks not in self._having:
            self._having[hooks] = [callback for callback in self.callbacks if any(_overrides(callback, hook) for hook in hooks)]
        return self._having[hooks]

    def call(self, hook: str, *args: Any) -> None:
        """Call a hook of every callback that has its own, in order."""
        for function in self.of(hook):
            function(*args)

    def __getattr__(self, name: str) -> Callable:
        """`on_epoch_end(epoch, logs)` and its like: the hook of every callback."""
        hook = _TODAY.get(name, name)
        if hook not in HOOKS:
            raise AttributeError(f"CallbackList has no attribute {name!r}. Its hooks are {', '.join(HOOKS)}.")
        length = 1 + ("batch" in hook or "epoch" in hook)  # these have a number before the logs
        return lambda *args, logs=None: self.call(hook, *(*args, logs)[:length])

    def get_state(self) -> dict[str, Any]:
        """What the callbacks remember, by the names of their classes."""
        return {name: state for name, callback in self._named() if (state := callback.get_state())}

    def set_state(self, states: dict[str, Any]) -> None:
        """Let the callbacks remember it again; one that was not there begins anew."""
        for name, callback in self._named():
            if name in states:
                callback.set_state(states[name])

    def _named(self) -> Iterator[tuple[str, Callback]]:
        """The callbacks by their classes, the second of a class as "EarlyStopping 2"."""
        seen: Counter[str] = Counter()
        for callback in self.callbacks:
            kind = type(callback).__name__
            seen[kind] += 1
            yield (kind if seen[kind] == 1 else f"{kind} {seen[kind]}"), callback


def listed(callbacks: Any) -> list[Callback]:
    """One callback, several, or None, as a list of callbacks."""
    callbacks = callbacks.callbacks if isinstance(callbacks, CallbackList) else callbacks
    found = [] if callbacks is None else list(callbacks) if isinstance(callbacks, Iterable) else [callbacks]
    for callback in found:
        if not isinstance(callback, Callback):
            is_class = isinstance(callback, type)
            hint = f"Write {callback.__name__}(...)." if is_class else "Derive the class from callbacks.Callback."
            raise TypeError(f"callbacks expects Callback objects, got {callback!r}. {hint}")
    return found


def _in_order(callbacks: list[Callback]) -> list[Callback]:
    return sorted(callbacks, key=lambda callback: callback.comes_last)


def _tells_at_once(callback: Callback, hooks: Iterable[str]) -> bool:
    """Whether the hooks, as far as it has any, are those of the class that has `epochs_at_once`."""
    teller = _owner(type(callback), "epochs_at_once")
    mine = [hook for hook in hooks if _overrides(callback, hook)]
    return teller is not None and all(hook not in vars(callback) and _owner(type(callback), hook) is teller for hook in mine)


def _owner(kind: type, name: str) -> type | None:
    return next((base for base in kind.__mro__ if name in vars(base)), None)


def _overrides(callback: Callback, hook: str) -> bool:
    attribute = getattr(getattr(callback, hook), "idle_without", None)
    if attribute is not None and not getattr(callback, attribute):
        return False
    own = hook in vars(callback) or getattr(type(callback), hook, None) is not getattr(Callback, hook, None)
    return own or (hook in ALIASES and _overrides(callback, ALIASES[hook]))
