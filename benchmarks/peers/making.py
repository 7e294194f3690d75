"""The data of workloads, made or read, in the process that writes them down for the peers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tinygrad_edu import datasets, random
from tinygrad_edu.datasets import california_housing, fashion_mnist, ionosphere
from tinygrad_edu.datasets.source import is_here

from .data import SEED, Data
from .workloads import Workload

Samples = tuple[np.ndarray, np.ndarray]


def make(workload: Workload) -> Data:
    """Samples, the order in which `fit` will take them after `set_random_seed(SEED)`, and initial weights."""
    x, y = samples(workload)
    trained, validated = slice(workload.rows), slice(workload.rows, workload.rows + workload.validation)
    return Data(x[trained], y[trained], x[validated], y[validated], orders(workload), weights(workload))


def orders(workload: Workload) -> np.ndarray:
    """The rows of every epoch, drawn as `fit` draws them."""
    random.set_random_seed(SEED)
    rng = random.generator()
    return np.stack([rng.permutation(workload.rows) for _ in range(workload.epochs)])


def weights(workload: Workload) -> list[np.ndarray]:
    """Kernels as in He et al. (2015) before kinked activations, else as in Glorot & Bengio (2010), uniform; the rest as ever."""
    rng, found = np.random.default_rng(SEED), []
    kinked = workload.activation != "tanh"
    last = len(workload.sizes) - 2
    for layer, (features, units) in enumerate(zip(workload.sizes, workload.sizes[1:])):
        limit = np.sqrt(6 / (features if kinked and layer < last else features + units))
        found += [rng.uniform(-limit, limit, (features, units)), np.zeros(units)]
        if workload.normalized and layer < last:
            found += [np.ones(units), np.zeros(units), np.zeros(units), np.ones(units)]
    return [weight.astype(np.float32) for weight in found]


def samples(workload: Workload) -> Samples:
    """All samples of a workload: real ones where their files are here, else made ones of the same shape."""
    read = SETS.get(workload.data)
    x, y = read() if read and is_real(workload) else made(workload)
    if workload.last == "softmax":
        return x.astype(np.float32), y.astype(np.int32)
    return x.astype(np.float32), y.astype(np.float32).reshape(-1, 1)


def is_real(workload: Workload) -> bool:
    """Whether the set is here; nothing is fetched for a benchmark."""
    return all(is_here(source) for source in FILES.get(workload.data, ())) and workload.data in SETS


def made(workload: Workload) -> Samples:
    """Normal features, labels from a random linear teacher."""
    rng = np.random.default_rng(SEED)
    x = rng.standard_normal((workload.rows + workload.validation, workload.sizes[0]))
    z = x @ rng.standard_normal((workload.sizes[0], workload.sizes[-1])) / np.sqrt(workload.sizes[0])
    return x, {"softmax": z.argmax(1), "sigmoid": z > 0, "linear": z}[workload.last]


def circles() -> Samples:
    x, y = datasets.make_circles(1000, noise=0.1, random_state=1)
    low, high = x.min(0), x.max(0)
    return 2 * (x - low) / (high - low) - 1, y


def moons() -> Samples:
    x, y = datasets.make_moons(100, noise=0.1, random_state=SEED)
    return x, 2 * y - 1


def housing() -> Samples:
    x, y = california_housing.fetch()
    order = np.random.default_rng(SEED).permutation(len(x))
    return ((x - x.mean(0)) / x.std(0))[order], y[order]


def clothes() -> Samples:
    (x, y), _ = fashion_mnist.load_data()
    return x.reshape(len(x), -1) / np.float32(255), y


SETS: dict[str, Callable[[], Samples]] = {
    "circles": circles,
    "moons": moons,
    "ionosphere": ionosphere.load_data,
    "california_housing": housing,
    "fashion_mnist": clothes,
}
FILES = {
    "ionosphere": [ionosphere.TABLE],
    "california_housing": [california_housing.TABLE],
    "fashion_mnist": fashion_mnist.FILES,
}
