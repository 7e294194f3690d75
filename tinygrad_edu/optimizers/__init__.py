"""Optimizers: from gradients to better weights, one algorithm per class; `schedules`: learning rates that change.

>>> optimizer = Adam(schedules.ExponentialDecay(0.5, decay_steps=1, decay_rate=0.5))
>>> w = tinygrad_edu.Variable([1.0, -2.0], "float64")
>>> for _ in range(3):
...     optimizer.apply([2 * w.numpy()], [w])  # the gradient of the sum of squares
>>> w.numpy().round(3)
array([ 0.161, -1.134])
"""

from ..compat import offer as _offer
from . import schedules
from .optimizer import Optimizer, deserialize, get, serialize
from .averages import ewa
from .sgd import SGD
from .adafactor import Adafactor
from .adagrad import Adagrad
from .adadelta import Adadelta
from .rmsprop import RMSprop
from .adam import Adam, AdamW
from .adamax import Adamax
from .nadam import Nadam
from .ftrl import Ftrl
from .lamb import Lamb
from .lion import Lion

# As Keras 2 calls the classes, too: these names hide the modules of the same names.
sgd, rmsprop, adagrad, adadelta, adam, adamax, nadam = SGD, RMSprop, Adagrad, Adadelta, Adam, Adamax, Nadam

_offer(__name__)
