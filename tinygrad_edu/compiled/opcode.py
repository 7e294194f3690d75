"""@opcode: an instruction of the machine, compiled by itself when somebody first asks for its address.

    @opcode
    def double(step, numbers, whole):
        a, n, out = step[1], step[2], step[3]
        for i in range(n):
            numbers[out + i] = 2 * numbers[a + i]

An opcode gets the row of its instruction, and all memory twice: as floats and as whole numbers, from address 0 on, so that
`numbers[a]` lies at byte a * itemsize. It returns None or 0 to go on, and any other whole number to stop the run. The first
number of a row is the address of its code; an opcode can run other instructions (`perform`), so a machine is an opcode, too.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from . import objects
from .calling import call as call
from .calling import python_opcode as python_opcode
from .identity import identity


class Opcode:
    """Code for one kind of instruction.

    Args:
        function: of (step, numbers, whole), which may call kernels.
        name: by which it is cached and shown; None means the function's own.
        double: the function where numbers are float64; None means the same.
    """

    def __init__(self, function: Callable, name: str | None = None, double: Callable | None = None):
        self.function, self.double, self.name = function, double or function, name or function.__name__
        self.__doc__ = function.__doc__
        self._addresses: dict[str, int] = {}
        self._identities: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"<Opcode {self.name}>"

    def of(self, dtype: str) -> Callable:
        """The function for numbers of a type."""
        return self.double if dtype == "float64" else self.function

    def file(self, dtype: str) -> str:
        """The name of the file that its object code is kept in."""
        if dtype not in self._identities:
            self._identities[dtype] = identity(self.of(dtype))
        return f"{self.name}.{dtype}.{self._identities[dtype]}.object"

    def address(self, dtype: Any) -> int:
        """Where its code lies in this process, loaded or compiled when it is first asked for."""
        if (found := self._addresses.get(name := np.dtype(dtype).name)) is None:
            prepare([self], dtype)
            found = self._addresses[name]
        return found


def opcode(function: Callable | None = None, *, name: str | None = None) -> Any:
    """An opcode of a function."""
    if function is None:
        return functools.partial(opcode, name=name)
    return Opcode(function, name)


def prepare(opcodes: Iterable[Any], dtype: Any) -> None:
    """Have the addresses of several opcodes: read, compiled, and loaded together."""
    dtype, opcodes = np.dtype(dtype).name, {one for one in opcodes if isinstance(one, Opcode)}
    if all(dtype in one._addresses for one in opcodes):
        return
    with _loading:
        ordered = sorted((one for one in opcodes if dtype not in one._addresses), key=lambda one: one.name)
        for one, address in zip(ordered, objects.addresses(ordered, dtype)):
            one._addresses[dtype] = address


_loading = threading.RLock()  # LLVM moves code about while it makes it ready: a second thread would find it half there


def perform(at, numbers, whole):
    """Run the instruction whose row begins at whole[at], in compiled code. Returns what it returned."""
    raise TypeError("perform expects to be called by a kernel or an opcode. Use `call`.")


def _performed(builder: Any, at: Any, numbers: Any, whole: Any) -> Any:
    """How it is written down: the first number of the row is an address to be called."""
    from llvmlite import ir

    from .typed import INT, WORD, Number, Value

    step = builder.gep(whole.only, [at.only])
    rest = step, numbers.only, whole.only
    code = ir.FunctionType(WORD, [one.type for one in rest])
    return Value(Number(INT), [builder.call(builder.inttoptr(builder.load(step), code.as_pointer()), rest)])


perform.word = lambda: _performed  # type: ignore[attr-defined]  # as the words of `vectors` say what they are
perform.__wrapped__ = _performed  # type: ignore[attr-defined]
