"""Copies of models: pickled, copied deeply, and sent to other processes by joblib, they train on as the first would have."""

import copy
import pickle
import warnings

import numpy as np
import pytest

from tinygrad_edu import Model, Sequential, callbacks, layers

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(40, 3)), RNG.normal(size=40)
COPIES = {"pickle": lambda model: pickle.loads(pickle.dumps(model)), "deepcopy": copy.deepcopy}
each_copy = pytest.mark.parametrize("kind", COPIES)


def stack():
    return Sequential(
        [
            layers.Dense(4, activation="relu", kernel_regularizer="l2", activity_regularizer="l1", input_shape=(3,)),
            layers.BatchNormalization(),
            layers.Dropout(0.4),
            Sequential([layers.Dense(2), layers.PReLU()]),
            layers.Dense(1),
        ]
    )


class Written(Model):
    def __init__(self):
        super().__init__()
        self.parts = [layers.Dense(3, activation="tanh"), layers.Dropout(0.2)]
        self.out = layers.Dense(1)

    def call(self, x):
        for part in self.parts:
            x = part(x)
        return self.out(x)


def trained(make):
    model = make()
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[callbacks.LearningRateScheduler(constant)])
    return model


def constant(epoch):
    return 0.01


def go_on(model):
    np.random.seed(5)
    return model.fit(X, Y, epochs=2, verbose=0).history, model.get_weights()


@each_copy
@pytest.mark.parametrize("make", [stack, Written])
def test_a_copy_trains_on_as_the_model_would_have(kind, make):
    """SAV-09."""
    model = trained(make)
    again = COPIES[kind](model)
    np.testing.assert_array_equal(model.predict(X), again.predict(X))
    (history, weights), (other_history, other_weights) = go_on(model), go_on(again)
    assert history == other_history
    for one, other in zip(weights, other_weights, strict=True):
        np.testing.assert_array_equal(one, other)


@each_copy
def test_a_copy_has_memory_of_its_own(kind):
    """SAV-09."""
    model = trained(stack)
    before = model.get_weights()
    again = COPIES[kind](model)
    go_on(again)
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert not set(map(id, model.weights)) & set(map(id, again.weights))
    assert again.optimizer is not model.optimizer and again.optimizer.iterations > model.optimizer.iterations


@each_copy
def test_a_model_without_weights_can_be_copied(kind):
    """SAV-09."""
    again = COPIES[kind](Sequential([layers.Dense(2)]))
    assert again.predict(X).shape == (40, 2)


@each_copy
def test_a_copy_is_saved_and_summarized_like_the_model(kind, tmp_path):
    model = trained(stack)
    model.save(tmp_path / "one")
    COPIES[kind](model).save(tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def score(model, x):
    return model.predict(x).sum()


def fitted(model):
    return go_on(model)


def test_joblib_sends_models_to_other_processes_and_back():
    """SAV-09."""
    joblib = pytest.importorskip("joblib")
    model = trained(stack)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of loky's about its workers
        with joblib.Parallel(n_jobs=2) as parallel:
            scores = parallel(joblib.delayed(score)(model, X) for _ in range(2))
            results = parallel(joblib.delayed(fitted)(model) for _ in range(2))
    assert scores == [model.predict(X).sum()] * 2
    expected = go_on(model)
    for history, weights in results:
        assert history == expected[0]
        for one, other in zip(weights, expected[1], strict=True):
            np.testing.assert_array_equal(one, other)


def test_joblib_dumps_and_loads_models(tmp_path):
    """SAV-09."""
    joblib = pytest.importorskip("joblib")
    model = trained(stack)
    joblib.dump(model, tmp_path / "model.joblib")
    np.testing.assert_array_equal(joblib.load(tmp_path / "model.joblib").predict(X), model.predict(X))


def test_a_model_of_many_layers_is_copied_without_recursion_running_out():
    """SAV-09."""
    model = Sequential([layers.Dense(1, input_dim=1), *(layers.Activation("relu") for _ in range(300))])
    for make in COPIES.values():
        np.testing.assert_array_equal(make(model).predict([[1.0]]), model.predict([[1.0]]))
