"""What layers cost beside torch's modules: a call in training and the way back, of small and of large inputs.

    python benchmarks/layers.py

One process, one thread, the libraries in turn; our median, and the ratio of torch's to it. Above 1 we are faster.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from compare import US, Runs, medians, peer
from peers.table import header, row

import numpy as np

from tinygrad_edu import Tensor, layers

torch = peer("torch")
nn: Any = torch.nn if torch else None

# What is compared: ours, torch's, made for a number of features, and the shapes of the inputs.
DENSE = (32, 5), (32, 64), (256, 512)
NORMALIZED = (32, 5), (32, 64), (1024, 256), (4096, 768)
DROPPED = (32, 5), (500, 20), (5_000, 20), (50_000, 20)
PAIRS: dict[str, tuple[Callable, Callable, tuple]] = {
    "Dense": (lambda n: layers.Dense(n), lambda n: nn.Linear(n, n), DENSE),
    "Dense, tanh": (lambda n: layers.Dense(n, "tanh"), lambda n: nn.Sequential(nn.Linear(n, n), nn.Tanh()), ((32, 5), (32, 64))),
    "LayerNormalization": (lambda n: layers.LayerNormalization(), lambda n: nn.LayerNorm(n, 1e-3), NORMALIZED),
    "BatchNormalization": (lambda n: layers.BatchNormalization(), lambda n: nn.BatchNorm1d(n, 1e-3), NORMALIZED),
    "Dropout": (lambda n: layers.Dropout(0.3), lambda n: nn.Dropout(0.3), DROPPED),
}


def ours(layer: Any, x: np.ndarray) -> Callable[[], None]:
    leaf = Tensor(x)

    def run() -> None:
        leaf.grad = None
        layer(leaf, training=True).sum().backward()
        for weight in layer.trainable_weights:
            weight.zero_grad()

    return run


def torchs(module: Any, x: np.ndarray) -> Callable[[], None]:
    leaf = torch.tensor(x, requires_grad=True)

    def run() -> None:
        leaf.grad = None
        module(leaf).sum().backward()
        module.zero_grad()

    return run


def main() -> None:
    print(header("torch"))
    for name, (make, theirs, shapes) in PAIRS.items():
        for shape in shapes:
            x = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
            runs: Runs = {US: ours(make(shape[-1]), x)}
            if torch:
                runs["torch"] = torchs(theirs(shape[-1]), x)
            print(row(f"{name}, {' x '.join(map(str, shape))}", medians(runs, seconds=1.5), ("torch",)), flush=True)


if __name__ == "__main__":
    main()
