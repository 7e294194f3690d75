"""Single ops and short chains, forward and backward, beside torch eager and NumPy by hand, in one process.

    python benchmarks/ops.py [--threads 1]

Median times of runs that alternate between the libraries, so that drifting clocks hit all alike.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import statistics
import time
from collections.abc import Callable

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
parser.add_argument("--threads", default="1")
options = parser.parse_args()
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = options.threads
for _name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(_name, None)

import numpy as np

from tinygrad_edu import Tensor, ops

Runs = dict[str, Callable[[], object]]


def arrays(*shapes: tuple[int, ...]) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.standard_normal(shape).astype(np.float32) for shape in shapes]


def libraries(ours: Callable, torchs: Callable | None, data: list[np.ndarray]) -> Runs:
    """A forward and backward pass of the same function for each library that is here."""
    leaves = [Tensor(a) for a in data]

    def run():
        for leaf in leaves:
            leaf.grad = None
        ours(*leaves).backward()

    runs: Runs = {"tinygrad_edu": run}
    if torchs and importlib.util.find_spec("torch"):
        import torch

        torch.set_num_threads(int(options.threads))
        others = [torch.tensor(a, requires_grad=True) for a in data]

        def run_torch():
            for leaf in others:
                leaf.grad = None
            torchs(torch, *others).backward()

        runs["torch"] = run_torch
    return runs


def chain(n: int) -> Runs:
    return libraries(
        lambda x, w, b: (ops.tanh(x * w + b) * ops.sigmoid(x)).sum(),
        lambda torch, x, w, b: (torch.tanh(x * w + b) * torch.sigmoid(x)).sum(),
        arrays((n,), (n,), (n,)),
    )


def matmul(n: int) -> Runs:
    return libraries(lambda a, b: (a @ b).sum(), lambda torch, a, b: (a @ b).sum(), arrays((n, n), (n, n)))


def broadcast_and_sum() -> Runs:
    return libraries(lambda x, b: (x + b).sum(), lambda torch, x, b: (x + b).sum(), arrays((1024, 1024), (1024,)))


def layernorm() -> Runs:
    def ours(x, gamma, beta):
        centred = x - x.mean(axis=-1, keepdims=True)
        variance = ops.square(centred).mean(axis=-1, keepdims=True)
        return (centred / ops.sqrt(variance + 1e-5) * gamma + beta).sum()

    return libraries(
        ours,
        lambda torch, x, gamma, beta: torch.nn.functional.layer_norm(x, (768,), gamma, beta, 1e-5).sum(),
        arrays((4096, 768), (768,), (768,)),
    )


WORKLOADS: dict[str, Callable[[], Runs]] = {
    "chain tanh(xw + b) sigmoid(x), 1e3": lambda: chain(1_000),
    "chain, 1e5": lambda: chain(100_000),
    "chain, 1e7": lambda: chain(10_000_000),
    "matmul 64": lambda: matmul(64),
    "matmul 256": lambda: matmul(256),
    "matmul 1024": lambda: matmul(1024),
    "broadcast + sum, 1024 x 1024": broadcast_and_sum,
    "layernorm 4096 x 768": layernorm,
}


def medians(runs: Runs, seconds: float = 2.0) -> dict[str, float]:
    """Median time of each, run in turn for `seconds` in all and at least five times."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        run()
    ends = time.perf_counter() + seconds
    while time.perf_counter() < ends or len(times["tinygrad_edu"]) < 5:
        for name, run in runs.items():
            began = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - began)
    return {name: statistics.median(values) for name, values in times.items()}


def main() -> None:
    print("| forward and backward | tinygrad_edu | torch | torch / us |\n|---|---|---|---|")
    for name, make in WORKLOADS.items():
        found = medians(make())
        us, torch = 1e6 * found["tinygrad_edu"], 1e6 * found.get("torch", float("nan"))
        print(f"| {name} | {us:.0f} µs | {torch:.0f} µs | {torch / us:.2f} |", flush=True)


if __name__ == "__main__":
    main()
