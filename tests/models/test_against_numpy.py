"""The whole of training against a loop written by hand: forward, backward, update, means, in plain NumPy.

Nothing below the line that says so knows of the package; that is what makes it an oracle.
"""

import numpy as np
import pytest

from tinygrad_edu.backend import floatx, set_floatx
from tinygrad_edu.layers import Dense
from tinygrad_edu.models import Sequential
from tinygrad_edu.optimizers import SGD

EPOCHS, BATCH = 6, 8


@pytest.fixture(params=["float64", "float32"])
def dtype(request):
    before = floatx()
    set_floatx(request.param)
    yield request.param
    set_floatx(before)


def circles(dtype, rows=37):
    """Rows that do not fill the last batch."""
    rng = np.random.default_rng(5)
    x = rng.uniform(-1, 1, (rows, 2)).astype(dtype)
    return x, (np.hypot(*x.T) < 0.7).astype(dtype)


# By hand ----------------------------------------------------------------------------------------------


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def forward(weights, x):
    w1, b1, w2, b2 = weights
    h = np.tanh(x @ w1 + b1)
    return h, (h @ w2 + b2)[:, 0]


def loss_of(z, y):
    """-log of the probability of what came true, from the logit z."""
    return np.maximum(z, 0) - z * y + np.log1p(np.exp(-np.abs(z)))


def gradients_by_hand(weights, x, y):
    """Backpropagation for a 2-5-1 network: dz = (p - y) / n, through w2 and 1 - h², to w1."""
    h, z = forward(weights, x)
    dz = ((sigmoid(z) - y) / len(y))[:, None]
    da = dz @ weights[2].T * (1 - h**2)
    return [x.T @ da, da.sum(0), h.T @ dz, dz.sum(0)]


def train_by_hand(weights, x, y, rate, momentum, nesterov):
    """Weights and (loss, accuracy) of each epoch, batch after batch in order."""
    weights = [w.copy() for w in weights]
    velocities = [np.zeros_like(w) for w in weights]
    number = x.dtype.type
    course = []
    for _ in range(EPOCHS):
        losses, right = 0.0, 0
        for start in range(0, len(x), BATCH):
            xb, yb = x[start : start + BATCH], y[start : start + BATCH]
            z = forward(weights, xb)[1]
            losses += float(loss_of(z, yb).mean()) * len(xb)
            right += int(((sigmoid(z) > 0.5) == yb).sum())
            for w, v, g in zip(weights, velocities, gradients_by_hand(weights, xb, yb)):
                v[:] = number(momentum) * v - number(rate) * g
                w += number(momentum) * v - number(rate) * g if nesterov else v
        course.append((losses / len(x), right / len(x)))
    return weights, course


# Against the package ----------------------------------------------------------------------------------


def two_circles_model(optimizer):
    model = Sequential([Dense(5, input_dim=2, activation="tanh"), Dense(1, activation="sigmoid")])
    model.compile(optimizer, "binary_crossentropy", metrics=["accuracy"])
    return model


@pytest.mark.parametrize(("momentum", "nesterov"), [(0.0, False), (0.9, False), (0.9, True)])
def test_fit_is_the_loop_written_by_hand(dtype, momentum, nesterov):
    """FIT-01, MET-04, OPT-11, LOSS-11, CORE-03: weights, losses and accuracies over several epochs."""
    close = {"rtol": 0, "atol": 1e-12} if dtype == "float64" else {"rtol": 0, "atol": 2e-5}
    x, y = circles(dtype)
    model = two_circles_model(SGD(0.1, momentum, nesterov))
    start = model.get_weights()
    assert {w.dtype.name for w in start} == {dtype}
    weights, course = train_by_hand(start, x, y, 0.1, momentum, nesterov)
    history = model.fit(x, y, batch_size=BATCH, epochs=EPOCHS, shuffle=False, verbose=0).history
    for found, expected in zip(model.get_weights(), weights):
        np.testing.assert_allclose(found, expected, **close)
    np.testing.assert_allclose(history["loss"], [loss for loss, _ in course], **close)
    np.testing.assert_allclose(history["accuracy"], [accuracy for _, accuracy in course], atol=0 if dtype == "float64" else 0.03)
    assert not np.allclose(start[0], weights[0], atol=0.01)


def test_evaluate_and_predict_are_the_forward_pass_written_by_hand(dtype):
    """FIT-12, FIT-14: with weights that stand still, loss and metrics are exact means over all rows."""
    close = 1e-12 if dtype == "float64" else 1e-6
    x, y = circles(dtype)
    model = two_circles_model("sgd")
    z = forward(model.get_weights(), x)[1]
    loss, accuracy = model.evaluate(x, y, batch_size=BATCH, verbose=0)
    assert loss == pytest.approx(float(loss_of(z, y).mean()), abs=close)
    assert accuracy == ((sigmoid(z) > 0.5) == y).mean()
    np.testing.assert_allclose(model.predict(x, batch_size=BATCH)[:, 0], sigmoid(z), atol=close)


def test_validation_is_the_forward_pass_after_each_epoch():
    """FIT-04, MET-04: measured with the weights at the epoch's end, not with those on the way."""
    x, y = circles("float32")
    model = two_circles_model(SGD(0.5))
    history = model.fit(x, y, batch_size=BATCH, epochs=1, validation_data=(x, y), verbose=0).history
    z = forward(model.get_weights(), x)[1]
    assert history["val_loss"][0] == pytest.approx(float(loss_of(z, y).mean()), abs=1e-6)
    assert history["loss"][0] != pytest.approx(history["val_loss"][0], abs=1e-4)


def test_the_gradients_by_hand_are_slopes():
    """The oracle has an oracle: differences of the loss."""
    rng = np.random.default_rng(1)
    weights = [rng.normal(size=shape) for shape in [(2, 5), (5,), (5, 1), (1,)]]
    x, y = circles("float64")
    for w, g in zip(weights, gradients_by_hand(weights, x, y)):
        for index in np.ndindex(w.shape):
            w[index] += 1e-6
            above = loss_of(forward(weights, x)[1], y).mean()
            w[index] -= 2e-6
            below = loss_of(forward(weights, x)[1], y).mean()
            w[index] += 1e-6
            assert g[index] == pytest.approx((above - below) / 2e-6, abs=1e-8)
