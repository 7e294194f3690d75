"""Training: `fit`, `evaluate`, `predict` and their like for single batches, as a part of every Model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import random
from ..calculus import enable_grad, no_grad
from ..callbacks import CallbackList, History, ProgbarLogger
from ..callbacks.progress import describe
from ..compiled.explanation import Explanation
from ..graph import current
from ..interruption import WholeSteps
from ..layers.arguments import whole
from .asking import ask, enlarged, joined, measure
from .batches import Stream, pack
from .compiling import compiled_for
from .course import Course
from .intake import Intake, refuse_endless
from .legacy import LegacyTraining, take_legacy
from .scores import plain_numbers, restore, states_of
from .settings import check_shuffle, frequency, optional_count, verbosity
from .steps import Steps
from .validation import held_out, validation_of


class Trainer(LegacyTraining, Steps):
    """A layer that can be trained. What it is made of is `Model`'s business."""

    history: History
    stop_training = False
    _why_eager = "fit() was not called yet"
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
        steps = optional_count("fit", "steps_per_epoch", steps_per_epoch)
        measured = optional_count("fit", "validation_steps", validation_steps), frequency(validation_freq)
        measured_size = optional_count("fit", "validation_batch_size", validation_batch_size)
        verbose = verbosity("fit", verbose)
        check_shuffle(shuffle)
        source = Intake(self, "fit", learns=True, class_weight=class_weight).source(x, y, sample_weight, batch_size, shuffle)
        source, rest = held_out(self, source, validation_split, validation_data, measured_size)
        told = source.steps if steps is None else steps  # for the first epoch: a Sequence may change its length between passes
        refuse_endless(source, "steps_per_epoch", told, len(span))
        validation = validation_of(rest, *measured, len(span))
        self._tell_of_freezing()
        hooks = CallbackList(callbacks, self, [History(), ProgbarLogger()], verbose=verbose, epochs=span.stop, steps=told)
        stream = Stream(source, random.generator() if shuffle else None)
        history = next(callback for callback in hooks.callbacks if isinstance(callback, History))
        before, self.history = self._course, history
        with WholeSteps() as guard:  # taking a step down is a part of training already
            try:
                compiled = compiled_for(self, stream, steps, hooks, validation, len(span), guard)
                self._course = Course(self, stream, steps, span, validation, hooks, guard, compiled)
                self._course.run()
            finally:
                self.history, self._course = history, before  # a callback may have trained the model, too
        return history

    def explain_jit(self) -> str:
        """How the steps of the last `fit` ran: compiled, or why not."""
        if self._why_eager:
            return f"Steps run one by one in Python: {self._why_eager}."
        return f"Steps run compiled:\n{self.compiled_plan}"

    @property
    def compiled_plan(self) -> Explanation | None:
        """The plan by which the steps of the last `fit` ran, instruction by instruction; None if they ran in Python."""
        return None if self._why_eager else self._kept.runner.explain()

    @property
    def training_position(self) -> dict[str, Any]:
        """Where `fit` is, and everything that the rest of it depends on, as dicts, lists, numbers and arrays.

        A callback reads it between two steps, and sets it in `on_train_begin` of a later `fit`, of this model or of one that
        the same code made, in another process: training then goes on there, bit for bit as if it had not stopped. The data and
        the arguments of `fit` have to be the same. A generator is taken to begin anew: as many batches as had been used are
        passed over. It has what callbacks say in `get_state`; those behind the one that reads it have not heard of the last
        step yet, unless that one has `comes_last`.

        Raises:
            OtherTrainingError: if set to the position of a training of another model or of other data.
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
        count, shown = optional_count("evaluate", "steps", steps), verbosity("evaluate", verbose)
        source = Intake(self, "evaluate").source(x, y, sample_weight, batch_size)
        count = source.steps if count is None else count
        put_back = self._set_aside()
        logs = measure(self, source, count, CallbackList(callbacks, self, verbose=shown, epochs=1, steps=count))
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
        count, shown = optional_count("predict", "steps", steps), verbosity("predict", verbose)
        source = Intake(self, "predict", labelled=False).source(x, batch_size=batch_size)
        source = enlarged(source) if batch_size is None and current().phase is not True else source
        count = source.steps if count is None else count
        return ask(self, source, count, CallbackList(callbacks, self, verbose=shown, epochs=1, steps=count))

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
            return joined([self.predict_step(pack(inputs.take(slice(None))))])

    def _batch(self, owner: str, x: Any, y: Any, sample_weight: Any, class_weight: Any = None) -> Any:
        self._require_compile(owner)
        return Intake(self, owner, learns=owner == "train_on_batch", class_weight=class_weight).batch(x, y, sample_weight)

    def _alone(self, step: Callable, batch: Any, return_dict: bool) -> Any:
        put_back = self._set_aside()
        logs = plain_numbers(step(batch), step.__name__)
        put_back()
        return _returned(logs, return_dict)

    def _set_aside(self) -> Callable[[], None]:
        """Forget what metrics have counted, until the function returned is called."""
        metrics = self.metrics
        states = states_of(metrics)
        self.reset_metrics()
        return lambda: restore(metrics, states)


def _returned(logs: dict[str, Any], return_dict: bool) -> Any:
    values = list(logs.values())
    return logs if return_dict else values[0] if len(values) == 1 else values
