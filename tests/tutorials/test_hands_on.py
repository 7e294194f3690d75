"""The third tutorial, notes on two chapters of Géron's "Hands-on machine learning": pictures of clothes, prices of houses."""

import re
from pathlib import Path

import numpy as np
import pytest

import tinygrad_edu as keras

EPOCH = re.compile(r"(\d+)/\1 - \d+s \d+[mu]s/step - loss: \S+ - accuracy: \S+ - val_loss: \S+ - val_accuracy: \S+")


@pytest.fixture
def clothes_book(notebook, clothes):
    """Pictures loaded and split."""
    book = notebook("fashion_mnist")
    assert book.run("versions", "imports", "load", "split", "class names") == ""
    return book


@pytest.fixture
def houses_book(notebook, districts):
    """Districts loaded, split and scaled."""
    book = notebook("california_housing")
    assert book.run("load", "added: imports, and the scaled columns, which the text goes on without") == ""
    return book


@pytest.fixture
def houses(houses_book):
    """Names of the scaled columns, for scripts that go on with them."""
    names = ["X_train", "X_valid", "X_test", "y_train", "y_valid", "y_test", "X_train_scaled", "X_valid_scaled", "X_test_scaled"]
    return {name: houses_book[name] for name in names} | {"X_new": houses_book["X_test"][:3]}


# Ten kinds of clothes ---------------------------------------------------------------------------------


def test_clothes_are_classified(clothes_book, clothes, curves):
    """SCR-06: a sixth of the training pictures, two epochs; whole in benchmarks/tutorials.py."""
    book = clothes_book
    printed = book.run("model", "model as a list", "compile", "summary")
    assert "Total params: 266,610\n" in printed and "flatten_2 (Flatten)          (None, 784)               0\n" in printed
    printed = book.run("fit", epochs=2).splitlines()
    assert printed[::2] == ["Epoch 1/2", "Epoch 2/2"] and all(EPOCH.fullmatch(line) for line in printed[1::2])
    book.run("added: imports for the plot", "plot")
    assert set(curves()) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    book.run("evaluate", "added: new instances", "predict")
    if clothes:
        assert 0.70 < book["history"].history["val_accuracy"][-1] < 0.85
        assert book["model"].predict(book["X_new"], verbose=0).argmax(axis=1).tolist() == [9, 2, 1]


def test_layers_and_weights_are_looked_up(notebook):
    """SCR-06: by number, and by the name that a summary shows."""
    book = notebook("fashion_mnist")
    book.run("imports", "model")
    layers, first, second = book.run("layers").splitlines()
    assert layers.count("Dense") == 3 and "Flatten" in layers
    assert (first, second) == ("dense_2", "dense_3")
    book.run("added: hidden1", "weights")
    assert book["weights"].shape == (784, 300) and not book["biases"].any()


# Prices of houses -------------------------------------------------------------------------------------


def test_prices_are_foretold(houses_book, districts):
    """SCR-07: reference 0.3527 on one split, 0.3358 to 0.4334 over four."""
    book = houses_book
    book.run("sequential", epochs=None if districts else 3)
    assert book["y_pred"].shape == (3, 1)
    if districts:
        assert 0.33 < book["mse_test"] < 0.44


def test_a_wide_and_deep_network_has_two_ways_through(houses_book, districts):
    """SCR-08: reference 0.4183 at the rate 0.001, 0.3978 to 0.4234, one split."""
    book = houses_book
    book.run("wide and deep")
    book["model"].summary()
    assert book["concat"].shape == (None, 38) and book["model"].count_params() == 270 + 930 + 39
    book.run("added: training of the wide and deep network", epochs=5)
    assert np.isfinite(book["mse_test"])


def test_a_network_has_two_inputs(houses_book, districts):
    """SCR-08: reference 0.3470, 0.3418 to 0.3544, one split, twenty epochs."""
    book = houses_book
    book.run("wide and deep", "two inputs", "added: columns of the two inputs", "added: training with two inputs", epochs=5)
    assert book["y_pred"].shape == (3, 1)
    assert book["mse_test"] < (0.5 if districts else 1.0)


def test_a_network_has_two_outputs_and_a_loss_for_each(houses_book, districts):
    """SCR-08: reference 0.3627 in all, 0.3548 to 0.3641, one split, twenty epochs."""
    book = houses_book
    book.run("two inputs", "added: columns of the two inputs", "two outputs")
    printed = book.run("two outputs trained", epochs=3)
    assert "loss" in printed.splitlines()[1]
    assert book["total_loss"] == pytest.approx(0.9 * book["main_loss"] + 0.1 * book["aux_loss"], rel=1e-5)
    assert book["y_pred_main"].shape == book["y_pred_aux"].shape == (3, 1)
    assert book["total_loss"] < (0.6 if districts else 1.5)


def test_the_same_network_is_written_as_a_class(houses_book, districts):
    """SCR-09."""
    book = houses_book
    book.run("subclass", "added: columns of the two inputs")
    printed = book.run("two outputs trained", epochs=3)
    assert printed.startswith("Epoch 1/3\n")
    assert book["total_loss"] == pytest.approx(0.9 * book["main_loss"] + 0.1 * book["aux_loss"], rel=1e-5)
    assert book["model"].count_params() == 7 * 30 + 31 * 30 + 36 + 31
    assert book["total_loss"] < (0.6 if districts else 1.5)


# Files and callbacks ----------------------------------------------------------------------------------


@pytest.fixture
def saving_book(notebook, houses):
    book = notebook("saving_and_callbacks", **houses)
    book.run("added: imports and a network")
    return book


def test_a_model_comes_back_from_its_file(saving_book):
    """SCR-10: under the suffix that the tutorial gives it."""
    before = saving_book["model"]
    saving_book.run("save and load")
    after = saving_book["model"]
    x = saving_book["X_new"]
    assert after is not before
    np.testing.assert_array_equal(after.predict(x), before.predict(x))
    assert after.optimizer.get_config() == before.optimizer.get_config()


def test_the_best_epoch_is_kept_in_a_file_and_in_the_model(saving_book):
    """SCR-10."""
    saving_book.run("checkpoint and early stopping", epochs=4)
    losses = saving_book["history"].history["val_loss"]
    x, y = saving_book["X_valid"], saving_book["y_valid"]
    kept = keras.models.load_model("my_keras_model.h5")
    assert kept.evaluate(x, y, verbose=0) == pytest.approx(min(losses), rel=1e-5)
    assert saving_book["model"].evaluate(x, y, verbose=0) == pytest.approx(min(losses), rel=1e-5)


def test_a_callback_of_ones_own_is_heard(saving_book):
    """SCR-10: verbose=0 leaves only what the callback prints."""
    printed = saving_book.run("own callback", "added: training with it")
    assert re.fullmatch(r"(\nval/train: \d+\.\d\d\n){2}", printed)


def test_every_run_has_a_folder_for_tensorboard(saving_book):
    """SCR-11: its name is the time; training and validation apart."""
    pytest.importorskip("tensorboard")
    saving_book.run("run folder", "tensorboard", epochs=2)
    folder = Path(saving_book["run_logdir"])
    assert re.fullmatch(r"run_\d{4}_\d\d_\d\d-\d\d_\d\d_\d\d", folder.name) and folder.parent == Path("my_logs")
    assert sorted(path.parent.name for path in folder.rglob("events.out.tfevents.*")) == ["train", "validation"]


# Searching --------------------------------------------------------------------------------------------


def test_a_model_is_an_estimator(notebook, houses, districts):
    """SCR-12, SKL-06: the score is the loss, with a minus."""
    book = notebook("search", **houses)
    book.run("added: imports", "build", "wrap", "fit", epochs=4)
    assert book["y_pred"].shape == (3,)
    assert -2 < book["mse_test"] < 0


@pytest.mark.filterwarnings("ignore::RuntimeWarning:sklearn")  # means of scores of which one is -inf: a rate was too high
def test_numbers_of_layers_units_and_a_rate_are_searched(notebook, houses, published):
    """SCR-12, SKL-09: ten draws, three folds; the data are a tenth, and the epochs few."""
    if published:
        pytest.skip("made rows say as much")
    book = notebook("search", **{name: rows[:200] for name, rows in houses.items()})
    book.run("added: imports", "build", "wrap", "search", epochs=2)
    printed = book.run("best").splitlines()
    assert set(book["rnd_search_cv"].best_params_) == {"learning_rate", "n_hidden", "n_neurons"}
    assert float(printed[-1]) == book["rnd_search_cv"].best_score_ < 0
    assert book["model"].predict(book["X_new"]).shape == (3, 1)


# Deep networks ----------------------------------------------------------------------------------------


@pytest.fixture
def pictures():
    """A few pictures, for networks that need only be seen to run."""
    rng = np.random.default_rng(0)
    return rng.random((96, 28, 28)), rng.integers(0, 10, 96)


@pytest.fixture
def deep_book(notebook, pictures):
    book = notebook("deep_networks", X_test_scaled=pictures[0][:20])
    book.run("added: imports")
    return book


def test_initializers_and_activations_of_deep_networks_are_there(deep_book):
    """SCR-13: slopes and distributions of one's own choice."""
    deep_book.run("initializers", "leaky relu")
    assert float(deep_book["layer"].activation(np.float32(-1))) == pytest.approx(-0.2)
    deep_book.run("selu")
    assert deep_book["layer"](np.ones((2, 100))).shape == (2, 10)
    limit = np.sqrt(3 * 2 / 55)
    assert 0.9 * limit < abs(np.asarray(deep_book["he_avg_init"]((100, 10)))).max() < limit


@pytest.mark.parametrize(("order", "weights"), [("after", 271_346), ("before", 270_946)])
def test_batch_normalization_stands_before_or_after_the_activation(deep_book, pictures, order, weights):
    """SCR-13."""
    deep_book.run(f"batch normalization {order} the activation")
    model = deep_book["model"]
    assert model.count_params() == weights
    losses = trained(model, *pictures)
    assert losses[-1] < losses[0]


def trained(model, x, y, epochs=3):
    """The losses of a classifier while it is trained."""
    model.compile(loss="sparse_categorical_crossentropy", optimizer="sgd", metrics=["accuracy"])
    return model.fit(x, y, epochs=epochs, verbose=0).history["loss"]


def test_gradients_are_clipped(deep_book):
    """SCR-13."""
    deep_book.run("l2", "partial", "clipping")
    assert deep_book["model"].optimizer.clipvalue == 1.0


def test_a_layer_class_is_given_other_defaults(deep_book, pictures):
    """SCR-17: functools.partial; the penalty is part of the loss."""
    deep_book.run("l2", "partial")
    model = deep_book["model"]
    losses = trained(model, *pictures)
    penalty = 0.01 * sum(np.square(layer.get_weights()[0]).sum() for layer in model.layers[1:])
    assert len(model.losses) == 3 and losses[-1] > float(penalty) > 1
    assert model.layers[-1].get_config()["activation"] == "softmax"


def test_dropout_says_how_sure_a_network_is(deep_book, pictures):
    """SCR-17: a hundred predictions that differ, and no two of them the same; outside of the scope they do not."""
    deep_book.run("dropout")
    losses = trained(deep_book["model"], *pictures)
    deep_book.run("monte carlo")
    y_probas, y_proba = deep_book["y_probas"], deep_book["y_proba"]
    assert np.isfinite(losses).all() and y_probas.shape == (100, 20, 10) and y_proba.shape == (20, 10)
    np.testing.assert_allclose(y_proba.sum(axis=1), 1, rtol=1e-5)
    assert len({row.tobytes() for row in y_probas}) == 100
    x = deep_book["X_test_scaled"]
    np.testing.assert_array_equal(deep_book["model"].predict(x), deep_book["model"].predict(x))


def test_dropout_of_ones_own_is_always_on(deep_book):
    """SCR-17: also in predict."""
    deep_book.run("own dropout")
    model = keras.Sequential([keras.Input([50]), deep_book["MCDropout"](0.5)])
    x = np.ones((4, 50))
    first, second = model.predict(x), model.predict(x)
    assert set(np.unique(first)) == {0, 2} and (first != second).any()


def test_weights_are_kept_short(deep_book):
    """SCR-17."""
    deep_book.run("max norm")


# Reusing a network ------------------------------------------------------------------------------------


@pytest.fixture
def two_kinds(clothes_book):
    """A network that has learned eight kinds of clothes in a file, and a few pictures of the two others: sandals and shirts."""
    x, y = clothes_book["X_train"][:5000], clothes_book["y_train"][:5000].astype(int)
    two = (y == 5) | (y == 6)
    clothes_book.run("model as a list", "compile")
    model = clothes_book["model"]
    model.fit(x[~two], y[~two], epochs=2, verbose=0)
    model.save("my_model_A.h5")
    x, y = x[two], (y[two] == 6).astype(np.float32)
    return {"X_train_B": x[:300], "y_train_B": y[:300], "X_valid_B": x[300:], "y_valid_B": y[300:]}


@pytest.mark.parametrize("cloned", [False, True], ids=["shared", "cloned"])
def test_a_network_is_reused_frozen_and_thawed(notebook, two_kinds, cloned):
    """SCR-14: what is trained on its layers moves the first network too, unless it was cloned before."""
    book = notebook("transfer_learning", **two_kinds)
    book.run("added: imports", "reuse", "clone", *(["added: reuse of the clone"] if cloned else []))
    before = book["model_A"].get_weights()
    book.run("freeze")
    assert len(book["model_B_on_A"].trainable_weights) == 2
    printed = book.run("train").splitlines()
    assert printed[0] == "Epoch 1/4" and printed[8] == "Epoch 1/16" and len(printed) == 40
    assert len(book["model_B_on_A"].trainable_weights) == 6
    moved = [(a != b).any() for a, b in zip(before, book["model_A"].get_weights())]
    assert any(moved) is not cloned
    assert book["history"].history["val_accuracy"][-1] > 0.85


# Optimizers and schedules -----------------------------------------------------------------------------


@pytest.mark.parametrize("block", ["momentum", "nesterov", "rmsprop", "adam", "power schedule"])
def test_optimizers_of_the_tutorial_learn(notebook, houses, block, published):
    """SCR-15, SCR-16."""
    book = notebook("optimizers", **houses)
    book.run("added: imports", block)
    model = keras.Sequential([keras.layers.Dense(30, activation="relu", input_shape=[8]), keras.layers.Dense(1)])
    model.compile(loss="mse", optimizer=book["optimizer"])
    losses = model.fit(book["X_train"][:1000], book["y_train"][:1000], epochs=3, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


RATES = {
    "exponential schedule": lambda epoch: 0.01 * 0.1 ** (epoch / 20),
    "piecewise schedule": lambda epoch: 0.01 if epoch < 5 else 0.005 if epoch < 15 else 0.001,
    "performance schedule": None,
}


@pytest.mark.parametrize("block", RATES)
def test_schedules_of_the_tutorial_set_the_rate(notebook, houses, block, published):
    """SCR-16: to the last digit, epoch by epoch; the last one only ever halves it."""
    if published:
        pytest.skip("rates do not depend on the data")
    book = notebook("optimizers", **houses)
    book.run("added: imports", block, *(["added: its callback"] if block.startswith("piece") else []))
    book.names["model"] = keras.Sequential([keras.layers.Dense(1, input_shape=[8])])
    book["model"].compile(loss="mse", optimizer=keras.optimizers.SGD(0.01))
    book.run("fit")
    rates = book["history"].history["lr"]
    if RATES[block]:
        assert rates == pytest.approx([RATES[block](epoch) for epoch in range(25)], rel=1e-6)
    else:
        assert set(np.round(np.log2(np.divide(rates, 0.01)), 5)) <= {0.0, -1.0, -2.0, -3.0, -4.0}


# Where it begins --------------------------------------------------------------------------------------


def test_a_perceptron_tells_irises_apart(notebook):
    """SCR-18: scikit-learn's."""
    pytest.importorskip("sklearn")
    book = notebook("perceptron")
    book.run()
    assert book["y_pred"].shape == (1,)
