"""Models of layers called on each other: structure, several inputs and outputs, shared and nested parts, configs, errors."""

import copy
import json
import pickle

import numpy as np
import pytest

import tinygrad_edu as keras
from tinygrad_edu import Tensor, ops
from tinygrad_edu.layers import (
    Add,
    BatchNormalization,
    Concatenate,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Input,
    InputLayer,
    Lambda,
    Layer,
    Masking,
    Multiply,
    Operation,
    Symbol,
    concatenate,
)  # fmt: skip
from tinygrad_edu.models import Model, Sequential, clone_model

RNG = np.random.default_rng(0)
A, B = RNG.normal(size=(7, 5)).astype("float32"), RNG.normal(size=(7, 6)).astype("float32")


@pytest.fixture(autouse=True)
def fresh_names():
    keras.backend.clear_session()
    yield
    keras.backend.clear_session()


def dense(x, layer):
    kernel, bias = layer.get_weights()
    return x @ kernel + bias


def numbers(model, x):
    """What the model gives, as arrays."""
    return [y.numpy() for y in model(x)]


def wide_and_deep():
    """Two inputs, two outputs, as in the tutorial."""
    wide, deep = Input(shape=[5], name="wide"), Input(shape=[6], name="deep")
    hidden = Dense(4, activation="relu", name="hidden")(deep)
    return Model([wide, deep], [Dense(1, name="main")(concatenate([wide, hidden])), Dense(2, name="aux")(hidden)])


def test_a_network_computes_what_its_layers_compute():
    """MOD-03, MOD-05: against the formulas in plain NumPy."""
    model = wide_and_deep()
    hidden = np.maximum(dense(B, model.get_layer("hidden")), 0)
    main, aux = numbers(model, [A, B])
    np.testing.assert_allclose(main, dense(np.concatenate([A, hidden], axis=1), model.get_layer("main")), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(aux, dense(hidden, model.get_layer("aux")), rtol=1e-5, atol=1e-6)
    assert main.shape == (7, 1) and aux.shape == (7, 2)


@pytest.mark.parametrize("x", [[A, B], (A, B), {"deep": B, "wide": A}, [Tensor(A), B], (A.tolist(), B.tolist())])
def test_several_inputs_come_as_a_list_a_tuple_or_a_dict_by_name(x):
    """MOD-04: a tuple of two is two inputs, never (x, y)."""
    model = wide_and_deep()
    for found, expected in zip(model(x), model([A, B])):
        np.testing.assert_array_equal(found.numpy(), expected.numpy())


def test_a_dict_of_inputs_and_a_dict_of_outputs():
    """MOD-03."""
    x = {"a": Input((5,), name="a"), "b": Input((6,), name="b")}
    model = Model(x, {"sum": Add()([Dense(2)(x["a"]), Dense(2)(x["b"])])})
    found = model({"b": B, "a": A})
    assert list(found) == ["sum"] and found["sum"].shape == (7, 2)


def test_lists_of_one_count_as_what_is_in_them():
    """MOD-03: predict gives one array."""
    x = Input((5,))
    model = Model(inputs=[x], outputs=[Dense(1)(x)])
    assert model.predict(A).shape == (7, 1) and model([A]).shape == (7, 1)
    assert model([[1.0] * 5]).shape == model([[[1.0] * 5]][0]).shape == (1, 1)
    assert model.input is x and isinstance(model.output, Symbol)


def test_what_the_model_says_of_itself():
    """MOD-09, MOD-10, MOD-11."""
    model = wide_and_deep()
    assert model.input_names == ["wide", "deep"] and model.output_names == ["main", "aux"]
    assert model.input_shape == [(None, 5), (None, 6)] and model.output_shape == [(None, 1), (None, 2)]
    assert [x.name for x in model.inputs] == ["wide", "deep"] and [y.name for y in model.outputs] == ["main", "aux"]
    assert [layer.name for layer in model.layers] == ["deep", "wide", "hidden", "concatenate_1", "main", "aux"]
    assert isinstance(model.get_layer(index=0), InputLayer) and model.get_layer("aux").units == 2
    assert model.count_params() == 6 * 4 + 4 + 9 + 1 + 4 * 2 + 2


def test_layers_that_lead_to_no_output_are_left_out():
    """MOD-03."""
    x = Input((5,))
    hidden = Dense(3, name="used")(x)
    Dense(9, name="unused")(hidden)
    assert [layer.name for layer in Model(x, Dense(1, name="out")(hidden)).layers] == ["input_1", "used", "out"]


def test_an_input_that_no_output_needs_is_left_aside():
    """MOD-03: it is an input all the same, as in Keras, of a copy and of a clone, too."""
    x, unused = Input((5,), name="x"), Input((6,), name="unused")
    model = Model([x, unused], Dense(1)(x))
    found = numbers(model, [A, B])
    np.testing.assert_array_equal(found, numbers(model, {"unused": 0 * B, "x": A}))
    for other in (Model.from_config(model.get_config()), clone_model(model)):
        other.set_weights(model.get_weights())
        assert other.input_names == ["x", "unused"]
        np.testing.assert_array_equal(numbers(other, [A, B]), found)
    model.compile("sgd", "mse")
    assert model.fit([A, B], A[:, :1], verbose=0).history["loss"][0] > 0
    with pytest.raises(ValueError, match="expects 2 inputs"):
        model(A)


def test_a_shared_layer_has_one_set_of_weights_whose_gradients_add_up():
    """MOD-07: d/dW of sum(xW) + sum(yW) is x^T 1 + y^T 1."""
    shared, x, y = Dense(2, use_bias=False), Input((5,)), Input((5,))
    model = Model([x, y], Add()([shared(x), shared(y)]))
    assert len(model.weights) == 1 and model.count_params() == 10
    other = A[::-1].copy() * 2
    ops.sum(model([A, other])).backward()
    expected = np.repeat((A.sum(axis=0) + other.sum(axis=0))[:, None], 2, axis=1)
    np.testing.assert_allclose(shared.kernel.grad.numpy(), expected, rtol=1e-5)


def test_a_layer_called_on_its_own_output():
    """MOD-07: the second call waits for the first."""
    square, x = Dense(5, use_bias=False), Input((5,))
    model = Model(x, square(square(x)))
    kernel = square.get_weights()[0]
    np.testing.assert_allclose(model.predict(A), A @ kernel @ kernel, rtol=1e-4, atol=1e-5)


def test_a_model_is_a_layer_of_another():
    """MOD-08."""
    inner = Sequential([Dense(3, activation="tanh", input_dim=5), Dense(2)])
    x = Input((5,))
    outer = Model(x, Multiply()([inner(x), inner(x * 2.0)]))
    np.testing.assert_allclose(outer.predict(A), inner.predict(A) * inner.predict(2 * A), rtol=1e-5)
    assert len(outer.weights) == 4 and inner in outer.layers


def test_models_in_models_in_models_of_two_outputs():
    """MOD-08."""
    core = wide_and_deep()
    wide, deep = Input((5,)), Input((6,))
    main, aux = core([wide, deep])
    middle = Model([wide, deep], {"main": main, "aux": aux})
    outs = middle([wide, deep])
    outer = Model([wide, deep], outs["main"] + outs["aux"])
    expected = numbers(core, [A, B])
    np.testing.assert_allclose(outer([A, B]).numpy(), expected[0] + expected[1], rtol=1e-5)


# Ops between layers -------------------------------------------------------------------------------

EXPRESSIONS = {
    "times": (lambda x: x * 2.0, lambda x: x * 2),
    "minus from the left": (lambda x: 1 - x, lambda x: 1 - x),
    "slice": (lambda x: x[:, 1:3], lambda x: x[:, 1:3]),
    "new axis": (lambda x: x[:, None], lambda x: x[:, None]),
    "mean": (lambda x: x.mean(axis=1), lambda x: x.mean(axis=1)),
    "numpy": (lambda x: np.tanh(x), np.tanh),
    "numpy sum": (lambda x: np.sum(x, axis=-1, keepdims=True), lambda x: np.sum(x, axis=-1, keepdims=True)),
    "array on the left": (lambda x: np.ones((3, 5), "float32").T.T[:1] * x, lambda x: x),
    "matrix": (lambda x: x @ np.eye(5, dtype="float32"), lambda x: x),
    "function of ours": (lambda x: ops.relu(x), lambda x: np.maximum(x, 0)),
    "two": (lambda x: ops.maximum(x, -x), np.abs),
    "joined": (lambda x: ops.concatenate([x, x], axis=1), lambda x: np.concatenate([x, x], axis=1)),
    "reshaped": (lambda x: x.reshape(-1, 5, 1), lambda x: x.reshape(-1, 5, 1)),
    "activation": (lambda x: keras.activations.get("softplus")(x), lambda x: np.log1p(np.exp(x))),
}


@pytest.mark.parametrize(("ours", "numpys"), EXPRESSIONS.values(), ids=EXPRESSIONS)
def test_ops_and_operators_on_symbols_become_layers(ours, numpys):
    """MOD-03, MRG-04: the shape is known before, the numbers are NumPy's, and the config brings all back."""
    x = Input((5,))
    y = ours(x)
    model = Model(x, y)
    found = model.predict(A)
    np.testing.assert_allclose(found, numpys(A), rtol=1e-5, atol=1e-6)
    assert y.shape == (None, *found.shape[1:]) and y.dtype == found.dtype
    again = Model.from_config(json.loads(json.dumps(model.get_config())))
    np.testing.assert_array_equal(again.predict(A), found)


def test_a_variable_in_an_expression_is_a_weight_of_the_model():
    """MOD-03."""
    x, gain = Input((5,)), keras.Variable(np.full(5, 2.0, "float32"), name="gain")
    model = Model(x, x * gain)
    assert model.trainable_weights == [gain]
    np.testing.assert_allclose(model.predict(A), 2 * A)
    with pytest.raises(TypeError, match="Put a weight into a layer of your own"):
        model.get_config()


@pytest.mark.parametrize("use", [bool, float, len, list, np.asarray, lambda x: x.numpy(), lambda x: x.backward()])
def test_a_symbol_has_no_numbers_and_says_so(use):
    """CORE-01."""
    with pytest.raises(TypeError, match="has no numbers yet: it stands for data that a model will get"):
        use(Input((5,)))


def test_symbols_of_whole_numbers_stay_such():
    """CORE-01: an Embedding gets row numbers and gives floats."""
    words = Input((4,), dtype="int32")
    vectors = Embedding(9, 3)(words)
    assert (words + 1).dtype == "int32" and vectors.dtype == "float32" and vectors.shape == (None, 4, 3)
    model = Model(words, Dense(1)(Flatten()(vectors)))
    assert model.predict(np.arange(8).reshape(2, 4)).shape == (2, 1)


def test_training_masks_and_keywords_pass_through():
    """LAY-03, MOD-03."""

    class Told(Layer):
        supports_masking = True

        def call(self, x, factor=1.0, training=False, mask=None):
            self.seen = training, None if mask is None else mask.numpy().tolist()
            return x * factor

    told, x = Told(), Input((2, 1))
    model = Model(x, told(Masking()(x), factor=3.0))
    data = np.array([[[1.0], [0.0]]], "float32")
    np.testing.assert_array_equal(model(data, training=True).numpy(), 3 * data)
    assert told.seen == (True, [[True, False]])
    always = Model(x, Dropout(0.5)(x, training=True))
    ones = np.ones((50, 2, 1), "float32")
    assert (always.predict(ones) == 0).any()  # as it was told when it was put together


def test_a_second_argument_may_be_a_symbol():
    """MOD-03."""

    class Mix(Layer):
        def call(self, x, other, share=0.5):
            return share * x + (1 - share) * other

    x, y = Input((5,)), Input((5,))
    model = Model([x, y], Mix()(x, y, share=0.25))
    np.testing.assert_allclose(model([A, 2 * A]).numpy(), 1.75 * A, rtol=1e-6)


# Parts of models ----------------------------------------------------------------------------------


def test_features_are_what_a_layer_in_the_middle_gives():
    """MOD-09: Model(model.input, layer.output) shares all weights, of a Sequential too."""
    model = Sequential([Dense(3, activation="relu", input_shape=(5,)), Dense(2)])
    features = Model(inputs=model.input, outputs=model.layers[0].output)
    np.testing.assert_allclose(features.predict(A), np.maximum(dense(A, model.layers[0]), 0), rtol=1e-5, atol=1e-6)
    assert features.layers[-1] is model.layers[0]


def test_the_second_half_of_a_model_begins_with_an_input_of_its_own():
    """MOD-09."""
    model = Sequential([Dense(3, input_shape=(5,)), Dense(2)])
    half = Model(model.layers[0].output, model.output)
    np.testing.assert_allclose(half.predict(dense(A, model.layers[0])), model.predict(A), rtol=1e-5, atol=1e-6)
    assert half.input_shape == (None, 3)


def test_a_sequential_of_layers_of_another_shares_them():
    """MOD-02: built at once; training one trains the other."""
    first = Sequential([Dense(3, input_shape=(5,)), Dense(2)])
    second = Sequential(first.layers[:-1])
    second.add(Dense(1, activation="sigmoid"))
    assert second.built and second.layers[0] is first.layers[0]
    before = first.layers[0].get_weights()[0]
    second.compile("sgd", "mse")
    second.fit(A, np.ones(7), verbose=0)
    assert (first.layers[0].get_weights()[0] != before).any()


def test_a_sequential_that_was_built_by_data_has_symbols_too():
    """MOD-09."""
    model = Sequential([Dense(3), BatchNormalization(), Dense(1)])
    with pytest.raises(AttributeError, match="Give the first layer of a Sequential an input_shape"):
        model.output  # noqa: B018
    model.predict(A)
    assert Model(model.input, model.layers[1].output).predict(A).shape == (7, 3)


def test_a_layer_that_was_never_called_on_symbols_has_no_output():
    """MOD-09."""
    with pytest.raises(AttributeError, match="expects to have been called on symbols, got 0 such calls"):
        Dense(3).output  # noqa: B018


def test_taking_layers_off_and_on_keeps_the_chain():
    """MOD-01."""
    model = Sequential([Input((5,)), Dense(4, name="a"), Dense(3, name="b")])
    model.pop()
    assert model.output_shape == (None, 4) and model.output.name == "a"
    model.add(Dense(2, name="c"))
    assert [call.layer.name for call in model.flow().calls[1:]] == ["a", "c"] and model.predict(A).shape == (7, 2)


def test_a_layer_that_does_not_fit_is_not_added():
    """MOD-01."""
    model = Sequential([Input((5,)), Dense(4)])
    with pytest.raises(ValueError):
        model.add(Sequential([Dense(1, input_shape=(9,))]))
    assert len(model.layers) == 1 and model.predict(A).shape == (7, 4)


# Configs, clones, copies ----------------------------------------------------------------------------


def test_a_config_brings_back_the_architecture():
    """MOD-14: plain data; the same names, other weights."""
    model = wide_and_deep()
    config = json.loads(json.dumps(model.get_config()))
    again = Model.from_config(config)
    assert [layer.name for layer in again.layers] == [layer.name for layer in model.layers]
    assert (again.get_layer("hidden").get_weights()[0] != model.get_layer("hidden").get_weights()[0]).any()
    again.set_weights(model.get_weights())
    for found, expected in zip(numbers(again, [A, B]), numbers(model, [A, B])):
        np.testing.assert_array_equal(found, expected)
    assert again.get_config() == model.get_config()


def test_a_nested_shared_model_comes_back_shared():
    """MOD-08, MOD-14."""
    inner, x, y = Sequential([Dense(2, input_dim=5)], name="inner"), Input((5,)), Input((5,))
    model = Model([x, y], Add()([inner(x), inner(y)]))
    again = Model.from_config(model.get_config())
    assert len(again.weights) == 2 and isinstance(again.get_layer("inner"), Sequential)


@pytest.mark.parametrize("make", [wide_and_deep, lambda: Sequential([Dense(3, input_dim=5), Dropout(0.5), Dense(1)])])
def test_a_clone_has_the_same_names_and_new_weights(make):
    """MOD-12."""
    model = make()
    clone = clone_model(model)
    assert type(clone) is type(model) and [x.name for x in clone.layers] == [x.name for x in model.layers]
    assert not {id(w) for w in clone.weights} & {id(w) for w in model.weights}
    assert any((a != b).any() for a, b in zip(clone.get_weights(), model.get_weights()))
    clone.set_weights(model.get_weights())


def test_a_clone_calls_the_same_function_in_a_lambda():
    """MOD-12: though no config could hold a function without a name."""
    x = Input((5,))
    model = Model(x, Dense(2)(Lambda(lambda x: 3 * x, name="triple")(x)))
    clone = clone_model(model)
    clone.set_weights(model.get_weights())
    assert clone.layers[1].name == "triple" and clone.layers[1] is not model.layers[1]
    np.testing.assert_array_equal(numbers(clone, A), numbers(model, A))


def test_a_clone_of_what_data_built_is_built():
    """MOD-12: set_weights works on it at once."""
    model = Sequential([Dense(3), Dense(1)])
    model.predict(A)
    clone = clone_model(model)
    clone.set_weights(model.get_weights())
    np.testing.assert_array_equal(clone.predict(A), model.predict(A))


def test_a_clone_may_have_other_layers_and_other_inputs():
    """MOD-12."""
    model = wide_and_deep()

    def doubled(layer):
        return Dense(2 * layer.units, name=layer.name) if isinstance(layer, Dense) and layer.units < 4 else layer

    clone = clone_model(model, clone_function=doubled)
    assert clone.output_shape == [(None, 2), (None, 4)] and clone.get_layer("hidden") is model.get_layer("hidden")
    chain = clone_model(Sequential([Dense(2)]), input_tensors=Input((5,)))
    assert chain.built and chain.predict(A).shape == (7, 2)
    with pytest.raises(TypeError, match="expects clone_function to return a layer, got None"):
        clone_model(model, clone_function=lambda layer: None)


def test_copies_of_a_layer_leave_its_models_behind():
    """SAV-09: a copy of one layer is not a copy of all that it is connected to."""
    model = wide_and_deep()
    for twin in (copy.deepcopy(model.get_layer("hidden")), pickle.loads(pickle.dumps(model.get_layer("hidden")))):
        assert twin.calls == []
        np.testing.assert_array_equal(twin.get_weights()[0], model.get_layer("hidden").get_weights()[0])


# Depth, errors --------------------------------------------------------------------------------------


def test_a_thousand_layers_in_a_row_and_a_thousand_additions():
    """No recursion over graphs."""
    x = Input((2,))
    y = x
    for _ in range(1000):
        y = Add()([y, x])
    model = Model(x, y)
    np.testing.assert_allclose(model.predict(np.ones((3, 2), "float32")), 1001.0)
    assert len(Model.from_config(model.get_config()).layers) == 1001


X, Y = Input((5,), name="x"), Input((5,), name="y")
MISUSE = {
    "another input": (lambda: Model(X, Add()([X, Y])), ValueError, r"needs the input 'y', too. Add it: inputs=\[..., y\]"),
    "no symbol": (lambda: Model(5, X), TypeError, "expects inputs that layers were called on or returned, got 5"),
    "a layer": (lambda: Model(X, Dense(3, name="d")), TypeError, r"Call it first: d\(x\)"),
    "no outputs": (lambda: Model(X), TypeError, "expects inputs and outputs, or neither, got one"),
    "nothing": (lambda: Model([], []), TypeError, r"got \[\]. Begin with x = Input"),
    "one name twice": (lambda: Model(X, Dense(1, name="d")(Dense(5, name="d")(X))), ValueError, "a second 'd'. Give it"),
    "too few": (lambda: wide_and_deep()([A]), ValueError, r"expects 2 inputs \(wide, deep\), got 1"),
    "the wrong order": (lambda: wide_and_deep()([B, A]), ValueError, r"expects shape \(None, 5\) of input 'wide', got \(7, 6\)"),
    "other names": (lambda: wide_and_deep()({"a": A, "b": B}), ValueError, "expects inputs named wide, deep, got a, b"),
    "no call": (lambda: Model()(A), NotImplementedError, r"expects a method call\(x\), or Model\(inputs, outputs\)"),
    "a shape that does not fit": (lambda: Add()([X, Input((4,))]), ValueError, "fit together"),
    "a part of the batch": (lambda: keras.Model(X, X[0] + 1).predict, None, ""),
}


@pytest.mark.parametrize(("use", "error", "message"), MISUSE.values(), ids=MISUSE)
def test_misuse_says_what_to_do(use, error, message):
    """MOD-03, MOD-04."""
    if error is None:
        use()
        return
    with pytest.raises(error, match=message):
        use()


def test_names_that_were_counted_twice_are_counted_again():
    """MOD-02, D5: as after a model was loaded in a new session."""
    x = Input((5,))
    first = Dense(5)(x)
    keras.backend.clear_session()
    model = Model(x, Dense(1)(first))
    names = [layer.name for layer in model.layers if isinstance(layer, Dense)]
    assert len(set(names)) == 2
    assert Operation("add", {1: 2})(x).name == "add_1"


def test_a_lambda_is_called_on_symbols():
    """CORE-05."""
    x = Input((5,))
    assert Lambda(lambda t: t[:, :2])(x).shape == (None, 2)
    assert Concatenate()([x, Lambda(lambda t: t * 2)(x)]).shape == (None, 10)


# Weights, calls, building by hand -------------------------------------------------------------------


def test_weights_of_a_whole_model_come_and_go_in_the_order_of_its_layers():
    """MOD-13."""
    model = wide_and_deep()
    found = model.get_weights()
    assert [w.shape for w in found] == [(6, 4), (4,), (9, 1), (1,), (4, 2), (2,)]
    model.set_weights([np.full(w.shape, n) for n, w in enumerate(found)])
    assert [float(w.max()) for w in model.get_weights()] == [0, 1, 2, 3, 4, 5]
    with pytest.raises(ValueError, match="expects weights of shapes"):
        model.set_weights(found[:-1])


def test_a_model_that_is_called_gives_tensors_that_numpy_takes():
    """MOD-15: with training, Dropout drops."""
    x = Input((50,))
    model = Model(x, Dropout(0.5)(x))
    ones = np.ones((4, 50), "float32")
    assert isinstance(model(ones), Tensor) and np.asarray(model(ones, training=False)).tolist() == ones.tolist()
    assert (np.asarray(model(ones, training=True)) == 0).any()


def test_build_makes_the_weights_without_data():
    """MOD-16: of a Sequential and of a model written in Python."""

    class Mine(Model):
        def __init__(self):
            super().__init__()
            self.dense = Dense(3)

        def call(self, x):
            return self.dense(x)

    for model in (Sequential([Dense(3)]), Mine()):
        model.build((None, 5))
        assert model.count_params() == 18 and model.output_shape == (None, 3)


def test_a_list_that_grows_after_a_call_does_not_change_the_call():
    """MRG-01: as where each layer is joined with all before it."""
    x = first = Input((None,))
    outputs = [x]
    for _ in range(3):
        outputs.append(x)
        x = keras.layers.concatenate(outputs)
    x0 = np.array([[5.0]])
    assert Model(first, x)(x0).shape == (1, 8)
    np.testing.assert_array_equal(Model(first, x).predict(x0), np.full((1, 8), 5.0))


def test_keras_1_spells_inputs_and_outputs_in_the_singular():
    x = Input(shape=(3,))
    assert Model(input=x, output=Dense(2)(x)).output_shape == (None, 2)
    with pytest.raises(TypeError, match="expects inputs once, got input too"):
        Model(inputs=x, input=x, outputs=x)


def test_looking_at_a_model_moves_nothing_on():
    """SUM-05: neither a call on symbols nor a summary leaves a trace in what calls count."""

    class Counting(Layer):
        def build(self, input_shape):
            self.count = self.add_weight("count", (), "zeros", trainable=False)

        def call(self, x):
            self.count.assign_add(1.0)
            self.add_loss(ops.sum(x))
            return x * 2.0

    class Mine(Model):
        def __init__(self):
            super().__init__()
            self.counting = Counting()

        def call(self, x):
            return self.counting(x)

    counting, model = Counting(), Mine()
    counting(Input((5,)))
    model(A)
    model.summary(print_fn=lambda line: None)
    assert counting.count.item() == 0 and model.counting.count.item() == 1
