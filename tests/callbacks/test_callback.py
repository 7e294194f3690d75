"""Hooks: which are called, in what order, and with what."""

import numpy as np
import pytest

from tinygrad_edu import Tensor
from tinygrad_edu.callbacks import Callback, CallbackList, History
from tinygrad_edu.callbacks.callback import HOOKS
from tinygrad_edu.layers import Dense
from tinygrad_edu.models import Sequential

X, Y = np.arange(10.0).reshape(5, 2) / 10, np.array([0, 1, 1, 0, 1])


def trained(callbacks, **settings):
    model = Sequential([Dense(1, input_dim=2, activation="sigmoid")])
    model.compile("sgd", "bce", metrics=["accuracy"])
    return model, model.fit(X, Y, **{"batch_size": 2, "verbose": 0, "callbacks": callbacks, **settings})


class Trace(Callback):
    """Writes down every hook with its arguments."""

    def __init__(self):
        self.calls = []


def _hook(name):
    return lambda self, *args: self.calls.append((name, *[dict(a) if isinstance(a, dict) else a for a in args]))


for _name in HOOKS:
    setattr(Trace, _name, _hook(_name))


def test_hooks_come_in_order():
    """CB-02: five rows in batches of two, two epochs, validation after each."""
    trace = Trace()
    trained(trace, epochs=2, validation_data=(X, Y))
    train, test = ([(f"on_{what}_batch_{when}", i) for i in range(3) for when in ("begin", "end")] for what in ("train", "test"))
    epoch = lambda n: [("on_epoch_begin", n), *train, ("on_test_begin",), *test, ("on_test_end",), ("on_epoch_end", n)]
    expected = [("on_train_begin",), *epoch(0), *epoch(1), ("on_train_end",)]
    assert [tuple(a for a in call if not isinstance(a, dict)) for call in trace.calls] == expected
    assert all(isinstance(call[-1], dict) for call in trace.calls)


def test_logs_are_running_means_then_the_epochs_then_the_last():
    """CB-02, FIT-10: python floats, loss first, then metrics, then val_."""
    trace = Trace()
    _, history = trained(trace, epochs=2, validation_data=(X, Y))
    logs = {name: [call[-1] for call in trace.calls if call[0] == name] for name in HOOKS}
    assert all(list(batch) == ["loss", "accuracy"] for batch in logs["on_train_batch_end"])
    assert all(list(epoch) == ["loss", "accuracy", "val_loss", "val_accuracy"] for epoch in logs["on_epoch_end"])
    assert [list(test) for test in logs["on_test_end"]] == [["loss", "accuracy"]] * 2
    for epoch, batch in zip(logs["on_epoch_end"], logs["on_train_batch_end"][2::3]):
        assert {name: epoch[name] for name in batch} == batch
    assert {name: [epoch[name] for epoch in logs["on_epoch_end"]] for name in history.history} == history.history
    assert logs["on_train_end"] == [logs["on_epoch_end"][-1]]
    assert {type(value) for call in trace.calls for value in call[-1].values() if isinstance(call[-1], dict)} == {float}


def test_batch_logs_are_means_since_the_epoch_began():
    """CB-02, MET-04: with a rate of 0 every batch can be measured again afterwards."""
    trace = Trace()
    model = Sequential([Dense(1, input_dim=2)])
    model.compile("sgd", "mse")
    model.optimizer.lr = 0
    model.fit(X, Y, batch_size=2, shuffle=False, verbose=0, callbacks=trace)
    errors = (model.predict(X)[:, 0] - Y) ** 2
    found = [call[-1]["loss"] for call in trace.calls if call[0] == "on_train_batch_end"]
    assert found == pytest.approx([errors[:2].mean(), errors[:4].mean(), errors.mean()])


def test_a_callback_knows_model_and_params():
    """CB-01."""
    trace = Trace()
    model, _ = trained(trace, epochs=2)
    assert trace.model is model
    assert trace.params == {"epochs": 2, "steps": 3, "verbose": 0}


@pytest.mark.parametrize(
    "wrap", [lambda c: c, lambda c: [c], lambda c: (c,), lambda c: [Callback(), c]], ids=["one", "list", "tuple", "two"]
)
def test_callbacks_are_one_or_several(wrap):
    """CB-04."""
    trace = Trace()
    trained(wrap(trace))
    assert trace.calls


@pytest.mark.parametrize("none", [None, [], ()], ids=repr)
def test_no_callbacks_are_fine(none):
    """CB-04."""
    trained(none)


@pytest.mark.parametrize(
    "wrong", [3, "History", Callback, object(), [3], [None], [History], {"a": 1}, [Callback(), "x"], lambda epoch, logs: None]
)
def test_what_is_no_callback_is_refused_before_the_first_step(wrong):
    """CB-04."""
    model = Sequential([Dense(1, input_dim=2)])
    model.compile("sgd", "mse")
    before = model.get_weights()
    with pytest.raises(TypeError, match="callbacks expects Callback objects, got"):
        model.fit(X, Y, verbose=0, callbacks=wrong)
    assert model.optimizer.iterations == 0
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights()))


def test_several_are_called_in_the_order_of_the_list_and_may_add_to_the_logs():
    """CB-03: what a callback adds, later ones and the history see."""

    class Add(Callback):
        def on_epoch_end(self, epoch, logs):
            logs["twice"] = 2 * logs["loss"]

    class Read(Callback):
        def on_epoch_end(self, epoch, logs):
            self.seen = logs["twice"]

    read = Read()
    _, history = trained([Add(), read], epochs=1)
    assert history.history["twice"] == [read.seen] == [2 * history.history["loss"][0]]


def test_the_books_callback_without_super_and_without_defaults_works(capsys):
    """CB-01, CB-26: `(self, epoch, logs)` and an __init__ that calls no other."""

    class PrintValTrainRatio(Callback):
        def __init__(self, digits):
            self.digits = digits

        def on_epoch_end(self, epoch, logs):
            print(f"\nval/train: {logs['val_loss'] / logs['loss']:.{self.digits}f}")

    trained([PrintValTrainRatio(2)], epochs=2, validation_data=(X, Y))
    assert capsys.readouterr().out.count("val/train: ") == 2


@pytest.mark.parametrize(("hook", "steps"), [("on_train_batch_end", 1), ("on_epoch_end", 3)])
def test_stop_training_ends_after_the_batch_or_epoch(hook, steps):
    """CB-05, FIT-21: and a later fit begins unstopped."""
    stop = type("Stop", (Callback,), {hook: lambda self, number, logs: setattr(self.model, "stop_training", True)})
    model, history = trained(stop(), epochs=5)
    assert model.optimizer.iterations == steps and history.epoch == [0]
    assert model.fit(X, Y, epochs=2, verbose=0).epoch == [0, 1]


def test_an_error_in_a_callback_comes_out():
    """CB-01."""

    class Broken(Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise KeyError("val_loss")

    with pytest.raises(KeyError, match="val_loss"):
        trained(Broken())


def test_without_an_override_hooks_of_batches_cost_nothing(monkeypatch):
    """CB-01: though the base class passes them on to their other names."""

    def called(self, batch, logs=None):
        raise AssertionError

    monkeypatch.setattr(Callback, "on_train_batch_end", called)
    trained(Callback())


def test_a_list_calls_only_hooks_that_were_written():
    """CB-01: an empty hook costs nothing."""
    trace = Trace()
    hooks = CallbackList([Callback(), trace], model=None, epochs=1)
    hooks.call("on_epoch_begin", 0, {})
    assert trace.calls == [("on_epoch_begin", 0, {})]
    assert len(hooks.of("on_epoch_begin")) == 1


@pytest.mark.parametrize("name", ["on_batch_end", "on_train_batch_end"])
def test_hooks_of_batches_have_two_names(name):
    """CB-01: Keras 2's and today's; on the class, or put on the object."""
    seen = []
    hook = lambda self, batch, logs: seen.append(batch)
    trained(type("Old", (Callback,), {name: hook})())
    own = Callback()
    setattr(own, name, lambda batch, logs: seen.append(batch))
    trained(own)
    assert seen == [0, 1, 2] * 2


def test_callbacks_may_compute_and_change_the_model():
    """CB-01: learning rate and weights, in the middle of training."""

    class Halve(Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.optimizer.lr = 0.5**epoch

        def on_epoch_end(self, epoch, logs=None):
            x = Tensor([[1.0, 2.0]])
            self.model(x).sum().backward()
            self.model.set_weights([[[0.0], [0.0]], [0.0]])

    model, _ = trained(Halve(), epochs=3)
    assert model.optimizer.lr == 0.25 and all((w == 0).all() for w in model.get_weights())


def test_a_list_has_the_hooks_of_its_callbacks_and_may_be_made_before_there_is_a_model():
    """CB-03: loops written by hand call them; logs may be left out, and batches have their old names."""
    trace, late = Trace(), Trace()
    hooks = CallbackList(trace)
    hooks.append(late)
    hooks.set_model("a model")
    hooks.set_params({"epochs": 2})
    assert trace.model == late.model == "a model" and late.params == {"epochs": 2}
    hooks.on_train_begin()
    hooks.on_epoch_begin(0)
    hooks.on_batch_end(4, {"loss": 1.0})
    hooks.on_test_end({"loss": 2.0})
    told = [("on_train_begin", None), ("on_epoch_begin", 0, None), ("on_train_batch_end", 4, {"loss": 1.0})]
    assert trace.calls == late.calls == [*told, ("on_test_end", {"loss": 2.0})]
    with pytest.raises(AttributeError, match="CallbackList has no attribute 'on_sunday'"):
        hooks.on_sunday()


def test_a_class_in_the_place_of_an_object_is_told_to_be_called():
    """CB-04."""
    with pytest.raises(TypeError, match=r"expects Callback objects, got <class .*History'>. Write History\(\.\.\.\)"):
        CallbackList([History], None)
