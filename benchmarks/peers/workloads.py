"""What is trained: dense networks, from a hundred weights to a quarter of a million."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

BATCH_NORM = {"momentum": 0.99, "epsilon": 1e-3}
ADAM = {"rate": 1e-3, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}


@dataclass(frozen=True)
class Workload:
    """One training, so described that every peer can do it.

    Args:
        what: in words, for the table.
        data: name of the set, see `data.SETS`; another name gives made data.
        rows: samples to train on.
        sizes: features, units of each layer.
        activation: after each hidden layer.
        last: after the last one; it says the loss, too: cross-entropies for sigmoid and softmax, else the mean squared error.
        epochs, batch: as in `fit`.
        rate, momentum: of SGD; a rate of None means Adam, as ADAM has it.
        normalized: whether batch normalization stands before each hidden activation.
        validation: samples whose loss is measured after every epoch.
        scalars: whether each number is a node of its own.
    """

    what: str
    data: str
    rows: int
    sizes: tuple[int, ...]
    activation: Literal["relu", "tanh", "elu"]
    last: Literal["sigmoid", "softmax", "linear"]
    epochs: int
    batch: int
    rate: float | None = None
    momentum: float = 0.0
    normalized: bool = False
    validation: int = 0
    scalars: bool = False

    @property
    def steps(self) -> int:
        """Of the whole training."""
        return self.epochs * -(-self.rows // self.batch)


CIRCLES = Workload(
    "two circles, 5 x 5 ReLU, 500 epochs", "circles", 500, (2, 5, 5, 5, 5, 5, 1), "relu", "sigmoid",
    epochs=500, batch=32, rate=0.01, momentum=0.9,
)  # fmt: skip
CLOTHES = Workload(
    "Fashion-MNIST, 784-300-100-10, SGD, batch 32", "fashion_mnist", 55_000, (784, 300, 100, 10), "relu", "softmax",
    epochs=1, batch=32, rate=0.01,
)  # fmt: skip
NORMALIZED = replace(
    CLOTHES, what="the same, batch normalization, ELU, Adam, batch 32", activation="elu", normalized=True, rate=None
)

WORKLOADS = {
    "W1": CIRCLES,
    "W1val": replace(CIRCLES, what="the same, validated after every epoch", validation=500),
    "W2": replace(CIRCLES, what="two circles, 5 tanh, 500 epochs", sizes=(2, 5, 1), activation="tanh"),
    "W3": Workload(
        "ionosphere, 34-34-1, 50 epochs", "ionosphere", 351, (34, 34, 1), "relu", "sigmoid",
        epochs=50, batch=28, rate=0.1, momentum=0.8,
    ),
    "W4": Workload(
        "California housing, 8-30-1, 20 epochs", "california_housing", 11_610, (8, 30, 1), "relu", "linear",
        epochs=20, batch=32, rate=0.01,
    ),
    "W5b32": CLOTHES,
    "W5b256": replace(CLOTHES, what="the same, batch 256", batch=256),
    "W6b32": NORMALIZED,
    "W6b256": replace(NORMALIZED, what="the same, batch 256", batch=256),
    "W10": Workload(
        "two moons, 2-16-16-1 ReLU, a step of scalar nodes", "moons", 100, (2, 16, 16, 1), "relu", "linear",
        epochs=1, batch=100, rate=0.1, scalars=True,
    ),
}  # fmt: skip
