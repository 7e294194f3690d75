"""Whatever the package has, trained compiled and not: the same history, weights, slots, averages and places of generators."""

import functools

import numpy as np
import pytest
from layer_samples import LAYERS, Sample
from loss_samples import LOSSES, METRICS, whole_classes

import tinygrad_edu
from tinygrad_edu import activations, constraints, layers, ops, optimizers, regularizers
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
        scale = np.abs(number[np.isfinite(number)]).max(initial=1e-3)
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


def assert_trains_as_eagerly(make, x=X, y=Y, **more):
    assert_same(trained(make, True, x, y, **more), trained(make, False, x, y, **more))


def named(table):
    return pytest.mark.parametrize("make", [pytest.param(make, id=str(name)) for name, make in table.items()])


# One of everything -------------------------------------------------------------------------------


def network_of(sample: Sample):
    """A model that begins and ends with Dense, and has the layer in between."""
    given = Input(sample.shapes[0] if sample.domain.__name__ == "numbers" else (6,))
    if sample.domain.__name__ == "numbers":
        inputs = [given]
    else:
        inputs = [Reshape(shape)(Dense(int(np.prod(shape)), "tanh")(given)) for shape in sample.shapes]
    layer = sample.make()
    return Model(given, Dense(2)(Flatten()(layer(inputs if sample.is_merging else inputs[0])))), {}


SAMPLES = {f"{name}-{n}": sample for name in LAYERS if name in layer_registry for n, sample in enumerate(LAYERS[name])}
@pytest.mark.filterwarnings("ignore:Flatten")  # which passes no mask on
@pytest.mark.parametrize("name", SAMPLES)
def test_every_layer_trains_as_it_does_eagerly(name):
    sample = SAMPLES[name]
    x = np.concatenate([np.asarray(sample.input(seed=seed)) for seed in range(4)])[:11] if sample.domain.__name__ == "numbers" else X
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


@pytest.mark.filterwarnings("ignore:step is flat")
@pytest.mark.parametrize("name", list(activations._registry))
def test_every_activation_trains_as_it_does_eagerly(name):
    activation = functools.partial(activations.get(name), **PARAMS.get(name, {}))
    assert_trains_as_eagerly(lambda: (Sequential([Dense(6, activation), Dense(2)]), {}))
