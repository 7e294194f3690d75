"""Whether the steps of `fit` run compiled, why not, and the machine that they run on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from ..callbacks import Callback, CallbackList
from ..callbacks.callback import HOOKS
from ..compiled import NotCompiledError, Runner
from ..compiled.link import as_memory
from ..interruption import WholeSteps
from ..modes import detector
from ..rerun import Moved
from .batches import ArrayBatches, Stream, unpack
from .pieces import Pieces
from .sameness import are_same, foreign_code, settings_of
from .steps import COUNTING, own_methods
from .validation import Validation

WORTH = 30  # steps: taking one down costs as much as some ten eager ones, and more where its plan is not known yet
VARIABLE = "TINYGRAD_EDU_JIT"


class Compiled:
    """Runs the steps of one call of `fit` on a machine, as long as that is possible.

    Args:
        model: what is trained.
        stream: where its batches come from.
        steps: of an epoch. None: as many as a pass has.
        hooks: who is told.
        validation: what is measured after epochs, or None.
        must: whether what cannot be compiled is an error.

    Raises:
        NotCompiledError: says what stands in the way.
        ValueError: later on, if something comes to stand in the way of what must be compiled.
    """

    def __init__(
        self, model: Any, stream: Stream, steps: int | None, hooks: CallbackList, validation: Validation | None, must: bool
    ):
        for reason in _reasons(model, stream):
            raise NotCompiledError(reason)
        source: Any = stream.source
        self.model, self.stream, self.source, self.hooks, self.must = model, stream, source, hooks, must
        self.has_whole_epochs, self.has_own_tests = steps in (None, source.steps), bool(own_methods(model, "test_step"))
        parts = [source.x, source.y, source.sample_weight]
        self.tables = [part for rows in parts if rows is not None for part in rows.parts if part is not None]
        self.pieces = Pieces(model, stream, validation)
        self.is_meddled_with = any(_is_foreign(callback) for callback in hooks.callbacks)
        self._refused: list[Any] = []  # settings with which the step could not be compiled
        self.settings = settings_of(model)
        self.runner: Runner | None = self._kept() or self._made()
        self._linked = self.runner.linked

    # Machines ------------------------------------------------------------------------------------

    def is_ready(self) -> bool:
        """Whether the next steps can run compiled; one is taken down again if it may have become another one."""
        if self.runner is not None and detector() is None and self._is_same(self.runner):
            self.runner.linked = self._linked  # a callback may have trained the same model on other data
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
        return _is_valid(runner) and are_same(self.settings, settings_of(self.model))

    def _is_ready_again(self) -> bool:
        if detector() is not None:
            raise NotCompiledError("somebody looks for anomalies")
        if self.runner is None and are_same(self._refused, self._now()):
            return False
        self.settings = settings_of(self.model)
        self.runner, self.model._why_eager = self._made(), ""
        self._linked = self.runner.linked
        return True

    def _now(self) -> list[Any]:
        weights = self.model.trainable_weights
        return [*settings_of(self.model), *weights, *(has_hooks(weight) for weight in weights), detector()]

    def _made(self) -> Runner:
        """A new machine. Taking a step down calls the model: what that moves is moved back, whatever happens meanwhile."""
        kept = self.model._kept
        with WholeSteps() as whole, Moved() as moved:
            try:
                kept.runner = whole.run(self._new, self.source)
            except BaseException:
                moved.undo()
                raise
        kept.settings, kept.forms = self.settings, _forms(self.tables)
        return kept.runner

    def _new(self, source: ArrayBatches) -> Runner:
        try:
            return Runner(self.model, self.tables, lambda rows: unpack(source.batch(rows)), source.batch_size)
        except (NotCompiledError, MemoryError):
            raise
        except Exception as error:  # an eager step says it in its own words, if it meets it too
            raise NotCompiledError(f"taking a step down ended with {type(error).__name__}: {error}") from error

    def _kept(self) -> Runner | None:
        """The machine of the last `fit`, with other tables, if the step is still the same."""
        kept, rows, size = self.model._kept, len(self.source.x), self.source.batch_size
        runner = kept.runner
        if runner is None or runner.model is not self.model or runner.size != size or not _is_valid(runner):
            return None
        if {min(size, rows), rows % size or size} - runner.linked.keys() or kept.forms != _forms(self.tables):
            return None
        if foreign_code(self.model) or not are_same(kept.settings, self.settings):
            return None
        give_tables(runner, self.tables)
        return runner

    # Steps ---------------------------------------------------------------------------------------

    def epochs_at_once(self, epochs: range) -> int:
        """How many of these epochs can be done in one call; 0 if somebody looks in between, or if even one takes too long."""
        if not self.has_whole_epochs or not self.stream.is_between_passes or self.hooks.at_once is None:
            return 0
        if self.pieces.validation is not None and self.has_own_tests:
            return 0
        return self.pieces.epochs_at_once(self.runner, epochs) if self.is_ready() else 0  # type: ignore[arg-type]

    def run_epochs(self, epochs: range) -> dict[str, list]:
        """Train for some epochs. Returns the logs of those that were finished: by name a number for each."""
        return self.pieces.run_epochs(self.runner, epochs)  # type: ignore[arg-type]

    def run_piece(self, most: int | None) -> tuple[int, Any]:
        """Some of the next steps. Returns how many were done, and the batch that could not be learnt from, or None."""
        wanted = 1 if self.hooks.wanting("train") else most or self.source.steps
        return self.pieces.run_piece(self.runner, wanted)  # type: ignore[arg-type]


def give_tables(runner: Runner, tables: list[np.ndarray]) -> None:
    """Let a machine go through other rows of the same form."""
    homes: dict[Any, np.ndarray] = {
        ("table", i): as_memory(table.reshape(len(table), -1), runner.dtype) for i, table in enumerate(tables)
    }
    for linked in runner.linked.values():
        for home, array in homes.items():
            linked.put(home, array)


def has_hooks(weight: Any) -> bool:
    """Whether somebody watches the gradient of a weight."""
    return weight.node.notes is not None and bool(weight.node.notes.hooks)


def _is_valid(runner: Runner) -> bool:
    return runner.is_valid


def _forms(tables: list[np.ndarray]) -> list[tuple]:
    return [(table.shape[1:], table.dtype) for table in tables]


def _is_foreign(callback: Callback) -> bool:
    """Whether a callback has hooks that are not ours, which may change any setting."""
    return not type(callback).__module__.startswith(_OURS) or any(hook in vars(callback) for hook in HOOKS)


_OURS = __name__.partition(".")[0] + "."


# Whether to -------------------------------------------------------------------------------------


def compiled_for(
    model: Any, stream: Stream, steps: int | None, hooks: CallbackList, validation: Validation | None, epochs: int
) -> Compiled | None:
    """What runs the steps of a `fit`, if they are to run compiled; `model.explain_jit()` says why not.

    Raises:
        ValueError: for steps that must be compiled and cannot be.
    """
    wish = _wish(model)
    must = wish == "compile"
    try:
        for reason in _against(model, wish, stream, steps, epochs):
            raise NotCompiledError(reason)
        compiled = Compiled(model, stream, steps, hooks, validation, must)
    except NotCompiledError as reason:
        if must:
            raise refusal(reason) from None
        model._why_eager = str(reason)
        return None
    model._why_eager = ""
    return compiled


def refusal(reason: NotCompiledError) -> ValueError:
    """The error of a step that must be compiled and cannot be."""
    return ValueError(
        f"fit expects a step that can be compiled, got one that cannot: {reason}. "
        "Compile the model with jit_compile='auto' to train without."
    )


def _wish(model: Any) -> str:
    """What was asked for: "never", "auto", "many" (whatever the number of steps), "compile" or "force" (whatever the code).

    The environment goes before `jit_compile`: 0 is never, 1 what "auto" gives to long trainings, "force" all that is possible.
    """
    told, word = os.environ.get(VARIABLE), model.jit_compile
    if model.run_eagerly or told == "0":
        return "never"
    if word is True or told == "force":
        return "compile" if word is True else "force"
    return "never" if word is False else "many" if told == "1" else "auto"


def _against(model: Any, wish: str, stream: Stream, steps: int | None, epochs: int) -> Iterator[str]:
    """What speaks against compiling where nobody insists on it: counts and code, never clocks."""
    if model.run_eagerly:
        yield "run_eagerly asks for every step by itself"
    if wish == "never":
        yield "jit_compile is False" if not os.environ.get(VARIABLE) else f"{VARIABLE} is 0"
    if wish in ("auto", "many") and (name := foreign_code(model)):
        yield f"what {name} does besides computing is not known; jit_compile=True compiles it as it is at first"
    count = steps or stream.source.steps or 0
    if wish == "auto" and count * epochs < WORTH:
        yield f"{count * epochs} steps are too few to be worth it, {WORTH} would be"


def _reasons(model: Any, stream: Stream) -> Iterator[str]:
    """What stands in the way, as far as it can be told without taking a step."""
    for name in own_methods(model, "train_step", *COUNTING):
        yield f"the model has a {name} of its own"
    source = stream.source
    if not isinstance(source, ArrayBatches) or source.in_blocks:
        yield "the batches do not come out of arrays, row by row"
        return
    if source.y is None or not (source.x.is_one and source.y.is_one):
        yield "there are several inputs or outputs, or no labels"
        return
    if any(part.ndim > 2 for part in (source.x.parts[0], source.y.parts[0])):
        yield "samples of more than one axis have no opcodes"
    if detector() is not None:
        yield "somebody looks for anomalies"
