"""Training that is interrupted: whole steps, finished epochs, closed files, and a second fit that goes on."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from tinygrad_edu.callbacks import Callback
from tinygrad_edu.interruption import WholeSteps
from tinygrad_edu.layers import Dense, Layer
from tinygrad_edu.models import Sequential
from tinygrad_edu.optimizers import SGD

X = np.random.default_rng(0).uniform(-1, 1, (20, 2)).astype("float32")
Y = (X[:, 0] > 0).astype("float32")
posix = pytest.mark.skipif(os.name != "posix", reason="signals between processes")


def model_of(*more):
    model = Sequential([Dense(3, input_dim=2), *more, Dense(1)])
    model.compile(SGD(0.1, 0.9), "mse")
    return model


def script(text, *, timeout=100):
    """What a script printed, and how it ended."""
    root = Path(__file__).parents[1]
    found = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(text)],
        capture_output=True, text=True, timeout=timeout, env={**os.environ, "PYTHONPATH": str(root)}, check=False,
    )  # fmt: skip
    return found.returncode, found.stdout, found.stderr


MANY_SIGNALS = """
    import os, random, signal, threading, time
    import numpy as np
    from tinygrad_edu.callbacks import Callback
    from tinygrad_edu.layers import BatchNormalization, Dense
    from tinygrad_edu.models import Sequential

    x = np.random.default_rng(0).uniform(-1, 1, (64, 4)).astype("float32")
    y = (x[:, :1] > 0).astype("float32")

    def model_of():
        hidden = [Dense(8, activation="relu") for _ in range(6)]
        model = Sequential([Dense(8, input_dim=4), *hidden, BatchNormalization(), Dense(1)])
        model.set_weights([np.linspace(-1, 1, w.size).reshape(w.shape) for w in model.weights])
        model.compile("adam", "mse")
        return model

    def state(model):
        return b"".join(w.tobytes() for w in [*model.get_weights(), *(v.array for v in model.optimizer.variables)])

    class Steps(Callback):
        seen = {}
        def on_train_batch_end(self, batch, logs=None):
            self.seen[self.model.optimizer.iterations] = state(self.model)

    class Signal(Callback):  # some time after training has begun, and not when it has ended
        is_on = True
        def on_train_begin(self, logs=None):
            self.timer = threading.Timer(random.uniform(0, took / 2), self.fire)
            self.timer.start()
        def fire(self):
            if self.is_on:
                os.kill(os.getpid(), signal.SIGNAL)
        def on_train_end(self, logs=None):
            self.is_on = False
        on_train_interrupt = on_train_end

    settings = dict(batch_size=8, epochs=60, shuffle=False, verbose=0)
    steps = Steps()
    model = model_of()
    steps.seen[0] = None
    model.fit(x, y, callbacks=steps, **settings)
    took = time.perf_counter()
    model_of().fit(x, y, **settings)
    took = time.perf_counter() - took

    interrupted = whole = 0
    for trial in range(25):
        model, sent = model_of(), Signal()
        try:
            model.fit(x, y, callbacks=sent, **settings)
        except (KeyboardInterrupt, SystemExit):
            interrupted += 1
            done = model.optimizer.iterations
            whole += steps.seen[done] in (None, state(model))
            assert model.history.epoch == list(range(len(model.history.epoch)))
            assert done // 8 - 1 <= len(model.history.epoch) <= done // 8
            model.fit(x, y, initial_epoch=done // 8, **settings)
        sent.timer.join()
    print(interrupted, whole)
"""


@posix
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_signals_at_any_moment_leave_the_weights_of_a_whole_step(name):
    """FIT-22: weights, moving averages and slots are those of a run without interruption after as many steps."""
    code, out, err = script(MANY_SIGNALS.replace("SIGNAL", name))
    assert code == 0, err
    interrupted, whole = map(int, out.split())
    assert interrupted == whole > 0


@posix
def test_sigterm_ends_a_script_with_its_files_closed():
    """FIT-22: callbacks are told, `finally` runs, and the process ends as terminated ones do."""
    code, out, _ = script("""
        import os, signal
        import numpy as np
        from tinygrad_edu.callbacks import Callback
        from tinygrad_edu.layers import Dense
        from tinygrad_edu.models import Sequential

        class Stop(Callback):
            def on_train_batch_end(self, batch, logs=None):
                os.kill(os.getpid(), signal.SIGTERM)
            def on_train_interrupt(self, logs=None):
                print("closed", *logs)

        model = Sequential([Dense(1, input_dim=2)])
        model.compile("sgd", "mse")
        try:
            model.fit(np.zeros((4, 2)), np.zeros(4), verbose=0, callbacks=Stop())
        finally:
            print("finally")
    """)
    assert (code, out.split()) == (128 + signal.SIGTERM, ["closed", "loss", "finally"])


class Signal(Layer):
    """Sends itself a signal in the middle of a step."""

    def __init__(self, times=1, **kwargs):
        super().__init__(**kwargs)
        self.times, self.passed = times, 0

    def call(self, x, training=None):
        if training:
            for _ in range(self.times):
                signal.raise_signal(signal.SIGINT)
            self.passed += 1
        return x


def test_a_signal_in_the_middle_of_a_step_waits_for_its_end():
    """FIT-22."""
    signals = Signal()
    model = model_of(signals)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, batch_size=5, verbose=0)
    assert signals.passed == 1 and model.optimizer.iterations == 1


def test_a_second_signal_does_not_wait():
    """FIT-22: a step that hangs can be left."""
    signals = Signal(times=2)
    model = model_of(signals)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, batch_size=5, verbose=0)
    assert signals.passed == 0 and model.optimizer.iterations == 0


@posix
def test_a_signal_in_a_callback_comes_at_once():
    """FIT-22: nothing waits for a callback that sleeps."""

    class Sleep(Callback):
        def on_epoch_begin(self, epoch, logs=None):
            threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
            time.sleep(30)

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        model_of().fit(X, Y, verbose=0, callbacks=Sleep())
    assert time.monotonic() - began < 10


HOOKS = ["on_train_begin", "on_epoch_begin", "on_train_batch_begin", "on_train_batch_end", "on_test_begin", "on_test_end",
         "on_epoch_end", "on_train_end"]  # fmt: skip


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError, SystemExit, MemoryError])
@pytest.mark.parametrize("hook", HOOKS)
def test_an_error_in_any_hook_keeps_the_epochs_closes_files_and_lets_a_second_fit_go_on(hook, error):
    """FIT-22, CB-06: the hook fails the second time that it is called, if it is called twice."""
    closed = []

    class Broken(Callback):
        calls = 0

        def on_train_interrupt(self, logs=None):
            closed.append(dict(logs))

    def fail(self, *args):
        self.calls += 1
        if self.calls == 2 or hook in ("on_train_begin", "on_train_end"):
            raise error("from the hook")

    setattr(Broken, hook, fail)
    model = model_of()
    with pytest.raises(error, match="from the hook"):
        model.fit(X, Y, batch_size=10, epochs=3, validation_data=(X, Y), verbose=0, callbacks=Broken())
    steps = model.optimizer.iterations
    finished = {"on_train_begin": 0, "on_train_end": 3, "on_train_batch_begin": 0, "on_train_batch_end": 0}.get(hook, 1)
    assert len(closed) == 1 and model.history.epoch == list(range(finished))
    assert all(len(values) == finished for values in model.history.history.values())
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert model.fit(X, Y, batch_size=10, epochs=2, verbose=0).epoch == [0, 1] and model.optimizer.iterations == steps + 4


def test_an_error_while_callbacks_are_told_does_not_hide_the_first_one():
    """FIT-22: it is noted, and the other callbacks are told too."""
    told = []

    class Told(Callback):
        def __init__(self, breaks):
            self.breaks = breaks

        def on_epoch_end(self, epoch, logs=None):
            raise ZeroDivisionError("first")

        def on_train_interrupt(self, logs=None):
            told.append(self.breaks)
            if self.breaks:
                raise OSError("second")

    with pytest.raises(ZeroDivisionError, match="first") as caught:
        model_of().fit(X, Y, verbose=0, callbacks=[Told(True), Told(False)])
    assert told == [True, False] and any("OSError" in note and "second" in note for note in caught.value.__notes__)


def test_an_error_of_the_step_leaves_the_weights_of_the_step_before():
    """FIT-22: a layer that fails."""

    class Fails(Layer):
        count = 0

        def call(self, x, training=None):
            self.count += bool(training)
            if self.count == 3:
                raise ArithmeticError("third step")
            return x

    model = model_of(Fails())
    with pytest.raises(ArithmeticError, match="third step"):
        model.fit(X, Y, batch_size=5, verbose=0)
    assert model.optimizer.iterations == 2


def test_a_fit_in_another_thread_leaves_signals_alone():
    """FIT-22: only the main thread may handle them."""
    model, errors = model_of(), []

    def train():
        try:
            model.fit(X, Y, verbose=0)
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=train)
    thread.start()
    thread.join()
    assert errors == [] and model.optimizer.iterations == 1


def test_a_handler_of_the_users_is_called_in_the_place_of_system_exit():
    """FIT-22: after the step."""
    got = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: got.append(number))
    try:
        with WholeSteps() as whole:
            whole.run(lambda _: (signal.raise_signal(signal.SIGTERM), got.append("step")), None)
        assert got == ["step", signal.SIGTERM]
        assert callable(signal.getsignal(signal.SIGTERM))
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_signal_during_a_step_that_fails_is_not_lost():
    """FIT-22."""

    def step(_):
        signal.raise_signal(signal.SIGINT)
        raise ValueError("of the step")

    with pytest.raises(KeyboardInterrupt) as caught, WholeSteps() as whole:
        whole.run(step, None)
    assert isinstance(caught.value.__context__, ValueError)
