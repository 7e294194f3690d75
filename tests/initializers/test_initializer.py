"""Names in every spelling, and initializers of one's own: subclasses and functions."""

import functools

import numpy as np
import pytest

from tinygrad_edu import Tensor, initializers
from tinygrad_edu.backend import floatx
from tinygrad_edu.initializers import FunctionInitializer, Initializer, RandomInitializer
from tinygrad_edu.layers import Dense
from tinygrad_edu.registry import custom_object_scope, register_keras_serializable

# The fifteen initializers that Keras has, in the order of the tutorial: its words for them, and those of all Keras versions.
SPELLINGS = {
    "Zeros": ["zeros", "zero"],
    "Ones": ["ones", "one"],
    "Constant": ["constant"],
    "RandomNormal": ["random_normal", "normal"],
    "RandomUniform": ["random_uniform", "uniform"],
    "TruncatedNormal": ["truncated_normal"],
    "VarianceScaling": ["variance_scaling"],
    "Orthogonal": ["orthogonal", "OrthogonalInitializer"],
    "Identity": ["identity", "IdentityInitializer"],
    "LecunUniform": ["lecun_uniform"],
    "GlorotNormal": ["glorot_normal"],
    "GlorotUniform": ["glorot_uniform"],
    "HeNormal": ["he_normal"],
    "LecunNormal": ["lecun_normal"],
    "HeUniform": ["he_uniform"],
}
CASES = [(name, spelling) for name, spellings in SPELLINGS.items() for spelling in (name, *spellings)]


def test_there_are_fifteen():
    """INI-01."""
    assert len(SPELLINGS) == 15


@pytest.mark.parametrize(("name", "spelling"), CASES)
def test_every_spelling_of_every_initializer_is_understood(name, spelling):
    """INI-01, INI-04 to INI-18: as a string in any capitals, as an attribute, as a class and as an object, in a layer too."""
    cls = getattr(initializers, name)
    assert cls.__name__ == name and getattr(initializers, spelling) is cls
    made = cls()
    for identifier in (spelling, spelling.upper(), cls, {"class_name": spelling, "config": {}}):
        assert type(initializers.get(identifier)) is cls
    assert initializers.get(made) is made
    for identifier in (spelling, cls, made):
        layer = Dense(3, kernel_initializer=identifier)
        assert type(layer.kernel_initializer) is cls
        assert layer(np.ones((1, 3))).shape == (1, 3)


KERAS = {
    "Keras 3": (
        {"module": "keras.initializers", "class_name": "GlorotUniform", "config": {"seed": None}, "registered_name": None},
        "GlorotUniform",
    ),
    "tf.keras": ({"class_name": "RandomUniform", "config": {"minval": 0, "maxval": 1, "seed": 3}}, "RandomUniform"),
    "Keras 2.2, whose glorot_uniform was a function": (
        {"class_name": "VarianceScaling", "config": {"scale": 1.0, "mode": "fan_avg", "distribution": "normal", "seed": None}},
        "VarianceScaling",
    ),
    "Keras 3, long names": ({"class_name": "OrthogonalInitializer", "config": {"gain": 1.0, "seed": 2}}, "Orthogonal"),
}


@pytest.mark.parametrize(("config", "name"), KERAS.values(), ids=KERAS)
def test_configs_that_keras_wrote_are_read(config, name):
    """INI-01, INI-25."""
    found = initializers.deserialize(config)
    assert type(found).__name__ == name and found.get_config() == config["config"]


def test_nothing_is_nothing():
    """INI-01."""
    assert initializers.get(None) is None and initializers.deserialize(None) is None


@pytest.mark.parametrize(
    ("typo", "meant"), [("he_unifrm", "he_uniform"), ("xavier", "xavier_uniform"), ("orthogonl", "orthogonal")]
)
def test_an_unknown_name_is_told_the_near_ones(typo, meant):
    """INI-01."""
    with pytest.raises(ValueError, match=f"The initializer expects a known name, got '{typo}'. Did you mean .*'{meant}'"):
        initializers.get(typo)


def test_a_subclass_says_how_to_draw():
    """INI-01, INI-02: the shape comes as a tuple of ints, the values may be lists or Tensors."""

    class Rows(Initializer):
        def __init__(self, kind):
            self.kind = kind

        def draw(self, shape):
            assert shape == (2, 3) and [type(n) for n in shape] == [int, int]
            return self.kind([[0, 0, 0], [1, 1, 1]])

    for kind in (list, np.array, Tensor):
        array = Rows(kind)(np.array([2, 3]))
        assert array.tolist() == [[0, 0, 0], [1, 1, 1]] and array.dtype == floatx()


def test_a_subclass_may_draw_at_random():
    """INI-22."""

    class Signs(RandomInitializer):
        def sample(self, rng, shape):
            return rng.choice([-1, 1], shape)

    first = Signs(seed=3)((20,))
    assert set(first) == {-1, 1}
    np.testing.assert_array_equal(Signs(seed=3)((20,)), first)


def test_a_subclass_that_does_not_say_how_is_told_so():
    """INI-02."""
    with pytest.raises(NotImplementedError, match=r"Initializer expects a method draw\(shape\)"):
        Initializer()((2,))
    with pytest.raises(NotImplementedError, match=r"RandomInitializer expects a method sample\(rng, shape\)"):
        RandomInitializer()((2,))


def test_a_subclass_may_be_written_as_keras_users_write_it():
    """INI-27: `__call__` of its own, with and without the dtype."""

    class Twos(Initializer):
        def __call__(self, shape, dtype=None, **kwargs):
            return np.full(shape, 2, dtype)

    class Threes(Initializer):
        def __call__(self, shape):
            return np.full(shape, 3)

    twos = Twos()
    assert initializers.get(twos) is twos
    for kind, value in ((twos, 2), (Twos, 2), (Threes(), 3), (Threes, 3)):
        assert Dense(1, kernel_initializer=kind)([[1.0]]).tolist() == [[value]]


# Functions ---------------------------------------------------------------------------------------------


def by_shape(shape):
    return np.full(shape, 3)


def with_dtype(shape, dtype=None):
    return np.full(shape, 3, dtype)


class WithoutDtype:
    def __init__(self, value):
        self.value = value

    def __call__(self, shape):
        return Tensor(np.full(shape, self.value))

    def get_config(self):
        return {"value": self.value}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


FUNCTIONS = {
    "shape": by_shape,
    "shape and dtype": with_dtype,
    "dtype by keyword only": lambda shape, *, dtype: np.full(shape, 3, dtype),
    "another argument between": lambda shape, name=None, dtype=None: np.full(shape, 3 if name is None else 0, dtype),
    "keywords": lambda shape, **kwargs: np.full(shape, 3),
    "any arguments": lambda shape, *args: np.full(shape, 3, *args),
    "partial": functools.partial(np.full, fill_value=3),
    "object": WithoutDtype(3),
    "tensor": lambda shape, dtype: Tensor(np.full(shape, 3, dtype)),
    "lists": lambda shape: [[3] * shape[1]] * shape[0],
}


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_a_function_is_an_initializer_with_or_without_a_dtype(function):
    """INI-01, INI-27: and the weights are of the layer's dtype."""
    for dtype in ("float32", "float64"):
        values = np.asarray(initializers.get(function)((2, 3), dtype))
        assert values.tolist() == [[3, 3, 3], [3, 3, 3]] and values.dtype == dtype
        layer = Dense(1, kernel_initializer=function, dtype=dtype)
        assert layer([[1.0, 1.0]]).tolist() == [[6]] and layer.kernel.dtype == dtype


def test_a_function_of_shape_and_dtype_stays_itself():
    """INI-27."""
    assert initializers.get(with_dtype) is with_dtype
    assert Dense(1, kernel_initializer=with_dtype).kernel_initializer is with_dtype


def test_functions_written_in_c_are_initializers_too():
    """INI-27: also those of which nobody can tell what they take."""
    assert initializers.get(np.zeros)((2,), "float32").tolist() == [0, 0]
    assert type(initializers.get(max)) is FunctionInitializer and initializers.get(max)((2, 3)) == 3


def test_functions_are_written_down_by_their_names():
    """INI-25, INI-27: of one without a dtype, and of one that is registered under another name."""
    assert initializers.serialize(with_dtype) == "with_dtype"
    written = initializers.serialize(initializers.get(by_shape))
    assert written == {"class_name": "FunctionInitializer", "config": {"function": "by_shape"}}
    assert initializers.deserialize(written, {"by_shape": by_shape}).function is by_shape
    with pytest.raises(ValueError, match="got 'by_shape'"):
        initializers.deserialize(written)

    @register_keras_serializable("mine", name="threes")
    def other(shape):
        return np.full(shape, 3)

    config = Dense(1, kernel_initializer=other).get_config()
    assert Dense.from_config(config).kernel_initializer.function is other


def test_an_object_that_is_called_is_written_down_with_its_config():
    """INI-25, INI-27."""
    written = initializers.serialize(initializers.get(WithoutDtype(5)))
    with custom_object_scope({"WithoutDtype": WithoutDtype}):
        assert initializers.deserialize(written)((2,)).tolist() == [5, 5]


def test_a_lambda_cannot_be_written_down():
    """INI-27."""
    with pytest.raises(TypeError, match="Define it with def"):
        initializers.serialize(initializers.get(lambda shape: np.zeros(shape)))
