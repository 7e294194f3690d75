"""`@tinygrad_edu.compiled`: a function of arrays, run by the machine that also trains models, without Python between its ops.

    >>> import tinygrad_edu as tg
    >>> @tg.compiled
    ... def slope(x, w):
    ...     loss = tg.ops.sum(tg.ops.tanh(x * w))
    ...     return loss, tg.gradients(loss, [w])[0]
    >>> loss, g = slope(tg.Tensor([0.0, 1.0]), tg.Tensor([2.0, 0.0]))
    >>> loss.item(), g.tolist()
    (0.0, [0.0, 1.0])

The first call with arrays of new shapes and types takes the function down and plans it; `slope.explain()` prints the plan, or
why there is none. Neighbouring ops run on some numbers at a time, without Python in between. Gradients are taken inside; no
backward pass goes through what comes out. Arguments that are no arrays belong to the function: for others it is planned anew.
Optimizers may take their steps in it: a training loop of one's own.
This package is that decorator (see `function`), and has all that it is made of:

    tape         all that happens in a block, in order
    step         a step of training on a tape              kinds     what every array in it is
    translation  from a step to a program                  program   values and actions       passes  fewer of them
    places       where values lie, and how they are seen
    plan         instructions, and where every value lies  lowering  what each action becomes
    plans        plans of steps and of functions           blocks   neighbours that run some rows at a time
    fields       what the numbers of an instruction mean
    elementwise  products  sums  machine  movers           opcodes   scalars   functions of numbers
    norms  norm_slopes  classes  logits  draws             opcodes   normalizing  classifying  what ops become, in them
    opcode       code that is compiled by itself           objects   kept as object code
    moves        what an optimizer becomes                 updates   an optimizer and its weights, linked
    link         a plan with addresses
    stepper      a model's step, run on batches of rows    runner    to learn, or only to look
    another      a second batch, where there is only one
    function     @compiled                                 invocation   a function for arguments of one form
    lessons      steps of optimizers in a function         surroundings what it reaches beside its arguments
    writes       weights that are written to on the way

See docs/performance.md.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType

from .another import with_others as with_others
from .errors import NotCompiledError as NotCompiledError
from .function import Compiled as Compiled
from .function import compiled as _compiled
from .objects import folder as folder
from .objects import require_compiler as require_compiler
from .runner import Asker as Asker
from .runner import Runner as Runner
from .stepper import Ran as Ran
from .stepper import run_in_turns as run_in_turns
from .stepper import sizes_of_batches as sizes_of_batches


class _Decorator(ModuleType):
    """A package that is called by the name of what it offers: importing any part of it puts the package under that name."""

    def __call__(self, function: Callable) -> Compiled:
        return _compiled(function)


sys.modules[__name__].__class__ = _Decorator
