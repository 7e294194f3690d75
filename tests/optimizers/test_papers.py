"""Every optimizer walks as its paper says, step by step."""

import numpy as np
import papers
import pytest

from tinygrad_edu import Variable, optimizers
from tinygrad_edu.optimizers import (
    SGD,
    Adadelta,
    Adafactor,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    Ftrl,
    Lamb,
    Lion,
    Nadam,
    RMSprop,
    schedules,
)

CURVES = np.array([1.0, 50.0, 0.02])  # steep, flat, and a number that starts at its best
START = np.array([3.0, -2.0, 0.0])
gradient = lambda p: CURVES * (p - [0.0, 0.0, 0.5])

ADAM = {"b1": 0.8, "b2": 0.95, "eps": 1e-3}  # an epsilon that shows
FTRL = {"start": 0.2, "l1": 0.01, "l2": 0.03, "beta": 0.5, "shrinkage": 0.02}

# fmt: off
WALKS = {
    "OPT-11 SGD":                   (SGD(0.01), papers.plain, {"rate": 0.01}),
    "OPT-11 momentum":              (SGD(0.01, 0.9), papers.polyak, {"rate": 0.01, "momentum": 0.9}),
    "OPT-12 Nesterov":              (SGD(0.01, 0.9, True), papers.nesterov, {"rate": 0.01, "momentum": 0.9}),
    "OPT-13 Adagrad":               (Adagrad(0.5, 0.1, 1e-3), papers.duchi, {"rate": 0.5, "start": 0.1, "eps": 1e-3}),
    "OPT-13 Adagrad by default":    (Adagrad(), papers.duchi, {"rate": 0.001, "start": 0.1, "eps": 1e-7}),
    "OPT-14 RMSprop":               (RMSprop(0.01, 0.8, epsilon=1e-3), papers.tieleman, {"rate": 0.01, "rho": 0.8, "eps": 1e-3}),
    "OPT-14 RMSprop by default":    (RMSprop(), papers.tieleman, {"rate": 0.001, "rho": 0.9, "eps": 1e-7}),
    "OPT-14 centered":              (RMSprop(0.01, centered=True), papers.tieleman,
                                     {"rate": 0.01, "rho": 0.9, "eps": 1e-7, "centered": True}),
    "OPT-14 momentum":              (RMSprop(0.01, momentum=0.7), papers.tieleman,
                                     {"rate": 0.01, "rho": 0.9, "eps": 1e-7, "momentum": 0.7}),
    "OPT-14 centered and momentum": (RMSprop(0.01, momentum=0.7, centered=True), papers.tieleman,
                                     {"rate": 0.01, "rho": 0.9, "eps": 1e-7, "momentum": 0.7, "centered": True}),
    "OPT-15 Adam":                  (Adam(0.1, 0.8, 0.95, 1e-3), papers.kingma, {"rate": 0.1, **ADAM}),
    "OPT-15 Adam by default":       (Adam(), papers.kingma, {"rate": 0.001, "b1": 0.9, "b2": 0.999, "eps": 1e-7}),
    "OPT-16 AMSGrad":               (Adam(0.1, 0.8, 0.95, 1e-3, amsgrad=True), papers.reddi, {"rate": 0.1, **ADAM}),
    "OPT-17 AdamW":                 (AdamW(0.1, 0.3, 0.8, 0.95, 1e-3), papers.loshchilov, {"rate": 0.1, "decay": 0.3, **ADAM}),
    "OPT-17 AdamW by default":      (AdamW(), papers.loshchilov,
                                     {"rate": 0.001, "decay": 0.004, "b1": 0.9, "b2": 0.999, "eps": 1e-7}),
    "OPT-18 Adamax":                (Adamax(0.1, 0.8, 0.95, 1e-3), papers.kingma_infinity, {"rate": 0.1, **ADAM}),
    "OPT-19 Nadam":                 (Nadam(0.1, 0.8, 0.95, 1e-3), papers.dozat, {"rate": 0.1, "schedule_decay": 1, **ADAM}),
    "OPT-19 Nadam of Keras 2":      (Nadam(0.1, 0.8, 0.95, 1e-3, schedule_decay=0.004), papers.dozat,
                                     {"rate": 0.1, "schedule_decay": 0.004, **ADAM}),
    "OPT-20 Adadelta":              (Adadelta(1.0, 0.9, 1e-3), papers.zeiler, {"rate": 1.0, "rho": 0.9, "eps": 1e-3}),
    "OPT-20 Adadelta by default":   (Adadelta(), papers.zeiler, {"rate": 0.001, "rho": 0.95, "eps": 1e-7}),
    "OPT-21 Ftrl":                  (Ftrl(0.1, -0.5, 0.2, 0.01, 0.03, 0.02, 0.5), papers.mcmahan,
                                     {"rate": 0.1, "power": -0.5, **FTRL}),
    "OPT-21 Ftrl, another power":   (Ftrl(0.1, -0.3, 0.2, 0.01, 0.03, 0.02, 0.5), papers.mcmahan,
                                     {"rate": 0.1, "power": -0.3, **FTRL}),
    "OPT-21 Lion":                  (Lion(0.1, 0.8, 0.95), papers.chen, {"rate": 0.1, "b1": 0.8, "b2": 0.95}),
    "OPT-21 Adafactor":             (Adafactor(0.5, -0.7, 1e-3, 0.5, 0.8), papers.shazeer,
                                     {"rate": 0.5, "decay": -0.7, "eps1": 1e-3, "eps2": 0.5, "limit": 0.8}),
    "OPT-21 Adafactor by default":  (Adafactor(), papers.shazeer,
                                     {"rate": 0.001, "decay": -0.8, "eps1": 1e-30, "eps2": 1e-3, "limit": 1.0}),
    "OPT-21 Lamb":                  (Lamb(0.1, 0.8, 0.95, 1e-3), papers.you, {"rate": 0.1, **ADAM}),
}
# fmt: on


def again(optimizer, **settings):
    """An optimizer like this one, with further settings."""
    return type(optimizer).from_config({**optimizer.get_config(), **settings})


def walk(optimizer, start, gradient, n):
    """Where an optimizer like this one goes, step by step."""
    optimizer, p = again(optimizer), Variable(start, "float64")
    path = []
    for _ in range(n):
        optimizer.apply([gradient(p.numpy())], [p])
        path.append(p.numpy().copy())
    return np.array(path)


@pytest.mark.parametrize(("optimizer", "paper", "settings"), WALKS.values(), ids=WALKS)
def test_ten_steps_are_those_of_the_paper(optimizer, paper, settings):
    """OPT-11 to OPT-21, D24: where ε stands, and what Adagrad begins with, as in Keras 3."""
    expected = paper(START, gradient, 10, **settings)
    np.testing.assert_allclose(walk(optimizer, START, gradient, 10), expected, rtol=1e-12, atol=1e-14)
    assert np.abs(np.diff(expected, axis=0)).max() > 1e-7, "it moves"


def decaying(gradient, share):
    """`gradient`, after which the weight that was asked about is a little smaller: as decay, apart from the update, wants it."""

    def asked(w):
        g = gradient(w)
        w *= 1 - share
        return g

    return asked


def shortened(g, limit):
    return g * limit / max(np.linalg.norm(g), limit)


AROUND = {  # settings of the optimizer, and the gradient that does the same to the paper's walk at a rate
    "OPT-08 clipvalue": ({"clipvalue": 0.5}, lambda rate: lambda p: np.clip(gradient(p), -0.5, 0.5)),
    "OPT-09 clipnorm": ({"clipnorm": 2.0}, lambda rate: lambda p: shortened(gradient(p), 2.0)),
    "OPT-10 global_clipnorm": ({"global_clipnorm": 0.3}, lambda rate: lambda p: shortened(gradient(p), 0.3)),
    "OPT-17 weight_decay": ({"weight_decay": 0.2}, lambda rate: decaying(gradient, 0.2 * rate)),
}
OF_DIFFERENCES = (papers.polyak, papers.nesterov)  # their velocity is a difference of weights, which decay would join


@pytest.mark.parametrize("setting", AROUND)
@pytest.mark.parametrize("name", WALKS)
def test_ten_steps_with_what_stands_around_the_update_are_those_of_the_paper(name, setting):
    """OPT-07 to OPT-10, OPT-17: for every optimizer, in one order: the gradient, clipped; the weight, smaller; the update."""
    (optimizer, paper, settings), (more, around) = WALKS[name], AROUND[setting]
    if "weight_decay" in more and (paper in OF_DIFFERENCES or optimizer.weight_decay):
        pytest.skip("it has a decay, or a velocity, of another kind")
    expected = paper(START, around(settings["rate"]), 10, **settings)
    np.testing.assert_allclose(walk(again(optimizer, **more), START, gradient, 10), expected, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", WALKS)
def test_averages_follow_the_papers_walk(name):
    """OPT-22: the weights walk on as before; their average begins with the first step."""
    optimizer, paper, settings = WALKS[name]
    averaged, p = again(optimizer, use_ema=True, ema_momentum=0.8), Variable(START, "float64")
    for _ in range(10):
        averaged.apply([gradient(p.numpy())], [p])
    path = paper(START, gradient, 10, **settings)
    np.testing.assert_allclose(p.numpy(), path[-1], rtol=1e-12, atol=1e-14)
    shares = 0.8 ** np.arange(9, -1, -1) * np.array([1, *[0.2] * 9])
    averaged.finalize_variable_values([p])
    np.testing.assert_allclose(p.numpy(), shares @ path, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", WALKS)
def test_accumulated_gradients_walk_the_papers_way_at_half_the_pace(name):
    """OPT-23: the mean of two gradients, whose sum is twice what it would be, makes one step."""
    optimizer, paper, settings = WALKS[name]
    slow, p, path = again(optimizer, gradient_accumulation_steps=2), Variable(START, "float64"), []
    for _ in range(5):
        for weight in (0.5, 1.5):
            slow.apply([weight * gradient(p.numpy())], [p])
        path.append(p.numpy().copy())
    np.testing.assert_allclose(path, paper(START, gradient, 5, **settings), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("more", [{}, {"clipnorm": 2.0}, {"use_ema": True}, {"gradient_accumulation_steps": 2}], ids=str)
def test_adafactor_walks_with_matrices_as_the_paper_says(more):
    """OPT-21: kept are a number per row and one per column, and of several matrices those of each."""
    start, curves = np.arange(12.0).reshape(3, 4) / 4 - 1, np.linspace(1, 5, 12).reshape(3, 4)
    slope = lambda p: curves * (p - 0.5)
    expected = papers.shazeer(start, lambda p: shortened(slope(p), 2.0) if "clipnorm" in more else slope(p), 10,
                              rate=0.3, decay=-0.8, eps1=1e-30, eps2=1e-3, limit=1.0)  # fmt: skip
    optimizer, p, path = Adafactor(0.3, **more), Variable(start, "float64"), []
    for _ in range(10):
        for _ in range(more.get("gradient_accumulation_steps", 1)):
            optimizer.apply([slope(p.numpy())], [p])
        path.append(p.numpy().copy())
    np.testing.assert_allclose(path, expected, rtol=1e-12, atol=1e-14)
    assert [optimizer.slots_of(p)[name].shape for name in optimizer.slots] == [(3,), (4,), (0,)]


def test_adafactor_takes_the_last_two_axes_for_matrices():
    """OPT-21."""
    start = np.random.default_rng(0).normal(size=(2, 3, 4))
    optimizer, stack = Adafactor(0.1), Variable(start, "float64")
    optimizer.apply([start], [stack])
    assert [optimizer.slots_of(stack)[name].shape for name in optimizer.slots] == [(2, 3), (2, 4), (0,)]
    for i, matrix in enumerate(start):
        s = matrix**2
        np.testing.assert_allclose(optimizer.slots_of(stack)["rows"].numpy()[i], s.mean(axis=1), rtol=1e-12)
        u = matrix / np.sqrt(np.outer(s.mean(axis=1), s.mean(axis=0)) / s.mean())
        direction = (start - stack.numpy())[i]
        np.testing.assert_allclose(direction / direction[0, 0], u / u[0, 0], rtol=1e-9)


def test_a_schedule_of_adafactors_is_not_bounded():
    """OPT-21: only a number is at most 1 / sqrt(t)."""
    by_number, by_schedule = Adafactor(2.0), Adafactor(lambda step: 2.0)
    assert by_number.numbers(2.0, 4)[0] == 0.5 and by_schedule.numbers(2.0, 4)[0] == 2.0
    assert Adafactor(2.0, relative_step=False).numbers(2.0, 4)[0] == 2.0


def test_every_optimizer_of_the_package_has_a_paper_here():
    """OPT-21."""
    family = {cls for cls in vars(optimizers).values() if isinstance(cls, type) and issubclass(cls, optimizers.Optimizer)}
    assert family - {optimizers.Optimizer} == {type(optimizer) for optimizer, *_ in WALKS.values()}


def test_adam_differs_from_the_textbook_form_only_by_where_epsilon_stands():
    """OPT-15: m̂ / (√v̂ + ε)  is not quite the way taken."""
    textbook = papers.steps(_textbook_adam)(START, gradient, 10, rate=0.001)
    found = walk(Adam(), START, gradient, 10)
    assert 0 < np.abs(found - textbook)[:, :2].max() < 1e-8, "the larger the gradient, the smaller"
    assert 1e-8 < np.abs(found - textbook)[:, 2].max() < 1e-5


def _textbook_adam(w, gradient, rate, b1=0.9, b2=0.999, eps=1e-7):
    m, v, t = 0, 0, 0
    while True:
        t += 1
        m, v = b1 * m + (1 - b1) * gradient(w), b2 * v + (1 - b2) * gradient(w) ** 2
        w = w - rate * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + eps)
        yield w


# By hand ----------------------------------------------------------------------------------------------

# fmt: off
FIRST_STEPS = {  # from 0, gradient 3, with nothing but the rate said: what the formulas give for one step, worked by hand
    "OPT-13": (Adagrad(0.1), -0.3 / np.sqrt(9.1 + 1e-7)),
    "OPT-14": (RMSprop(0.1), -0.3 / np.sqrt(0.9 + 1e-7)),
    "OPT-14, centered": (RMSprop(0.1, centered=True), -0.3 / np.sqrt(0.9 - 0.09 + 1e-7)),
    "OPT-15": (Adam(0.1), -0.1 * np.sqrt(0.001) / 0.1 * 0.3 / (np.sqrt(0.009) + 1e-7)),
    "OPT-18": (Adamax(0.1), -0.1 / 0.1 * 0.3 / (3 + 1e-7)),
    "OPT-19": (Nadam(0.1), -0.1 / (3 + 1e-7) * (0.9 * (1 - 0.5 * 0.96**2) * 0.3 / (1 - 0.9**2 * 0.52 * (1 - 0.5 * 0.96**2))
                                                 + (1 - 0.9 * 0.52) * 3 / (1 - 0.9 * 0.52))),
    "OPT-20": (Adadelta(0.1), -0.1 * np.sqrt(1e-7 / (0.45 + 1e-7)) * 3),
    "OPT-21, Lion": (Lion(0.1), -0.1),
    "OPT-21, Lamb": (Lamb(0.1), -0.1 * 3 / (3 + 1e-7)),
}
# fmt: on


@pytest.mark.parametrize(("optimizer", "expected"), FIRST_STEPS.values(), ids=FIRST_STEPS)
def test_the_first_step_by_hand(optimizer, expected):
    """OPT-13 to OPT-21."""
    np.testing.assert_allclose(walk(optimizer, [0.0], lambda p: np.array([3.0]), 1), [[expected]], rtol=1e-12)


@pytest.mark.parametrize("legacy", [Adagrad, RMSprop, Adadelta, Adam, Adamax, Nadam, Lamb])
def test_epsilon_none_is_that_of_the_backend(legacy):
    """OPT-15, in the way of Keras 2."""
    assert legacy(epsilon=None).epsilon == 1e-7


OTHERS = Ftrl, Adafactor, Adagrad, Adadelta, RMSprop, Adam, AdamW, Adamax, Nadam, Lion, Lamb
DEFAULTS = {SGD: 0.01, **dict.fromkeys(OTHERS, 0.001)}


@pytest.mark.parametrize(("cls", "rate"), DEFAULTS.items())
def test_default_learning_rates_are_those_of_keras_3(cls, rate):
    """OPT-25."""
    assert cls().learning_rate == rate


def test_a_schedule_is_asked_at_every_step():
    """LR-11: with the number of steps done, from 0."""
    rates = [0.1, 0.05, 0.025, 0.0125]
    path = walk(SGD(schedules.ExponentialDecay(0.1, 1, 0.5)), [0.0], np.ones_like, 4)
    np.testing.assert_allclose(path.ravel(), -np.cumsum(rates), rtol=1e-12)


def test_nadam_knows_its_momentum_at_any_step():
    """OPT-19: also after it was set back, its product of momenta being a function of the step."""
    back, steps = Nadam(), (1, 2, 7, 3, 1)
    np.testing.assert_array_equal([back.numbers(0.1, t) for t in steps], [Nadam().numbers(0.1, t) for t in steps])


def test_ftrl_says_that_it_divides_by_the_rate():
    """OPT-21: a rate of 0 would make nan of every weight."""
    p = Variable([1.0])
    with pytest.raises(ValueError, match="Ftrl expects learning_rate > 0"):
        Ftrl(0.0).apply([np.ones(1)], [p])
    assert p.item() == 1
