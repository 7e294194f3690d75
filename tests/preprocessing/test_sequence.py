"""Sequences of one length."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_edu as keras
from tinygrad_edu.preprocessing.sequence import pad_sequences


def test_both_ends_are_the_front_by_default():
    """UTL-11."""
    assert pad_sequences([[1], [1, 2], [1, 2, 3]]).tolist() == [[0, 0, 1], [0, 1, 2], [1, 2, 3]]
    assert pad_sequences([[1], [1, 2, 3]], maxlen=2).tolist() == [[0, 1], [2, 3]]
    padded = pad_sequences([[1], [1, 2, 3]], maxlen=2, padding="post", truncating="post", value=9)
    assert padded.tolist() == [[1, 9], [1, 2]] and padded.dtype == np.int32


@given(
    st.lists(st.lists(st.integers(1, 9), max_size=6), max_size=5),
    st.integers(0, 7),
    st.sampled_from(["pre", "post"]),
    st.sampled_from(["pre", "post"]),
)
def test_every_row_is_what_lists_of_python_give(rows, maxlen, padding, truncating):
    """UTL-11. The oracle adds and cuts lists."""
    expected = []
    for row in rows:
        cut = row[len(row) - maxlen :] if truncating == "pre" and len(row) > maxlen else row[:maxlen]
        zeros = [0] * (maxlen - len(cut))
        expected.append(zeros + cut if padding == "pre" else cut + zeros)
    assert pad_sequences(rows, maxlen, padding=padding, truncating=truncating).tolist() == expected


def test_steps_may_be_vectors_floats_and_words():
    """UTL-11."""
    vectors = pad_sequences([[[1, 2]], [], [[3, 4], [5, 6]]], dtype="float32", value=-1)
    assert vectors.shape == (3, 2, 2) and vectors[1].tolist() == [[-1, -1], [-1, -1]] and vectors[0, 1].tolist() == [1, 2]
    assert pad_sequences([["a"], ["b", "c"]], dtype=object, value="-").tolist() == [["-", "a"], ["b", "c"]]
    assert pad_sequences([[0.25]], 2, "float64").tolist() == [[0, 0.25]]
    assert pad_sequences([]).shape == (0, 0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: pad_sequences([[1]], padding="front"), "padding 'pre' or 'post', got 'front'"),
        (lambda: pad_sequences([[1]], truncating="back"), "truncating 'pre' or 'post', got 'back'"),
        (lambda: pad_sequences([1, 2]), "expects sequences, got 1 at place 0"),
        (lambda: pad_sequences([[[1, 2]], [[1]]]), r"steps of one shape, got \(2,\) before and \(1,\) in sequence 1"),
        (lambda: pad_sequences([[1]], maxlen=-1), "maxlen >= 0"),
    ],
)
def test_what_cannot_be_padded_is_told(call, message):
    """UTL-11."""
    with pytest.raises(ValueError, match=message):
        call()


def test_it_is_found_where_keras_2_and_keras_3_have_it():
    """UTL-11."""
    assert keras.utils.pad_sequences is keras.preprocessing.sequence.pad_sequences is pad_sequences
