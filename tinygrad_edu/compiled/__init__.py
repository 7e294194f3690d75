"""The compiled step: taken down once, planned, and run by one machine for as many batches as there are.

    tape         all that happens in a block, in order
    step         a step of training on a tape              kinds     what every array in it is
    translation  from a step to a program                  program   values and actions       passes  fewer of them
    places       where values lie, and how they are seen
    plan         instructions, and where every value lies  lowering  what each action becomes
    plans        plans of steps and of functions
    fields       what the numbers of an instruction mean
    elementwise  products  sums  classes  machine  movers  opcodes   scalars   functions of numbers
    opcode       code that is compiled by itself           objects   kept as object code
    moves        what an optimizer becomes                 updates   an optimizer and its weights, linked
    link         a plan with addresses
    stepper      a model's step, run on batches of rows    runner    to learn, or only to look

See docs/performance.md.
"""

from .runner import Asker as Asker, Runner as Runner
from .stepper import run_in_turns as run_in_turns
from .errors import NotCompiledError as NotCompiledError
