"""Callbacks: code that training calls at its beginnings and ends."""

from ..compat import offer as _offer
from .callback import Callback, CallbackList
from .finder import find_learning_rate
from .history import History
from .learning_rate import LearningRateScheduler, OneCycleScheduler, ReduceLROnPlateau
from .progress import ProgbarLogger

_offer(__name__)
