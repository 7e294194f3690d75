"""Callbacks: code that training calls at its beginnings and ends."""

from .callback import Callback, CallbackList
from .history import History
from .progress import ProgbarLogger
