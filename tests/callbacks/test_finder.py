"""The learning-rate finder: a ramp of rates, the true loss of every batch, and everything put back."""

import numpy as np
import pytest

from tinygrad_edu.callbacks import find_learning_rate
from tinygrad_edu.layers import Dense
from tinygrad_edu.models import Sequential
from tinygrad_edu.optimizers import SGD, Adam

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(40, 3))
Y = X @ [1.0, -2.0, 0.5]


def always_3():
    return 3.0


def compiled(optimizer):
    model = Sequential([Dense(1, input_dim=3)])
    model.compile(optimizer, "mse")
    return model


def test_rates_grow_by_one_factor_from_the_first_to_the_last():
    """LR-10: a rate per batch, the last batch of an epoch being shorter."""
    rates, losses = find_learning_rate(compiled(SGD(0.1)), X, Y, 1e-4, 1e-1, epochs=2, batch_size=16)
    assert len(rates) == len(losses) == 6
    np.testing.assert_allclose(rates, 1e-4 * 1000 ** (np.arange(6) / 5))
    assert np.isfinite(losses).all()


def test_losses_are_those_of_the_batches_and_not_running_means():
    """LR-10, CB-02: the same walk by hand, on the same order of rows."""
    model = compiled(SGD(0.1))
    w, b = (a.copy() for a in model.get_weights())
    np.random.seed(3)
    rates, losses = find_learning_rate(model, X, Y, 1e-2, 1.0, batch_size=10)
    np.random.seed(3)
    from tinygrad_edu import random

    order = random.generator().permutation(40)
    for i, (rate, loss) in enumerate(zip(rates, losses)):
        x, y = X[order[10 * i : 10 * i + 10]], Y[order[10 * i : 10 * i + 10]]
        error = (x @ w + b).ravel() - y
        assert loss == pytest.approx((error**2).mean(), rel=1e-4)
        w, b = w - rate * 2 * x.T @ error[:, None] / 10, b - rate * 2 * error.mean()


@pytest.mark.parametrize("make", [lambda: SGD(0.1, 0.9), lambda: Adam(0.1, use_ema=True), lambda: SGD(0.1, decay=5.0)])
def test_everything_is_put_back(make):
    """LR-10: training goes on as if nothing had been, bit for bit, also with slots that had begun."""

    def trained(look):
        model = compiled(make())
        model.set_weights([np.ones((3, 1)), np.zeros(1)])
        model.fit(X, Y, epochs=2, verbose=0, shuffle=False)
        if look:
            find_learning_rate(model, X, Y)
        model.fit(X, Y, epochs=2, verbose=0, shuffle=False)
        return [*model.get_weights(), *model.optimizer.get_weights()]

    for found, expected in zip(trained(True), trained(False), strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    "settings",
    [{"use_ema": True, "ema_momentum": 0.9}, {"decay": 5.0}, {"learning_rate": always_3}],
    ids=["ema", "decay", "schedule"],
)
def test_what_would_bend_the_ramp_is_left_out(settings):
    """LR-10: averages, decay and a schedule of the optimizer's own."""

    def losses(optimizer):
        model = compiled(optimizer)
        model.set_weights([np.ones((3, 1)), np.zeros(1)])
        np.random.seed(1)
        return find_learning_rate(model, X, Y, 1e-3, 1e-1, batch_size=8)[1]

    np.testing.assert_array_equal(losses(SGD(**settings)), losses(SGD(0.1)))


def test_it_ends_where_the_loss_is_no_longer_finite():
    """LR-10."""
    with np.errstate(all="ignore"):
        rates, losses = find_learning_rate(compiled(SGD(0.1)), X, Y, 1.0, 1e30, epochs=10, batch_size=4)
    assert len(rates) == len(losses) < 100
    assert np.isfinite(losses[:-1]).all() and not np.isfinite(losses[-1])


def test_weights_are_put_back_when_it_fails():
    """LR-10."""
    model = compiled(SGD(0.1))
    before, own = [a.copy() for a in model.get_weights()], model.optimizer
    with pytest.raises(ValueError):
        find_learning_rate(model, X[:, :2], Y)
    assert model.optimizer is own
    for found, expected in zip(model.get_weights(), before):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    "settings", [{"min_rate": 0}, {"min_rate": 1, "max_rate": 0.1}, {"batch_size": 0}, {"epochs": 0}], ids=str
)
def test_nonsense_is_refused(settings):
    """LR-10."""
    with pytest.raises(ValueError, match="find_learning_rate expects"):
        find_learning_rate(compiled(SGD(0.1)), X, Y, **settings)
