"""One step of each optimizer beside torch's, in one process: a million weights, and a dozen small arrays.

    python benchmarks/optimizers.py [--size 1000000] [--rounds 200]

Median times of runs that alternate between the libraries, one thread. torch runs its fused and its foreach forms; where it
has no fused form (RMSprop), its default.

What was tried for the loops (float32, 1e6 weights, medians of 150 rounds, one machine; torch fused in the same run: Adam 1029
µs, AdamW 838, SGD with momentum 618, RMSprop foreach 1692):

    Adam as in the paper                                     651 µs     kept: the loop waits for memory, not for arithmetic
    Adam with values held in locals, m += (g - m) c          661
    Adam, fastmath                                           667        and other bits
    Adam, fastmath={"contract", "arcp"}                      650        and other bits
    AdamW in a loop of its own                               659
    AdamW as shrink, then adam                               772        kept: one idea, one place, and still before torch
    SGD with momentum as in the paper                        463        kept
    the same, fastmath                                       471
    RMSprop as in the paper                                  504        kept
    the same, fastmath                                       487        other bits for 3 %
    float64 constants, another run: Adam 1280 beside 820, RMSprop 1215 beside 619, momentum 607 beside 547

For small weights the call is what costs: a kernel of four arrays and six numbers takes 1.10 µs to call, of four arrays and one
array of six numbers 0.54 µs. Hence `c`.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import statistics
import time
from collections.abc import Callable

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
parser.add_argument("--size", type=int, default=1_000_000)
parser.add_argument("--rounds", type=int, default=200)
options = parser.parse_args()
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"
for _name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(_name, None)

import numpy as np

from tinygrad_edu import Tensor, Variable, optimizers

Runs = dict[str, Callable[[], object]]
SMALL = [(2, 5), (5,), *[(5, 5), (5,)] * 4, (5, 1), (1,)]  # the twelve arrays of the two-circles model

# ours, its settings; torch's, its settings, whether it has a fused form
PAIRS = {
    "SGD": ("SGD", {}, "SGD", {"lr": 0.01}, True),
    "SGD, momentum": ("SGD", {"momentum": 0.9}, "SGD", {"lr": 0.01, "momentum": 0.9}, True),
    "SGD, Nesterov": ("SGD", {"momentum": 0.9, "nesterov": True}, "SGD", {"lr": 0.01, "momentum": 0.9, "nesterov": True}, True),
    "RMSprop": ("RMSprop", {}, "RMSprop", {"lr": 0.001, "alpha": 0.9}, False),
    "Adagrad": ("Adagrad", {}, "Adagrad", {"lr": 0.001}, True),
    "Adam": ("Adam", {}, "Adam", {"lr": 0.001}, True),
    "AdamW": ("AdamW", {}, "AdamW", {"lr": 0.001, "weight_decay": 0.004}, True),
    "Adamax": ("Adamax", {}, "Adamax", {"lr": 0.001}, False),
    "Nadam": ("Nadam", {}, "NAdam", {"lr": 0.001}, False),
    "Adadelta": ("Adadelta", {}, "Adadelta", {"lr": 0.001}, False),
}


def arrays(shapes: list[tuple[int, ...]], seed: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape).astype(np.float32) for shape in shapes]


def ours(name: str, settings: dict, shapes: list) -> Callable[[], object]:
    optimizer = getattr(optimizers, name)(**settings)
    weights, gradients = [Variable(a) for a in arrays(shapes, 0)], [Tensor(a) for a in arrays(shapes, 1)]
    return lambda: optimizer.apply(gradients, weights)


def torchs(name: str, settings: dict, shapes: list, **form: bool) -> Callable[[], object]:
    import torch

    torch.set_num_threads(1)
    weights = [torch.nn.Parameter(torch.tensor(a)) for a in arrays(shapes, 0)]
    for weight, gradient in zip(weights, arrays(shapes, 1)):
        weight.grad = torch.tensor(gradient)
    return getattr(torch.optim, name)(weights, **settings, **form).step


def runs(pair: tuple, shapes: list) -> Runs:
    name, settings, other, others, fused = pair
    found: Runs = {"tinygrad_edu": ours(name, settings, shapes)}
    if importlib.util.find_spec("torch"):
        found["torch fused"] = torchs(other, others, shapes, **({"fused": True} if fused else {}))
        found["torch foreach"] = torchs(other, others, shapes, foreach=True)
    return found


def medians(found: Runs, rounds: int) -> dict[str, float]:
    """Median time of each in seconds, run in turn."""
    times: dict[str, list[float]] = {name: [] for name in found}
    for run in found.values():
        run()
    for _ in range(rounds):
        for name, run in found.items():
            began = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - began)
    return {name: statistics.median(values) for name, values in times.items()}


def main() -> None:
    for title, shapes, rounds in (
        (f"{options.size:,} weights", [(options.size,)], options.rounds),
        ("12 small arrays, 141 weights", SMALL, 10 * options.rounds),
    ):
        print(f"\n| {title}, µs | tinygrad_edu | torch fused | torch foreach | best of torch / us |\n|---|---|---|---|---|")
        for name, pair in PAIRS.items():
            found = medians(runs(pair, shapes), rounds)
            mine, *others = (seconds * 1e6 for seconds in found.values())
            ratio = f"{min(others) / mine:.2f}" if others else "-"
            print(f"| {name} | {mine:.0f} | {' | '.join(f'{o:.0f}' for o in others) or '- | -'} | {ratio} |", flush=True)


if __name__ == "__main__":
    main()
