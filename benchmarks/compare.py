"""Measuring libraries against each other: in turn, in one process, on one thread; and the table that shows it.

Import this before NumPy: it sets the number of threads, and takes away what halves OpenBLAS on some machines.
"""

from __future__ import annotations

import importlib.util
import os
import statistics
import time
from collections.abc import Callable

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[_name] = "1"
for _name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(_name, None)

US = "tinygrad_edu"
Runs = dict[str, Callable[[], object]]  # the same work, by library
UNITS = {"s": (1, 1), "ms": (1e-3, 1e3), "µs": (1e-6, 1e6)}


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


def header(*peers: str) -> None:
    """The first lines of a table with a column for us and, as ratios, one for each of the peers."""
    names = (US, *(f"{name} / us" for name in peers))
    print("| | " + " | ".join(names) + " |\n|---|" + "---|" * len(names))


def row(what: str, figures: dict[str, float], peers: tuple[str, ...], unit: str = "s") -> None:
    """A line of the table: our figure, and by how many times those of the peers are larger."""
    ratios = [f"{figures[name] / figures[US]:.2f}" if name in figures else "" for name in peers]
    print(f"| {what} | " + " | ".join([_with_unit(figures[US], unit), *ratios]) + " |", flush=True)


def _with_unit(figure: float, unit: str) -> str:
    """Three digits, of seconds in the unit that suits them."""
    if unit == "s":
        unit = "s" if figure >= 1 else "ms" if figure >= 1e-3 else "µs"
        figure *= UNITS[unit][1]
    return f"{float(f'{figure:.3g}'):g} {unit}"
