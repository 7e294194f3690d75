"""Steps: single batches, steps of one's own, what is counted, and Keras 2's words."""

import numpy as np
import pytest

import tinygrad_edu as tg
from tinygrad_edu import metrics
from tinygrad_edu.callbacks import Callback
from tinygrad_edu.layers import Dense
from tinygrad_edu.models import Model, Sequential
from tinygrad_edu.optimizers import SGD, Adam

X = np.random.default_rng(0).uniform(-1, 1, (20, 2)).astype("float32")
Y = (X[:, :1] > 0).astype("float32")


def compiled(cls=Sequential, optimizer="sgd", loss="mse", seed=0, **told):
    model = cls([Dense(3, input_dim=2, activation="tanh"), Dense(1, activation="sigmoid", name="out")])
    rng = np.random.default_rng(seed)
    model.set_weights([rng.normal(size=w.shape) for w in model.weights])
    model.compile(optimizer, loss, **told)
    return model


def weights(model):
    return [w.tolist() for w in model.get_weights()]


# Single batches ----------------------------------------------------------------------------------


@pytest.mark.eager("bit by bit, beside single steps")
def test_steps_on_batches_are_those_of_fit():
    """FIT-15."""
    fitted, stepped = compiled(optimizer="adam"), compiled(optimizer="adam")
    fitted.fit(X, Y, batch_size=5, epochs=2, shuffle=False, verbose=0)
    for _ in range(2):
        for at in range(0, 20, 5):
            stepped.train_on_batch(X[at : at + 5], Y[at : at + 5])
    assert weights(fitted) == weights(stepped)


def test_a_batch_is_told_alone_in_the_form_of_evaluate():
    """FIT-15: a number, a list, a dict; nothing of the batches before."""
    model = compiled(metrics=["mae"])
    first, second = slice(0, 5), slice(5, 20)
    expected = model.evaluate(X[second], Y[second], verbose=0)
    model.test_on_batch(X[first], Y[first])
    assert model.test_on_batch(X[second], Y[second]) == pytest.approx(expected)
    assert model.test_on_batch(X[second], Y[second], return_dict=True) == pytest.approx(dict(zip(["loss", "mae"], expected)))
    assert model.train_on_batch(X[second], Y[second]) == pytest.approx(expected), "as it was before the step"
    assert type(compiled().train_on_batch(X, Y)) is float


def test_a_batch_takes_weights():
    """FIT-15, FIT-08, FIT-09."""
    model = compiled(optimizer=SGD(0.0))
    of_each = (model.predict(X) - Y)[:, 0] ** 2
    w = np.arange(20.0)
    assert model.test_on_batch(X, Y, sample_weight=w) == pytest.approx(np.mean(of_each * w), rel=1e-5)
    by_class = np.where(Y[:, 0] > 0, 3.0, 0.5)
    found = model.train_on_batch(X, Y, sample_weight=w, class_weight={0: 0.5, 1: 3.0})
    assert found == pytest.approx(np.mean(of_each * w * by_class), rel=1e-5)


def test_predict_on_batch_is_predict_in_one_go():
    """FIT-15."""
    model = compiled()
    np.testing.assert_allclose(model.predict_on_batch(X), model.predict(X, batch_size=3), rtol=1e-5)


# A step of one's own -----------------------------------------------------------------------------


class Guide(Sequential):
    """The custom step that Keras 3 teaches: metrics are counted by hand, by name, every batch alike."""

    def train_step(self, data):
        x, y = data
        loss = self.compute_loss(y=y, y_pred=(y_pred := self(x, training=True)))
        found = tg.gradients(loss, self.trainable_weights)
        self.optimizer.apply_gradients(zip(found, self.trainable_weights))
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            else:
                metric.update_state(y, y_pred)
        return {metric.name: metric.result() for metric in self.metrics}


def test_the_custom_step_of_the_guide_trains_like_the_plain_one():
    """COMP-08: with all that fit does around it."""
    plain, guide = compiled(metrics=["mae"]), compiled(Guide, metrics=["mae"])
    told = {"batch_size": 4, "epochs": 2, "shuffle": False, "validation_split": 0.2, "verbose": 0}
    ours, theirs = plain.fit(X, Y, **told).history, guide.fit(X, Y, **told).history
    assert weights(plain) == weights(guide) and list(ours) == list(theirs)
    for name in ours:
        assert theirs[name] == pytest.approx(ours[name], rel=1e-5)
        assert all(type(value) is float for value in theirs[name])


def test_a_step_may_be_wrapped():
    """COMP-08: super().train_step."""

    class Counts(Sequential):
        steps = 0

        def train_step(self, data):
            self.steps += 1
            return {**super().train_step(data), "steps": self.steps}

    model = compiled(Counts)
    assert model.fit(X, Y, batch_size=5, epochs=2, verbose=0).history["steps"] == [4.0, 8.0]


def test_a_step_may_need_samples_alone_and_a_model_no_call():
    """COMP-08: two networks against each other; data come as they are, whatever they are for."""

    class Against(Model):
        def __init__(self):
            super().__init__()
            self.maker, self.judge = Dense(2), Dense(1)
            self.told = metrics.Mean("told")

        def train_step(self, data):
            assert data.shape[1:] == (2,)
            loss = tg.ops.mean(self.judge(self.maker(data)) ** 2)
            self.optimizer.apply(tg.gradients(loss, self.trainable_weights), self.trainable_weights)
            self.told.update_state(loss)
            return {"told": self.told.result()}

    model = Against()
    model.compile(Adam(0.1))
    told = model.fit(X, epochs=20, batch_size=10, verbose=0).history["told"]
    assert told[-1] < told[0] and model.metrics[-1] is model.told, "an attribute is reset in every epoch"


def test_a_step_may_measure_and_ask_in_ways_of_its_own():
    """COMP-08: test_step and predict_step."""

    class Own(Sequential):
        def test_step(self, data):
            return {"rows": float(len(data[1]))}

        def predict_step(self, data):
            return {"twice": 2 * self(data)}

    model = compiled(Own)
    assert model.evaluate(X, Y, verbose=0) == 20.0 and model.fit(X, Y, validation_data=(X, Y), verbose=0).history["val_rows"]
    np.testing.assert_allclose(model.predict(X)["twice"], 2 * model(X).numpy(), rtol=1e-6)


def test_what_a_step_gets_is_as_short_as_it_can_be():
    """COMP-08: x, (x, y), (x, y, sample_weight)."""
    got = []

    class Shows(Sequential):
        def train_step(self, data):
            got.append(data)
            return {}

    model = compiled(Shows)
    for args in ((X,), (X, Y), (X, Y, None, 1)):
        model.fit(*args[:2], verbose=0, sample_weight=np.ones(20) if len(args) > 2 else None)
    assert not isinstance(got[0], tuple) and [len(data) for data in got[1:]] == [2, 3]


# What is counted ---------------------------------------------------------------------------------


def test_metrics_are_the_loss_and_those_compiled_in_the_order_of_their_names():
    """MET-21, D9."""
    model = compiled(metrics=["mae", "mse"], weighted_metrics=["mae"])
    assert [m.name for m in model.metrics] == model.metrics_names == ["loss", "mae", "mse", "weighted_mae"]
    history = model.fit(X, Y, validation_split=0.2, verbose=0).history
    assert list(history) == [*model.metrics_names, *(f"val_{name}" for name in model.metrics_names)]
    model.compile("sgd", "mse")
    assert model.metrics_names == ["loss"], "compiling again forgets them"


def test_the_loss_of_a_batch_alone_is_at_hand():
    """CB-02: where the logs are means since the epoch began."""
    seen = []

    class Watch(Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append((self.model.batch_loss, logs["loss"]))

    compiled().fit(X, Y, batch_size=5, verbose=0, callbacks=Watch())
    alone, means = map(np.array, zip(*seen))
    np.testing.assert_allclose(means, np.cumsum(alone) / np.arange(1, 5), rtol=1e-6)


def test_measuring_in_the_middle_of_an_epoch_leaves_its_means_alone():
    """FIT-12: what a callback evaluates is not counted by fit."""

    class Evaluate(Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.evaluate(X[:3], Y[:3], verbose=0)
            self.model.test_on_batch(X[:3], Y[:3])

    plain, watched = compiled(metrics=["mae"]), compiled(metrics=["mae"])
    told = {"batch_size": 5, "shuffle": False, "verbose": 0}
    assert plain.fit(X, Y, **told).history == watched.fit(X, Y, callbacks=Evaluate(), **told).history


def test_a_callback_may_train_the_model_too():
    """FIT-07, CB-06: each fit has a history of its own."""

    class Trains(Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.inner = self.model.fit(X[:4], Y[:4], epochs=3, verbose=0)

    model, trains = compiled(), Trains()
    outer = model.fit(X, Y, epochs=2, verbose=0, callbacks=trains)
    assert model.history is outer and outer.epoch == [0, 1] and trains.inner.epoch == [0, 1, 2]


def test_validation_comes_when_it_is_due():
    """FIT-11: after every so many epochs, or after those named; lists are shorter then."""
    for after, epochs in ((1, 4), (2, 2), (3, 1), ([1, 4], 2), ((2,), 1), (9, 0)):
        history = compiled().fit(X, Y, epochs=4, validation_data=(X, Y), validation_freq=after, verbose=0).history
        assert len(history["loss"]) == 4 and len(history.get("val_loss", [])) == epochs


def test_some_steps_of_validation():
    """FIT-01: validation_steps and validation_batch_size."""
    model = compiled(optimizer=SGD(0.0))
    found = model.fit(X, Y, validation_data=(X, Y), validation_batch_size=4, validation_steps=3, verbose=0).history["val_loss"]
    assert found == pytest.approx([model.evaluate(X[:12], Y[:12], verbose=0)])


def test_evaluate_and_predict_call_their_hooks():
    """CB-01, FIT-12, FIT-14."""
    names = [f"on_{what}_{when}" for what in ("test", "test_batch", "predict", "predict_batch") for when in ("begin", "end")]
    called = []
    note = lambda name: lambda self, *args: called.append((name, *args[:-1]))
    hooks = {name: note(name) for name in names}
    watch = type("Watch", (Callback,), hooks)()
    model = compiled()
    model.evaluate(X, Y, batch_size=10, verbose=0, callbacks=[watch])
    model.predict(X, batch_size=10, callbacks=watch)
    expected = []
    for what in ("test", "predict"):
        batches = [(f"on_{what}_batch_{when}", i) for i in range(2) for when in ("begin", "end")]
        expected += [(f"on_{what}_begin",), *batches, (f"on_{what}_end",)]
    assert called == expected and watch.params == {"verbose": 1, "epochs": 1, "steps": 2}


@pytest.mark.eager("counts calls in Python")
def test_predict_keeps_no_graph_and_few_calls():
    """FIT-14, FIT-23: nothing is recorded, and 500 small rows are one call."""
    calls = []

    class Counts(Sequential):
        def call(self, x):
            calls.append((x.shape, tg.is_grad_enabled()))
            return super().call(x)

    model = compiled(Counts)
    calls.clear()
    assert model.predict(np.zeros((500, 2))).shape == (500, 1)
    assert calls == [((500, 2), False)]
    calls.clear()
    with tg.backend.learning_phase_scope(1):
        model.predict(np.zeros((70, 2)))
    assert [shape[0] for shape, _ in calls] == [32, 32, 6], "where batches matter they are what Keras' are"


# compile -----------------------------------------------------------------------------------------


def test_the_words_of_keras_for_speed_are_taken():
    """COMP-01."""
    model = compiled(run_eagerly=True, steps_per_execution=np.int64(4), jit_compile=False)
    assert (model.run_eagerly, model.steps_per_execution, model.jit_compile) == (True, 4, False)
    assert model.fit(X, Y, verbose=0).epoch == [0]


@pytest.mark.parametrize("metrics", [["mae"], "mae", {"out": "mae"}, [metrics.MeanAbsoluteError], []])
def test_metrics_in_third_place_are_understood_as_in_keras_2(metrics):
    """COMP-01: loss weights are numbers."""
    model = Sequential([Dense(1, input_dim=2, name="out")])
    model.compile("sgd", "mse", metrics)
    assert len(model.metrics) == 1 + bool(metrics)
    model.compile("sgd", "mse", [0.5])
    assert len(model.metrics) == 1
    assert model.evaluate(X, Y, verbose=0) == pytest.approx(0.5 * np.mean((model.predict(X) - Y) ** 2), rel=1e-5)


def test_a_model_knows_what_it_was_compiled_with():
    """SAV-01: what saving writes down; as it was given, with the metrics in their place."""
    model = Sequential([Dense(1)])
    assert not model.compiled and model.compiled_with is None
    model.compile("sgd", "mse", ["mae"])
    told = {"loss": "mse", "loss_weights": None, "metrics": ["mae"], "weighted_metrics": None}
    assert model.compiled and {name: model.compiled_with[name] for name in told} == told


def test_the_sample_weight_mode_of_keras_2_is_ignored_with_a_word():
    """COMP-01."""
    with pytest.warns(UserWarning, match="ignores sample_weight_mode"):
        compiled(sample_weight_mode="temporal")


def test_a_loss_in_a_list_is_the_loss_of_the_only_output():
    """LOSS-24."""
    assert compiled(loss=["mse"]).loss.name == compiled(loss="mse").loss.name == compiled(loss={"out": "mse"}).loss.name


# Keras 2's words ---------------------------------------------------------------------------------


def batches():
    while True:
        yield X, Y


def test_methods_for_generators_are_those_for_everything():
    """FIT-16."""
    model = compiled()
    with pytest.warns(DeprecationWarning, match=r"fit_generator is Keras 2's word: write fit\."):
        history = model.fit_generator(batches(), 3, 2, verbose=0, workers=4, validation_data=(X, Y))
    assert history.epoch == [0, 1] and model.optimizer.iterations == 6
    with pytest.warns(DeprecationWarning, match="write evaluate"):
        assert model.evaluate_generator(batches(), steps=2) == pytest.approx(model.evaluate(X, Y, verbose=0))
    with pytest.warns(DeprecationWarning, match="write predict"):
        assert model.predict_generator(batches(), steps=2).shape == (40, 1)


def test_classes_and_probabilities():
    """FIT-16: argmax, or more than 1/2."""
    binary, many = compiled(), Sequential([Dense(3, input_dim=2, activation="softmax")])
    with pytest.warns(DeprecationWarning, match="predict_classes"):
        np.testing.assert_array_equal(binary.predict_classes(X), binary.predict(X) > 0.5)
    with pytest.warns(DeprecationWarning, match="predict_classes"):
        np.testing.assert_array_equal(many.predict_classes(X), many.predict(X).argmax(-1))
    with pytest.warns(DeprecationWarning, match="predict_proba"):
        np.testing.assert_array_equal(many.predict_proba(X), many.predict(X))


def test_words_about_workers_have_no_effect_and_misspelt_ones_are_told():
    """FIT-01, FIT-16, PKG-16."""
    assert compiled().fit(X, Y, nb_epoch=2, workers=2, use_multiprocessing=True, verbose=0).epoch == [0, 1]
    for call, data in (("evaluate", (X, Y)), ("predict", (X,)), ("fit", (X, Y))):
        with pytest.raises(TypeError, match=r"expects no keyword 'batchsize'. Did you mean 'batch_size'"):
            getattr(compiled(), call)(*data, batchsize=3)


def test_batches_of_one_shape_are_tried_out_once():
    """FIT-15, FIT-23: a loop over train_on_batch calls the model once a step; another shape, or compiling again, twice."""
    calls = []

    class Counts(Sequential):
        def call(self, x):
            calls.append(len(x))
            return super().call(x)

    model = compiled(Counts)
    for rows in (5, 5, 5, 4, 4):
        model.train_on_batch(X[:rows], Y[:rows])
    model.compile("sgd", "mse")
    calls.append("compiled")
    model.train_on_batch(X[:4], Y[:4])
    assert [n for n in calls if n != 1] == [2, 5, 5, 5, 2, 4, 4, "compiled", 2, 4]


def test_freezing_after_compile_holds_at_once_and_says_so():
    """COMP-07, D28."""
    model = compiled(optimizer="adam")
    model.layers[0].trainable = False
    before = weights(model)
    with pytest.warns(UserWarning, match=r"compile\(\) after trainable was changed.*dense"):
        model.fit(X, Y, verbose=0)
    assert weights(model)[:2] == before[:2] and weights(model)[2:] != before[2:]
    assert model.fit(X, Y, verbose=0).epoch == [0], "once is enough"


def test_layers_may_be_added_after_compile():
    """MOD-17: losses and metrics go to what is the output then."""
    model = compiled(metrics=["mae"])
    model.fit(X, Y, verbose=0)
    model.add(Dense(1, name="later"))
    assert list(model.fit(X, Y, verbose=0).history) == ["loss", "mae"]
    model.pop()
    model.pop()
    with pytest.raises(ValueError, match=r"labels of the shape of the predictions \(None, 3\), got \(None, 1\)"):
        model.fit(X, Y, verbose=0)


def test_a_step_without_weights_counts_and_moves_nothing():
    """FIT-01: as of a model that is Dropout alone."""
    model = Sequential([tg.layers.Dropout(0.5, input_shape=(2,))])
    model.compile("sgd", "mse")
    x = np.ones((4, 2), "float32")
    assert model.train_step((x, x))["loss"] > 0
    assert model.optimizer.iterations == 0
