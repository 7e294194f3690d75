"""What every estimator has: parameters, a function that builds a model, a model that is fitted."""

from __future__ import annotations

import contextlib
import difflib
import inspect
import random as python_random
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..compat import SPELLINGS
from ..models import Model
from ..random import set_random_seed

_ALWAYS = ("batch_size", "verbose")  # what predict and evaluate take too
_one_seed = threading.RLock()


class KerasEstimator:
    """What KerasRegressor and KerasClassifier share: parameters, building, fitting.

    Args:
        build_fn: function that returns a compiled Model. None means that the class, derived from this one, is called itself.
        model: another name of `build_fn`.
        random_state: seed of the weights and of the batches. With one, a search gives the same in one process, in several
            and on other machines; None goes by NumPy's global generator, of which every process has its own.
        sk_params: arguments of `build_fn`, and of `Model.fit`, `predict` and `evaluate`.

    Attributes:
        model: the fitted Model.
        history_: the History of the last `fit`.

    Raises:
        ValueError: for a parameter that neither `build_fn` nor `fit` has.
    """

    _estimator_type = ""  # how scikit-learn before 1.6 asks
    model: Model

    def __init__(
        self,
        build_fn: Callable | None = None,
        *,
        model: Callable | None = None,
        random_state: int | None = None,
        **sk_params: Any,
    ):
        self.build_fn = model if build_fn is None else build_fn
        self.random_state = random_state
        self.sk_params = sk_params
        self.check_params(sk_params)

    # Parameters, as scikit-learn wants them ------------------------------------------------------

    def check_params(self, params: dict[str, Any]) -> None:
        """Raise ValueError for a name that is no parameter of this estimator."""
        known = self._build_parameters()
        if any(p.kind is p.VAR_KEYWORD for p in known.values()):
            return
        legal = [*known, *_fit_arguments(), "build_fn", "random_state"]
        for name in params:
            if name not in legal:
                near = difflib.get_close_matches(name, legal, n=1)
                hint = f"Did you mean {near[0]!r}?" if near else f"Choose an argument of build_fn ({', '.join(known)}) or of fit."
                raise ValueError(f"{type(self).__name__} expects no parameter {name!r}. {hint}")

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """All parameters that have a value: what was given, else the defaults of the function that builds.

        The objects themselves, not copies: scikit-learn's `clone` insists. `deep` changes nothing.
        """
        defaults = {name: p.default for name, p in self._build_parameters().items() if p.default is not p.empty}
        return {**defaults, **self.sk_params, "build_fn": self.build_fn, "random_state": self.random_state}

    def set_params(self, **params: Any) -> KerasEstimator:
        """Change parameters; the next `fit` goes by them."""
        self.build_fn = params.pop("build_fn", self.build_fn)
        self.random_state = params.pop("random_state", self.random_state)
        self.check_params(params)
        self.sk_params = {**self.sk_params, **params}
        return self

    def __sklearn_tags__(self) -> Any:
        """What kind of estimator this is, for scikit-learn 1.6 and later."""
        from sklearn.utils import ClassifierTags, RegressorTags, Tags, TargetTags

        kind = self._estimator_type
        return Tags(
            estimator_type=kind,
            target_tags=TargetTags(required=True),
            classifier_tags=ClassifierTags() if kind == "classifier" else None,
            regressor_tags=RegressorTags() if kind == "regressor" else None,
        )

    def __repr__(self) -> str:
        given = [f"{name}={value!r}" for name, value in self.sk_params.items()]
        seed = [] if self.random_state is None else [f"random_state={self.random_state!r}"]
        return f"{type(self).__name__}({', '.join([_name(self.build_fn), *seed, *given])})"

    # Work ----------------------------------------------------------------------------------------

    def fit(self, X: Any, y: Any, sample_weight: Any = None, **kwargs: Any) -> Any:
        """Build a new model and train it.

        Args:
            X, y: samples and labels.
            sample_weight: weight of every sample.
            kwargs: for `Model.fit`; they come before the parameters.

        Returns:
            The History, as `Model.fit` does; it is kept as `history_`.
        """
        if sample_weight is not None:
            kwargs["sample_weight"] = sample_weight
        given = {name: value for name, value in self.sk_params.items() if name in _fit_arguments()}
        with _seeded(self.random_state):
            self.model = self._built()
            self.history_ = self.model.fit(X, self._targets(y), **{**given, **kwargs})
        if len(shape := np.shape(X)) > 1:
            self.n_features_in_ = shape[1]
        return self.history_

    def _targets(self, y: Any) -> Any:
        """Labels as the model takes them."""
        return y

    def _outputs(self, X: Any, kwargs: dict[str, Any]) -> np.ndarray:
        """What the model answers; no rows where it is asked for none."""
        model = self._fitted()
        if not len(X):
            return np.empty((0, *model.output_shape[1:]), model.dtype)
        return model.predict(X, **self._always(kwargs))

    def _measured(self, X: Any, y: Any, sample_weight: Any, kwargs: dict[str, Any]) -> dict[str, float]:
        """Loss and metrics on some data."""
        if sample_weight is not None:
            kwargs["sample_weight"] = sample_weight
        return self._fitted().evaluate(X, self._targets(y), return_dict=True, **self._always(kwargs))

    def _always(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        return {**{name: self.sk_params[name] for name in _ALWAYS if name in self.sk_params}, **kwargs}

    def _fitted(self) -> Model:
        if not hasattr(self, "model"):
            raise _not_fitted()(f"{type(self).__name__} expects fit() before it is asked anything.")
        return self.model

    def _built(self) -> Model:
        known = self._build_parameters()
        takes_all = any(p.kind is p.VAR_KEYWORD for p in known.values())
        values = {"random_state": self.random_state, **self.sk_params}
        rest = set(values) - set(_fit_arguments()) - {"random_state"} if takes_all else set()
        model = self._builder()(**{name: value for name, value in values.items() if name in known or name in rest})
        if not isinstance(model, Model):
            raise TypeError(f"{type(self).__name__} expects build_fn to return a compiled Model, got {model!r}. Add a return.")
        return model

    def _builder(self) -> Callable:
        """What builds: `build_fn`, or this object itself if its class says how."""
        build = self if self.build_fn is None else self.build_fn
        if isinstance(build, Model):
            raise ValueError(
                f"{type(self).__name__} expects a function that builds a model, got the model {build.name!r}. "
                "Write a function that returns it: every fit begins with a new one."
            )
        if not callable(build):
            raise ValueError(f"{type(self).__name__} expects build_fn, a function that returns a compiled model, got {build!r}.")
        return build

    def _build_parameters(self) -> dict[str, inspect.Parameter]:
        """What the function that builds takes; nothing as long as there is none."""
        if self.build_fn is None and not callable(self):
            return {}
        return dict(inspect.signature(self._builder()).parameters)


def _fit_arguments() -> list[str]:
    """Names of what `Model.fit` can be told beside samples and labels."""
    named = [p.name for p in inspect.signature(Model.fit).parameters.values() if p.kind is not p.VAR_KEYWORD]
    return [*(name for name in named if name not in ("self", "x", "y")), *SPELLINGS["fit"]]


def _name(function: Any) -> str:
    return getattr(function, "__name__", repr(function))


def _not_fitted() -> type[Exception]:
    """scikit-learn's own exception where it is installed: its tools look for it."""
    try:
        from sklearn.exceptions import NotFittedError
    except ImportError:
        return ValueError
    return NotFittedError


@contextlib.contextmanager
def _seeded(seed: int | None) -> Iterator[None]:
    """Seed all randomness inside a block; afterwards it goes on as if the block had drawn nothing.

    Python's and NumPy's global generators belong to all threads, which therefore take turns.
    """
    if seed is None:
        yield
        return
    with _one_seed:
        before = python_random.getstate(), np.random.get_state()
        set_random_seed(seed)
        try:
            yield
        finally:
            python_random.setstate(before[0])
            np.random.set_state(before[1])
