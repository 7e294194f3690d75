"""Batches that somebody else makes go through the machine one by one, and come to what eager steps come to."""

import itertools
import signal
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from loss_samples import LOSSES

import tinygrad_edu
from tinygrad_edu import Tensor, callbacks, ops
from tinygrad_edu.callbacks.callback import HOOKS
from tinygrad_edu.layers import BatchNormalization, Concatenate, Dense, Dropout, Embedding, Flatten, Input, Lambda
from tinygrad_edu.models import Model, Sequential, by_batch
from tinygrad_edu.models.by_batch import FORMS
from tinygrad_edu.optimizers import SGD, Adam
from tinygrad_edu.sequence import Sequence

RNG = np.random.default_rng(5)
X = RNG.uniform(-1, 1, (43, 3)).astype("float32")
Y = (X.sum(1) > 0).astype("float32")
W = RNG.uniform(0.2, 2, 43)


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    monkeypatch.delenv("TINYGRAD_EDU_JIT", raising=False)


def batches(make=lambda rows: (X[rows], Y[rows]), size=8):
    return [make(slice(at, at + size)) for at in range(0, 43, size)]


class Numbered(Sequence):
    """Which makes other batches in every epoch, and notes what it is asked for."""

    def __init__(self, make=lambda rows: (X[rows], Y[rows]), log=None):
        super().__init__()
        self.batches, self.epoch, self.log = batches(make), 0, [] if log is None else log

    def __len__(self):
        return len(self.batches)

    def __getitem__(self, number):
        self.log.append(f"batch {number} is asked for")
        return self.batches[(number + self.epoch) % len(self)]

    def on_epoch_end(self):
        self.log.append("the pass ends")
        self.epoch += 1


class Loader:
    """Lists that come again in every pass, of which nobody knows how many there are."""

    def __iter__(self):
        return iter([list(batch) for batch in batches()])


def endless(make=lambda rows: (X[rows], Y[rows])):
    return itertools.cycle(batches(make))


def doubled(rows):
    return X[rows].astype("float64") * 0.3, Y[rows].tolist()


def model_of(jit, optimizer=None, last="sigmoid", **more):
    tinygrad_edu.set_random_seed(3)
    layers = [Dense(4, activation="tanh", kernel_regularizer="l2"), BatchNormalization(momentum=0.8), Dropout(0.3)]
    model = Sequential([Input((3,)), *layers, Dense(1, activation=last)])
    loss = "binary_crossentropy" if last else "mse"
    told = {"metrics": ["accuracy", tinygrad_edu.metrics.AUC(name="auc")], "weighted_metrics": ["mae"], **more}
    model.compile(optimizer or SGD(0.1, momentum=0.9), loss, jit_compile=jit, **told)
    return model


def course(jit, source, **settings):
    model = model_of(jit)
    return model, model.fit(source, **{"epochs": 5, "verbose": 0, **settings})


def assert_close(one, other):
    np.testing.assert_allclose(one, other, 2e-5, 2e-6)


def assert_same(first, second):
    """Models with their histories."""
    assert first[1].epoch == second[1].epoch and list(first[1].history) == list(second[1].history)
    for name, values in first[1].history.items():
        np.testing.assert_allclose(values, second[1].history[name], 2e-5, 2e-6, err_msg=name)
    for one, other in zip(first[0].get_weights(), second[0].get_weights()):
        np.testing.assert_allclose(one, other, 2e-4, 2e-5)
    assert first[0].optimizer.iterations == second[0].optimizer.iterations
    assert_close(first[0].batch_loss, second[0].batch_loss)


def is_compiled(model):
    return model.explain_jit().startswith("Steps run compiled")


SOURCES = {
    "Sequence": lambda: (Numbered(), {}),
    "Sequence in order": lambda: (Numbered(), {"shuffle": False}),
    "loader of unknown length": lambda: (Loader(), {}),
    "generator": lambda: (endless(), {"steps_per_epoch": 6}),
    "generator, other epochs": lambda: (endless(), {"steps_per_epoch": 4}),
    "generator that ends": lambda: (iter(batches()), {"epochs": 1}),
    "doubles and lists": lambda: (endless(doubled), {"steps_per_epoch": 6}),
    "whole numbers": lambda: (Numbered(lambda rows: ((X[rows] * 9).astype(int), Y[rows].astype("int64"))), {}),
    "truth values": lambda: (Numbered(lambda rows: (X[rows] > 0, Y[rows] > 0)), {}),
    "Tensors": lambda: (Numbered(lambda rows: (Tensor(X[rows]), Tensor(Y[rows]))), {}),
    "columns": lambda: (Numbered(lambda rows: (X[rows], Y[rows, None])), {}),
    "one row": lambda: (((X[i % 43, None], Y[i % 43, None]) for i in itertools.count()), {"steps_per_epoch": 9}),
    "sample weights": lambda: (Numbered(lambda rows: (X[rows], Y[rows], W[rows])), {}),
    "class weights": lambda: (Numbered(), {"class_weight": {0: 0.5, 1: 3.0}}),
    "validated by a Sequence": lambda: (Numbered(), {"validation_data": Numbered()}),
    "validated by a generator": lambda: (Numbered(), {"validation_data": endless(), "validation_steps": 4}),
    "validated by unknown many": lambda: (Numbered(), {"validation_data": Loader()}),
    "validated by arrays": lambda: (Numbered(), {"validation_data": (X, Y, W), "validation_batch_size": 5}),
    "validated by some": lambda: (Numbered(), {"validation_data": (X, Y), "validation_steps": 2, "validation_freq": 2}),
}


@pytest.mark.filterwarnings("ignore:BatchNormalization")  # of a single sample
@pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES)
def test_every_kind_of_source_trains_as_it_does_eagerly(make):
    results = []
    for jit in (False, True):
        source, settings = make()
        results.append(course(jit, source, **settings))
    assert_same(*results)
    assert not is_compiled(results[0][0]) and is_compiled(results[1][0])


def test_arrays_validated_by_batches_are_measured_by_a_machine():
    results = []
    for jit in (False, True):
        model = model_of(jit)
        results.append((model, model.fit(X, Y, epochs=3, verbose=0, validation_data=Numbered(), shuffle="batch")))
    assert_same(*results)
    assert len(model._kept.by_batch["test"][0]) == 2


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.__name__)
@pytest.mark.parametrize("dtype", ["float32", "as it is"])
def test_every_loss_of_batches_is_that_of_eager_steps(loss, dtype):
    """Labels go through NumPy in some of them, and are no constants therefore."""
    params, domain = LOSSES[loss]
    labels, answers = domain(np.random.default_rng(1), 43)
    labels = np.asarray(labels) if dtype == "as it is" else np.asarray(labels, dtype)
    units, results = np.shape(answers)[-1], []
    for jit in (False, True):
        tinygrad_edu.set_random_seed(7)
        model = Sequential([Dense(5, "tanh"), Dense(units, "softmax" if labels.ndim == 1 or units == 4 else "sigmoid")])
        model.compile(SGD(0.05), loss(**params), jit_compile=jit)
        history = model.fit(Numbered(lambda rows: (X[rows], labels[rows], W[rows])), epochs=3, verbose=0)
        results.append((model, history))
    assert_same(*results)


def several(rows):
    return {"a": X[rows], "b": X[rows, :2]}, {"near": Y[rows], "far": X[rows]}, {"near": W[rows]}


def test_several_inputs_and_outputs_by_name():
    results, asked = [], []
    for jit in (False, True):
        tinygrad_edu.set_random_seed(3)
        a, b = Input((3,), name="a"), Input((2,), name="b")
        x = Concatenate()([Dense(4, "tanh")(a), Dense(2)(b)])
        model = Model([a, b], {"near": Dense(1, "sigmoid", name="near")(x), "far": Dense(3, name="far")(x)})
        loss = {"near": "binary_crossentropy", "far": "mse"}
        model.compile(Adam(0.01), loss, loss_weights={"far": 0.3}, metrics={"far": "mae"}, jit_compile=jit)
        results.append((model, model.fit(Numbered(several), epochs=3, verbose=0, validation_data=Numbered(several))))
        asked.append((model.evaluate(Numbered(several), return_dict=True), model.predict(Numbered(several))))
    assert_same(*results)
    for one, other in zip(*asked):
        assert list(one) == list(other)
        for name in one:
            assert_close(one[name], other[name])


def test_indices_are_asked_for_where_the_table_has_them():
    """What is made up to tell data from constants has to be numbers that might have come."""
    tokens, results = RNG.integers(0, 6, (43, 4)), []
    for jit in (False, True):
        tinygrad_edu.set_random_seed(3)
        model = Sequential([Embedding(6, 3), Flatten(), Dense(6, "softmax")])
        model.compile(SGD(0.1), "sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=jit)
        results.append((model, model.fit(Numbered(lambda rows: (tokens[rows], tokens[rows, 0])), epochs=3, verbose=0)))
    assert_same(*results)


@given(sizes=st.lists(st.integers(1, 5), min_size=3, max_size=9), rate=st.sampled_from([0.0, 0.4]), seed=st.integers(0, 99))
def test_batches_of_any_sizes_in_any_order_train_as_they_do_eagerly(sizes, rate, seed):
    rng, results = np.random.default_rng(seed), []
    made = [(rng.normal(size=(rows, 3)), rng.normal(size=(rows, 2))) for rows in sizes]
    for jit in (False, True):
        tinygrad_edu.set_random_seed(seed)
        model = Sequential([Dense(4, "tanh"), Dropout(rate), Dense(2)])
        model.compile(SGD(0.05), "mse", metrics=["mae"], jit_compile=jit)
        results.append((model, model.fit(iter(made), verbose=0)))
    assert_same(*results)


# Who is told what, and when ----------------------------------------------------------------------


class Spy(callbacks.Callback):
    """Notes calls of hooks in a log."""

    def __init__(self, log):
        for hook in HOOKS:
            setattr(self, hook, lambda *args, hook=hook: log.append((hook, *args[:-1], sorted(args[-1] or {}))))


def test_nothing_is_asked_for_any_earlier_than_eager_steps_do():
    """What a source draws, opens or waits for comes between the same hooks."""
    logs = []
    for jit in (False, True):
        log = []
        more = {"validation_data": Numbered(log=log), "callbacks": [Spy(log)]}
        model, _ = course(jit, Numbered(log=log), **more)
        model.evaluate(Numbered(log=log), callbacks=[Spy(log)])
        model.predict(Numbered(log=log), callbacks=[Spy(log)])
        logs.append(log)
    assert logs[0] == logs[1] and len(logs[0]) > 100


def test_a_generator_is_left_where_eager_steps_leave_it():
    for jit in (False, True):
        stock = iter(range(100))
        course(jit, ((X[:8] + number, Y[:8]) for number in stock), steps_per_epoch=6)
        assert next(stock) == 30


def test_a_callback_may_stop_and_change_training_after_any_batch():
    class Meddles(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.optimizer.learning_rate = 0.2 / (batch + 1)
            self.model.layers[0].trainable = batch != 2
            self.model.stop_training = self.model.optimizer.iterations == 10

    results = [course(jit, Numbered(), callbacks=[Meddles()]) for jit in (False, True)]
    assert_same(*results)
    assert results[1][0].optimizer.iterations == 10 and is_compiled(results[1][0])


def test_what_makes_batches_may_change_the_model():
    def source(model):
        for number in itertools.count():
            model.optimizer.learning_rate = 0.1 / (1 + number % 3)
            model.layers[0].trainable = number % 4 != 1
            model.layers[-1].activation = tinygrad_edu.activations.get("sigmoid" if number < 4 else "hard_sigmoid")
            if number == 7:
                model.layers[0].kernel.assign(model.layers[0].kernel * 0.5)
            yield batches()[number % 6]

    models = [model_of(jit) for jit in (False, True)]
    for model in models:
        model._tell_of_freezing = lambda: None
    histories = [model.fit(source(model), steps_per_epoch=6, epochs=2, verbose=0) for model in models]
    assert_same(*zip(models, histories))


@pytest.mark.parametrize("rate", [50.0, 1e4, 1e10])
def test_a_loss_that_is_not_finite_ends_training_in_the_same_step(rate):
    told = []
    for jit in (False, True):
        model = model_of(jit, SGD(rate), last=None, metrics=["mae"])
        model.layers[1].trainable = False
        model.compile(SGD(rate), "mse", jit_compile=jit)
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            history = model.fit(Numbered(lambda rows: (X[rows], Y[rows] * 1e9)), epochs=400, verbose=0)
        words = [str(warning.message).split(".")[0] for warning in found if "Training ends" in str(warning.message)]
        told.append((words, model.optimizer.iterations, history.epoch, model.layers[1].moving_mean.numpy().tobytes()))
    assert told[0][:3] == told[1][:3] and len(told[0][0]) == 1


def test_a_signal_leaves_whole_steps():
    """FIT-22."""
    taken = []
    for jit in (False, True):
        model, calls = model_of(jit), itertools.count()

        def signalling(calls=calls):
            for batch in endless():
                if next(calls) == 11:
                    signal.raise_signal(signal.SIGINT)
                yield batch

        with pytest.raises(KeyboardInterrupt):
            model.fit(signalling(), steps_per_epoch=6, epochs=9, verbose=0)
        taken.append((model, model.history))
    assert_same(*taken)


@pytest.mark.parametrize("ways", [(True, False), (False, True), (True, True)])
@pytest.mark.parametrize("after", [4, 6, 9])
def test_training_goes_on_from_a_position_in_either_way(ways, after):
    whole, positions = course(False, Numbered()), []

    class Notes(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if self.model.optimizer.iterations == after:
                positions.append(self.model.training_position)

    class GoesOn(callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.model.training_position = positions[-1]

    still = lambda: type("Still", (Numbered,), {"on_epoch_end": lambda self: None})()
    whole = course(False, still())
    course(ways[0], still(), callbacks=[Notes()])
    model, _ = course(ways[1], still(), callbacks=[GoesOn()])
    assert_same((whole[0], whole[1]), (model, whole[1]))


# Whether to, and why not -------------------------------------------------------------------------


def test_auto_counts_the_steps_that_are_known():
    for epochs, expected in ((4, False), (5, True)):
        assert is_compiled(course("auto", Numbered(), epochs=epochs)[0]) is expected
        assert is_compiled(course("auto", endless(), epochs=epochs, steps_per_epoch=6)[0]) is expected


def test_auto_waits_for_as_many_steps_where_nobody_knows_how_many_come(monkeypatch):
    """The steps before are eager: counts decide, whatever comes."""
    for count, expected in ((30, False), (31, True)):
        model, _ = course("auto", itertools.islice(endless(), count), epochs=1)
        assert is_compiled(model) is expected
        assert model.explain_jit().startswith("Steps run one by one in Python: nobody knows how many") is not expected


def test_measured_and_asked_by_as_many_batches():
    model = model_of("auto")
    for steps, expected in ((29, []), (30, ["test", "predict"])):
        model.evaluate(endless(), steps=steps)
        model.predict(endless(), steps=steps)
        assert [what for what, (machines, *_) in model._kept.by_batch.items() if machines] == expected


def test_more_forms_than_are_kept_run_eagerly_and_say_so():
    def made():
        rng, sizes = np.random.default_rng(0), [1 + number % (FORMS + 2) for number in range(60)]
        return [(rng.normal(size=(rows, 3)), rng.normal(size=rows)) for rows in sizes]

    results = []
    for jit in (False, "auto"):
        model = Sequential([Dense(2, "tanh", kernel_initializer="ones"), Dense(1, kernel_initializer="ones")])
        model.compile(SGD(0.01), "mse", jit_compile=jit)
        results.append((model, model.fit(iter(made()), steps_per_epoch=60, verbose=0)))
    assert_same(*results)
    assert f"more than {FORMS} forms" in results[1][0].explain_jit()
    model.jit_compile = True
    with pytest.raises(ValueError, match=f"fit expects a step that can be compiled, .* more than {FORMS} forms"):
        model.fit(iter(made()), steps_per_epoch=60, verbose=0)


def asks(x):
    return x if float(x.numpy().sum()) > 0 else -x


@pytest.mark.parametrize("verb", ["fit", "evaluate", "predict"])
def test_what_cannot_be_compiled_is_left_to_python_or_refused_by_its_line(verb, monkeypatch):
    model = Sequential([Lambda(asks), Dense(1)])
    model.compile("sgd", "mse")
    monkeypatch.setenv("TINYGRAD_EDU_JIT", "force")
    getattr(model, verb)(Numbered(), verbose=0)
    model.jit_compile = True
    with pytest.raises(ValueError, match=rf"{verb} expects a step that can be compiled.*asked for|other ops"):
        getattr(model, verb)(Numbered(), verbose=0)


HIDDEN = {  # what a loss may do with labels beside ops
    "mean": lambda y, p: ops.mean((p - y) ** 2) / (1 + np.abs(y.array).mean()),
    "largest": lambda y, p: ops.mean((p - y) ** 2) / (1 + y.array.max()),
    "mask": lambda y, p: ops.mean((p - y) ** 2 * (y.array > 0.4)),
    "turned": lambda y, p: ops.mean((p - y.array[::-1]) ** 2),
    "as another type": lambda y, p: ops.mean((p - y.array.astype("float32")) ** 2),
    "asked for": lambda y, p: ops.mean((p - np.asarray(y).max()) ** 2),
}
REFUSED = "depends on the samples", "for some samples", "asked for"
LABELS = {"0 and 1": Y, "whole": Y.astype("int64"), "reals": X[:, 0], "classes": np.arange(43) % 5, "reals of 0.": Y * 0.3}


@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
@pytest.mark.parametrize("hidden", HIDDEN)
def test_what_numpy_makes_of_labels_is_no_constant(hidden, labels):
    """A batch alone says nothing of what changes: another is made up, in which none of that is the same."""
    results = []
    for jit in (False, True):
        tinygrad_edu.set_random_seed(3)
        model = Sequential([Dense(1)])
        model.compile("sgd", lambda y, p: HIDDEN[hidden](y.reshape(-1, 1), p), jit_compile=jit)
        try:
            results.append((model, model.fit(Numbered(lambda rows: (X[rows], labels[rows])), epochs=3, verbose=0)))
        except ValueError as refused:
            assert jit and any(words in str(refused) for words in REFUSED)  # noqa: PT017
            return
    assert_same(*results)


@pytest.mark.parametrize("kind", ["int64", "float32", "bool"])
def test_labels_that_are_all_alike_in_the_first_batch_are_no_constant(kind):
    labels = np.repeat([1, 0, 1], [16, 16, 11]).astype(kind)
    alike = lambda rows: (X[rows], labels[rows], np.ones(43)[rows])
    results = [course(jit, Numbered(alike), shuffle=False, epochs=2) for jit in (False, True)]
    assert_same(*results)
    assert is_compiled(results[1][0])


@pytest.mark.parametrize(("labels", "tokens", "error"), [(7, 0, ValueError), (-1, 0, ValueError), (0, 77, IndexError)])
def test_numbers_that_are_no_classes_and_no_indices_are_refused_as_eager_steps_refuse_them(labels, tokens, error):
    """Nobody has looked at later batches before they come."""
    told = []
    for jit in (False, True):
        model = Sequential([Embedding(6, 2), Flatten(), Dense(4, "softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy", jit_compile=jit)
        rng = np.random.default_rng(0)
        good = [(rng.integers(0, 6, (8, 3)), rng.integers(0, 4, 8)) for _ in range(9)]
        with pytest.raises(error) as refused:
            model.fit(iter([*good, (np.full((8, 3), tokens), np.full(8, labels))]), verbose=0)
        told.append((str(refused.value).partition("embedding")[0], model.optimizer.iterations))
    assert told[0] == told[1] and told[0][1] == 9


def test_machines_are_kept_for_the_next_call_and_for_arrays(monkeypatch):
    model = model_of(True)
    model.fit(Numbered(), verbose=0)
    machines = dict(model._kept.by_batch["train"][0])
    model.fit(Numbered(), verbose=0)
    assert model._kept.by_batch["train"][0] == machines and len(machines) == 2
    model.optimizer.clipnorm = 1.0
    model.fit(Numbered(), verbose=0)
    assert not set(map(id, model._kept.by_batch["train"][0].values())) & set(map(id, machines.values()))


def test_training_on_rows_and_on_batches_may_take_turns():
    results = []
    for jit in (False, True):
        model, histories = model_of(jit), []
        for _ in range(2):
            histories.append(model.fit(X[:40], Y[:40], batch_size=8, verbose=0))
            histories.append(model.fit(Numbered(), verbose=0))
            histories.append(model.fit(X, Y, batch_size=8, verbose=0))
        results.append([(model, history) for history in histories])
    for one, other in zip(*results):
        assert_same(one, other)


def test_somebody_who_looks_for_anomalies_sees_every_op():
    with tinygrad_edu.detect_anomaly():
        model, _ = course("auto", Numbered())
    assert model.explain_jit() == "Steps run one by one in Python: somebody looks for anomalies."


def test_a_plan_can_be_printed_before_and_after_the_first_batch():
    model = model_of(True)
    model.fit(Numbered(), epochs=0, verbose=0)
    assert "no batch has come yet" in model.explain_jit() and model.compiled_plan is None
    model.fit(Numbered(), verbose=0)
    assert "product_by" in model.explain_jit()


def test_predict_draws_what_eager_steps_draw_in_the_learning_phase():
    found = []
    for jit in (False, True):
        model = model_of(jit)
        with tinygrad_edu.backend.learning_phase_scope(1):
            found.append([model.predict(Numbered()) for _ in range(2)])
        found.append(model.layers[-2].seed_generator.counter)
    assert_close(found[0], found[2])
    assert found[1] == found[3] and by_batch.FORMS == 8
