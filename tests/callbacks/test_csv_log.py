"""CSVLogger: a table that any reader of tables reads."""

import csv

import numpy as np
import pytest

from tinygrad_edu.callbacks import Callback, CSVLogger
from tinygrad_edu.layers import Dense
from tinygrad_edu.models import Sequential

X, Y = np.arange(10.0).reshape(5, 2) / 10, np.array([0, 1, 1, 0, 1])


def fit(callbacks, **settings):
    model = Sequential([Dense(1, input_dim=2, activation="sigmoid")])
    model.compile("sgd", "bce", metrics=["accuracy"])
    return model.fit(X, Y, verbose=0, callbacks=callbacks, **{"epochs": 3, **settings})


def read(path, separator=","):
    with open(path, newline="") as file:
        return list(csv.reader(file, delimiter=separator))


def test_a_row_per_epoch_in_sorted_columns_with_all_digits(tmp_path):
    """CB-19."""
    history = fit([CSVLogger(tmp_path / "new" / "log.csv")], validation_split=0.2).history
    header, *rows = read(tmp_path / "new" / "log.csv")
    assert header == ["epoch", "accuracy", "loss", "val_accuracy", "val_loss"]
    assert [row[0] for row in rows] == ["0", "1", "2"]
    assert {name: [float(row[i]) for row in rows] for i, name in enumerate(header[1:], 1)} == history


def test_a_separator_of_ones_own(tmp_path):
    """CB-19."""
    fit([CSVLogger(str(tmp_path / "log.tsv"), separator="\t")])
    assert read(tmp_path / "log.tsv", "\t")[0] == ["epoch", "accuracy", "loss"]


@pytest.mark.parametrize(("append", "epochs"), [(False, ["0", "1"]), (True, ["0", "1", "2", "0", "1"])])
def test_a_second_fit_begins_anew_or_goes_on(tmp_path, append, epochs):
    """CB-19: with one header."""
    log = CSVLogger(tmp_path / "log.csv", append=append)
    fit([log])
    fit([log], epochs=2)
    assert [row[0] for row in read(tmp_path / "log.csv")[1:]] == epochs


def test_what_an_epoch_does_not_have_is_na_and_what_comes_later_gets_a_column(tmp_path):
    """CB-19: validation in every second epoch, say."""

    class Sometimes(Callback):
        def on_epoch_end(self, epoch, logs):
            if epoch == 1:
                logs["val_loss"], logs["a, b"] = 0.5, 1

    fit([Sometimes(), CSVLogger(tmp_path / "log.csv")])
    header, *rows = read(tmp_path / "log.csv")
    assert header == ["epoch", "accuracy", "loss", "a, b", "val_loss"]
    assert [row[3:] for row in rows] == [["NA", "NA"], ["1", "0.5"], ["NA", "NA"]]


def test_rows_are_in_the_file_while_training_goes_on(tmp_path):
    """CB-19: whoever looks, or kills the training, finds all epochs before."""
    seen = []

    class Look(Callback):
        def on_epoch_begin(self, epoch, logs=None):
            seen.append(len(read(tmp_path / "log.csv")))

    fit([CSVLogger(tmp_path / "log.csv"), Look()])
    assert seen == [0, 2, 3]


def test_a_separator_is_one_character():
    """CB-19."""
    with pytest.raises(ValueError, match="CSVLogger expects a separator of one character, got '::'"):
        CSVLogger("log.csv", separator="::")
