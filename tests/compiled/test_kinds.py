"""Arrays of a step are told apart, also where data of different parts have the same numbers."""

import numpy as np
import pytest

from tinygrad_edu import Model, Sequential, Tensor, compiled, layers, set_random_seed
from tinygrad_edu.layers import Dense, Embedding, Flatten, Input

RNG = np.random.default_rng(0)
X, Y, OTHER = RNG.normal(size=(3, 64, 4)).astype("float32")
NUMBERS, CLASSES = RNG.integers(0, 4, (2, 64, 1))


def dense():
    return Sequential([Dense(5, activation="tanh", input_shape=(4,)), Dense(4)]), "mse"


def words():
    return Sequential([Embedding(4, 3), Flatten(), Dense(4, activation="softmax")]), "sparse_categorical_crossentropy"


def trained(build, jit_compile, *data, fresh=False):
    """Losses of a model that is fit to some data, then to other data; of a new model each time if it is to be fresh."""
    found, model = [], None
    for x, y, *weights in data:
        if model is None or fresh:
            set_random_seed(1)
            model, loss = build()
            model.compile("sgd", loss, jit_compile=jit_compile)
        history = model.fit(x, y, batch_size=16, epochs=2, sample_weight=weights[0] if weights else None, verbose=0)
        found += history.history["loss"]
    return found


AUTOENCODERS = {
    "itself": X,
    "a copy of it": X.copy(),
    "a view of it": X[:],
    "a copy of it in another type": X.astype("float64"),
}


@pytest.mark.parametrize("fresh", [False, True], ids=["the same model", "another model of the same form"])
@pytest.mark.parametrize("y", AUTOENCODERS.values(), ids=AUTOENCODERS)
def test_what_learnt_to_give_back_what_it_gets_learns_other_things_afterwards(y, fresh):
    data = (X, y), (X, Y.astype(y.dtype)), (OTHER, Y.astype(y.dtype)), (OTHER, OTHER.astype(y.dtype))
    np.testing.assert_allclose(trained(dense, True, *data, fresh=fresh), trained(dense, False, *data, fresh=fresh), rtol=1e-4)


@pytest.mark.parametrize("fresh", [False, True])
def test_classes_that_are_the_words_themselves_are_other_ones_later(fresh):
    data = (NUMBERS, NUMBERS.copy()), (NUMBERS, CLASSES)
    np.testing.assert_allclose(trained(words, True, *data, fresh=fresh), trained(words, False, *data, fresh=fresh), rtol=1e-4)


def test_weights_of_samples_may_have_the_numbers_of_the_labels():
    weights = abs(Y[:, 0])
    data = (weights[:, None], weights[:, None], weights), (X[:, :1], Y[:, :1], weights)

    def one():
        return Sequential([Dense(1, input_shape=(1,))]), "mse"

    np.testing.assert_allclose(trained(one, True, *data), trained(one, False, *data), rtol=1e-4)


def test_labels_and_weights_that_are_all_one_are_no_obstacle():
    ones = np.ones((64, 1), "float32")

    def one():
        return Sequential([Dense(1, input_shape=(4,))]), "mse"

    found, right = (trained(one, jit, (X, ones, ones[:, 0]), (X, ones * 2, ones[:, 0])) for jit in (True, False))
    np.testing.assert_allclose(found, right, rtol=1e-4)


def test_two_inputs_of_the_same_numbers_stay_two():
    def two():
        a, b = Input((4,)), Input((4,))
        return Model([a, b], layers.Concatenate()([Dense(2)(a), Dense(2, activation="tanh")(b)])), "mse"

    data = ([X, X.copy()], Y), ([X, OTHER], Y)
    np.testing.assert_allclose(trained(two, True, *data), trained(two, False, *data), rtol=1e-4)


def test_samples_that_cannot_be_told_apart_are_trained_as_they_are():
    """Of two rows only one other order is there, in which both tables are the same again."""
    x = np.array([[0.0], [1.0]], "float32")
    set_random_seed(0)
    model = Sequential([Dense(1, input_shape=(1,))])
    model.compile("sgd", "mse")
    model.fit(x, x.copy(), batch_size=2, epochs=40, verbose=0)
    assert "too much alike" in model.explain_jit()


def test_a_function_tells_arguments_of_the_same_numbers_apart_by_what_numpy_made_of_them():
    @compiled
    def times(a, b):
        return a * Tensor(b.array.copy())

    one = np.array([1.0, 2.0, 3.0], "float32")
    times(Tensor(one), Tensor(one.copy()))
    assert times(Tensor(one), Tensor(one * 5)).tolist() == [5.0, 20.0, 45.0]
