"""Final test accuracy on the two circles over many seeds, beside what Keras 3.15 reached on the same data.

    python benchmarks/two_circles_seeds.py [--seeds 20] [--epochs 500]

Prints a table in Markdown: median [quartiles] min-max of the accuracy on the 500 test points.
"""

from __future__ import annotations

import argparse
import pathlib
import sys
import time

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "examples"))
from two_circles import MODELS, circles

import tinygrad_edu as keras

#               median, quartiles, min, max over 20 seeds of Keras 3.15.1 on JAX
KERAS = {
    "tanh1": (0.830, 0.817, 0.838, 0.796, 0.850),
    "tanh5": (0.523, 0.488, 0.683, 0.482, 0.840),
    "relu5": (0.829, 0.811, 0.844, 0.490, 0.852),
}


def accuracy(name: str, seed: int, epochs: int) -> float:
    """Test accuracy of one run."""
    keras.set_random_seed(seed)
    (x, y), (x_test, y_test) = circles()
    model = MODELS[name]()
    model.fit(x, y, epochs=epochs, verbose=0)
    return model.evaluate(x_test, y_test, verbose=0)[1]


def row(name: str, values: list[float], seconds: float) -> str:
    low, median, high = np.percentile(values, [25, 50, 75])
    k_median, k_low, k_high, k_min, k_max = KERAS[name]
    above = sum(value > 0.7 for value in values)
    ours = f"{median:.3f} [{low:.3f}, {high:.3f}] {min(values):.3f}-{max(values):.3f}"
    theirs = f"{k_median:.3f} [{k_low:.3f}, {k_high:.3f}] {k_min:.3f}-{k_max:.3f}"
    return f"| {name} | {ours} | {above}/{len(values)} | {theirs} | {seconds / len(values):.1f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=500)
    options = parser.parse_args()
    print("| model | test accuracy | above .7 | Keras 3.15 | s a run |\n|---|---|---|---|---|")
    for name in MODELS:
        began = time.perf_counter()
        values = [accuracy(name, seed, options.epochs) for seed in range(options.seeds)]
        print(row(name, values, time.perf_counter() - began), flush=True)


if __name__ == "__main__":
    main()
