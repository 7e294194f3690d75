"""The weights of a model, layer by layer: under which names they are saved, and how they find back."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..variable import Variable
from .container import Arrays, ModelFormatError
from .description import wrong

PREFIX = "optimizer:"  # of the names of an optimizer's arrays


class Shelf(NamedTuple):
    """The weights that one layer owns itself, and what they are called in a file."""

    layer: str
    weights: dict[str, Variable]


class Saved(NamedTuple):
    """The arrays that a file has for one layer."""

    layer: str
    arrays: Arrays


def shelves_of(model: Any) -> list[Shelf]:
    """The layers that own weights, in order, the model first. Names that occur again get a number."""
    shelves: list[Shelf] = []
    seen: set[int] = set()
    names: set[str] = set()
    for layer in model.all_layers:
        of_parts = {id(weight) for part in layer.sublayers for weight in part.weights}
        own = [weight for weight in layer.weights if id(weight) not in seen and id(weight) not in of_parts]
        seen |= {id(weight) for weight in own}
        if own:
            name = _free(layer.path if layer is not model else layer.name, names)
            taken: set[str] = set()
            shelves.append(Shelf(name, {f"{name}/{_free(weight.name, taken)}": weight for weight in own}))
    return shelves


def _free(name: str, taken: set[str]) -> str:
    """`name`, or with a number if it is taken; now it is."""
    free, count = name, 1
    while free in taken:
        count += 1
        free = f"{name}#{count}"
    taken.add(free)
    return free


def named(shelves: Sequence[Shelf]) -> dict[str, Variable]:
    """All weights by the names that they have in files."""
    return {name: weight for shelf in shelves for name, weight in shelf.weights.items()}


def index_of(shelves: Sequence[Shelf]) -> list[list[Any]]:
    """Which arrays belong to which layer, in order, as plain data."""
    return [[shelf.layer, list(shelf.weights)] for shelf in shelves]


def saved_layers(path: str, index: Any, arrays: Arrays) -> list[Saved]:
    """The arrays of each layer, as an index says.

    Raises:
        ModelFormatError: if it is none, or names arrays that there are not, or twice.
    """
    found, used = [], set()
    for layer, names in _entries(path, index):
        missing = [name for name in names if name in used or name not in arrays]
        if missing:
            raise wrong(path, f"an array for each weight of {layer!r}", f"none for {missing[0]!r}")
        used.update(names)
        found.append(Saved(layer, {name: arrays[name] for name in names}))
    return found


def _entries(path: str, index: Any) -> Iterator[tuple[str, list[str]]]:
    for entry in index if isinstance(index, list) else [None]:
        match entry:
            case [str(layer), list(names)] if all(isinstance(name, str) for name in names):
                yield layer, names
            case _:
                raise wrong(path, "a layer and the names of its arrays", entry)


def other_arrays(path: str, saved: Sequence[Saved], arrays: Arrays) -> Arrays:
    """The arrays that belong to no layer, but to the optimizer.

    Raises:
        ModelFormatError: for those that belong to neither.
    """
    known = {name for found in saved for name in found.arrays}
    others = {name: array for name, array in arrays.items() if name not in known}
    stray = [name for name in others if not name.startswith(PREFIX)]
    if stray:
        raise wrong(path, "arrays of its layers and its optimizer", repr(stray[0]))
    return others


# Putting them back -------------------------------------------------------------------------------


def put_back(
    path: str, model: Any, saved: Sequence[Saved], *, by_name: bool = False, skip_mismatch: bool = False, exact: bool = False
) -> dict[str, Variable]:
    """Give the arrays of a file to the weights of a model; to all of them, or to none. Returns the weights by the file's names.

    Args:
        path: of the file, for messages.
        model: built.
        saved: what the file has.
        by_name: only layers that are called alike. Else all, in order, whatever they are called.
        skip_mismatch: leave layers alone, with a warning, whose shapes differ or that are missing. Else that is an error.
        exact: whether dtypes must agree, too. Else floats become the floats that the weight is made of.
    """
    pairs, problems = _paired(shelves_of(model), saved, by_name)
    fitting: dict[str, Variable] = {}
    for shelf, found in pairs:
        differences = _differences(shelf, found, exact)
        problems += [f"{shelf.layer}: {difference}" for difference in differences]
        fitting |= {} if differences else dict(zip(found.arrays, shelf.weights.values()))
    if problems:
        _tell(path, model, problems, skip_mismatch, exact)
    arrays = {name: array for found in saved for name, array in found.arrays.items()}
    for name, weight in fitting.items():
        weight.assign(arrays[name])
    _warn_of_nan(path, fitting)
    return fitting


def _paired(shelves: list[Shelf], saved: Sequence[Saved], by_name: bool) -> tuple[list[tuple[Shelf, Saved]], list[str]]:
    """Which layer of the model meets which one of the file, and what is left over on either side."""
    if by_name:
        known = {found.layer: found for found in saved}
        return [(shelf, known[shelf.layer]) for shelf in shelves if shelf.layer in known], []
    missing = [f"{shelf.layer}: not in the file" for shelf in shelves[len(saved) :]]
    return list(zip(shelves, saved)), missing + [f"{found.layer}: only in the file" for found in saved[len(shelves) :]]


def _differences(shelf: Shelf, found: Saved, exact: bool) -> list[str]:
    weights, arrays = list(shelf.weights.values()), list(found.arrays.values())
    if len(weights) != len(arrays):
        return [f"{len(weights)} weights {_shapes(weights)}, and {len(arrays)} {_shapes(arrays)} in the file"]
    return [
        f"{weight.name} {weight.shape} {weight.dtype}, and {array.shape} {array.dtype} in the file"
        for weight, array in zip(weights, arrays)
        if weight.shape != array.shape or not _same_kind(weight.dtype, array.dtype, exact)
    ]


def _shapes(arrays: Sequence[Any]) -> str:
    return ", ".join(str(array.shape) for array in arrays)


def _same_kind(a: np.dtype, b: np.dtype, exact: bool) -> bool:
    return a == b if exact else a.kind == b.kind


def _tell(path: str, model: Any, problems: list[str], skip: bool, whole: bool) -> None:
    """An error with a line for each layer that does not fit, or a warning."""
    lines = "\n  ".join([*problems[:20], *["..."] * (len(problems) > 20)])
    if skip:
        warnings.warn(f"{model.who} leaves layers as they are that {path!r} has no fitting weights for:\n  {lines}", stacklevel=4)
        return
    remedy = "Build the model as it was saved, or pass skip_mismatch=True to leave these layers as they are."
    raise ModelFormatError(
        f"{model.who} expects weights that fit its layers, got others from {path!r}:\n  {lines}"
        + ("" if whole else f"\n{remedy}")
    )


def _warn_of_nan(path: str, fitting: dict[str, Variable]) -> None:
    broken = [weight.path for weight in fitting.values() if weight.dtype.kind == "f" and not np.isfinite(weight.array).all()]
    if broken:
        warnings.warn(f"{path!r} has nan or inf in {', '.join(broken[:5])}. Load a file from before that happened.", stacklevel=4)
