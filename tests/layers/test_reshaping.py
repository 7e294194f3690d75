"""Layers that move numbers, functions as layers, and where data comes in."""

import numpy as np
import pytest

from tinygrad_edu import backend, ops
from tinygrad_edu.layers import (
    Dense,
    Flatten,
    Identity,
    Input,
    InputLayer,
    InputSpec,
    Lambda,
    Layer,
    Permute,
    RepeatVector,
    Reshape,
)
from tinygrad_edu.models import Sequential
from tinygrad_edu.registry import custom_object_scope

X = np.arange(24.0).reshape(2, 3, 4)


@pytest.mark.parametrize("shape", [(2, 3, 4), (2, 5), (2,), (2, 1, 1, 3)], ids=str)
def test_flatten_keeps_the_batch_and_the_order(shape):
    """CORE-04: a batch of numbers becomes a batch of rows of one."""
    x = np.arange(float(np.prod(shape))).reshape(shape)
    np.testing.assert_array_equal(Flatten()(x).numpy(), x.reshape(2, -1))


def test_flatten_of_an_image_as_a_first_layer():
    """CORE-04: the tutorial's Flatten(input_shape=[28, 28])."""
    model = Sequential([Flatten(input_shape=[28, 28]), Dense(10)])
    assert model.layers[0].output_shape == (None, 784) and model.count_params() == 7850


def test_flatten_moves_channels_that_come_first():
    """CORE-04: so that a row means the same in both formats."""
    images = np.arange(2 * 3 * 4 * 5.0).reshape(2, 3, 4, 5)
    np.testing.assert_array_equal(Flatten("channels_first")(images).numpy(), Flatten()(images.transpose(0, 2, 3, 1)).numpy())
    with pytest.raises(ValueError, match="Flatten expects data_format"):
        Flatten("first")


@pytest.mark.parametrize("target", [(12,), (2, 6), (-1,), (6, -1), [3, 2, 2], np.array([4, 3])], ids=str)
def test_reshape_fills_another_shape(target):
    """CORE-06: one length may be left to be found."""
    layer = Reshape(target)
    out = layer(X)
    np.testing.assert_array_equal(out.numpy(), X.reshape(2, *target))
    assert layer.output_shape == (None, *out.shape[1:])


def test_reshape_refuses_other_sizes_and_what_is_no_shape():
    """CORE-06."""
    with pytest.raises(
        ValueError, match=r"Reshape 'r' expects samples that fill \(5, -1\), got shape \(None, 3, 4\).*12 numbers"
    ):
        Reshape((5, -1), name="r")(X)
    for wrong in (5, (-1, -1), (2.5,), (None, 3), (-2,)):
        with pytest.raises(ValueError, match="Reshape expects target_shape"):
            Reshape(wrong)


def test_reshape_of_open_lengths():
    """CORE-06: what is left stays open."""
    assert Reshape((-1, 2)).compute_output_shape((None, None, 4)) == (None, None, 2)


def test_repeat_vector_makes_steps():
    """CORE-07."""
    np.testing.assert_array_equal(RepeatVector(3)(X[:, 0]).numpy(), np.stack([X[:, 0]] * 3, axis=1))
    with pytest.raises(ValueError, match=r"RepeatVector 'v' expects inputs \(batch, features\), got shape \(2, 3, 4\)"):
        RepeatVector(3, name="v")(X)
    for wrong in (2.0, "3", None, (3,)):
        with pytest.raises(TypeError, match="RepeatVector expects n to be a whole number"):
            RepeatVector(wrong)
    with pytest.raises(ValueError, match="n to be a whole number >= 1"):
        RepeatVector(0)


def test_permute_counts_axes_from_one():
    """CORE-08."""
    np.testing.assert_array_equal(Permute((2, 1))(X).numpy(), X.transpose(0, 2, 1))
    for wrong in ((0, 1), (1, 3), (1, 1)):
        with pytest.raises(ValueError, match="Permute expects dims to name each axis from 1 on once"):
            Permute(wrong)
    with pytest.raises(ValueError, match="expects samples of 2 axes, got shape"):
        Permute((2, 1))(X[0])


@pytest.mark.parametrize(
    "make", [Identity, Flatten, lambda: Reshape((-1,)), lambda: Permute((2, 1)), lambda: Lambda(lambda x: x)]
)
def test_whole_numbers_are_moved_as_they_are(make):
    """LAY-16: numbers of words may pass on their way to an Embedding."""
    numbers = np.array([[[2**24 + 1]]])
    assert make()(numbers).numpy().ravel().tolist() == [2**24 + 1]


# Lambda -------------------------------------------------------------------------------------------


def shifted(x, by=1.0, training=False):
    return x + by * (2 if training else 1)


def test_a_lambda_is_told_its_arguments_and_what_it_asks_for():
    """CORE-09, LAY-02."""
    layer = Lambda(shifted, arguments={"by": 10})
    assert layer([[1.0]]).tolist() == [[11]] and layer([[1.0]], training=True).tolist() == [[21]]


def test_a_lambda_may_say_its_shape():
    """CORE-09: as a shape of one sample, or a function of the input's shape."""
    for said in ((7,), [7], lambda shape: (shape[0], 7)):
        assert Lambda(lambda x: x, output_shape=said).compute_output_shape((None, 3)) == (None, 7)
    assert Lambda(lambda x: x[:, :2]).compute_output_shape((None, 3)) == (None, 2)


def test_a_lambda_of_several_inputs():
    """CORE-09, LAY-15."""
    assert Lambda(lambda xs: xs[0] - xs[1])([np.ones((2, 1)), np.ones((2, 1))]).tolist() == [[0], [0]]


def test_the_config_of_a_lambda_is_the_name_of_its_function():
    """CORE-09: which is looked up, never executed from text; what has no name is refused."""
    config = Lambda(shifted, arguments={"by": 3}).get_config()
    assert config["function"] == "shifted"
    with pytest.raises(ValueError, match="shifted"):
        Lambda.from_config(config)
    with custom_object_scope({"shifted": shifted}):
        assert Lambda.from_config(config)([[1.0]]).tolist() == [[4]]
    with pytest.raises(TypeError, match="Define it with def"):
        Lambda(lambda x: x).get_config()


def test_a_lambda_may_be_made_of_ops_and_has_a_gradient():
    """CORE-09."""
    model = Sequential([Dense(1, input_dim=2), Lambda(ops.tanh)])
    model.compile("sgd", "mse")
    before = model.get_weights()[1].copy()
    model.fit(np.ones((4, 2)), np.full(4, 3.0), verbose=0)
    assert (model.get_weights()[1] != before).all()


# Input and InputSpec ------------------------------------------------------------------------------

INPUTS = {
    "shape": lambda: Input(shape=[5]),
    "position": lambda: Input((np.int64(5),)),
    "shape of data": lambda: Input(np.zeros((9, 5)).shape[1:]),
    "batch_shape": lambda: Input(batch_shape=(None, 5)),
    "batch_input_shape": lambda: Input(batch_input_shape=(None, 5)),
    "layer": lambda: InputLayer(input_shape=(5,)),
}


@pytest.mark.parametrize("make", INPUTS.values(), ids=INPUTS)
def test_an_input_is_said_in_many_ways(make):
    """CORE-01, CORE-02."""
    made = make()
    assert (made.output_shape if isinstance(made, InputLayer) else made.shape) == (None, 5)
    assert Sequential([made, Dense(2)]).count_params() == 12


def test_an_input_without_a_shape_is_refused():
    """CORE-01."""
    with pytest.raises(ValueError, match="Input expects a shape, got none"):
        Input()


def test_an_input_knows_its_batch_and_its_type():
    """CORE-01."""
    symbol = Input((5,), batch_size=32, dtype="int32", name="words")
    assert symbol.shape == (32, 5) and symbol.dtype == "int32" and symbol.name == "words"
    layer = symbol.call.layer
    assert layer.batch_shape == (32, 5) and layer.dtype == "int32" and layer.name == "words"
    assert layer(np.ones((2, 5), "int64")).dtype.kind == "i"
    assert InputLayer.from_config(layer.get_config()).get_config() == layer.get_config()


LAWS = {
    "axes": (InputSpec(ndim=3), "3 axes"),
    "least": (InputSpec(min_ndim=3), "at least 3 axes"),
    "most": (InputSpec(max_ndim=1), "at most 1 axes"),
    "length": (InputSpec(axes={-1: 7}), "length 7 in axis -1"),
    "shape": (InputSpec(shape=(None, 7)), "length 7 in axis 1"),
    "missing axis": (InputSpec(axes={2: 1}), "length 1 in axis 2"),
}


@pytest.mark.parametrize(("spec", "law"), LAWS.values(), ids=LAWS)
def test_a_layer_of_ones_own_may_say_what_it_expects(spec, law):
    """LAY-11: the error names layer, law and shape."""

    class Strict(Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.input_spec = spec

        def call(self, x):
            return x

    with pytest.raises(ValueError, match=rf"Strict 's' expects {law}, got shape \(2, 4\)"):
        Strict(name="s")(X[:, 0])


def test_an_input_spec_that_fits_says_nothing():
    """LAY-11."""
    for spec in (InputSpec(ndim=2, axes={-1: 4}), InputSpec(shape=(None, None)), InputSpec(min_ndim=2, max_ndim=2), InputSpec()):
        spec.check("x", (None, 4))


def test_floatx_is_the_type_of_layers_that_are_not_told_one():
    """LAY-16, K-04."""
    backend.set_floatx("float64")
    try:
        layer = Dense(1)
    finally:
        backend.set_floatx("float32")
    assert layer(X).dtype == "float64" and {w.dtype for w in layer.weights} == {np.dtype("float64")}
