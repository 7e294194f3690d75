"""What `compile` is given, sorted by output: one for all of them, a list in their order, or a dict by their names."""

from __future__ import annotations

from typing import Any

from .loss import Loss, get


def per_output(given: Any, names: list[str]) -> list[Loss | None]:
    """A loss for each output, None for outputs that have none.

    Args:
        given: one loss for every output, a list with one for each, or a dict by output; None skips an output.
        names: of the outputs.

    Raises:
        ValueError: for a list of another length or a dict with other names; it lists the outputs.

        >>> per_output({"price": "mse"}, ["price", "sold"])
        [<MeanSquaredError 'mean_squared_error'>, None]
    """
    return [get(_lone(one)) for one in spread("loss", given, names)]


def _lone(given: Any) -> Any:
    """What is alone in a list: lists of metrics per output have taught people to write losses so, too."""
    return given[0] if isinstance(given, (list, tuple)) and len(given) == 1 else given


def spread(what: str, given: Any, names: list[str]) -> list:
    """What is given for each output: `given` itself, unless it is a list, with one for each, or a dict by name.

    Args:
        what: what it is called in messages.
        given: what a user gave. A dict may leave outputs out: None is given for these.
        names: of the outputs.

    Raises:
        ValueError: for a list of another length or a dict with other names; it lists the outputs.

        >>> spread("loss_weights", [1.0, 0.2], ["main", "aux"])
        [1.0, 0.2]
    """
    if isinstance(given, (list, tuple)):
        if len(given) != len(names):
            raise ValueError(f"compile expects one {what} per output {names}, got a list of {len(given)}.")
        return list(given)
    if isinstance(given, dict) and "class_name" not in given:
        unknown = [name for name in given if name not in names]
        if unknown:
            raise ValueError(f"compile expects {what} by the names of outputs, {names}, got {unknown[0]!r}.")
        return [given.get(name) for name in names]
    return [given] * len(names)
