"""Sequential: adding, taking off, nesting, building; and get_layer."""

import numpy as np
import pytest

from tinygrad_edu import backend
from tinygrad_edu.layers import Activation, Dense, Input
from tinygrad_edu.models import Model, Sequential
from tinygrad_edu.optimizers import SGD

X, Y = np.arange(8.0).reshape(4, 2) / 8, np.array([0, 1, 1, 0])


def shapes(model):
    return [w.shape for w in model.weights]


def test_adding_one_by_one_and_giving_a_list_are_the_same():
    """MOD-01."""
    added = Sequential()
    added.add(Dense(5, input_dim=2, activation="tanh"))
    added.add(Dense(1, activation="sigmoid"))
    given = Sequential([Dense(5, input_dim=2, activation="tanh"), Dense(1, activation="sigmoid")])
    assert shapes(added) == shapes(given) == [(2, 5), (5,), (5, 1), (1,)]
    assert added.count_params() == given.count_params() == 21
    assert isinstance(added, Model)


@pytest.mark.eager("bit by bit")
def test_the_model_is_its_layers_one_after_the_other():
    """MOD-01."""
    layers = [Dense(5, activation="tanh"), Activation("relu"), Dense(2)]
    model = Sequential(layers)
    found, x = model.predict(X), X
    for layer in layers:
        x = layer(x)
    np.testing.assert_array_equal(found, x.numpy())
    assert model.layers == layers


@pytest.mark.parametrize("first", [[], [Input((2,))]], ids=["deferred", "with an Input"])
def test_weights_come_with_the_shape_or_with_the_data(first):
    """LAY-05, MOD-01."""
    model = Sequential([*first, Dense(3), Dense(1)])
    assert len(model.weights) == (4 if first else 0) and model.built is bool(first)
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    assert shapes(model) == [(2, 3), (3,), (3, 1), (1,)] and model.built
    assert model.input_shape == (None, 2) and model.output_shape == (None, 1)


def test_a_layer_may_be_added_after_training():
    """MOD-01: the weights so far stay."""
    model = Sequential([Dense(3, input_dim=2)])
    model.compile("sgd", "mse")
    model.fit(X, np.zeros((4, 3)), verbose=0)
    before = model.get_weights()
    model.add(Dense(1))
    assert model.output_shape == (None, 1)
    model.fit(X, Y, epochs=0, verbose=0)
    for old, new in zip(before, model.get_weights()):
        np.testing.assert_array_equal(old, new)


def test_pop_takes_the_last_layer_off():
    """MOD-01."""
    model = Sequential([Dense(3, input_dim=2), Dense(1)])
    model.pop()
    assert model.output_shape == (None, 3) and model.count_params() == 9 and model.predict(X).shape == (4, 3)
    model.pop()
    assert model.layers == []
    with pytest.raises(ValueError, match="pop expects a model with at least one layer"):
        model.pop()


def test_a_model_is_a_layer():
    """MOD-01: nested, trained from outside, listed as one."""
    inner = Sequential([Dense(3, input_dim=2, activation="tanh"), Dense(2)], name="inner")
    model = Sequential([inner, Dense(1)])
    model.compile(SGD(0.1), "mse")
    before = inner.get_weights()
    model.fit(X, Y, verbose=0)
    assert model.layers[0] is inner and model.count_params() == 9 + 8 + 3
    assert all(not np.array_equal(a, b) for a, b in zip(before, inner.get_weights()))
    assert model.get_layer("inner") is inner


@pytest.mark.parametrize("wrong", [Dense, "dense", None, np.tanh, SGD(), 3], ids=str)
def test_what_is_no_layer_is_refused(wrong):
    """MOD-01: Dense instead of Dense(1) above all."""
    model = Sequential([Dense(2, input_dim=2)])
    with pytest.raises(TypeError, match=r"Sequential.add expects a layer, got"):
        model.add(wrong)
    assert len(model.layers) == 1
    with pytest.raises(TypeError, match="expects a layer"):
        Sequential([wrong])


def test_a_layer_that_was_not_put_into_a_list_is_told_so():
    """MOD-01."""
    with pytest.raises(TypeError, match="expects"):
        Sequential(Dense(1))


def test_two_layers_of_one_name_are_refused():
    """MOD-01, LAY-07: whether two were named alike or one was added twice."""
    layer = Dense(2, name="hidden")
    for second in (Dense(3, name="hidden"), layer):
        model = Sequential([layer])
        with pytest.raises(ValueError, match=r"layers of different names, got a second 'hidden'"):
            model.add(second)
        assert model.layers == [layer]


def test_names_that_were_counted_twice_are_no_error():
    """LAY-07, D5: a layer from before clear_session meets one from after it."""
    first = Dense(3, input_dim=2)
    stem, _, number = first.name.rpartition("_")
    backend.clear_session()
    while (second := Dense(1)).name != f"{stem}_{number}":
        pass
    model = Sequential([first, second])
    assert len({layer.name for layer in model.layers}) == 2


def test_an_empty_model_says_so_when_it_is_used():
    """MOD-01."""
    model = Sequential()
    assert model.layers == [] and model.weights == []
    with pytest.raises(ValueError, match="at least one layer"):
        model.predict(X)
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="at least one layer"):
        model.fit(X, Y, verbose=0)


def test_get_layer_by_name_and_by_index():
    """MOD-01."""
    model = Sequential([Dense(3, name="a"), Dense(1, name="b")])
    assert model.get_layer("a") is model.get_layer(index=0) is model.layers[0]
    assert model.get_layer(index=-1).name == "b"
    with pytest.raises(ValueError, match=r"got 'c'. Choose one of a, b"):
        model.get_layer("c")
    for both_or_none in ({}, {"name": "a", "index": 0}):
        with pytest.raises(ValueError, match="a name or an index"):
            model.get_layer(**both_or_none)


def test_a_frozen_model_trains_nothing_and_counts_its_weights_as_fixed():
    """LAY-08, SUM-03."""
    model = Sequential([Dense(3, input_dim=2), Dense(1)])
    model.layers[0].trainable = False
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit(X, Y, verbose=0)
    moved = [not np.array_equal(a, b) for a, b in zip(before, model.get_weights())]
    assert moved == [False, False, True, True]
    assert len(model.trainable_weights) == 2 == len(model.non_trainable_weights)


def test_equal_units_stay_equal():
    """TEA-09, INI-04: no gradient ever tells them apart; unlike units do part."""

    def spread(initializer):
        model = Sequential(
            [Dense(5, input_dim=2, activation="tanh", kernel_initializer=initializer),
             Dense(1, activation="sigmoid", kernel_initializer=initializer)]
        )  # fmt: skip
        model.compile(SGD(0.5, momentum=0.9), "bce")
        model.fit(X, Y, epochs=20, batch_size=2, verbose=0)
        hidden = model.get_weights()[0]
        return np.ptp(hidden, axis=1).max()

    assert spread("ones") < 1e-5 and spread("zeros") < 1e-5
    assert spread("glorot_uniform") > 0.01


def test_zero_kernels_learn_nothing_but_the_last_bias():
    """INI-04: no signal goes forward, no gradient comes back."""
    model = Sequential(
        [Dense(5, input_dim=2, activation="tanh", kernel_initializer="zeros"), Dense(1, kernel_initializer="zeros")]
    )
    model.compile(SGD(0.1), "mse")
    model.fit(X, Y, epochs=5, verbose=0)
    assert [bool(w.any()) for w in model.get_weights()] == [False, False, False, True]


def test_build_may_be_called_again_and_needs_a_shape_the_first_time():
    """MOD-16: scripts for Keras 2 call it without."""
    model = Sequential([Dense(3, input_dim=2)])
    model.build()
    assert shapes(model) == [(2, 3), (3,)]
    with pytest.raises(ValueError, match=r"expects the shape of its inputs, got none. Write build\(\(None, 8\)\)"):
        Sequential([Dense(3)]).build()
