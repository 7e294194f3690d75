"""Layers of noise: what they draw, that the mean stays, and when they do nothing."""

import numpy as np
import pytest

from tinygrad_edu import Tensor, backend, set_random_seed
from tinygrad_edu.calculus import gradients
from tinygrad_edu.layers import (
    ActivityRegularization,
    AlphaDropout,
    Dense,
    Dropout,
    GaussianDropout,
    GaussianNoise,
    SpatialDropout1D,
    SpatialDropout2D,
)
from tinygrad_edu.models import Sequential
from tinygrad_edu.random import SeedGenerator
from tinygrad_edu.testing import check_gradients

MANY = np.ones((1000, 100), "float32")


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_dropout_drops_its_share_and_scales_what_stays(rate):
    """REGL-01: the share within 5 standard deviations of a binomial distribution."""
    out = Dropout(rate, seed=1)(MANY, training=True).numpy()
    assert set(np.unique(out)) == {np.float32(0), np.float32(1 / (1 - rate))}
    share = (out == 0).mean()
    assert abs(share - rate) < 5 * np.sqrt(rate * (1 - rate) / out.size)


def test_dropout_at_inference_is_the_identity():
    """REGL-01: the very same Tensor."""
    x, layer = Tensor(MANY), Dropout(0.5)
    assert layer(x) is x and layer(x, training=False) is x
    assert Dropout(0.0)(x, training=True) is x


def test_dropout_of_everything_gives_zeros():
    """REGL-01: and not 0 times infinity."""
    assert not Dropout(1.0)(MANY, training=True).numpy().any()
    assert not AlphaDropout(1)(MANY, training=True).numpy().any()


@pytest.mark.parametrize("cls", [Dropout, AlphaDropout, GaussianDropout, SpatialDropout1D])
@pytest.mark.parametrize("rate", [-0.1, 1.5, np.nan, "much", None])
def test_a_rate_that_is_no_share_is_refused(cls, rate):
    """REGL-01."""
    with pytest.raises(ValueError, match=f"{cls.__name__} expects rate"):
        cls(rate)


def test_every_call_draws_a_new_mask():
    """REGL-01."""
    layer = Dropout(0.5)
    first, second = (layer(MANY, training=True).numpy() for _ in range(2))
    same = (first == second).mean()
    assert abs(same - 0.5) < 0.01


def test_the_gradient_passes_where_the_mask_of_the_same_call_was_open():
    """REGL-01: of order 1 by hand, of order 2 by the checker."""
    x, layer = Tensor(np.full((4, 5), 2.0)), Dropout(0.4, seed=3)
    out = layer(x, training=True)
    (g,) = gradients(out.sum(), [x])
    np.testing.assert_allclose(g.numpy(), out.numpy() / 2, rtol=1e-12)

    def steady(x):
        layer.seed_generator.counter = 0
        return layer.call(x, training=True) ** 3

    check_gradients(steady, x.numpy())


def test_a_noise_shape_drops_whole_features_or_steps():
    """REGL-01: lengths, None for the input's, and 1 where all share a fate."""
    for noise_shape in ((None, 1, None), (5, 1, 3), [None, 1, np.int64(3)]):
        out = Dropout(0.5, noise_shape)(np.ones((5, 40, 3)), training=True).numpy()
        assert (out == out[:, :1]).all() and 0 < out[:, 0].mean() < 2
    with pytest.raises(ValueError, match=r"noise_shape of 3 axes, got \(1, 2\)"):
        Dropout(0.5, (1, 2))(np.ones((5, 4, 3)), training=True)


def test_spatial_dropout_drops_whole_channels():
    """REGL-03."""
    out = SpatialDropout1D(0.5)(np.ones((9, 40, 7)), training=True).numpy()
    assert (out == out[:, :1]).all() and not (out == out[:, :, :1]).all()
    out = SpatialDropout2D(0.5)(np.ones((9, 4, 5, 7)), training=True).numpy()
    assert (out == out[:, :1, :1]).all() and not (out == out[..., :1]).all()
    out = SpatialDropout2D(0.5, "channels_first")(np.ones((9, 7, 4, 5)), training=True).numpy()
    assert (out == out[:, :, :1, :1]).all() and not (out == out[:, :1]).all()
    with pytest.raises(ValueError, match="data_format 'channels_last' or"):
        SpatialDropout2D(0.5, "last")


def test_masks_follow_the_global_seed_and_their_own():
    """REGL-01, INI-24: unseeded layers repeat under numpy.random.seed and differ from each other."""
    runs = []
    for _ in range(2):
        np.random.seed(7)
        layers = [Dropout(0.5), Dropout(0.5)]
        runs.append([layer(MANY[:2], training=True).numpy() for layer in layers])
    np.testing.assert_array_equal(runs[0], runs[1])
    assert (runs[0][0] != runs[0][1]).any()
    set_random_seed(1)
    one, other = Dropout(0.5, seed=np.int64(4)), Dropout(0.5, seed=4)
    np.testing.assert_array_equal(one(MANY, training=True).numpy(), other(MANY, training=True).numpy())


def test_the_state_of_the_random_numbers_can_be_taken_and_put_back():
    """REGL-01: what a training that is resumed needs."""
    layer = Dropout(0.5)
    layer(MANY, training=True)
    state = layer.seed_generator.state
    expected = [layer(MANY, training=True).numpy() for _ in range(2)]
    other = Dropout(0.5)
    other.seed_generator.state = state
    for array in expected:
        np.testing.assert_array_equal(other(MANY, training=True).numpy(), array)


def test_a_seed_generator_may_be_shared():
    """INI-23."""
    shared = SeedGenerator(1)
    one, two = Dropout(0.5, seed=shared), Dropout(0.5, seed=shared)
    a, b = one(MANY, training=True).numpy(), two(MANY, training=True).numpy()
    assert shared.counter == 2 and (a != b).any()
    again = Dropout.from_config(one.get_config())
    np.testing.assert_array_equal(again(MANY, training=True).numpy(), a)


def test_alpha_dropout_keeps_mean_and_variance_and_has_klambauers_constants():
    """REGL-02: two values for an input of 0, by the formulas of the paper."""
    p, limit = 0.25, -1.7580993408473766
    a = 1 / np.sqrt((1 - p) * (1 + p * limit**2))
    b = -a * p * limit
    out = AlphaDropout(p, dtype="float64")(np.zeros((100, 100)), training=True).numpy()
    np.testing.assert_allclose(np.unique(out), [a * limit + b, b], rtol=1e-12)
    normal = np.random.default_rng(0).normal(size=(1000, 200))
    out = AlphaDropout(p, seed=1)(normal, training=True).numpy()
    assert abs(out.mean()) < 0.02 and abs(out.var() - 1) < 0.02
    assert AlphaDropout(p)(normal).numpy() == pytest.approx(normal, rel=1e-6)


def test_gaussian_noise_has_its_deviation():
    """REGL-03: a stddev above 1 is no error."""
    noise = GaussianNoise(2.0, seed=1)(np.zeros((1000, 100)), training=True).numpy()
    assert abs(noise.mean()) < 5 * 2 / np.sqrt(noise.size) and abs(noise.std() - 2) < 0.02
    assert abs((np.abs(noise) > 2).mean() - 0.3173) < 0.01 and abs((np.abs(noise) > 4).mean() - 0.0455) < 0.005
    with pytest.raises(ValueError, match="GaussianNoise expects stddev"):
        GaussianNoise(-1)


def test_gaussian_dropout_multiplies_by_noise_around_one():
    """REGL-03: standard deviation √(p / (1 - p))."""
    out = GaussianDropout(0.2, seed=1)(3 * np.ones((1000, 100)), training=True).numpy() / 3
    assert abs(out.mean() - 1) < 0.01 and abs(out.std() - 0.5) < 0.01


def test_activity_regularization_penalizes_its_output():
    """REGL-03, REG-07: l1 Σ|x| + l2 Σx², by the batch size."""
    layer = ActivityRegularization(l1=0.1, l2=0.01)
    layer(np.array([[1.0, -2.0], [3.0, 0.0]]))
    assert [loss.item() for loss in layer.losses] == pytest.approx([(0.1 * 6 + 0.01 * 14) / 2])
    layer(np.array([[1.0, 0.0]]))
    assert [loss.item() for loss in layer.losses] == pytest.approx([0.11])


# Monte Carlo dropout ------------------------------------------------------------------------------


class MCDropout(Dropout):
    """Hands-On Machine Learning, chapter 11."""

    def call(self, inputs):
        return super().call(inputs, training=True)


def model_with(dropout):
    return Sequential([Dense(50, input_dim=2, kernel_initializer="ones"), dropout, Dense(1, kernel_initializer="ones")])


def test_a_subclass_that_says_training_drops_in_predict_too():
    """LAY-02: a call without the argument `training` is not handed one."""
    model = model_with(MCDropout(0.5))
    first, second = model.predict(MANY[:3, :2]), model.predict(MANY[:3, :2])
    assert (first != second).any()


def test_the_learning_phase_scope_drops_in_predict_and_in_calls():
    """K-01, D14: as in 100 forward passes of one model; outside nothing is dropped."""
    model = model_with(Dropout(0.5))
    x = MANY[:3, :2]
    calm = model.predict(x)
    with backend.learning_phase_scope(1):
        assert backend.learning_phase() == 1
        samples = np.stack([model.predict(x) for _ in range(100)])
        assert (model(x).numpy() != calm).any()
    assert samples.std(axis=0).min() > 1 and abs(samples.mean() / calm.mean() - 1) < 0.1
    np.testing.assert_array_equal(model.predict(x), calm)
    assert backend.learning_phase() == 0


def test_the_learning_phase_ends_with_its_block_whatever_happens():
    """K-01."""
    with pytest.raises(KeyError), backend.learning_phase_scope(1):
        raise KeyError
    assert backend.learning_phase() == 0
    for wrong in (2, "train", None, -1):
        with pytest.raises(ValueError, match="learning_phase_scope expects 0"):
            backend.learning_phase_scope(wrong)


def test_the_learning_phase_can_be_set():
    """K-02."""
    try:
        backend.set_learning_phase(1)
        assert (Dropout(0.5)(MANY).numpy() != MANY).any()
    finally:
        backend.set_learning_phase(0)
    assert (Dropout(0.5)(MANY).numpy() == MANY).all()


def test_training_is_what_the_call_says_then_the_call_around_it_then_the_phase():
    """LAY-03: argument > enclosing call > learning phase > False; it reaches every part."""
    seen = []

    class Inner(Dense):
        def call(self, x, training=None):
            seen.append(training)
            return x

    class Outer(Dense):
        def __init__(self, told=None):
            super().__init__(1)
            self.inner, self.told = Inner(1), told

        def build(self, input_shape):
            self.inner.build(input_shape)
            self.kernel = np.ones((2, 1))

        def call(self, x):
            return self.inner(x, training=self.told) if self.told is not None else self.inner(x)

    def told(layer, phase=0, **options):
        with backend.learning_phase_scope(phase):
            layer(MANY[:, :2], **options)
        return seen[-1]

    assert told(Outer()) is False and told(Outer(), phase=1) is True
    assert told(Outer(), training=True) is True and told(Outer(), phase=1, training=False) is False
    assert told(Outer(told=False), training=True) is False and told(Outer(told=True), training=False) is True
    model = Sequential([Sequential([Outer()])])
    assert told(model, training=True) is True and told(model) is False
