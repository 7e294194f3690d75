"""What was found out about a step, remembered for models that are built alike: they need not be taken down at all.

The next fold, the next seed, the next learning rate: models of the same layers, losses and settings take the same step, with
other weights. Told apart is all that `form_of` sees. Not remembered is what it cannot see: code of somebody else, generators,
and Tensors that are no weights of the model.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .explain import Names
from .form import PLAIN, Held, form_of
from .kinds import Step, Taken
from .translation import generators_of

KEPT = 32  # steps that are remembered
_known: dict[Hashable, Known] = {}


class Known(NamedTuple):
    """A step without its calls.

    Attributes:
        layers: names of the layers of the model that it was taken down of.
        moved: as in `Taken`.
        common: what steps for batches of all sizes have in common.
        names: of that model.
        forms: by the rows of a batch, the key of its program.
    """

    layers: Sequence[str]
    moved: list[int]
    common: Any
    names: Names
    forms: dict[int, Hashable]

    def step_of(self, weights: Sequence[Any]) -> Step:
        """The step of another model, with which nothing can be done but asking what it moves.

        Args:
            weights: of that model.
        """
        return Step(Taken([], [], list(weights), [], [], None, [], [], self.moved), {})

    def names_of(self, model: Any) -> Names:
        """The names of another model."""
        other = dict(zip(self.layers, _layers_of(model)))
        origins = [("/".join(other.get(name, name) for name in path.split("/")), back) for path, back in self.names.origins]
        return self.names._replace(weights=[weight.path for weight in model.weights], origins=origins)


def key_of(model: Any, weights: Sequence[Any], what: Hashable, tables: Sequence[np.ndarray]) -> Hashable:
    """What a step of a model with some weights depends on, but for rows of a batch; None if nobody can know."""
    form = form_of(model, weights)
    if any(_is_foreign(one) for one in form if type(one) not in PLAIN):
        return None
    return form, what, tuple([(table.shape[1:], table.dtype) for table in tables])


def recall(key: Hashable, counts: Sequence[int]) -> Known | None:
    """What is known of a step for batches of so many rows."""
    known = _known.get(key) if key is not None else None
    return known if known is not None and all(count in known.forms for count in counts) else None


def remember(key: Hashable, model: Any, step: Step, common: Any, names: Names, forms: dict[int, Hashable]) -> None:
    """Remember a step, if models that are built alike take the same."""
    weights = step.taken.weights
    is_own = len(weights) == len(model.weights) and all(one is other for one, other in zip(weights, model.weights))
    if key is None or not is_own or generators_of(step):
        return
    if len(_known) >= KEPT:
        _known.pop(next(iter(_known)), None)
    earlier = _known[key].forms if key in _known else {}
    _known[key] = Known(_layers_of(model), step.taken.moved, common, names, {**earlier, **forms})


def _layers_of(model: Any) -> list[str]:
    return [layer.name for layer in model.layers]


def _is_foreign(one: Any) -> bool:
    """Whether something in a form is code that is not ours, or a thing of one model alone."""
    if isinstance(one, Held):
        one = one.thing
        if not callable(one):
            return not isinstance(one, np.dtype)
    elif not isinstance(one, type):
        return False
    module = getattr(one, "__module__", None) or ""
    return module.partition(".")[0] not in _TRUSTED


_TRUSTED = __name__.partition(".")[0], "numpy", "builtins"
