"""Models in files: what is loaded predicts the same and trains on the same way; what does not fit is told layer by layer."""

import json
import os
import pathlib
import stat
import subprocess
import sys
import textwrap

import numpy as np
import pytest

import tinygrad_edu as keras
from tinygrad_edu import Model, Sequential, layers, losses, metrics, optimizers
from tinygrad_edu.models import load_model, model_from_json, save_model
from tinygrad_edu.random import SeedGenerator
from tinygrad_edu.registry import custom_object_scope, register_keras_serializable
from tinygrad_edu.saving import ModelFormatError, read, write
from tinygrad_edu.saving.description import MOST_OBJECTS

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(40, 3)), RNG.normal(size=40)


def small(**options):
    """A model with weights of every sort: trained, not trained, random, penalized."""
    model = Sequential(
        [
            layers.Dense(4, activation="relu", kernel_regularizer="l2", input_shape=(3,)),
            layers.BatchNormalization(),
            layers.Dropout(0.4),
            layers.Dense(1, bias_constraint="max_norm"),
        ]
    )
    model.compile(**{"optimizer": "adam", "loss": "mse", "metrics": ["mae"], **options})
    return model


def trained(**options):
    model = small(**options)
    model.fit(X, Y, epochs=2, verbose=0)
    return model


def go_on(model):
    """Two epochs more, from one seed: what comes of them."""
    np.random.seed(5)
    history = model.fit(X, Y, epochs=2, verbose=0).history
    return history, model.get_weights(), model.optimizer.get_weights()


def assert_twins(a, b):
    """Two models predict and train on bit for bit alike."""
    np.testing.assert_array_equal(a.predict(X), b.predict(X))
    assert a.evaluate(X, Y, verbose=0) == b.evaluate(X, Y, verbose=0)
    (history, weights, slots), (other_history, other_weights, other_slots) = go_on(a), go_on(b)
    assert history == other_history
    for one, other in zip([*weights, *slots], [*other_weights, *other_slots], strict=True):
        np.testing.assert_array_equal(one, other)


# Whole models ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["model.h5", "model.keras", "model", "model.weights.backup", ".hidden", "mödel 1.txt"])
def test_any_name_of_a_file_will_do(tmp_path, name):
    """SAV-01 to SAV-04, D13."""
    model = trained()
    model.save(tmp_path / name)
    assert_twins(model, load_model(tmp_path / name))


@pytest.mark.parametrize(
    "optimizer",
    [
        optimizers.SGD(0.05, momentum=0.9, nesterov=True),
        optimizers.SGD(lr=0.1, decay=0.5),
        optimizers.RMSprop(centered=True, momentum=0.5),
        optimizers.Adam(optimizers.schedules.ExponentialDecay(0.01, 3, 0.5), amsgrad=True, clipnorm=0.1),
        optimizers.AdamW(use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=3),
        optimizers.Nadam(gradient_accumulation_steps=3),
        optimizers.Ftrl(),
        "adagrad",
    ],
    ids=lambda optimizer: optimizer if isinstance(optimizer, str) else type(optimizer).__name__,
)
def test_training_goes_on_as_if_it_had_not_been_interrupted(tmp_path, optimizer):
    """SAV-08: slots, iterations, moving averages and the numbers of Dropout."""
    model = trained(optimizer=optimizer)
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert again.optimizer.iterations == model.optimizer.iterations > 0
    assert_twins(model, again)


@pytest.mark.parametrize("dtype", ["float64", "float16"])
def test_every_float_type_comes_back(tmp_path, dtype):
    model = Sequential([layers.Dense(2, input_dim=3, dtype=dtype), layers.Dense(1, dtype=dtype)])
    model.compile("sgd", "mse")
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert {weight.dtype for weight in again.weights} == {np.dtype(dtype)}
    np.testing.assert_array_equal(model.predict(X), again.predict(X))


def test_a_model_that_was_changed_after_compile_is_saved_as_it_is_now(tmp_path):
    model = trained()
    model.optimizer.learning_rate = 0.25
    model.layers[0].trainable = False
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert float(again.optimizer.learning_rate) == 0.25
    assert [layer.trainable for layer in again.layers] == [False, True, True, True]
    assert [w.path for w in again.trainable_weights] == [w.path for w in model.trainable_weights]
    with pytest.warns(UserWarning, match="compile"):
        go_on(model)
    go_on(again)
    np.testing.assert_array_equal(model.predict(X), again.predict(X))


def test_a_frozen_layer_that_is_thawed_after_loading_gets_its_slots(tmp_path):
    model = small()
    model.layers[0].trainable = False
    model.compile("adam", "mse")
    model.fit(X, Y, epochs=1, verbose=0)
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    again.layers[0].trainable = True
    again.compile("adam", "mse")
    again.fit(X, Y, epochs=1, verbose=0)


def test_a_model_that_was_never_compiled_is_loaded_so(tmp_path):
    model = Sequential([layers.Dense(1, input_dim=3)])
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    np.testing.assert_array_equal(model.predict(X), again.predict(X))
    with pytest.raises(RuntimeError, match="compile"):
        again.fit(X, Y)


@pytest.mark.parametrize("where", ["save", "load"])
def test_the_optimizer_may_be_left_out(tmp_path, where):
    """SAV-01, SAV-04."""
    model = trained()
    model.save(tmp_path / "model", include_optimizer=where != "save")
    again = load_model(tmp_path / "model", compile=where != "load")
    np.testing.assert_array_equal(model.predict(X), again.predict(X))
    with pytest.raises(RuntimeError, match="compile"):
        again.fit(X, Y)


def test_a_model_without_weights_yet_is_loaded_without(tmp_path):
    model = Sequential([layers.Dense(2), layers.Dense(1)])
    model.compile("sgd", "mse")
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert not again.built
    assert again.predict(X).shape == (40, 1)


def test_a_model_built_by_its_data_is_built_when_it_is_loaded(tmp_path):
    model = Sequential([layers.Dense(2), layers.Dense(1)])
    expected = model.predict(X)
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert again.input_shape == (None, 3)
    np.testing.assert_array_equal(again.predict(X), expected)


def test_models_in_models(tmp_path):
    """Two inner layers of one name do not get each other's weights."""
    inner = [Sequential([layers.Dense(3, name="same", activation="tanh")]) for _ in range(2)]
    model = Sequential([*inner, layers.Dense(1)])
    model.compile("adam", "mse")
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "model")
    assert_twins(model, load_model(tmp_path / "model"))


def test_what_was_one_generator_is_one_again(tmp_path):
    shared = SeedGenerator(3)
    model = Sequential([layers.Dense(8, input_dim=3), layers.Dropout(0.5, seed=shared), layers.Dropout(0.5, seed=shared)])
    model.compile("sgd", "mse")
    model.fit(X, RNG.normal(size=(40, 8)), verbose=0)
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model")
    assert again.layers[1].seed_generator is again.layers[2].seed_generator
    for _ in range(2):
        np.testing.assert_array_equal(model(X, training=True).numpy(), again(X, training=True).numpy())


def test_loading_draws_no_weights_from_the_global_generator(tmp_path):
    model = Sequential([layers.Dense(4, input_dim=3)])
    model.save(tmp_path / "model")
    np.random.seed(1)
    expected = np.random.random()
    np.random.seed(1)
    load_model(tmp_path / "model")
    assert np.random.random() == expected


def test_saved_twice_gives_the_same_bytes(tmp_path):
    model = trained()
    model.save(tmp_path / "one")
    save_model(load_model(tmp_path / "one"), tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_another_process_loads_it(tmp_path):
    model = trained()
    model.save(tmp_path / "model.h5")
    np.save(tmp_path / "x.npy", X)
    code = """
        import sys
        import numpy as np
        from tinygrad_edu.models import load_model
        np.save(sys.argv[2], load_model(sys.argv[1]).predict(np.load(sys.argv[3])))
    """
    paths = [str(tmp_path / name) for name in ("model.h5", "out.npy", "x.npy")]
    subprocess.run([sys.executable, "-c", textwrap.dedent(code), *paths], check=True)
    np.testing.assert_array_equal(np.load(tmp_path / "out.npy"), model.predict(X))


def test_any_reader_of_the_layout_finds_the_weights_by_name(tmp_path):
    model = trained()
    model.save(tmp_path / "model")
    arrays, _ = read(tmp_path / "model")
    first = model.layers[0]
    np.testing.assert_array_equal(arrays[f"{first.name}/kernel"], first.kernel.numpy())
    assert f"optimizer:{first.name}/kernel/m" in arrays and "optimizer:iterations" in arrays


# Names -------------------------------------------------------------------------------------------


def test_names_are_kept_and_those_that_were_counted_give_way(tmp_path):
    """D5: a loaded model and new layers are one model without a quarrel over dense_1."""
    keras.backend.clear_session()
    model = Sequential([layers.Dense(3, input_dim=3), layers.Dense(3, name="mine")])
    model.save(tmp_path / "model")
    keras.backend.clear_session()
    again, once_more = load_model(tmp_path / "model"), load_model(tmp_path / "model")
    assert [layer.name for layer in again.layers] == ["dense_1", "mine"]
    again.add(layers.Dense(1))
    assert len({layer.name for layer in again.layers}) == 3
    both = Sequential([again.layers[0], once_more.layers[0]])
    assert len({layer.name for layer in both.layers}) == 2
    with pytest.raises(ValueError, match="a second 'mine'"):
        Sequential([again.layers[1], once_more.layers[1]])


# Losses, metrics, custom objects -----------------------------------------------------------------


@pytest.mark.parametrize(
    "options",
    [
        {"loss": losses.Huber(delta=0.5)},
        {"loss": "mean_absolute_error", "metrics": [metrics.RootMeanSquaredError(name="rmse"), "mse"]},
        {"loss": losses.MeanSquaredError(reduction="sum"), "metrics": "mae"},
        {"loss": losses.mean_squared_error, "metrics": [metrics.MeanAbsoluteError]},
        {"loss": losses.LogCosh, "metrics": None},
    ],
)
def test_losses_and_metrics_come_back_in_every_spelling(tmp_path, options):
    """SAV-04."""
    model = trained(**options)
    model.save(tmp_path / "model.h5")
    assert_twins(model, load_model(tmp_path / "model.h5"))


class MCDropout(layers.Dropout):
    """Dropout that never stops."""

    def call(self, x):
        return super().call(x, training=True)


def my_loss(y_true, y_pred):
    return abs(y_true - y_pred) ** 1.5


def my_metric(y_true, y_pred):
    return abs(y_true - y_pred)


def my_activation(x):
    return x * 0.5


def custom_model():
    model = Sequential([layers.Dense(4, activation=my_activation, input_dim=3), MCDropout(0.5, seed=1), layers.Dense(1)])
    model.compile("sgd", my_loss, metrics=[my_metric])
    model.fit(X, Y, verbose=0)
    return model


CUSTOM = {"MCDropout": MCDropout, "my_loss": my_loss, "my_metric": my_metric, "my_activation": my_activation}


@pytest.mark.parametrize("way", ["argument", "scope", "model_from_json"])
def test_custom_objects_are_found_where_they_are_offered(tmp_path, way):
    """SAV-07."""
    model = custom_model()
    if way == "model_from_json":
        again = model_from_json(model.to_json(), CUSTOM)
        assert isinstance(again.layers[1], MCDropout)
        return
    model.save(tmp_path / "model")
    with custom_object_scope(CUSTOM if way == "scope" else {}):
        again = load_model(tmp_path / "model", CUSTOM if way == "argument" else None)
    assert isinstance(again.layers[1], MCDropout)
    assert list(go_on(again)[0]) == ["loss", "my_metric"] == list(go_on(model)[0])
    np.testing.assert_array_equal(model.predict(X), again.predict(X))


def test_registered_classes_are_found_without_being_offered(tmp_path, monkeypatch):
    """SAV-07."""
    from tinygrad_edu import registry

    monkeypatch.setattr(registry, "_registered", dict(registry._registered))

    @register_keras_serializable(package="mine")
    class Doubled(layers.Layer):
        def call(self, x):
            return 2 * x

    Sequential([Doubled(input_shape=(3,))]).save(tmp_path / "model")
    assert isinstance(load_model(tmp_path / "model").layers[0], Doubled)


@pytest.mark.parametrize("missing", list(CUSTOM))
def test_what_is_not_offered_is_named_with_the_line_to_add(tmp_path, missing):
    """SAV-07."""
    custom_model().save(tmp_path / "model")
    offered = {name: thing for name, thing in CUSTOM.items() if name != missing}
    with pytest.raises(ModelFormatError) as caught:
        load_model(tmp_path / "model", offered)
    assert f"load_model({str(tmp_path / 'model')!r}, custom_objects={{{missing!r}: {missing}}})" in str(caught.value)
    assert "@register_keras_serializable()" in str(caught.value)


def test_a_custom_object_cannot_take_the_place_of_ours(tmp_path):
    class Dense(layers.Layer):
        def call(self, x):
            return x

    Sequential([layers.Dense(1, input_dim=3)]).save(tmp_path / "model")
    assert type(load_model(tmp_path / "model", {"Dense": Dense}).layers[0]) is layers.Dense
    with pytest.raises(ValueError, match="another name for the class of Dense"):
        Sequential([Dense(input_shape=(3,))]).to_json()


@pytest.mark.parametrize(
    ("model", "hint"),
    [
        (lambda: Sequential([layers.Lambda(lambda x: x, input_shape=(3,))]), "Define it with def"),
        (lambda: Sequential([layers.Dense(1, activation=lambda x: x, input_dim=3)]), "Define it with def"),
    ],
)
def test_a_lambda_refuses_to_be_saved_and_the_older_file_stays(tmp_path, model, hint):
    """ACT-02."""
    (tmp_path / "model").write_bytes(b"older")
    with pytest.raises(TypeError, match=hint):
        model().save(tmp_path / "model")
    assert (tmp_path / "model").read_bytes() == b"older"


def test_a_lambda_as_a_loss_can_be_left_out(tmp_path):
    model = small(loss=lambda y_true, y_pred: (y_true - y_pred) ** 2)
    with pytest.raises(TypeError, match="Define it with def") as caught:
        model.save(tmp_path / "model")
    assert "include_optimizer=False" in caught.value.__notes__[0]
    model.save(tmp_path / "model", include_optimizer=False)
    load_model(tmp_path / "model")


# Subclasses --------------------------------------------------------------------------------------


class Wide(Model):
    """A model written in Python, whose arguments are its attributes."""

    def __init__(self, units=5, activation="relu", **kwargs):
        super().__init__(**kwargs)
        self.units, self.activation = units, activation
        self.hidden = layers.Dense(units, activation=activation)
        self.out = layers.Dense(1)

    def call(self, x):
        return self.out(self.hidden(x))


class Secretive(Wide):
    """One that does not keep its argument."""

    def __init__(self, width):
        super().__init__()
        self.hidden = layers.Dense(2 * width)


def test_a_subclass_that_keeps_its_arguments_is_saved_whole(tmp_path):
    """SAV-06."""
    model = Wide(7, activation="tanh")
    model.compile("adam", "mse")
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "model")
    again = load_model(tmp_path / "model", {"Wide": Wide})
    assert (again.units, again.built) == (7, True)
    assert_twins(model, again)


def test_a_subclass_that_does_not_is_told_to_save_its_weights(tmp_path):
    """SAV-05, SAV-06."""
    model = Secretive(3)
    expected = model.predict(X)
    with pytest.raises(NotImplementedError, match=r"get_config .*save_weights\(path\)"):
        model.save(tmp_path / "model")
    model.save_weights(tmp_path / "weights.ckpt")
    other = Secretive(3)
    other.load_weights(tmp_path / "weights.ckpt")  # knows its inputs from the file
    np.testing.assert_array_equal(other.predict(X), expected)


# Weights -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["save", "save_weights"])
def test_weights_come_out_of_both_kinds_of_files(tmp_path, kind):
    """SAV-05."""
    model, other = trained(), small()
    getattr(model, kind)(tmp_path / "file")
    other.load_weights(tmp_path / "file")
    np.testing.assert_array_equal(model.predict(X), other.predict(X))


def test_weights_of_another_float_type_are_rounded(tmp_path):
    model = Sequential([layers.Dense(1, input_dim=3, dtype="float64")])
    model.save_weights(tmp_path / "file")
    other = Sequential([layers.Dense(1, input_dim=3)])
    other.load_weights(tmp_path / "file")
    np.testing.assert_array_equal(other.get_weights()[0], model.get_weights()[0].astype("float32"))


def test_weights_alone_are_no_model(tmp_path):
    small().save_weights(tmp_path / "file")
    with pytest.raises(ModelFormatError, match=r"weights only\. Build the model and call its load_weights"):
        load_model(tmp_path / "file")


def test_every_layer_that_does_not_fit_is_told(tmp_path):
    """SAV-05."""
    Sequential([layers.Dense(4, input_dim=3), layers.Dense(2), layers.Dense(1)]).save_weights(tmp_path / "file")
    other = Sequential([layers.Dense(5, input_dim=3, name="a"), layers.Dense(2, use_bias=False, name="b")])
    before = other.get_weights()
    with pytest.raises(ModelFormatError) as caught:
        other.load_weights(tmp_path / "file")
    told = str(caught.value)
    assert "a: kernel (3, 5) float32, and (3, 4) float32 in the file" in told
    assert "a: bias (5,) float32, and (4,) float32 in the file" in told
    assert "b: 1 weights (5, 2), and 2 (4, 2), (2,) in the file" in told
    assert ": only in the file" in told and "skip_mismatch=True" in told
    for one, other_one in zip(before, other.get_weights()):
        np.testing.assert_array_equal(one, other_one)


def test_layers_that_do_not_fit_may_be_skipped(tmp_path):
    """SAV-05."""
    model = Sequential([layers.Dense(4, input_dim=3), layers.Dense(2)])
    model.save_weights(tmp_path / "file")
    other = Sequential([layers.Dense(4, input_dim=3), layers.Dense(7)])
    kept = other.layers[1].get_weights()
    with pytest.warns(UserWarning, match=r"leaves layers as they are .*\n  dense_\d+: kernel \(4, 7\)"):
        other.load_weights(tmp_path / "file", skip_mismatch=True)
    np.testing.assert_array_equal(other.layers[0].kernel.numpy(), model.layers[0].kernel.numpy())
    np.testing.assert_array_equal(other.layers[1].kernel.numpy(), kept[0])


def test_layers_of_one_name_may_share_what_others_do_not(tmp_path):
    """SAV-05: transfer to a model with other layers beside."""
    model = Sequential([layers.Dense(4, input_dim=3, name="body"), layers.Dense(2, name="head")])
    model.save_weights(tmp_path / "file")
    other = Sequential([layers.Dense(3, input_dim=3, name="before"), layers.Dense(4, name="body"), layers.Dense(5, name="tail")])
    kept = other.get_weights()
    other.load_weights(tmp_path / "file", by_name=True)
    np.testing.assert_array_equal(other.get_layer("body").kernel.numpy(), model.get_layer("body").kernel.numpy())
    for n in (0, 1, 4, 5):
        np.testing.assert_array_equal(other.get_weights()[n], kept[n])
    misfit = Sequential([layers.Dense(5, input_dim=3, name="body")])
    with pytest.raises(ModelFormatError, match=r"body: kernel \(3, 5\)"):
        misfit.load_weights(tmp_path / "file", by_name=True)
    with pytest.warns(UserWarning, match="leaves layers"):
        misfit.load_weights(tmp_path / "file", by_name=True, skip_mismatch=True)


def test_a_model_without_weights_has_none_to_save(tmp_path):
    with pytest.raises(ValueError, match=r"expects weights before save_weights, got none\. Call it on data"):
        Sequential([layers.Dense(1)]).save_weights(tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


def test_a_model_without_weights_is_built_for_those_in_the_file(tmp_path):
    """SAV-05."""
    model = Sequential([layers.Dense(4, input_dim=3), layers.Dense(1)])
    model.save_weights(tmp_path / "file")
    other = Sequential([layers.Dense(4), layers.Dense(1)])
    other.load_weights(tmp_path / "file")
    np.testing.assert_array_equal(model.predict(X), other.predict(X))


def test_weights_that_are_no_numbers_are_loaded_with_a_warning(tmp_path):
    model = Sequential([layers.Dense(1, input_dim=3, name="sick")])
    model.layers[0].kernel.assign(np.full((3, 1), np.nan))
    model.save(tmp_path / "file")
    with pytest.warns(UserWarning, match="has nan or inf in sick/kernel") as caught:
        load_model(tmp_path / "file")
    assert caught[0].filename == __file__


# Structure as text -------------------------------------------------------------------------------


def test_a_structure_goes_through_json():
    """MOD-14."""
    model = small()
    again = model_from_json(model.to_json(indent=2))
    assert json.loads(again.to_json()) == json.loads(model.to_json())
    assert [w.shape for w in again.weights] == [w.shape for w in model.weights]
    assert not np.array_equal(again.get_weights()[0], model.get_weights()[0])


def test_a_stack_goes_through_its_config():
    """MOD-14."""
    model = Sequential([keras.Input(shape=(3,)), layers.Dense(2, name="mine"), layers.Dense(1)], name="stack")
    again = Sequential.from_config(model.get_config())
    assert again.get_config() == model.get_config()
    assert (again.name, again.layers[0].name, again.output_shape) == ("stack", "mine", (None, 1))
    assert again.layers[0] is not model.layers[0]


@pytest.mark.parametrize("text", ["", "[]", "null", "{", '{"class_name": "Dense", "config": {"units": 2}}', '{"a": 1, "a": 2}'])
def test_a_text_that_is_no_model_is_refused(text):
    with pytest.raises(ModelFormatError, match="the text' expects"):
        model_from_json(text)


# Files -------------------------------------------------------------------------------------------


def test_a_missing_file_is_named(tmp_path):
    """SAV-04."""
    with pytest.raises(FileNotFoundError, match=r"no_such\.h5"):
        load_model(tmp_path / "no_such.h5")
    with pytest.raises(FileNotFoundError, match=r"no_such\.h5"):
        small().load_weights(tmp_path / "no_such.h5")


@pytest.mark.parametrize("kind", ["save", "save_weights"])
def test_a_missing_folder_is_named(tmp_path, kind):
    """SAV-01."""
    with pytest.raises(FileNotFoundError, match=r"expects the folder .*no_such"):
        getattr(small(), kind)(tmp_path / "no_such" / "model")


@pytest.mark.parametrize("kind", ["save", "save_weights"])
def test_an_older_file_is_replaced_unless_that_is_forbidden(tmp_path, kind):
    """SAV-01."""
    path = tmp_path / "model"
    path.write_bytes(b"older")
    with pytest.raises(FileExistsError, match="overwrite=False"):
        getattr(small(), kind)(path, overwrite=False)
    assert path.read_bytes() == b"older"
    getattr(small(), kind)(path)
    getattr(small(), kind)(tmp_path / "another", overwrite=False)


@pytest.mark.parametrize("name", [None, 3, b"bytes", ["a"]])
def test_the_name_of_a_file_must_be_one(name):
    for call in (small().save, small().save_weights, small().load_weights, load_model):
        with pytest.raises(TypeError, match="expects the name of a file"):
            call(name)


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(OSError, match="got a folder"):
        small().save(tmp_path)
    with pytest.raises(ModelFormatError, match="regular file"):
        load_model(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_formats_of_keras_are_words_only(tmp_path):
    for name in ("h5", "keras", "tf"):
        small().save(tmp_path / name, save_format=name)
        load_model(tmp_path / name)
    with pytest.raises(ValueError, match="save_format out of"):
        small().save(tmp_path / "model", save_format="onnx")


def test_the_rights_of_an_older_file_are_kept(tmp_path):
    path = tmp_path / "model"
    path.write_bytes(b"")
    path.chmod(0o640)
    small().save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_path_may_be_a_str_or_a_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small().save("model")
    load_model(pathlib.Path("model"))
    assert os.listdir(tmp_path) == ["model"]


def test_a_model_of_too_many_layers_is_refused_when_it_is_saved(tmp_path):
    model = Sequential([layers.ReLU() for _ in range(MOST_OBJECTS + 1)])
    with pytest.raises(ValueError, match=f"at most {MOST_OBJECTS} layers"):
        model.save(tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


# Versions ----------------------------------------------------------------------------------------


def with_words(path, **words):
    arrays, older = read(path)
    write(path, arrays, {**older, **words})


def test_a_file_of_a_newer_version_is_a_warning(tmp_path):
    """SAV-10."""
    model = trained()
    model.save(tmp_path / "model")
    with_words(tmp_path / "model", version="99.1")
    with pytest.warns(UserWarning, match=r"was written by tinygrad_edu 99\.1, newer than this one") as caught:
        again = load_model(tmp_path / "model")
    assert caught[0].filename == __file__
    assert_twins(model, again)


@pytest.mark.parametrize("version", ["0.1.0", "0.0.9", "0"])
def test_a_file_of_this_or_an_older_version_is_none(tmp_path, version):
    """SAV-10."""
    small().save(tmp_path / "model")
    with_words(tmp_path / "model", version=version)
    load_model(tmp_path / "model")


@pytest.mark.parametrize("words", [{"version": "new"}, {"version": "-1"}, {"version": "9" * 5000}, {"format": "tinygrad_edu 2"}])
def test_another_format_is_refused(tmp_path, words):
    """SAV-10."""
    small().save(tmp_path / "model")
    with_words(tmp_path / "model", **words)
    with pytest.raises(ModelFormatError, match=r"expects (a version|the format)"):
        load_model(tmp_path / "model")
