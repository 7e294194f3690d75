"""The form of a model changes with everything that Python holds and a step depends on, and with nothing else."""

import numpy as np
import pytest

from tinygrad_edu import backend, layers, losses, regularizers
from tinygrad_edu.compiled.form import form_of
from tinygrad_edu.models import Sequential
from tinygrad_edu.optimizers import SGD


class Scaled(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self._scale, self.table, self.scores = 2.0, {"by": [1.0, 2.0]}, np.ones(3)

    def call(self, x):
        return x * self._scale * self.table["by"][0]


@pytest.fixture
def model():
    model = Sequential(
        [
            layers.Dense(3, activation="relu", kernel_regularizer=regularizers.L2(0.1), input_shape=(2,)),
            layers.Dropout(0.5), layers.BatchNormalization(), Scaled(), layers.Dense(1),
        ]
    )  # fmt: skip
    model.compile(SGD(0.1, momentum=0.9), losses.Huber(delta=1.0), loss_weights=[0.5])
    return model


def data(n=8):
    return np.random.default_rng(0).normal(size=(n, 2)).astype("float32"), np.ones((n, 1), "float32")


def test_training_and_looking_leave_the_form_as_it_is(model):
    model.fit(*data(), epochs=1, verbose=0)
    before = form_of(model)
    model.fit(*data(), epochs=2, verbose=0, batch_size=3)
    model.predict(data()[0], verbose=0)
    model.evaluate(*data(), verbose=0)
    model.optimizer.learning_rate = 0.001
    model.summary(print_fn=str)
    assert form_of(model) == before and hash(form_of(model)) == hash(before)


def set_function(model):
    model.layers[0].activation = lambda x: x


CHANGES = {
    "rate": lambda m: setattr(m.layers[1], "rate", 0.25),
    "strength": lambda m: setattr(m.layers[0].kernel_regularizer, "l2", 0.2),
    "momentum of averages": lambda m: setattr(m.layers[2], "momentum", 0.5),
    "momentum": lambda m: setattr(m.optimizer, "momentum", 0.5),
    "clipping": lambda m: setattr(m.optimizer, "clipnorm", 1.0),
    "trainable": lambda m: setattr(m.layers[4], "trainable", False),
    "a weight's own flag": lambda m: setattr(m.layers[4].kernel, "trainable", False),
    "activation": set_function,
    "loss": lambda m: setattr(m.loss, "delta", 2.0),
    "factor": lambda m: m._objective.factors.__setitem__(0, 0.75),
    "private": lambda m: setattr(m.layers[3], "_scale", 3.0),
    "nested": lambda m: m.layers[3].table["by"].__setitem__(0, 5.0),
    "another array": lambda m: setattr(m.layers[3], "scores", np.ones(3)),
    "another penalty": lambda m: setattr(m.layers[4], "activity_regularizer", regularizers.L1(0.1)),
    "generator": lambda m: setattr(m.layers[1], "seed_generator", type(m.layers[1].seed_generator)(9)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_everything_that_a_step_depends_on_changes_the_form(model, change):
    model.fit(*data(), epochs=1, verbose=0)
    before = form_of(model)
    assert form_of(model) == before
    CHANGES[change](model)
    assert form_of(model) != before


def test_the_learning_phase_and_the_float_type_count(model):
    before = form_of(model)
    with backend.learning_phase_scope(1):
        assert form_of(model) != before
    backend.set_floatx("float64")
    try:
        assert form_of(model) != before
    finally:
        backend.set_floatx("float32")


def test_another_object_at_the_same_address_is_another_one(model):
    layer, seen = model.layers[4], set()
    for _ in range(20):
        layer.hook = lambda x: x
        seen.add(form_of(model))
        del layer.hook
    assert len(seen) == 20
