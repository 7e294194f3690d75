"""What `fit` costs above a loop written by hand, and `predict` above the calls of NumPy that it comes down to.

    python benchmarks/training.py [--rounds 40]

Seven layers of five units, 500 samples, batches of 32: as little arithmetic as a model can have. All runs alternate, in one
process and one thread; medians and ratios of medians. Nothing is compared across runs.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
parser.add_argument("--rounds", type=int, default=40)
options = parser.parse_args()
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np

from tinygrad_edu.layers import Dense
from tinygrad_edu.models import Sequential

RNG = np.random.default_rng(0)
X = RNG.uniform(-1, 1, (500, 2)).astype("float32")
Y = (np.hypot(*X.T) < 0.7).astype("float32")[:, None]
STEPS = 16


def model_of() -> Sequential:
    hidden = [Dense(5, activation="tanh") for _ in range(6)]
    model = Sequential([Dense(5, input_dim=2, activation="tanh"), *hidden, Dense(1, activation="sigmoid")])
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model


def by_hand(model: Sequential) -> None:
    """An epoch as one would write it."""
    order = RNG.permutation(len(X))
    model.reset_metrics()
    for at in range(0, len(X), 32):
        rows = order[at : at + 32]
        model.train_step((X[rows], Y[rows]))


def in_numpy(model: Sequential) -> np.ndarray:
    """The outputs, with nothing around."""
    x = X
    *hidden, last = model.layers
    for layer in hidden:
        x = np.tanh(x @ layer.kernel.array + layer.bias.array)
    return 1 / (1 + np.exp(-(x @ last.kernel.array + last.bias.array)))


def medians(runs: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Microseconds of each run."""
    found: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(options.rounds + 3):
        for name, run in runs.items():
            began = time.perf_counter()
            run()
            found[name].append(1e6 * (time.perf_counter() - began))
    return {name: statistics.median(times[3:]) for name, times in found.items()}


def main() -> None:
    model, other = model_of(), model_of()
    found = medians(
        {
            "epoch by hand": lambda: by_hand(other),
            "fit, an epoch": lambda: model.fit(X, Y, verbose=0),
            "fit, 5 epochs": lambda: model.fit(X, Y, epochs=5, verbose=0),
            "train_on_batch": lambda: model.train_on_batch(X[:32], Y[:32]),
            "train_step": lambda: model.train_step((X[:32], Y[:32])),
            "predict 500": lambda: model.predict(X),
            "in NumPy": lambda: in_numpy(model),
        }
    )
    hand, one, five = found["epoch by hand"], found["fit, an epoch"], found["fit, 5 epochs"]
    print(f"a step by hand     {hand / STEPS:8.0f} us")
    print(f"a step of fit      {five / STEPS / 5:8.0f} us   {five / 5 / hand:.2f}x")
    print(f"fit, one epoch     {one / STEPS:8.0f} us   {one / hand:.2f}x, its checks among them")
    single, step = found["train_on_batch"], found["train_step"]
    print(f"train_on_batch     {single:8.0f} us   {single / step:.2f}x train_step")
    predict, plain = found["predict 500"], found["in NumPy"]
    print(f"predict 500 rows   {predict:8.0f} us   {predict - plain:.0f} us above NumPy")


if __name__ == "__main__":
    main()
