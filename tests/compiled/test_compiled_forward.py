"""What a machine measures and predicts is what eager steps do, within the rounding of sums that are added up in another order."""

import sys
import threading

import numpy as np
import pytest

import tinygrad_edu
from tinygrad_edu import callbacks
from tinygrad_edu.layers import BatchNormalization, Dense, Dropout, Input, Lambda
from tinygrad_edu.models import Sequential, pieces

RNG = np.random.default_rng(2)
X = RNG.uniform(-1, 1, (203, 3)).astype("float32")
Y = (X.sum(1) > 0).astype("float32")
WEIGHTS = RNG.uniform(size=203).astype("float32")


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    monkeypatch.delenv("TINYGRAD_EDU_JIT", raising=False)


def model_of(jit, **more):
    tinygrad_edu.set_random_seed(3)
    layers = [Dense(4, activation="tanh", kernel_regularizer="l2"), BatchNormalization(), Dropout(0.3)]
    model = Sequential([Input((3,)), *layers, Dense(1, activation="sigmoid")])
    model.compile("sgd", "binary_crossentropy", metrics=["accuracy"], weighted_metrics=["mae"], jit_compile=jit, **more)
    return model


def assert_close(one, other):
    np.testing.assert_allclose(one, other, 2e-5, 2e-6)


def machines(model):
    return list(model._kept.askers)


@pytest.mark.parametrize("rows", [203, 200, 8, 3, 1])
def test_losses_and_outputs_are_those_of_eager_steps(rows):
    both = []
    for jit in (False, True):
        model = model_of(jit)
        model.fit(X, Y, epochs=1, verbose=0)
        measured = model.evaluate(X[:rows], Y[:rows], batch_size=8, sample_weight=WEIGHTS[:rows])
        found = measured, model.predict(X[:rows], batch_size=8)
        assert machines(model) == (["test", "predict"] if jit else [])
        both.append(found)
    assert_close(both[0][0], both[1][0])
    assert_close(both[0][1], both[1][1])


def test_other_rows_and_other_weights_need_no_other_machine():
    model = model_of(True)
    model.predict(X, batch_size=8)
    machine = model._kept.askers["predict"][0]
    model.fit(X, Y, epochs=1, verbose=0)
    found = [model.predict(part, batch_size=8) for part in (X[::-1], X[:50] * 2)]
    assert model._kept.askers["predict"][0] is machine
    model.jit_compile = False
    for one, part in zip(found, (X[::-1], X[:50] * 2)):
        assert_close(one, model.predict(part, batch_size=8))


def test_rows_that_are_all_alike_are_not_taken_for_constants():
    """Labels in another type are made by NumPy: where all are the same, nobody can tell them from a constant."""
    model, ones = model_of(True), np.ones(203, "int64")
    for labels in (ones, Y.astype("int64"), ones * 0):
        model.jit_compile = True
        found = model.evaluate(X, labels, batch_size=8)
        model.jit_compile = False
        assert_close(found, model.evaluate(X, labels, batch_size=8))


def test_training_on_labels_that_are_all_alike_says_nothing_of_other_labels():
    models = []
    for jit in (False, True):
        model = model_of(jit)
        model.fit(X, np.ones(203, "int64"), epochs=1, verbose=0)
        models.append(model.fit(X, Y.astype("int64"), epochs=2, verbose=0).history)
    for name, values in models[0].items():
        assert_close(values, models[1][name])


def test_a_change_of_the_model_is_seen():
    model = model_of(True)
    model.predict(X, batch_size=8)
    model.layers[0].activation = tinygrad_edu.activations.get("relu")
    found, model.jit_compile = model.predict(X, batch_size=8), False
    assert_close(found, model.predict(X, batch_size=8))


@pytest.mark.parametrize("validation_freq", [1, 2, [1, 4]])
@pytest.mark.parametrize("told", [(), [callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None)]])
@pytest.mark.parametrize("steps", [1, 16, 10**6])
def test_what_is_measured_between_epochs_is_what_eager_steps_measure(validation_freq, told, steps, monkeypatch):
    monkeypatch.setattr(pieces, "FIRST", steps)
    more = {"validation_split": 0.3, "validation_freq": validation_freq, "validation_batch_size": 25, "callbacks": list(told)}
    first, second = (model_of(jit).fit(X, Y, epochs=6, verbose=0, **more).history for jit in (False, True))
    assert list(first) == list(second)
    for name, values in first.items():
        assert_close(values, second[name])


def test_a_loss_that_is_not_finite_is_measured_as_it_is():
    models = [model_of(jit) for jit in (False, True)]
    wide = np.where(np.arange(203)[:, None] == 100, np.float32(3e38), X)
    for model in models:
        model.layers[0].activation = tinygrad_edu.activations.get("linear")
        model.layers[0].kernel.assign(np.full((3, 4), 9, "float32"))
    with np.errstate(all="ignore"):
        found = [model.evaluate(wide, Y, batch_size=8) for model in models]
    assert_close(*found)


def test_auto_compiles_what_has_many_batches_only():
    model = model_of("auto")
    model.evaluate(X, Y, batch_size=8)
    assert machines(model) == []
    model.evaluate(X, Y, batch_size=4)
    model.predict(X, batch_size=4)
    assert machines(model) == ["test", "predict"]


def asks(x):
    return x if float(x.numpy().sum()) < 1e9 else -x


@pytest.mark.parametrize("jit", ["auto", True])
def test_what_cannot_be_compiled_is_measured_step_by_step_or_refused(jit):
    model = Sequential([Lambda(asks), Dense(1)])
    model.compile("sgd", "mse", jit_compile=jit)
    if jit is True:
        with pytest.raises(ValueError, match="predict expects a step that can be compiled"):
            model.predict(X, batch_size=4)
    else:
        for _ in range(2):
            assert model.predict(X, batch_size=4).shape == (203, 1)


def test_what_could_not_be_compiled_once_is_tried_again(monkeypatch):
    monkeypatch.setenv("TINYGRAD_EDU_JIT", "force")
    model = Sequential([Lambda(asks), Dense(1)])
    for _ in range(2):
        assert model.predict(X, batch_size=4).shape == (203, 1)


def test_what_could_not_be_compiled_once_is_asked_step_by_step_again_and_again(monkeypatch):
    monkeypatch.setenv("TINYGRAD_EDU_JIT", "force")
    model = Sequential([Input((3,)), Lambda(lambda x: x * (2.0 if x.numpy().sum() > 0 else 1.0))])
    for part in (X, X, X[:50]):
        np.testing.assert_array_equal(model.predict(part, batch_size=len(part)), part * (2 if part.sum() > 0 else 1))


def test_a_model_that_was_never_compiled_predicts():
    model = Sequential([Input((3,)), Dense(2)])
    assert_close(model.predict(X, batch_size=2), X @ model.layers[-1].kernel.numpy())


def test_outputs_of_many_rows_are_written_to_one_array(monkeypatch):
    monkeypatch.setattr("tinygrad_edu.compiled.runner.PIECE", 20)
    model = model_of(True)
    found = model.predict(X, batch_size=8)
    assert found.base is None or found.base.size == found.size
    model.jit_compile = False
    assert_close(found, model.predict(X, batch_size=8))


def test_outputs_that_no_metric_looks_at_are_not_told():
    model = Sequential([Input((3,)), Dense(1)])
    for metrics, width in (([], 0), (["mae"], 1)):
        model.compile("sgd", "mse", metrics=metrics, jit_compile=True)
        model.fit(X, Y, epochs=1, verbose=0)
        assert model._kept.runner.width == width


def batches(x):
    return iter([x[at : at + 8] for at in range(0, len(x), 8)])


@pytest.mark.parametrize("source", [np.asarray, batches])
def test_several_threads_may_ask_one_model(source):
    """They take turns at the machine, each with rows of its own."""
    model, parts, found = model_of(True), [X[begin : begin + 64] for begin in (0, 40, 80, 120)], {}
    expected = [model.predict(part, batch_size=8) for part in parts]
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        ask = lambda number: [found.setdefault((number, turn), model.predict(source(parts[number]))) for turn in range(30)]
        threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    assert len(found) == 120
    for (number, _), outputs in found.items():
        assert_close(outputs, expected[number])
