"""Laws that every initializer obeys, whatever it makes."""

import copy
import inspect
import json
import pickle
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from initializer_samples import INITIALIZERS, checkered, each_initializer, each_random_initializer

from tinygrad_edu import initializers, set_random_seed
from tinygrad_edu.backend import floatx, set_floatx
from tinygrad_edu.initializers.initializer import registry
from tinygrad_edu.layers import Dense
from tinygrad_edu.random import SeedGenerator
from tinygrad_edu.registry import custom_object_scope


@pytest.fixture(autouse=True)
def _checkered_is_known():
    with custom_object_scope({"checkered": checkered}):
        yield


def test_every_initializer_has_a_sample():
    """INI-01: what is registered is tested."""
    assert sorted(registry) == sorted(INITIALIZERS)


@each_initializer
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", np.float64])
def test_a_call_gives_an_array_of_the_shape_and_dtype_asked_for(sample, dtype):
    """INI-02: empty shapes too."""
    initializer = sample.make()
    for shape in sample.shapes:
        array = initializer(shape, dtype=dtype)
        assert type(array) is np.ndarray and array.shape == shape and array.dtype == dtype
        assert np.isfinite(array).all()


@each_initializer
def test_the_default_dtype_is_floatx(sample):
    """INI-02."""
    shape, before = sample.shapes[0], floatx()
    assert sample.make()(shape).dtype == before
    set_floatx("float64")
    try:
        assert sample.make()(shape).dtype == "float64"
    finally:
        set_floatx(before)


@each_initializer
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_array_is_new_and_laid_out_row_by_row(sample, dtype):
    """INI-02: never a view of something that the initializer keeps."""
    initializer = sample.seeded()
    for shape in sample.shapes:
        one, other = initializer(shape, dtype), initializer(shape, dtype)
        assert not np.shares_memory(one, other)
        assert one.flags.writeable and one.flags.c_contiguous and one.flags.owndata
        one[...] = 99
        np.testing.assert_array_equal(initializer(shape, dtype), other)


@each_initializer
@pytest.mark.parametrize("kind", [list, np.array, lambda shape: [np.int32(n) for n in shape]], ids=["list", "array", "NumPy"])
def test_a_shape_may_be_any_sequence_of_whole_numbers(sample, kind):
    """INI-02."""
    shape = sample.shapes[-1]
    assert sample.make()(kind(shape) if len(shape) else []).shape == shape


@each_initializer
@pytest.mark.parametrize(("shape", "error"), [(3, TypeError), ((2.5, 2), TypeError), ("23", TypeError), ((2, -1), ValueError)])
def test_what_is_no_shape_is_refused(sample, shape, error):
    """INI-02."""
    with pytest.raises(error, match="An initializer expects"):
        sample.make()(shape)


@each_initializer
def test_a_config_makes_the_same_initializer_again(sample):
    """INI-25: by the class and by the registry, through JSON."""
    initializer = sample.seeded()
    config = json.loads(json.dumps(initializer.get_config()))
    written = json.loads(json.dumps(initializers.serialize(initializer)))
    assert written == {"class_name": type(initializer).__name__, "config": config}
    for again in (type(initializer).from_config(config), initializers.deserialize(written), initializers.get(written)):
        assert type(again) is type(initializer) and again.get_config() == initializer.get_config()
        for shape in sample.shapes:
            np.testing.assert_array_equal(again(shape), initializer(shape))


@each_initializer
def test_a_clone_is_another_one_like_it(sample):
    """INI-25: of a seeded one with the same numbers, of an unseeded one with others."""
    seeded, unseeded = sample.seeded(), sample.make()
    assert seeded.clone() is not seeded
    for shape in sample.shapes:
        np.testing.assert_array_equal(seeded.clone()(shape), seeded(shape))
    if sample.is_random:
        assert not np.array_equal(unseeded.clone()((5, 5)), unseeded((5, 5)))


@each_initializer
def test_the_repr_makes_it_again(sample):
    """INI-25."""
    initializer = sample.seeded()
    names = {**vars(initializers), "checkered": checkered}
    again = eval(repr(initializer).replace("'checkered'", "checkered"), names)
    assert type(again) is type(initializer) and again.get_config() == initializer.get_config()


@each_initializer
@pytest.mark.parametrize("again", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))], ids=["deepcopy", "pickle"])
def test_a_copy_makes_the_same(sample, again):
    """INI-25: for searches that copy layers, and for processes."""
    initializer = sample.seeded()
    for shape in sample.shapes:
        np.testing.assert_array_equal(again(initializer)(shape), initializer(shape))


@each_initializer
def test_a_layer_begins_with_what_its_initializer_makes(sample):
    """INI-01, INI-25: and so does the layer that its config makes."""
    layer = Dense(2, kernel_initializer=sample.seeded(), use_bias=False)
    layer.build((None, 2))
    np.testing.assert_array_equal(layer.get_weights()[0], sample.seeded()((2, 2)))
    again = Dense.from_config(json.loads(json.dumps(layer.get_config())))
    again.build((None, 2))
    np.testing.assert_array_equal(again.get_weights()[0], layer.get_weights()[0])


@each_initializer
def test_float32_and_float64_are_the_same_numbers(sample):
    """INI-02: a seed means the same in both."""
    for shape in sample.shapes:
        narrow, wide = sample.seeded()(shape), sample.seeded()(shape, "float64")
        np.testing.assert_array_equal(narrow, wide.astype("float32"))


@each_initializer
def test_the_words_of_an_initializer_tell_of_all_its_arguments(sample):
    """INI-01: reference pages are made of them."""
    cls = type(sample.make())
    words = inspect.getdoc(cls)
    assert [name for name in inspect.signature(cls).parameters if not re.search(rf"\b{name}\b", words)] == []


# Seeds -----------------------------------------------------------------------------------------------


@each_random_initializer
def test_an_unseeded_initializer_draws_anew_at_every_call(sample):
    """INI-21, D1: one object shared by six layers gives six kernels."""
    initializer = sample.make()
    drawn = [initializer((5, 5)).tobytes() for _ in range(6)]
    assert len(set(drawn)) == 6


@each_random_initializer
@given(seed=st.integers(0, 2**64 - 1))
def test_a_seeded_initializer_gives_the_same_numbers_at_every_call(sample, seed):
    """INI-22: and so does another one of that seed."""
    initializer = sample.make(seed)
    first = initializer((5, 5))
    np.testing.assert_array_equal(initializer((5, 5)), first)
    np.testing.assert_array_equal(sample.make(np.uint64(seed))((5, 5)), first)
    assert not np.array_equal(sample.make(seed + 1)((5, 5)), first)


@each_random_initializer
def test_a_seeded_initializer_leaves_the_global_numbers_alone(sample):
    """INI-22."""
    np.random.seed(3)
    expected = np.random.random(4).tolist()
    np.random.seed(3)
    sample.make(11)((5, 5))
    assert np.random.random(4).tolist() == expected


@each_random_initializer
def test_a_seed_generator_gives_the_next_numbers_at_every_call(sample):
    """INI-23: a row that is the same in every run, and that those who share the generator share."""
    runs = []
    for _ in range(2):
        seed = SeedGenerator(1337)
        initializer, other = sample.make(seed), sample.make(seed)
        runs.append([initializer((5, 5)), other((5, 5)), initializer((5, 5))])
    np.testing.assert_array_equal(runs[0], runs[1])
    assert len({x.tobytes() for x in runs[0]}) == 3


@each_random_initializer
def test_a_seed_generator_is_written_down_by_its_own_seed(sample):
    """INI-23, INI-25: the row begins again."""
    initializer = sample.make(SeedGenerator(1337))
    config = json.loads(json.dumps(initializer.get_config()))
    assert config["seed"] == {"class_name": "SeedGenerator", "config": {"seed": 1337}}
    np.testing.assert_array_equal(type(initializer).from_config(config)((5, 5)), initializer((5, 5)))


@each_random_initializer
@pytest.mark.parametrize("seed_everything", [np.random.seed, set_random_seed])
def test_the_global_seed_decides_unseeded_draws(sample, seed_everything):
    """INI-24."""
    runs = []
    for _ in range(2):
        seed_everything(7)
        initializer = sample.make()
        runs.append([initializer((3, 3)), initializer((3, 3))])
    np.testing.assert_array_equal(runs[0], runs[1])


@each_random_initializer
@pytest.mark.parametrize("seed", [2.5, "a", -1, {"class_name": "Generator"}, [1]], ids=repr)
def test_what_is_no_seed_is_refused_by_the_constructor(sample, seed):
    """INI-22."""
    with pytest.raises(ValueError, match="A seed expects"):
        sample.make(seed)
