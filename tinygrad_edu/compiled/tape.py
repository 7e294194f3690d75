"""The tape: every call of an op in a block, forward and backward, in the order of the calls.

An op that is called on Values tells whoever looks for anomalies of its result; the tape is one that looks, and finds nothing
wrong. A backward pass with `create_graph` runs its rules on Values, through the same door. So whatever a model, a loss or a
penalty is made of, one step under a tape is a flat list of calls of ops, and nothing that is called has to know of it.

    >>> from tinygrad_edu import Tensor
    >>> x = Tensor([1.0, 2.0])
    >>> with Tape() as tape:
    ...     y = (x * 3.0).tanh()
    >>> [call.op.name for call in tape.calls]
    ['multiply', 'tanh']
    >>> tape.calls[1].inputs[0] is tape.calls[0].out
    True

Values are told apart by their arrays, not by the Tensors around them: a Tensor may be wrapped anew, the numbers stay where
they are. What is computed with NumPy alone is not on the tape; `step` finds such arrays by the numbers in them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ..graph import Node, Value
from ..modes import current, detector_variable, detectors
from ..record import Op


class Call(NamedTuple):
    """One call of an op: on which arrays and numbers, with which parameters, what came out, and whence it came.

    Attributes:
        layer: path of the layer that called it, or on the way back from whose op it is; "" if none.
        is_backward: whether a gradient rule called it.
    """

    op: Op
    inputs: tuple
    params: dict[str, Any]
    out: Any
    layer: str = ""
    is_backward: bool = False


class Tape:
    """Notes the calls of ops in a `with` block, in this thread."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._behind: Node | None = None  # the node that is being gone back through

    def __enter__(self) -> Tape:
        self._token = detector_variable.set(self)
        detectors.add(self)
        return self

    def __exit__(self, *error: Any) -> None:
        detectors.discard(self)
        detector_variable.reset(self._token)

    def look_at_result(self, op: Op, args: tuple, out: Any, params: dict, node: Any) -> None:
        """Note a call."""
        inputs = tuple(x.array if isinstance(x, Value) else x for x in args)
        self.calls.append(Call(op, inputs, {**op.defaults, **params}, out, *self._origin()))

    def looking_at(self, go_back: Any) -> Any:
        """The step of a backward pass, as it is, but noted: its rules call ops."""

        def noted(node: Node, *args: Any) -> None:
            before, self._behind = self._behind, node
            try:
                go_back(node, *args)
            finally:
                self._behind = before

        return noted

    def _origin(self) -> tuple[str, bool]:
        return (current().scope, False) if self._behind is None else (self._behind.scope, True)
