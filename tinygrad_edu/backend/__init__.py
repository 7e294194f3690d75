"""What Keras 2 keeps in `backend`, often written K: settings, and functions for losses and layers of your own.

    settings     the learning phase, names that are counted, values of weights and of learning rates
    functions    one table: K.mean, K.square, K.clip, ...: they take Tensors, whose gradients flow, and arrays
    tape         gradients, GradientTape
    symbolic     function, placeholder

The table of functions:

    >>> import textwrap
    >>> from tinygrad_edu import backend
    >>> print(textwrap.fill(" ".join(sorted(backend.FUNCTIONS)), 110))
    abs all any arange argmax argmin batch_dot batch_flatten bias_add binary_crossentropy cast cast_to_floatx
    categorical_crossentropy clip concatenate constant cos count_params cumprod cumsum dot dropout dtype elu equal
    eval exp expand_dims eye flatten foldl foldr gather get_uid greater greater_equal hard_sigmoid identity
    in_test_phase in_train_phase int_shape is_tensor l2_normalize less less_equal log logsumexp map_fn max maximum
    mean min minimum moving_average_update ndim not_equal one_hot ones ones_like permute_dimensions pow
    print_tensor prod random_normal random_uniform relu repeat repeat_elements reshape reverse round shape sigmoid
    sign sin softmax softplus softsign sparse_categorical_crossentropy sqrt square squeeze stack std stop_gradient
    sum switch tanh tile transpose truncated_normal update update_add update_sub var variable zeros zeros_like

Arguments and defaults are Keras 2's.
"""

from ..compat import offer as _offer
from ..config import epsilon, floatx, set_bare_first_names, set_epsilon, set_floatx
from .functions import FUNCTIONS
from .settings import (
    backend, batch_get_value, batch_set_value, clear_session, get_value, image_data_format, learning_phase, learning_phase_scope,
    set_image_data_format, set_learning_phase, set_value,
)  # fmt: skip
from .symbolic import function, placeholder
from .tape import GradientTape, gradients

globals().update(FUNCTIONS)
_PARTS = "FUNCTIONS", "functions", "settings", "symbolic", "tape"
__all__ = [name for name in globals() if name[0] != "_" and name not in _PARTS]

_offer(__name__)
