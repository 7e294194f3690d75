"""What all layers share: names, shapes, weights, and layers of one's own."""

import json

import numpy as np
import pytest

from tinygrad_edu import Tensor, activations, backend, initializers
from tinygrad_edu.layers import (
    Activation,
    BatchNormalization,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    GaussianNoise,
    Input,
    InputLayer,
    Layer,
    LeakyReLU,
    Masking,
    Permute,
    PReLU,
    RepeatVector,
    Reshape,
    Softmax,
)
from tinygrad_edu.models import Sequential

X = np.ones((4, 2), "float32")


@pytest.fixture
def names_from_one():
    backend.clear_session()
    yield
    backend.clear_session()


# Names ------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("names_from_one")
def test_names_count_from_one_by_class():
    """LAY-06, D4."""
    layers = [Dense(1), Dense(1), Activation("relu"), Dense(1), Input((2,))]
    assert [layer.name for layer in layers] == ["dense_1", "dense_2", "activation_1", "dense_3", "input_1"]
    assert [Sequential().name, Sequential().name] == ["sequential_1", "sequential_2"]


@pytest.mark.usefixtures("names_from_one")
def test_clear_session_counts_anew_and_leaves_living_models_alone():
    """LAY-06."""
    old = Dense(1, input_dim=2)
    weights = [old(X).numpy(), *old.get_weights()]
    backend.clear_session()
    assert Dense(1).name == "dense_1" == old.name
    for before, now in zip(weights, [old(X).numpy(), *old.get_weights()]):
        np.testing.assert_array_equal(before, now)


@pytest.mark.usefixtures("names_from_one")
def test_a_name_of_ones_own_does_not_count():
    """LAY-06."""
    assert Dense(1, name="mine").name == "mine" and Dense(1).name == "dense_1"


@pytest.mark.usefixtures("names_from_one")
def test_the_repr_says_class_name_and_whether_it_is_built():
    """LAY-13."""
    layer = Dense(1)
    assert repr(layer) == "<Dense name=dense_1, built=False>"
    layer(X)
    assert repr(layer) == "<Dense name=dense_1, built=True>"


# Shapes and building ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [{"input_dim": 2}, {"input_dim": np.int64(2)}, {"input_shape": (2,)}, {"input_shape": [2]}, {"input_shape": X.shape[1:]},
     {"batch_input_shape": (None, 2)}, {"batch_input_shape": [32, 2]}],
    ids=repr,
)  # fmt: skip
def test_a_first_layer_may_say_the_shape_of_its_input(given):
    """LAY-04: without a warning, and the weights exist at once."""
    model = Sequential([Dense(3, **given), Dense(1)])
    assert model.built and model.count_params() == 13
    assert model.input_shape == (None, 2) and model.output_shape == (None, 1)


def test_an_input_shape_on_a_later_layer_has_no_meaning():
    """LAY-04."""
    assert Sequential([Dense(3, input_dim=2), Dense(1, input_dim=99)]).count_params() == 13


@pytest.mark.parametrize(
    "first", [lambda: Input((2,)), lambda: Input(shape=[2]), lambda: InputLayer((2,)), lambda: InputLayer(shape=(2,))]
)
def test_an_input_says_the_shape_and_is_no_layer_of_the_model(first):
    """MOD-01, LAY-04."""
    model = Sequential([first(), Dense(3)])
    assert model.built and model.count_params() == 9
    assert [type(layer) for layer in model.layers] == [Dense]


@pytest.mark.parametrize("make", [lambda: Input(5), lambda: Dense(1, input_shape=5)])
def test_a_bare_number_is_no_shape(make):
    """LAY-04, PKG-15."""
    with pytest.raises(ValueError, match=r"got 5.*\(5,\)"):
        make()


def test_weights_are_made_on_the_first_call():
    """LAY-05."""
    layer = Dense(3)
    assert layer.weights == [] and layer.get_weights() == [] and not layer.built
    layer(X)
    assert [w.shape for w in layer.weights] == [(2, 3), (3,)] and layer.built
    assert layer.input_shape == (None, 2) and layer.output_shape == (None, 3)


def test_weights_are_made_once():
    """LAY-05."""
    layer = Dense(3)
    layer(X)
    kernel = layer.kernel
    layer(X)
    assert layer.kernel is kernel and len(layer.weights) == 2


@pytest.mark.parametrize("make", [lambda: Dense(3), lambda: Sequential([Dense(3)])], ids=["layer", "model"])
def test_build_makes_the_weights_once_and_for_all(make):
    """LAY-05: what `build((None, d))` made, the first data does not make again."""
    layer = make()
    layer.build((None, 2))
    before = layer.get_weights()
    assert layer.built and layer.count_params() == 9
    layer(X)
    assert len(layer.get_weights()) == 2
    np.testing.assert_array_equal(layer.get_weights()[0], before[0])


@pytest.mark.parametrize("make", [lambda: Dense(3), lambda: Sequential([Dense(3)])], ids=["layer", "model"])
def test_an_unbuilt_layer_has_no_number_of_weights(make):
    """LAY-05, LAY-10."""
    with pytest.raises(ValueError, match="has no weights yet"):
        make().count_params()


@pytest.mark.parametrize("make", [lambda: Dense(3), lambda: Sequential([Dense(3)])], ids=["layer", "model"])
@pytest.mark.parametrize("name", ["input_shape", "output_shape"])
def test_an_unbuilt_layer_has_no_shape(make, name):
    """LAY-05: an AttributeError with advice, not a None to stumble over later."""
    with pytest.raises(AttributeError, match=r"expects|shape"):
        getattr(make(), name)


# Weights ----------------------------------------------------------------------------------------------


def test_get_weights_are_copies_and_set_weights_copies():
    """LAY-08."""
    layer = Dense(1, kernel_initializer="ones")
    layer(X)
    kernel, bias = layer.get_weights()
    kernel[:] = 7
    assert (layer.get_weights()[0] == 1).all()
    layer.set_weights([kernel, bias])
    kernel[:] = 9
    assert (layer.get_weights()[0] == 7).all()
    assert layer(X).tolist() == [[14]] * 4


def test_set_weights_takes_lists_and_keeps_the_dtype():
    """LAY-08."""
    layer = Dense(1)
    layer(X)
    layer.set_weights([[[1], [2]], [3]])
    assert [w.tolist() for w in layer.get_weights()] == [[[1], [2]], [3]]
    assert {w.dtype.name for w in layer.weights} == {"float32"}


@pytest.mark.parametrize("arrays", [[np.ones((1, 2)), [3]], [np.ones((2, 1))], [np.ones((2, 1)), [3], [4]], [1], []], ids=str)
def test_weights_of_other_shapes_are_refused_and_nothing_changes(arrays):
    """LAY-08."""
    layer = Dense(1, name="q")
    layer(X)
    before = layer.get_weights()
    with pytest.raises(ValueError, match=r"q.*expects weights of shapes \[\(2, 1\), \(1,\)\], got"):
        layer.set_weights(arrays)
    for old, new in zip(before, layer.get_weights()):
        np.testing.assert_array_equal(old, new)


class Scale(Layer):
    """x times a weight, plus a weight that no optimizer touches."""

    def build(self, input_shape):
        self.offset = self.add_weight("offset", (), "zeros", trainable=False)
        self.factor = self.add_weight("factor", (input_shape[-1],), "ones")

    def call(self, x):
        return x * self.factor + self.offset


def test_trainable_weights_come_first_each_kind_in_order_of_making():
    """LAY-08."""
    layer = Scale(name="scale")
    layer(X)
    assert [w.path for w in layer.weights] == ["scale/factor", "scale/offset"]
    assert layer.trainable_weights == [layer.factor] and layer.non_trainable_weights == [layer.offset]
    assert [a.shape for a in layer.get_weights()] == [(2,), ()]
    assert layer.count_params() == 3


def test_a_frozen_layer_has_no_trainable_weights():
    """LAY-08."""
    layer = Dense(1, trainable=False)
    layer(X)
    assert layer.trainable_weights == [] and len(layer.non_trainable_weights) == 2 == len(layer.weights)


# Layers of one's own ----------------------------------------------------------------------------------


def test_a_layer_of_ones_own_is_trained_and_only_where_it_may_be():
    """LAY-05, LAY-08."""
    model = Sequential([Input((2,)), Scale(), Dense(1)])
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit(X, np.zeros(4), verbose=0)
    changed = {w.name: not np.array_equal(old, w.numpy()) for w, old in zip(model.weights, before)}
    assert changed == {"factor": True, "offset": False, "kernel": True, "bias": True}


def test_a_layer_of_ones_own_may_change_the_shape_without_saying_so():
    """LAY-05: the class promises that `build` and `call` are enough, as data shows every shape."""

    class FirstFeature(Layer):
        def call(self, x):
            return x[:, :1]

    assert Sequential([FirstFeature(), Dense(3)]).predict(X).shape == (4, 3)


def test_a_layer_is_told_whether_the_model_is_trained_if_it_asks():
    """LAY-02, LAY-03."""
    seen = []

    class Curious(Layer):
        def call(self, x, training=None):
            seen.append(training)
            return x

    model = Sequential([Curious(), Dense(1)])
    model.compile("sgd", "mse")
    model.predict(X)
    model.evaluate(X, np.zeros(4), verbose=0)
    assert set(seen) == {False}
    seen.clear()
    model.fit(X, np.zeros(4), verbose=0)
    assert seen[-1] is True
    model(X, training=True)
    assert seen[-1] is True
    model(X)
    assert seen[-1] is False


def test_arrays_are_computed_in_the_dtype_of_the_layer():
    """CORE-03, LAY-11."""
    assert Dense(1)(np.ones((1, 2))).dtype == "float32"
    assert Dense(1, dtype="float64")(np.ones((1, 2), "float32")).dtype == "float64"
    assert Dense(1)(np.array([[True, False]])).dtype == Dense(1)([[1, 2]]).dtype == "float32"


def test_a_layer_without_a_call_says_what_it_needs():
    with pytest.raises(NotImplementedError, match="Layer expects a method call"):
        Layer()(X)


def test_a_layer_may_be_shared_by_two_models():
    """LAY-08: one kernel, trained by both."""
    shared = Dense(2, input_dim=2)
    one, two = Sequential([shared, Dense(1)]), Sequential([shared, Dense(3)])
    one.compile("sgd", "mse")
    before = two.predict(X)
    one.fit(X, np.ones(4), verbose=0)
    assert not np.array_equal(before, two.predict(X))
    assert one.layers[0] is two.layers[0]


def test_a_layer_remembers_what_it_was_told():
    """INI-01, ACT-01."""
    layer = Dense(3, "tanh", kernel_initializer="he_uniform")
    assert layer.activation is activations.tanh and isinstance(layer.kernel_initializer, initializers.HeUniform)


def test_a_layer_records_a_graph_through_plain_tensors():
    """CORE-03."""
    x = Tensor(X, requires_grad=True)
    Dense(1, kernel_initializer="ones")(x).sum().backward()
    assert x.grad.tolist() == [[1, 1]] * 4


# Arguments of all layers ------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["int32", "bool", "mixed_float16", "complex64", "float33"])
def test_weights_are_of_a_float_type(dtype):
    """LAY-16: whole numbers could not be trained."""
    with pytest.raises(ValueError, match=f"Dense expects dtype to be a float type, got '{dtype}'"):
        Dense(1, dtype=dtype)
    with pytest.raises(ValueError, match="Flatten expects dtype to be a type of real numbers"):
        Flatten(dtype="complex64")


@pytest.mark.parametrize("dtype", [np.float64, np.dtype("float64"), "float64", float, "f8", "d"], ids=str)
def test_a_float_type_has_many_spellings(dtype):
    """LAY-16, D7."""
    layer = Dense(1, dtype=dtype)
    assert layer.dtype == "float64" == layer(X).dtype and Flatten(dtype="int64").dtype == "int64"


@pytest.mark.parametrize("name", [5, ["a"], b"a"])
def test_a_name_is_a_string(name):
    """LAY-06."""
    with pytest.raises(ValueError, match="Dense expects name to be a string"):
        Dense(1, name=name)


def test_weights_cannot_be_put_into_a_layer_that_has_none_yet():
    """LAY-08: nothing for nothing is fine."""
    layer = Dense(1)
    with pytest.raises(ValueError, match=r"has no weights yet\. Give it an input_shape or call it on data first"):
        layer.set_weights([np.ones((2, 1)), np.ones(1)])
    layer.set_weights(layer.get_weights())


NUMPY_SCALARS = {
    "units": lambda: Dense(np.int64(3)).units == 3,
    "rate": lambda: Dropout(np.float32(0.5)).rate == 0.5,
    "a rate of one": lambda: Dropout(np.int64(1))(X, training=True).numpy().sum() == 0,
    "axis": lambda: BatchNormalization(np.int32(-1), np.float32(0.5), np.float64(1e-3))(X).shape == (4, 2),
    "axes": lambda: BatchNormalization(np.array([1, 2]))(np.ones((2, 3, 4))).shape == (2, 3, 4),
    "slope": lambda: LeakyReLU(np.float32(0.25))([[-4.0]]).item() == -1,
    "rows": lambda: Embedding(np.int64(5), np.uint8(2))([[np.int64(4)]]).shape == (1, 1, 2),
    "lengths": lambda: Reshape(np.array([2, 1]))(X).shape == (4, 2, 1),
    "repeats": lambda: RepeatVector(np.int16(3))(X).shape == (4, 3, 2),
    "order": lambda: Permute(np.array([2, 1]))(np.ones((1, 2, 3))).shape == (1, 3, 2),
    "mask_value": lambda: Masking(np.float32(1))(np.ones((1, 2, 3))).numpy().sum() == 0,
    "deviation": lambda: GaussianNoise(np.float64(2)).stddev == 2,
    "use_bias": lambda: Dense(1, use_bias=np.bool_(False), input_dim=np.int64(2)).get_config()["use_bias"] is False,
}


@pytest.mark.parametrize("name", NUMPY_SCALARS)
def test_numpys_numbers_are_numbers(name):
    """D7, PKG-14: Keras 3 refuses np.int64 units; the config has plain ones."""
    assert NUMPY_SCALARS[name]()
    assert json.loads(json.dumps(Dense(np.int64(3), use_bias=np.bool_(True)).get_config()))["units"] == 3


def test_masks_can_be_asked_for_arrays():
    """CORE-10, CORE-11: as Keras' users write it."""
    assert Masking().compute_mask(np.array([[[0.0, 0.0], [1.0, 0.0]]])).tolist() == [[False, True]]
    words = Embedding(3, 2, mask_zero=True)
    assert words.compute_mask(np.array([[0, 1]])).tolist() == [[False, True]] == words.compute_mask([[0, 2]], mask=None).tolist()
    assert Embedding(3, 2).compute_mask([[0, 1]]) is None is Dense(1).compute_mask(X)


def test_training_and_mask_may_stand_where_call_has_them():
    """LAY-02: as tutorials write dropout(x, training); what else is given keeps its place, and parts are told too."""
    seen = []

    class Inner(Layer):
        def call(self, x, training=None):
            seen.append(training)
            return x

    class Outer(Layer):
        def __init__(self):
            super().__init__()
            self.inner = Inner()

        def call(self, x, scale=1.0, training=None, mask=None, shift=0.0):
            seen.append((scale, training, None if mask is None else mask.tolist(), shift))
            return self.inner(x) * scale

    layer, mask = Outer(), np.array([[True, False]] * 4)
    for arguments, expected in {
        (): (1.0, False, None, 0.0), (3.0,): (3.0, False, None, 0.0), (3.0, True): (3.0, True, None, 0.0),
        (3.0, None): (3.0, False, None, 0.0),
    }.items():  # fmt: skip
        assert layer(X, *arguments).numpy().sum() == 8 * expected[0]
        assert seen[-2:] == [expected, expected[1]]
    with pytest.warns(UserWarning, match="passes no mask on"):
        layer.inner(X, True, mask=mask)
    layer(X, 1.0, True, mask, shift=5.0)
    assert seen[-2:] == [(1.0, True, mask.tolist(), 5.0), True]
    assert (Dropout(1.0)(X, True).numpy() == 0).all() and (Dropout(1.0)(X, False).numpy() == 1).all()
    assert Softmax()(np.zeros((1, 2)), np.array([[True, False]])).tolist() == [[1.0, 0.0]]


def test_any_layer_may_be_given_its_first_weights():
    """LAY-04: Keras 2's weights=; they are copied, and must fit."""
    kernel, bias = np.full((2, 1), 3.0), np.ones(1)
    model = Sequential([Dense(1, weights=[kernel, bias], input_dim=2), PReLU(weights=[[0.25]])])
    kernel[:] = 0
    assert model(-X).tolist() == [[-1.25]] * 4
    layer = Dense(1, weights=[np.ones((3, 1)), bias])
    with pytest.raises(ValueError, match=r"expects weights of shapes \[\(2, 1\), \(1,\)\], got \[\(3, 1\), \(1,\)\]"):
        layer(X)
    assert not layer.built and layer.weights == [] and "weights" not in layer.get_config()
