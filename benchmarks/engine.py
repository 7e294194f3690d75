"""What the engine costs beside torch and micrograd: deep graphs, many small nodes, memory, and single ops.

    python benchmarks/engine.py

All in one process and on one thread. The libraries take turns, round by round, and what is shown is our median and
the ratio of theirs to it: clocks of shared machines drift, ratios hardly do. Above 1 we are faster.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Callable

from compare import US, medians, peer
from peers.memory import peak_memory
from peers.table import header, row
from workloads import WORKLOADS

import numpy as np

from tinygrad_edu import Tensor
from tinygrad_edu.graph import Node

PEERS = "torch", "micrograd"


def leaf_makers() -> dict[str, Callable]:
    """How each library makes a scalar leaf."""
    makers: dict[str, Callable] = {US: Tensor}
    torch = peer("torch")
    if torch:
        makers["torch"] = lambda x: torch.tensor(x, requires_grad=True)
    if peer("micrograd"):
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


def op_overheads(size: tuple[int, int] = (32, 5), times: int = 20_000) -> dict[str, float]:
    """Seconds that recording `x + x` adds to NumPy's own addition."""
    array = np.ones(size, np.float32)
    torch = peer("torch")
    operands = {US: Tensor(array), "numpy": array, **({"torch": torch.tensor(array, requires_grad=True)} if torch else {})}

    def many(z):
        for _ in range(times):
            z + z

    found = medians({name: lambda z=z: many(z) for name, z in operands.items()})  # type: ignore[misc]
    plain = found.pop("numpy")
    return {name: (seconds - plain) / times for name, seconds in found.items()}


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


def fresh_processes(codes: dict[str, str]) -> dict[str, float]:
    """Seconds from the start of a Python process until its code is done, the interpreter's own start taken off."""

    def run(source: str) -> None:
        subprocess.run([sys.executable, "-c", source], check=True)

    found = medians({name: lambda code=code: run(code) for name, code in {**codes, "": "pass"}.items()})  # type: ignore[misc]
    start = found.pop("")
    return {name: seconds - start for name, seconds in found.items()}


def chain_in_a_process(library: str) -> tuple[float, float]:
    """Seconds and peak memory [MB] of the chain of 1,000,000 nodes, alone in a process with a shallow stack."""
    leaf = "from tinygrad_edu import Tensor as leaf" if library == US else (
        "import torch; torch.set_num_threads(1); leaf = lambda x: torch.tensor(x, requires_grad=True)"
    )  # fmt: skip
    code = (
        f"import sys, time; sys.path.insert(0, {os.path.dirname(__file__)!r}); {leaf}; from engine import chain, peak_memory; "
        "sys.setrecursionlimit(150); t = time.perf_counter(); chain(leaf); "
        "print(time.perf_counter() - t, peak_memory())"
    )
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    return float(out[0]), float(out[1])


IMPORTS = {US: "import tinygrad_edu", "torch": "import torch"}
FIRST_GRADIENTS = {
    US: "from tinygrad_edu import Tensor; x = Tensor([1.0, 2.0]); (x * x).sum().backward()",
    "torch": "import torch; x = torch.tensor([1.0, 2.0], requires_grad=True); (x * x).sum().backward()",
}


def main() -> None:
    makers = leaf_makers()
    tensors = [name for name in makers if name != "micrograd"]
    gc.collect()
    gc.freeze()  # no library pays for the objects that the import of another has made; nor, below, for its garbage
    print(header(*PEERS))
    print(row("recording x + x, 32 x 5, above NumPy", op_overheads(), PEERS), flush=True)
    trees = {name: lambda make=make: tree(make) for name, make in makers.items()}  # type: ignore[misc]
    print(row("tree of 100,000 scalar nodes", medians(trees, before=gc.collect), PEERS), flush=True)
    deep = {name: chain_in_a_process(name) for name in tensors}
    print(row("chain of 1,000,000 nodes, recursion limit 150", {name: s for name, (s, _) in deep.items()}, PEERS), flush=True)
    print(row("its peak memory", {name: mb for name, (_, mb) in deep.items()}, PEERS, "MB"), flush=True)
    for name, make in WORKLOADS.items():
        print(row(name, medians(make()), PEERS), flush=True)
    for what, codes in (("import", IMPORTS), ("first gradient of a process", FIRST_GRADIENTS)):
        print(row(what, fresh_processes({name: codes[name] for name in tensors}), PEERS), flush=True)
    print(f"\nCyclic objects a step: {cyclic_objects_a_step():g}. Node: {Node.__basicsize__} bytes. Peak: {peak_memory():.0f} MB")


if __name__ == "__main__":
    main()
