"""Networks in files: several inputs and outputs, shared layers, nested models, ops; and files that lie about a network."""

import json
import time

import numpy as np
import pytest

from tinygrad_edu import Model, Sequential, callbacks, layers, losses, metrics, ops
from tinygrad_edu.layers import Concatenate, Dense, Input
from tinygrad_edu.models import load_model, model_from_json
from tinygrad_edu.saving import ModelFormatError, read, write

RNG = np.random.default_rng(0)
X, OTHER, Y = RNG.normal(size=(20, 3)), RNG.normal(size=(20, 2)), RNG.normal(size=20)


def wide_and_deep():
    """Two inputs, two outputs, a layer called twice, a model inside, and ops."""
    a, b = Input((3,), name="a"), Input((2,), name="b")
    shared = Dense(4, activation="relu", name="shared")
    inner = Sequential([Dense(4, input_dim=4), layers.Dropout(0.3), Dense(2)], name="inner")
    joined = Concatenate()([inner(shared(a)), shared(Concatenate()([b, b[:, :1] * 2.0]))])
    return Model([a, b], [Dense(1, name="main")(joined), Dense(2, name="aux")(joined)])


def simple():
    x = Input((3,), name="x")
    return Model(x, Dense(1, name="out")(ops.tanh(Dense(4, name="hidden")(x))))


def outputs(model):
    return [part.numpy() for part in model([X, OTHER])]


def test_a_network_comes_back_from_its_file(tmp_path):
    """SAV-04, SAV-08."""
    model = wide_and_deep()
    model.save(tmp_path / "model.h5")
    again = load_model(tmp_path / "model.h5")
    for one, other in zip(outputs(model), outputs(again), strict=True):
        np.testing.assert_array_equal(one, other)
    assert (again.input_names, again.output_names) == (["a", "b"], ["main", "aux"])
    assert [w.path for w in again.weights] == [w.path for w in model.weights]
    assert json.loads(again.to_json()) == json.loads(model.to_json())


def test_a_network_trains_on_as_if_it_had_not_been_interrupted(tmp_path):
    """SAV-08."""
    model = simple()
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(X, Y, epochs=2, verbose=0)
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    histories = []
    for one in (model, again):
        np.random.seed(3)
        histories.append(one.fit(X, Y, epochs=2, verbose=0).history)
    assert histories[0] == histories[1]
    np.testing.assert_array_equal(model.predict(X), again.predict(X))


def two_d_loss(y_true, y_pred):
    return ops.mean(abs(y_true - y_pred) ** 1.5, axis=-1)


@pytest.mark.parametrize(
    "settings",
    [
        {"loss": "mse", "metrics": ["mae"]},
        {"loss": ["mse", losses.Huber()], "loss_weights": [0.9, 0.1], "metrics": [["mae"], ["mse"]]},
        {"loss": {"main": "mse", "aux": two_d_loss}, "metrics": {"aux": [metrics.MeanSquaredError()]}},
        {"loss": {"main": "mse", "aux": "mae"}, "loss_weights": {"main": 2.0}},
        {"loss": ["mse", "mae"], "weighted_metrics": {"main": "mae"}, "steps_per_execution": 3},
    ],
)  # fmt: skip
def test_what_a_network_was_compiled_with_comes_back_in_every_form(tmp_path, settings):
    """SAV-04, COMP-02, COMP-03."""
    model = wide_and_deep()
    model.compile("adam", **settings)
    data = [X, OTHER], [Y, RNG.normal(size=(20, 2))]
    model.fit(*data, epochs=2, verbose=0)
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model", {"two_d_loss": two_d_loss})
    assert model.evaluate(*data, verbose=0, return_dict=True) == again.evaluate(*data, verbose=0, return_dict=True)
    histories = []
    for one in (model, again):
        np.random.seed(3)
        histories.append(one.fit(*data, epochs=2, verbose=0).history)
    assert histories[0] == histories[1]
    assert again.steps_per_execution == model.steps_per_execution


def test_checkpoints_of_a_training_are_whole_models(tmp_path):
    """CB-07, SAV-04."""
    model = simple()
    model.compile("adam", "mse")
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[callbacks.ModelCheckpoint(str(tmp_path / "at_{epoch}.h5"))])
    assert load_model(tmp_path / "at_1.h5").optimizer.iterations == 1
    np.testing.assert_array_equal(load_model(tmp_path / "at_2.h5").predict(X), model.predict(X))


def test_weights_of_a_network_move_by_order_and_by_name(tmp_path):
    """SAV-05."""
    model, other = wide_and_deep(), wide_and_deep()
    model.save_weights(tmp_path / "weights")
    for by_name in (False, True):
        other.load_weights(tmp_path / "weights", by_name=by_name)
        np.testing.assert_array_equal(other.get_layer("shared").kernel.numpy(), model.get_layer("shared").kernel.numpy())
    assert len({w.path for w in model.weights}) == len(model.weights)


def test_a_network_goes_through_json():
    """MOD-14."""
    model = wide_and_deep()
    again = model_from_json(model.to_json())
    assert [part.shape for part in outputs(again)] == [(20, 1), (20, 2)]


# Lies --------------------------------------------------------------------------------------------


def grown(op, **changes):
    """The description of a network of one op, with other numbers."""
    x = Input((3,), name="x")
    text = Model(x, op(x)).to_json()
    for old, new in changes.items():
        text = text.replace(*{"axis": ("[null, 3]", f"[null, {new}]"), "two": ("2", str(new))}[old])
    return json.loads(text)


def changed(**config):
    description = json.loads(simple().to_json())
    description["config"].update(config)
    return description


SIMPLE = json.loads(simple().to_json())["config"]
CALLS = SIMPLE["calls"]
LIES = {
    "an op that repeats too often": grown(lambda x: ops.repeat(x, 2, axis=1), two=10**9),
    "an op of all pairs": grown(lambda x: ops.matmul(x[:, :, None], x[:, None, :]), axis=300_000),
    "an op that broadcasts": grown(lambda x: x[:, :, None] + x[:, None, :], axis=300_000),
    "an op on too long rows": grown(ops.tanh, axis=10**12),
    "an unknown op": changed(
        layers=[{"class_name": "Operation", "config": {"op": "os.system", "constants": {}, "params": {}, "name": "x"}}]
    ),
    "no calls": changed(calls=[]),
    "calls that are a number": changed(calls=3),
    "a call that is missing": changed(calls=CALLS[:-1]),
    "the calls backwards": changed(calls=CALLS[::-1]),
    "a call of no layer": changed(calls=[*CALLS, {"layer": "no", "arguments": CALLS[-1]["arguments"]}]),
    "a layer that calls itself": changed(calls=[CALLS[0], {**CALLS[1], "arguments": CALLS[-1]["arguments"]}, *CALLS[2:]]),
    "no layers": changed(layers=[]),
    "no inputs": changed(inputs=[]),
    "an input that there is not": changed(inputs={"symbol": [99, 0]}),
    "an output that there is not": changed(outputs={"symbol": [0, 99]}),
    "an output that is a word": changed(outputs="x"),
    "lists in lists": changed(inputs=json.loads("[" * 200 + "]" * 200)),
}


def test_a_network_that_is_not_changed_is_no_lie(tmp_path):
    simple().save(tmp_path / "model")
    arrays, words = read(tmp_path / "model")
    write(tmp_path / "other", arrays, {**words, "model": json.dumps(changed())})
    load_model(tmp_path / "other")


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_about_a_network_is_one_error_within_a_second(tmp_path, lie):
    simple().save(tmp_path / "model")
    arrays, words = read(tmp_path / "model")
    write(tmp_path / "model", arrays, {**words, "model": json.dumps(LIES[lie])})
    began = time.process_time()
    with pytest.raises(ModelFormatError, match="expects"):
        load_model(tmp_path / "model")
    assert time.process_time() - began < 1.0
