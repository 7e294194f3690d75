"""Models as scikit-learn's estimators, asked by scikit-learn itself."""

import copy
import pickle
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import tinygrad_edu as keras
from tinygrad_edu.wrappers.scikit_learn import KerasClassifier, KerasRegressor

sklearn = pytest.importorskip("sklearn")
from sklearn.base import clone, is_classifier, is_regressor  # noqa: E402
from sklearn.metrics import accuracy_score, mean_squared_error  # noqa: E402
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, cross_val_score  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402

RNG = np.random.default_rng(3)
X = RNG.normal(size=(90, 8))
Y = X @ RNG.normal(size=8) + 0.1 * RNG.normal(size=90)
CLASSES = np.array(["low", "middle", "top"])[np.digitize(Y, [-1, 1])]


def build_model(n_hidden=1, n_neurons=30, learning_rate=3e-3, input_shape=[8]):  # noqa: B006  as the tutorial has it
    """The function of the tutorial."""
    model = keras.models.Sequential()
    options = {"input_shape": input_shape}
    for _layer in range(n_hidden):
        model.add(keras.layers.Dense(n_neurons, activation="relu", **options))
        options = {}
    model.add(keras.layers.Dense(1, **options))
    optimizer = keras.optimizers.SGD(learning_rate)
    model.compile(loss="mse", optimizer=optimizer)
    return model


def build_classifier(loss="sparse_categorical_crossentropy", units=3, metrics=("accuracy",)):
    activation = "sigmoid" if units == 1 else "softmax"
    model = keras.Sequential([keras.layers.Dense(8, "tanh", input_dim=8), keras.layers.Dense(units, activation)])
    model.compile(keras.optimizers.Adam(0.05), loss, list(metrics))
    return model


def regressor(**params):
    return KerasRegressor(build_model, **{"epochs": 2, "verbose": 0, "random_state": 1, **params})


def classifier(**params):
    return KerasClassifier(build_classifier, **{"epochs": 20, "verbose": 0, "random_state": 1, **params})


# Parameters --------------------------------------------------------------------------------------


def test_the_parameters_are_those_of_the_function_that_builds_with_its_defaults():
    """SKL-02: nothing was passed to the constructor."""
    params = KerasRegressor(build_model).get_params()
    assert params == {
        "n_hidden": 1, "n_neurons": 30, "learning_rate": 3e-3, "input_shape": [8], "build_fn": build_model, "random_state": None,
    }  # fmt: skip


def test_parameters_are_the_same_objects_so_that_clone_accepts_them():
    """SKL-03: also the default that can be changed, and what was given."""
    layers = [keras.callbacks.Callback()]
    estimator = KerasRegressor(build_model, callbacks=layers)
    assert estimator.get_params()["callbacks"] is layers
    assert estimator.get_params()["input_shape"] is build_model.__defaults__[3]
    copied = clone(estimator)
    assert copied.get_params()["input_shape"] == [8] and copied.build_fn is build_model


def test_clone_leaves_what_was_fitted_behind():
    """SKL-11."""
    fitted = regressor(n_neurons=5)
    fitted.fit(X, Y)
    copied = clone(fitted)
    assert copied.get_params() == fitted.get_params() and not hasattr(copied, "model")


@pytest.mark.parametrize("value", [np.int64(7), np.int32(7), 7], ids=lambda value: type(value).__name__)
def test_numbers_of_numpy_are_parameters_as_they_are(value):
    """SKL-04, SKL-12."""
    estimator = regressor().set_params(n_neurons=value, learning_rate=np.float64(0.01), epochs=value)
    assert estimator.get_params()["n_neurons"] is value
    assert estimator.fit(X, Y).epoch == list(range(7))
    assert estimator.model.layers[0].units == 7


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: KerasRegressor(build_model, n_neuron=3), "KerasRegressor expects no parameter 'n_neuron'.*'n_neurons'"),
        (lambda: KerasRegressor(build_model, epoch=3), "no parameter 'epoch'.*'epochs'"),
        (lambda: KerasRegressor(build_model).set_params(zzz=3), "no parameter 'zzz'.*n_hidden, n_neurons"),
        (lambda: KerasClassifier(build_model(), epochs=3), "expects a function that builds a model, got the model"),
        (lambda: KerasClassifier(epochs=3).fit(X, CLASSES), "expects build_fn"),
    ],
)
def test_what_is_no_parameter_is_refused_at_once(make, message):
    """SKL-01."""
    with pytest.raises(ValueError, match=message):
        make()


def test_a_function_that_forgets_to_return_is_told():
    """SKL-01."""
    with pytest.raises(TypeError, match=r"build_fn to return a compiled Model, got None.*return"):
        KerasRegressor(lambda: None).fit(X, Y)


class Builder:
    def __call__(self, n_neurons=3):
        return build_model(n_neurons=n_neurons)


class OwnRegressor(KerasRegressor):
    def __call__(self, n_neurons=3):
        return build_model(n_neurons=n_neurons)


@pytest.mark.parametrize(
    "estimator",
    [
        KerasRegressor(build_model, n_neurons=4),
        KerasRegressor(build_fn=Builder(), n_neurons=4),
        KerasRegressor(model=build_model, n_neurons=4),
        KerasRegressor(lambda **options: build_model(**options), n_neurons=4),
        OwnRegressor(build_fn=None, n_neurons=4),
        OwnRegressor(n_neurons=4, epochs=1),
    ],
    ids=["function", "object", "model=", "any keywords", "derived", "derived, without None"],
)
def test_functions_objects_and_derived_classes_build(estimator):
    """SKL-01: parameters go to whom they name."""
    estimator.set_params(verbose=0)
    estimator.fit(X, Y)
    assert estimator.model.layers[0].units == 4
    assert clone(estimator).get_params()["n_neurons"] == 4


def test_every_fit_builds_a_new_model():
    """SKL-09."""
    estimator = regressor()
    estimator.fit(X, Y)
    first = estimator.model
    estimator.fit(X, Y)
    assert estimator.model is not first


# A regressor -------------------------------------------------------------------------------------


def test_fit_hands_everything_on_and_returns_the_history():
    """SKL-05, SKL-08, D16: arguments of fit come before parameters."""
    seen = []

    class Watching(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(epoch)

    estimator = regressor(epochs=9)
    history = estimator.fit(X, Y, epochs=3, validation_data=(X, Y), callbacks=[Watching()])
    assert history is estimator.history_ and seen == [0, 1, 2]
    assert len(history.history["val_loss"]) == 3
    assert isinstance(estimator.model, keras.Model)


def test_the_score_is_the_negative_loss_and_not_the_share_of_variance():
    """SKL-06. The oracle is scikit-learn's mean squared error."""
    estimator = regressor()
    estimator.fit(X, Y)
    assert estimator.score(X, Y) == pytest.approx(-mean_squared_error(Y, estimator.predict(X)), rel=1e-5)
    assert isinstance(estimator.score(X, Y), float)


@pytest.mark.parametrize("rows", [0, 1, 2, 90])
def test_predictions_are_one_number_per_sample(rows):
    """SKL-07."""
    estimator = regressor()
    estimator.fit(X, Y)
    assert estimator.predict(X[:rows]).shape == (rows,)
    assert estimator.predict(X[:rows], batch_size=1) == pytest.approx(estimator.model.predict(X)[:rows, 0], rel=1e-5)


def test_several_outputs_stay_columns():
    """SKL-07."""

    def build():
        model = keras.Sequential([keras.layers.Dense(2, input_dim=8)])
        model.compile("sgd", "mse")
        return model

    estimator = KerasRegressor(build, verbose=0)
    estimator.fit(X, np.stack([Y, -Y], axis=1))
    assert estimator.predict(X).shape == (90, 2)


@pytest.mark.parametrize("make", [regressor, classifier])
@pytest.mark.parametrize("ask", ["predict", "score"])
def test_an_estimator_that_was_not_fitted_says_so_in_scikit_learns_way(make, ask):
    """SKL-11."""
    from sklearn.exceptions import NotFittedError

    with pytest.raises(NotFittedError, match="expects fit"):
        getattr(make(), ask)(*[X, Y][: 1 + (ask == "score")])


def test_with_a_random_state_every_fit_is_the_same_and_nobody_elses_numbers_change():
    """SKL-09."""
    np.random.seed(5)
    expected = np.random.random(3)
    np.random.seed(5)
    fits = [regressor(random_state=2) for _ in range(2)]
    for estimator in fits:
        estimator.fit(X, Y)
    assert (np.random.random(3) == expected).all()
    assert (fits[0].predict(X) == fits[1].predict(X)).all()
    other = regressor(random_state=3)
    other.fit(X, Y)
    assert (other.predict(X) != fits[0].predict(X)).any()


def test_threads_do_not_mix_up_their_seeds():
    """SKL-09: the generators that are seeded are everybody's."""
    alone = regressor(random_state=2, epochs=20)
    alone.fit(X, Y)

    def fitted(_):
        estimator = clone(alone)
        estimator.fit(X, Y)
        return estimator.predict(X)

    with ThreadPoolExecutor(4) as pool:
        assert all((found == alone.predict(X)).all() for found in pool.map(fitted, range(8)))


# A classifier ------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", ["sparse_categorical_crossentropy", "categorical_crossentropy", "crossentropy"])
def test_words_are_classes_whatever_labels_the_loss_takes(loss):
    """SKL-10. Accuracy by scikit-learn."""
    estimator = classifier(loss=loss, epochs=60)
    estimator.fit(X, CLASSES)
    assert estimator.classes_.tolist() == ["low", "middle", "top"] and estimator.n_classes_ == 3
    assert estimator.score(X, CLASSES) == pytest.approx(accuracy_score(CLASSES, estimator.predict(X)), abs=1e-6)
    assert estimator.score(X, CLASSES) > 0.8
    proba = estimator.predict_proba(X)
    assert proba.shape == (90, 3) and proba.sum(axis=1) == pytest.approx(1, rel=1e-5)
    assert (estimator.classes_[proba.argmax(axis=1)] == estimator.predict(X)).all()


@pytest.mark.parametrize("labels", [CLASSES == "top", (CLASSES == "top").astype(int)[:, None], np.where(Y > 0, "yes", "no")])
def test_one_sigmoid_gives_two_columns_of_probabilities(labels):
    """SKL-10."""
    estimator = classifier(loss="binary_crossentropy", units=1)
    estimator.fit(X, labels)
    proba = estimator.predict_proba(X)
    assert proba.shape == (90, 2) and proba.sum(axis=1) == pytest.approx(1)
    assert estimator.predict(X).shape == (90,)
    assert (estimator.classes_[(proba[:, 1] > 0.5).astype(int)] == estimator.predict(X)).all()
    assert estimator.score(X, labels) == pytest.approx(np.mean(estimator.predict(X) == labels.reshape(-1)), abs=1e-6)


def test_one_hot_labels_are_classes_by_number():
    """SKL-10."""
    numbers = np.digitize(Y, [-1, 1])
    estimator = classifier(loss="categorical_crossentropy")
    estimator.fit(X, np.eye(3)[numbers])
    assert estimator.classes_.tolist() == [0, 1, 2]
    assert estimator.score(X, np.eye(3)[numbers]) == pytest.approx(np.mean(estimator.predict(X) == numbers))


def test_a_model_without_an_accuracy_has_no_score():
    """SKL-10."""
    estimator = classifier(metrics=("mse",), loss="categorical_crossentropy")
    estimator.fit(X, CLASSES)
    with pytest.raises(ValueError, match=r"measures its accuracy, got \['loss', 'mse'\]|metrics=\['accuracy'\]"):
        estimator.score(X, CLASSES)


def test_labels_that_fit_has_not_seen_are_refused():
    """SKL-10."""
    estimator = classifier()
    estimator.fit(X, CLASSES)
    with pytest.raises(ValueError, match=r"classes that fit.* saw.*'new'"):
        estimator.score(X, ["new"] * 90)
    with pytest.raises(ValueError, match=r"one-hot rows, got shape \(90, 1, 1\)"):
        estimator.fit(X, CLASSES.reshape(90, 1, 1))


# Among scikit-learn's tools ------------------------------------------------------------------------


def test_scikit_learn_knows_which_is_which():
    """SKL-09."""
    assert is_regressor(regressor()) and not is_classifier(regressor())
    assert is_classifier(classifier()) and not is_regressor(classifier())


def search(estimator, **params):
    from scipy.stats import reciprocal

    param_distribs = {
        "n_hidden": [0, 1, 2, 3],
        "n_neurons": np.arange(1, 100),
        "learning_rate": reciprocal(3e-4, 3e-2),
    }
    return RandomizedSearchCV(estimator, param_distribs, n_iter=3, cv=3, random_state=4, **params)


def test_the_search_of_the_tutorial_runs_as_printed():
    """SKL-09, SCR-12: validation data and callbacks are handed on whole."""
    keras_reg = KerasRegressor(build_model)
    rnd_search_cv = search(keras_reg)
    rnd_search_cv.fit(X, Y, epochs=2, verbose=0, validation_data=(X[:20], Y[:20]), callbacks=[keras.callbacks.History()])
    assert set(rnd_search_cv.best_params_) == {"n_hidden", "n_neurons", "learning_rate"}
    assert np.isfinite(rnd_search_cv.cv_results_["mean_test_score"]).all()
    model = rnd_search_cv.best_estimator_.model
    assert len(model.layers) == rnd_search_cv.best_params_["n_hidden"] + 1
    assert "val_loss" in rnd_search_cv.best_estimator_.history_.history
    assert rnd_search_cv.score(X, Y) == pytest.approx(-mean_squared_error(Y, rnd_search_cv.predict(X)), rel=1e-4)
    assert "KerasRegressor(build_model)" in repr(rnd_search_cv)
    assert "build_model" in rnd_search_cv._repr_html_()


def test_two_processes_find_what_one_finds():
    """SKL-09: with a random_state, whoever does the work."""
    scores = [search(regressor(), n_jobs=jobs).fit(X, Y).cv_results_["mean_test_score"].tolist() for jobs in (1, 2)]
    assert scores[0] == scores[1]


def test_a_grid_over_arguments_of_fit_and_of_the_builder():
    """SKL-09."""
    found = GridSearchCV(regressor(), {"batch_size": [16, 32], "epochs": [1, 3], "n_hidden": [0]}, cv=2).fit(X, Y)
    assert found.best_params_["epochs"] in (1, 3) and len(found.best_estimator_.history_.epoch) == found.best_params_["epochs"]


def test_a_pipeline_scales_searches_and_is_cloned():
    """SKL-11."""
    pipe = make_pipeline(StandardScaler(), regressor())
    found = GridSearchCV(pipe, {"kerasregressor__n_neurons": [2, 5]}, cv=2).fit(X, Y, kerasregressor__epochs=4)
    assert len(found.best_estimator_[-1].history_.epoch) == 4
    copied = clone(found.best_estimator_)
    assert copied[-1].get_params()["n_neurons"] == found.best_params_["kerasregressor__n_neurons"]
    assert pipe.fit(X, Y).predict(X).shape == (90,)


def test_cross_validation_takes_words_as_classes():
    """SKL-11: folds keep the share of each class, as of any classifier; scorers ask for probabilities."""
    assert cross_val_score(classifier(), X, CLASSES, cv=3).shape == (3,)
    assert np.isfinite(cross_val_score(classifier(), X, CLASSES, cv=3, scoring="neg_log_loss")).all()


@pytest.mark.parametrize("again", [lambda e: pickle.loads(pickle.dumps(e)), copy.deepcopy], ids=["pickle", "deepcopy"])
def test_a_fitted_estimator_can_be_pickled_and_copied(again):
    """SKL-11."""
    estimator = classifier()
    estimator.fit(X, CLASSES)
    other = again(estimator)
    assert (other.predict(X) == estimator.predict(X)).all()
    assert other.history_.history == estimator.history_.history
    assert other.get_params() == estimator.get_params()


def test_estimators_are_there_without_scikit_learn():
    """SKL-01: it is imported by those who use it, and an estimator alone does not."""
    code = """
        import sys
        sys.modules["sklearn"] = None
        import tinygrad_edu as keras
        def build(units=1):
            model = keras.Sequential([keras.layers.Dense(units, input_dim=1)])
            model.compile("sgd", "mse")
            return model
        estimator = keras.wrappers.scikit_learn.KerasRegressor(build, verbose=0)
        try:
            estimator.predict([[1.0]])
        except ValueError as error:
            print(error)
        estimator.fit([[1.0]], [1.0])
        print(estimator.predict([[1.0]]).shape)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=60)
    assert done.stdout == "KerasRegressor expects fit() before it is asked anything.\n(1,)\n", done.stderr
