"""70,000 handwritten digits. Source: LeCun, Bottou, Bengio & Haffner (1998). CC BY-SA 3.0."""

from __future__ import annotations

import os

from .images import load
from .source import Source
from .tables import Pairs

_ADDRESS = "https://ossci-datasets.s3.amazonaws.com/mnist/"
FILES = [
    Source("mnist", name, sha256, _ADDRESS + name)
    for name, sha256 in (
        ("train-images-idx3-ubyte.gz", "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
        ("train-labels-idx1-ubyte.gz", "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
        ("t10k-images-idx3-ubyte.gz", "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
        ("t10k-labels-idx1-ubyte.gz", "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
    )
]


def load_data(folder: str | os.PathLike | None = None, fallback: str | None = None) -> Pairs:
    """(x_train, y_train), (x_test, y_test): pictures uint8 (60000 and 10000, 28, 28), digits uint8.

    Args:
        folder, fallback: as in `fashion_mnist.load_data`.

    Raises:
        DataNotFoundError: if a file is not to be had; it says which to put where.
    """
    return load(FILES, folder, fallback)
