"""Ideas that tutorials name, each as a few lines that run: what a reader would try after having read of it."""

import numpy as np
import pytest

from tinygrad_edu import Tensor, backend, ops, set_random_seed
from tinygrad_edu.layers import Dense, Dropout
from tinygrad_edu.models import Sequential
from tinygrad_edu.optimizers import SGD, Adam
from tinygrad_edu.testing import check_gradients


@pytest.fixture(autouse=True)
def _seeded():
    set_random_seed(0)


def normal(*shape):
    return np.random.default_rng(0).normal(size=shape)


# Gradients checked by differences ---------------------------------------------------------------------


def network(x, w, v):
    return ops.mean(ops.tanh(x @ w) @ v)


def test_the_gradients_of_a_network_are_its_slopes():
    """TEA-07: by central differences in float64; a wrong gradient is found."""
    x, w, v = normal(4, 3), normal(3, 5), normal(5, 1)
    assert "right" in repr(check_gradients(network, x, w, v, method="central"))
    kernel = Tensor(w)
    network(x, kernel, v).backward()
    for place in np.ndindex(w.shape):
        step = np.zeros_like(w)
        step[place] = 1e-6
        slope = (network(x, w + step, v) - network(x, w - step, v)) / 2e-6
        assert kernel.grad[place].item() == pytest.approx(slope, rel=1e-6, abs=1e-9)


def test_a_kink_is_told_apart_from_a_wrong_gradient():
    """TEA-07: ReLU at 0 has a slope on either side."""
    check_gradients(ops.relu, np.array([-1.0, 0.5, 2.0]))
    assert "kink" in repr(check_gradients(ops.relu, np.array([0.0, 1.0])))


# Perceptrons ------------------------------------------------------------------------------------------

INPUTS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])


def step(x):
    return ops.where(x > 0, 1.0, 0.0)


def gate(*layers):
    """What a network of step units with these weights and biases answers to INPUTS."""
    model = Sequential([Dense(len(bias), activation=step, input_dim=np.shape(weights)[0]) for weights, bias in layers])
    model.set_weights([np.array(part, float) for layer in layers for part in layer])
    return model


@pytest.mark.parametrize(
    ("weights", "bias", "answers"),
    [([[1], [1]], [-1.5], [0, 0, 0, 1]), ([[1], [1]], [-0.5], [0, 1, 1, 1]), ([[-1], [0]], [0.5], [1, 1, 0, 0])],
    ids=["and", "or", "not the first"],
)
def test_a_step_unit_is_a_logic_gate(weights, bias, answers):
    """TEA-13."""
    assert gate((weights, bias)).predict(INPUTS)[:, 0].tolist() == answers


def test_two_layers_of_step_units_compute_what_one_cannot():
    """TEA-13: or, and not and."""
    assert gate(([[1, -1], [1, -1]], [-0.5, 1.5]), ([[1], [1]], [-1.5])).predict(INPUTS)[:, 0].tolist() == [0, 1, 1, 0]


def test_the_perceptrons_rule_learns_what_a_line_divides():
    """TEA-13: Rosenblatt (1958), w <- w + (t - y) x, over weights that are read and set."""
    model, targets = gate(([[0], [0]], [0])), [0, 0, 0, 1]
    for _ in range(10):
        for x, t in zip(INPUTS, targets):
            error = t - model.predict(x[None])[0, 0]
            weights, bias = model.get_weights()
            model.set_weights([weights + error * x[:, None], bias + error])
    assert model.predict(INPUTS)[:, 0].tolist() == targets


# Signals through many layers --------------------------------------------------------------------------


def sizes(initializer, activation, depth=12, width=200):
    """Root mean squares of the outputs of every layer, for inputs of size 1."""
    x = normal(64, width)
    found = []
    for _ in range(depth):
        x = Dense(width, activation=activation, kernel_initializer=initializer)(x)
        found.append(np.sqrt(np.mean(x.numpy() ** 2)))
    return np.array(found)


@pytest.mark.parametrize(
    ("initializer", "activation"),
    [("glorot_uniform", None), ("glorot_normal", None), ("lecun_normal", None), ("he_normal", "relu"), ("he_uniform", "relu"),
     ("lecun_normal", "selu")],
)  # fmt: skip
def test_a_signal_keeps_its_size_where_initializer_and_activation_belong_together(initializer, activation):
    """TEA-12: Glorot & Bengio (2010), He et al. (2015), Klambauer et al. (2017)."""
    found = sizes(initializer, activation)
    assert found.min() > 0.5 and found.max() < 2


def test_a_signal_dies_or_explodes_where_they_do_not():
    """TEA-12: by a factor of about sqrt(200) · 0.05 = 0.7 a layer, of sqrt(1/2), and of sqrt(200)."""
    assert sizes("random_normal", None)[-1] < 0.1
    assert sizes("glorot_uniform", "relu")[-1] < 0.1
    assert sizes("ones", None, depth=3)[-1] > 1000


# What a dropout knows of what it does not know --------------------------------------------------------


class MCDropout(Dropout):
    def call(self, inputs, training=None):
        return super().call(inputs, training=True)


@pytest.mark.parametrize("kind", [Dropout, MCDropout])
def test_a_hundred_passes_with_dropout_give_a_mean_and_a_spread(kind):
    """TEA-14: by the learning phase, and by a subclass; each pass drops others."""
    model, x = Sequential([Dense(20, activation="relu", input_dim=3), kind(0.5), Dense(2)]), normal(4, 3)
    with backend.learning_phase_scope(int(kind is Dropout)):
        samples = np.stack([model.predict(x, verbose=0) for _ in range(100)])
    assert samples.shape == (100, 4, 2) and len({sample.tobytes() for sample in samples}) == 100
    plain = Sequential([model.layers[0], model.layers[2]]).predict(x, verbose=0)
    assert (samples.std(axis=0) > 0).all()
    assert (np.abs(samples.mean(axis=0) - plain) < 6 * samples.std(axis=0) / 10).all()


# Layers used again ------------------------------------------------------------------------------------


def test_the_encoder_of_an_autoencoder_is_used_again_frozen():
    """TEA-15: data on a plane goes through two numbers; the classifier on top leaves the encoder as it is."""
    x = normal(200, 2) @ normal(2, 6)
    encoder, decoder = Dense(2, input_dim=6), Dense(6)
    autoencoder = Sequential([encoder, decoder])
    autoencoder.compile(Adam(0.02), "mse")
    losses = autoencoder.fit(x, x, epochs=60, verbose=0).history["loss"]
    assert losses[-1] < losses[0] / 20
    encoder.trainable = False
    learned = [w.copy() for w in encoder.get_weights()]
    classifier = Sequential([encoder, Dense(8, activation="tanh"), Dense(1, activation="sigmoid")])
    classifier.compile(Adam(0.02), "bce", ["acc"])
    accuracy = classifier.fit(x, x[:, 0] > 0, epochs=30, verbose=0).history["acc"]
    assert accuracy[-1] > 0.9
    for before, now in zip(learned, encoder.get_weights()):
        np.testing.assert_array_equal(now, before)


def test_lower_layers_of_another_task_are_a_better_beginning():
    """TEA-16: trained on much data for |x| < 1; then of use where there is little, for inside or outside of another circle."""
    x = np.random.default_rng(0).uniform(-1.5, 1.5, (600, 2))
    hidden = [Dense(16, activation="tanh", input_dim=2), Dense(16, activation="tanh")]
    first = Sequential([*hidden, Dense(1, activation="sigmoid")])
    first.compile(Adam(0.02), "bce")
    first.fit(x, np.hypot(*x.T) < 1, epochs=40, verbose=0)
    few, scores = x[:40], {}
    for name, layers in {"reused": hidden, "new": [Dense(16, activation="tanh"), Dense(16, activation="tanh")]}.items():
        second = Sequential([*layers, Dense(1, activation="sigmoid")])
        second.compile(Adam(0.02), "bce", ["acc"])
        second.fit(few, np.hypot(*few.T) < 0.8, epochs=15, verbose=0)
        scores[name] = second.evaluate(x, np.hypot(*x.T) < 0.8, verbose=0)[1]
    assert scores["reused"] > scores["new"]


# Ways to train ----------------------------------------------------------------------------------------


def test_weights_may_be_found_without_gradients():
    """TEA-17: simulated annealing over get_weights and set_weights; Kirkpatrick et al. (1983)."""
    rng, x = np.random.default_rng(0), normal(30, 2)
    model = Sequential([Dense(1, input_dim=2)])
    model.compile("sgd", "mse")
    y = x @ [1.0, -2.0] + 0.5
    cost = model.evaluate(x, y, verbose=0)
    for heat in np.geomspace(0.1, 1e-4, 250):
        before = model.get_weights()
        model.set_weights([w + rng.normal(0, 0.2, w.shape) for w in before])
        new = model.evaluate(x, y, verbose=0)
        if new < cost or rng.random() < np.exp((cost - new) / heat):
            cost = new
        else:
            model.set_weights(before)
    assert cost < 0.05


def test_a_result_is_told_as_mean_and_spread_of_several_starts():
    """TEA-18: a seed for each; the same seeds give the same numbers."""
    x = normal(40, 2)

    def score(seed):
        set_random_seed(seed)
        model = Sequential([Dense(4, activation="tanh", input_dim=2), Dense(1, activation="sigmoid")])
        model.compile(SGD(0.5), "bce")
        return model.fit(x, x[:, 0] * x[:, 1] > 0, epochs=5, verbose=0).history["loss"][-1]

    first, again = ([score(seed) for seed in range(4)] for _ in range(2))
    assert first == again and len(set(first)) == 4
    assert 0 < np.std(first) < np.mean(first)


def test_one_hidden_layer_fits_a_sine():
    """TEA-19: Cybenko (1989)."""
    x = np.linspace(-np.pi, np.pi, 100)[:, None]
    model = Sequential([Dense(20, activation="tanh", input_dim=1), Dense(1)])
    model.compile(Adam(0.02), "mse")
    model.fit(x, np.sin(x), batch_size=10, epochs=100, verbose=0)
    assert np.sqrt(np.mean((model.predict(x, verbose=0) - np.sin(x)) ** 2)) < 0.1
