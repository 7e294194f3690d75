"""How much memory a process has had at most."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

STATUS = Path("/proc/self/status")


def peak_memory() -> float:
    """Peak resident memory of this process [MB].

    On Linux `ru_maxrss` begins with what the parent had when it started us, which for a small child of a large parent is
    all one sees; VmHWM begins with the program.
    """
    if STATUS.exists():
        return next(int(line.split()[1]) / 1024 for line in STATUS.read_text().splitlines() if line.startswith("VmHWM"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 1024)
