"""Models as scikit-learn's estimators, so that its searches, pipelines and cross-validation take them.

    def build_model(n_hidden=1, n_neurons=30, learning_rate=3e-3):
        ...                                    # returns a compiled model
    search = RandomizedSearchCV(KerasRegressor(build_model), {"n_hidden": [0, 1, 2, 3]}, n_iter=10, cv=3)
    search.fit(X, y, epochs=100)

An estimator is told how to build a model, and builds a new one in every `fit`. Its parameters are those of the function
that builds, and those of `Model.fit`. Nothing here needs scikit-learn until scikit-learn asks.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import losses
from ..models import Model
from .estimator import KerasEstimator


class KerasRegressor(KerasEstimator):
    """A model as a regressor. `score` is the negative loss, not R²: higher is better, and the loss is what training makes small.

    Args:
        build_fn, model, random_state, sk_params: see `KerasEstimator`.

        >>> from tinygrad_edu import Sequential, layers
        >>> def build_model(n_neurons=4, learning_rate=0.1):
        ...     model = Sequential([layers.Dense(n_neurons, "relu", input_shape=[1]), layers.Dense(1)])
        ...     model.compile(loss="mse", optimizer="sgd")
        ...     return model
        >>> regressor = KerasRegressor(build_model, epochs=2, verbose=0, random_state=7)
        >>> sorted(regressor.get_params())
        ['build_fn', 'epochs', 'learning_rate', 'n_neurons', 'random_state', 'verbose']
        >>> history = regressor.set_params(n_neurons=np.int64(8)).fit([[0.0], [1.0]], [0.0, 2.0])
        >>> regressor.predict([[3.0]]).shape
        (1,)
    """

    _estimator_type = "regressor"

    def predict(self, X: Any, **kwargs: Any) -> np.ndarray:
        """A number per sample, shape (n,); for several outputs (n, outputs). `kwargs` go to `Model.predict`."""
        outputs = self._outputs(X, kwargs)
        return outputs[..., 0] if outputs.shape[-1] == 1 else outputs

    def score(self, X: Any, y: Any, sample_weight: Any = None, **kwargs: Any) -> float:
        """The negative loss. `kwargs` go to `Model.evaluate`."""
        return -float(self._measured(X, y, sample_weight, kwargs)["loss"])


class KerasClassifier(KerasEstimator):
    """A model as a classifier of any labels, words included. `score` is the model's accuracy.

    Labels become class numbers, in the order of `classes_`, or one-hot rows, whichever the model's loss takes. One-hot labels
    may be given too.

    Args:
        build_fn, model, random_state, sk_params: see `KerasEstimator`. The model ends in a softmax over the classes, or in a
            sigmoid for two of them.

    Attributes:
        classes_, n_classes_: the labels that `fit` saw, sorted, and their number.
    """

    _estimator_type = "classifier"

    def fit(self, X: Any, y: Any, sample_weight: Any = None, **kwargs: Any) -> Any:
        """Build a new model and train it: see `KerasEstimator.fit`."""
        labels = np.asarray(y)
        if labels.ndim not in (1, 2):
            raise ValueError(f"KerasClassifier expects labels of shape (n,), or one-hot rows, got shape {labels.shape}.")
        one_hot = labels.ndim == 2 and labels.shape[1] > 1
        self.classes_ = np.arange(labels.shape[1]) if one_hot else np.unique(labels)
        self.n_classes_ = len(self.classes_)
        return super().fit(X, labels, sample_weight, **kwargs)

    def predict(self, X: Any, **kwargs: Any) -> np.ndarray:
        """The likeliest class of every sample, shape (n,). `kwargs` go to `Model.predict`."""
        outputs = self._outputs(X, kwargs)
        is_single = outputs.shape[-1] == 1
        return self.classes_[(outputs[..., 0] > 0.5).astype(int) if is_single else outputs.argmax(axis=-1)]

    def predict_proba(self, X: Any, **kwargs: Any) -> np.ndarray:
        """The probability of every class, shape (n, classes). `kwargs` go to `Model.predict`."""
        outputs = self._outputs(X, kwargs)
        return np.concatenate([1 - outputs, outputs], axis=-1) if outputs.shape[-1] == 1 else outputs

    def score(self, X: Any, y: Any, sample_weight: Any = None, **kwargs: Any) -> float:
        """The accuracy. `kwargs` go to `Model.evaluate`.

        Raises:
            ValueError: if the model does not measure its accuracy.
        """
        logs = self._measured(X, y, sample_weight, kwargs)
        for name, value in logs.items():
            if name == "acc" or name.endswith("accuracy"):
                return float(value)
        raise ValueError(
            f"KerasClassifier.score expects a model that measures its accuracy, got {list(logs)}. "
            "Compile it with metrics=['accuracy']."
        )

    def _targets(self, y: Any) -> np.ndarray:
        """Class numbers, or one-hot rows if the loss takes those."""
        labels = np.asarray(y)
        if labels.ndim == 2 and labels.shape[1] > 1:
            return labels
        labels = labels.reshape(-1)
        unknown = labels[~np.isin(labels, self.classes_)]
        if len(unknown):
            raise ValueError(f"KerasClassifier expects the classes that fit() saw, {self.classes_}, got {unknown[0]!r}.")
        numbers = np.searchsorted(self.classes_, labels)
        return np.eye(self.n_classes_)[numbers] if _takes(self.model) == "one_hot" else numbers


def _takes(model: Model) -> str:
    """Which labels the model's loss takes, a word of `losses.labels`; "" before compile."""
    return "" if model.loss is None else losses.get(model.loss).takes
