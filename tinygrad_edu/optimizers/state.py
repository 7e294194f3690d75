"""What an optimizer keeps of each weight: its slots, and flat views of everything for the kernels."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, MutableMapping, Sequence
from typing import Any

import numpy as np

from ..graph import Value
from ..variable import Variable


class State:
    """A weight beside its slots.

    A weight of float16 has slots of float32 and moves as a float32 copy, `p`, which is rounded back: the squares that most
    optimizers keep would vanish in float16.

    Args:
        variable: the weight.
        slots: by name, in the order of the optimizer's `slots`, then those that `update` does not see.
        moved: how many of them `update` gets.
        flat: whether it gets them as arrays of one axis.
    """

    __slots__ = "arrays", "char", "dtype", "flat_slots", "is_copy", "moved", "names", "p", "shape", "slots", "variable"

    def __init__(self, variable: Variable, slots: dict[str, Variable], moved: int, flat: bool = True):
        self.variable, self.slots, self.moved, self.flat_slots = variable, slots, moved, flat
        self.names = tuple(slots)
        self.shape, self.dtype = variable.array.shape, working_dtype(variable)
        self.p = variable.array.reshape(-1).astype(self.dtype, copy=False)
        self.is_copy, self.char = self.dtype != variable.dtype, self.dtype.char
        self.arrays = tuple(slot.array.reshape(-1) if flat else slot.array for slot in slots.values())[:moved]

    def flat(self, gradient: Any) -> np.ndarray:
        """A gradient of this weight as kernels want it: flat, contiguous, of the dtype that the weight moves in."""
        g = gradient.array if isinstance(gradient, Value) else np.asarray(gradient)
        if g.shape != self.shape:
            raise ValueError(
                f"Variable {self.variable.path!r} expects a gradient of its shape {self.shape}, got {g.shape}. "
                "Pass gradients and variables in the same order."
            )
        if g.dtype is not self.dtype or not g.flags.carray:  # anything else would be compiled for once more
            if g.dtype.kind not in "fiub":
                raise TypeError(f"Variable {self.variable.path!r} expects a gradient of real numbers, got {g.dtype}.")
            g = np.array(g, self.dtype, order="C")
        return g if g.ndim == 1 else g.reshape(-1)

    def read(self) -> None:
        """Before a step: what the copy is a copy of."""
        self.p[:] = self.variable.array.reshape(-1)

    def write(self) -> None:
        """After a step: round the copy into the weight, and note that the weight changed."""
        if self.is_copy:
            self.variable.array.reshape(-1)[:] = self.p
        self.variable.mark_changed()

    def __reduce__(self) -> tuple:
        return State, (self.variable, self.slots, self.moved, self.flat_slots)  # views are made anew, of the copied arrays


def working_dtype(variable: Variable) -> np.dtype:
    """In which a weight moves: its own, and at least float32."""
    return np.promote_types(variable.dtype, np.float32)


def cast(states: list[State], numbers: Sequence[float]) -> dict[str, np.ndarray]:
    """`numbers` as an array of each dtype that a weight moves in, by its character: float64 halves the speed of float32."""
    return {char: np.array(numbers, char) for char in dict.fromkeys([state.char for state in states])}


class Stateful:
    """Slots for weights, that can be listed, saved and restored."""

    name: str
    slots: tuple[str, ...]
    flat_slots = True  # whether `update` gets its slots as arrays of one axis; not where their shapes say something

    def __init__(self) -> None:
        self._states: dict[Variable, State] = {}
        self._built: list[Variable] | None = None

    def _names(self) -> tuple[str, ...]:
        """Names of the slots of a weight, those of `slots` first."""
        raise NotImplementedError

    def _new_slot(self, name: str, weight: np.ndarray) -> np.ndarray:
        """The numbers that a slot of `weight` begins with."""
        raise NotImplementedError

    def _own_variables(self) -> list[Variable]:
        """What is remembered of no weight in particular."""
        raise NotImplementedError

    # Making slots --------------------------------------------------------------------------------

    @property
    def built(self) -> bool:
        """Whether there are slots."""
        return bool(self._states) or self._built is not None

    def build(self, variables: Iterable[Variable]) -> None:
        """Make the slots of `variables` now. From then on only these are known, until the next `build`.

        Without it, slots are made for each weight that `apply` meets, also for one that was frozen at first.
        """
        self._built = None
        weights = list(variables)
        self._states_of(weights)
        self._built = weights

    def _matched(self, gradients: list, variables: Sequence[Variable] | None) -> tuple[list[State], list[np.ndarray]]:
        """The states of the weights that have a gradient, and those gradients, flat."""
        if variables is None or len(gradients) != len(variables):
            known = "no variables" if variables is None else len(variables)
            raise ValueError(f"{self} expects a gradient per variable, got {len(gradients)} for {known}.")
        missing = [variable.path for variable, g in zip(variables, gradients) if g is None]
        if missing and len(missing) == len(gradients):
            raise ValueError(f"{self} expects at least one gradient, got None for all. Does the loss depend on the weights?")
        if missing:
            self.warn_of_missing(missing, stacklevel=4)
            variables = [variable for variable, g in zip(variables, gradients) if g is not None]
            gradients = [g for g in gradients if g is not None]
        states = self._states_of(variables)
        return states, [state.flat(g) for state, g in zip(states, gradients)]

    def warn_of_missing(self, paths: Iterable[str], stacklevel: int = 2) -> None:
        """Say that some weights stay where they are."""
        warnings.warn(f"{self.name} got no gradient for {', '.join(paths)}. Does the loss depend on it?", stacklevel=stacklevel)

    def _states_of(self, variables: Sequence[Variable]) -> list[State]:
        names, states = self._names(), self._states
        for variable in variables:
            known = states.get(variable)
            if known is None or known.names != names:
                self._begin(variable, names)
        return [states[variable] for variable in variables]

    def _begin(self, variable: Variable, names: tuple[str, ...]) -> None:
        """Make the slots that a weight lacks."""
        kind = type(self).__name__
        if not isinstance(variable, Variable):
            raise TypeError(f"{kind} expects Variables, got {type(variable).__name__}. Write Variable(data).")
        if self._built is not None and not any(variable is known for known in self._built):
            raise ValueError(f"{kind} expects variables that it was built for, got {variable.path!r}. Call build() with all.")
        slots = dict(self._states[variable].slots) if variable in self._states else {}
        weight = variable.array.astype(working_dtype(variable))
        for name in names:
            if name not in slots:
                slots[name] = Variable(self._new_slot(name, weight), name=name, trainable=False)
                slots[name].relabel(f"{self.name}/{variable.path}/{name}")
        self._states[variable] = State(variable, {name: slots[name] for name in names}, len(self.slots), self.flat_slots)

    # What is remembered --------------------------------------------------------------------------

    @property
    def variables(self) -> list[Variable]:
        """The count of calls, the learning rate unless it has a schedule, and the slots, weight by weight."""
        return [*self._own_variables(), *(slot for state in self._states.values() for slot in state.slots.values())]

    def slots_of(self, variable: Variable) -> dict[str, Variable]:
        """The slots of a weight by name; none before its first step."""
        return dict(self._states[variable].slots) if variable in self._states else {}

    def get_weights(self) -> list[np.ndarray]:
        """Copies of the numbers of all `variables`."""
        return [variable.array.copy() for variable in self.variables]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Take over what `get_weights` of an optimizer like this gave. Call `build` first, so that there are slots.

        Raises:
            ValueError: for other numbers of arrays, or other shapes; then nothing is taken over.
        """
        variables, arrays = self.variables, [np.asarray(weight) for weight in weights]
        shapes, given = [v.shape for v in variables], [a.shape for a in arrays]
        if shapes != given:
            raise ValueError(
                f"{type(self).__name__} expects {len(shapes)} arrays of shapes {shapes}, got {len(given)} of {given}. "
                "Call build(model.trainable_weights) first."
            )
        for variable, array in zip(variables, arrays):
            variable.assign(array)

    def save_own_variables(self, store: MutableMapping[str, Any]) -> None:
        """Put `get_weights` into a mapping, under "0", "1", ..."""
        store.update({str(i): array for i, array in enumerate(self.get_weights())})

    def load_own_variables(self, store: MutableMapping[str, Any]) -> None:
        """Take over what `save_own_variables` put into `store`; as `set_weights`."""
        self.set_weights([store[str(i)] for i in range(len(store))])
