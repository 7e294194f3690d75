"""Models in files: saved whole or by their weights, loaded again to predict the same and to train on the same way.

A file holds arrays and words (see `saving.container`), under any name: `model.h5`, `model.keras`, `model`. Loading looks class
names up among ours and among those that you offer; it imports and executes nothing.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from .. import losses, metrics, optimizers
from ..budget import PAGE, budget
from ..layers.layer import registry
from ..layers.shapes import map_shapes
from ..registry import custom_object_scope, get_custom_objects, serialize
from ..saving import container, progress, weights
from ..saving.container import Arrays
from ..saving.description import check_stamp, from_text, stamp, to_text, told_of, wrong

ROOM = 9 * 2**20  # bytes that a model may need beside the arrays in its file
FORMATS = (None, "h5", "keras", "tf")


class Saved:
    """What a model can do with files."""

    name: str
    built: bool
    compiled_with: dict[str, Any] | None
    get_config: Callable

    def save(self, filepath: Any, overwrite: bool = True, include_optimizer: bool = True, save_format: str | None = None) -> None:
        """Write all of the model into one file: structure, weights, what it was compiled with, and the optimizer's slots.

        The file replaces an older one only when it is complete.

        Args:
            filepath: name of the file, in a folder that exists; any extension, or none.
            overwrite: whether an older file may be replaced.
            include_optimizer: whether what `compile` was given is saved, too, so that training can go on.
            save_format: Keras' names of formats. All give the same file.

        Raises:
            NotImplementedError: for a subclass that does not say how to make it again; use `save_weights` then.
            TypeError: for parts that have no name, such as a lambda.
            FileExistsError: for an older file and overwrite=False.
            OSError: if the file cannot be written; an older one is as it was.
        """
        path = _free_path("save", filepath, overwrite, save_format)
        shelves = weights.shelves_of(self)
        words = stamp() | {"model": to_text(_described(self)), "layers": to_text(weights.index_of(shelves))}
        words |= {"input_shape": to_text(getattr(self, "_input_shape", None)), "random": to_text(progress.generator_states(self))}
        arrays = {name: weight.array for name, weight in weights.named(shelves).items()}
        if include_optimizer and self.compiled_with is not None:
            words["compile"] = to_text(_compiled(self))
            arrays |= progress.optimizer_arrays(self.optimizer, weights.named(shelves))  # type: ignore[attr-defined]
        container.write(path, arrays, words)

    def save_weights(self, filepath: Any, overwrite: bool = True, save_format: str | None = None) -> None:
        """Write the weights into one file, for a model of the same layers. Args and Raises: as of `save`."""
        path = _free_path("save_weights", filepath, overwrite, save_format)
        if not self.built:
            raise ValueError(f"{self} expects weights before save_weights, got none. Call it on data, or build(shape), first.")
        shelves = weights.shelves_of(self)
        words = {"layers": to_text(weights.index_of(shelves)), "input_shape": to_text(getattr(self, "_input_shape", None))}
        container.write(path, {name: weight.array for name, weight in weights.named(shelves).items()}, stamp() | words)

    def load_weights(self, filepath: Any, by_name: bool = False, skip_mismatch: bool = False) -> None:
        """Take over the weights in a file of `save` or `save_weights`: all, or none if not all fit.

        A model without weights is built for the shape of inputs that the saved one had.

        Args:
            filepath: name of the file.
            by_name: only layers that are called alike take weights over. Else all do, in order, whatever they are called.
            skip_mismatch: leave layers as they are, with a warning, where shapes differ.

        Raises:
            FileNotFoundError: if there is no such file.
            ModelFormatError: if it is damaged or no file of ours; with a line for each layer if its weights do not fit.
        """
        path, arrays, words = _read("load_weights", filepath)
        with budget(_worth(arrays)):
            _build(path, self, words)
        saved = weights.saved_layers(path, from_text(path, "layers", words.get("layers")), arrays)
        weights.put_back(path, self, saved, by_name=by_name, skip_mismatch=skip_mismatch)

    def to_json(self, **options: Any) -> str:
        """The structure without weights as JSON, for `model_from_json`. Options are those of `json.dumps`."""
        return to_text(_described(self), **options)


def save_model(
    model: Any, filepath: Any, overwrite: bool = True, include_optimizer: bool = True, save_format: str | None = None
) -> None:
    """`model.save`."""
    model.save(filepath, overwrite, include_optimizer, save_format)


def load_model(filepath: Any, custom_objects: dict[str, Any] | None = None, compile: bool = True) -> Any:
    """The model that `save` has written: it predicts the same, and trains on as the saved one would have.

    Args:
        filepath: name of the file.
        custom_objects: classes and functions of yours that the model is made of, by name. They cannot replace ours.
        compile: whether to compile the model as it was compiled, and to restore the optimizer.

    Raises:
        FileNotFoundError: if there is no such file.
        ModelFormatError: if it is damaged, no file of ours, or made of what nobody has offered; it says which line to add.

        >>> import tempfile
        >>> from tinygrad_edu import Sequential, layers
        >>> model = Sequential([layers.Dense(1, input_dim=2)])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     model.save(f"{folder}/model.h5")
        ...     again = load_model(f"{folder}/model.h5")
        >>> bool((again.predict([[1.0, 2.0]]) == model.predict([[1.0, 2.0]])).all())
        True
    """
    path, arrays, words = _read("load_model", filepath)
    if "model" not in words:
        raise wrong(path, "a whole model", "weights only. Build the model and call its load_weights")
    with custom_object_scope(custom_objects), budget(_worth(arrays)):
        model = _model_of(path, from_text(path, "model", words["model"]))
        _build(path, model, words)
        saved = weights.saved_layers(path, from_text(path, "layers", words.get("layers")), arrays)
        named = weights.put_back(path, model, saved, exact=True)
        progress.restore_generators(path, model, from_text(path, "random", words.get("random")))
        rest = weights.other_arrays(path, saved, arrays)
        if compile and "compile" in words:
            _compile(path, model, from_text(path, "compile", words["compile"]))
            progress.restore_optimizer(path, model.optimizer, named, rest)
    return model


def model_from_json(json_string: str, custom_objects: dict[str, Any] | None = None) -> Any:
    """A new model of the structure that `to_json` has written; its weights are new, too."""
    with custom_object_scope(custom_objects):
        return _model_of("the text", from_text("the text", "model", json_string))


# Writing -----------------------------------------------------------------------------------------


def _free_path(owner: str, filepath: Any, overwrite: bool, save_format: Any) -> str:
    """Where to write to, if that may be."""
    path = _path(owner, filepath)
    if save_format not in FORMATS:
        raise ValueError(f"{owner} expects save_format out of {FORMATS}, got {save_format!r}. All give the same file.")
    if not overwrite and os.path.lexists(path):
        raise FileExistsError(f"{owner} expects a new file with overwrite=False, got {path!r}, which exists. Take another name.")
    return path


def _path(owner: str, filepath: Any) -> str:
    if not isinstance(filepath, (str, os.PathLike)):
        raise TypeError(f"{owner} expects the name of a file, got {filepath!r}. Write 'model.keras'.")
    return os.fspath(filepath)


def _described(model: Any) -> dict[str, Any]:
    """Class and config of a model."""
    for layer in model.all_layers:
        if registry.hides(type(layer)):
            raise ValueError(
                f"save expects another name for the class of {layer.who}, got one that means a layer of ours. "
                "Rename it, or decorate it with register_keras_serializable(name=...)."
            )
    try:
        return serialize(model)
    except NotImplementedError as error:
        raise NotImplementedError(f"{error} Or save the weights alone: save_weights(path).") from error


def _compiled(model: Any) -> dict[str, Any]:
    """What a model was compiled with, as plain data."""
    try:
        return {"optimizer": serialize(model.optimizer), **serialize(model.compiled_with)}
    except TypeError as error:
        error.add_note("save(..., include_optimizer=False) leaves out what the model was compiled with.")
        raise


# Reading -----------------------------------------------------------------------------------------


def _read(owner: str, filepath: Any) -> tuple[str, Arrays, dict[str, str]]:
    path = _path(owner, filepath)
    arrays, words = container.read(path)
    check_stamp(path, words)
    return path, arrays, words


def _worth(arrays: Arrays) -> int:
    """Bytes that a model may claim which has these arrays."""
    return sum(max(array.nbytes, PAGE) for array in arrays.values()) + ROOM


def _model_of(path: str, description: Any) -> Any:
    """A new model, without its weights if it does not know its inputs."""
    with told_of(path, "a model"):
        model = registry.get(description)
    if not isinstance(model, Saved):
        raise wrong(path, "a model", model)
    return model


def _build(path: str, model: Any, words: dict[str, str]) -> None:
    """Make the weights of a model that has none, for the shape of inputs in the file."""
    shape = from_text(path, "input_shape", words.get("input_shape"))
    if shape is not None and not model.built:
        with told_of(path, "a model"):
            model.build(map_shapes(tuple, shape))


def _compile(path: str, model: Any, settings: Any) -> None:
    """Compile a model as it was compiled."""
    if not isinstance(settings, dict):
        raise wrong(path, "the arguments of compile", settings)
    with told_of(path, "an optimizer, a loss and metrics"):
        found = {name: _made(name, value) for name, value in settings.items()}
        model.compile(**found)


def _made(argument: str, value: Any) -> Any:
    """An argument of `compile` with objects in the place of their descriptions; names of ours stay names."""
    family = _FAMILIES.get(argument)
    if family is None:
        return value
    if isinstance(value, dict) and "class_name" not in value:
        return {key: _made(argument, one) for key, one in value.items()}
    if isinstance(value, list):
        return [_made(argument, one) for one in value]
    if value is None or (isinstance(value, str) and value not in get_custom_objects()):
        return value
    return family.get(value)


_FAMILIES = {
    "optimizer": optimizers,
    "loss": losses,
    "metrics": metrics,
    "weighted_metrics": metrics,
}
