"""Whole trainings through `model.fit`, beside torch, JAX, Keras on JAX, and what one writes by hand in NumPy and Numba.

    python benchmarks/versus.py [--workloads W1 W5b32] [--peers tinygrad_edu "jax scan"] [--threads 1 2] [--clock cpu]

Prints tables in Markdown, and writes everything that was measured into a JSON file outside of this folder. Peers that are
not installed are left out (`pip install 'tinygrad_edu[bench]'` has them all). Real data are read from the folder named by
TINYGRAD_EDU_DATA, or made in the same shape.

All peers get the same samples in the same order, the same initial weights and hyper-parameters, in float32, and have to end
with the same loss. Each has a process of its own with as many threads and processors as are said; they take turns, and of
each the median is shown, after a first run in which libraries compile. Above 1 we are faster. Memory is the peak of the whole
process, library and data included.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from peers.data import save
from peers.making import is_real, make
from peers.table import US, header, row
from peers.turns import HERE, Result, from_process_start, is_installed, measured
from peers.worker import PEERS, SCALARS
from peers.workloads import WORKLOADS

TOLERANCE = 0.02  # of the losses in the end, relative; the moving variance of torch is the unbiased one, 0.7 % in W6
LIBRARIES = "numpy", "numba", "jax", "keras", "torch", "micrograd"
CLOCKS = {"wall": "Seconds by the clock", "cpu": "Seconds of processors"}
START = "W11: from the start of Python until W1 is trained"


def main() -> int:
    options = arguments()
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: Path(folder, f"{name}.npz") for name in options.workloads}
        for name, path in paths.items():
            save(path, WORKLOADS[name], make(WORKLOADS[name]))
        results = [result for threads in options.threads for result in on_threads(options, paths, threads)]
        starts = from_start(options, paths["W1"], Path(folder, "cache")) if "W1" in paths else {}
    options.json.write_text(json.dumps({"machine": machine(), "results": results, "starts": starts}, indent=1), encoding="utf-8")
    print("\n" + "\n".join(notes(options, results)))
    return int(any(result["doubted"] for result in results))


def on_threads(options: argparse.Namespace, paths: dict[str, Path], threads: int) -> list[Result]:
    """All workloads on so many threads. Scalars are for one."""
    dense = [name for name in paths if not WORKLOADS[name].scalars]
    scalar = [name for name in paths if WORKLOADS[name].scalars and threads == 1]
    words = f"{threads} thread{'s' * (threads > 1)}"
    found = table(f"{CLOCKS[options.clock]}, {words}", dense, options.peers, paths, threads, options)
    show_memory(f"Peak memory, {words}", found, options.peers)
    return found + table(f"Scalar nodes, {words}", scalar, [*filter(is_installed, SCALARS)], paths, threads, options)


def table(
    title: str, names: list[str], peers: list[str], paths: dict[str, Path], threads: int, options: argparse.Namespace
) -> list[Result]:
    """Measure workloads, and print each as soon as it is known."""
    found: list[Result] = []
    if names:
        print(f"\n**{title}**\n\n{header(*others(peers))}", flush=True)
    for name in names:
        results = measured(peers, paths[name], threads, options.rounds)
        doubted = disagreeing(results)
        found += [{"workload": name, "doubted": result["peer"] in doubted, **result} for result in results]
        figures = {result["peer"]: result[options.clock] for result in results}
        print(row(f"{name}: {WORKLOADS[name].what}", figures, others(peers), doubted=doubted), flush=True)
    return found


def disagreeing(results: list[Result]) -> list[str]:
    """Peers whose loss in the end is not that of the middle one."""
    middle = sorted(result["loss"] for result in results)[len(results) // 2]
    return [result["peer"] for result in results if not abs(result["loss"] - middle) <= TOLERANCE * abs(middle)]


def show_memory(title: str, results: list[Result], peers: list[str]) -> None:
    """The peaks of the processes in which the large network was trained with SGD."""
    large = [name for name in dict.fromkeys(result["workload"] for result in results) if name.startswith("W5")]
    if large:
        print(f"\n**{title}**\n\n{header(*others(peers))}")
    for name in large:
        figures = {result["peer"]: result["peak"] for result in results if result["workload"] == name}
        print(row(name, figures, others(peers), "MB"))


def from_start(options: argparse.Namespace, path: Path, cache: Path) -> dict[str, float]:
    """Seconds of whole processes: with a warm cache of compiled kernels, and of us with none."""
    print(f"\n**From the start of Python, 1 thread**\n\n{header(*others(options.peers))}", flush=True)
    found = {peer: from_process_start(peer, path, options.rounds) for peer in options.peers}
    print(row(START, found, others(options.peers)), flush=True)
    cold = {**found, US: from_process_start(US, path, 1, NUMBA_CACHE_DIR=str(cache))}
    print(row("the same, our cache of kernels empty", cold, others(options.peers)))
    return {**found, f"{US}, cold": cold[US]}


def others(peers: list[str]) -> list[str]:
    return [peer for peer in peers if peer != US]


def machine() -> dict[str, str]:
    """What the figures depend on."""
    facts = {"machine": platform.machine(), "processors": str(os.cpu_count()), "python": platform.python_version()}
    for library in LIBRARIES:
        try:
            facts[library] = version(library)
        except PackageNotFoundError:
            continue
    return {**facts, "load": " ".join(f"{load:.1f}" for load in os.getloadavg())} if hasattr(os, "getloadavg") else facts


def notes(options: argparse.Namespace, results: list[Result]) -> list[str]:
    """What one has to know to believe the tables."""
    made = [name for name in options.workloads if not is_real(WORKLOADS[name])]
    share = min((result["cpu"] / result["wall"] for result in results if result["threads"] == 1), default=1.0)
    said = [", ".join(f"{what} {fact}" for what, fact in machine().items()) + f". Medians of {options.rounds} turns."]
    said += [f"Data made in the shape of the real ones: {', '.join(made)}."] * bool(made)
    said += [f"The machine was shared: a process got as little as {share:.0%} of a processor."] * (share < 0.9)
    said += ["Struck out: another loss in the end than the others'."] * any(result["doubted"] for result in results)
    return [*said, f"All figures: {options.json}"]


def arguments(words: list[str] | None = None) -> argparse.Namespace:
    """What the command line says; `peers` are those of them that are installed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workloads", nargs="+", choices=WORKLOADS, default=[*WORKLOADS], metavar="W", help=", ".join(WORKLOADS))
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=[*PEERS], metavar="NAME", help=", ".join(PEERS))
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2], metavar="N")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="timed runs of each")
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="cpu is steadier where others use the machine, too")
    parser.add_argument("--json", type=Path, default=Path(tempfile.gettempdir(), "tinygrad_edu_versus.json"), metavar="FILE")
    options = parser.parse_args(words)
    if HERE.parent in options.json.resolve().parents:
        parser.error(f"versus expects a file outside of {HERE.parent}, got {options.json}. Measurements are not source.")
    options.peers = [US, *(peer for peer in options.peers if peer != US and is_installed(peer))]
    return options


if __name__ == "__main__":
    sys.exit(main())
