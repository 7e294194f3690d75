"""Owner: what has weights, its own and those of the layers that it is made of, and knows them by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import compat, constraints, initializers, ops, regularizers
from ..budget import claim
from ..rerun import moves_on
from ..tensor import Tensor, as_tensor
from ..variable import Variable
from .arguments import lengths
from .parts import Missing, Whole


class Owner(Whole):
    """Weights and losses, its own and those of its parts. A weight is made by `add_weight`, or is a Variable in an attribute."""

    dtype: Any = Missing()
    any_losses = False  # whether some layer ever added a loss

    _losses: list[Tensor]
    _loss_functions: list[Callable]

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        self = super().__new__(cls)
        vars(self).update(_losses=[], _loss_functions=[])
        return self

    # Weights -------------------------------------------------------------------------------------

    def add_weight(
        self,
        *args: Any,
        name: str | None = None,
        shape: Any = (),
        initializer: Any = "glorot_uniform",
        dtype: Any = None,
        trainable: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
    ) -> Variable:
        """Make a weight that belongs to this layer.

        By position come a name and a shape, in either order, then the initializer, the dtype, or both: the orders of all
        versions of Keras are understood.

        Args:
            name: what it is called in the layer, "kernel"; None counts, and so does a name that is taken.
            shape: lengths of its axes.
            initializer: name, Initializer, array or callable(shape, dtype).
            dtype: of its numbers; None takes the layer's. Whole numbers are never trained.
            trainable: whether an optimizer may change it.
            regularizer: name or callable(weight) of a penalty that is added to the loss, or None.
            constraint: name or callable(weight) of what it becomes after every step of an optimizer, or None.

        Raises:
            ValueError: for an initializer that makes another shape, and in a layer that is built.
        """
        if args:
            given = compat.weight_arguments(type(self).__name__, args)
            name, shape = given.get("name", name), given.get("shape", shape)
            initializer, dtype = given.get("initializer", initializer), given.get("dtype", dtype)
        if self.built and not self._building:
            raise ValueError(f"{self} expects its weights before it is built, got a new {name!r}. Make it in __init__ or build.")
        name, shape = self._free_name(name), lengths(repr(self), f"the shape of {name!r}", shape)
        return self._make_weight(name, shape, initializer, dtype, trainable, regularizer, constraint)

    def _make_weight(self, name, shape, initializer, dtype, trainable, regularizer, constraint) -> Variable:
        dtype = np.dtype(dtype or self.dtype)
        first = "zeros" if claim(shape, dtype) or initializer is None else initializer
        array = initializers.get(first)(shape, dtype.name)
        if np.shape(array) != shape:
            raise ValueError(f"{self} expects its initializer to make {name!r} of shape {shape}, got {np.shape(array)}.")
        regularizer, constraint = regularizers.get(regularizer), constraints.get(constraint)
        variable = Variable(array, dtype, name, trainable and dtype.kind == "f", regularizer, constraint)
        variable.relabel(f"{self.path}/{name}")
        self._weights.append(variable)
        return variable

    def _free_name(self, name: str | None) -> str:
        stem, taken = name or "weight", {weight.name for weight in self._weights}
        count = 1
        while (free := stem if count == 1 else f"{stem}_{count}") in taken:
            count += 1
        return free

    @property
    def weights(self) -> list[Variable]:
        """All weights: its own, the trainable ones first, in the order of their making; then those of each part."""
        own = self._own_weights
        own = [w for w in own if w.trainable] + [w for w in own if not w.trainable]
        if not self._attributes:
            return own
        return unique(own, (layer.weights for layer in self.sublayers))

    variables = weights

    @property
    def trainable_weights(self) -> list[Variable]:
        """Those that an optimizer may change: none while the layer is not trainable."""
        found: dict[Variable, None] = {}  # each once, in order; asked for in every step of a training, so made in one go
        self._add_trained(found)
        return list(found)

    def _add_trained(self, found: dict[Variable, None]) -> None:
        if not self._trainable:
            return
        for weight in self._weights:
            if weight.trainable:
                found[weight] = None
        for part in self._found() if self._attributes else ():
            if isinstance(part, Owner):
                part._add_trained(found)
            elif part.trainable:
                found[part] = None

    trainable_variables = trainable_weights

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """Those that no optimizer changes."""
        trained = set(map(id, self.trainable_weights))
        return [w for w in self.weights if id(w) not in trained]

    non_trainable_variables = non_trainable_weights

    def get_weights(self) -> list[np.ndarray]:
        """Copies of all weights, as arrays, in the order of `weights`."""
        return [np.array(w.array) for w in self.weights]

    def set_weights(self, arrays: Sequence[Any]) -> None:
        """Replace all weights by copies of `arrays`; nothing changes unless all fit.

        Raises:
            ValueError: for arrays of other shapes, or another number of them.
        """
        if len(arrays) and not (self.built or self.weights):
            raise ValueError(f"{self} has no weights yet. Give it an input_shape or call it on data first.")
        weights, arrays = self.weights, [np.asarray(a.array if isinstance(a, Tensor) else a) for a in arrays]
        if [w.shape for w in weights] != [a.shape for a in arrays]:
            raise ValueError(f"{self} expects weights of shapes {[w.shape for w in weights]}, got {[a.shape for a in arrays]}.")
        for weight, array in zip(weights, arrays):
            weight.assign(array)

    def count_params(self) -> int:
        """How many numbers the weights hold."""
        if not self.built:
            raise ValueError(f"{self} has no weights yet. Give it an input_shape or call it on data first.")
        return sum(w.size for w in self.weights)

    # Losses --------------------------------------------------------------------------------------

    @property
    def losses(self) -> list[Tensor]:
        """What is added to the loss of the data: penalties of the weights that are trained, and all that was added.

        A weight's penalty counts once, however often the weight was used. What calls added is that of the last call.
        """
        return self._losses_with(self.trainable_weights)

    def _losses_with(self, trained: Sequence[Variable]) -> list[Tensor]:
        losses = [w.regularizer(w) for w in trained if w.regularizer is not None]
        if Owner.any_losses:
            for layer in self.all_layers:
                losses += [as_tensor(function()) for function in layer._loss_functions] + layer._losses
        return losses

    def add_loss(self, loss: Any) -> None:
        """Add something to the loss that the model is trained for: a KL divergence, an auxiliary loss.

        Args:
            loss: a Tensor, or a list of them, of which the sum counts: from within `call`, where it holds until the next
                call; or a function without arguments, which is asked every time.
        """
        Owner.any_losses = True
        moves_on(self)
        for one in loss if isinstance(loss, (list, tuple)) else [loss]:
            if callable(one):
                self._loss_functions.append(one)
            else:
                one = as_tensor(one)
                self._losses.append(ops.sum(one) if one.shape else one)

    def where_it_stands(self) -> list[Tensor]:
        """The losses that were added so far, for `rerun`."""
        return list(self._losses)

    def stand_at(self, place: list[Tensor]) -> None:
        """Have the losses again that were added."""
        self._losses[:] = place

    def _forget_losses(self) -> None:
        for layer in self.all_layers:
            layer._losses.clear()


def unique(own: list, others: Any) -> list:
    """`own` and all `others`, each once: a layer may be a part of several."""
    return list(dict.fromkeys(x for part in (own, *others) for x in part))
