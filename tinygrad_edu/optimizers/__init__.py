"""Optimizers: from gradients to better weights, one algorithm per class."""

from .optimizer import Optimizer, get
from .sgd import SGD
