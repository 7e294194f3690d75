"""Going on with a training whose process has died, as if nothing had happened."""

from __future__ import annotations

import contextlib
import os
import warnings
from pathlib import Path
from typing import Any

from ..optimizers.arguments import count
from ..saving import ModelFormatError, read_tree, write_tree
from ..saving.description import wrong
from .callback import Callback, idle_without

FILE, OLDER = "training.backup", "training.older.backup"


class BackupAndRestore(Callback):
    """Writes down where training is, from time to time; the next `fit` goes on from there, bit for bit.

        >>> backup = BackupAndRestore("runs/backup", save_freq=100)

    Run the same script again, whatever ended it: a power cut, `kill -9`, Ctrl-C, an exception. What comes out is what would
    have come out without the end: weights, the optimizer's slots, metrics in the middle of an epoch, the history, the order of
    the rows, Dropout's masks, Python's and NumPy's global generators, and what other callbacks remember.

    The file holds data only, is replaced as a whole, and is read with distrust. It is refused, in words that say what differs,
    if the model, the data, or the arguments of `fit` are others; more `epochs` may be asked for. The learning rate is that of
    the backup.

    Args:
        backup_dir: folder for the file, which is made; one for each `fit` of a script.
        save_freq: "epoch", or a number of batches.
        double_checkpoint: whether to keep the backup before the last one too, which is taken where the last is damaged.
        delete_checkpoint: whether the backup goes when training has come to its end. If not, the next `fit` only trains the
            epochs that it has more, and one that a callback ended stays at its end.

    Raises:
        ModelFormatError: in `fit`, if the backup is damaged. OtherTrainingError: if it is one of another training.

    What a generator or a Sequence remembers between its batches is unknown to everybody else: a generator begins anew, and
    passes over as many batches as were used; a Sequence should make batch number i out of i alone.

    Where we differ: Keras keeps weights, slots and the number of the epoch or batch; all else begins anew.
    """

    comes_last = True
    remembers = ("batches",)

    def __init__(
        self,
        backup_dir: str | os.PathLike,
        save_freq: Any = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ):
        self.folder = Path(backup_dir)
        self.every = None if save_freq == "epoch" else count(type(self).__name__, "save_freq", save_freq)
        self.double_checkpoint, self.delete_checkpoint = double_checkpoint, delete_checkpoint
        self.path, self.older = self.folder / FILE, self.folder / OLDER

    def on_train_begin(self, logs=None):
        self.batches = 0
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.path if self.path.exists() else self.older
        if not path.exists():
            return
        try:
            self._go_on_from(path)
        except ModelFormatError as error:
            if path == self.older or not self.older.exists():
                error.add_note(f"Remove {os.fspath(path)!r} to begin anew.")
                raise
            warnings.warn(f"{error} Training goes on from the backup before it.", stacklevel=2)
            self._go_on_from(self.older)

    @idle_without("every")
    def on_train_batch_end(self, batch, logs=None):
        self.batches += 1
        if self.every and self.batches % self.every == 0:
            self._save()

    def on_epoch_end(self, epoch, logs=None):
        if not self.every:
            self._save()

    def on_train_end(self, logs=None):
        if self.delete_checkpoint:
            for path in (self.path, self.older):
                path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # something else is in there
                self.folder.rmdir()

    def _save(self) -> None:
        if self.double_checkpoint and self.path.exists():
            os.replace(self.path, self.older)
        write_tree(self.path, self.model.training_position)

    def _go_on_from(self, path: Path) -> None:
        """Let training go on from a file."""
        position = read_tree(path)
        try:
            self.model.training_position = position
        except OtherTrainingError as error:
            remedy = f"It is from {os.fspath(path)!r}. Remove it to begin anew, or choose another backup_dir."
            raise OtherTrainingError(f"{error} {remedy}") from None
        except Exception as error:  # a file can be whole and hold anything
            raise wrong(os.fspath(path), "the position of a training", f"{type(error).__name__}: {error}") from error


class OtherTrainingError(ValueError):
    """The position of a training is to be gone on from by one of another model, or of other data."""
