"""The course of a compiled training is that of an eager one: who is told what and when, what is printed, where it stops."""

import contextlib
import copy
import io
import pickle
import re
import signal
import threading
import warnings

import numpy as np
import pytest

import tinygrad_edu
from tinygrad_edu import callbacks
from tinygrad_edu.callbacks.callback import HOOKS
from tinygrad_edu.compiled import Runner, stepper
from tinygrad_edu.layers import Activation, BatchNormalization, Dense, Layer
from tinygrad_edu.models import Model, Sequential, asking, compiling, pieces
from tinygrad_edu.models.forward import EagerForward
from tinygrad_edu.optimizers import SGD, Adam

RNG = np.random.default_rng(1)
X = RNG.uniform(-1, 1, (43, 3)).astype("float32")
Y = (X.sum(1) > 0).astype("float32")

@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    monkeypatch.delenv("TINYGRAD_EDU_JIT", raising=False)


@pytest.fixture
def cut(request, monkeypatch):
    """How much the machine does in one call."""
    first, seconds = {"one step": (1, 0.0), "as it comes": (16, 0.1), "all at once": (10**6, 1e9)}[request.param]
    monkeypatch.setattr(pieces, "FIRST", first)
    monkeypatch.setattr(pieces, "SECONDS", seconds)


EVERY_CUT = pytest.mark.parametrize("cut", ["one step", "as it comes", "all at once"], indirect=True)


def model_of(jit, optimizer=None, metrics=("accuracy", "mae"), weighted=(), last="sigmoid"):
    tinygrad_edu.set_random_seed(3)
    model = Sequential([Dense(4, activation="tanh", input_dim=3), Dense(1, activation=last)])
    loss = "binary_crossentropy" if last else "mse"
    optimizer = optimizer or SGD(0.1, momentum=0.9)
    model.compile(optimizer, loss, metrics=list(metrics), weighted_metrics=list(weighted), jit_compile=jit)
    return model


def course(jit, x=X, y=Y, **settings):
    model = model_of(jit)
    history = model.fit(x, y, **{"epochs": 6, "batch_size": 8, "verbose": 0, **settings})
    return model, history


def assert_same(first, second):
    assert first[1].epoch == second[1].epoch and list(first[1].history) == list(second[1].history)
    for name, values in first[1].history.items():
        np.testing.assert_allclose(values, second[1].history[name], 2e-5, 2e-6, err_msg=name)
    for one, other in zip(first[0].get_weights(), second[0].get_weights()):
        np.testing.assert_allclose(one, other, 2e-5, 2e-6)
    assert first[0].optimizer.iterations == second[0].optimizer.iterations
    for one, other in zip(first[0].metrics, second[0].metrics):
        np.testing.assert_allclose(float(one.result()), float(other.result()), 2e-5, 2e-6)
    np.testing.assert_allclose(first[0].batch_loss, second[0].batch_loss, 2e-5, 2e-6)


class Spy(callbacks.Callback):
    """Notes calls of hooks, with what they were told."""

    def __init__(self, *hooks):
        self.seen = []
        for hook in hooks:
            setattr(self, hook, lambda *args, hook=hook: self.seen.append((hook, *args[:-1], dict(args[-1] or {}))))


SETTINGS = {
    "plain": {},
    "unshuffled": {"shuffle": False},
    "blocks": {"shuffle": "batch"},
    "blocks of one length": {"shuffle": "batch", "x": X[:40], "y": Y[:40]},
    "some blocks": {"shuffle": "batch", "steps_per_epoch": 4, "validation_split": 0.3},
    "no short batch": {"x": X[:40], "y": Y[:40]},
    "one batch": {"batch_size": 64},
    "initial_epoch": {"initial_epoch": 2},
    "validation_split": {"validation_split": 0.3},
    "validation_data": {"validation_data": (X[::2], Y[::2]), "validation_batch_size": 5},
    "validation_freq": {"validation_split": 0.3, "validation_freq": 2},
    "some epochs": {"validation_split": 0.3, "validation_freq": [1, 2, 5]},
    "validation_steps": {"validation_split": 0.3, "validation_steps": 1},
    "class_weight": {"class_weight": {0: 1.0, 1: 3.0}},
    "sample_weight": {"sample_weight": RNG.uniform(size=43), "validation_data": (X, Y, RNG.uniform(size=43))},
    "steps_per_epoch": {"steps_per_epoch": 4},
    "more steps than batches": {"steps_per_epoch": 9},
}


@EVERY_CUT
@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_of_fit_means_the_same(name, cut):
    assert_same(course(False, **SETTINGS[name]), course(True, **SETTINGS[name]))


@EVERY_CUT
def test_how_steps_are_cut_into_pieces_changes_no_number(cut, monkeypatch):
    """Not one bit: of the history, of weights, of what metrics hold."""
    settings = {"validation_split": 0.3, "epochs": 8}
    model, history = course(True, **settings)
    other, by_epoch = course(True, **settings, callbacks=[Spy("on_epoch_end")])
    assert history.history == by_epoch.history
    assert [w.tobytes() for w in model.get_weights()] == [w.tobytes() for w in other.get_weights()]
    assert [m.result() for m in model.metrics] == [m.result() for m in other.metrics]


@EVERY_CUT
def test_metrics_of_every_kind_count_the_same(cut):
    def model(jit):
        own = lambda y, p: np.abs(y - p).max()
        metrics = ["accuracy", "mse", tinygrad_edu.metrics.AUC(name="auc"), tinygrad_edu.metrics.Precision(name="p"), own]
        model = model_of(jit, metrics=metrics, weighted=["mae", "accuracy"])
        return model, model.fit(X, Y, epochs=4, batch_size=8, verbose=0, class_weight={0: 1.0, 1: 2.0}, validation_split=0.2)

    assert_same(model(False), model(True))


NO_BATCHES = [hook for hook in HOOKS if "batch" not in hook]


@pytest.mark.parametrize("hooks", [HOOKS, NO_BATCHES, ["on_train_end"], ["on_test_batch_end"]])
def test_callbacks_are_told_the_same_in_the_same_order(hooks):
    seen = []
    for jit in (False, True):
        spy = Spy(*hooks)
        course(jit, callbacks=[spy], validation_split=0.2, epochs=3)
        seen.append(spy.seen)
    assert [call[:-1] for call in seen[0]] == [call[:-1] for call in seen[1]]
    for one, other in zip(*seen):
        assert list(one[-1]) == list(other[-1])
        np.testing.assert_allclose(list(one[-1].values()), list(other[-1].values()), 2e-5, 2e-6)


@EVERY_CUT
@pytest.mark.parametrize("verbose", [0, 1, 2])
def test_the_same_lines_are_printed_in_the_same_order(verbose, cut):
    printed = []
    for jit in (False, True):
        with contextlib.redirect_stdout(io.StringIO()) as out:
            course(jit, verbose=verbose, validation_split=0.2)
        printed.append(re.sub(r"- \S+ \S+/step -", "- time -", out.getvalue()))
    assert printed[0] == printed[1] and printed[0].count("\n") == (12 if verbose else 0)


@pytest.mark.parametrize("make", [
    lambda: callbacks.EarlyStopping("loss", patience=1, min_delta=0.01, restore_best_weights=True),
    lambda: callbacks.LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1)),
    lambda: callbacks.ReduceLROnPlateau("loss", patience=1, min_delta=0.05),
    lambda: callbacks.TerminateOnNaN(),
    lambda: callbacks.LambdaCallback(on_train_batch_begin=lambda batch, logs: None),
])  # fmt: skip
def test_callbacks_of_ours_do_the_same(make):
    assert_same(course(False, callbacks=[make()]), course(True, callbacks=[make()]))


def test_a_callback_may_stop_training_after_any_batch():
    class Stop(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            self.model.stop_training = self.model.optimizer.iterations == 8

    eager, compiled = course(False, callbacks=[Stop()]), course(True, callbacks=[Stop()])
    assert_same(eager, compiled)
    assert compiled[0].optimizer.iterations == 8


def test_a_callback_may_change_the_rate_and_settings_at_every_batch():
    class Meddles(callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            self.model.optimizer.learning_rate = 0.2 / (batch + 1)
            self.model.layers[0].trainable = batch != 2
            self.model.layers[1].activation = tinygrad_edu.activations.get("sigmoid" if batch % 2 else "hard_sigmoid")

    settings = {"callbacks": [Meddles()], "epochs": 2}
    assert_same(course(False, **settings), course("auto", **settings, steps_per_epoch=None))
    eager, forced = course(False, **settings), None
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TINYGRAD_EDU_JIT", "force")
        forced = course("auto", **settings)
    assert_same(eager, forced)


@EVERY_CUT
@pytest.mark.parametrize("rate", [3.0, 50.0, 1e4, 1e10])
def test_a_loss_that_is_not_finite_ends_training_in_the_same_step(rate, cut):
    told = []
    for jit in (False, True):
        model = model_of(jit, SGD(rate), metrics=["mae"], last=None)
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            history = model.fit(X, Y * 3, epochs=40, batch_size=8, verbose=0, validation_split=0.2)
        words = [str(warning.message).split(".")[0] for warning in found if "Training ends" in str(warning.message)]
        told.append((words, model.optimizer.iterations, history.epoch, list(history.history)))
    assert told[0] == told[1] and len(told[0][0]) == 1


# Interruption ------------------------------------------------------------------------------------


CALLS = [("one step", 1), ("one step", 4), ("one step", 9), ("as it comes", 1), ("all at once", 1)]


@pytest.mark.parametrize(("cut", "number"), CALLS, indirect=["cut"])
def test_a_signal_while_the_machine_runs_leaves_whole_steps_and_finished_epochs(number, cut, monkeypatch):
    """FIT-22: the weights are those of an eager training after as many steps, and training goes on from there."""
    calls, run = [], Runner.run_epochs

    def signalling(self, orders):
        calls.append(len(orders))
        if len(calls) == number:
            signal.raise_signal(signal.SIGINT)
        return run(self, orders)

    monkeypatch.setattr(Runner, "run_epochs", signalling)
    model, told = model_of(True), []
    heard = callbacks.LambdaCallback(on_train_interrupt=lambda logs: told.append(logs))
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, epochs=50, batch_size=8, verbose=0, callbacks=[heard])
    steps, epochs = model.optimizer.iterations, len(model.history.epoch)
    assert len(told) == 1 and steps // 6 - 1 <= epochs <= steps // 6 and steps > 0
    assert all(len(values) == epochs for values in model.history.history.values())

    eager = model_of(False)
    stop = Spy()
    stop.on_train_batch_end = lambda batch, logs: setattr(eager, "stop_training", eager.optimizer.iterations == steps)
    eager.fit(X, Y, epochs=50, batch_size=8, verbose=0, callbacks=[stop])
    for one, other in zip(model.get_weights(), eager.get_weights()):
        np.testing.assert_allclose(one, other, 2e-4, 2e-5)


@EVERY_CUT
@pytest.mark.parametrize("after", [3, 6, 9])
def test_training_goes_on_from_the_position_that_an_interruption_left(after, cut):
    """A position taken in the middle of an epoch of pieces is one that eager training can go on from, and the other way round."""
    whole, positions = course(False), []

    class Notes(callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if self.model.optimizer.iterations == after:
                positions.append(self.model.training_position)

    class GoesOn(callbacks.Callback):
        def on_train_begin(self, logs=None):
            self.model.training_position = positions[-1]

    for first, second in [(True, False), (False, True), (True, True)]:
        course(first, callbacks=[Notes()])
        model = model_of(second)
        history = model.fit(X, Y, epochs=6, batch_size=8, verbose=0, callbacks=[GoesOn()])
        assert_same(whole, (model, history)) if after == 6 else None
        for one, other in zip(whole[0].get_weights(), model.get_weights()):
            np.testing.assert_allclose(one, other, 2e-5, 2e-6)


class Keeps(callbacks.Callback):
    """Looks between epochs, and keeps where an interruption left the training."""

    def __init__(self):
        self.epochs, self.positions = [], []

    def on_epoch_end(self, epoch, logs=None):
        self.epochs.append((epoch, *logs))

    def on_train_interrupt(self, logs=None):
        self.positions.append(self.model.training_position)


@EVERY_CUT
@pytest.mark.parametrize("number", [1, 2, 5])
@pytest.mark.parametrize("settings", [{}, {"validation_split": 0.2}, {"steps_per_epoch": 6}])
def test_training_goes_on_from_where_a_signal_left_an_epoch_that_is_looked_at(settings, number, cut, monkeypatch):
    """FIT-22: also between the last step of an epoch and the callbacks that hear of its end, which hear of it once."""
    calls, begin = [], Runner.begin

    def signalling(self, orders, told=None):
        calls.append(len(orders))
        if len(calls) == number:
            signal.raise_signal(signal.SIGINT)
        return begin(self, orders, told)

    monkeypatch.setattr(Runner, "begin", signalling)
    keeps = Keeps()
    with pytest.raises(KeyboardInterrupt):
        course(True, callbacks=[keeps], **settings)

    class GoesOn(Keeps):
        def on_train_begin(self, logs=None):
            self.model.training_position = keeps.positions[-1]

    goes_on, whole = GoesOn(), Keeps()
    second, first = course(True, callbacks=[goes_on], **settings), course(False, callbacks=[whole], **settings)
    assert keeps.epochs + goes_on.epochs == whole.epochs and max(calls) == 1
    for one, other in zip(second[0].get_weights(), first[0].get_weights()):
        np.testing.assert_allclose(one, other, 2e-5, 2e-6)
    for name, values in first[1].history.items():
        np.testing.assert_allclose(second[1].history[name][-1], values[-1], 2e-5, 2e-6, err_msg=name)


@pytest.mark.parametrize("cut", ["all at once"], indirect=True)
@pytest.mark.parametrize(("callback", "passes"), [
    (callbacks.EarlyStopping(patience=99), [2] * 6),
    (callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: None), [2] * 6),
    (callbacks.LambdaCallback(on_test_end=lambda logs: None), [1] * 12),
    (callbacks.LambdaCallback(on_train_end=lambda logs: None), [12]),
])  # fmt: skip
def test_an_epoch_is_one_call_with_what_is_measured_unless_somebody_looks_in_between(callback, passes, cut, monkeypatch):
    calls, run = [], stepper.run_passes
    monkeypatch.setattr(stepper, "run_passes", lambda some, *more: calls.append(len(some)) or run(some, *more))
    course(True, callbacks=[callback], x=X[:40], y=Y[:40], validation_data=(X[:8], Y[:8]))
    assert calls == passes


class InTheMiddle(Layer):
    """Does something in the middle of a step, the first time that it is called in training."""

    def __init__(self, does):
        super().__init__()
        self.does, self.calls = does, 0

    def call(self, x, training=None):
        self.calls += bool(training)
        if self.calls == 1:
            self.does()
        return x * 1.0


def fail():
    raise ArithmeticError("first call")


@pytest.mark.parametrize(("does", "error"), [
    (lambda: signal.raise_signal(signal.SIGINT), KeyboardInterrupt),
    (fail, ValueError),
])  # fmt: skip
def test_what_ends_the_taking_down_of_a_step_leaves_the_model_as_it_was(does, error):
    """FIT-22: moving averages are moved back."""
    model = Sequential([Dense(4, input_dim=3), BatchNormalization(), Dense(1), InTheMiddle(does)])
    model.compile("sgd", "mse", jit_compile=True)
    before = [weight.tobytes() for weight in model.get_weights()]
    with pytest.raises(error):
        model.fit(X, Y, epochs=10, batch_size=8, verbose=0)
    assert [weight.tobytes() for weight in model.get_weights()] == before and model.optimizer.iterations == 0


def test_an_error_while_a_step_is_taken_down_is_left_to_eager_steps(monkeypatch):
    monkeypatch.setenv("TINYGRAD_EDU_JIT", "force")
    model = Sequential([Dense(4, input_dim=3), Dense(1), InTheMiddle(fail)])
    model.compile("sgd", "mse")
    model.fit(X, Y, epochs=2, batch_size=8, verbose=0)
    assert "ArithmeticError: first call" in model.explain_jit() and model.optimizer.iterations == 12


def test_signals_are_heard_within_a_fraction_of_a_second():
    """Pieces are cut by the time that steps take."""
    model = model_of(True)
    threading.Timer(0.3, signal.raise_signal, (signal.SIGINT,)).start()
    with pytest.raises(KeyboardInterrupt):
        model.fit(X[:40], Y[:40], epochs=10**6, batch_size=4, verbose=0)
    assert model.optimizer.iterations > 100


def runs_in(epochs, monkeypatch, **settings):
    """How many epochs the machine does in each of its calls."""
    calls, begin = [], Runner.begin
    monkeypatch.setattr(Runner, "begin", lambda self, orders, told=None: calls.append(len(orders)) or begin(self, orders, told))
    model = model_of(True, metrics=settings.pop("metrics", ()))
    model.fit(X, Y, epochs=epochs, batch_size=8, verbose=0, **settings)
    return calls


def test_a_short_training_is_one_call(monkeypatch):
    """What its plan does says that it will be over in time."""
    assert runs_in(100, monkeypatch) == [100]


def test_where_nobody_can_say_what_steps_take_some_of_them_are_tried_first(monkeypatch):
    assert runs_in(100, monkeypatch, validation_split=0.2)[0] < 5
    assert runs_in(100, monkeypatch, metrics=["AUC"])[0] < 5
    monkeypatch.setattr(pieces, "ROUNDS", 10**3)
    assert runs_in(100, monkeypatch)[0] < 5


# Second calls, copies, threads -------------------------------------------------------------------


def test_a_second_fit_goes_on_with_the_same_machine_on_other_data():
    pairs = []
    for jit in (False, True):
        model, runners = model_of(jit, Adam(0.01)), []
        for x, epochs in ((X, 2), (X[::-1] * 0.5, 3)):
            history = model.fit(x, Y, epochs=epochs, batch_size=8, verbose=0)
            runners.append(model._kept.runner)
        assert runners[0] is runners[1]
        pairs.append((model, history))
    assert_same(*pairs)


CHANGES = pytest.mark.parametrize("change", [
    lambda model: setattr(model.layers[0].kernel_regularizer, "l2", 0.3),
    lambda model: setattr(model.layers[0], "activation", tinygrad_edu.activations.get("relu")),
    lambda model: model.add(Activation("tanh")),
    lambda model: setattr(model.layers[0], "trainable", False),
    lambda model: setattr(model.layers[1].kernel, "constraint", tinygrad_edu.constraints.NonNeg()),
    lambda model: model.compile(model.optimizer, "mae", jit_compile=model.jit_compile),
    lambda model: setattr(model.optimizer, "nesterov", True),
])  # fmt: skip


def changing(jit):
    tinygrad_edu.set_random_seed(3)
    model = Sequential([Dense(4, activation="tanh", kernel_regularizer="l2", input_dim=3), Dense(1)])
    model.compile(SGD(0.1, momentum=0.9), "mse", jit_compile=jit)
    return model


@CHANGES
@pytest.mark.filterwarnings("ignore:.*expects compile")
def test_a_step_that_has_changed_between_two_calls_is_taken_down_again(change):
    pairs = []
    for jit in (False, True):
        model = changing(jit)
        model.fit(X, Y, epochs=2, batch_size=8, verbose=0)
        change(model)
        pairs.append((model, model.fit(X, Y, epochs=2, batch_size=8, verbose=0)))
    assert_same(*pairs)


@CHANGES
def test_a_step_that_has_changed_between_two_epochs_is_taken_down_again(change):
    pairs = []
    for jit in (False, True):
        model = changing(jit)
        changes = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs, model=model: epoch == 1 and change(model))
        pairs.append((model, model.fit(X, Y, epochs=4, batch_size=8, verbose=0, callbacks=[changes])))
    assert_same(*pairs)


def test_a_model_is_looked_through_again_only_where_somebody_has_touched_it(monkeypatch):
    looked, look = [], compiling.Settings
    monkeypatch.setattr(compiling, "Settings", lambda model: looked.append(model) or look(model))
    touches = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: epoch == 3 and setattr(touched, "units", 5.0 - 1))
    model, touched = changing(True), None
    touched = model.layers[0]
    model.fit(X, Y, epochs=8, batch_size=8, verbose=0, callbacks=[touches])
    assert len(looked) == 3 and model.optimizer.iterations == 48  # once at first; then what was touched is another step


def test_a_callback_may_train_the_model_on_other_data():
    class Nested(callbacks.Callback):
        depth = 0

        def on_epoch_end(self, epoch, logs=None):
            if not self.depth:
                self.depth = 1
                self.model.fit(X[::-1] * 2, Y, epochs=1, batch_size=8, verbose=0)
                self.depth = 0

    assert_same(course(False, callbacks=[Nested()]), course(True, callbacks=[Nested()]))


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model)), copy.copy])
def test_copies_of_a_model_have_no_part_in_its_machine(copied):
    model, _ = course(True)
    other = copied(model)
    before = model.get_weights()
    other.fit(X, Y, epochs=1, batch_size=8, verbose=0)
    if copied is not copy.copy:
        assert other._kept.runner is not model._kept.runner
        for one, two in zip(before, model.get_weights()):
            np.testing.assert_array_equal(one, two)


def test_models_may_be_trained_in_several_threads():
    expected = [course(True, epochs=20), course(True, epochs=20, shuffle=False)]
    models = [model_of(True), model_of(True)]
    threads = [
        threading.Thread(target=lambda m=m, s=s: m.fit(X, Y, epochs=20, batch_size=8, verbose=0, shuffle=s))
        for m, s in zip(models, (False, False))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for model in models:
        for one, other in zip(model.get_weights(), expected[1][0].get_weights()):
            np.testing.assert_array_equal(one, other)


# Whether to --------------------------------------------------------------------------------------


def is_compiled(model):
    return model.explain_jit().startswith("Steps run compiled")


def test_auto_compiles_long_trainings_only():
    """By counts: 6 steps an epoch."""
    assert not is_compiled(course("auto", epochs=4)[0]) and is_compiled(course("auto", epochs=5)[0])
    assert "24 steps are too few" in course("auto", epochs=4)[0].explain_jit()


def test_auto_leaves_code_that_is_not_ours_alone():
    def shift(x):
        return x + 1

    model = Sequential([Dense(4), tinygrad_edu.layers.Lambda(shift), Dense(1)])
    model.compile("sgd", "mse")
    model.fit(X, Y, epochs=30, batch_size=8, verbose=0)
    assert "what shift does" in model.explain_jit()
    model.compile("sgd", "mse", jit_compile=True)
    model.fit(X, Y, batch_size=8, verbose=0)
    assert is_compiled(model)


@pytest.mark.parametrize(("told", "short", "long"), [("0", False, False), ("1", True, True), ("force", True, True)])
def test_the_environment_goes_before_the_word(told, short, long, monkeypatch):
    monkeypatch.setenv("TINYGRAD_EDU_JIT", told)
    assert is_compiled(course("auto", epochs=1)[0]) is short and is_compiled(course("auto", epochs=20)[0]) is long
    assert is_compiled(course(False, epochs=20)[0]) is (told == "force")


def test_run_eagerly_goes_before_everything(monkeypatch):
    monkeypatch.setenv("TINYGRAD_EDU_JIT", "force")
    model = model_of("auto")
    model.run_eagerly = True
    model.fit(X, Y, verbose=0)
    assert not is_compiled(model)


@pytest.mark.parametrize("word", ["always", 2, 0.5])
def test_jit_compile_is_one_of_three_words(word):
    with pytest.raises(ValueError, match="jit_compile to be True, False or 'auto'"):
        model_of(word)


def asks(x):
    """tanh, and a look at what comes out."""
    out = tinygrad_edu.ops.tanh(x)
    return out if float(out.numpy().sum()) < 1e9 else x


class Asks(callbacks.Callback):
    """Puts what cannot be compiled in the way, for two epochs."""

    def __init__(self):
        self.ways = []

    def on_epoch_begin(self, epoch, logs=None):
        self.model.layers[0].activation = asks if epoch in (1, 2) else tinygrad_edu.activations.tanh

    def on_epoch_end(self, epoch, logs=None):
        self.ways.append(is_compiled(self.model))


def test_what_comes_to_stand_in_the_way_is_an_error_where_compiling_is_a_must():
    with pytest.raises(ValueError, match="asked for"):
        course(True, callbacks=[Asks()])


def test_a_training_falls_back_to_eager_steps_and_comes_back(monkeypatch):
    eager, other = course(False, callbacks=[Asks()]), Asks()
    monkeypatch.setenv("TINYGRAD_EDU_JIT", "force")
    assert_same(eager, course("auto", callbacks=[other]))
    assert other.ways == [True, False, False, True, True, True]


# Measuring and asking ----------------------------------------------------------------------------


@pytest.fixture
def forward_machine(monkeypatch):
    """A machine that runs forward: the eager one, which says that it is none."""
    ran = []

    class Machine(EagerForward):
        is_eager = False

        def run(self, order):
            ran.append(len(order))
            return super().run(order)

        def ask(self, order):
            ran.append(len(order))
            return super().ask(order)

    for module in (asking, pieces):
        monkeypatch.setattr(module, "forward_of", lambda model, source, *more: Machine(model, source))
    return ran


def test_evaluate_and_predict_by_a_machine_say_the_same_to_the_bit(forward_machine, monkeypatch):
    model, _ = course(False)
    weights = RNG.uniform(size=43)
    found = model.evaluate(X, Y, batch_size=8, sample_weight=weights), model.predict(X), model.predict(X, batch_size=4)
    assert forward_machine == [43, 43, 43]
    monkeypatch.undo()
    for one, other in zip(found, (model.evaluate(X, Y, 8, sample_weight=weights), model.predict(X), model.predict(X, 4))):
        np.testing.assert_array_equal(one, other)


def test_a_machine_measures_between_epochs_and_leaves_batches_to_those_who_are_told_of_them(forward_machine):
    expected = course(True, callbacks=[Spy("on_epoch_end")], validation_split=0.3)
    assert len(forward_machine) == 6
    assert_same(expected, course(True, callbacks=[Spy("on_test_batch_end")], validation_split=0.3))
    assert len(forward_machine) == 6


def test_several_outputs_come_out_of_a_machine_in_their_structure(forward_machine):
    x = tinygrad_edu.layers.Input(shape=(3,))
    model = Model(x, {"a": Dense(1, name="a")(x), "b": Dense(2, name="b")(x)})
    model.compile("sgd", {"a": "mse", "b": "mae"}, metrics={"a": ["mae"], "b": ["mse"]})
    y = {"a": Y[:, None], "b": X[:, :2]}
    found, asked = model.evaluate(X, y, batch_size=8, return_dict=True), model.predict(X)
    assert forward_machine == [43, 43] and list(asked) == ["a", "b"] and asked["b"].shape == (43, 2)
    stepwise = model.evaluate(X, y, batch_size=8, return_dict=True, callbacks=[Spy("on_test_batch_end")])
    assert found == stepwise and len(forward_machine) == 2
