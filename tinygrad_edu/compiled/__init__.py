"""The compiled step: taken down once, planned, and run by one machine for as many batches as there are.

    tape         every call of an op in a block, in order
    step         a step of training on a tape, of which every array is known to be what
    program      values and actions, made shorter
    places       where values lie in the arena
    fields       what the numbers of an instruction mean
    elementwise  matrices blas   opcodes
    machine      the loop that runs them, compiled once for an installation
    plan         instructions, and where every value lies
    lowering     what each op becomes
    moves        what an optimizer becomes     movers   its opcodes
    updates      an optimizer and its weights, linked
    runner       a model's step, run

See docs/performance.md.
"""

from .runner import Runner as Runner
from .step import NotCompiledError as NotCompiledError
