"""Models as estimators of other libraries."""

from . import scikit_learn
from .scikit_learn import KerasClassifier, KerasRegressor
