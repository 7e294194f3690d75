"""What `fit` costs beside a loop over `train_step` written by hand, and `predict` beside the arithmetic, in one process.

    python benchmarks/training.py [--rounds 60]

Medians of runs that alternate, one thread. The loop by hand shuffles and cuts batches as `fit` does, and keeps the logs; its
arithmetic is the same `train_step`. The arithmetic of `predict` is NumPy's, written out, on the same weights.

What is aimed at: `fit` at most 1.15 of the loop, `predict` on 500 rows less than 1 ms beyond the arithmetic.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
parser.add_argument("--rounds", type=int, default=60)
options = parser.parse_args()
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"
for _name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(_name, None)

import numpy as np

from tinygrad_edu import as_tensor, enable_grad, set_random_seed
from tinygrad_edu.layers import Dense
from tinygrad_edu.models import Sequential

EPOCHS = 5
COLUMNS = (
    "step by hand, µs", "step in fit, µs", "fit / hand", "predict of 500 rows, µs", "arithmetic, µs", "beyond, µs",
    "train_on_batch / train_step",
)  # fmt: skip
SIZES = {  # rows, features, units of the hidden layers, batch size
    "two circles": (1000, 2, [5] * 5, 32),
    "ionosphere": (351, 34, [16, 8], 16),
    "housing": (2000, 8, [50, 50], 32),
    "digits": (1000, 784, [300, 100], 32),
}


def model_of(features: int, units: list[int]) -> Sequential:
    set_random_seed(0)
    model = Sequential([Dense(units[0], input_dim=features, activation="relu")])
    for count in units[1:]:
        model.add(Dense(count, activation="relu"))
    model.add(Dense(1, activation="sigmoid"))
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model


def by_hand(model: Sequential, x: np.ndarray, y: np.ndarray, batch_size: int) -> list[dict[str, float]]:
    """A loop over `train_step`."""
    history, rng = [], np.random.default_rng(0)
    for _ in range(EPOCHS):
        model.reset_metrics()
        order = rng.permutation(len(x))
        with enable_grad():
            for at in range(0, len(x), batch_size):
                rows = order[at : at + batch_size]
                logs = model.train_step((as_tensor(x[rows]), y[rows]))
        history.append(logs)
    return history


def arithmetic(model: Sequential, x: np.ndarray) -> np.ndarray:
    """The outputs of a model, in NumPy's words, all rows at once."""
    *hidden, (kernel, bias) = [layer.get_weights() for layer in model.layers]
    for k, b in hidden:
        x = np.maximum(x @ k + b, 0)
    return 0.5 + 0.5 * np.tanh(0.5 * (x @ kernel + bias))  # the sigmoid, without overflow


def medians(runs: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median time of each in seconds, run in turn."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        run()
    for _ in range(rounds):
        for name, run in runs.items():
            began = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - began)
    return {name: statistics.median(values) for name, values in times.items()}


def main() -> None:
    columns = "model", *COLUMNS
    print(f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for name, (count, features, units, batch_size) in SIZES.items():
        rng = np.random.default_rng(0)
        x = rng.standard_normal((count, features)).astype(np.float32)
        y = (x[:, :1] > 0).astype(np.float32)
        first, second, rows = model_of(features, units), model_of(features, units), x[:500]
        steps = EPOCHS * -(-count // batch_size)
        found = medians(
            {
                "hand": lambda: by_hand(first, x, y, batch_size),  # noqa: B023
                "fit": lambda: second.fit(x, y, batch_size=batch_size, epochs=EPOCHS, verbose=0),  # noqa: B023
                "single": lambda: first.train_on_batch(x[:32], y[:32]),  # noqa: B023
                "step": lambda: first.train_step((x[:32], y[:32])),  # noqa: B023
                "predict": lambda: second.predict(rows),  # noqa: B023
                "arithmetic": lambda: arithmetic(second, rows),  # noqa: B023
            },
            options.rounds,
        )
        hand, fit, single, step, predict, plain = (seconds * 1e6 for seconds in found.values())
        training = f"{hand / steps:.0f} | {fit / steps:.0f} | {fit / hand:.2f}"
        print(f"| {name} | {training} | {predict:.0f} | {plain:.0f} | {predict - plain:.0f} | {single / step:.2f} |")


if __name__ == "__main__":
    main()
