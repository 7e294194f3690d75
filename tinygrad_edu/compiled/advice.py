"""What LLVM is told about loops: where their code shall begin, and how many numbers shall be done at once.

Both are notes on the branch that goes back to the beginning of a loop, which LLVM's passes hand on from one to the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llvmlite import ir

READ_AT_ONCE = 32  # bytes of code: a short loop that begins elsewhere may take 1.8 times as long
LINE = 64  # bytes of a line of the cache: two vectors of most processors
ARITHMETIC, LONG = ("fadd", "fsub", "fmul", "fdiv"), 12


def advise(back: Any, blocks: Sequence[Any], name: str) -> None:
    """Note advice on a loop.

    Args:
        back: the branch to its beginning.
        blocks: what is done in it; none if no number of numbers shall be advised.
        name: of its own.
    """
    module, advice = back.function.module, [("llvm.loop.align", READ_AT_ONCE)]
    if count := _at_once([one for block in blocks for one in block.instructions]):
        advice.append(("llvm.loop.vectorize.width", count))
    loop = module.add_metadata([name])
    loop.operands = loop, *(module.add_metadata([word, ir.IntType(32)(number)]) for word, number in advice)  # says that it is it
    back.set_metadata("llvm.loop", loop)


def _at_once(instructions: Sequence[Any]) -> int:
    """How many numbers shall be done at once; 0 if LLVM knows better.

    Arithmetic on one number waits for itself longer than for another one where there is much of it, so that two lines are better
    than one.
    """
    calls = [one.callee for one in instructions if isinstance(one, ir.CallInstr)]
    types = [one.type for one in instructions if one.opname in ARITHMETIC]
    is_plain = all(getattr(one, "name", "").startswith("llvm.") for one in calls) and not any(map(_is_vector, types))
    if not is_plain or len(types) < LONG:
        return 0
    return LINE // (4 if any(isinstance(one, ir.FloatType) for one in types) else 8)


def _is_vector(form: Any) -> bool:
    return isinstance(form, ir.VectorType)
