"""One seed for everything: `numpy.random.seed`, `set_random_seed`, and generators of their own."""

import math
import random as python_random

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import random, set_random_seed
from tinygrad_edu.random import SeedGenerator, random_bits
from tinygrad_edu.registry import serialize
from tinygrad_edu.rerun import Moved
from tinygrad_edu.utils import set_random_seed as from_utils


def draw(seed=None):
    return random.generator(seed).random(4).tolist()


@given(seed=st.integers(0, 2**64))
def test_a_seeded_generator_gives_the_same_numbers_every_time(seed):
    """INI-22."""
    assert draw(seed) == draw(seed)


def test_two_unseeded_generators_differ():
    """INI-21, D1."""
    assert draw() != draw()


@pytest.mark.parametrize("seed_everything", [np.random.seed, set_random_seed])
def test_unseeded_generators_follow_the_global_seed(seed_everything):
    """INI-24: the whole sequence of draws repeats, and its members differ."""
    runs = []
    for _ in range(2):
        seed_everything(7)
        runs.append([draw() for _ in range(3)])
    assert runs[0] == runs[1]
    assert runs[0][0] != runs[0][1] != runs[0][2]


def test_a_seeded_generator_does_not_touch_the_global_one():
    """INI-22: a seeded initializer must not move the unseeded ones along."""
    np.random.seed(3)
    expected = draw()
    np.random.seed(3)
    draw(seed=11)
    assert draw() == expected


def test_set_random_seed_seeds_python_and_numpy():
    """UTL-09."""
    runs = []
    for _ in range(2):
        set_random_seed(5)
        runs.append((python_random.random(), np.random.random()))
    assert runs[0] == runs[1]
    assert from_utils is set_random_seed


def test_whole_numpy_numbers_are_seeds():
    """PKG-14."""
    assert draw(np.int64(4)) == draw(4) == draw(np.array(4))


@pytest.mark.parametrize("seed", [2.5, -1, "7", None, [1]])
def test_set_random_seed_refuses_what_is_no_seed(seed):
    """UTL-09."""
    with pytest.raises(ValueError, match="expects"):
        set_random_seed(seed)


def test_set_random_seed_refuses_more_than_numpy_can_take():
    """UTL-09: refused before Python's generator is touched."""
    before = python_random.getstate()
    with pytest.raises(ValueError, match=r"2\*\*32"):
        set_random_seed(2**32)
    assert python_random.getstate() == before


# Numbers that can be drawn again ----------------------------------------------------------------------

KEYS = st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))


@given(key=KEYS, counter=st.integers(0, 2**64 - 1), size=st.integers(0, 100))
def test_bits_are_those_of_numpys_philox_told_key_and_counter(key, counter, size):
    """REGL-01: a function of (key, counter, index) alone, that anybody can compute."""
    philox = np.random.Philox(key=np.array(key, np.uint64), counter=np.array([0, 0, counter, 0], np.uint64))
    expected = philox.random_raw(100).astype("<u8").view("<u4")[:size]
    np.testing.assert_array_equal(random_bits(key, counter, size), expected)


def test_many_numbers_begin_as_few_do():
    """REGL-01: by whatever code they are drawn."""
    few, many = random_bits((1, 2), 3, 1000), random_bits((1, 2), 3, 100_001)
    np.testing.assert_array_equal(many[: len(few)], few)


def chi_square(counts):
    """Probability that equally likely cells differ as much as this."""
    return scipy.stats.chisquare(counts).pvalue


@pytest.mark.parametrize("shift", [0, 8, 16, 24])
def test_every_byte_is_uniform(shift):
    """REGL-01: chi-square over 2²⁰ draws."""
    bits = random_bits((12, 34), 0, 1 << 20)
    assert 1e-4 < chi_square(np.bincount(bits >> shift & 255, minlength=256)) < 1 - 1e-4


@pytest.mark.parametrize("other", [((12, 34), 1), ((12, 35), 0), ((13, 34), 0), ((12, 34), 2**32)], ids=str)
def test_draws_of_other_counters_and_keys_are_independent(other):
    """REGL-01: pairs fill the plane evenly, and each bit agrees half of the time."""
    size = 1 << 18
    a, b = random_bits((12, 34), 0, size), random_bits(*other, size)
    cells = (a >> 28).astype(int) * 16 + (b >> 28)
    assert 1e-4 < chi_square(np.bincount(cells, minlength=256)) < 1 - 1e-4
    agree = np.unpackbits((a ^ b).view(np.uint8)).mean()
    assert abs(agree - 0.5) < 5 * 0.5 / math.sqrt(32 * size)


def test_neighbours_in_one_draw_and_in_the_course_of_draws_are_independent():
    """REGL-01: the mask of a unit says nothing about the next unit, nor about its own next mask."""
    generator = SeedGenerator(5)
    masks = np.stack([generator.keep(0.5, (64,)) for _ in range(4096)]).astype(float) - 0.5
    bound = 5 * 0.25 / math.sqrt(masks.size)
    assert abs((masks[:, 1:] * masks[:, :-1]).mean()) < bound
    assert abs((masks[1:] * masks[:-1]).mean()) < bound
    assert abs((masks[2:] * masks[:-2]).mean()) < bound


def test_normal_numbers_are_normal():
    """REGL-03: Kolmogorov and Smirnov's distance, and mirrored tails."""
    x = SeedGenerator(3).normal((400, 501))
    assert x.shape == (400, 501) and scipy.stats.kstest(x.ravel(), "norm").pvalue > 1e-4
    assert np.isfinite(x).all() and x.max() > 4 and x.min() < -4
    assert SeedGenerator(3).normal((0, 5)).shape == (0, 5) and SeedGenerator(3).normal(()).shape == ()


@pytest.mark.parametrize("rate", [0.0, 1e-9, 0.25, 1 - 1e-12])
def test_keep_drops_its_share(rate):
    """REGL-01."""
    kept = SeedGenerator(1).keep(rate, (1000, 100))
    assert kept.dtype == bool and abs((~kept).mean() - rate) < 5 * math.sqrt(rate * (1 - rate) / kept.size) + 1e-9


def test_a_seed_generator_counts_and_can_be_put_back():
    """REGL-01."""
    one, other = SeedGenerator(7), SeedGenerator(7)
    first = [one.bits(5).tolist() for _ in range(3)]
    assert len({tuple(x) for x in first}) == 3 and one.counter == 3
    assert [other.bits(5).tolist() for _ in range(3)] == first
    other.state = {**one.state, "counter": 1}
    assert [other.bits(5).tolist() for _ in range(2)] == first[1:] and other.state == one.state
    assert SeedGenerator.from_config(one.get_config()).bits(5).tolist() == first[0]
    assert repr(one) == "SeedGenerator(seed=7)"


def test_unseeded_generators_have_keys_of_their_own():
    """INI-24."""
    np.random.seed(1)
    keys = [SeedGenerator().key for _ in range(3)]
    np.random.seed(1)
    assert [SeedGenerator().key for _ in range(3)] == keys and len(set(keys)) == 3


def test_draws_can_be_made_again_and_leave_no_trace():
    """REGL-01: also those of a block inside a block."""
    generator = SeedGenerator(1)
    generator.next()
    with Moved() as outer:
        with Moved() as inner:
            first = generator.bits(3).tolist()
        second = generator.bits(3).tolist()
    generator.next()
    for draws, expected in ((outer, [first, second]), (inner, [first])):
        with draws.again():
            assert [generator.bits(3).tolist() for _ in expected] == expected
        assert generator.counter == 4


def test_a_seed_that_is_kept_is_none_a_number_or_a_generator():
    """INI-23, INI-25: also one that was written down."""
    generator = SeedGenerator(3)
    assert random.as_seed(None) is None and random.as_seed(generator) is generator
    assert type(random.as_seed(np.int64(4))) is int
    written = serialize(generator)
    assert random.as_seed(written).bits(3).tolist() == generator.bits(3).tolist()
    for wrong in ({"class_name": "Generator", "config": {}}, {}, 2.5, "a"):
        with pytest.raises(ValueError, match="A seed expects a whole number"):
            random.as_seed(wrong)


def test_a_row_of_generators_is_decided_by_the_first_seed():
    """INI-23: each of them differs, also from the numbers that the SeedGenerator itself draws."""
    one, other = SeedGenerator(3), SeedGenerator(3)
    rows = [[random.generator(g).random(4).tolist() for _ in range(3)] for g in (one, other)]
    assert rows[0] == rows[1] and len({tuple(row) for row in rows[0]}) == 3
    assert one.counter == 3


# Tensors of random numbers ------------------------------------------------------------------------

DRAWS = {
    "normal": (lambda **kw: random.normal((200, 50), 3.0, 2.0, **kw), 3.0, 2.0),
    "uniform": (lambda **kw: random.uniform([200, 50], -1.0, 3.0, **kw), 1.0, 4 / 12**0.5),
    "truncated": (lambda **kw: random.truncated_normal((200, 50), 3.0, 2.0, **kw), 3.0, 2 * 0.87962566),
    "randint": (lambda **kw: random.randint((200, 50), 0, 10, **kw), 4.5, 8.25**0.5),
}


@pytest.mark.parametrize(("draw", "mean", "deviation"), DRAWS.values(), ids=DRAWS)
def test_draws_have_the_moments_of_their_distribution_and_follow_their_seed(draw, mean, deviation):
    """As `keras.random` offers them: a seed gives the same numbers, none new ones."""
    x = draw(seed=1)
    assert x.shape == (200, 50) and not x.requires_grad and x.dtype.name in ("float32", "int32")
    assert abs(np.mean(x.numpy()) - mean) < 5 * deviation / 100 and abs(np.std(x.numpy()) / deviation - 1) < 0.05
    np.testing.assert_array_equal(draw(seed=1).numpy(), x.numpy())
    assert (draw().numpy() != draw().numpy()).any()
    seeds = random.SeedGenerator(1)
    assert (draw(seed=seeds).numpy() != draw(seed=seeds).numpy()).any()


def test_truncated_draws_stay_within_two_deviations():
    assert np.abs(random.truncated_normal((10000,), seed=0).numpy()).max() <= 2


def test_shuffling_moves_parts_and_loses_none():
    x = np.arange(20).reshape(4, 5)
    found = random.shuffle(x, axis=1, seed=3).numpy()
    assert (found != x).any() and (np.sort(found, axis=1) == x).all()
