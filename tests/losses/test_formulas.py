"""Every formula against its definition in plain NumPy, against SciPy and scikit-learn, and worked by hand."""

import math

import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_edu import Tensor, losses, ops
from tinygrad_edu.calculus import gradients

EPSILON = 1e-7


def arrays(shape, low, high):
    return hnp.arrays(float, shape, elements=st.floats(low, high))


@st.composite
def pairs(draw, low=-20.0, high=20.0):
    shape = draw(hnp.array_shapes(min_dims=2, max_dims=3, max_side=4))
    return draw(arrays(shape, low, high)), draw(arrays(shape, low, high))


@st.composite
def distributions(draw):
    shape = draw(st.tuples(st.integers(1, 4), st.integers(2, 5)))
    y, p = draw(arrays(shape, 0.05, 1)), draw(arrays(shape, 0.05, 1))
    return y / y.sum(-1, keepdims=True), p / p.sum(-1, keepdims=True)


def log_1_plus(x):
    return np.log(np.maximum(x, EPSILON) + 1)


#  formula                                       in NumPy                                                    from  to
FORMULAS = {
    losses.mean_squared_error:                  (lambda y, p: (y - p) ** 2,                                   -20, 20),
    losses.mean_absolute_error:                 (lambda y, p: abs(y - p),                                     -20, 20),
    losses.mean_absolute_percentage_error:      (lambda y, p: 100 * abs(y - p) / np.maximum(abs(y), EPSILON), -20, 20),
    losses.mean_squared_logarithmic_error:      (lambda y, p: (log_1_plus(p) - log_1_plus(y)) ** 2,           -5, 20),
    losses.huber:                               (lambda y, p: scipy.special.huber(1.0, y - p),                -20, 20),
    losses.log_cosh:                            (lambda y, p: np.log(np.cosh(y - p)),                         -20, 20),
    losses.poisson:                             (lambda y, p: p - y * np.log(p + EPSILON),                    0.01, 20),
    losses.hinge:                               (lambda y, p: np.maximum(0, 1 - y * p),                       -3, -0.5),
    losses.squared_hinge:                       (lambda y, p: np.maximum(0, 1 - y * p) ** 2,                  -3, -0.5),
    losses.binary_crossentropy:                 (lambda y, p: -(y * np.log(p) + (1 - y) * np.log(1 - p)),     0.01, 0.99),
}  # fmt: skip


@pytest.mark.parametrize("formula", FORMULAS, ids=lambda formula: formula.__name__)
@given(data=st.data())
def test_a_formula_is_the_mean_over_the_last_axis_of_its_definition(formula, data):
    """LOSS-07 to LOSS-11, LOSS-14, LOSS-17 to LOSS-19."""
    definition, low, high = FORMULAS[formula]
    y, p = data.draw(pairs(low, high))
    np.testing.assert_allclose(formula(y, p), definition(y, p).mean(-1), rtol=1e-9, atol=1e-12)


def test_errors_in_percent_by_hand():
    """LOSS-09: 10 % and 25 %; a label nearer to 0 than ε is divided by ε = 1e-7."""
    assert losses.mean_absolute_percentage_error([[10.0, -4.0]], [[11.0, -5.0]]).tolist() == [17.5]
    assert losses.get("mape")([[0.0]], [[1e-7]]).item() == pytest.approx(100)
    assert losses.get("mape")([[5e-8]], [[1.5e-7]]).item() == pytest.approx(100)


def test_errors_of_logarithms_by_hand():
    """LOSS-10: ln 4 - ln 2 is ln 2; what is below 0 is taken for ε."""
    assert losses.mean_squared_logarithmic_error([[1.0]], [[3.0]]) == pytest.approx([math.log(2) ** 2])
    assert losses.get("msle")([[1.0], [-5.0]], [[1.0], [-7.0]]).item() == 0


@given(pair=pairs(), delta=st.floats(0.01, 5))
def test_huber_is_a_parabola_then_its_tangent(pair, delta):
    """LOSS-18."""
    y, p = pair
    np.testing.assert_allclose(losses.huber(y, p, delta), scipy.special.huber(delta, y - p).mean(-1), rtol=1e-9, atol=1e-15)
    assert losses.Huber().name == "huber_loss" and losses.get("huber").delta == 1.0


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_log_cosh_of_a_large_error_does_not_overflow(dtype):
    """LOSS-19."""
    assert losses.log_cosh([[0.0]], np.array([[1e4]], dtype)).item() == pytest.approx(1e4 - math.log(2), rel=1e-3)
    assert losses.log_cosh([[0.0]], np.array([[-1e4]], dtype)).item() == pytest.approx(1e4 - math.log(2), rel=1e-3)


@given(pairs())
def test_cosine_similarity_is_minus_the_cosine(pair):
    """LOSS-20: 0 for a vector of length 0."""
    y, p = (np.round(x, 3) for x in pair)
    lengths = np.linalg.norm(y, axis=-1) * np.linalg.norm(p, axis=-1)
    expected = np.where(lengths == 0, 0, -(y * p).sum(-1) / np.where(lengths == 0, 1, lengths))
    np.testing.assert_allclose(losses.cosine_similarity(y, p), expected, rtol=1e-9, atol=1e-9)


def test_cosine_similarity_along_another_axis():
    """LOSS-20."""
    y, p = np.random.default_rng(0).normal(size=(2, 3, 4))
    np.testing.assert_allclose(losses.CosineSimilarity(axis=0, reduction=None)(y, p), losses.cosine_similarity(y.T, p.T))


@given(distributions())
def test_losses_of_distributions_are_their_definitions(pair):
    """LOSS-12, LOSS-16."""
    y, p = pair
    np.testing.assert_allclose(losses.kl_divergence(y, p), scipy.special.rel_entr(y, p).sum(-1), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(losses.categorical_crossentropy(y, p), -(y * np.log(p)).sum(-1), rtol=1e-9)


def test_kl_divergence_limits_both_sides():
    """LOSS-16: 0 log 0 is 0, and an impossible answer costs a finite amount."""
    found = losses.kl_divergence([[0.0, 1.0], [0.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]])
    assert found == pytest.approx([0, -math.log(EPSILON)], abs=1e-5)


@given(data=st.data(), n=st.integers(1, 8), k=st.integers(2, 5))
def test_categorical_losses_are_scikit_learns_log_loss(data, n, k):
    """LOSS-12, LOSS-13: one-hot labels and class numbers, in every form, are the same."""
    sklearn = pytest.importorskip("sklearn.metrics")
    labels = data.draw(hnp.arrays(int, n, elements=st.integers(0, k - 1)))
    p = data.draw(arrays((n, k), 0.05, 1))
    p = p / p.sum(-1, keepdims=True)
    expected = sklearn.log_loss(labels, p, labels=range(k))
    assert losses.CategoricalCrossentropy()(np.eye(k)[labels], p).item() == pytest.approx(expected, rel=1e-9)
    for form in (labels, labels[:, None], labels.astype("float32"), labels.astype("uint8")):
        assert losses.SparseCategoricalCrossentropy()(form, p).item() == pytest.approx(expected, rel=1e-9)


@given(data=st.data(), k=st.integers(2, 5), smoothing=st.floats(0, 1))
def test_smoothed_labels_are_spread_over_all_classes(data, k, smoothing):
    """LOSS-12: y (1 - s) + s / K."""
    p = data.draw(arrays((3, k), 0.05, 1))
    p, y = p / p.sum(-1, keepdims=True), np.eye(k)[np.arange(3) % k]
    expected = losses.categorical_crossentropy(y * (1 - smoothing) + smoothing / k, p)
    np.testing.assert_allclose(losses.categorical_crossentropy(y, p, label_smoothing=smoothing), expected, rtol=1e-12)


def test_predictions_are_divided_by_their_sum():
    """LOSS-12, LOSS-13: as Keras does, so that shares need not sum to 1."""
    assert losses.categorical_crossentropy([[0, 1]], [[3.0, 1.0]]) == pytest.approx([math.log(4)])
    assert losses.sparse_categorical_crossentropy([1], [[3.0, 1.0]]) == pytest.approx([math.log(4)])
    assert np.isfinite(losses.categorical_crossentropy([[0, 1]], [[0.0, 0.0]])).all()


def test_a_sure_and_wrong_probability_costs_a_finite_amount_in_float16_too():
    """LOSS-11: where 1 - ε is 1, the next number below 1 takes its place."""
    p = Tensor(np.array([[0.0], [1.0]], "float16"))
    found = losses.BinaryCrossentropy(reduction=None)([1, 0], p).tolist()
    assert found == [pytest.approx(-math.log(EPSILON), rel=0.02), pytest.approx(11 * math.log(2), rel=0.01)]


@pytest.mark.parametrize("axis", [1, -2])
def test_classes_in_another_axis(axis):
    """LOSS-12, LOSS-13: images with the channels first."""
    rng = np.random.default_rng(0)
    z, labels = rng.normal(size=(2, 4, 3)), rng.integers(0, 4, (2, 3))
    expected = losses.sparse_categorical_crossentropy(labels, z.swapaxes(1, 2), from_logits=True)
    assert expected.shape == (2, 3)
    np.testing.assert_allclose(losses.sparse_categorical_crossentropy(labels, z, True, axis=axis), expected)
    np.testing.assert_allclose(losses.sparse_categorical_crossentropy(labels[:, None], z, from_logits=True, axis=axis), expected)
    hot = np.eye(4)[labels].swapaxes(1, 2)
    np.testing.assert_allclose(losses.categorical_crossentropy(hot, z, from_logits=True, axis=axis), expected)
    p = ops.softmax(z, axis=axis)
    np.testing.assert_allclose(losses.categorical_crossentropy(hot, p, axis=axis), expected, rtol=1e-6)
    softmax = losses.SparseCategoricalCrossentropy(axis=axis, from_logits=True)
    assert softmax(labels, z).item() == pytest.approx(expected.mean())


@pytest.mark.parametrize("label", [3, -1, 7.0, 1.5])
@pytest.mark.parametrize("fused", [False, True])
def test_a_label_that_is_no_class_is_named(label, fused):
    """LOSS-13: Keras gives it no loss, or nan; NumPy would count -1 from the end."""
    y = np.array([0, 2, label])
    with pytest.raises(ValueError, match=rf"class numbers from 0 to 2, got {label} at \(2,\)"):
        losses.SparseCategoricalCrossentropy(from_logits=fused)(y, np.full((3, 3), 1 / 3))


def test_an_ignored_class_counts_nothing():
    """LOSS-13: the mean is over the others; so is the gradient."""
    p = np.array([[0.5, 0.5], [0.25, 0.75], [0.9, 0.1]])
    loss = losses.SparseCategoricalCrossentropy(ignore_class=-1)
    q = Tensor(p)
    found = loss([0, -1, 1], q)
    assert found.item() == pytest.approx(-(math.log(0.5) + math.log(0.1)) / 2)
    assert (gradients(found, [q])[0].numpy()[1] == 0).all()
    assert losses.sparse_categorical_crossentropy([0, -1], p[:2], ignore_class=-1).tolist() == [pytest.approx(math.log(2)), 0]
    assert loss([-1, -1, -1], q).item() == 0


@pytest.mark.parametrize("labels", [np.array([0, 2, 1]), np.array([[0], [2], [1]])])
def test_class_numbers_are_sent_to_the_sparse_loss(labels):
    """LOSS-12."""
    with pytest.raises(ValueError, match="sparse_categorical_crossentropy"):
        losses.get("categorical_crossentropy")(labels, np.full((3, 3), 1 / 3))


def test_one_hot_labels_are_sent_away_by_the_sparse_loss():
    """LOSS-13."""
    with pytest.raises(ValueError, match=r"class number per sample, shape \(3,\), got \(3, 3\)"):
        losses.get("sparse_categorical_crossentropy")(np.eye(3), np.full((3, 3), 1 / 3))


def test_a_single_class_is_warned_of():
    """LOSS-12: its probability is 1 whatever the network says."""
    with pytest.warns(SyntaxWarning, match=r"two or more classes, got predictions \(2, 1\).*binary_crossentropy"):
        losses.CategoricalCrossentropy()([[1.0], [0.0]], [[0.5], [0.5]])


def test_hinge_takes_zeros_and_ones_for_signs():
    """LOSS-14: only if every label is 0 or 1."""
    p = np.array([[0.5, -2.0], [2.0, 0.1]])
    signs, bits = np.array([[1.0, -1.0], [-1.0, 1.0]]), np.array([[1, 0], [0, 1]])
    for loss in (losses.hinge, losses.squared_hinge):
        np.testing.assert_array_equal(loss(bits, p), loss(signs, p))
    assert losses.hinge([[0.0, -1.0]], [[5.0, 3.0]]).tolist() == [(1 + 4) / 2]
    assert losses.hinge(signs, p).tolist() == [pytest.approx(0.25), pytest.approx(1.95)]


@given(data=st.data(), n=st.integers(1, 6))
def test_hinge_is_scikit_learns(data, n):
    """LOSS-14."""
    sklearn = pytest.importorskip("sklearn.metrics")
    y = np.array([-1, 1, *data.draw(st.lists(st.sampled_from((-1, 1)), min_size=n, max_size=n))])
    p = data.draw(arrays(n + 2, -3, 3))
    assert losses.Hinge()(y, p).item() == pytest.approx(sklearn.hinge_loss(y, p, labels=[-1, 1]), rel=1e-9, abs=1e-12)


def test_categorical_hinge_by_hand():
    """LOSS-15: a wrong class never scores below 0."""
    y = np.eye(3)[[1, 0, 2]]
    p = np.array([[0.5, 2.0, 0.25], [0.2, 0.8, 0.1], [-3.0, -1.0, -0.5]])
    assert losses.categorical_hinge(y, p) == pytest.approx([0, 1.6, 1.5])


def test_poisson_is_the_likelihood_up_to_a_constant():
    """LOSS-17: the differences are SciPy's."""
    stats = pytest.importorskip("scipy.stats")
    y, p = np.array([[2.0], [2.0]]), np.array([[1.5], [3.0]])
    ours = np.diff(losses.poisson(y, p))
    np.testing.assert_allclose(ours, -np.diff(stats.poisson(p).logpmf(y)[:, 0]), rtol=1e-6)


@given(data=st.data(), gamma=st.floats(0, 4), alpha=st.floats(0, 1), balanced=st.booleans())
def test_binary_focal_crossentropy_is_the_papers_formula(data, gamma, alpha, balanced):
    """LOSS-21: Lin et al. (2017), eq. 4 and 5; gamma 0 is the plain cross-entropy."""
    p = data.draw(arrays((3, 2), 0.05, 0.95))
    y = data.draw(hnp.arrays(int, (3, 2), elements=st.integers(0, 1)))
    right = np.where(y == 1, p, 1 - p)
    weight = np.where(y == 1, alpha, 1 - alpha) if balanced else 1
    expected = (-weight * (1 - right) ** gamma * np.log(right)).mean(-1)
    found = losses.binary_focal_crossentropy(y, p, balanced, alpha, gamma)
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    from_logits = losses.binary_focal_crossentropy(y, np.log(p / (1 - p)), balanced, alpha, gamma, from_logits=True)
    np.testing.assert_allclose(from_logits, expected, rtol=1e-6)
    np.testing.assert_allclose(losses.binary_focal_crossentropy(y, p, gamma=0), losses.binary_crossentropy(y, p), rtol=1e-12)


@given(data=st.data(), gamma=st.floats(0, 4), q=st.floats(0.1, 0.9))
def test_losses_for_imbalance_are_their_papers_formulas(data, gamma, q):
    """LOSS-21: of the probability p of what came true, alpha (1 - p)^gamma (-log p) and (1 - p^q) / q."""
    z = data.draw(arrays((3, 4), -3, 3))
    labels = data.draw(hnp.arrays(int, 3, elements=st.integers(0, 3)))
    p = scipy.special.softmax(z, axis=-1)
    right = p[np.arange(3), labels]
    expected = -0.5 * (1 - right) ** gamma * np.log(right)
    hot = np.eye(4)[labels]
    np.testing.assert_allclose(losses.categorical_focal_crossentropy(hot, p, 0.5, gamma), expected, rtol=1e-9)
    np.testing.assert_allclose(losses.categorical_focal_crossentropy(hot, z, 0.5, gamma, from_logits=True), expected, rtol=1e-9)
    np.testing.assert_allclose(losses.categorical_focal_crossentropy(hot, p, [0.5] * 4, gamma), expected, rtol=1e-9)
    np.testing.assert_allclose(losses.categorical_generalized_cross_entropy(labels, p, q), (1 - right**q) / q, rtol=1e-9)


def test_dice_and_tversky_by_hand():
    """LOSS-21: 2 · overlap / sizes, over everything or sample by sample."""
    y, p = np.array([[1.0, 1.0, 0.0], [0.0, 1.0, 0.0]]), np.array([[1.0, 0.5, 0.5], [0.0, 0.5, 0.5]])
    assert losses.Dice()(y, p).item() == pytest.approx(1 - 2 * 2 / (3 + 3))
    assert losses.dice(y, p, axis=-1) == pytest.approx([1 - 3 / 4, 1 - 1 / 2])
    assert losses.tversky(y, p, 0.5, 0.5, axis=-1) == pytest.approx(losses.dice(y, p, axis=-1))
    assert losses.Tversky(alpha=1.0, beta=0.0)(y, p).item() == pytest.approx(1 - 2 / (2 + 1))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: losses.Huber(delta=0), "Huber expects delta > 0, got 0"),
        (lambda: losses.huber([1], [2.0], -1), "huber expects delta > 0, got -1"),
        (lambda: losses.CategoricalCrossentropy(label_smoothing=1.5), r"label_smoothing in \[0, 1\], got 1.5"),
        (lambda: losses.binary_crossentropy([1], [0.5], label_smoothing=-1), r"label_smoothing in \[0, 1\], got -1"),
        (lambda: losses.BinaryCrossentropy(label_smoothing="much"), r"label_smoothing in \[0, 1\], got 'much'"),
        (lambda: losses.CategoricalCrossentropy(axis=2)(np.eye(2), np.eye(2)), r"an axis 2, got shape \(2, 2\)"),
        (lambda: losses.CosineSimilarity(axis=-3)(np.eye(2), np.eye(2)), r"an axis -3, got shape \(2, 2\)"),
        (lambda: losses.CategoricalGeneralizedCrossEntropy(q=1), r"q in \(0, 1\), got 1"),
        (lambda: losses.mean_squared_error(np.ones(3), np.ones((3, 3))), r"predictions \(3, 3\), got \(3,\)"),
    ],
)
def test_a_parameter_that_breaks_its_law_is_refused(call, words):
    """LOSS-06, LOSS-11, LOSS-12, LOSS-18: by the class when it is made, by the function when it is called."""
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize("formula", [losses.mean_squared_error, losses.binary_crossentropy, losses.hinge])
def test_a_function_never_broadcasts_labels_either(formula):
    """LOSS-06: (n,) against (n, 1) gives n numbers."""
    y, p = np.array([0.0, 1.0, 1.0]), np.array([[0.2], [0.3], [0.9]])
    np.testing.assert_array_equal(formula(y, p), formula(y[:, None], p))
    assert formula(y, p).shape == (3,)


def test_a_function_keeps_to_what_it_was_given():
    """LOSS-07: arrays give arrays, Tensors Tensors, lists and whole numbers float64."""
    assert isinstance(losses.mean_squared_error([[1]], Tensor([[2.0]])), Tensor)
    assert type(losses.mean_squared_error([[1]], np.array([[2.0]], "float32"))) is np.ndarray
    assert losses.mean_squared_error([[1]], np.array([[2.0]], "float32")).dtype == "float32"
    assert losses.mean_squared_error([[1, 2]], [[2, 4]]).tolist() == [2.5]
    assert losses.binary_crossentropy([[1]], [[1]], label_smoothing=0.5).dtype == "float64"


def test_labels_that_were_computed_get_their_gradient():
    """LOSS-07: what a teacher network says can be trained too."""
    y, p = Tensor([2.0, 3.0]), Tensor([[1.0], [1.0]])
    found = gradients(losses.MeanSquaredError()(y, p), [y, p])
    assert found[0].tolist() == [1, 2] and found[1].tolist() == [[-1], [-2]]
