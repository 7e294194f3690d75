"""The process of one peer: it trains when it is told to, and says how long it took.

    python -m peers.worker "jax scan" W1.npz

Reads lines from stdin: `run` trains once from the same beginning, `loss` measures what came out. Each is answered by a
line of JSON. The end of stdin is the end.
"""

from __future__ import annotations

import gc
import importlib
import json
import sys
import time
from pathlib import Path
from typing import Protocol

import numpy as np

from .data import load, loss
from .memory import peak_memory

PEERS = {  # module, form in it
    "tinygrad_edu": ("with_tinygrad_edu", "fit"),
    "jax scan": ("with_jax", "scan"),
    "jax jit": ("with_jax", "jit"),
    "torch eager": ("with_torch", "eager"),
    "torch fused": ("with_torch", "fused"),
    "torch compile": ("with_torch", "compile"),
    "keras on jax": ("with_keras", "fit"),
    "numpy": ("with_numpy", "hand"),
    "numba": ("with_numba", "hand"),
}
SCALARS = {name: ("with_scalars", name) for name in ("tinygrad_edu", "torch", "micrograd")}


class Peer(Protocol):
    """One way to train a workload."""

    def reset(self) -> None:
        """Back to the beginning; not timed."""

    def run(self) -> None:
        """The whole training; it returns when everything has been computed."""

    def weights(self) -> list[np.ndarray]:
        """Trained, in the order of `Data.weights`."""


def timed(peer: Peer) -> dict[str, float]:
    """One run: seconds by the clock and of all processors, and the peak of the process' memory [MB] up to here."""
    peer.reset()
    gc.collect()
    cpu, began = time.process_time(), time.perf_counter()
    peer.run()
    wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    return {"wall": wall, "cpu": cpu, "peak": peak_memory()}


def main(name: str, path: Path) -> None:
    workload, data = load(path)
    module, form = (SCALARS if workload.scalars else PEERS)[name]
    peer: Peer = importlib.import_module(f".{module}", __package__).FORMS[form](workload, data)
    answers = {"run": lambda: timed(peer), "loss": lambda: {"loss": loss(workload, data, peer.weights())}}
    for line in sys.stdin:
        print(json.dumps(answers[line.strip()]()), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
