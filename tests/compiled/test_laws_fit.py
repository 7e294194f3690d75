"""Whatever the package has, trained compiled and not: the same history, weights, slots, averages and places of generators."""

import contextlib
import functools
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from layer_samples import LAYERS, Sample, numbers
from loss_samples import LOSSES, METRICS, whole_classes

import tinygrad_edu
from tinygrad_edu import activations, constraints, layers, ops, optimizers, regularizers
from tinygrad_edu.callbacks import Callback
from tinygrad_edu.config import floatx, set_floatx
from tinygrad_edu.layers import Dense, Flatten, Input, Reshape
from tinygrad_edu.layers.layer import registry as layer_registry
from tinygrad_edu.models import Model, Sequential
from tinygrad_edu.optimizers import SGD
from tinygrad_edu.optimizers.optimizer import _registry as optimizer_registry

RNG = np.random.default_rng(0)
X, Y = RNG.uniform(-1, 1, (11, 6)).astype("float32"), RNG.uniform(-1, 1, (11, 2)).astype("float32")
DIGITS = 5e-5  # of the largest number: rounding grows with every step


def state_of(model):
    """All numbers that training changes, by what they are."""
    state = {f"weight {number} {weight.name}": weight.array for number, weight in enumerate(model.weights)}
    state |= {f"slot {number}": np.asarray(slot) for number, slot in enumerate(model.optimizer.get_weights())}
    generators = [layer.seed_generator for layer in model.layers if hasattr(layer, "seed_generator")]
    return state | {f"generator {number}": np.array(generator.counter) for number, generator in enumerate(generators)}


def assert_same(found, expected, digits=DIGITS):
    assert found.keys() == expected.keys()
    for name, number in expected.items():
        number = np.asarray(number, float)
        scale = np.abs(number[np.isfinite(number)]).max(initial=0.1)
        np.testing.assert_allclose(np.asarray(found[name], float), number, digits, digits * scale, err_msg=name)


def trained(make, jit, x, y, **more):
    """What is left of two trainings and a prediction."""
    tinygrad_edu.set_random_seed(7)
    model, settings = make()
    model.compile(**{"optimizer": SGD(0.05), "loss": "mse", **settings}, jit_compile=jit)
    histories = [model.fit(x, y, **{"batch_size": 4, "epochs": epochs, "verbose": 0, **more}).history for epochs in (3, 1)]
    told = {f"{name} of fit {number}": values for number, history in enumerate(histories) for name, values in history.items()}
    state = {key: np.array(value) for key, value in state_of(model).items()}
    return told | state | {"prediction": model.predict(x, verbose=0)}


def assert_trains_as_eagerly(make, x=X, y=Y, digits=DIGITS, **more):
    assert_same(trained(make, True, x, y, **more), trained(make, False, x, y, **more), digits)


# One of everything -------------------------------------------------------------------------------


def network_of(sample: Sample):
    """A model that begins and ends with Dense, and has the layer in between."""
    given = Input(sample.shapes[0] if sample.domain is numbers else (6,))
    if sample.domain is numbers:
        inputs = [given]
    else:
        inputs = [Reshape(shape)(Dense(int(np.prod(shape)), "tanh")(given)) for shape in sample.shapes]
    layer = sample.make()
    return Model(given, Dense(2)(Flatten()(layer(inputs if sample.is_merging else inputs[0])))), {}


NAMES = [name for name in LAYERS if name in layer_registry and name != "input_layer"]
SAMPLES = {f"{name}-{n}": sample for name in NAMES for n, sample in enumerate(LAYERS[name])}
@pytest.mark.filterwarnings("ignore:Flatten")  # which passes no mask on
@pytest.mark.parametrize("name", SAMPLES)
def test_every_layer_trains_as_it_does_eagerly(name):
    sample = SAMPLES[name]
    x = np.asarray(sample.input(batch=11)) if sample.domain is numbers else X
    assert_trains_as_eagerly(lambda: network_of(sample), x, Y)


def labels_and_units(domain):
    labels, answers = domain(np.random.default_rng(1), 11)
    return np.asarray(labels), np.shape(answers)[-1]


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.__name__)
@pytest.mark.parametrize("weighted", [False, True])
def test_every_loss_trains_as_it_does_eagerly(loss, weighted):
    params, domain = LOSSES[loss]
    y, units = labels_and_units(domain)
    more = {"sample_weight": RNG.uniform(0, 2, 11)} if weighted else {}
    last = "softmax" if y.ndim == 1 or units == 4 else "sigmoid"
    assert_trains_as_eagerly(
        lambda: (Sequential([Dense(5, "tanh"), Dense(units, last)]), {"loss": loss(**params)}), y=y.astype("float32"), **more
    )


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.__name__)
def test_every_metric_counts_what_it_does_eagerly(metric):
    params, domain = METRICS[metric]
    y, units = labels_and_units(domain)

    def make():
        loss = "sparse_categorical_crossentropy" if y.ndim == 1 else "mse"
        settings = {"loss": loss, "metrics": [metric(**params)], "weighted_metrics": [metric(**params, name="weighted")]}
        last = layers.Lambda(lambda x: ops.round(x * 3) + x * 0) if domain is whole_classes else layers.Identity()
        return Sequential([Dense(units, "softmax"), last]), settings

    assert_trains_as_eagerly(make, y=y, sample_weight=RNG.uniform(0.5, 2, 11), validation_split=0.3)


@pytest.mark.parametrize("name", list(optimizer_registry))
def test_every_optimizer_moves_as_it_does_eagerly(name):
    def make():
        optimizer = optimizers.get(name)
        optimizer.learning_rate = 0.01
        return Sequential([Dense(5, "tanh"), Dense(2)]), {"optimizer": optimizer}

    assert_trains_as_eagerly(make)


@pytest.mark.parametrize("name", list(regularizers._registry))
def test_every_penalty_is_part_of_the_step(name):
    penalties = {"kernel_regularizer": name, "activity_regularizer": "l2", "bias_regularizer": "l1"}
    assert_trains_as_eagerly(lambda: (Sequential([Dense(5, "tanh", **penalties), Dense(2)]), {}))


@pytest.mark.parametrize("name", list(constraints._registry))
def test_every_constraint_holds_after_each_step(name):
    settings = {"kernel_constraint": name, "bias_constraint": name}
    assert_trains_as_eagerly(lambda: (Sequential([Dense(5, "tanh", **settings), Dense(2, **settings)]), {}))


PARAMS = {"threshold": {"threshold": 0.1, "default_value": 0.5}}


@pytest.mark.filterwarnings("ignore:step is flat", "ignore:sgd got no gradient")
@pytest.mark.parametrize("name", list(activations._registry))
def test_every_activation_trains_as_it_does_eagerly(name):
    activation = functools.partial(activations.get(name), **PARAMS.get(name, {}))
    assert_trains_as_eagerly(lambda: (Sequential([Dense(6), layers.Activation(activation), Dense(2)]), {}))


# Combinations ------------------------------------------------------------------------------------

BLOCKS = {
    "dense": lambda width: Dense(width, "tanh", kernel_regularizer="l2"),
    "relu": lambda width: Dense(width, "relu", kernel_constraint="max_norm"),
    "frozen": lambda width: Dense(width, "sigmoid", trainable=False),
    "dropout": lambda width: layers.Dropout(0.4),
    "noise": lambda width: layers.GaussianNoise(0.1),
    "batch": lambda width: layers.BatchNormalization(momentum=0.8),
    "layer": lambda width: layers.LayerNormalization(),
    "slopes": lambda width: layers.PReLU(),
    "activity": lambda width: layers.ActivityRegularization(0.01),
    "nested": lambda width: Sequential([Dense(width, "gelu"), Dense(width)]),
}
MOVES = {
    "sgd": lambda: SGD(0.05, momentum=0.8, nesterov=True, clipnorm=1.0),
    "adam": lambda: optimizers.Adam(optimizers.schedules.ExponentialDecay(0.01, 3, 0.9), clipvalue=0.5),
    "adamw": lambda: optimizers.AdamW(0.01, weight_decay=0.1),
    "rmsprop": lambda: optimizers.RMSprop(0.01, momentum=0.5),
    "averages": lambda: SGD(0.05, use_ema=True, ema_momentum=0.7, ema_overwrite_frequency=2),
    "lion": lambda: optimizers.Lion(0.01),
}
LABELS = {"mse": Y, "huber": Y.astype(float), "sparse_categorical_crossentropy": RNG.integers(0, 3, 11)}


@st.composite
def networks(draw):
    """How to make a model of branches that meet, some of whose layers are used twice."""
    width, count = draw(st.integers(1, 9)), draw(st.integers(1, 2))
    branches = [draw(st.lists(st.sampled_from(list(BLOCKS)), max_size=2)) for _ in range(count)]
    shares, meets = draw(st.booleans()), draw(st.sampled_from(["concatenate", "add", "maximum"]))
    move, loss = draw(st.sampled_from(list(MOVES))), draw(st.sampled_from(list(LABELS)))
    if move == "lion" and any(block in ("batch", "layer") for branch in branches for block in branch):
        move = "sgd"  # a bias before a mean is taken away has the gradient 0, and lion goes by the sign of its rounding

    def make():
        given, first = Input((6,)), Dense(width)
        ends = []
        for branch in branches:
            x = (first if shares else Dense(width))(given)
            for block in branch:
                x = BLOCKS[block](width)(x)
            ends.append(x)
        met = ends[0] if count == 1 else getattr(layers, meets)(ends)
        last = Dense(3, "softmax") if loss.startswith("sparse") else Dense(2)
        metrics = ["accuracy"] if loss.startswith("sparse") else ["mae", "r2_score"]
        return Model(given, last(met)), {"optimizer": MOVES[move](), "loss": loss, "metrics": metrics}

    return make, LABELS[loss]


@st.composite
def ways(draw):
    """Arguments of `fit`."""
    more = {"batch_size": draw(st.integers(1, 12)), "shuffle": draw(st.sampled_from([True, False, "batch"]))}
    if draw(st.booleans()):
        more["sample_weight"] = RNG.uniform(0.2, 2, 11)
    if draw(st.booleans()):
        more["validation_split"] = 0.25
    return more


@contextlib.contextmanager
def doubles():
    """Layers of float64, in which rounding cannot decide on a sign that steps depend on."""
    before = floatx()
    set_floatx("float64")
    try:
        yield
    finally:
        set_floatx(before)


@pytest.mark.filterwarnings("ignore:BatchNormalization")  # of a single sample
@given(networks(), ways())
def test_random_networks_train_as_they_do_eagerly(network, more):
    make, y = network
    with doubles():
        assert_trains_as_eagerly(make, X.astype(float), y, digits=1e-8, **more)


class Batches:
    """The same samples, batch by batch."""

    def __init__(self, x, y, batch_size, sample_weight=None):
        parts = [x, y] if sample_weight is None else [x, y, sample_weight]
        self.batches = [tuple(part[at : at + batch_size] for part in parts) for at in range(0, len(x), batch_size)]

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, number):
        return self.batches[number]


def trained_by_batches(make, jit, batches, shuffle):
    tinygrad_edu.set_random_seed(7)
    model, settings = make()
    model.compile(**{"optimizer": SGD(0.05), "loss": "mse", **settings}, jit_compile=jit)
    told = model.fit(batches, epochs=3, shuffle=shuffle, validation_data=batches, verbose=0).history
    state = {key: np.array(value) for key, value in state_of(model).items()}
    return told | state | {"measured": model.evaluate(batches), "prediction": model.predict(batches)}


@pytest.mark.filterwarnings("ignore:BatchNormalization")  # of a single sample
@given(networks(), st.integers(1, 12), st.booleans(), st.booleans())
def test_random_networks_train_on_batches_of_others_as_they_do_eagerly(network, size, shuffle, weighted):
    make, y = network
    batches = Batches(X.astype(float), y, size, RNG.uniform(0.2, 2, 11) if weighted else None)
    with doubles():
        first, second = (trained_by_batches(make, jit, batches, shuffle) for jit in (True, False))
    assert_same(first, second, digits=1e-8)


@pytest.mark.parametrize("wrong", [-1, 10])
def test_a_row_that_an_embedding_does_not_have_is_refused_as_it_is_eagerly(wrong):
    rows, labels = RNG.integers(0, 10, (64, 3)), np.ones((64, 1), "float32")
    for jit, is_same_array in itertools.product((True, False), (True, False)):
        model = Sequential([layers.Embedding(10, 4, input_length=3), layers.Flatten(), layers.Dense(1)])
        model.compile("sgd", "mse", jit_compile=jit)
        given = rows.copy()
        model.fit(given, labels, verbose=0)
        given = given if is_same_array else given.copy()
        given[40, 1] = wrong
        with pytest.raises((IndexError, ValueError), match=f"expects whole numbers from 0 to 9, got {wrong} at"):
            model.fit(given, labels, verbose=0)


def test_numbers_that_change_in_the_same_array_are_seen_whatever_their_type():
    """Of whole numbers the machine has a copy, in its own type."""
    changing, labels = RNG.integers(0, 5, (96, 3)), RNG.integers(0, 2, 96)

    class Change(Callback):
        def on_epoch_end(self, epoch, logs=None):
            changing[:] = changing[::-1] + 1

    def trained(jit):
        tinygrad_edu.set_random_seed(1)
        model = Sequential([Dense(4, activation="tanh", input_shape=(3,)), Dense(1, activation="sigmoid")])
        model.compile(SGD(0.1), "binary_crossentropy", jit_compile=jit)
        changing[:], labels[:] = start
        results = [model.fit(changing, labels, verbose=0).history["loss"]]
        changing[:], labels[:] = changing[::-1] * 2, 1 - labels
        results.append(model.fit(changing, labels, verbose=0).history["loss"])
        results.append(model.fit(changing, labels, epochs=3, verbose=0, callbacks=[Change()]).history["loss"])
        results += [[model.evaluate(changing, labels, verbose=0)], model.predict(changing, verbose=0).ravel().tolist()]
        changing[:] += 1
        return [*results, [model.evaluate(changing, labels, verbose=0)], model.predict(changing, verbose=0).ravel().tolist()]

    start = changing.copy(), labels.copy()
    for found, expected in zip(trained(True), trained(False)):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
