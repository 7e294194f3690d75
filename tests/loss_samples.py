"""How to make labels and predictions for every loss and every metric: one line each.

The numbers keep away from kinks, where differences cannot judge a gradient.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from samples import distinct, real, share

from tinygrad_edu import losses, metrics

CLASSES = 4


def regression(random, n):
    y = real(random, (n, 3))
    return y, y + random.choice((-1, 1), y.shape) * random.uniform(0.2, 0.8, y.shape)


def far_regression(random, n):
    """Errors on both sides of 1, and not near it."""
    y = real(random, (n, 3))
    return y, y + random.choice((-1, 1), y.shape) * random.choice((0.5, 1.5), y.shape) * random.uniform(0.8, 1.2, y.shape)


def positive(random, n):
    y = random.uniform(0.3, 2.2, (n, 3))
    return y, y * random.choice((0.6, 1.4), y.shape)


def binary(random, n):
    return (random.random((n, 3)) < 0.5).astype(float), share(random, (n, 3))


def margins(random, n):
    """Products of label and answer on both sides of 1, and not near it."""
    y = random.choice((-1.0, 1.0), (n, 3))
    return y, y * random.choice((-1, 1), y.shape) * random.uniform(0.2, 0.8, y.shape) + y * random.choice((0, 2), y.shape)


def shares(random, n):
    p = random.uniform(0.1, 1, (n, CLASSES))
    return p / p.sum(-1, keepdims=True)


def one_hot(random, n):
    return np.eye(CLASSES)[random.integers(0, CLASSES, n)], shares(random, n)


def class_numbers(random, n):
    return random.integers(0, CLASSES, n), shares(random, n)


def one_hot_scores(random, n):
    return np.eye(CLASSES)[random.integers(0, CLASSES, n)], distinct(random, (n, CLASSES)) if n else np.zeros((0, CLASSES))


def distributions(random, n):
    return shares(random, n), shares(random, n)


def binary_entries(random, n):
    """Labels and probabilities with ties among these."""
    return (random.random((n, 3)) < 0.5).astype(float), random.integers(0, 9, (n, 3)) / 8


def whole_classes(random, n):
    return random.integers(0, CLASSES, (n, 2)), random.integers(0, CLASSES, (n, 2))


#  loss: how to make it and its samples
LOSSES: dict[type, tuple[dict[str, Any], Any]] = {
    losses.MeanSquaredError: ({}, regression),
    losses.MeanAbsoluteError: ({}, regression),
    losses.MeanAbsolutePercentageError: ({}, positive),
    losses.MeanSquaredLogarithmicError: ({}, positive),
    losses.Huber: ({"delta": 1.0}, far_regression),
    losses.LogCosh: ({}, regression),
    losses.CosineSimilarity: ({}, regression),
    losses.BinaryCrossentropy: ({"label_smoothing": 0.1}, binary),
    losses.CategoricalCrossentropy: ({"label_smoothing": 0.1}, one_hot),
    losses.SparseCategoricalCrossentropy: ({}, class_numbers),
    losses.Crossentropy: ({}, class_numbers),
    losses.KLDivergence: ({}, distributions),
    losses.Poisson: ({}, positive),
    losses.Hinge: ({}, margins),
    losses.SquaredHinge: ({}, margins),
    losses.CategoricalHinge: ({}, one_hot_scores),
    losses.BinaryFocalCrossentropy: ({"apply_class_balancing": True}, binary),
    losses.CategoricalFocalCrossentropy: ({"alpha": 0.5}, one_hot),
    losses.CategoricalGeneralizedCrossEntropy: ({"q": 0.6}, class_numbers),
    losses.Dice: ({"axis": -1}, binary),
    losses.Tversky: ({"alpha": 0.3, "beta": 0.7, "axis": -1}, binary),
}

METRICS: dict[type, tuple[dict[str, Any], Any]] = {
    metrics.Accuracy: ({}, whole_classes),
    metrics.BinaryAccuracy: ({"threshold": 0.4}, binary),
    metrics.CategoricalAccuracy: ({}, one_hot),
    metrics.SparseCategoricalAccuracy: ({}, class_numbers),
    metrics.TopKCategoricalAccuracy: ({"k": 2}, one_hot),
    metrics.SparseTopKCategoricalAccuracy: ({"k": 2}, class_numbers),
    metrics.MeanSquaredError: ({}, regression),
    metrics.MeanAbsoluteError: ({}, regression),
    metrics.MeanAbsolutePercentageError: ({}, positive),
    metrics.MeanSquaredLogarithmicError: ({}, positive),
    metrics.LogCoshError: ({}, regression),
    metrics.RootMeanSquaredError: ({}, regression),
    metrics.CosineSimilarity: ({}, regression),
    metrics.BinaryCrossentropy: ({"label_smoothing": 0.1}, binary),
    metrics.CategoricalCrossentropy: ({}, one_hot),
    metrics.SparseCategoricalCrossentropy: ({"ignore_class": 1}, class_numbers),
    metrics.KLDivergence: ({}, distributions),
    metrics.Poisson: ({}, positive),
    metrics.Hinge: ({}, margins),
    metrics.SquaredHinge: ({}, margins),
    metrics.CategoricalHinge: ({}, one_hot_scores),
    metrics.TruePositives: ({"thresholds": [0.7, 0.2]}, binary_entries),
    metrics.FalsePositives: ({}, binary_entries),
    metrics.TrueNegatives: ({"class_id": 1}, binary_entries),
    metrics.FalseNegatives: ({"top_k": 1}, binary_entries),
    metrics.Precision: ({"thresholds": [0.25, 0.5]}, binary_entries),
    metrics.Recall: ({"top_k": 2, "class_id": 0}, binary_entries),
    metrics.AUC: ({"num_thresholds": 20}, binary_entries),
    metrics.SensitivityAtSpecificity: ({"specificity": 0.5}, binary_entries),
    metrics.SpecificityAtSensitivity: ({"sensitivity": 0.5}, binary_entries),
    metrics.PrecisionAtRecall: ({"recall": 0.5}, binary_entries),
    metrics.RecallAtPrecision: ({"precision": 0.5}, binary_entries),
    metrics.FBetaScore: ({"beta": 2, "average": "weighted"}, one_hot),
    metrics.F1Score: ({"threshold": 0.3}, one_hot),
    metrics.IoU: ({"num_classes": CLASSES, "target_class_ids": [0, 2]}, whole_classes),
    metrics.MeanIoU: ({"num_classes": CLASSES, "ignore_class": 3}, whole_classes),
    metrics.BinaryIoU: ({"threshold": 0.6}, binary_entries),
    metrics.OneHotIoU: ({"num_classes": CLASSES, "target_class_ids": [1]}, one_hot),
    metrics.OneHotMeanIoU: ({"num_classes": CLASSES}, one_hot),
    metrics.R2Score: ({"num_regressors": 1}, regression),
    metrics.PearsonCorrelation: ({}, regression),
    metrics.ConcordanceCorrelation: ({}, regression),
}
