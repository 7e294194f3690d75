"""Layers made of layers: how weights are found, named, frozen, and made in what order."""

import copy
import pickle

import numpy as np
import pytest

from tinygrad_edu import Tensor, Variable, backend
from tinygrad_edu.layers import BatchNormalization, Dense, Dropout, Layer, PReLU
from tinygrad_edu.models import Model, Sequential
from tinygrad_edu.regularizers import L1

X = np.ones((4, 2), "float32")


class Block(Layer):
    """Two layers in attributes, others in a list and in a dict, and a weight of its own."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.second = Dense(3, name="b")
        self.first = Dense(2, name="a")
        self.others = []
        self.others.append(Dense(2, name="c"))
        self.named = {"d": Dense(1, name="d"), "nothing": [None, 3]}
        self.gain = self.add_weight(name="gain", shape=(), initializer="ones")

    def call(self, x):
        return self.named["d"](self.others[0](self.first(self.second(x)))) * self.gain


def test_layers_in_attributes_lists_and_dicts_are_parts_in_the_order_of_assignment():
    """LAY-01."""
    block = Block(name="block")
    assert [layer.name for layer in block.sublayers] == ["b", "a", "c", "d"]
    assert [layer.name for layer in block.all_layers] == ["block", "b", "a", "c", "d"]


def test_weights_of_parts_are_weights_of_the_whole_named_by_their_path():
    """LAY-01, LAY-08: own weights first, then those of each part."""
    block = Block(name="block")
    block(X)
    expected = ["gain", "b/kernel", "b/bias", "a/kernel", "a/bias", "c/kernel", "c/bias", "d/kernel", "d/bias"]
    assert [w.path for w in block.weights] == [f"block/{path}" for path in expected]
    assert block.trainable_weights == block.weights and block.non_trainable_weights == []
    assert block.count_params() == 1 + 9 + 8 + 6 + 3
    block.rename("box")
    assert {w.path.split("/")[0] for w in block.weights} == {"box"}


def test_a_part_of_a_part_has_the_whole_path():
    """LAY-01: in whatever order the parts were put together and built."""

    class Outer(Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.block = Block(name="inner")

        def call(self, x):
            return self.block(x)

    outer = Outer(name="outer")
    outer(X)
    assert [w.path for w in outer.weights][:2] == ["outer/inner/gain", "outer/inner/b/kernel"]
    assert [w.node.label for w in outer.weights] == [w.path for w in outer.weights]


def test_a_model_adds_nothing_to_the_paths_of_its_layers():
    """LAY-06, D15: tags in TensorBoard read dense_1/kernel."""
    model = Sequential([Sequential([Dense(2, name="q", input_dim=2)], name="inner"), Block(name="block")], name="outer")
    model(X)
    assert [w.path for w in model.weights][:3] == ["q/kernel", "q/bias", "block/gain"]


def test_the_whole_is_trained_and_frozen_with_all_its_parts():
    """LAY-09: assigning to trainable reaches every part, and is undone the same way."""
    block = Block()
    block(X)
    block.trainable = False
    assert block.trainable_weights == [] and len(block.non_trainable_weights) == 9
    assert not any(layer.trainable for layer in block.all_layers)
    block.trainable = True
    block.first.trainable = False
    assert len(block.trainable_weights) == 7 and [w.path.split("/")[1] for w in block.non_trainable_weights] == ["a", "a"]


def test_freezing_a_part_does_not_change_the_order_of_the_weights():
    """LAY-08: weights that were saved before can be loaded after."""
    block = Block()
    block(X)
    before = block.weights
    block.second.trainable = False
    assert all(a is b for a, b in zip(before, block.weights, strict=True))


def test_freezing_holds_at_once_and_is_told_once():
    """D28: Keras 2 would go on training what was not frozen when the model was compiled."""
    model = Sequential([Dense(3, input_dim=2, name="early"), Dense(1)])
    model.compile("sgd", "mse")
    model.get_layer("early").trainable = False
    before = model.get_weights()
    with pytest.warns(UserWarning, match="expects compile.. after trainable was changed, got fit.. at once.*not trained: early"):
        model.fit(X, np.zeros(4), verbose=0)
    after = model.get_weights()
    assert [np.array_equal(a, b) for a, b in zip(before, after)] == [True, True, False, False]
    model.fit(X, np.zeros(4), verbose=0)


@pytest.mark.parametrize("value", [1, "yes", None])
def test_trainable_is_a_truth_value(value):
    """LAY-09."""
    with pytest.raises(ValueError, match="Dense expects trainable to be True or False"):
        Dense(1).trainable = value


def test_a_part_that_is_used_twice_counts_once():
    """LAY-08, MOD-07: and its gradients add up."""

    class Twice(Layer):
        def __init__(self):
            super().__init__()
            self.dense = self.again = Dense(2, use_bias=False, kernel_initializer="ones")

        def call(self, x):
            return self.dense(x) + self.again(x)

    layer = Twice()
    layer(X).sum().backward()
    assert len(layer.weights) == 1 and layer.count_params() == 4
    assert layer.weights[0].grad.tolist() == [[8, 8], [8, 8]]


def test_a_variable_in_an_attribute_is_a_weight():
    """LAY-01."""

    class Shift(Layer):
        def __init__(self):
            super().__init__()
            self.by = Variable([1.0, 2.0], name="by")
            self.fixed = Variable([0.0], name="fixed", trainable=False)

        def call(self, x):
            return x + self.by

    layer = Shift()
    assert layer.trainable_weights == [layer.by] and layer.weights == [layer.by, layer.fixed]


def test_a_variable_in_an_attribute_has_the_path_of_its_layer():
    """LAY-01, D15: in lists too, under a new name of the layer, and of the whole; that of the layer it came to first."""

    class Shifts(Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.by, self.others = Variable([1.0], name="by"), [Variable([2.0], name="other")]

    class Pair(Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.shifts, self.same = Shifts(name="shifts"), None

    pair = Pair(name="pair")
    assert [w.path for w in pair.weights] == ["pair/shifts/by", "pair/shifts/other"]
    pair.same = pair.shifts.by
    pair.rename("two")
    assert [w.path for w in pair.weights] == ["two/shifts/by", "two/shifts/other"]
    assert [w.node.label for w in pair.weights] == [w.path for w in pair.weights]


def test_parts_that_come_after_building_are_refused():
    """LAY-01: they would not be trained by an optimizer that has seen the others."""
    layer = Dense(1)
    layer(X)
    with pytest.raises(ValueError, match=r"Dense.*expects its parts before it is built, got a new 'more'"):
        layer.more = Dense(2)
    with pytest.raises(ValueError, match=r"Dense.*expects its weights before it is built, got a new 'w'"):
        layer.add_weight("w", (2,))
    layer.note, layer.kernel = [1, 2], layer.kernel


def test_a_layer_that_was_not_initialized_says_so():
    """LAY-01: forgetting super().__init__() is not told as a missing attribute."""

    class Forgetful(Layer):
        def __init__(self):
            self.dense = Dense(2)

        def call(self, x):
            return self.dense(x)

    with pytest.raises(RuntimeError, match=r"Forgetful expects its __init__ to call super\(\).__init__\(\) first"):
        Forgetful()(X)


def test_a_part_is_built_with_the_whole():
    """LAY-05, CORE-03: the table of the model counts the weights of an activation that has some."""
    layer = Dense(3, activation=PReLU())
    model = Sequential([layer])
    model.build((None, 2))
    assert [w.path.split("/", 1)[1].rpartition("/")[2] for w in layer.weights] == ["kernel", "bias", "alpha"]
    assert model.count_params() == 12 and len(model.trainable_weights) == 3


def test_a_model_of_ones_own_has_its_layers_in_attributes():
    """MOD-06."""

    class Net(Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.hidden, self.out = Dense(3, activation="relu"), Dense(1)

        def call(self, x):
            return self.out(self.hidden(x))

    model = Net()
    model.compile("sgd", "mse")
    model.fit(X, np.zeros(4), verbose=0)
    assert model.layers == [model.hidden, model.out] and model.count_params() == 13
    assert model.predict(X).shape == (4, 1)


# add_weight ---------------------------------------------------------------------------------------

ORDERS = {
    "Keras 3, by name": ((), {"name": "w", "shape": (2, 3), "initializer": "ones", "dtype": "float64"}),
    "Keras 3, by position": (((2, 3), "ones", "float64"), {"name": "w"}),
    "Keras 2, by position": (("w", (2, 3), "float64", "ones"), {}),
    "Keras 2, mixed": (("w",), {"shape": [2, 3], "initializer": "ones", "dtype": np.float64}),
    "ours": (("w", (2, 3), "ones"), {"dtype": "float64"}),
    "NumPy lengths": (("w", np.array([2, 3])), {"initializer": lambda shape, dtype: np.ones(shape), "dtype": "float64"}),
}


@pytest.mark.parametrize(("args", "kwargs"), ORDERS.values(), ids=ORDERS)
def test_add_weight_understands_the_orders_of_all_versions(args, kwargs):
    """LAY-01."""
    weight = Layer(name="l").add_weight(*args, **kwargs)
    assert (weight.path, weight.shape, weight.dtype) == ("l/w", (2, 3), "float64") and (weight.array == 1).all()


def test_a_weight_knows_its_regularizer_and_its_constraint():
    """LAY-01, REG-05, CON-05."""
    weight = Layer().add_weight("w", (2,), "ones", regularizer="l2", constraint="max_norm")
    assert weight.regularizer(weight).item() == pytest.approx(0.02) and weight.constraint.max_value == 2
    plain = Layer().add_weight("w", (2,))
    assert plain.regularizer is None is plain.constraint


def test_names_of_weights_are_never_the_same_in_one_layer():
    """LAY-01."""
    layer = Layer(name="l")
    made = [layer.add_weight(shape=(1,)), layer.add_weight(shape=(1,)), layer.add_weight("w", (1,)), layer.add_weight("w", (1,))]
    assert [w.path for w in made] == ["l/weight", "l/weight_2", "l/w", "l/w_2"]


def test_whole_numbers_are_weights_that_are_not_trained():
    """LAY-01."""
    weight = Layer().add_weight("steps", (), "zeros", dtype="int64")
    assert weight.dtype == "int64" and not weight.trainable and not weight.requires_grad


@pytest.mark.parametrize("shape", [5, (None, 2), (2.5,), (-1,), "23"], ids=repr)
def test_a_weight_without_known_lengths_is_refused(shape):
    """LAY-01, PKG-15."""
    with pytest.raises(ValueError, match="expects"):
        Layer().add_weight(name="w", shape=shape)


def test_a_build_that_fails_leaves_nothing_behind():
    """LAY-05: weights that the constructor made stay."""

    class Broken(Layer):
        def __init__(self):
            super().__init__()
            self.add_weight("early", (1,))

        def build(self, input_shape):
            self.add_weight("late", (1,))
            raise ValueError("no")

        def call(self, x):
            return x

    layer = Broken()
    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            layer(X)
        assert [w.name for w in layer.weights] == ["early"] and not layer.built


# Names --------------------------------------------------------------------------------------------


def test_names_can_be_counted_as_in_keras_3():
    """D4: the switch, and back."""
    backend.clear_session()
    backend.set_bare_first_names(True)
    try:
        assert [Dense(1).name, Dense(1).name, PReLU().name] == ["dense", "dense_1", "p_re_lu"]
    finally:
        backend.set_bare_first_names(False)
        backend.clear_session()
    assert Dense(1).name == "dense_1"


def test_a_layer_that_comes_from_a_config_gives_way_to_another_of_its_name():
    """D5: its name was counted, not chosen; one that was chosen stays an error."""
    for name, chosen in (("dense_77", False), ("mine", True)):
        first = Dense(2, name=name)
        second = Dense.from_config(first.get_config())
        if chosen:
            with pytest.raises(ValueError, match="different names"):
                Sequential([first, second])
        else:
            assert len({layer.name for layer in Sequential([first, second]).layers}) == 2


def test_a_copy_of_a_composite_shares_its_parts_as_the_original_does():
    block = Block(name="block")
    block(X)
    other = copy.deepcopy(block)
    assert [w.path for w in other.weights] == [w.path for w in block.weights]
    other.second.set_weights([np.zeros((2, 3)), np.zeros(3)])
    assert block.second.get_weights()[0].any()


def test_a_config_that_lacks_an_argument_is_told_when_it_is_written():
    """LAY-12."""

    class Odd(Layer):
        def __init__(self, width, **kwargs):
            super().__init__(**kwargs)
            self.w = width

    with pytest.raises(NotImplementedError, match=r"Odd expects an attribute for each argument.*'width'"):
        Odd(3).get_config()


def test_several_inputs_go_in_as_list_tuple_or_dict():
    """LAY-15: the layer sees the structure, with Tensors of its dtype in it."""
    seen = []

    class Look(Layer):
        def call(self, x):
            seen.append(x)
            return x["a"] if isinstance(x, dict) else x[0]

    a, b = np.ones((2, 3)), Tensor(np.ones((2, 1), "float32"))
    for given in ([a, b], (a, b), {"a": a, "b": b}):
        layer = Look()
        assert layer(given).shape == (2, 3)
        parts = list(seen[-1].values()) if isinstance(given, dict) else seen[-1]
        assert type(seen[-1]) is type(given) and [x.dtype for x in parts] == ["float32"] * 2 and parts[1] is b
    assert Look()([a, b]).shape == (2, 3)
    assert Dropout(0.5)([[1.0, 2.0]]).shape == (1, 2)


def test_shapes_of_several_inputs_are_lists_of_shapes():
    """LAY-01."""
    shapes = []

    class Look(Layer):
        def build(self, input_shape):
            shapes.append(input_shape)

        def call(self, x):
            return x[0]

    layer = Look()
    layer([np.ones((2, 3)), np.ones((2, 1))])
    assert shapes == [[(None, 3), (None, 1)]] == [layer.input_shape] and layer.output_shape == (None, 3)


def test_lengths_that_may_be_any_stay_open_in_the_output():
    """LAY-14: found by two calls on zeros of different lengths."""

    class Widen(Layer):
        def call(self, x):
            return x.sum(axis=2, keepdims=True).swapaxes(1, 2) * np.ones((4, 1), "float32")

    assert Widen().compute_output_shape((None, None, 3)) == (None, 4, None)
    assert Widen().compute_output_shape((None, 5, 3)) == (None, 4, 5)


def test_parts_that_come_after_freezing_are_frozen_with_the_whole():
    """LAY-09, REGL-07: assigned, put into a list, or made in build; a normalization among them infers."""

    class Late(Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.first, self.others = BatchNormalization(), []
            self.others.append(BatchNormalization())

        def build(self, input_shape):
            self.last = BatchNormalization()

        def call(self, x):
            return self.last(self.others[0](self.first(x)))

    layer = Late(trainable=False)
    assert not layer.first.trainable
    np.testing.assert_allclose(layer(X * 5, training=True), 5 / 1.001**1.5, rtol=1e-6)
    assert [part.trainable for part in layer.all_layers] == [False] * 4
    layer.trainable = True
    assert len(layer.trainable_weights) == 6


def test_a_deep_copy_has_the_regularizer_and_the_constraint_of_its_own_settings():
    """LAY-12: changing those of the copy changes nothing in the original, and the weight follows."""
    layer = Dense(2, kernel_regularizer="l2", kernel_constraint="max_norm")
    layer(X)
    other = copy.deepcopy(layer)
    assert other.kernel.regularizer is other.kernel_regularizer is not layer.kernel_regularizer
    assert other.kernel.constraint is other.kernel_constraint
    other.kernel_regularizer.l2 = 0.0
    assert other.losses[0].item() == 0.0 < layer.losses[0].item()


@pytest.mark.parametrize("again", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))], ids=["deepcopy", "pickle"])
def test_what_is_shared_in_a_layer_is_shared_in_its_copy(again):
    """LAY-12: a part and a weight of two names, penalties, paths, frozen weights, and the random numbers that come next."""
    layer = Shared(name="shared")
    layer(X, training=True)
    other = again(layer)
    assert other.first is other.again is other.listed[0] and other.weight is other.same
    assert [(w.path, w.trainable) for w in other.weights] == [(w.path, w.trainable) for w in layer.weights]
    assert [w.regularizer and w.regularizer.get_config() for w in other.weights] == [None, {"l1": 0.5}, None]
    assert [loss.item() for loss in other.losses] == [loss.item() for loss in layer.losses] and len(layer.losses) == 1
    for _ in range(2):
        np.testing.assert_array_equal(layer(X, training=True), other(X, training=True))


class Shared(Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.first = self.again = Dense(2, kernel_regularizer=L1(0.5))
        self.listed, self.dropout = [self.first], Dropout(0.5)
        self.weight = self.same = self.add_weight("scale", (2,), "ones", trainable=False)

    def call(self, x):
        return self.dropout(self.first(x) + self.again(x)) * self.weight


def test_asking_for_a_shape_moves_nothing_on():
    """LAY-14: the zeros that it is found with are no data: no state counts them, no random number is spent on them."""

    class Counting(Dropout):
        def build(self, input_shape):
            self.calls = self.add_weight("calls", (), "zeros", trainable=False)

        def call(self, x):
            self.calls.assign(self.calls + 1)
            return super().call(x, training=True) * 1.0

        compute_output_shape = Layer.compute_output_shape

    layer = Counting(0.5, seed=1)
    layer.build((None, 2))
    assert layer.compute_output_shape((None, None)) == (None, None)
    assert layer.calls.array == 0 and layer.seed_generator.counter == 0


def test_training_reaches_every_part_of_nested_and_subclassed_layers():
    """LAY-03: in attributes, lists and dicts, through layers that do not speak of it, from fit, calls and the phase."""
    told = {}

    class Listening(Layer):
        def call(self, x, training=None):
            told[self.name] = training
            return x

    class Deaf(Layer):
        def __init__(self):
            super().__init__()
            self.listed, self.named = [Listening(name="listed")], {"key": Listening(name="named")}

        def call(self, x):
            return self.named["key"](self.listed[0](x))

    class Net(Model):
        def __init__(self):
            super().__init__()
            self.deaf, self.rest = Deaf(), Sequential([Listening(name="inner"), Dense(1)])
            self.told, self.lost = Listening(name="told"), Listening(name="overruled")

        def call(self, x):
            return self.rest(self.overrule(self.told(self.deaf(x))))

        def overrule(self, x):
            return self.lost(x, training=False)

    def heard(run):
        told.clear()
        run()
        assert told.pop("overruled") is False and len(told) == 4
        (answer,) = set(told.values())
        return answer

    net, y = Net(), np.zeros(4)
    net.compile("sgd", "mse")
    assert heard(lambda: net.fit(X, y, verbose=0)) is True
    assert heard(lambda: net.fit(X, y, validation_data=(X, y), verbose=0)) is False  # what was heard last
    for run in (lambda: net.evaluate(X, y, verbose=0), lambda: net.predict(X, verbose=0), lambda: net(X)):
        assert heard(run) is False
        with backend.learning_phase_scope(1):
            assert heard(run) is True
    assert heard(lambda: net(X, training=True)) is True
    with backend.learning_phase_scope(1):
        assert heard(lambda: net(X, training=False)) is False
