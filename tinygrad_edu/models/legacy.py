"""Keras 2's words for training: methods that generators had of their own, and those that answered with classes."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .. import compat

WITHOUT_EFFECT = ("workers", "use_multiprocessing", "max_queue_size", "max_q_size", "nb_worker", "pickle_safe")


def take_legacy(function: Any, given: dict[str, Any], epochs: Any = 1) -> Any:
    """Take Keras 2's keywords out of `given`, and refuse what is left; returns the number of epochs, however it was said."""
    older = compat.take("fit", given) if function.__name__ == "fit" else {}
    for name in WITHOUT_EFFECT:
        given.pop(name, None)
    compat.refuse_unknown(function, given)
    return compat.one_of("fit", "fit", "epochs", epochs if epochs != 1 else compat.Default(1), older) if older else epochs


class LegacyTraining:
    """What Keras 2 called otherwise. Each says so in a DeprecationWarning."""

    fit: Any
    evaluate: Any
    predict: Any

    def fit_generator(
        self, generator: Any, steps_per_epoch: int | None = None, epochs: int = 1, verbose: Any = 1, **settings: Any
    ) -> Any:
        """`fit` with what gives batches."""
        _tell("fit_generator", "fit")
        return self.fit(generator, steps_per_epoch=steps_per_epoch, epochs=epochs, verbose=verbose, **settings)

    def evaluate_generator(
        self, generator: Any, steps: int | None = None, callbacks: Any = None, verbose: Any = 0, **settings: Any
    ) -> Any:
        """`evaluate` with what gives batches."""
        _tell("evaluate_generator", "evaluate")
        return self.evaluate(generator, steps=steps, callbacks=callbacks, verbose=verbose, **settings)

    def predict_generator(
        self, generator: Any, steps: int | None = None, callbacks: Any = None, verbose: Any = 0, **settings: Any
    ) -> Any:
        """`predict` with what gives batches."""
        _tell("predict_generator", "predict")
        return self.predict(generator, steps=steps, callbacks=callbacks, verbose=verbose, **settings)

    def predict_proba(self, x: Any, batch_size: int | None = None, verbose: Any = 0) -> Any:
        """`predict`, of a model that answers with probabilities."""
        _tell("predict_proba", "predict")
        return self.predict(x, batch_size=batch_size, verbose=verbose)

    def predict_classes(self, x: Any, batch_size: int | None = None, verbose: Any = 0) -> np.ndarray:
        """The class with the largest probability; of a single probability, whether it is more than 1/2, shape (n, 1)."""
        _tell("predict_classes", "predict(x).argmax(axis=-1), or predict(x) > 0.5")
        found = self.predict(x, batch_size=batch_size, verbose=verbose)
        return found.argmax(axis=-1) if found.shape[-1] > 1 else (found > 0.5).astype("int32")


def _tell(old: str, new: str) -> None:
    warnings.warn(f"{old} is Keras 2's word: write {new}.", DeprecationWarning, stacklevel=3)
