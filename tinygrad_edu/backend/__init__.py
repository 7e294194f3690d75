"""What Keras 2 keeps in `backend`, often written K: settings, and functions for losses and layers of your own.

settings     the learning phase, names that are counted, values of weights and of learning rates
functions    one table: K.mean, K.square, K.clip, ...: they take Tensors, whose gradients flow, and arrays
tape         gradients, GradientTape
"""

from ..compat import offer as _offer
from ..config import epsilon, floatx, set_bare_first_names, set_epsilon, set_floatx
from .functions import FUNCTIONS
from .settings import (
    batch_get_value, batch_set_value, clear_session, get_value, image_data_format, learning_phase, learning_phase_scope,
    set_image_data_format, set_learning_phase, set_value,
)  # fmt: skip
from .symbolic import function, placeholder
from .tape import GradientTape, gradients

globals().update(FUNCTIONS)
_PARTS = "FUNCTIONS", "functions", "settings", "symbolic", "tape"
__all__ = [name for name in globals() if name[0] != "_" and name not in _PARTS]

_offer(__name__)
