"""What a training remembers beside the weights: the optimizer's slots, and where layers are in their random numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..random import SeedGenerator
from ..variable import Variable
from .container import Arrays
from .description import wrong
from .weights import PREFIX

# The optimizer -----------------------------------------------------------------------------------


def optimizer_arrays(optimizer: Any, weights: Mapping[str, Variable]) -> Arrays:
    """All that an optimizer remembers, by name: "optimizer:iterations", "optimizer:dense_1/kernel/momentum"."""
    own = {f"{PREFIX}{variable.name}": variable for variable in optimizer._own_variables()}
    slots = {
        f"{PREFIX}{name}/{slot}": variable
        for name, weight in weights.items()
        for slot, variable in optimizer.slots_of(weight).items()
    }
    return {name: np.asarray(variable.array) for name, variable in (own | slots).items()}


def restore_optimizer(path: str, optimizer: Any, weights: Mapping[str, Variable], given: Arrays) -> None:
    """Let an optimizer remember what `optimizer_arrays` gave as `given`.

    Raises:
        ModelFormatError: for slots that are missing, too many, or of other shapes, and for impossible numbers.
    """
    names, own = optimizer._names(), {f"{PREFIX}{variable.name}": variable for variable in optimizer._own_variables()}
    met = {name: weight for name, weight in weights.items() if any(f"{PREFIX}{name}/{slot}" in given for slot in names)}
    shapes = {f"{PREFIX}{name}/{slot}": weight.shape for name, weight in met.items() for slot in names}
    _check_shapes(path, shapes | dict.fromkeys(own, ()), given)
    optimizer._states_of(list(met.values()))  # makes the slots
    slots = {f"{PREFIX}{name}/{slot}": v for name, weight in met.items() for slot, v in optimizer.slots_of(weight).items()}
    for name, variable in (own | slots).items():
        array = given[name]
        if array.dtype != variable.dtype:
            raise wrong(path, f"{name!r} of {variable.dtype}", array.dtype)
        if name in own and not 0 <= array < np.inf:
            raise wrong(path, f"{name!r} to be a number >= 0", array)
        variable.assign(array)


def _check_shapes(path: str, shapes: dict[str, Any], given: Arrays) -> None:
    for name in [*shapes, *given]:
        found = given[name].shape if name in given else None
        if shapes.get(name) != found:
            raise wrong(path, f"{name!r} to have the shape {shapes.get(name)}", found)


# Random numbers ----------------------------------------------------------------------------------


def generators(model: Any) -> dict[SeedGenerator, list[tuple[int, str]]]:
    """Each generator of a model's layers, and where it is: the number of the layer, the name of the attribute."""
    places: dict[SeedGenerator, list[tuple[int, str]]] = {}
    for number, layer in enumerate(model.all_layers):
        for attribute, value in vars(layer).items():
            if isinstance(value, SeedGenerator):
                places.setdefault(value, []).append((number, attribute))
    return places


def generator_states(model: Any) -> list[dict[str, Any]]:
    """Where each generator is in its numbers, as plain data."""
    return [{"places": places, **generator.state} for generator, places in generators(model).items()]


def restore_generators(path: str, model: Any, states: Any) -> None:
    """Let the generators of a model go on where those of the saved one were; what was one generator is one again.

    Raises:
        ModelFormatError: for states that are none, or of generators that there are not.
    """
    layers = model.all_layers
    for state in states if isinstance(states, list) else [states]:
        match state:
            case {"places": [[int(), str()], *_] as places, "key": [int(a), int(b)], "counter": int(counter)} if (
                0 <= a < 2**64 and 0 <= b < 2**64 and 0 <= counter < 2**63
            ):
                found = [_at(path, layers, place) for place in places]
                found[0].state = {"key": [a, b], "counter": counter}
                for number, attribute in places[1:]:
                    setattr(layers[number], attribute, found[0])
            case _:
                raise wrong(path, "the state of a generator of random numbers", state)


def _at(path: str, layers: list[Any], place: Any) -> SeedGenerator:
    match place:
        case [int(number), str(attribute)] if 0 <= number < len(layers):
            found = vars(layers[number]).get(attribute)
            if isinstance(found, SeedGenerator):
                return found
    raise wrong(path, "a generator of random numbers for each state", f"none at {place}")
