"""Losses of probabilities: how surprised a prediction is by what came true.

A probability that came out of `sigmoid` or `softmax` is taken back to its logit: the value is the same, but the gradient
p - y stays alive where they saturate. Any other probability is limited to [ε, 1 - ε], ε = `backend.epsilon()`, as in
Keras; beyond, it gets no gradient.
"""

from __future__ import annotations

import warnings

import numpy as np

from .. import ops
from ..config import epsilon
from .formula import formula
from .labels import as_classes
from .loss import FormulaLoss


@formula()
def binary_crossentropy(y_true, y_pred, from_logits=False, label_smoothing=0.0, axis=-1):
    """Mean of -y log p - (1 - y) log(1 - p) over an axis: -log of the probability given to what came true.

    From a logit z, where p = sigmoid(z), it is computed as max(z, 0) - z y + log(1 + exp(-|z|)).

    Shapes: (..., n), (..., n) -> (...).

    Args:
        from_logits: whether predictions are logits instead of probabilities.
        label_smoothing: s moves labels from 0 and 1 to s/2 and 1 - s/2.
        axis: to take the mean over.

    Raises:
        ValueError: for label_smoothing outside [0, 1].

    Source: Bishop (2006), "Pattern Recognition and Machine Learning", eq. 4.90.

        >>> binary_crossentropy([[1], [0]], [[0.5], [0.5]]).round(4)
        array([0.6931, 0.6931])
    """
    return ops.mean(binary_entropies(smoothed(y_true, label_smoothing, 2), y_pred, from_logits), axis=axis)


class BinaryCrossentropy(FormulaLoss, of=binary_crossentropy, also=("bce",)): ...


@formula("one_hot")
def categorical_crossentropy(y_true, y_pred, from_logits=False, label_smoothing=0.0, axis=-1):
    """-Σ y log p over the classes, of probabilities p divided by their sum.

    Shapes: (..., classes), (..., classes) -> (...).

    Args:
        from_logits: whether predictions are logits instead of probabilities.
        label_smoothing: s takes the share s off the labels and spreads it over all classes: y (1 - s) + s / classes.
        axis: where the classes are.

    Raises:
        ValueError: for class numbers, which go with `sparse_categorical_crossentropy`; for label_smoothing outside [0, 1].

    Source: Bishop (2006), eq. 4.108; Szegedy et al. (2016), section 7, for smoothed labels.

        >>> categorical_crossentropy([[0, 1, 0]], [[0.25, 0.5, 0.25]]).round(4)
        array([0.6931])
    """
    expect_classes("categorical_crossentropy", y_pred, axis)
    return entropies(last(smoothed(y_true, label_smoothing, y_pred.shape[axis]), axis), y_pred, from_logits, axis)


class CategoricalCrossentropy(FormulaLoss, of=categorical_crossentropy, also=("cce",)): ...


@formula("classes")
def sparse_categorical_crossentropy(y_true, y_pred, from_logits=False, ignore_class=None, axis=-1):
    """-log of the probability of the class that came true: `categorical_crossentropy` for labels that are class numbers.

    Shapes: (...) or (..., 1), (..., classes) -> (...).

    Args:
        from_logits: whether predictions are logits instead of probabilities.
        ignore_class: the label of samples that do not count, such as -1 or 255 for void pixels. Their loss is 0, and the
            mean of a `SparseCategoricalCrossentropy` is over the others.
        axis: where the classes are.

    Raises:
        ValueError: for labels that are no whole number from 0 to classes - 1; it names the first one. Keras gives them
            the loss 0, or nan.

    Source: Bishop (2006), eq. 4.108.

        >>> sparse_categorical_crossentropy([1, 0], [[0.5, 0.5], [0.25, 0.75]]).round(4)
        array([0.6931, 1.3863])
    """
    labels = as_classes(y_true, y_pred.shape[axis], "sparse_categorical_crossentropy", ignore_class)
    each = entropies(labels, y_pred, from_logits, axis)
    return each if ignore_class is None else ops.where(ops.not_equal(y_true, ignore_class), each, 0)


class SparseCategoricalCrossentropy(FormulaLoss, of=sparse_categorical_crossentropy, also=("scce",)):
    ignore_class: int | None

    def mask_of(self, y_true, mask):
        """Samples of the class to be ignored do not count."""
        return without_class(y_true, self.ignore_class, mask)


def without_class(y_true, ignore_class, mask):
    """A mask, or None, that also leaves out the labels `ignore_class`."""
    if ignore_class is None:
        return mask
    counts = y_true != ignore_class
    return counts if mask is None else counts & (mask if mask.dtype == bool else mask != 0)


@formula("rows")
def kl_divergence(y_true, y_pred):
    """Σ y log(y / p) over the last axis: what it costs to expect the distribution p where y is true.

    Both are limited to [ε, 1].

    Shapes: (..., classes), (..., classes) -> (...).

    Source: Kullback & Leibler (1951), "On Information and Sufficiency".

        >>> kl_divergence([[0.5, 0.5]], [[0.25, 0.75]]).round(4)
        array([0.1438])
    """
    y_true, y_pred = ops.clip(y_true, epsilon(), 1), ops.clip(y_pred, epsilon(), 1)
    return ops.sum(y_true * ops.log(y_true / y_pred), axis=-1)


class KLDivergence(FormulaLoss, of=kl_divergence, also=("kld", "kullback_leibler_divergence")): ...


@formula()
def poisson(y_true, y_pred):
    """Mean of p - y log(p + ε) over the last axis: for counts y that are expected to be p on average.

    It is -log of Poisson's probability, without log(y!), which no prediction changes.

    Shapes: (..., n), (..., n) -> (...).

    Source: McCullagh & Nelder (1989), "Generalized Linear Models", chapter 6.
    """
    return ops.mean(y_pred - y_true * ops.log(y_pred + epsilon()), axis=-1)


class Poisson(FormulaLoss, of=poisson): ...


# What they share ---------------------------------------------------------------------------------


def smoothed(y_true, share, classes):
    """Labels that keep 1 - share of themselves; the rest is spread over all classes."""
    return y_true * (1 - share) + share / classes if share else y_true


def binary_entropies(y_true, y_pred, from_logits):
    """-y log p - (1 - y) log(1 - p) of each entry."""
    logits = as_logits(y_pred) if from_logits else _logits_of(y_pred, ops.sigmoid)
    if logits is not None:
        return ops.sigmoid_cross_entropy(logits, y_true)
    p = _limited(y_pred)
    return -(y_true * ops.log(p) + (1 - y_true) * ops.log(1 - p))


def entropies(y_true, y_pred, from_logits, axis):
    """-Σ y log p over the classes of one-hot labels; -log p of the class, of class numbers."""
    logits = softmax_logits(y_pred, from_logits, axis)
    if logits is not None:
        return _softmax_cross_entropy(last(logits, axis), y_true)
    return _chosen(ops.log(shares(y_pred, axis)), y_true)


def _softmax_cross_entropy(logits, labels):
    """`entropies` of probabilities softmax(logits), over the last axis; by the logits, its gradient is p - y."""
    fused = ops.softmax_cross_entropy if labels.ndim == logits.ndim else ops.sparse_softmax_cross_entropy
    return fused(logits, labels)


def _chosen(logs, labels):
    if labels.ndim == logs.ndim:
        return -ops.sum(labels * logs, axis=-1)
    return -ops.take_along_axis(logs, labels[..., None], axis=-1)[..., 0]


def softmax_logits(y_pred, from_logits, axis):
    """What the softmax over `axis` made the predictions of; None for other predictions."""
    if from_logits:
        return as_logits(y_pred)
    return _logits_of(y_pred, ops.softmax) if axis in (-1, y_pred.ndim - 1) else None


def shares(y_pred, axis):
    """Predictions divided by their sum, limited, the classes in the last axis."""
    p = last(y_pred, axis)
    return _limited(p / ops.maximum(ops.sum(p, axis=-1, keepdims=True), epsilon()))


def last(x, axis):
    """`x` with the classes in the last axis."""
    return x if axis in (-1, x.ndim - 1) else ops.moveaxis(x, axis, -1)


def as_logits(y_pred):
    """Predictions that are said to be logits; a warning if an activation says otherwise."""
    squash = getattr(y_pred, "squash", None)
    if squash is not None:
        fact = f"from_logits=True expects logits, got what {squash.__name__} made of them"
        warnings.warn(f"{fact}. Leave from_logits out, or the activation of the last layer.", stacklevel=5)
    return y_pred


def _logits_of(y_pred, squash):
    """What `squash` made the predictions of, if it did: a softmax is not what a sigmoid made of the same numbers."""
    return y_pred.logits if getattr(y_pred, "squash", None) is squash else None


def _limited(p):
    """Probabilities in [ε, 1 - ε], as far as their type can tell 1 - ε from 1."""
    return ops.clip(p, epsilon(), 1 - max(epsilon(), float(np.finfo(p.dtype).epsneg)))


def expect_classes(owner, y_pred, axis):
    """Warn of a single class, whose probability is 1 whatever the logit."""
    if y_pred.shape[axis] == 1:
        fact = f"{owner} expects two or more classes, got predictions {y_pred.shape}"
        warnings.warn(f"{fact}. Use binary_crossentropy for one unit.", SyntaxWarning, stacklevel=4)
