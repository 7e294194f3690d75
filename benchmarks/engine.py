"""What the engine costs: deep graphs, many small nodes, memory, the first gradient of a process.

    python benchmarks/engine.py

Medians of several runs in one process, one thread. Where torch or micrograd are installed they run
the same in the same process, and the ratio to them is what counts: clocks of shared machines drift.
"""

from __future__ import annotations

import gc
import importlib.util
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"
for _name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(_name, None)

import numpy as np

from tinygrad_edu import Tensor
from tinygrad_edu.graph import Node


def seconds(function: Callable[[], object], runs: int = 5) -> float:
    """Median time of a call, after one that is not counted."""
    function()
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        function()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def leaf_makers() -> dict[str, Callable]:
    """How each library makes a scalar leaf."""
    makers: dict[str, Callable] = {"tinygrad_edu": Tensor}
    if importlib.util.find_spec("torch"):
        import torch

        torch.set_num_threads(1)
        makers["torch"] = lambda x: torch.tensor(x, requires_grad=True)
    if importlib.util.find_spec("micrograd"):
        from micrograd.engine import Value

        makers["micrograd"] = Value
    return makers


def tree(leaf: Callable, leaves: int = 50_000) -> None:
    """A tree of 2 x `leaves` nodes, sums and products in turn, built and gone back through."""
    level, depth = [leaf(1 + 1e-6 * i) for i in range(leaves)], 0
    while len(level) > 1:
        pairs = zip(level[0::2], level[1::2])
        rest = level[-1:] if len(level) % 2 else []
        level = [a * b if depth % 2 else a + b for a, b in pairs] + rest
        depth += 1
    level[0].backward()


def chain(leaf: Callable, nodes: int = 1_000_000) -> None:
    """x + 1 + 1 + ..., forward and backward."""
    x = y = leaf(1.0)
    for _ in range(nodes):
        y = y + 1
    y.backward()
    assert float(x.grad) == 1


def op_overhead(library: str, size: tuple[int, int] = (32, 5)) -> float:
    """Seconds that recording `x + x` adds to NumPy's own addition."""
    array = np.ones(size, np.float32)
    x = Tensor(array) if library == "tinygrad_edu" else __import__("torch").tensor(array, requires_grad=True)

    def many(z):
        for _ in range(20_000):
            z + z

    return (seconds(lambda: many(x)) - seconds(lambda: many(array))) / 20_000


def cyclic_objects_a_step(steps: int = 100) -> float:
    """Objects that only the garbage collector could free, per training step."""
    w = Tensor(np.ones((5, 5)))
    gc.collect()
    gc.disable()
    try:
        for _ in range(steps):
            (np.ones((32, 5)) @ w).tanh().mean().backward()
        return gc.collect() / steps
    finally:
        gc.enable()


def fresh_process(code: str) -> float:
    """Seconds from the start of a Python process until `code` is done, the interpreter's own start taken off."""

    def run(source: str) -> float:
        return seconds(lambda: subprocess.run([sys.executable, "-c", source], check=True), 5)

    return run(code) - run("pass")


def chain_in_a_process(library: str) -> tuple[float, float]:
    """Seconds and peak memory [MB] of the chain of 1,000,000 nodes, alone in a process with a shallow stack."""
    leaf = "from tinygrad_edu import Tensor as leaf" if library == "tinygrad_edu" else (
        "import torch; torch.set_num_threads(1); leaf = lambda x: torch.tensor(x, requires_grad=True)"
    )  # fmt: skip
    code = (
        f"import sys, time, resource; sys.path.insert(0, {os.path.dirname(__file__)!r}); {leaf}; from engine import chain; "
        "sys.setrecursionlimit(150); t = time.perf_counter(); chain(leaf); "
        "print(time.perf_counter() - t, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)"
    )
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    return float(out[0]), float(out[1])


def main() -> None:
    makers = leaf_makers()
    print("| what | library | figure | ratio to us |\n|---|---|---|---|")

    def show(what: str, figures: dict[str, float], unit: str) -> None:
        for library, figure in figures.items():
            print(f"| {what} | {library} | {figure:.3g} {unit} | {figure / figures['tinygrad_edu']:.2f} |", flush=True)

    show("tree of 100,000 scalar nodes", {name: seconds(lambda m=make: tree(m), 3) for name, make in makers.items()}, "s")  # type: ignore[misc]
    deep = {name: chain_in_a_process(name) for name in makers if name != "micrograd"}
    show("chain of 1,000,000 nodes, recursion limit 150", {name: s for name, (s, _) in deep.items()}, "s")
    show("its peak memory", {name: mb for name, (_, mb) in deep.items()}, "MB")
    show("recording x + x, 32 x 5, above NumPy", {name: 1e6 * op_overhead(name) for name in makers if name != "micrograd"}, "µs")
    print(f"| cyclic objects a training step | tinygrad_edu | {cyclic_objects_a_step():g} | |")
    imports = {"tinygrad_edu": "import tinygrad_edu", "torch": "import torch"}
    show("import", {name: fresh_process(imports[name]) for name in makers if name in imports}, "s")
    first = {
        "tinygrad_edu": "from tinygrad_edu import Tensor; x = Tensor([1.0, 2.0]); (x * x).sum().backward()",
        "torch": "import torch; x = torch.tensor([1.0, 2.0], requires_grad=True); (x * x).sum().backward()",
    }
    show("first gradient of a process", {name: fresh_process(first[name]) for name in makers if name in first}, "s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"\nNode: {Node.__basicsize__} bytes. Peak of this process: {peak} MB.")


if __name__ == "__main__":
    main()
