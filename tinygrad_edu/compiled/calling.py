"""From Python to the machine and back: running an instruction, and instructions that are Python functions.

A signal that raises an error would raise it at the first line of Python, wherever that is: between two lines of ctypes it
would be printed and forgotten, and an instruction left out. So while compiled code runs signals wait, as for any step.
"""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from ..interruption import WholeSteps
from .fields import FAILED, ROW

_Code = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
_Row = ctypes.c_int64 * ROW
_now = threading.local()  # the run of this thread


def call(code: Any, row: np.ndarray, dtype: Any) -> int:
    """Run one instruction, and all that it runs, without the GIL. Returns what it returned.

    Args:
        code: an opcode, or its address.
        row: the instruction. What it points to must live as long as it runs.
        dtype: of the numbers, float32 or float64.

    Raises:
        Exception: what a Python function raised that an instruction called.
    """
    address = code if isinstance(code, int) else code.address(dtype)
    with _Run() as run:
        result = run.run(lambda place: _Code(address)(place, None, None), row.ctypes.data)
    if run.errors:
        raise run.errors[0]
    return result


def ready(address: int, row: np.ndarray) -> Callable[[], int]:
    """A function that runs one instruction in which no Python is called, in under a microsecond: signals come before or after.

    It returns what the instruction returned.

    Args:
        address: of the code.
        row: the instruction, which must stay where it is.
    """
    code, place = _Code(address), row.ctypes.data

    return lambda: code(place, None, None)


class _Run(WholeSteps):
    """One call: signals wait, and errors of Python functions are kept until it has ended."""

    def __init__(self) -> None:
        super().__init__()
        self.errors: list[BaseException] = []
        self.is_open = False

    def __enter__(self) -> _Run:
        self._around, _now.run = getattr(_now, "run", None), self
        super().__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        _now.run = self._around
        super().__exit__(*error)

    def keep(self, function: Callable[[], int | None]) -> int:
        """What a function returns, as the machine understands it; its error, kept, as FAILED."""
        try:
            try:
                self.is_open = True
                return int(function() or 0)
            finally:
                self.is_open = False
        except BaseException as error:
            self.errors.append(error)
            return FAILED


class PythonOpcode:
    """An opcode whose code is a Python function of the row of its instruction. An error in it stops the run."""

    def __init__(self, function: Callable[[np.ndarray], int | None]):
        self.function = function
        self._code = _Code(self._run)
        self._address = ctypes.cast(self._code, ctypes.c_void_p).value or 0

    def address(self, dtype: Any = None) -> int:
        """Where its code lies, as long as this object lives."""
        return self._address

    def _run(self, step: int, numbers: int, whole: int) -> int:
        return _now.run.keep(lambda: self.function(np.ctypeslib.as_array(_Row.from_address(step))))


def python_opcode(function: Callable[[np.ndarray], int | None]) -> PythonOpcode:
    """An opcode whose code is a Python function. An error in it stops the run, and is raised by `call`."""
    return PythonOpcode(function)
