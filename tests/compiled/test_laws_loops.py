"""Whatever the package has, trained in a loop of one's own, compiled and not: the same losses, weights, slots and generators."""

import numpy as np
import pytest
from hypothesis import given
from layer_samples import numbers
from loss_samples import LOSSES

import tinygrad_edu
from tests.compiled.test_laws_fit import SAMPLES, X, Y, assert_same, doubles, labels_and_units, network_of, networks, state_of
from tinygrad_edu import losses
from tinygrad_edu.layers import Dense
from tinygrad_edu.models import Sequential
from tinygrad_edu.optimizers import SGD

BATCH = 6


def trained(wrap, make, x, y):
    """What is left of a few steps on batches that overlap, and the function that took them."""
    tinygrad_edu.set_random_seed(7)
    model, settings = make()
    optimizer, loss_of = settings.get("optimizer", SGD(0.05)), losses.get(settings.get("loss", "mse"))

    @wrap
    def step(x, y):
        loss = loss_of(y, model(x, training=True)) + sum(model.losses)
        weights = model.trainable_weights
        gradients = tinygrad_edu.gradients(optimizer.scale_loss(loss), weights)
        optimizer.apply_gradients(zip(gradients, weights))
        return loss

    model(x[:1])
    told = [step(x[at : at + BATCH], y[at : at + BATCH]).item() for at in (0, 5, 2, 4)]
    model.optimizer = optimizer
    return {"losses": np.array(told)} | state_of(model), step


def assert_trains_as_eagerly(make, x=X, y=Y, **more):
    expected, _ = trained(lambda function: function, make, x, y)
    found, step = trained(tinygrad_edu.compiled, make, x, y)
    assert step.compiled_plan is not None, step.explain()
    assert_same(found, expected, **more)


@pytest.mark.filterwarnings("ignore:Flatten")  # which passes no mask on
@pytest.mark.parametrize("name", SAMPLES)
def test_every_layer_trains_as_it_does_eagerly(name):
    sample = SAMPLES[name]
    x = np.asarray(sample.input(batch=11)) if sample.domain is numbers else X
    assert_trains_as_eagerly(lambda: network_of(sample), x.astype("float32") if x.dtype.kind == "f" else x)


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.__name__)
def test_every_loss_trains_as_it_does_eagerly(loss):
    params, domain = LOSSES[loss]
    y, units = labels_and_units(domain)
    last = "softmax" if y.ndim == 1 or units == 4 else "sigmoid"
    assert_trains_as_eagerly(lambda: (Sequential([Dense(5, "tanh"), Dense(units, last)]), {"loss": loss(**params)}), y=y)


@pytest.mark.filterwarnings("ignore:BatchNormalization")  # of a single sample
@given(networks())
def test_random_networks_train_as_they_do_eagerly(network):
    make, y = network
    with doubles():
        assert_trains_as_eagerly(make, X.astype(float), y, digits=1e-8)
