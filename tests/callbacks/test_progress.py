"""Progress: silence, a line per epoch, a bar in a terminal, and nothing that could stop the training."""

import io
import os
import re
import sys
import threading
from types import SimpleNamespace

import numpy as np
import pytest

from tinygrad_edu.callbacks import ProgbarLogger, console, progress
from tinygrad_edu.layers import Dense
from tinygrad_edu.models import Sequential

X, Y = np.arange(70.0).reshape(35, 2) / 70, np.arange(35) % 2
NUMBERS = r"(\w+: (\d+\.\d{4}|\d\.\d{4}e[+-]\d\d))( - \w+: (\d+\.\d{4}|\d\.\d{4}e[+-]\d\d))*"
LINE = rf"(\d+)/\1 - \d+s \d+(s|ms|us)/step - {NUMBERS}"


@pytest.fixture(autouse=True)
def usual_terminal(monkeypatch):
    """Whatever the tests are run in."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")


def fit(epochs=2, **settings):
    model = Sequential([Dense(1, input_dim=2, activation="sigmoid")])
    model.compile("sgd", "bce", metrics=["accuracy"])
    return model.fit(X, Y, epochs=epochs, **settings)


class Terminal(io.StringIO):
    """A terminal that remembers what was written to it."""

    def isatty(self):
        return True

    def screen(self):
        """What the reader sees: a carriage return goes back to the start of the line and wipes nothing."""
        lines = [""]
        for part in re.split(r"([\r\n])", self.getvalue()):
            if part == "\n":
                lines.append("")
                column = 0
            elif part == "\r":
                column = 0
            else:
                column = 0 if not lines[-1] else column
                lines[-1] = lines[-1][:column] + part + lines[-1][column + len(part) :]
                column += len(part)
        return lines


# Not a terminal ---------------------------------------------------------------------------------------


def test_verbose_0_is_silent(capfd):
    """FIT-02."""
    fit(verbose=0, validation_split=0.2)
    fit(verbose=False)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("verbose", [1, 2, "auto", True])
def test_into_a_file_there_is_one_line_of_numbers_per_epoch_and_no_control_character(capsys, verbose):
    """FIT-02, CB-22, CB-23, CB-24."""
    fit(epochs=3, verbose=verbose, validation_split=0.2)
    out = capsys.readouterr().out
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", out)
    lines = out.splitlines()
    assert lines[::2] == ["Epoch 1/3", "Epoch 2/3", "Epoch 3/3"]
    assert len(lines) == 6 and all(re.fullmatch(LINE, line) for line in lines[1::2])


def test_names_come_in_the_order_of_the_history(capsys):
    """CB-23, D9."""
    history = fit(epochs=1, verbose=2, validation_split=0.2)
    line = capsys.readouterr().out
    assert re.findall(r"(\w+): ", line) == list(history.history)
    assert f"loss: {history.history['loss'][0]:.4f}" in line


def test_a_single_epoch_is_not_counted(capsys):
    """CB-23."""
    fit(epochs=1, verbose=2)
    assert re.fullmatch(LINE + "\n", capsys.readouterr().out)


def test_epochs_are_counted_from_initial_epoch(capsys):
    """FIT-06."""
    fit(epochs=5, initial_epoch=3, verbose=2)
    assert re.findall("Epoch.*", capsys.readouterr().out) == ["Epoch 4/5", "Epoch 5/5"]


def test_each_line_is_written_once_and_whole(monkeypatch):
    """CB-23: two processes that share a log do not mix their lines."""
    written = []
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(write=written.append, flush=lambda: None, isatty=lambda: False))
    fit(verbose=2)
    assert len(written) == 4 and all(text.endswith("\n") and text.count("\n") == 1 for text in written)


# A terminal -------------------------------------------------------------------------------------------


@pytest.mark.eager("drawn at each step")
def test_in_a_terminal_there_is_a_bar():
    """CB-24: drawn over itself within one line per epoch."""
    pty = pytest.importorskip("pty")
    reader, writer = pty.openpty()
    shown = []

    def read():
        while True:
            try:
                part = os.read(reader, 4096)
            except OSError:  # the writer is closed
                return
            if not part:
                return
            shown.append(part)

    thread = threading.Thread(target=read)
    thread.start()
    old, sys.stdout = sys.stdout, os.fdopen(writer, "w")
    try:
        fit(verbose=1, batch_size=5)
    finally:
        sys.stdout.close()
        sys.stdout = old
        thread.join(timeout=20)
        os.close(reader)
    text = b"".join(shown).decode("ascii").replace("\r\n", "\n")
    assert text.count("\n") == 4 and text.count("\r") >= 4
    assert re.findall(r"Epoch \d/\d", text) == ["Epoch 1/2", "Epoch 2/2"]
    last = [line.rpartition("\r")[2] for line in text.split("\n")[1::2]]
    assert all(re.fullmatch(rf"7/7 \[={{8,30}}\] - \d+s \d+(s|ms|us)/step - {NUMBERS} *", line) for line in last)


def drawn(monkeypatch, steps, seconds_per_step, logs=None, *, done=None, terminal=None):
    """The terminal after an epoch of `steps` steps, by a clock of our own."""
    terminal, clock = terminal or Terminal(), SimpleNamespace(now=1000.0)
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(progress, "time", SimpleNamespace(perf_counter=lambda: clock.now))
    logger = ProgbarLogger()
    logger.set_params({"verbose": 1, "epochs": 1, "steps": steps})
    logger.on_train_begin()
    logger.on_epoch_begin(0)
    for step in range(done or steps):
        clock.now += seconds_per_step
        logger.on_train_batch_end(step, logs(step) if logs else {"loss": 0.5})
    logger.on_epoch_end(0, logs(done or steps) if logs else {"loss": 0.5})
    return terminal


def test_the_time_that_is_left_is_told_and_in_the_end_the_time_it_took(monkeypatch):
    """CB-24: of ten steps of thirty seconds."""
    lines = [line.strip() for line in drawn(monkeypatch, 10, 30.0).getvalue().split("\r") if line]
    assert [re.search(r"ETA: (\S+)", line)[1] for line in lines[:-1]] == [
        "4:30", "4:00", "3:30", "3:00", "2:30", "2:00", "1:30", "1:00", "30s", "0s"
    ]  # fmt: skip
    assert lines[3] == f"4/10 [{'=' * 11}>{'.' * 18}] - ETA: 3:00 - loss: 0.5000"
    assert lines[-1] == f"10/10 [{'=' * 30}] - 5:00 30s/step - loss: 0.5000"


def test_steps_that_nobody_knows_are_counted(monkeypatch):
    """CB-24: a generator without a length."""
    lines = [line.strip() for line in drawn(monkeypatch, None, 0.9, done=3).getvalue().split("\r") if line]
    assert lines == [
        "1/? - 1s 900ms/step - loss: 0.5000",
        "2/? - 2s 900ms/step - loss: 0.5000",
        "3/? - 3s 900ms/step - loss: 0.5000",
        f"3/3 [{'=' * 30}] - 3s 900ms/step - loss: 0.5000",
    ]


@pytest.mark.parametrize("columns", [20, 40, 60, 80, 200])
def test_no_drawing_is_wider_than_the_terminal(monkeypatch, columns):
    """CB-24: a line that wraps could not be drawn over; the last one, which is left alone, is whole."""
    monkeypatch.setenv("COLUMNS", str(columns))
    *drawings, last = drawn(monkeypatch, 9, 1.0, lambda step: {"loss": 0.5, "accuracy": 0.25}).getvalue()[1:].split("\r")
    assert len(drawings) == 9 and all(len(line) < columns for line in drawings)
    assert "loss: 0.5000 - accuracy: 0.2500" in last
    assert all("[" in line for line in drawings) == (columns >= 60)


def test_a_message_stands_on_a_line_of_its_own_and_the_bar_below_it(monkeypatch):
    """CB-24: as of a checkpoint, at the end of an epoch."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    console.draw("3/9 [==>......] and more")
    console.say("saved")
    console.draw("9/9", close=True)
    console.say("bye")
    assert [line.rstrip() for line in terminal.screen()] == ["saved", "9/9", "bye", ""]


def test_a_bar_that_was_left_open_is_ended(monkeypatch):
    """CB-24: where an epoch does not come to its end."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    console.draw("3/9")
    console.leave()
    console.leave()
    assert terminal.getvalue() == "\r3/9\n"


def test_a_notebook_gets_a_bar_that_is_drawn_less_often(monkeypatch):
    """CB-24: its output is no terminal, but knows carriage returns, and keeps all that was sent."""
    kind = type("OutStream", (io.StringIO,), {"__module__": "ipykernel.iostream", "isatty": lambda self: False})
    assert 3 <= drawn(monkeypatch, 2000, 1e-3, terminal=kind()).getvalue().count("\r") <= 6


def test_a_dumb_terminal_gets_lines(monkeypatch):
    """CB-24: as the shell inside an editor."""
    monkeypatch.setenv("TERM", "dumb")
    assert re.fullmatch(LINE + "\n", drawn(monkeypatch, 7, 0.1).getvalue())


@pytest.mark.parametrize("what", ["test", "predict"])
def test_outside_of_training_the_bar_shows_evaluate_and_predict(monkeypatch, what):
    """CB-24; within training, validation shows none."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    logger = ProgbarLogger()
    logger.set_params({"verbose": 1, "steps": 2})
    getattr(logger, f"on_{what}_begin")({})
    for step in range(2):
        getattr(logger, f"on_{what}_batch_end")(step, {"loss": 0.5})
    getattr(logger, f"on_{what}_end")({"loss": 0.5})
    line = terminal.screen()[0]
    assert line.startswith("2/2 [=") and ("loss: 0.5000" in line) == (what == "test")


def test_the_bar_is_drawn_at_most_twenty_times_a_second(monkeypatch):
    """CB-24: a thousand steps of a millisecond each."""
    assert 10 <= drawn(monkeypatch, 1000, 1e-3).getvalue().count("\r") <= 22


def test_the_bar_fills_from_left_to_right(monkeypatch):
    """CB-24."""
    bars = re.findall(r"\[(.*?)\]", drawn(monkeypatch, 40, 1.0).getvalue())
    filled = [30 - bar.count(".") for bar in bars]
    assert filled == sorted(filled) and filled[-1] == 30 and {len(bar) for bar in bars} == {30}


def test_nothing_of_an_older_longer_line_stays_on_the_screen(monkeypatch):
    """CB-24: 1.0 drawn over 123456.0 must not read 1.00000."""
    terminal = drawn(monkeypatch, 2, 1.0, lambda step: {"loss": 123456.0 if step < 2 else 1.0})
    assert terminal.screen()[0].rstrip().endswith("loss: 1.0000")


def test_the_bar_is_plain_ascii(monkeypatch):
    """CB-24: for terminals that know no other characters."""
    assert drawn(monkeypatch, 7, 0.1).getvalue().isascii()


# Broken outputs ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("verbose", [1, 2])
def test_a_closed_stdout_does_not_stop_training(monkeypatch, verbose):
    """CB-24."""
    closed = io.StringIO()
    closed.close()
    monkeypatch.setattr(sys, "stdout", closed)
    assert fit(verbose=verbose).epoch == [0, 1]


@pytest.mark.parametrize("verbose", [1, 2])
def test_no_stdout_at_all_does_not_stop_training(monkeypatch, verbose):
    """CB-24: as under pythonw, where sys.stdout is None."""
    monkeypatch.setattr(sys, "stdout", None)
    assert fit(verbose=verbose).epoch == [0, 1]


def test_a_broken_pipe_does_not_stop_training(monkeypatch):
    """CB-24: `python train.py | head -1`."""

    class Broken(io.StringIO):
        def write(self, text):
            raise BrokenPipeError

    monkeypatch.setattr(sys, "stdout", Broken())
    assert fit(verbose=1).epoch == [0, 1]


def test_a_terminal_that_knows_few_characters_does_not_stop_training(monkeypatch):
    """CB-24: a metric named in Greek."""
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))

    def σ(y_true, y_pred):
        return np.abs(y_true - y_pred)

    model = Sequential([Dense(1, input_dim=2)])
    model.compile("sgd", "mse", metrics=[σ])
    assert model.fit(X, Y, verbose=2).epoch == [0]
    sys.stdout.seek(0)
    assert re.search(r"loss: \d.* - \?: \d", sys.stdout.read())


# Numbers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0622, "0.0622"), (0.98301, "0.9830"), (12345.678, "12345.6780"), (0.0, "0.0000"), (5e-4, "5.0000e-04"),
     (-5e-4, "-5.0000e-04"), (-0.5, "-0.5000"), (1e-30, "1.0000e-30"), (float("nan"), "nan"), (float("inf"), "inf")],
)  # fmt: skip
def test_numbers_have_four_decimals_or_an_exponent(value, text):
    """CB-23."""
    assert progress.number(value) == text
