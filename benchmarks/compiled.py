"""`fit` with compiled steps beside `fit` with eager ones, and beside the same loop in PyTorch if it is installed.

    python benchmarks/compiled.py [--rounds 5] [--share 0.1] [W1 W2 ...]

The runs take turns, in one process and one thread; the fastest of each counts, and the ratios between them. `--share` is how
much of the epochs, or for W5 of the rows, are run; the time of building the plan is in it, compilation by Numba is not.

W1  two circles, five hidden layers of five units, SGD with momentum      W4  11610 x 8, 30 units, mean squared error
W2  the same with one hidden layer of five tanh units                     W5  784-300-100-10, batches of 32 and of 256
W3  351 x 34, 34 units, SGD with momentum
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from typing import Any, NamedTuple

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
parser.add_argument("--rounds", type=int, default=5)
parser.add_argument("--share", type=float, default=0.1)
parser.add_argument("workloads", nargs="*")
options = parser.parse_args()
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

from compare import peer

import numpy as np

from tinygrad_edu import set_random_seed
from tinygrad_edu.layers import Dense
from tinygrad_edu.models import Sequential
from tinygrad_edu.optimizers import SGD

RNG = np.random.default_rng(0)


class Workload(NamedTuple):
    """A network, its data, and how it is trained."""

    rows: int
    features: int
    units: tuple[int, ...]
    hidden: str
    last: str | None
    loss: str
    rate: float
    momentum: float
    batch: int
    epochs: int


WORKLOADS = {
    "W1": Workload(500, 2, (5, 5, 5, 5, 5, 1), "relu", "sigmoid", "binary_crossentropy", 0.01, 0.9, 32, 500),
    "W2": Workload(500, 2, (5, 1), "tanh", "sigmoid", "binary_crossentropy", 0.01, 0.9, 32, 500),
    "W3": Workload(351, 34, (34, 1), "relu", "sigmoid", "binary_crossentropy", 0.1, 0.8, 28, 50),
    "W4": Workload(11610, 8, (30, 1), "relu", None, "mse", 0.01, 0.0, 32, 20),
    "W5 32": Workload(55000, 784, (300, 100, 10), "relu", "softmax", "sparse_categorical_crossentropy", 0.01, 0.0, 32, 1),
    "W5 256": Workload(55000, 784, (300, 100, 10), "relu", "softmax", "sparse_categorical_crossentropy", 0.01, 0.0, 256, 1),
}


def data_of(work: Workload) -> tuple[np.ndarray, np.ndarray]:
    x = RNG.uniform(-1, 1, (work.rows, work.features)).astype(np.float32)
    if work.loss.startswith("sparse"):
        return x, RNG.integers(0, work.units[-1], work.rows)
    y = np.hypot(x[:, 0], x[:, 1])
    return x, (y < 0.7 if work.last else y).astype(np.float32)[:, None]


def ours(work: Workload, x: np.ndarray, y: np.ndarray, epochs: int, jit: bool) -> Callable[[], None]:
    def run():
        set_random_seed(0)
        *hidden, last = work.units
        model = Sequential([*(Dense(n, activation=work.hidden) for n in hidden), Dense(last, activation=work.last)])
        model.compile(SGD(work.rate, momentum=work.momentum), work.loss, metrics=["accuracy"] * bool(work.last), jit_compile=jit)
        model.fit(x, y, batch_size=work.batch, epochs=epochs, verbose=0)

    return run


def torchs(torch: Any, work: Workload, x: np.ndarray, y: np.ndarray, epochs: int) -> Callable[[], None]:
    """The loop that one writes by hand, without metrics; the loss takes logits."""
    torch.set_num_threads(1)
    nn = torch.nn
    losses = {"mse": nn.MSELoss(), "binary_crossentropy": nn.BCEWithLogitsLoss()}
    xs, ys, loss = torch.tensor(x), torch.tensor(y), losses.get(work.loss, nn.CrossEntropyLoss())

    def run():
        layers, before = [], work.features
        for units in work.units:
            layers += [nn.Linear(before, units), nn.ReLU() if work.hidden == "relu" else nn.Tanh()]
            before = units
        model = nn.Sequential(*layers[:-1])
        optimizer = torch.optim.SGD(model.parameters(), work.rate, work.momentum)
        for _ in range(epochs):
            for rows in torch.randperm(len(xs)).split(work.batch):
                optimizer.zero_grad()
                loss(model(xs[rows]), ys[rows]).backward()
                optimizer.step()

    return run


def seconds(run: Callable[[], None]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def main() -> None:
    torch = peer("torch")
    print("| | compiled [s] | eager / compiled | torch / compiled |\n|---|---|---|---|")
    for name, work in WORKLOADS.items():
        if options.workloads and name.split()[0] not in options.workloads:
            continue
        x, y = data_of(work)
        epochs = max(round(work.epochs * options.share), 1)
        if work.epochs == 1:
            rows = max(int(work.rows * options.share), work.batch)
            x, y = x[:rows], y[:rows]
        runs = [ours(work, x, y, epochs, True), ours(work, x, y, epochs, False)]
        runs += [torchs(torch, work, x, y, epochs)] if torch else []
        taken = [[seconds(run) for run in runs] for _ in range(options.rounds + 1)][1:]
        compiled, *others = map(min, zip(*taken))
        print(f"| {name} | {compiled:.4f} | " + " | ".join(f"{other / compiled:.1f}" for other in others) + " |", flush=True)


if __name__ == "__main__":
    main()
