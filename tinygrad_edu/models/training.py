"""Training: `fit`, `evaluate`, `predict` and their like for single batches, as a part of every Model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import random
from ..calculus import enable_grad, no_grad
from ..callbacks import CallbackList, History, ProgbarLogger
from ..callbacks.progress import describe
from ..graph import current
from ..layers.arguments import whole
from ..structure import flatten
from .batches import ArrayBatches, IteratedBatches, Source, Stream, pack
from .course import Course, Validation, measure
from .intake import Intake, check_share, is_arrays, split
from .legacy import LegacyTraining, take_legacy
from .scores import plain_number, restore, states_of
from .steps import Steps


class Trainer(LegacyTraining, Steps):
    """A layer that can be trained. What it is made of is `Model`'s business."""

    history: History
    stop_training = False
    _course: Course | None = None

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: Any = True,
        class_weight: Any = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: Any = 1,
        **legacy: Any,
    ) -> History:
        """Train on samples `x` with labels `y`.

        Everything is checked before the first step. Ctrl-C, SIGTERM and errors leave the weights of a whole step behind, and
        `model.history` has the epochs that were finished.

        Args:
            x: an array; for several inputs a list, tuple or dict of arrays; or what gives batches (x, y) or
                (x, y, sample_weight): a `Sequence`, a generator, anything that can be gone through.
            y: labels, an array or one per output in a list or dict of as many rows; None where `x` gives batches.
            batch_size: rows per step; None means 32. The last batch of an epoch may be shorter.
            epochs: index of the epoch to stop at, counted from `initial_epoch`.
            verbose: 0 silence, 1 a bar, 2 a line per epoch, "auto" is 1.
            callbacks: Callback objects.
            validation_split: share of the rows, taken from the end, that is only measured.
            validation_data: (x, y) or (x, y, sample_weight), or what gives batches, to measure after each epoch, instead.
            shuffle: draw a new order of the rows in every epoch; "batch" one of the batches.
            class_weight: {class: weight}, which multiplies the loss of each sample; by output if there are several.
            sample_weight: weight of each sample, or of each step of each sample, for losses and `weighted_metrics`.
            initial_epoch: index of the first epoch.
            steps_per_epoch: batches per epoch. None: all there are. Data that end earlier begin anew.
            validation_steps: batches to measure. None: all there are.
            validation_batch_size: None means `batch_size`.
            validation_freq: measure after every so many epochs, or a list of epochs, counted from 1.

        Returns:
            The History: `history.history[name]` lists a number per epoch.
        """
        self._require_compile("fit")
        epochs = take_legacy(self.fit, legacy, epochs)
        span = range(whole("fit", "initial_epoch", initial_epoch, 0), whole("fit", "epochs", epochs, 0))
        steps = None if steps_per_epoch is None else whole("fit", "steps_per_epoch", steps_per_epoch)
        shown, frequency = _verbosity("fit", verbose), _frequency(validation_freq)
        if not (isinstance(shuffle, (bool, np.bool_)) or shuffle == "batch"):
            raise ValueError(f"fit expects shuffle to be True, False or 'batch', got {shuffle!r}. Choose one.")
        intake = Intake(self, "fit", learns=True, class_weight=class_weight)
        source = intake.source(x, y, sample_weight, batch_size, shuffle)
        held_out: Any = None
        if validation_data is None and (validation_split or isinstance(validation_split, str)):
            source, held_out = self._split(source, check_share("fit", validation_split))
        elif validation_data is not None:
            held_out = self._held_out(validation_data, validation_batch_size or batch_size)
        if isinstance(held_out, ArrayBatches) and validation_batch_size is not None:
            held_out = ArrayBatches(held_out.x, held_out.y, held_out.sample_weight, _size("fit", validation_batch_size))
        limit = None if validation_steps is None else whole("fit", "validation_steps", validation_steps)
        steps = source.steps if steps is None else steps
        _refuse_endless("fit", source, "steps_per_epoch", steps, len(span))
        if held_out is not None:
            _refuse_endless("fit", held_out, "validation_steps", limit, len(span))
        validation = None if held_out is None else Validation(held_out, limit, frequency)
        self._tell_of_freezing()
        hooks = self._callbacks(callbacks, verbose=shown, epochs=span.stop, steps=steps)
        stream = Stream(source, random.generator() if shuffle else None)
        before, self._course = self._course, Course(self, stream, steps, span, validation, hooks)
        try:
            self._course.run()
        finally:
            self._course = before
        return self.history

    def _callbacks(self, callbacks: Any, **params: Any) -> CallbackList:
        """The user's callbacks, then a History and a progress bar where the user gave none."""
        hooks = CallbackList(callbacks, self, [History(), ProgbarLogger()], **params)
        self.history = next(c for c in hooks.callbacks if isinstance(c, History))
        return hooks

    def _split(self, source: Source, share: float) -> tuple[Source, Source]:
        if not isinstance(source, ArrayBatches):
            raise ValueError("fit expects arrays with validation_split, got data that come in batches. Pass validation_data.")
        train, held_out = split("fit", (source.x, source.y, source.sample_weight), share)
        return ArrayBatches(*train, source.batch_size, source.in_blocks), ArrayBatches(*held_out, source.batch_size)

    def _held_out(self, given: Any, batch_size: Any) -> Source:
        intake = Intake(self, "fit (validation_data)")
        if isinstance(given, (tuple, list)) and len(given) in (2, 3):
            return intake.source(*given, batch_size=batch_size)
        if is_arrays(given):
            raise ValueError(
                f"fit expects validation_data=(x, y), (x, y, sample_weight), or what gives batches, got {type(given).__name__}. "
                "Put samples and labels into a tuple."
            )
        return intake.source(given)

    @property
    def training_position(self) -> dict[str, Any]:
        """Where `fit` is, and everything that the rest of it depends on, as dicts, lists, numbers and arrays.

        A callback reads it between two steps, and sets it in `on_train_begin` of a later `fit`, of this model or of one that
        the same code made, in another process: training then goes on there, bit for bit as if it had not stopped. The data and
        the arguments of `fit` have to be the same. A generator is taken to begin anew: as many batches as had been used are
        passed over. What callbacks remember is their own affair.
        """
        return self._running().position

    @training_position.setter
    def training_position(self, position: dict[str, Any]) -> None:
        self._running().position = position

    def _running(self) -> Course:
        if self._course is None:
            raise RuntimeError("training_position expects fit() to be running, got none. Use it in a callback.")
        return self._course

    # Measuring and asking ------------------------------------------------------------------------

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: Any = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
        **legacy: Any,
    ) -> Any:
        """Loss and metrics on samples `x` with labels `y`.

        Args:
            x, y, batch_size, sample_weight: as for `fit`.
            verbose: 1 or 2 prints a line; "auto" is silence.
            steps: batches to measure. None: all there are.
            callbacks: Callback objects, of which the hooks on_test_... are called.
            return_dict: whether to return a dict by name.

        Returns:
            The loss, or [loss, metrics ...] in the order of `metrics_names`; a dict if `return_dict`.
        """
        self._require_compile("evaluate")
        take_legacy(self.evaluate, legacy)
        count, shown = None if steps is None else whole("evaluate", "steps", steps), _verbosity("evaluate", verbose)
        source = Intake(self, "evaluate").source(x, y, sample_weight, batch_size)
        count = source.steps if count is None else count
        hooks = CallbackList(callbacks, self, verbose=shown, epochs=1, steps=count)
        put_back = self._set_aside() if self._course is not None else None
        logs = measure(self, source, count, hooks)
        if put_back is not None:
            put_back()
        if shown and verbose != "auto":
            print(f"{count or '?'}/{count or '?'} - {describe(logs)}")
        return _returned(logs, return_dict)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: Any = "auto",
        steps: int | None = None,
        callbacks: Any = None,
        **legacy: Any,
    ) -> Any:
        """Outputs for samples `x`, as arrays of as many rows in the structure that the model returns. Nothing is recorded.

        Args:
            x: as for `fit`; labels in batches are left out.
            batch_size: rows per call of the model; None means 32, or more of them where rows are small.
            verbose: prints nothing.
            steps: batches to go through. None: all there are.
            callbacks: Callback objects, of which the hooks on_predict_... are called.
        """
        take_legacy(self.predict, legacy)
        count, shown = None if steps is None else whole("predict", "steps", steps), _verbosity("predict", verbose)
        intake = Intake(self, "predict", labelled=False)
        source = intake.source(x, batch_size=batch_size)
        if batch_size is None and isinstance(source, ArrayBatches) and current().phase is not True:
            source = ArrayBatches(source.x, None, None, _rows_at_once(source))
        count = source.steps if count is None else count
        hooks = CallbackList(callbacks, self, verbose=shown, epochs=1, steps=count)
        return _joined(self._predictions(source, count, hooks))

    def _predictions(self, source: Source, steps: int | None, hooks: CallbackList) -> list:
        begin, end = hooks.of("on_predict_batch_begin"), hooks.of("on_predict_batch_end")
        found = []
        hooks.call("on_predict_begin", {})
        with no_grad():
            for step, batch in enumerate(Stream(source, owner="predict").take(steps)):
                for hook in begin:
                    hook(step, {})
                found.append(self.predict_step(batch))
                for hook in end:
                    hook(step, {"outputs": found[-1]})
        hooks.call("on_predict_end", {})
        return found

    # Single batches ------------------------------------------------------------------------------

    def train_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """One step on one batch. Returns what `evaluate` returns, of this batch alone, as it was before the step."""
        batch = self._batch("train_on_batch", x, y, sample_weight, class_weight)
        with enable_grad():
            return self._alone(self.train_step, batch, return_dict)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """Loss and metrics of one batch; returned as by `evaluate`."""
        batch = self._batch("test_on_batch", x, y, sample_weight)
        with no_grad():
            return self._alone(self.test_step, batch, return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """Outputs for one batch, as arrays."""
        inputs = Intake(self, "predict_on_batch", labelled=False).inputs(x)
        with no_grad():
            return _joined([self.predict_step(pack(inputs.take(slice(None))))])

    def _batch(self, owner: str, x: Any, y: Any, sample_weight: Any, class_weight: Any = None) -> Any:
        self._require_compile(owner)
        intake = Intake(self, owner, learns=owner == "train_on_batch", class_weight=class_weight)
        return ArrayBatches(*intake.rows(x, y, sample_weight), batch_size=1).batch(slice(None))

    def _alone(self, step: Callable, batch: Any, return_dict: bool) -> Any:
        put_back = self._set_aside()
        logs = {name: plain_number(value) for name, value in step(batch).items()}
        put_back()
        return _returned(logs, return_dict)

    def _set_aside(self) -> Callable[[], None]:
        """Forget what metrics have counted, until the function returned is called."""
        metrics = self.metrics
        states = states_of(metrics)
        self.reset_metrics()
        return lambda: restore(metrics, states)


def _verbosity(owner: str, verbose: Any) -> int:
    if isinstance(verbose, str) and verbose == "auto":
        return 1
    if verbose not in (0, 1, 2):
        raise ValueError(
            f"{owner} expects verbose 0 (silence), 1 (a bar), 2 (a line per epoch) or 'auto', got {verbose!r}. Choose one."
        )
    return int(verbose)


def _size(owner: str, batch_size: Any) -> int:
    return whole(owner, "validation_batch_size", batch_size)


def _frequency(after: Any) -> Any:
    if isinstance(after, (list, tuple, set, range, np.ndarray)):
        return [whole("fit", "each of validation_freq", epoch) for epoch in after]
    return whole("fit", "validation_freq", after)


def _refuse_endless(owner: str, source: Source, name: str, steps: int | None, epochs: int) -> None:
    """A generator comes to its end once: several epochs need to know how much of it each takes."""
    if isinstance(source, IteratedBatches) and source.is_spent_once and steps is None and epochs > 1:
        raise ValueError(
            f"{owner} expects {name} with a generator and several epochs, got None. "
            "Say how many batches an epoch has, or pass a Sequence, which begins anew."
        )


def _rows_at_once(source: ArrayBatches) -> int:
    """32 rows, or up to 1024 as long as they hold no more than 32768 numbers: a call of a model costs more than small rows."""
    numbers = sum(part[0].size for part in source.x.parts if len(part))
    return min(max(32, 2**15 // max(numbers, 1)), 1024)


def _returned(logs: dict[str, Any], return_dict: bool) -> Any:
    values = list(logs.values())
    return logs if return_dict else values[0] if len(values) == 1 else values


def _joined(found: list) -> Any:
    """The outputs of all batches as arrays, in the structure of each."""
    if not found:
        raise ValueError("predict expects at least one batch, got none. Make a new generator for every call.")
    parts, rebuild = flatten(found[0])
    columns = zip(*(flatten(one)[0] for one in found))
    return rebuild([_column(column) for column in columns]) if parts else found


def _column(parts: Any) -> np.ndarray:
    arrays = [np.asarray(part.array if hasattr(part, "array") else part) for part in parts]
    if any(not array.ndim for array in arrays):
        raise ValueError("predict expects outputs with a row per sample, got a single number. Keep the axis of the batch.")
    return np.concatenate(arrays) if len(arrays) > 1 else arrays[0].copy()
