"""Counts at thresholds, F-scores, areas and overlaps against scikit-learn, and worked by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_edu import metrics

Y = np.array([0, 0, 1, 1, 1, 0])
P = np.array([0.1, 0.6, 0.35, 0.8, 0.5, 0.4])


@st.composite
def answers(draw, least=1, both=False):
    """Labels and probabilities on a grid, so that ties and thresholds meet."""
    n = draw(st.integers(least, 25))
    y = draw(hnp.arrays(int, n, elements=st.integers(0, 1)))
    if both:
        y[:2] = 0, 1
    return y, draw(hnp.arrays(int, n, elements=st.integers(0, 20))) / 20


@pytest.mark.parametrize(
    ("cls", "expected"),
    [
        (metrics.TruePositives, 1),
        (metrics.FalsePositives, 1),
        (metrics.TrueNegatives, 2),
        (metrics.FalseNegatives, 2),
        (metrics.Precision, 0.5),
        (metrics.Recall, 1 / 3),
    ],
)
def test_counts_by_hand(cls, expected):
    """MET-12, MET-14: above 0.5 are 0.6 and 0.8; exactly 0.5 is not."""
    assert cls()(Y, P) == pytest.approx(expected)
    assert len(cls().variables) == (2 if cls in (metrics.Precision, metrics.Recall) else 1)


@given(pair=answers(), levels=st.lists(st.sampled_from([0.0, 0.25, 0.3, 0.5, 0.9, 1.0]), min_size=1, max_size=4))
def test_precision_and_recall_at_thresholds_are_scikit_learns(pair, levels):
    """MET-12: in the order given, 0 where undefined."""
    sklearn = pytest.importorskip("sklearn.metrics")
    y, p = pair
    for cls, oracle in [(metrics.Precision, sklearn.precision_score), (metrics.Recall, sklearn.recall_score)]:
        expected = [oracle(y, p > level, zero_division=0) for level in levels]
        found = cls(thresholds=levels)(y, p)
        np.testing.assert_allclose(found, expected if len(levels) > 1 else expected[0], rtol=1e-12)


@given(pair=answers(), data=st.data())
def test_weighted_counts_are_scikit_learns(pair, data):
    """MET-12."""
    sklearn = pytest.importorskip("sklearn.metrics")
    y, p = pair
    w = data.draw(hnp.arrays(float, len(y), elements=st.floats(0.1, 3)))
    tn, fp, fn, tp = sklearn.confusion_matrix(y, p > 0.5, labels=[0, 1], sample_weight=w).ravel()
    classes = metrics.TrueNegatives, metrics.FalsePositives, metrics.FalseNegatives, metrics.TruePositives
    found = [cls()(y, p, w) for cls in classes]
    np.testing.assert_allclose(found, [tn, fp, fn, tp], rtol=1e-9)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_a_probability_equal_to_a_threshold_counts_as_0_in_every_type(dtype):
    """MET-12: 0.3 in float32 is a little more than 0.3."""
    p = np.array([0.3, 0.7], dtype)
    assert metrics.TruePositives(thresholds=[0.3, 0.7])([1, 1], p).tolist() == [1, 0]


def test_top_k_and_class_id():
    """MET-12: of three classes, two may be answered; of equals the first."""
    y = np.array([[0, 1, 1], [1, 0, 0], [0, 0, 1]])
    p = np.array([[0.1, 0.7, 0.2], [0.3, 0.3, 0.3], [0.9, 0.05, 0.05]])
    assert metrics.Precision(top_k=2)(y, p) == pytest.approx(3 / 6)
    assert metrics.Recall(top_k=2)(y, p) == pytest.approx(3 / 4)
    assert metrics.Precision(top_k=1, class_id=0)(y, p) == pytest.approx(1 / 2)
    assert metrics.Recall(class_id=2)(y, p) == 0
    assert metrics.Precision(top_k=2, thresholds=0.25)(y, p) == pytest.approx(2 / 4)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: metrics.Precision(thresholds=[0.5, 1.5]), r"Precision expects thresholds in \[0, 1\], got \[0.5, 1.5\]"),
        (lambda: metrics.Recall(thresholds=[]), r"Recall expects thresholds"),
        (lambda: metrics.Precision()([0, 2], [0.1, 0.9]), r"labels 0 or 1, got 2"),
        (lambda: metrics.Recall()([0, np.inf], [0.1, 0.9]), r"labels 0 or 1, got inf"),
        (lambda: metrics.Recall()([0, np.nan], [0.1, 0.9]), r"labels 0 or 1, got nan"),
        (lambda: metrics.AUC()([-1, 1], [0.1, 0.9]), r"labels 0 or 1, got -1"),
        (lambda: metrics.AUC(curve="roc"), r"AUC expects curve out of \['ROC', 'PR'\], got 'roc'"),
        (lambda: metrics.AUC(summation_method="trapezoid"), r"summation_method out of"),
        (lambda: metrics.RecallAtPrecision(1.5), r"RecallAtPrecision expects precision in \[0, 1\], got 1.5"),
        (lambda: metrics.SensitivityAtSpecificity(0.5, num_thresholds=0), r"num_thresholds .*>= 1, got 0"),
        (lambda: metrics.AUC(num_thresholds=1), r"AUC expects num_thresholds >= 2, got 1"),
        (lambda: metrics.Precision(top_k=0), r"Precision expects top_k to be a whole number >= 1, got 0"),
        (lambda: metrics.Recall(class_id=2)([[0, 1]], [[0.1, 0.9]]), r"recall expects .* a label 2 .*got shape \(1, 2\)"),
        (lambda: metrics.PrecisionAtRecall(0.5, class_id=-3)([[0, 1]], [[0.1, 0.9]]), r"a label -3 .*got shape \(1, 2\)"),
        (lambda: metrics.Recall(class_id=0)([0, 1], [0.1, 0.9]), r"a label 0 .*got shape \(2,\)"),
        (lambda: metrics.MeanIoU(2.5), r"MeanIoU expects num_classes to be a whole number >= 1, got 2.5"),
        (lambda: metrics.BinaryIoU(threshold="high"), r"BinaryIoU expects a threshold that is a number, got 'high'"),
        (lambda: metrics.FBetaScore(average="mean"), r"average out of .*got 'mean'"),
        (lambda: metrics.FBetaScore(beta=0), r"beta > 0, got 0"),
        (lambda: metrics.F1Score(threshold=2), r"threshold in \[0, 1\], got 2"),
        (lambda: metrics.F1Score()([0, 1], [0.1, 0.9]), r"predictions \(samples, classes\), got shape \(2,\)"),
        (lambda: metrics.MeanIoU(2)([0, 2], [0, 1]), r"class numbers from 0 to 1, got 2"),
        (lambda: metrics.IoU(2, [2]), r"classes below 2, got \[2\]"),
        (lambda: metrics.MeanIoU(2)([0, 1, 1], [0, 1]), r"a label for each prediction, got shapes \(3,\) and \(2,\)"),
    ],
)
def test_what_cannot_be_counted_is_refused(call, words):
    """MET-12 to MET-16."""
    with pytest.raises(ValueError, match=words):
        call()


# Curves -----------------------------------------------------------------------------------------------


@given(answers(least=2, both=True))
def test_the_area_under_roc_is_scikit_learns_where_the_thresholds_tell_all_probabilities_apart(pair):
    """MET-13."""
    sklearn = pytest.importorskip("sklearn.metrics")
    y, p = pair
    exact, logits = sklearn.roc_auc_score(y, p), np.log((p + 1e-4) / (1 - p + 1e-4))
    assert metrics.AUC()(y, p) == pytest.approx(exact, rel=1e-9)
    assert metrics.AUC(from_logits=True)(y, logits) == pytest.approx(exact, rel=1e-9)


def test_200_thresholds_are_near_the_exact_area_of_many_samples():
    """MET-13: approximate by design."""
    sklearn = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 5000)
    p = np.clip(rng.normal(0.4 + 0.2 * y, 0.2), 0, 1)
    assert metrics.AUC()(y, p) == pytest.approx(sklearn.roc_auc_score(y, p), abs=1e-3)
    exact = sklearn.average_precision_score(y, p)
    assert metrics.AUC(curve="PR")(y, p) == pytest.approx(exact, abs=5e-3)


def test_the_methods_of_summation_by_hand():
    """MET-13: thresholds -ε, 0.5, 1+ε; ROC (1, 1), (0.5, 1), (0, 0); precision 1/2, 2/3, 0."""
    y, p = [0, 0, 1, 1], [0.2, 0.6, 0.7, 0.8]
    for curve, method, expected in [
        ("ROC", "interpolation", 0.5 + 0.25), ("ROC", "minoring", 0.5), ("ROC", "majoring", 1.0),
        ("PR", "minoring", 0.0), ("PR", "majoring", 2 / 3),
    ]:  # fmt: skip
        assert metrics.AUC(num_thresholds=3, curve=curve, summation_method=method)(y, p) == pytest.approx(expected)


def test_interpolated_precision_is_the_papers_integral():
    """MET-13: between two points TP and FP grow in proportion; integrated in 20,000 steps."""
    rng = np.random.default_rng(1)
    y, p = rng.integers(0, 2, 60), rng.random(60)
    levels = np.array([-1e-7, 0.25, 0.5, 0.75, 1 + 1e-7])
    tp, fp = ([np.sum((y == label) & (p > level)) for level in levels] for label in (1, 0))
    area = 0.0
    for i in range(4):
        t = np.linspace(0, 1, 20001)
        true, false = tp[i + 1] + t * (tp[i] - tp[i + 1]), fp[i + 1] + t * (fp[i] - fp[i + 1])
        precision = true / np.where(true + false == 0, 1, true + false)
        precision[0] = precision[1] if true[0] + false[0] == 0 else precision[0]
        area += np.trapezoid(precision, true) / y.sum()
    assert metrics.AUC(num_thresholds=5, curve="PR")(y, p) == pytest.approx(area, rel=1e-6)


def test_an_area_for_each_label():
    """MET-13: their mean, weighted or not; thresholds of one's own."""
    rng = np.random.default_rng(0)
    y, p = rng.integers(0, 2, (30, 3)), rng.random((30, 3))
    each = [metrics.AUC()(y[:, i], p[:, i]) for i in range(3)]
    assert metrics.AUC(multi_label=True)(y, p) == pytest.approx(np.mean(each))
    weighed = metrics.AUC(multi_label=True, num_labels=3, label_weights=[1, 2, 0])(y, p)
    assert weighed == pytest.approx((each[0] + 2 * each[1]) / 3)
    weighted = metrics.AUC(label_weights=[0.0, 1.0, 0.0])(y, p)
    assert weighted == pytest.approx(each[1])
    assert metrics.AUC(multi_label=True).result() == 0
    even = metrics.AUC(num_thresholds=5)(y, p)
    assert metrics.AUC(thresholds=[0.5, 0.25, 0.75, 0, 1])(y, p) == pytest.approx(even)


@given(pair=answers(), least=st.sampled_from([0.0, 0.3, 0.5, 0.75, 1.0]))
def test_the_best_share_at_another_is_found_by_trying_all_thresholds(pair, least):
    """MET-14."""
    y, p = pair
    levels = np.linspace(0, 1, 200)
    tp, fp, tn, fn = (
        np.array([np.sum((y == label) & ((p > level) == answer)) for level in levels])
        for label, answer in ((1, True), (0, True), (0, False), (1, False))
    )
    with np.errstate(invalid="ignore"):
        shares = {
            "sensitivity": np.nan_to_num(tp / (tp + fn)),
            "specificity": np.nan_to_num(tn / (tn + fp)),
            "precision": np.nan_to_num(tp / (tp + fp)),
            "recall": np.nan_to_num(tp / (tp + fn)),
        }
    for cls, best, other in [
        (metrics.SensitivityAtSpecificity, "sensitivity", "specificity"),
        (metrics.SpecificityAtSensitivity, "specificity", "sensitivity"),
        (metrics.PrecisionAtRecall, "precision", "recall"),
        (metrics.RecallAtPrecision, "recall", "precision"),
    ]:
        good = shares[best][shares[other] >= least]
        assert cls(least)(y, p) == pytest.approx(good.max() if good.size else 0)


# F-scores and overlaps --------------------------------------------------------------------------------


@given(data=st.data(), n=st.integers(1, 12), k=st.integers(2, 4), beta=st.sampled_from([0.5, 1, 2, 1.0]))
@pytest.mark.parametrize("average", [None, "micro", "macro", "weighted"])
def test_f_scores_are_scikit_learns(average, data, n, k, beta):
    """MET-15: whole-number betas too; with a threshold, and without."""
    sklearn = pytest.importorskip("sklearn.metrics")
    y = np.eye(k, dtype=int)[data.draw(hnp.arrays(int, n, elements=st.integers(0, k - 1)))]
    p = data.draw(hnp.arrays(int, (n, k), elements=st.integers(0, 8))) / 8
    for threshold, chosen in [(None, np.eye(k, dtype=int)[p.argmax(-1)]), (0.4, p > 0.4)]:
        expected = sklearn.fbeta_score(y, chosen, beta=beta, average=average, zero_division=0)
        np.testing.assert_allclose(metrics.FBetaScore(average, beta, threshold)(y, p), expected, rtol=1e-9, atol=1e-12)
        if beta == 1:
            np.testing.assert_allclose(metrics.F1Score(average, threshold)(y, p), expected, rtol=1e-9, atol=1e-12)


def test_f_scores_have_keras_names():
    """MET-15: fbeta_score, f1_score; by name as well."""
    assert metrics.FBetaScore().name == "fbeta_score" and metrics.F1Score().name == "f1_score"
    assert type(metrics.get("f1_score")) is metrics.F1Score and type(metrics.get("FBetaScore")) is metrics.FBetaScore


@given(data=st.data(), n=st.integers(1, 20))
def test_intersection_over_union_is_scikit_learns_jaccard_score(data, n):
    """MET-16: the mean over classes that occur or are predicted."""
    sklearn = pytest.importorskip("sklearn.metrics")
    y, p = (data.draw(hnp.arrays(int, n, elements=st.integers(0, 3))) for _ in range(2))
    there = np.union1d(y, p)
    assert metrics.MeanIoU(4)(y, p) == pytest.approx(sklearn.jaccard_score(y, p, labels=there, average="macro"))
    one = sklearn.jaccard_score(y, p, labels=[2], average="macro", zero_division=0)
    assert metrics.IoU(4, [2])(y, p) == pytest.approx(one)
    hot = np.eye(4)
    assert metrics.OneHotMeanIoU(4)(hot[y], hot[p] * 0.7) == metrics.MeanIoU(4)(y, p)
    assert metrics.OneHotIoU(4, [2], sparse_y_pred=True)(hot[y], p) == pytest.approx(one)


def test_overlap_of_probabilities_and_of_what_is_void():
    """MET-16."""
    assert metrics.BinaryIoU(target_class_ids=[1], threshold=0.5)([0, 1, 1], [0.5, 0.7, 0.2]) == pytest.approx(1 / 3)
    assert metrics.MeanIoU(2, ignore_class=255)([0, 1, 255], [0, 1, 1]) == 1


def test_an_area_over_given_thresholds_counts_them_with_both_ends():
    """MET-13: as in Keras, where the number may then be None; the config is that of the thresholds given."""
    for auc in (metrics.AUC(num_thresholds=None, thresholds=[0.5, 0.3]), metrics.AUC(num_thresholds=2, thresholds=(0.3, 0.5))):
        assert auc.num_thresholds == 4 and len(auc.true_positives) == 4
        np.testing.assert_allclose(auc.thresholds, [0, 0.3, 0.5, 1], atol=1e-6)
        again = metrics.AUC.from_config(auc.get_config())
        assert again(Y, P) == auc(Y, P) and again.get_config() == auc.get_config()
    assert metrics.AUC(num_thresholds=7).get_config()["thresholds"] is None
