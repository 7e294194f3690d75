"""What a training is a training of, in words and checksums, so that its position is not taken for that of another one."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from .batches import ArrayBatches, NumberedBatches, Source, Stream
from .data import Rows
from .validation import Validation

_PLAIN = (bool, int, float, str, type(None))


def identity_of(model: Any, stream: Stream, steps: int | None, validation: Validation | None) -> dict[str, Any]:
    """Dicts, lists, texts and numbers that are equal for trainings that can go on from each other's positions.

    Names of layers are left out, since a script that builds two models gives others to the second. So is what a generator will
    give: nobody can know.
    """
    return {
        "model": _of_model(model),
        "data": {**_of_source(stream.source), "shuffle": stream.rng is not None, "steps per epoch": steps},
        "validation": None if validation is None else {**_of_source(validation.source), "steps": validation.steps},
    }


def difference(noted: Any, here: Any, path: tuple = ()) -> str | None:
    """The first thing in which two identities differ, or None.

    >>> difference({"model": {"layers": [{"units": 8}]}}, {"model": {"layers": [{"units": 4}]}})
    'model, layers, 0, units: 8 there, 4 here'
    """
    if isinstance(noted, dict) and isinstance(here, dict):
        pairs = [(key, noted.get(key), here.get(key)) for key in dict.fromkeys([*noted, *here])]
    elif isinstance(noted, list) and isinstance(here, list) and len(noted) == len(here):
        pairs = list(zip(range(len(here)), noted, here))
    else:
        return None if noted == here else f"{', '.join(map(str, path))}: {_short(noted)} there, {_short(here)} here"
    found = (difference(a, b, (*path, key)) for key, a, b in pairs)
    return next((words for words in found if words), None)


def _short(x: Any) -> str:
    return f"{len(x)} of them" if isinstance(x, (list, dict)) else repr(x)


def _of_model(model: Any) -> dict[str, Any]:
    optimizer = model.optimizer
    settings = {name: value for name, value in _settings(optimizer) if name != "learning_rate"}  # that may have moved
    return {
        "layers": [{"class": type(layer).__name__, **dict(_settings(layer))} for layer in model.all_layers[1:]],
        "weights": [f"{weight.shape} {weight.dtype}" for weight in model.weights],
        "optimizer": {"class": type(optimizer).__name__, **settings},
        "losses": [None if loss is None else loss.name for loss in model._objective.losses],
        "metrics": model._scores.names,
    }


def _settings(thing: Any) -> Iterator[tuple[str, Any]]:
    """The numbers and words that it was made with, but for its name."""
    try:
        config = thing.get_config()
    except (NotImplementedError, TypeError, ValueError):  # what cannot be written down is not compared
        return iter(())
    return ((name, value) for name, value in config.items() if name != "name" and isinstance(value, _PLAIN))


def _of_source(source: Source) -> dict[str, Any]:
    if isinstance(source, ArrayBatches):
        parts = {"x": source.x, "y": source.y, "sample_weight": source.sample_weight}
        arrays = {name: None if rows is None else _of_rows(rows) for name, rows in parts.items()}
        return {**arrays, "batch_size": source.batch_size, "in blocks": source.in_blocks}
    return {"batches": source.steps if isinstance(source, NumberedBatches) else "of a generator"}


def _of_rows(rows: Rows) -> list[str | None]:
    """Shape, dtype and checksum of each array; a gigabyte takes a second, once in a training that asks for it."""
    return [None if part is None else f"{part.shape} {part.dtype}, checksum {_checksum(part):08x}" for part in rows.parts]


def _checksum(array: np.ndarray) -> int:
    return zlib.crc32(np.ascontiguousarray(array))  # type: ignore[arg-type]
