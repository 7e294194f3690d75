"""The state of a model in training, besides its place in the data: noted, and put back."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from ..saving.progress import generators
from .scores import restore, states_of


def capture(model: Any) -> dict[str, Any]:
    """Copies of all that a step reads and changes, as dicts, lists, numbers and arrays.

    "weights"; "optimizer": its own numbers, and the slots of each weight; "metrics": what was counted so far; "random": the
    generators of layers; "numpy" and "python": the global generators, from which everything unseeded draws.
    """
    version, numbers, gauss = random.getstate()
    optimizer = model.optimizer
    return {
        "weights": model.get_weights(),
        "optimizer": {
            "own": [np.array(variable.array) for variable in optimizer._own_variables()],
            "slots": [{name: np.array(slot.array) for name, slot in optimizer.slots_of(w).items()} for w in model.weights],
        },
        "metrics": states_of(model.metrics),
        "random": [generator.state for generator in generators(model)],
        "numpy": np.random.get_state(legacy=False),
        "python": {"version": version, "numbers": np.array(numbers, np.uint64), "gauss": gauss},
    }


def go_back(model: Any, state: dict[str, Any]) -> None:
    """Put back what `capture` of this model, or of one made by the same code, has noted."""
    optimizer = model.optimizer
    model.set_weights(state["weights"])
    with_slots = [(weight, slots) for weight, slots in zip(model.weights, state["optimizer"]["slots"]) if slots]
    optimizer._states_of([weight for weight, _ in with_slots])
    for weight, slots in with_slots:
        for name, slot in optimizer.slots_of(weight).items():
            slot.assign(slots[name])
    for variable, array in zip(optimizer._own_variables(), state["optimizer"]["own"]):
        variable.assign(array)
    restore(model.metrics, state["metrics"])
    for generator, noted in zip(generators(model), state["random"]):
        generator.state = noted
    np.random.set_state(state["numpy"])
    python = state["python"]
    random.setstate((python["version"], tuple(python["numbers"].tolist()), python["gauss"]))
