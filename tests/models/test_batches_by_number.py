"""Batches by number."""

import pytest

from tinygrad_edu import utils
from tinygrad_edu.sequence import Sequence


class Letters(Sequence):
    """A script's own, whose constructor does not call that of Sequence."""

    def __init__(self, letters):
        self.letters = letters

    def __len__(self):
        return len(self.letters)

    def __getitem__(self, index):
        return self.letters[index % len(self.letters)]  # never an IndexError


def test_a_sequence_iterates_over_as_many_batches_as_it_has_every_time():
    """FIT-20."""
    letters = Letters("abc")
    assert ["".join(letters), "".join(letters)] == ["abc", "abc"]
    assert letters.num_batches == len(letters) == 3


def test_a_sequence_without_a_length_or_without_batches_is_told_at_once():
    """FIT-20."""
    with pytest.raises(TypeError, match=r"abstract.*__getitem__"):
        type("Half", (Sequence,), {"__len__": lambda self: 1})()


def test_the_arguments_of_keras_3_are_taken_and_hooks_need_not_be_written():
    """FIT-20."""

    class Mine(Letters):
        def __init__(self, letters, **kwargs):
            Sequence.__init__(self, **kwargs)
            self.letters = letters

    assert Mine("ab", workers=4, use_multiprocessing=True).workers == 4
    assert Letters("ab").on_epoch_end() is None and Letters("ab").on_epoch_begin() is None


def test_keras_2_and_keras_3_names_mean_one_class():
    """PKG-09."""
    assert utils.Sequence is utils.PyDataset is Sequence
