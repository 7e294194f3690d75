"""What holds from one call to the next."""

import numpy as np
import pytest

import tinygrad_edu as keras

K = keras.backend


def test_values_of_weights_and_rates_are_got_and_set():
    """K-03: as callbacks write it."""
    model = keras.Sequential([keras.layers.Dense(1, input_dim=2)])
    model.compile(keras.optimizers.SGD(lr=0.5), "mse")
    K.set_value(model.optimizer.lr, K.get_value(model.optimizer.lr) / 2)
    assert K.get_value(model.optimizer.learning_rate) == 0.25
    kernel, bias = model.weights
    K.batch_set_value([(kernel, [[1], [2]]), (bias, [3])])
    assert [value.tolist() for value in K.batch_get_value([kernel, bias])] == [[[1], [2]], [3]]
    assert K.get_value(3.5) == 3.5


def test_epsilon_and_floatx_are_changed_and_changed_back():
    """K-04."""
    assert (K.epsilon(), K.floatx()) == (1e-7, "float32")
    try:
        K.set_epsilon(1e-3)
        K.set_floatx("float64")
        assert (K.epsilon(), K.floatx()) == (1e-3, "float64")
        assert keras.layers.Dense(1)([[1.0]]).dtype == "float64"
        clipped = keras.losses.binary_crossentropy([[1.0]], [[0.0]])
        assert clipped == pytest.approx(-np.log(1e-3))
    finally:
        K.set_epsilon(1e-7)
        K.set_floatx("float32")


@pytest.mark.parametrize("value", [0, -1e-7, 1, float("nan")])
def test_an_epsilon_that_is_none_is_refused(value):
    """K-04."""
    with pytest.raises(ValueError, match="set_epsilon expects a number between 0 and 1"):
        K.set_epsilon(value)


def test_images_have_their_channels_last():
    """K-04."""
    K.set_image_data_format("channels_last")
    assert K.image_data_format() == "channels_last"
    assert K.backend() == "tinygrad_edu"
    with pytest.raises(ValueError, match=r"expects 'channels_last', got 'channels_first'.*moveaxis"):
        K.set_image_data_format("channels_first")


def test_a_new_session_counts_again_and_leaves_models_alone():
    """K-05."""
    model = keras.Sequential([keras.layers.Dense(1, input_dim=2)])
    before = model.predict(np.ones((1, 2)))
    K.clear_session()
    assert keras.layers.Dense(1).name == "dense_1"
    assert (model.predict(np.ones((1, 2))) == before).all()
