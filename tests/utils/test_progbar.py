"""Progress of a loop of one's own."""

import io
from contextlib import redirect_stdout

import pytest

from tinygrad_edu.utils import Progbar, generic_utils


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def terminal():
    return Terminal()


def test_a_bar_is_drawn_over_itself_and_ends_when_the_target_is_reached(terminal):
    """UTL-10."""
    with redirect_stdout(terminal):
        bar = Progbar(4, width=8, interval=0)
        for step in range(4):
            bar.update(step + 1, [("loss", step)])
    drawn = terminal.getvalue().split("\r")[1:]
    assert [line.split(" - ")[0] for line in drawn] == ["1/4 [==......]", "2/4 [====....]", "3/4 [======..]", "4/4 [========]"]
    assert [line.split("loss: ")[1].strip() for line in drawn] == ["0.0000", "0.5000", "1.0000", "1.5000"]
    assert terminal.getvalue().count("\n") == 1 and terminal.getvalue().endswith("\n")
    assert "ms/step" in drawn[0]


def test_a_mean_counts_a_value_for_every_step_that_it_stands_for(capsys):
    """UTL-10: three steps of 1, then one of 5; what is stateful is told as it is."""
    bar = Progbar(4, verbose=2, stateful_metrics=["rate"], unit_name="row")
    bar.add(3, [("loss", 1), ("rate", 0.5)])
    bar.add(1, [("loss", 5), ("rate", 0.25)])
    out = capsys.readouterr().out
    assert out.startswith("4/4 - 0s ") and out.endswith("ms/row - loss: 2.0000 - rate: 0.2500\n") and "\r" not in out


def test_a_loop_without_an_end_ends_when_it_says_so(terminal):
    """UTL-10."""
    with redirect_stdout(terminal):
        bar = Progbar(None, interval=0)
        bar.update(7)
        assert "7/? - 0s" in terminal.getvalue() and "[" not in terminal.getvalue() and "\n" not in terminal.getvalue()
        bar.update(8, finalize=True)
    assert terminal.getvalue().endswith("\n")


def test_a_slow_terminal_is_not_flooded(terminal):
    """UTL-10: two drawings, the first and the last."""
    with redirect_stdout(terminal):
        bar = Progbar(1000, interval=1000)
        for step in range(1000):
            bar.update(step + 1)
    assert terminal.getvalue().count("\r") == 2


@pytest.mark.parametrize("verbose", [0, 1, 2])
def test_no_terminal_gets_a_control_character_and_silence_is_silence(verbose, capsys):
    """UTL-10."""
    bar = Progbar(2, verbose=verbose)
    bar.add(1)
    bar.add(1)
    out = capsys.readouterr().out
    assert out.count("\n") == (verbose > 0) and "\r" not in out


def test_it_is_where_keras_2_had_it():
    """PKG-09."""
    assert generic_utils.Progbar is Progbar
