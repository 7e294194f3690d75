"""When the loss is no longer a number: stop, and say where it began."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..anomaly import AnomalyError, detect_anomaly
from . import console
from .callback import Callback

_DEPTH = 6  # of calls from here up to the one of `fit`
_REMEDY = "Lower the learning rate, clip gradients (clipnorm=1.0), or scale the data."
_SEARCH = "`with detect_anomaly(): model.fit(...)` stops at the op whose gradient it was."


class NonFiniteLoss(RuntimeWarning):
    """Training has ended because its loss was nan or infinite. Filter it out where that is expected, as in a search."""


class TerminateOnNaN(Callback):
    """Ends training after a batch whose loss is nan or infinite, and names the layers that it has spoiled."""

    def on_train_batch_end(self, batch, logs=None):
        loss = (logs or {}).get("loss")
        if loss is not None and not math.isfinite(loss):
            spoiled = ", ".join(spoiled_weights(self.model)) or "no weight"
            console.say(f"Batch {batch}: the loss is {loss}, training ends. Not finite: {spoiled}.")
            self.model.stop_training = True


def stop_training(model: Any, epoch: int, batch: int, loss: Callable[[], Any]) -> None:
    """End a training whose loss has become nan or infinite, with a warning that says where that began.

    Args:
        model: with the weights that the loss was computed from.
        epoch: index of the epoch.
        batch: index of the batch in it.
        loss: computes the loss of the batch again.
    """
    model.stop_training = True
    text = f"Training ends in batch {batch} of epoch {epoch + 1}, whose loss is not finite. {explain(model, loss)}"
    warnings.warn(text, NonFiniteLoss, stacklevel=_DEPTH)


def explain(model: Any, loss: Callable[[], Any]) -> str:
    """Why the loss is not finite: the weights that were not before, else the op that made it so. All stays as it was."""
    spoiled = spoiled_weights(model)
    if spoiled:
        return f"Before it, the last step had spoiled {', '.join(spoiled)}. {_REMEDY} {_SEARCH}"
    kept = [(w, np.array(w.array)) for w in model.non_trainable_weights]
    try:
        with detect_anomaly():
            loss()
    except AnomalyError as error:
        return f"{error} {_REMEDY}"
    finally:
        for weight, array in kept:
            weight.assign(array)
    return f"Computed again, it is finite: look at what is random in the model, and at the loss function. {_REMEDY}"


def spoiled_weights(model: Any) -> list[str]:
    """Paths of the weights with a nan or inf in them."""
    return [w.path for w in model.weights if w.dtype.kind == "f" and not np.isfinite(w.array).all()]
