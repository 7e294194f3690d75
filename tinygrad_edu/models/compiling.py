"""Whether the steps of `fit` run compiled, why not, and the machine that they run on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..callbacks import CallbackList
from ..compiled import NotCompiledError, Runner, sizes_of_batches
from ..interruption import WholeSteps
from ..modes import detector
from ..rerun import Moved
from .batches import ArrayBatches, Stream, unpack
from .by_batch import ByBatch
from .forward import Forward
from .pieces import Pieces
from .sameness import Settings, are_same, forms, is_foreign
from .steps import COUNTING, own_methods
from .validation import Validation
from .wishes import against, ended_with, refusal, require_machine, unknown, wish_of


class Compiled:
    """Runs the steps of one call of `fit` on a machine, as long as that is possible.

    Args:
        model: what is trained.
        settings: of the model, as they are.
        stream: where its batches come from.
        steps: of an epoch. None: as many as a pass has.
        hooks: who is told.
        validation: what is measured after epochs, or None.
        epochs: how many there will be.
        whole: keeps signals out of what must not be torn.
        must: whether what cannot be compiled is an error.

    Raises:
        NotCompiledError: says what stands in the way.
        ValueError: later on, if something comes to stand in the way of what must be compiled.
    """

    def __init__(
        self,
        model: Any,
        settings: Settings,
        stream: Stream,
        steps: int | None,
        hooks: CallbackList,
        validation: Validation | None,
        epochs: int,
        whole: WholeSteps,
        must: bool,
    ):
        for reason in _reasons(model):
            raise NotCompiledError(reason)
        require_machine(model)
        source: Any = stream.source
        self.model, self.stream, self.source, self.hooks, self.must = model, stream, source, hooks, must
        self.whole = whole
        self.has_whole_epochs, self.has_own_tests = steps in (None, source.steps), bool(own_methods(model, "test_step"))
        self.tables = source.tables
        self.pieces = Pieces(model, stream, validation, epochs)
        self.is_meddled_with = any(map(is_foreign, hooks.callbacks))
        self._refused: list[Any] = []  # settings with which the step could not be compiled
        self.settings = settings
        self.runner: Runner | None = self._kept() or self._made()

    # Machines ------------------------------------------------------------------------------------

    def is_ready(self) -> bool:
        """Whether the next steps can run compiled; one is taken down again if it may have become another one."""
        if self.runner is not None and detector() is None and self._is_same(self.runner):
            self.runner.give(self.tables, self.is_meddled_with)  # a callback may have trained the same model on other data
            return True
        try:
            return self._is_ready_again()
        except NotCompiledError as reason:
            if self.must:
                raise refusal(reason) from None
            self.runner, self._refused, self.model._why_eager = None, self._now(), str(reason)
            return False

    def _is_same(self, runner: Runner) -> bool:
        """Whether the step is what it was. Callbacks of ours leave it so, but for watching gradients."""
        if not self.is_meddled_with:
            return not any(map(has_hooks, runner.updates.weights)) or runner.is_valid
        if self.settings.are_untouched and runner.is_untouched:
            return True
        now = Settings(self.model)
        if not runner.is_valid or now != self.settings:
            return False
        self.settings = now
        runner.note()
        return True

    def _is_ready_again(self) -> bool:
        if detector() is not None:
            raise NotCompiledError("somebody looks for anomalies")
        if self.runner is None and are_same(self._refused, self._now()):
            return False
        self.settings = Settings(self.model)
        self.runner, self.model._why_eager, self.pieces.forward = self._made(), "", None
        return True

    def _now(self) -> list[Any]:
        weights = self.model.trainable_weights
        return [*Settings(self.model).found, *weights, *(has_hooks(weight) for weight in weights), detector()]

    def _made(self) -> Runner:
        """A new machine. Taking a step down calls the model: what that moves is moved back, whatever happens meanwhile."""
        kept = self.model._kept
        with Moved() as moved:
            try:
                kept.runner = self.whole.run(self._new, self.source)
            except BaseException:
                moved.undo()
                raise
        kept.settings, kept.forms = self.settings, forms(self.tables)
        return kept.runner

    def _new(self, source: ArrayBatches) -> Runner:
        try:
            return Runner(self.model, self.tables, lambda rows: unpack(source.batch(rows)), source.batch_size)
        except (NotCompiledError, MemoryError):
            raise
        except Exception as error:  # an eager step says it in its own words, if it meets it too
            raise NotCompiledError(ended_with(error)) from error

    def _kept(self) -> Runner | None:
        """The machine of the last `fit`, with other tables, if the step is still the same."""
        kept, rows, size = self.model._kept, len(self.source.x), self.source.batch_size
        runner = kept.runner
        if runner is None or runner.model is not self.model or runner.size != size or not runner.is_valid:
            return None
        if set(sizes_of_batches(rows, size)) - runner.linked.keys() or kept.forms != forms(self.tables):
            return None
        if self.settings.foreign_code or kept.settings != self.settings:
            return None
        if not runner.takes(self.tables):
            return None
        runner.give(self.tables)
        return runner

    # Steps ---------------------------------------------------------------------------------------

    def epochs_at_once(self, epochs: range) -> int:
        """How many of these epochs can be done in one call; 0 if somebody looks in between, or if even one takes too long."""
        return 0 if self.hooks.at_once is None else self._fitting(epochs)

    def takes_whole(self, epoch: int) -> bool:
        """Whether an epoch can be done in one call, with what is measured behind it."""
        return not self.hooks.look_within_epochs and self._fitting(range(epoch, epoch + 1)) == 1

    def _fitting(self, epochs: range) -> int:
        if not self.has_whole_epochs or not self.stream.is_between_passes:
            return 0
        if self.pieces.validation is not None and self.has_own_tests:
            return 0
        return self.pieces.epochs_at_once(self.runner, epochs) if self.is_ready() else 0  # type: ignore[arg-type]

    def run_epochs(self, epochs: range) -> dict[str, list]:
        """Train for some epochs. Returns the logs of those that were finished: by name a number for each."""
        return self.pieces.run_epochs(self.runner, epochs)  # type: ignore[arg-type]

    def forward(self) -> Forward | None:
        """What measures between epochs, if that is done by a machine."""
        return self.pieces.known_forward() if self.runner is not None and self.is_ready() else None

    def run_piece(self, most: int | None) -> tuple[int, Any]:
        """Some of the next steps. Returns how many were done, and the batch that could not be learnt from, or None."""
        wanted = 1 if self.hooks.wanting("train") else most or self.source.steps
        return self.pieces.run_piece(self.runner, wanted)  # type: ignore[arg-type]


def has_hooks(weight: Any) -> bool:
    """Whether somebody watches the gradient of a weight."""
    return weight.node.notes is not None and bool(weight.node.notes.hooks)




# Whether to -------------------------------------------------------------------------------------


def compiled_for(
    model: Any,
    stream: Stream,
    steps: int | None,
    hooks: CallbackList,
    validation: Validation | None,
    epochs: int,
    whole: WholeSteps,
) -> Compiled | ByBatch | None:
    """What runs the steps of a `fit`, if they are to run compiled; `model.explain_jit()` says why not.

    Raises:
        ValueError: for steps that must be compiled and cannot be.
    """
    must, told = wish_of(model) == "compile", steps or stream.source.steps
    count = None if told is None else told * epochs
    try:
        if not isinstance(stream.source, ArrayBatches):
            return ByBatch(model, "train", count, "fit")
        for reason in against(model, count):
            raise NotCompiledError(reason)
        settings = Settings(model)
        for reason in unknown(model, settings):
            raise NotCompiledError(reason)
        compiled = Compiled(model, settings, stream, steps, hooks, validation, epochs, whole, must)
    except NotCompiledError as reason:
        if must:
            raise refusal(reason) from None
        model._why_eager = str(reason)
        return None
    model._why_eager = ""
    return compiled


def _reasons(model: Any) -> Iterator[str]:
    """What stands in the way, as far as it can be told without taking a step."""
    for name in own_methods(model, "train_step", *COUNTING):
        yield f"the model has a {name} of its own"
    if detector() is not None:
        yield "somebody looks for anomalies"
