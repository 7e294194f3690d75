"""Embedding, Masking, and how masks travel."""

import warnings

import numpy as np
import pytest

from tinygrad_edu import as_tensor
from tinygrad_edu.calculus import gradients
from tinygrad_edu.layers import Activation, Dense, Dropout, Embedding, Flatten, Lambda, Layer, Masking
from tinygrad_edu.models import Sequential

TABLE = np.arange(10.0).reshape(5, 2)


def test_an_embedding_looks_rows_up():
    """CORE-11: in any shape of whole numbers."""
    layer = Embedding(5, 2, weights=[TABLE])
    for numbers in ([[1, 4], [0, 1]], [[[3]]], [[2]]):
        np.testing.assert_array_equal(layer(np.array(numbers)).numpy(), TABLE[np.array(numbers)])


@pytest.mark.parametrize("kind", ["int8", "uint8", "int32", "int64", "float32", "float64", "bool"])
def test_numbers_may_be_of_any_type(kind):
    """CORE-11: floats that are whole too, as fit makes of data in float arrays."""
    assert Embedding(5, 2, weights=[TABLE])(np.array([[1, 0]], kind)).tolist() == [[[2, 3], [0, 1]]]


@pytest.mark.parametrize(("wrong", "told"), [(5, "5"), (-1, "-1"), (1.5, "1.5"), (np.nan, "nan"), (10**9, "1e[+]09")])
def test_a_number_without_a_row_is_named_with_its_place(wrong, told):
    """CORE-11: no silent zeros."""
    numbers = np.zeros((2, 3), type(wrong))
    numbers[1, 2] = wrong
    with pytest.raises(IndexError, match=rf"Embedding 'words' expects whole numbers from 0 to 4, got {told} at \(1, 2\)"):
        Embedding(5, 2, name="words")(numbers)


def test_the_gradient_adds_up_where_a_row_was_used_more_than_once():
    """CORE-11: scatter-add."""
    layer = Embedding(5, 2)
    out = layer(np.array([[1, 3, 1]]))
    (g,) = gradients((out * np.array([[[1.0, 10], [2, 20], [3, 30]]], "float32")).sum(), [layer.embeddings])
    assert g.tolist() == [[0, 0], [4, 40], [0, 0], [2, 20], [0, 0]]


def test_rows_begin_between_minus_and_plus_a_twentieth():
    """CORE-11."""
    layer = Embedding(200, 50)
    layer(np.array([[0]]))
    rows = layer.get_weights()[0]
    assert rows.shape == (200, 50) and 0.049 < np.abs(rows).max() <= 0.05


def test_a_text_model_trains():
    """CORE-11: the tutorial's Embedding, Flatten, Dense; input_length builds at once."""
    model = Sequential([Embedding(20, 4, input_length=3), Flatten(), Dense(1, activation="sigmoid")])
    assert model.count_params() == 80 + 13
    model.compile("sgd", "binary_crossentropy")
    x = np.random.default_rng(0).integers(0, 20, (32, 3))
    first = model.fit(x, x[:, 0] > 9, epochs=30, verbose=0).history["loss"]
    assert first[-1] < first[0]


def test_whole_numbers_reach_an_embedding_undamaged_through_a_model():
    """LAY-16: 2²⁴ + 1 is no float32."""
    model = Sequential([Lambda(lambda x: x - 2**24), Embedding(3, 1, weights=[[[0.0], [1.0], [2.0]]])])
    assert model(np.array([[2**24 + 1]])).tolist() == [[[1]]]


# Masks --------------------------------------------------------------------------------------------

STEPS = np.array([[3, 1, 0, 0], [2, 0, 0, 0]])


def test_zero_means_padding_if_the_embedding_says_so():
    """CORE-11, LOSS-05."""
    assert Embedding(5, 2, mask_zero=True)(STEPS).mask.tolist() == (STEPS != 0).tolist()
    assert getattr(Embedding(5, 2)(STEPS), "mask", None) is None


def test_masking_finds_steps_whose_features_all_have_the_value():
    """CORE-10: and sets them to 0."""
    x = np.array([[[9.0, 9.0], [9.0, 1.0], [0.0, 0.0]]])
    out = Masking(mask_value=9.0)(x)
    assert out.mask.tolist() == [[False, True, True]] and out.tolist() == [[[0, 0], [9, 1], [0, 0]]]


def test_a_mask_passes_layers_that_keep_the_steps_and_reaches_the_end_of_a_model():
    """LOSS-05: where the loss looks for it."""
    model = Sequential(
        [Embedding(5, 3, mask_zero=True), Dense(4, "relu"), Dropout(0.5), Activation("tanh"), Sequential([Dense(1)])]
    )
    for training in (False, True):
        out = model(STEPS, training=training)
        assert out.shape == (2, 4, 1) and out.mask.tolist() == (STEPS != 0).tolist()


def test_a_layer_that_loses_the_mask_warns_once():
    """LOSS-05: padding would count without a word."""
    model = Sequential([Embedding(5, 3, mask_zero=True), Flatten(name="flat"), Dense(1)])
    with pytest.warns(UserWarning, match="Flatten 'flat' passes no mask on"):
        assert getattr(model(STEPS), "mask", None) is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model(STEPS)


class Last(Layer):
    """Takes the last step that is no padding."""

    def call(self, x, mask=None):
        last = mask.numpy().sum(axis=1) - 1 if mask is not None else np.full(len(x), -1)
        return x[np.arange(len(x)), last]

    def compute_mask(self, inputs, mask=None):
        return None


def test_a_layer_of_ones_own_is_handed_the_mask_it_asks_for_and_may_end_it():
    """LAY-01, LAY-02: compute_mask as Keras users override it."""
    layer = Last()
    x = as_tensor(np.arange(16.0).reshape(2, 4, 2))
    assert layer(x).tolist() == [[6, 7], [14, 15]]
    x.mask = as_tensor(STEPS != 0)
    out = layer(x)
    assert out.tolist() == [[2, 3], [8, 9]] and getattr(out, "mask", None) is None
    told = np.array([[True, False, False, False], [True, True, True, True]])
    assert layer(x, mask=told).tolist() == [[0, 1], [14, 15]]


def test_a_layer_that_returns_its_input_does_not_change_the_mask_of_others():
    """LOSS-05."""

    class End(Layer):
        def call(self, x):
            return x

        def compute_mask(self, inputs, mask=None):
            return None

    x = as_tensor(np.ones((2, 4, 2), "float32"))
    x.mask = as_tensor(STEPS != 0)
    assert getattr(End()(x), "mask", None) is None and x.mask.tolist() == (STEPS != 0).tolist()


def test_a_lambda_may_say_a_mask():
    """CORE-09."""
    x = as_tensor(np.ones((2, 4, 2), "float32"))
    x.mask = as_tensor(STEPS != 0)
    assert Lambda(lambda x: x * 2, mask=lambda x, mask: mask)(x).mask.tolist() == (STEPS != 0).tolist()
    assert getattr(Lambda(lambda x: x * 2)(x), "mask", None) is None


def test_an_input_length_may_be_of_several_axes_and_fits_the_input_shape():
    """CORE-11: a legacy keyword."""
    assert Sequential([Embedding(9, 4, input_length=(None, 5))]).output_shape == (None, None, 5, 4)
    assert Sequential([Embedding(9, 4, input_length=2, batch_input_shape=(3, 2))]).output_shape == (None, 2, 4)
    for shape in ({"input_shape": (3, 5)}, {"input_shape": (3,)}, {"batch_input_shape": (2, 3)}):
        with pytest.raises(ValueError, match=r"expects input_length to fit input_shape \(3.*, got \(2,\)\. Leave it out"):
            Embedding(9, 4, input_length=2, **shape)


def test_a_mask_is_read_under_keras_name():
    """CORE-10: its guide to masking prints it."""
    words = Embedding(3, 2, mask_zero=True)(np.array([[1, 0]]))
    np.testing.assert_array_equal(np.asarray(words._keras_mask), [[True, False]])
    assert Embedding(3, 2)(np.array([[1, 0]]))._keras_mask is None
