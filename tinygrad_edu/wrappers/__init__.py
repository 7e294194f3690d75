"""Models as estimators of other libraries: see docs/search.md."""

from . import scikit_learn
from .estimator import KerasEstimator
from .scikit_learn import KerasClassifier, KerasRegressor
