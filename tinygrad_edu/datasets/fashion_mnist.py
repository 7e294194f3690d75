"""70,000 pictures of clothes in ten classes. Source: Xiao, Rasul & Vollgraf (2017), arXiv:1708.07747. MIT licence."""

from __future__ import annotations

import os

from .images import load
from .source import Source
from .tables import Pairs

_ADDRESS = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
FILES = [
    Source("fashion_mnist", name, sha256, _ADDRESS + name)
    for name, sha256 in (
        ("train-images-idx3-ubyte.gz", "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
        ("train-labels-idx1-ubyte.gz", "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
        ("t10k-images-idx3-ubyte.gz", "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
        ("t10k-labels-idx1-ubyte.gz", "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
    )
]
CLASSES = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
)  # fmt: skip


def load_data(folder: str | os.PathLike | None = None, fallback: str | None = None) -> Pairs:
    """(x_train, y_train), (x_test, y_test): pictures uint8 (60000 and 10000, 28, 28), classes uint8, named in `CLASSES`.

    Args:
        folder: where the four files are; None looks in the folder named by TINYGRAD_EDU_DATA, then in the cache, and then
            fetches them.
        fallback: "synthetic" gives made pictures where the files are not to be had.

    Raises:
        DataNotFoundError: if a file is not to be had; it says which to put where.
    """
    return load(FILES, folder, fallback)
