"""Callbacks: code that training calls at its beginnings and ends."""

from ..compat import offer as _offer
from .backup import BackupAndRestore, OtherTrainingError
from .by_layer import GradientLogger, WeightNorm
from .callback import Callback, CallbackList
from .checkpoint import ModelCheckpoint
from .csv_log import CSVLogger
from .early_stopping import EarlyStopping
from .finder import find_learning_rate
from .functions import LambdaCallback
from .history import History
from .learning_rate import LearningRateScheduler, OneCycleScheduler, ReduceLROnPlateau
from .nonfinite import NonFiniteLoss, TerminateOnNaN
from .progress import ProgbarLogger
from .tensorboard import TensorBoard

_offer(__name__)
