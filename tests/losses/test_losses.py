"""Losses against hand-worked numbers, plain NumPy and scikit-learn; shapes that meet and shapes that do not."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_edu as tg
from tinygrad_edu import Tensor, activations, losses, metrics
from tinygrad_edu.calculus import gradients
from tinygrad_edu.losses import BinaryCrossentropy, MeanAbsoluteError, MeanSquaredError
from tinygrad_edu.testing import check_gradients

Y = np.array([[0.0, 1.0, 2.0], [3.0, 5.0, 8.0]])
P = np.array([[1.0, 1.0, 0.0], [3.0, 4.0, 10.0]])
shapes = hnp.array_shapes(min_dims=2, max_dims=3, max_side=4)


def numbers(shape, low, high):
    return hnp.arrays(float, shape, elements=st.floats(low, high))


def test_mean_squared_error_by_hand():
    """LOSS-07: the function gives a number per sample, the class their mean."""
    assert losses.mean_squared_error(Y, P).tolist() == pytest.approx([5 / 3, 5 / 3])
    assert MeanSquaredError()(Y, P).item() == pytest.approx(10 / 6)


def test_mean_absolute_error_by_hand():
    """LOSS-08."""
    assert losses.mean_absolute_error(Y, P).tolist() == pytest.approx([1, 1])
    assert MeanAbsoluteError()(Y, P).item() == pytest.approx(1)


def test_binary_crossentropy_by_hand():
    """LOSS-11: half sure is one bit, whatever came true; a quarter is two bits."""
    assert BinaryCrossentropy()([[1.0], [0.0]], [[0.5], [0.5]]).item() == pytest.approx(math.log(2))
    assert BinaryCrossentropy()([[1.0], [0.0]], [[0.25], [0.75]]).item() == pytest.approx(math.log(4))


@given(data=st.data(), shape=shapes)
def test_the_regression_losses_are_their_formulas(data, shape):
    """LOSS-07, LOSS-08."""
    y, p = data.draw(numbers(shape, -1e3, 1e3)), data.draw(numbers(shape, -1e3, 1e3))
    np.testing.assert_allclose(MeanSquaredError()(y, p).numpy(), np.mean((y - p) ** 2), rtol=1e-12)
    np.testing.assert_allclose(MeanAbsoluteError()(y, p).numpy(), np.mean(np.abs(y - p)), rtol=1e-12)


@given(data=st.data(), n=st.integers(2, 20))
def test_binary_crossentropy_is_scikit_learns_log_loss(data, n):
    """LOSS-11."""
    sklearn = pytest.importorskip("sklearn.metrics")
    y = data.draw(hnp.arrays(int, n, elements=st.integers(0, 1)))
    p = data.draw(numbers(n, 1e-4, 1 - 1e-4))
    assert losses.get("bce")(y, p[:, None]).item() == pytest.approx(sklearn.log_loss(y, p, labels=[0, 1]), rel=1e-9)


@given(data=st.data(), n=st.integers(1, 10), smoothing=st.floats(0, 1))
def test_logits_probabilities_and_fused_sigmoids_give_the_same_value(data, n, smoothing):
    """LOSS-11, D30: max(z, 0) - z·y + log(1 + exp(-|z|)), in NumPy, is the oracle."""
    z = data.draw(numbers((n, 1), -12, 12))
    y = data.draw(numbers((n, 1), 0, 1))
    soft = y * (1 - smoothing) + smoothing / 2
    expected = np.mean(np.maximum(z, 0) - z * soft + np.log1p(np.exp(-np.abs(z))))
    from_logits = BinaryCrossentropy(from_logits=True, label_smoothing=smoothing)(y, z)
    loss = BinaryCrossentropy(label_smoothing=smoothing)
    fused = loss(y, activations.sigmoid(Tensor(z)))
    plain = loss(y, 1 / (1 + np.exp(-z)))
    assert [from_logits.item(), fused.item()] == pytest.approx([expected] * 2, rel=1e-12)
    assert plain.item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("z", [-1000.0, -60.0, -20.0, 0.0, 20.0, 60.0, 1000.0])
@pytest.mark.parametrize("y", [0.0, 1.0])
def test_a_saturated_sigmoid_still_gets_the_gradient_p_minus_y(z, y, dtype):
    """LOSS-11, D30."""
    logit = Tensor(np.array([[z]], dtype))
    loss = losses.get("binary_crossentropy")([[y]], activations.sigmoid(logit))
    (g,) = gradients(loss, [logit])
    p = 1 / (1 + math.exp(-z)) if z > -700 else 0.0
    assert g.item() == pytest.approx(p - y, abs=float(np.finfo(dtype).eps))
    assert loss.item() == pytest.approx(max(z, 0) - z * y, abs=1)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("z", [5.0, 10.0, 20.0, 60.0])
@pytest.mark.parametrize("y", [0.0, 1.0])
def test_the_loss_of_a_confident_answer_keeps_its_digits(z, y, dtype):
    """LOSS-11, D30: log(1 + exp(-z)) where the answer is right, z more where it is wrong; both ways round."""
    expected = math.log1p(math.exp(-z)) + z * (1 - y)
    for logit, label in [(z, y), (-z, 1 - y)]:
        out = activations.sigmoid(Tensor(np.array([[logit]], dtype)))
        assert losses.get("bce")([[label]], out).item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_probability_of_0_or_1_costs_a_finite_amount(dtype):
    """LOSS-11: probabilities that no sigmoid made are limited to [ε, 1 - ε]."""
    p = np.array([[0.0], [1.0]], dtype)
    wrong, right = BinaryCrossentropy()([1, 0], p).item(), BinaryCrossentropy()([0, 1], p).item()
    assert wrong == pytest.approx(-math.log(1e-7), rel=0.02)
    assert right == pytest.approx(1e-7, rel=0.3)


def test_label_smoothing_pulls_labels_to_the_middle():
    """LOSS-11."""
    p = np.array([[0.3], [0.8]])
    assert BinaryCrossentropy(label_smoothing=0.2)([0, 1], p).item() == pytest.approx(
        BinaryCrossentropy()([[0.1], [0.9]], p).item()
    )


@pytest.mark.parametrize("make", [MeanSquaredError, BinaryCrossentropy, lambda: BinaryCrossentropy(from_logits=True)])
def test_gradients_agree_with_differences(make):
    """LOSS-07, LOSS-11."""
    check_gradients(lambda p: make()(np.array([[0.0, 1.0], [1.0, 0.5]]), p), np.array([[0.2, 0.7], [0.6, 0.4]]))


def test_the_gradient_of_mean_absolute_error_is_the_sign():
    """LOSS-08."""
    p = Tensor([[1.0, -2.0, 5.0, 0.0]])
    assert gradients(MeanAbsoluteError()([[0.0, 0.0, 9.0, 0.0]], p), [p])[0].tolist() == [[0.25, -0.25, -0.25, 0]]


# Reduction --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cls", [MeanSquaredError, MeanAbsoluteError, BinaryCrossentropy])
def test_reductions(cls):
    """LOSS-03: all of them come from the numbers per sample."""
    y, p = np.array([[0.0, 1.0], [1.0, 1.0], [0.0, 0.0]]), np.array([[0.2, 0.9], [0.5, 0.5], [0.7, 0.1]])
    each = cls(reduction=None)(y, p).numpy()
    assert each.shape == (3,)
    np.testing.assert_array_equal(cls(reduction="none")(y, p).numpy(), each)
    assert cls(reduction="sum")(y, p).item() == pytest.approx(each.sum())
    assert cls()(y, p).item() == cls(reduction="sum_over_batch_size")(y, p).item() == pytest.approx(each.mean())


def test_the_mean_is_over_all_remaining_axes():
    """LOSS-03."""
    p = np.arange(24.0).reshape(2, 3, 4)
    assert MeanSquaredError(reduction=None)(np.zeros((2, 3, 4)), p).shape == (2, 3)
    assert MeanSquaredError()(np.zeros((2, 3, 4)), p).item() == pytest.approx(np.mean(p**2))


def test_an_unknown_reduction_is_refused():
    """LOSS-03."""
    with pytest.raises(ValueError, match=r"expects a reduction out of .*'sum'.*got 'average'"):
        MeanSquaredError(reduction="average")


def test_label_smoothing_outside_0_to_1_is_refused():
    """LOSS-11."""
    with pytest.raises(ValueError, match=r"label_smoothing in \[0, 1\], got 2"):
        BinaryCrossentropy(label_smoothing=2)


# Shapes -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["mse", "mae", "bce"])
@given(data=st.data(), n=st.integers(1, 8))
def test_labels_n_meet_predictions_n_1_sample_by_sample(name, data, n):
    """LOSS-06: bit for bit what (n, 1) labels give, and never an (n, n) table."""
    y, p = data.draw(numbers(n, 0, 1)), data.draw(numbers((n, 1), 0, 1))
    loss = losses.get(name)
    assert loss(y, p).item() == loss(y[:, None], p).item() == loss(y[:, None], p[:, 0]).item()


@pytest.mark.parametrize(
    ("labels", "predictions"),
    [((5, 7), (5, 1)), ((5,), (5, 7)), ((5, 1), (5, 7)), ((5, 7), (5,)), ((4, 1), (5, 1)), ((1, 5), (5, 1)), ((5, 1), (5, 3, 1))],
)
def test_shapes_that_disagree_are_refused_with_both_shapes(labels, predictions):
    """LOSS-06."""
    with pytest.raises(ValueError) as error:
        MeanSquaredError()(np.zeros(labels), np.zeros(predictions))
    assert str(labels) in str(error.value) and str(predictions) in str(error.value)


@pytest.mark.parametrize(
    "y", [[0, 1], np.array([0, 1], "uint8"), np.array([False, True]), np.array([0, 1], "float32"), (0.0, 1.0)]
)
def test_labels_of_any_kind_of_number_mean_the_same(y):
    """FIT-18, LOSS-06."""
    p = np.array([[0.25], [0.75]], "float32")
    loss = losses.get("mse")(y, p)
    assert loss.item() == 0.0625 and loss.dtype == "float32"


@pytest.mark.parametrize("labels", [["yes", "no"], np.array([0, "x"], object), None, {"a": 1}, [1j, 2]], ids=str)
def test_labels_that_are_no_numbers_are_refused(labels):
    """FIT-18, LOSS-06: by losses and by metrics, in words about labels."""
    for count in (losses.get("mse"), metrics.BinaryAccuracy(), metrics.SparseCategoricalAccuracy(), metrics.AUC()):
        with pytest.raises(TypeError, match="expects numbers as labels, got"):
            count(labels, np.full((2, 3), 0.5))
    with pytest.raises(TypeError, match="expects numbers as predictions, got"):
        losses.mean_squared_error([1.0, 2.0], ["a", "b"])


def test_weights_that_are_no_numbers_are_refused():
    """LOSS-04."""
    for count in (losses.get("mse"), metrics.get("mse")):
        with pytest.raises(TypeError, match=r"sample_weight expects numbers, got \['much', 'little'\]"):
            count([1.0, 2.0], [1.0, 2.0], sample_weight=["much", "little"])


# Names and own losses ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "cls"),
    [
        (("mse", "MSE", "mean_squared_error", "MeanSquaredError"), MeanSquaredError),
        (("mae", "MAE", "mean_absolute_error", "MeanAbsoluteError"), MeanAbsoluteError),
        (("bce", "BCE", "binary_crossentropy", "BinaryCrossentropy"), BinaryCrossentropy),
    ],
)
def test_every_alias_is_the_same_loss(names, cls):
    """LOSS-01, LOSS-02."""
    assert {type(losses.get(name)) for name in (*names, cls, cls())} == {cls}


@pytest.mark.parametrize(
    "function",
    [
        lambda y, p: tg.mean(tg.square(y - p)),
        lambda y, p: tg.mean(tg.square(y - p), axis=-1),
        lambda y, p: (y - p) ** 2,
        losses.mean_squared_error,
    ],
    ids=["a number", "a number per sample", "a number per entry", "ours"],
)
def test_a_function_is_a_loss_whatever_it_still_has_to_be_averaged_over(function):
    """LOSS-22."""
    p = Tensor(P)
    loss = losses.get(function)(Y, p)
    assert loss.item() == pytest.approx(10 / 6)
    np.testing.assert_allclose(gradients(loss, [p])[0].numpy(), 2 * (P - Y) / 6)


def test_a_function_gives_its_name_to_the_loss():
    """LOSS-22."""

    def huber_like(y_true, y_pred):
        return tg.mean(tg.absolute(y_true - y_pred))

    assert losses.get(huber_like).name == "huber_like"
    assert losses.get("mse").name == "mean_squared_error"


def test_labels_come_to_a_function_in_the_shape_and_dtype_of_predictions():
    """LOSS-06, LOSS-22."""
    seen = []
    losses.get(lambda y, p: seen.append((y.shape, str(y.dtype))) or p)(np.array([1, 2]), Tensor(np.zeros((2, 1), "float32")))
    assert seen == [((2, 1), "float32")]
