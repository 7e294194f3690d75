"""Numbers that Keras' documentation gives for losses and metrics: the same names give the same numbers here."""

import pytest

from tinygrad_edu import losses, metrics

SQUARE, GUESS, SOFT = [[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [1.0, 0.0]], [[0.6, 0.4], [0.4, 0.6]]
LOGITS = [[-18.6, 0.51], [2.94, -12.8]]
CLASSES, SHARES = [[0, 1, 0], [0, 0, 1]], [[0.05, 0.95, 0.0], [0.1, 0.8, 0.1]]
SCORES, TRUTH = [0, 0.3, 0.8, 0.3, 0.8], [0, 0, 0, 1, 1]
LABELS, ANSWERS = [[1, 1, 1], [1, 0, 0], [1, 1, 0]], [[0.2, 0.6, 0.7], [0.2, 0.6, 0.6], [0.6, 0.8, 0.0]]


@pytest.mark.parametrize(
    ("loss", "y", "p", "weights", "expected"),
    [
        (losses.MeanSquaredError(), SQUARE, GUESS, None, 0.5),
        (losses.MeanSquaredError(), SQUARE, GUESS, [0.7, 0.3], 0.25),
        (losses.MeanSquaredError(reduction="sum"), SQUARE, GUESS, None, 1.0),
        (losses.MeanSquaredError(reduction=None), SQUARE, GUESS, None, [0.5, 0.5]),
        (losses.MeanAbsoluteError(), SQUARE, GUESS, None, 0.5),
        (losses.MeanAbsolutePercentageError(), [[2.0, 1.0], [2.0, 3.0]], [[1.0, 1.0], [1.0, 0.0]], None, 50),
        (losses.MeanAbsolutePercentageError(), [[2.0, 1.0], [2.0, 3.0]], [[1.0, 1.0], [1.0, 0.0]], [0.7, 0.3], 20),
        (losses.MeanSquaredLogarithmicError(), SQUARE, GUESS, None, 0.240),
        (losses.Huber(), SQUARE, SOFT, None, 0.155),
        (losses.Huber(), SQUARE, SOFT, [1, 0], 0.09),
        (losses.LogCosh(), SQUARE, [[1.0, 1.0], [0.0, 0.0]], None, 0.108),
        (losses.LogCosh(), SQUARE, [[1.0, 1.0], [0.0, 0.0]], [0.8, 0.2], 0.087),
        (losses.Poisson(), SQUARE, [[1.0, 1.0], [0.0, 0.0]], None, 0.5),
        (losses.KLDivergence(), SQUARE, SOFT, None, 0.458),
        (losses.CosineSimilarity(), [[0.0, 1.0], [1.0, 1.0]], [[1.0, 0.0], [1.0, 1.0]], None, -0.5),
        (losses.Hinge(), SQUARE, SOFT, None, 1.3),
        (losses.Hinge(), SQUARE, SOFT, [1, 0], 0.55),
        (losses.SquaredHinge(), SQUARE, SOFT, None, 1.86),
        (losses.CategoricalHinge(), SQUARE, SOFT, None, 1.4),
        (losses.BinaryCrossentropy(from_logits=True), SQUARE, LOGITS, None, 0.865),
        (losses.BinaryCrossentropy(from_logits=True), SQUARE, LOGITS, [0.8, 0.2], 0.243),
        (losses.BinaryCrossentropy(from_logits=True, reduction="sum"), SQUARE, LOGITS, None, 1.730),
        (losses.BinaryCrossentropy(from_logits=True, reduction=None), SQUARE, LOGITS, None, [0.235, 1.496]),
        (losses.CategoricalCrossentropy(), CLASSES, SHARES, None, 1.177),
        (losses.CategoricalCrossentropy(), CLASSES, SHARES, [0.3, 0.7], 0.814),
        (losses.CategoricalCrossentropy(reduction=None), CLASSES, SHARES, None, [0.0513, 2.303]),
        (losses.SparseCategoricalCrossentropy(), [1, 2], SHARES, None, 1.177),
        (losses.SparseCategoricalCrossentropy(reduction="sum"), [1, 2], SHARES, None, 2.354),
    ],
)
def test_a_loss_gives_the_number_that_keras_documents(loss, y, p, weights, expected):
    """LOSS-03, LOSS-04, LOSS-07 to LOSS-20."""
    assert loss(y, p, sample_weight=weights).numpy() == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize(
    ("metric", "y", "p", "weights", "expected"),
    [
        (metrics.BinaryAccuracy(), [[1], [1], [0], [0]], [[0.98], [1], [0], [0.6]], None, 0.75),
        (metrics.BinaryAccuracy(), [[1], [1], [0], [0]], [[0.98], [1], [0], [0.6]], [1, 0, 0, 1], 0.5),
        (metrics.CategoricalAccuracy(), [[0, 0, 1], [0, 1, 0]], [[0.1, 0.9, 0.8], [0.05, 0.95, 0]], [0.7, 0.3], 0.3),
        (metrics.SparseCategoricalAccuracy(), [[2], [1]], [[0.1, 0.6, 0.3], [0.05, 0.95, 0]], [0.7, 0.3], 0.3),
        (metrics.TopKCategoricalAccuracy(k=1), [[0, 0, 1], [0, 1, 0]], [[0.1, 0.9, 0.8], [0.05, 0.95, 0]], None, 0.5),
        (metrics.Accuracy(), [[1], [2], [3], [4]], [[0], [2], [3], [4]], [1, 1, 0, 0], 0.5),
        (metrics.RootMeanSquaredError(), SQUARE, [[1.0, 1.0], [0.0, 0.0]], None, 0.5),
        (metrics.RootMeanSquaredError(), SQUARE, [[1.0, 1.0], [0.0, 0.0]], [1, 0], 0.7071),
        (metrics.CosineSimilarity(), [[0, 1], [1, 1]], [[1, 0], [1, 1]], [0.3, 0.7], 0.7),
        (metrics.KLDivergence(), SQUARE, SOFT, [1, 0], 0.9163),
        (metrics.R2Score(), [[1], [4], [3]], [[2], [4], [4]], None, 0.5714),
        (metrics.Precision(), [0, 1, 1, 1], [1, 0, 1, 1], None, 2 / 3),
        (metrics.Precision(), [0, 1, 1, 1], [1, 0, 1, 1], [0, 0, 1, 0], 1),
        (metrics.Precision(top_k=4), [0, 0, 1, 1], [1, 1, 1, 1], None, 0.5),
        (metrics.Recall(), [0, 1, 1, 1], [1, 0, 1, 1], [0, 0, 1, 0], 1),
        (metrics.TruePositives(), [0, 1, 1, 1], [1, 0, 1, 1], [0, 0, 1, 0], 1),
        (metrics.FalsePositives(), [0, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 0], 1),
        (metrics.TrueNegatives(), [0, 1, 0, 0], [1, 1, 0, 0], None, 2),
        (metrics.FalseNegatives(), [0, 1, 1, 1], [0, 1, 0, 0], [0, 0, 1, 0], 1),
        (metrics.AUC(num_thresholds=3), [0, 0, 1, 1], [0, 0.5, 0.3, 0.9], None, 0.75),
        (metrics.AUC(num_thresholds=3), [0, 0, 1, 1], [0, 0.5, 0.3, 0.9], [1, 0, 0, 1], 1),
        (metrics.SensitivityAtSpecificity(0.5), TRUTH, SCORES, None, 0.5),
        (metrics.SensitivityAtSpecificity(0.5), TRUTH, SCORES, [1, 1, 2, 2, 1], 1 / 3),
        (metrics.SpecificityAtSensitivity(0.5), TRUTH, SCORES, None, 2 / 3),
        (metrics.SpecificityAtSensitivity(0.5), TRUTH, SCORES, [1, 1, 2, 2, 2], 0.5),
        (metrics.PrecisionAtRecall(0.5), TRUTH, SCORES, None, 0.5),
        (metrics.PrecisionAtRecall(0.5), TRUTH, SCORES, [2, 2, 2, 1, 1], 1 / 3),
        (metrics.RecallAtPrecision(0.8), [0, 0, 1, 1], [0, 0.5, 0.3, 0.9], None, 0.5),
        (metrics.RecallAtPrecision(0.8), [0, 0, 1, 1], [0, 0.5, 0.3, 0.9], [1, 0, 0, 1], 1),
        (metrics.F1Score(threshold=0.5), LABELS, ANSWERS, None, [0.5, 0.8, 2 / 3]),
        (metrics.FBetaScore(beta=2.0, threshold=0.5), LABELS, ANSWERS, None, [0.3846, 0.9091, 0.8333]),
        (metrics.IoU(2, [0]), [0, 0, 1, 1], [0, 1, 0, 1], [0.3, 0.3, 0.3, 0.1], 1 / 3),
        (metrics.MeanIoU(2), [0, 0, 1, 1], [0, 1, 0, 1], [0.3, 0.3, 0.3, 0.1], 0.2381),
        (metrics.BinaryIoU([0, 1], 0.3), [0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7], None, 1 / 3),
        (metrics.BinaryIoU([0, 1], 0.3), [0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7], [0.2, 0.3, 0.4, 0.1], 0.1736),
        (metrics.Mean(), [1, 3, 5, 7], None, None, 4),
        (metrics.Mean(), [1, 3, 5, 7], None, [1, 1, 0, 0], 2),
        (metrics.Sum(), [1, 3, 5, 7], None, [1, 1, 0, 0], 4),
    ],
)
def test_a_metric_gives_the_number_that_keras_documents(metric, y, p, weights, expected):
    """MET-03, MET-05 to MET-16."""
    of = (y,) if p is None else (y, p)
    assert metric(*of, sample_weight=weights) == pytest.approx(expected, abs=1e-3)
