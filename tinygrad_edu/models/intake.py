"""From what a user gives to batches: everything that can be wrong with it is said here, before anything moves."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ..calculus import enable_grad
from ..layers.arguments import whole
from .batches import ArrayBatches, IteratedBatches, NumberedBatches, Source, pack, unpack
from .data import Rows, rows_of, same_length, samples
from .ports import by_output, input_names, output_names, outputs_of
from .weighting import Weighting


class Intake:
    """Takes in data for one call.

    Args:
        model: what they are for.
        owner: the call, for messages: "fit".
        labelled: whether losses are counted, so that labels have to fit.
        learns: whether weights will move.
        class_weight: as `fit` takes it.

    What a step of the user's own does with the data nobody knows: then only the numbers themselves are looked at.
    """

    def __init__(self, model: Any, owner: str, labelled: bool = True, learns: bool = False, class_weight: Any = None):
        self.model, self.owner, self.labelled, self.learns = model, owner, labelled, learns
        step = "train_step" if learns else "test_step" if labelled else "predict_step"
        self.is_own_step = getattr(type(model), step).__module__ != _STEPS
        self.weighting = Weighting(owner, class_weight)
        self.names: list[str] | None = output_names(model)

    def source(self, x: Any, y: Any = None, sample_weight: Any = None, batch_size: Any = None, shuffle: Any = False) -> Source:
        """Where the batches of these data come from.

        Args:
            x, y, sample_weight: arrays, or one thing in `x` that gives batches.
            batch_size: rows per batch of arrays; None means 32.
            shuffle: "batch" keeps neighbouring rows together.
        """
        if is_arrays(x):
            size = 32 if batch_size is None else whole(self.owner, "batch_size", batch_size)
            return ArrayBatches(*self.rows(x, y, sample_weight), size, in_blocks=shuffle == "batch")
        self._refuse_beside_batches(y=y, sample_weight=sample_weight, batch_size=batch_size)
        if hasattr(x, "__getitem__") and hasattr(x, "__len__"):
            if len(x) == 0:
                raise ValueError(f"{self.owner} expects at least one batch, got length 0. Check __len__.")
            first = x[0]
            self._check_first(first)
            return NumberedBatches(x, self._read, first=None if self.learns else first)  # training can be resumed: it asks anew
        batches = IteratedBatches(x, self._read)
        self._check_first(batches.peek())
        return batches

    def batch(self, x: Any, y: Any, sample_weight: Any) -> Any:
        """One batch of all rows. Batches of the same shapes are tried out once: that costs as much as a step."""
        inputs, tried = self.inputs(x), self.model._tried
        form = self.owner, str([inputs.shapes, _form(y), _form(sample_weight)]), self.weighting.class_weight is None
        rows = self._fitting(inputs, y, sample_weight, try_out=form not in tried)
        tried.add(form)
        return ArrayBatches(*rows, batch_size=len(inputs)).batch(slice(None))

    def rows(self, x: Any, y: Any = None, sample_weight: Any = None) -> tuple[Rows, Rows | None, Rows | None]:
        """Inputs, labels and weights, as arrays that belong together and fit the model."""
        return self._fitting(self.inputs(x), y, sample_weight)

    def _fitting(
        self, inputs: Rows, y: Any, sample_weight: Any, try_out: bool = True
    ) -> tuple[Rows, Rows | None, Rows | None]:
        outputs = self._outputs(inputs) if try_out and self.labelled and not self.is_own_step else None
        self.names = self.names or self.model._objective.names
        labels = self._labels(y) if self.labelled else None
        weights = self._weights(labels, sample_weight)
        same_length(self.owner, x=inputs, y=labels, sample_weight=weights)
        if outputs is not None:
            self._judge(inputs, labels, weights, outputs)
        return inputs, labels, weights

    def inputs(self, x: Any) -> Rows:
        """Inputs that fit the model, whose weights exist from here on."""
        convert = lambda name, part: samples(self.owner, name, part, self.model.dtype)
        if x is None or (isinstance(x, (list, tuple, dict)) and not len(x)):
            convert("x", x)
        inputs = Rows(rows_of(self.owner, "x", x, input_names(self.model), convert), as_tensors=True)
        same_length(self.owner, x=inputs)
        if not self.is_own_step:
            self._refuse_single_row(inputs.shapes)
            self.model.build(inputs.shapes)
            self.model.check_input(inputs.shapes)
        return inputs

    # Batches that somebody else makes ------------------------------------------------------------

    def _read(self, batch: Any) -> Any:
        """A batch as `train_step` gets it, of one that a generator gave."""
        x, y, sample_weight = unpack(batch)
        convert = lambda name, part: samples(self.owner, name, part, self.model.dtype)
        inputs = Rows(rows_of(self.owner, "x", x, input_names(self.model), convert), as_tensors=True)
        labels = self._labels(y) if self.labelled else None
        weights = self._weights(labels, sample_weight)
        same_length(self.owner, x=inputs, y=labels, sample_weight=weights)
        every = slice(None)
        return pack(inputs.take(every), labels and labels.take(every), weights and weights.take(every))

    def _check_first(self, batch: Any) -> None:
        x, y, sample_weight = unpack(batch)
        self.rows(x, y, sample_weight)

    def _refuse_beside_batches(self, **given: Any) -> None:
        for name, value in given.items():
            if value is not None:
                raise ValueError(
                    f"{self.owner} expects no {name} beside data that come in batches, got {type(value).__name__}. "
                    "Let each batch be (x, y, sample_weight)."
                )

    # What fits -----------------------------------------------------------------------------------

    def _refuse_single_row(self, shape: Any) -> None:
        """A row without its axis of rows is the most frequent mistake with `predict`."""
        expected = self.model._input_shape
        if isinstance(expected, tuple) and isinstance(shape, tuple) and len(expected) > 1 and shape == expected[1:]:
            raise ValueError(
                f"{self.owner} expects rows of shape {expected[1:]}, got a single one, shape {shape}. "
                "Give it an axis of rows: np.asarray(x)[None]."
            )

    def _outputs(self, inputs: Rows) -> Any:
        """What the model makes of the first two rows."""
        with enable_grad():
            y_pred = self.model(inputs.take(slice(2)), training=False)
        self.names = output_names(self.model, y_pred)
        for output in outputs_of(y_pred):
            if not output.shape:
                raise ValueError(f"{self.owner} expects outputs with a row per sample, got a number. Keep the axis of the batch.")
        return y_pred

    def _labels(self, y: Any) -> Rows | None:
        if y is None:
            return None
        convert = lambda name, part: samples(self.owner, name, part, self.model.dtype)
        y = _by_loss(y, self.model._objective)
        return Rows(rows_of(self.owner, "y", y, self.names, convert, optional=True))

    def _weights(self, labels: Rows | None, sample_weight: Any) -> Rows | None:
        if not self.labelled:
            return None
        parts = 1 if labels is None else len(labels.parts)
        return self.weighting.of(labels, sample_weight, self.names or [f"output_{number}" for number in range(1, parts + 1)])

    def _judge(self, inputs: Rows, labels: Rows | None, weights: Rows | None, y_pred: Any) -> None:
        """See on two samples that labels, loss and metrics fit, and in all rows that labels mean something."""
        model, names, outputs = self.model, self.names or ["output_1"], outputs_of(y_pred)
        objective, scores = model._objective, model._scores
        objective.bind(names)
        whole_y = by_output(None if labels is None else labels.take(slice(None)), names)
        if not model.overrides_loss:
            if labels is None and any(loss is not None for loss in objective.losses):
                samples(self.owner, "y", None)
            objective.check(self.owner, whole_y, outputs)
        shapes = [() if part is None else part.shape for part in whole_y]
        scores.bind(objective, names, shapes, [output.shape for output in outputs])
        y, w = (None if part is None else part.take(slice(2)) for part in (labels, weights))
        with enable_grad():
            loss = model.compute_loss(inputs.take(slice(2)), y, y_pred, w)
        self._judge_loss(loss, outputs)
        noted = model._set_aside()
        model._count(loss, inputs, y, y_pred, w)
        noted()

    def _judge_loss(self, loss: Any, outputs: list) -> None:
        if loss.shape:
            raise ValueError(f"{self.owner} expects a loss that is one number, got shape {loss.shape}. Reduce it to a mean.")
        if not self.learns:
            return
        if not self.model.trainable_weights:
            words = f"{self.owner} expects a weight that may be trained, got none: all is frozen. Set trainable = True."
            warnings.warn(words, stacklevel=2)
        if any(output.requires_grad for output in outputs) and not loss.requires_grad:
            raise ValueError(f"{self.owner} expects a loss that depends on the predictions, got a constant. Compute it with ops.")


_STEPS = f"{__package__}.steps"


def _by_loss(y: Any, objective: Any) -> Any:
    """Labels by the names of their outputs, if they were given for those outputs only that have a loss."""
    known = objective.names or []
    names = [name for name, loss in zip(known, objective.losses) if loss is not None]
    if isinstance(y, dict) or len(names) in (0, len(known)):
        return y
    if isinstance(y, (list, tuple)) and len(y) == len(names) and all(np.ndim(part) for part in y):
        return dict(zip(names, y))
    return {names[0]: y} if len(names) == 1 and hasattr(y, "shape") else y


def _form(given: Any) -> Any:
    """Shapes of arrays, in their structure."""
    if isinstance(given, dict):
        return {key: _form(part) for key, part in given.items()}
    if isinstance(given, (list, tuple)) and any(hasattr(part, "shape") for part in given):
        return [_form(part) for part in given]
    return None if given is None else np.shape(given)


def is_arrays(x: Any) -> bool:
    """Whether these are arrays, in whatever structure, and nothing that gives batches."""
    if hasattr(x, "__array__") or isinstance(x, (list, tuple, dict, str, bytes, range)) or callable(x):
        return True
    return not (hasattr(x, "__iter__") or (hasattr(x, "__getitem__") and hasattr(x, "__len__")))


def refuse_endless(source: Source, name: str, steps: int | None, epochs: int) -> None:
    """A generator comes to its end once: for several epochs it has to be said how much of it each takes."""
    if isinstance(source, IteratedBatches) and source.is_spent_once and steps is None and epochs > 1:
        raise ValueError(
            f"fit expects {name} with a generator and several epochs, got None. "
            "Say how many batches an epoch has, or pass a Sequence, which begins anew."
        )
