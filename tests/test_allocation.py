"""The memory of large arrays is used again, not given back and asked for anew."""

import platform
import subprocess
import sys

import pytest

CODE = """
import resource, numpy as np
{first}
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
def work():
    for _ in range(20):
        step = [np.ones(1 << 18) for _ in range(8)]  # of 2 MB: NumPy asks for huge pages from 4 MB on
        del step
before = faults()
work()
print(faults() - before)
"""


def faults(first):
    """Page faults of twenty steps that need 16 MB each, in a process that does `first`."""
    done = subprocess.run([sys.executable, "-c", CODE.format(first=first)], capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries keep or return memory in their own ways")
def test_large_arrays_get_memory_that_was_paid_for_already():
    assert faults("import tinygrad_edu.record") < 0.2 * faults("")


def test_it_takes_no_memory():
    code = "import resource, tinygrad_edu.allocation as a; p = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss; "
    code += "before = p(); [a.keep_freed_memory() for _ in range(9)]; print(p() - before)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stderr, int(done.stdout) < 2000) == ("", True)
