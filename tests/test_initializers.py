"""Initializers: bounds, moments and distributions of large seeded draws, fans, seeds and names."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import initializers, set_random_seed
from tinygrad_edu.backend import floatx, set_floatx
from tinygrad_edu.initializers import (
    Constant,
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    Initializer,
    LecunNormal,
    LecunUniform,
    Ones,
    RandomNormal,
    RandomUniform,
    TruncatedNormal,
    VarianceScaling,
    Zeros,
    compute_fans,
)  # fmt: skip

SHAPE = (400, 250)  # 100,000 numbers: fan_in 400, fan_out 250
TRUNCATED_STD = 0.87962566103423978  # of a unit normal cut off at ±2
RANDOM = [RandomUniform, RandomNormal, TruncatedNormal, VarianceScaling, LecunUniform, LecunNormal, GlorotUniform, GlorotNormal,
          HeUniform, HeNormal]  # fmt: skip

#          initializer      variance that its source asks for
NAMED = {
    "lecun_uniform": (LecunUniform, 1 / 400),
    "lecun_normal": (LecunNormal, 1 / 400),
    "glorot_uniform": (GlorotUniform, 2 / (400 + 250)),
    "glorot_normal": (GlorotNormal, 2 / (400 + 250)),
    "he_uniform": (HeUniform, 2 / 400),
    "he_normal": (HeNormal, 2 / 400),
}


def draw(initializer, shape=SHAPE):
    return initializer(shape, "float64").ravel()


def assert_distributed(sample, name, *args):
    """Kolmogorov and Smirnov do not object, at one in a thousand."""
    stats = pytest.importorskip("scipy.stats")
    assert stats.kstest(sample, getattr(stats, name)(*args).cdf).pvalue > 1e-3


# Distributions ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in NAMED if name.endswith("uniform")])
def test_a_uniform_variance_scaling_fills_its_interval_evenly(name):
    """INI-13, INI-15, INI-18."""
    cls, variance = NAMED[name]
    limit = math.sqrt(3 * variance)
    sample = draw(cls(seed=1))
    assert -limit <= sample.min() < -0.999 * limit and 0.999 * limit < sample.max() < limit
    assert_distributed(sample, "uniform", -limit, 2 * limit)


@pytest.mark.parametrize("name", [name for name in NAMED if name.endswith("normal")])
def test_a_normal_variance_scaling_is_truncated_and_keeps_the_variance(name):
    """INI-14, INI-16, INI-17."""
    cls, variance = NAMED[name]
    std = math.sqrt(variance)
    sample = draw(cls(seed=1))
    assert np.abs(sample).max() <= 2 * std / TRUNCATED_STD
    assert sample.std() == pytest.approx(std, rel=0.01)
    assert_distributed(sample, "truncnorm", -2, 2, 0, std / TRUNCATED_STD)


@pytest.mark.parametrize(("mode", "fan"), [("fan_in", 400), ("fan_out", 250), ("fan_avg", 325)])
@pytest.mark.parametrize("distribution", ["truncated_normal", "normal", "untruncated_normal", "uniform"])
@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_variance_scaling_has_the_variance_scale_over_fan(scale, mode, fan, distribution):
    """INI-10, INI-20."""
    sample = draw(VarianceScaling(scale, mode, distribution, seed=2))
    assert sample.var() == pytest.approx(scale / fan, rel=0.02)
    assert sample.mean() == pytest.approx(0, abs=5 * math.sqrt(scale / fan / sample.size))


def test_an_untruncated_normal_has_tails():
    """INI-20."""
    sample = draw(VarianceScaling(400.0, "fan_in", "untruncated_normal", seed=3))
    assert np.abs(sample).max() > 3
    assert_distributed(sample, "norm")


def test_the_seed_texts_bounds_come_out():
    """INI-19: U(±1/√n) is a third of the variance 1/n; normalised for n=10, m=20; He for n=10."""
    xavier = draw(VarianceScaling(1 / 3, "fan_in", "uniform", seed=4), (10, 10000))
    assert np.abs(xavier).max() == pytest.approx(0.31622776601683794, rel=1e-3)
    assert np.abs(draw(GlorotUniform(seed=4), (10, 20))).max() < 0.44721359549995787
    he = draw(HeNormal(seed=4), (10, 10000))
    assert he.std() == pytest.approx(0.4472135954999579, rel=0.01)


def test_random_uniform_has_the_bounds_it_was_given():
    """INI-08."""
    sample = draw(RandomUniform(minval=0, maxval=1, seed=5))
    assert 0 <= sample.min() < 1e-4 and 1 - 1e-4 < sample.max() < 1
    assert_distributed(sample, "uniform")
    default = draw(RandomUniform(seed=5))
    assert -0.05 <= default.min() < -0.0499 and 0.0499 < default.max() < 0.05


def test_random_normal_has_the_moments_it_was_given():
    """INI-07."""
    assert_distributed(draw(RandomNormal(mean=3, stddev=2, seed=6)), "norm", 3, 2)
    assert draw(RandomNormal(seed=6)).std() == pytest.approx(0.05, rel=0.01)


def test_truncated_normal_ends_at_two_standard_deviations_and_is_not_corrected():
    """INI-09."""
    sample = draw(TruncatedNormal(mean=3, stddev=2, seed=7))
    assert sample.min() >= -1 and sample.max() <= 7
    assert sample.std() == pytest.approx(2 * TRUNCATED_STD, rel=0.01)
    assert_distributed(sample, "truncnorm", -2, 2, 3, 2)


def test_constants():
    """INI-04, INI-05, INI-06."""
    assert (Zeros()(SHAPE) == 0).all() and (Ones()(SHAPE) == 1).all() and (Constant(2.5)(SHAPE) == 2.5).all()
    assert Constant([1, 2])((3, 2)).tolist() == [[1, 2]] * 3
    assert (Constant()((2,)) == 0).all()


def test_equal_bounds_and_no_spread_are_constants():
    """INI-07, INI-08."""
    assert (RandomUniform(2, 2)((3,)) == 2).all() and (RandomNormal(2, 0)((3,)) == 2).all()


# Fans -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "fans"),
    [
        ((), (1, 1)),
        ((7,), (7, 7)),
        ((4, 9), (4, 9)),
        ((3, 3, 16, 32), (144, 288)),
        ((5, 16, 32), (80, 160)),
        ((2, 3, 4, 5, 6), (120, 144)),
        ((3, 3, 16, 1), (144, 9)),
    ],
)
def test_fans_of_dense_and_convolution_kernels(shape, fans):
    """INI-03."""
    assert compute_fans(shape) == fans


@given(window=st.lists(st.integers(1, 5), max_size=3), channels=st.tuples(st.integers(1, 9), st.integers(1, 9)))
def test_fans_times_the_other_channels_are_the_size_of_the_kernel(window, channels):
    """INI-03."""
    fan_in, fan_out = compute_fans((*window, *channels))
    assert fan_in * channels[1] == fan_out * channels[0] == math.prod(window) * math.prod(channels)


def test_a_convolution_kernel_is_scaled_by_its_receptive_field():
    """INI-03, INI-18."""
    sample = draw(HeUniform(seed=8), (5, 5, 16, 100))
    limit = math.sqrt(6 / (25 * 16))
    assert 0.999 * limit < np.abs(sample).max() <= limit


def test_a_fan_of_zero_counts_as_one():
    """INI-10: a kernel without inputs is an empty kernel, not a division by zero."""
    assert HeNormal()((0, 3)).shape == (0, 3)


# The call ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cls", [*RANDOM, Zeros, Ones, Constant])
def test_a_call_gives_a_fresh_array_of_the_shape_and_dtype_asked_for(cls):
    """INI-02."""
    initializer = cls()
    for shape in [(3, 4), [3, 4], (np.int64(3), 4), (5,), ()]:
        array = initializer(shape)
        assert array.shape == tuple(shape) and array.dtype == floatx()
        assert array.flags.owndata and array.flags.writeable
    assert initializer((2, 2), "float64").dtype == initializer((2, 2), dtype=np.float64).dtype == "float64"


def test_the_default_dtype_is_floatx():
    """INI-02."""
    before = floatx()
    set_floatx("float64")
    try:
        assert RandomUniform()((2,)).dtype == "float64"
    finally:
        set_floatx(before)


@pytest.mark.parametrize("cls", RANDOM)
def test_an_unseeded_initializer_draws_anew_at_every_call(cls):
    """INI-21, D1: one object shared by six layers gives six kernels."""
    initializer = cls()
    assert not np.array_equal(initializer((5, 5)), initializer((5, 5)))


@pytest.mark.parametrize("cls", RANDOM)
@given(seed=st.integers(0, 2**32))
def test_a_seeded_initializer_gives_the_same_numbers_at_every_call(cls, seed):
    """INI-22."""
    initializer = cls(seed=seed)
    first = initializer((5, 5))
    np.testing.assert_array_equal(initializer((5, 5)), first)
    np.testing.assert_array_equal(cls(seed=seed)((5, 5)), first)
    assert not np.array_equal(cls(seed=seed + 1)((5, 5)), first)


@pytest.mark.parametrize("cls", RANDOM)
@pytest.mark.parametrize("seed_everything", [np.random.seed, set_random_seed])
def test_the_global_seed_decides_unseeded_draws(cls, seed_everything):
    """INI-24."""
    runs = []
    for _ in range(2):
        seed_everything(7)
        initializer = cls()
        runs.append([initializer((3, 3)), initializer((3, 3))])
    np.testing.assert_array_equal(runs[0], runs[1])


@pytest.mark.parametrize("cls", RANDOM)
def test_float32_and_float64_draws_are_the_same_numbers(cls):
    """INI-02: a seed means the same in both."""
    narrow, wide = cls(seed=9)((50, 50)), cls(seed=9)((50, 50), "float64")
    np.testing.assert_array_equal(narrow, wide.astype("float32"))


# Names and words --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "cls"),
    [
        ("zeros", Zeros), ("zero", Zeros), ("ones", Ones), ("one", Ones), ("constant", Constant), ("normal", RandomNormal),
        ("random_normal", RandomNormal), ("uniform", RandomUniform), ("random_uniform", RandomUniform),
        ("RandomUniform", RandomUniform), ("truncated_normal", TruncatedNormal), ("variance_scaling", VarianceScaling),
        *((name, cls) for name, (cls, _) in NAMED.items()), ("HeNormal", HeNormal), ("GlorotUniform", GlorotUniform),
    ],
)  # fmt: skip
def test_names_old_and_new(name, cls):
    """INI-01 and INI-04 to INI-18."""
    assert type(initializers.get(name)) is cls
    if name.islower() and name not in ("zero", "one", "normal", "uniform"):
        assert getattr(initializers, name) is cls


def test_bare_random_uniform_is_narrow():
    """INI-08: the name alone means ±0.05, not 0 to 1."""
    assert np.abs(initializers.get("RandomUniform")((1000,))).max() <= 0.05


def test_a_function_is_an_initializer():
    """INI-01."""
    function = lambda shape, dtype=None: np.full(shape, 3, dtype)
    assert initializers.get(function) is function


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: RandomUniform(1, 0), "RandomUniform expects minval <= maxval, got 1 > 0"),
        (lambda: RandomNormal(stddev=-1), "RandomNormal expects stddev >= 0, got -1"),
        (lambda: TruncatedNormal(stddev=-1), "TruncatedNormal expects stddev >= 0, got -1"),
        (lambda: VarianceScaling(scale=0), "VarianceScaling expects scale > 0, got 0"),
        (lambda: VarianceScaling(scale=-2), "VarianceScaling expects scale > 0, got -2"),
        (lambda: VarianceScaling(mode="fan"), "mode out of .*fan_avg.*got 'fan'"),
        (lambda: VarianceScaling(distribution="gauss"), "distribution out of .*uniform.*got 'gauss'"),
        (lambda: HeNormal(seed=2.5)((2,)), "seed expects a whole number, got 2.5"),
        (lambda: HeNormal(seed="a")((2,)), "seed expects a whole number, got 'a'"),
    ],
)
def test_wrong_arguments_are_named(make, words):
    """INI-07, INI-08, INI-10, INI-22."""
    with pytest.raises(ValueError, match=words):
        make()


@pytest.mark.parametrize(
    "initializer",
    [Zeros(), Ones(), Constant(2.0), RandomUniform(0, 1, 3), RandomNormal(1, 2, 3), TruncatedNormal(1, 2, 3),
     VarianceScaling(2.0, "fan_avg", "uniform", 3), HeNormal(seed=3), GlorotUniform()],
    ids=repr,
)  # fmt: skip
def test_the_repr_makes_the_same_initializer_again(initializer):
    """INI-01."""
    again = eval(repr(initializer), vars(initializers))
    assert type(again) is type(initializer) and again.get_config() == initializer.get_config()


def test_a_subclass_only_says_how_to_draw():
    """INI-01, INI-02."""

    class Checkerboard(Initializer):
        def draw(self, shape):
            return np.indices(shape).sum(axis=0) % 2

    board = Checkerboard()((2, 2))
    assert board.tolist() == [[0, 1], [1, 0]] and board.dtype == floatx()
    with pytest.raises(NotImplementedError, match="Initializer expects a method draw"):
        Initializer()((2,))
