"""What older scripts say: every legacy spelling, and nowhere else.

    spelling     Keras-1 and Keras-2 keywords, in one table
    modules      Keras 2's submodules, in one table: `layers.convolutional`, `utils.np_utils`, ...
    importing    imports that say `keras` or `tensorflow.keras`

`python -m tinygrad_edu.compat script.py` runs a script as it is.
"""

from .importing import install
from .modules import offer
from .spelling import (
    SPELLINGS, Default, batch_input_shape_of, input_shape_of, one_of, refuse_unknown, spelled, take, weight_arguments,
)  # fmt: skip
