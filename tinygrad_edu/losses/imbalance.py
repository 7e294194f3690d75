"""Losses for rare classes, small regions and wrong labels: easy or suspicious samples count less."""

from __future__ import annotations

import numpy as np

from .. import ops
from ..config import epsilon
from .formula import formula
from .labels import as_classes
from .loss import FormulaLoss
from .probability import binary_entropies, entropies, last, shares, smoothed, softmax_logits


@formula()
def binary_focal_crossentropy(
    y_true, y_pred, apply_class_balancing=False, alpha=0.25, gamma=2.0, from_logits=False, label_smoothing=0.0, axis=-1
):
    """Binary cross-entropy times (1 - q)^gamma, where q is the probability given to what came true: mean over an axis.

    Shapes: (..., n), (..., n) -> (...).

    Args:
        apply_class_balancing: whether to weigh ones by alpha and zeros by 1 - alpha.
        alpha: weight of the ones.
        gamma: how little sure answers count; 0 gives `binary_crossentropy`.
        from_logits, label_smoothing, axis: as there.

    Source: Lin et al. (2017), "Focal Loss for Dense Object Detection", eq. 4 and 5.
    """
    y_true = smoothed(y_true, label_smoothing, 2)
    p = ops.sigmoid(y_pred) if from_logits else y_pred
    each = ops.power(1 - (y_true * p + (1 - y_true) * (1 - p)), gamma) * binary_entropies(y_true, y_pred, from_logits)
    if apply_class_balancing:
        each = each * (y_true * alpha + (1 - y_true) * (1 - alpha))
    return ops.mean(each, axis=axis)


class BinaryFocalCrossentropy(FormulaLoss, of=binary_focal_crossentropy): ...


@formula("one_hot")
def categorical_focal_crossentropy(y_true, y_pred, alpha=0.25, gamma=2.0, from_logits=False, label_smoothing=0.0, axis=-1):
    """-Σ alpha (1 - p)^gamma y log p over the classes.

    Shapes: (..., classes), (..., classes) -> (...).

    Args:
        alpha: a weight, or one per class.
        gamma: how little sure answers count; 0 and alpha 1 give `categorical_crossentropy`.
        from_logits, label_smoothing, axis: as there.

    Source: Lin et al. (2017), eq. 5, for several classes.
    """
    logits = softmax_logits(y_pred, from_logits, axis)
    logs = ops.log(shares(y_pred, axis)) if logits is None else ops.log_softmax(last(logits, axis))
    labels = last(smoothed(y_true, label_smoothing, y_pred.shape[axis]), axis)
    weight = np.asarray(alpha, y_pred.dtype) * ops.power(1 - ops.exp(logs), gamma)
    return -ops.sum(weight * labels * logs, axis=-1)


class CategoricalFocalCrossentropy(FormulaLoss, of=categorical_focal_crossentropy): ...


@formula("classes")
def categorical_generalized_cross_entropy(y_true, y_pred, q=0.5, axis=-1):
    """(1 - p^q) / q, of the probability p of the class that came true: the cross-entropy for q -> 0, 1 - p for q -> 1.

    A sample whose label looks impossible pulls little, so that wrong labels do less harm.

    Shapes: (...) or (..., 1), (..., classes) -> (...).

    Args:
        q: between 0 and 1.
        axis: where the classes are.

    Source: Zhang & Sabuncu (2018), "Generalized Cross Entropy Loss for Training Deep Neural Networks with Noisy Labels".
    """
    labels = as_classes(y_true, y_pred.shape[axis], "categorical_generalized_cross_entropy")
    return (1 - ops.exp(-q * entropies(labels, y_pred, False, axis))) / q


class CategoricalGeneralizedCrossEntropy(FormulaLoss, of=categorical_generalized_cross_entropy): ...


@formula("rows")
def dice(y_true, y_pred, axis=None):
    """1 - 2 Σ y p / (Σ y + Σ p): how little two regions overlap, however small they are.

    Shapes: (samples, ...) twice -> (), or what is left when `axis` is gone.

    Args:
        axis: what the sums are over; None means everything, all samples together.

    Source: Milletari et al. (2016), "V-Net", with the plain sum below instead of that of the squares, as in Keras.
    """
    overlap, size = ops.sum(y_true * y_pred, axis=axis), ops.sum(y_true, axis=axis) + ops.sum(y_pred, axis=axis)
    return 1 - (2 * overlap + epsilon()) / (size + epsilon())


class Dice(FormulaLoss, of=dice): ...


@formula("rows")
def tversky(y_true, y_pred, alpha=0.5, beta=0.5, axis=None):
    """1 - TP / (TP + alpha FP + beta FN), of sums over soft answers; alpha = beta = 1/2 gives `dice`.

    Shapes: (samples, ...) twice -> (), or what is left when `axis` is gone.

    Args:
        alpha: cost of predicting what is not there.
        beta: cost of missing what is there.
        axis: what the sums are over; None means everything.

    Source: Salehi et al. (2017), "Tversky Loss Function for Image Segmentation Using 3D Fully Convolutional Deep Networks".
    """
    hit, excess, missed = (ops.sum(x, axis=axis) for x in (y_true * y_pred, (1 - y_true) * y_pred, y_true * (1 - y_pred)))
    return 1 - (hit + epsilon()) / (hit + alpha * excess + beta * missed + epsilon())


class Tversky(FormulaLoss, of=tversky): ...
