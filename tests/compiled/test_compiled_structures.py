"""Compiled steps of several inputs, outputs and losses, of samples of several axes, and of data of any type."""

import numpy as np
import pytest

import tinygrad_edu
from tinygrad_edu.layers import Concatenate, Dense, Embedding, Flatten, Input, Masking
from tinygrad_edu.models import Model, Sequential

RNG = np.random.default_rng(4)
ROWS = 83
A, B = RNG.normal(size=(ROWS, 3)).astype("float32"), RNG.normal(size=(ROWS, 2)).astype("float32")
P, Q = (A.sum(1) > 0).astype("float32"), RNG.normal(size=(ROWS, 2)).astype("float32")
CLASSES, SEQUENCES = RNG.integers(0, 4, ROWS), RNG.normal(size=(ROWS, 6, 5)).astype("float32")
NUMBERS = RNG.integers(0, 9, (ROWS, 6))


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    monkeypatch.delenv("TINYGRAD_EDU_JIT", raising=False)


def assert_same(make, x, y, **more):
    """Fit, evaluate and predict of the compiled model say what those of the eager one say."""
    found = []
    for jit in (False, True):
        tinygrad_edu.set_random_seed(1)
        model, settings = make()
        model.compile("sgd", jit_compile=jit, **settings)
        history = model.fit(x, y, epochs=3, batch_size=16, verbose=0, **more).history
        found.append((history, model.evaluate(x, y, batch_size=16, return_dict=True), model.predict(x, batch_size=16)))
    for one, other in zip(*found):
        assert type(one) is type(other)
        if isinstance(one, dict):
            assert list(one) == list(other)
            one, other = list(one.values()), list(other.values())
        for a, b in zip(one, other):
            assert np.shape(a) == np.shape(b) and np.asarray(a).dtype == np.asarray(b).dtype
            np.testing.assert_allclose(a, b, 2e-5, 2e-6)


def branches(structure):
    """Two inputs and two outputs."""
    a, b = Input((3,), name="a"), Input((2,), name="b")
    h = Concatenate()([Dense(4, activation="tanh")(a), b])
    p, q = Dense(1, activation="sigmoid", name="p")(h), Dense(2, name="q")(h)
    model = Model({"a": a, "b": b}, {"p": p, "q": q}) if structure is dict else Model([a, b], [p, q])
    losses = {"p": "binary_crossentropy", "q": "mse"}
    metrics = {"p": ["accuracy"], "q": ["mae"]}
    return model, {"loss": losses, "loss_weights": {"p": 0.5, "q": 2.0}, "metrics": metrics, "weighted_metrics": metrics}


IN_DICTS = {"a": A, "b": B}, {"p": P, "q": Q}
CASES = {
    "dicts": (dict, *IN_DICTS, {}),
    "dicts in another order": (dict, {"b": B, "a": A}, {"q": Q, "p": P}, {}),
    "lists": (list, [A, B], [P, Q], {}),
    "validation": (list, [A, B], [P, Q], {"validation_split": 0.3}),
    "weights of one output": (dict, *IN_DICTS, {"sample_weight": {"p": RNG.uniform(size=ROWS)}}),
    "one weight for all outputs": (list, [A, B], [P, Q], {"sample_weight": RNG.uniform(size=ROWS)}),
    "class weights": (dict, *IN_DICTS, {"class_weight": {"p": {0: 1.0, 1: 3.0}}}),
}


@pytest.mark.parametrize("case", CASES)
def test_several_inputs_and_outputs_train_as_they_do_eagerly(case):
    structure, x, y, more = CASES[case]
    assert_same(lambda: branches(structure), x, y, **more)


@pytest.mark.filterwarnings("ignore:.*got no gradient")
def test_an_output_may_have_no_loss():
    assert_same(lambda: (branches(dict)[0], {"loss": {"p": "mse"}, "metrics": {"p": ["mae"]}}), IN_DICTS[0], {"p": P})


def chain(*layers, loss="sparse_categorical_crossentropy", metrics=("accuracy",)):
    return lambda: (Sequential([layer() for layer in layers]), {"loss": loss, "metrics": list(metrics)})


def softmax():
    return Dense(4, activation="softmax")


SAMPLES = {
    "flattened": (chain(Flatten, softmax), SEQUENCES, CLASSES),
    "images": (chain(Flatten, softmax), RNG.normal(size=(ROWS, 4, 4, 2)), CLASSES),
    "numbers of words": (chain(lambda: Embedding(9, 3), Flatten, softmax), NUMBERS, CLASSES),
    "outputs per step": (chain(lambda: Dense(5), loss="mse", metrics=["mae"]), SEQUENCES, SEQUENCES * 2),
    "classes per step": (chain(softmax), SEQUENCES, RNG.integers(0, 4, (ROWS, 6))),
    "labels that are the samples": (chain(lambda: Dense(3), loss="mse", metrics=["mae"]), A, A),
    "doubles that lie column by column": (chain(softmax), np.asfortranarray(A.astype("float64"))[::-1], CLASSES[::-1]),
    "every other row": (chain(softmax), np.repeat(A, 2, axis=0)[::2], CLASSES.astype("uint8")),
    "whole numbers": (chain(softmax), NUMBERS, CLASSES),
    "truth values": (chain(lambda: Dense(1, activation="sigmoid"), loss="binary_crossentropy"), A, P > 0),
}


@pytest.mark.parametrize("case", SAMPLES)
def test_samples_of_every_form_train_as_they_do_eagerly(case):
    assert_same(*SAMPLES[case])


def test_classes_may_have_weights():
    assert_same(chain(softmax), A, CLASSES, class_weight={0: 1.0, 1: 2.0, 2: 0.5, 3: 1.0})


@pytest.mark.parametrize("case", ["training", "measuring"])
def test_whole_numbers_that_no_float_has_are_refused(case):
    model = Sequential([softmax()])
    model.compile("sgd", "sparse_categorical_crossentropy", jit_compile=True)
    with pytest.raises(ValueError, match="whole numbers above 16,777,216"):
        (model.fit if case == "training" else model.evaluate)(NUMBERS * 2**22, CLASSES, verbose=0)


def test_metrics_that_look_at_a_mask_are_counted_eagerly():
    model = Sequential([Masking(), softmax()])
    labels = RNG.integers(0, 4, (ROWS, 6))
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=True)
    with pytest.raises(ValueError, match="metrics look at the mask"):
        model.fit(SEQUENCES, labels, verbose=0)
    zeros = np.where(np.arange(6)[:, None] < 2, 0, SEQUENCES).astype("float32")
    assert_same(chain(Masking, softmax, metrics=()), zeros, labels)
