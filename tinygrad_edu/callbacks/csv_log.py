"""The logs as a table in a file."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import Any

from .callback import Callback

_MISSING = "NA"


class CSVLogger(Callback):
    """Writes a row of logs to a CSV file after every epoch: the number of the epoch, then the logs by their names.

    Each row is in the file when the next epoch begins, and no file stays open. What an epoch does not have is "NA"; for a log
    that appears later the table gets a column.

    Args:
        filename: of the table; its folder is made.
        separator: between two columns.
        append: whether to go on with a table that is there, instead of a new one.
    """

    def __init__(self, filename: str | os.PathLike, separator: str = ",", append: bool = False):
        if not isinstance(separator, str) or len(separator) != 1:
            raise ValueError(f"CSVLogger expects a separator of one character, got {separator!r}.")
        self.path, self.separator, self.append = Path(filename), separator, append

    def on_train_begin(self, logs=None):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        old = self._read() if self.append and self.path.exists() else []
        self.columns = old[0] if old else ["epoch"]
        if not old:
            self.path.write_text("", encoding="utf-8")

    def on_epoch_end(self, epoch, logs=None):
        row = {"epoch": epoch, **(logs or {})}
        new = sorted(set(row) - set(self.columns))
        if new or not self.path.stat().st_size:
            self._widen(new)
        self._write("a", [[row.get(name, _MISSING) for name in self.columns]])

    def get_state(self):
        return {"rows": self._read()}

    def set_state(self, state):
        """The table as it was: a resumed training will write again what came after."""
        rows = state["rows"]
        self.columns = list(rows[0]) if rows else ["epoch"]
        self._write("w", rows)

    def _widen(self, names: list[str]) -> None:
        """Give the table more columns."""
        rows = self._read()[1:]
        self.columns = self.columns + names
        self._write("w", [self.columns, *([*row, *[_MISSING] * len(names)] for row in rows)])

    def _read(self) -> list[list[str]]:
        with open(self.path, newline="", encoding="utf-8") as file:
            return list(csv.reader(file, delimiter=self.separator))

    def _write(self, how: str, rows: list[list[Any]]) -> None:
        with open(self.path, how, newline="", encoding="utf-8") as file:
            csv.writer(file, delimiter=self.separator, lineterminator="\n").writerows(rows)
