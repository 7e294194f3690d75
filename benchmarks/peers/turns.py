"""Peers in processes of their own, with as many threads as they are given, that take turns.

Turns, because clocks drift and machines are shared: whatever happens happens to all alike. Who waits for its turn
waits for a line of text and takes no time from the others.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

THREADS = ("OMP", "OPENBLAS", "MKL", "NUMBA")
SLOWING = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")  # set on some hosts; they halve OpenBLAS' speed
HERE = Path(__file__).resolve().parent.parent
Result = dict[str, Any]


def environment(threads: int, **more: str) -> dict[str, str]:
    """Of a process that uses so many threads."""
    pinned = {f"{name}_NUM_THREADS": str(threads) for name in THREADS}
    pinned["XLA_FLAGS"] = f"--xla_cpu_multi_thread_eigen={str(threads > 1).lower()} intra_op_parallelism_threads={threads}"
    path = os.pathsep.join([str(HERE), str(HERE.parent), os.environ.get("PYTHONPATH", "")])
    inherited = {name: value for name, value in os.environ.items() if name not in SLOWING}
    return {**inherited, **pinned, "PYTHONPATH": path, "KERAS_BACKEND": "jax", **more}


def is_installed(peer: str) -> bool:
    """Whether its library is; Keras needs JAX, too."""
    library = peer.split()[0]
    return all(importlib.util.find_spec(name) for name in {"keras": ("keras", "jax")}.get(library, (library,)))


class Turn:
    """A peer's process.

    Args:
        peer: its name in `worker`.
        path: what `data.save` wrote.
        threads: how many it may use; on Linux it gets as many processors, too.
    """

    def __init__(self, peer: str, path: Path, threads: int = 1, **variables: str):
        self.peer, self.threads, self.runs = peer, threads, []
        self.words = tempfile.TemporaryFile("w+")  # noqa: SIM115  a pipe that nobody reads would fill up
        with on_processors(threads):
            self.process = subprocess.Popen(
                [sys.executable, "-m", "peers.worker", peer, str(path)], env=environment(threads, **variables), text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.words,
            )  # fmt: skip

    def ask(self, what: str) -> dict[str, float]:
        """The worker's answer.

        Raises:
            RuntimeError: with its last words, if it has none.
        """
        with contextlib.suppress(BrokenPipeError):
            print(what, file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()  # type: ignore[union-attr]
        if not answer:
            self.words.seek(0)
            words = self.words.read().strip().rpartition("\n")[2]
            raise RuntimeError(f"{self.peer} expects to answer {what!r}, got {words or 'silence'}.")
        return json.loads(answer)

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()
        self.words.close()

    def result(self) -> Result:
        """The first run apart, in which libraries compile; medians of the others."""
        first, *others = self.runs
        middle = {name: statistics.median(run[name] for run in others or [first]) for name in ("wall", "cpu")}
        facts = {"peer": self.peer, "threads": self.threads, **middle, "first": first["wall"], "peak": self.runs[-1]["peak"]}
        return {**facts, **self.ask("loss"), "runs": self.runs}


@contextlib.contextmanager
def on_processors(count: int) -> Iterator[None]:
    """What is started here gets so many processors, where the system can."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[-count:])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextlib.contextmanager
def gathered(peers: list[str], path: Path, threads: int) -> Iterator[list[Turn]]:
    """Processes of the peers that can do it, each after its first run. What a peer cannot do is told on stderr."""
    turns: list[Turn] = []
    try:
        for peer in peers:
            turn = Turn(peer, path, threads)
            turns.append(turn)
            try:
                turn.runs.append(turn.ask("run"))
            except RuntimeError as error:
                turns.pop().close()
                print(f"{error} It is left out.", file=sys.stderr)
        yield turns
    finally:
        for turn in turns:
            turn.close()


def measured(peers: list[str], path: Path, threads: int, rounds: int) -> list[Result]:
    """Every peer's result on a workload, after so many timed turns."""
    with gathered(peers, path, threads) as turns:
        for _ in range(rounds):
            for turn in turns:
                turn.runs.append(turn.ask("run"))
        return [turn.result() for turn in turns]


def from_process_start(peer: str, path: Path, rounds: int, **variables: str) -> float:
    """Median seconds from the start of Python until a peer has trained the workload once, on one thread."""
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        turn = Turn(peer, path, 1, **variables)
        try:
            turn.ask("run")
            times.append(time.perf_counter() - began)
        finally:
            turn.close()
    return statistics.median(times)
