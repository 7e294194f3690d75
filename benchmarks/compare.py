"""Measuring libraries against each other: in turn, in one process, on one thread.

Import this before NumPy: it sets the number of threads, and takes away what halves OpenBLAS on some machines.
"""

from __future__ import annotations

import importlib.util
import os
import statistics
import time
from collections.abc import Callable

from peers.table import US
from peers.turns import SLOWING, THREADS

os.environ.update({f"{_name}_NUM_THREADS": "1" for _name in THREADS})
for _name in SLOWING:
    os.environ.pop(_name, None)

Runs = dict[str, Callable[[], object]]  # the same work, by library


def peer(name: str):
    """A library to compare with, or None where it is not installed."""
    if not importlib.util.find_spec(name):
        return None
    library = importlib.import_module(name)
    if name == "torch":
        library.set_num_threads(1)
    return library


def medians(runs: Runs, seconds: float = 2.0, least: int = 5, before: Callable[[], object] = int) -> dict[str, float]:
    """Median time of each, after one run that is not counted: in turn for `seconds` in all, at least `least` times.

    They take turns so that a clock that drifts, and other work on the machine, hit all alike. `before` is called
    before each run, and not counted.
    """
    times: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        run()
    ends = time.perf_counter() + seconds
    while time.perf_counter() < ends or len(times[US]) < least:
        for name, run in runs.items():
            before()
            began = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - began)
    return {name: statistics.median(values) for name, values in times.items()}
