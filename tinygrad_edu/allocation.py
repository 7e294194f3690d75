"""Keeping the memory of large arrays that were freed for those that follow.

A fresh page of memory costs a page fault when it is first written to, which is more than an addition over it costs.
glibc gives the memory of large arrays back to the system as soon as they are freed, and so a chain of ops on
arrays of 4 MB pays for it again at every op. How large is large it learns: once a block that it got from the system
is freed, blocks up to that size, of at most 32 MB, are kept (mallopt(3), M_MMAP_THRESHOLD). A program meets that
sooner or later; `keep_freed_memory` lets it happen now, with a block that nobody writes to.
"""

from __future__ import annotations

import numpy as np

LARGEST_KEPT = (1 << 25) - (1 << 16)  # bytes: glibc's limit of 32 MB, less what it rounds up


def keep_freed_memory() -> None:
    """Let up to 64 MB stay with the process when arrays are freed. It takes microseconds, and no memory."""
    np.empty(LARGEST_KEPT, np.uint8)
