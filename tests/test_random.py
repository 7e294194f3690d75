"""One seed for everything: `numpy.random.seed`, `set_random_seed`, and generators of their own."""

import random as python_random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import random, set_random_seed
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
