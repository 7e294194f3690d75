"""The three training scripts of the lesson on vanishing gradients, line by line; only their imports say tinygrad_edu.

By default they run for a few epochs; whole, and measured, with HYPOTHESIS_PROFILE=nightly.
"""

import os
import re

import numpy as np
import pytest

from tinygrad_edu import backend, set_random_seed

pytest.importorskip("sklearn", reason="the scripts take their data from scikit-learn")
matplotlib = pytest.importorskip("matplotlib", reason="the scripts plot with matplotlib")

whole = pytest.mark.skipif(
    os.environ.get("HYPOTHESIS_PROFILE") != "nightly", reason="ten seconds a run; set HYPOTHESIS_PROFILE=nightly"
)

ONE_TANH = """\
# mlp for the two circles classification problem
from sklearn.datasets import make_circles
from sklearn.preprocessing import MinMaxScaler
from tinygrad_edu.layers import Dense
from tinygrad_edu.models import Sequential
from tinygrad_edu.optimizers import SGD
from tinygrad_edu.initializers import RandomUniform
from matplotlib import pyplot
# generate 2d classification dataset
X, y = make_circles(n_samples=1000, noise=0.1, random_state=1)
# scale input data to [-1,1]
scaler = MinMaxScaler(feature_range=(-1, 1))
X = scaler.fit_transform(X)
# split into train and test
n_train = 500
trainX, testX = X[:n_train, :], X[n_train:, :]
trainy, testy = y[:n_train], y[n_train:]
# define model
model = Sequential()
init = RandomUniform(minval=0, maxval=1)
model.add(Dense(5, input_dim=2, activation='tanh', kernel_initializer=init))
model.add(Dense(1, activation='sigmoid', kernel_initializer=init))
# compile model
opt = SGD(lr=0.01, momentum=0.9)
model.compile(loss='binary_crossentropy', optimizer=opt, metrics=['accuracy'])
# fit model
history = model.fit(trainX, trainy, validation_data=(testX, testy), epochs=500, verbose=0)
# evaluate the model
_, train_acc = model.evaluate(trainX, trainy, verbose=0)
_, test_acc = model.evaluate(testX, testy, verbose=0)
print('Train: %.3f, Test: %.3f' % (train_acc, test_acc))
# plot training history
pyplot.plot(history.history['accuracy'], label='train')
pyplot.plot(history.history['val_accuracy'], label='test')
pyplot.legend()
pyplot.show()
"""

FIVE_TANH = """\
# deeper mlp for the two circles classification problem
from sklearn.datasets import make_circles
from sklearn.preprocessing import MinMaxScaler
from tinygrad_edu.layers import Dense
from tinygrad_edu.models import Sequential
from tinygrad_edu.optimizers import SGD
from tinygrad_edu.initializers import RandomUniform
from matplotlib import pyplot
# generate 2d classification dataset
X, y = make_circles(n_samples=1000, noise=0.1, random_state=1)
scaler = MinMaxScaler(feature_range=(-1, 1))
X = scaler.fit_transform(X)
# split into train and test
n_train = 500
trainX, testX = X[:n_train, :], X[n_train:, :]
trainy, testy = y[:n_train], y[n_train:]
# define model
init = RandomUniform(minval=0, maxval=1)
model = Sequential()
model.add(Dense(5, input_dim=2, activation='tanh', kernel_initializer=init))
model.add(Dense(5, activation='tanh', kernel_initializer=init))
model.add(Dense(5, activation='tanh', kernel_initializer=init))
model.add(Dense(5, activation='tanh', kernel_initializer=init))
model.add(Dense(5, activation='tanh', kernel_initializer=init))
model.add(Dense(1, activation='sigmoid', kernel_initializer=init))
# compile model
opt = SGD(lr=0.01, momentum=0.9)
model.compile(loss='binary_crossentropy', optimizer=opt, metrics=['accuracy'])
# fit model
history = model.fit(trainX, trainy, validation_data=(testX, testy), epochs=500, verbose=0)
# evaluate the model
_, train_acc = model.evaluate(trainX, trainy, verbose=0)
_, test_acc = model.evaluate(testX, testy, verbose=0)
print('Train: %.3f, Test: %.3f' % (train_acc, test_acc))
# plot training history
pyplot.plot(history.history['accuracy'], label='train')
pyplot.plot(history.history['val_accuracy'], label='test')
pyplot.legend()
pyplot.show()
"""

FIVE_RELU = """\
# deeper mlp with relu for the two circles classification problem
from sklearn.datasets import make_circles
from sklearn.preprocessing import MinMaxScaler
from tinygrad_edu.layers import Dense
from tinygrad_edu.models import Sequential
from tinygrad_edu.optimizers import SGD
from tinygrad_edu.initializers import RandomUniform
from matplotlib import pyplot
# generate 2d classification dataset
X, y = make_circles(n_samples=1000, noise=0.1, random_state=1)
scaler = MinMaxScaler(feature_range=(-1, 1))
X = scaler.fit_transform(X)
# split into train and test
n_train = 500
trainX, testX = X[:n_train, :], X[n_train:, :]
trainy, testy = y[:n_train], y[n_train:]
# define model
model = Sequential()
model.add(Dense(5, input_dim=2, activation='relu', kernel_initializer='he_uniform'))
model.add(Dense(5, activation='relu', kernel_initializer='he_uniform'))
model.add(Dense(5, activation='relu', kernel_initializer='he_uniform'))
model.add(Dense(5, activation='relu', kernel_initializer='he_uniform'))
model.add(Dense(5, activation='relu', kernel_initializer='he_uniform'))
model.add(Dense(1, activation='sigmoid'))
# compile model
opt = SGD(lr=0.01, momentum=0.9)
model.compile(loss='binary_crossentropy', optimizer=opt, metrics=['accuracy'])
# fit model
history = model.fit(trainX, trainy, validation_data=(testX, testy), epochs=500, verbose=0)
# evaluate the model
_, train_acc = model.evaluate(trainX, trainy, verbose=0)
_, test_acc = model.evaluate(testX, testy, verbose=0)
print('Train: %.3f, Test: %.3f' % (train_acc, test_acc))
# plot training history
pyplot.plot(history.history['accuracy'], label='train')
pyplot.plot(history.history['val_accuracy'], label='test')
pyplot.legend()
pyplot.show()
"""

SCRIPTS = {"one tanh layer": (ONE_TANH, 2), "five tanh layers": (FIVE_TANH, 6), "five relu layers": (FIVE_RELU, 6)}


@pytest.fixture
def run(monkeypatch, capsys):
    """Run a script with a seed: its names, the accuracies it printed, and the curves it plotted."""
    matplotlib.use("Agg")
    from matplotlib import pyplot

    monkeypatch.setattr(pyplot, "show", lambda: None)

    def run(script, seed, epochs):
        pyplot.close("all")
        backend.clear_session()
        set_random_seed(seed)
        names = {}
        exec(compile(script.replace("epochs=500", f"epochs={epochs}"), "<tutorial>", "exec"), names)
        printed = re.fullmatch(r"Train: (\d\.\d{3}), Test: (\d\.\d{3})\n", capsys.readouterr().out)
        assert printed
        return names, tuple(map(float, printed.groups())), {line.get_label(): line.get_ydata() for line in pyplot.gca().lines}

    yield run
    pyplot.close("all")
    backend.clear_session()


@pytest.mark.parametrize(("script", "layers"), SCRIPTS.values(), ids=SCRIPTS)
def test_the_script_runs_as_written(run, script, layers):
    """SCR-19, SCR-20, SCR-21, D4, OPT-03."""
    epochs = 8
    names, (train, test), curves = run(script, seed=1, epochs=epochs)
    model, history = names["model"], names["history"].history
    assert [layer.name for layer in model.layers] == [f"dense_{n}" for n in range(1, layers + 1)]
    assert list(history) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert history["val_accuracy"][-1] == names["test_acc"] == pytest.approx(test, abs=5e-4)
    assert names["train_acc"] == pytest.approx(train, abs=5e-4)
    np.testing.assert_array_equal(curves["train"], history["accuracy"])
    np.testing.assert_array_equal(curves["test"], history["val_accuracy"])
    assert names["opt"].iterations == epochs * 16 and names["opt"].lr == 0.01
    assert len({layer.get_weights()[0].tobytes() for layer in model.layers}) == layers


def test_the_same_seed_prints_the_same(run):
    """INI-24: once more, through a whole script."""
    first, second = run(ONE_TANH, 3, 3), run(ONE_TANH, 3, 3)
    assert first[1] == second[1] and first[0]["history"].history == second[0]["history"].history


@whole
@pytest.mark.parametrize("seed", [1, 2])
def test_one_tanh_layer_learns_the_circles(run, seed):
    """SCR-19, TEA-10: reference 0.798 to 0.826 on training rows, 0.796 to 0.850 on test rows, twenty seeds."""
    _, (train, test), _ = run(ONE_TANH, seed, 500)
    assert 0.77 < train < 0.87 and 0.77 < test < 0.88


@whole
def test_five_tanh_layers_stay_near_chance_in_most_runs(run):
    """SCR-20, TEA-10: reference 0.523 on test rows, in the middle of twenty seeds; five of them got above 0.7."""
    tests = [run(FIVE_TANH, seed, 500)[1][1] for seed in range(1, 6)]
    assert sum(test < 0.7 for test in tests) >= 3


@whole
def test_five_relu_layers_learn_the_circles_in_most_runs(run):
    """SCR-21, TEA-10: reference 0.829 on test rows, in the middle of twenty seeds; one of them stayed at chance."""
    tests = [run(FIVE_RELU, seed, 500)[1][1] for seed in range(1, 4)]
    assert sum(0.77 < test < 0.88 for test in tests) >= 2
