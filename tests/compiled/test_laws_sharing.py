"""Compiled models beside each other: in threads, in children, in callbacks, copied, stored, and interrupted."""

import copy
import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import tinygrad_edu
from tinygrad_edu import Tensor, callbacks, ops
from tinygrad_edu.compiled.function import compiled
from tinygrad_edu.layers import Dense, Dropout
from tinygrad_edu.models import Sequential, clone_model
from tinygrad_edu.optimizers import Adam

RNG = np.random.default_rng(0)
X = RNG.uniform(-1, 1, (40, 3)).astype("float32")
Y = X[:, :1] ** 2


def model_of(jit, width=4, seed=1):
    tinygrad_edu.set_random_seed(seed)
    model = Sequential([Dense(width, "tanh"), Dropout(0.2, seed=3), Dense(1)])
    model.build((None, 3))
    model.compile(Adam(0.01), "mse", metrics=["mae"], jit_compile=jit)
    return model


def fit(model, epochs=3, **more):
    return model.fit(X, Y, **{"batch_size": 7, "epochs": epochs, "verbose": 0, "shuffle": False, **more}).history


def assert_equal(model, other):
    states = ([*one.get_weights(), *one.optimizer.get_weights()] for one in (model, other))
    for one, two in zip(*states):
        np.testing.assert_allclose(one, two, 1e-4, 1e-5)


def test_models_of_one_form_and_of_several_train_in_threads_as_alone():
    """Plans are shared; memory and generators are not."""
    widths = [3, 4, 4, 4, 5, 4, 3, 6]
    models = [model_of(True, width, seed) for seed, width in enumerate(widths)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda model: fit(model, 20), models))
    for seed, (width, model) in enumerate(zip(widths, models)):
        alone = model_of(True, width, seed)
        fit(alone, 20)
        for one, two in zip(model.get_weights(), alone.get_weights()):
            np.testing.assert_array_equal(one, two)


def test_a_function_may_be_called_in_many_threads():
    fast = compiled(lambda x: (ops.tanh(x @ x.T), ops.sum(x)))
    inputs = [RNG.uniform(-1, 1, (5 + n % 2, 4)).astype("float32") for n in range(40)]
    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(lambda x: [part.numpy() for part in fast(Tensor(x))], inputs * 5))
    for x, (product, total) in zip(inputs * 5, results):
        np.testing.assert_allclose(product, np.tanh(x @ x.T), 1e-5, 1e-6)
        np.testing.assert_allclose(total, x.sum(), 1e-4, 1e-5)


def test_a_callback_may_train_another_model_and_this_one():
    class Nests(callbacks.Callback):
        def __init__(self, jit):
            super().__init__()
            self.other = model_of(jit, 6, 2)

        def on_epoch_end(self, epoch, logs=None):
            fit(self.other, 2)
            if epoch == 1:
                self.model.train_on_batch(X[:5], Y[:5])

    both = []
    for jit in (True, False):
        nests, model = Nests(jit), model_of(jit)
        history = fit(model, callbacks=[nests])
        both.append((model, nests.other, history))
    assert_equal(both[0][0], both[1][0])
    assert_equal(both[0][1], both[1][1])
    np.testing.assert_allclose(both[0][2]["loss"], both[1][2]["loss"], 1e-4)


@pytest.mark.parametrize("way", ["deepcopy", "clone"])
def test_a_copy_of_a_model_that_has_run_compiled_goes_its_own_way(way):
    def copied(jit):
        model = model_of(jit)
        fit(model)
        if way == "deepcopy":
            other = copy.deepcopy(model)
        else:
            other = clone_model(model)
            other.set_weights(model.get_weights())
            other.compile(Adam(0.01), "mse", jit_compile=jit)
        before = model.get_weights()
        fit(other, 2)
        for one, two in zip(before, model.get_weights()):
            np.testing.assert_array_equal(one, two)
        fit(model, 1)
        return model, other

    for one, two in zip(copied(True), copied(False)):
        assert_equal(one, two)


def test_an_error_in_a_callback_leaves_a_model_that_trains_on():
    class Stops(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 3:
                raise KeyboardInterrupt

    both = []
    for jit in (True, False):
        model = model_of(jit)
        with pytest.raises(KeyboardInterrupt):
            fit(model, callbacks=[Stops()])
        fit(model, 2)
        both.append(model)
    assert both[0].optimizer.iterations == both[1].optimizer.iterations
    assert_equal(*both)


def test_a_signal_stops_compiled_training_between_two_steps():
    model = model_of(True)
    timer = threading.Timer(0.3, signal.raise_signal, [signal.SIGINT])
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        fit(model, 10**6)
    timer.join()
    assert all(np.isfinite(weight).all() for weight in model.get_weights())
    before = model.optimizer.iterations
    fit(model, 1)
    assert model.optimizer.iterations == before + 6


def test_a_label_that_is_no_class_stops_training_where_it_does_eagerly():
    labels = np.arange(40) % 3
    labels[30] = 7
    both = []
    for jit in (True, False):
        tinygrad_edu.set_random_seed(1)
        model = Sequential([Dense(3, "softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy", jit_compile=jit)
        with pytest.raises(ValueError, match="from 0 to 2"):
            model.fit(X, labels, batch_size=7, shuffle=False, verbose=0)
        both.append(model)
    assert both[0].optimizer.iterations == both[1].optimizer.iterations
    for one, two in zip(both[0].get_weights(), both[1].get_weights()):
        np.testing.assert_allclose(one, two, 1e-5, 1e-6)


@pytest.mark.skipif(not hasattr(os, "fork") or sys.platform == "darwin", reason="no fork")
@pytest.mark.filterwarnings("ignore:.*fork")
def test_a_child_goes_on_where_its_parent_was():
    model = model_of(True)
    fit(model)
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        fit(model, 2)
        os.write(write, np.concatenate([weight.ravel() for weight in model.get_weights()]).tobytes())
        os._exit(0)
    os.close(write)
    found = np.frombuffer(os.read(read, 10**5), np.float32)
    os.close(read)
    assert os.waitpid(child, 0)[1] == 0
    fit(model, 2)
    np.testing.assert_array_equal(found, np.concatenate([weight.ravel() for weight in model.get_weights()]))
