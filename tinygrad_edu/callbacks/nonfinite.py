"""When the loss is no longer a number: stop, and say where it began."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..anomaly import AnomalyError, detect_anomaly
from ..rerun import Moved
from . import console
from .callback import Callback

_DEPTH = 7  # of calls from here up to the one of `fit`
_REMEDY = "Lower the learning rate, clip gradients (clipnorm=1.0), or scale the data."
_SEARCH = "`with detect_anomaly(): model.fit(...)` stops at the op whose gradient it was."


class NonFiniteLoss(RuntimeWarning):
    """Training has ended because its loss was nan or infinite. Filter it out where that is expected, as in a search."""


class TerminateOnNaN(Callback):
    """Ends training after a batch whose loss is nan or infinite, and names the weights that are spoiled.

    `fit` does so anyway, with a warning that names the op and the layer; this one also tells on stdout.
    """

    def on_train_batch_end(self, batch, logs=None):
        loss = (logs or {}).get("loss")
        if loss is not None and not math.isfinite(loss):
            spoiled = ", ".join(spoiled_weights(self.model)) or "no weight"
            console.say(f"Batch {batch}: the loss is {loss}, training ends. Not finite: {spoiled}.")
            self.model.stop_training = True

    def epochs_at_once(self, epochs, logs, steps, seconds):
        """Nothing to tell: of a batch that has no finite loss `fit` tells by its hook."""


def stop_training(model: Any, epoch: int, batch: int, loss: Callable[[], Any] | None) -> None:
    """End a training whose loss has become nan or infinite, with a warning that says where that began.

    Args:
        model: with the weights that the loss was computed from.
        epoch: index of the epoch.
        batch: index of the batch in it.
        loss: computes the loss of the batch again; None if nobody knows how.
    """
    model.stop_training = True
    step = "" if loss is None else ": this step was not taken"
    text = f"Training ends in batch {batch} of epoch {epoch + 1}, whose loss is not finite{step}. {explain(model, loss)}"
    warnings.warn(text, NonFiniteLoss, stacklevel=_DEPTH)


def explain(model: Any, loss: Callable[[], Any] | None) -> str:
    """Why the loss is not finite: which weights were spoiled, and which op was the first to say so. All stays as it was."""
    spoiled, error = _named(spoiled_weights(model)), _first_op(loss)
    if loss is None:
        return f"Not finite now: {spoiled or 'no weight'}. {_REMEDY} {_SEARCH}"
    if spoiled:
        met = f", which {_where(error)} was the first to meet" if error else ""
        return f"The step before it spoiled {spoiled}{met}. {_REMEDY} {_SEARCH}"
    if error:
        return f"{'' if error.scope else 'In the loss function: '}{error} {_REMEDY}"
    return f"Computed again, it is finite: look at what is random in the model, and at the loss function. {_REMEDY}"


def _first_op(loss: Callable[[], Any] | None) -> AnomalyError | None:
    """The first op that makes a nan or inf when the loss is computed again."""
    with Moved() as moved:
        try:
            with detect_anomaly():
                loss() if loss else None
        except AnomalyError as error:
            return error
        finally:
            moved.undo()
    return None


def _where(error: AnomalyError) -> str:
    return f"{error.op} in layer {error.scope!r}" if error.scope else error.op


def _named(paths: list[str]) -> str:
    return ", ".join(paths[:3]) + (f" and {len(paths) - 3} weights more" if len(paths) > 3 else "")


def spoiled_weights(model: Any) -> list[str]:
    """Paths of the weights with a nan or inf in them."""
    return [w.path for w in model.weights if w.dtype.kind == "f" and not np.isfinite(w.array).all()]
