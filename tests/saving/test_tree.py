"""Trees of arrays in a file: what goes in comes out, and what is none is refused."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_edu.saving import ModelFormatError, read, read_tree, write, write_tree

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
arrays = hnp.arrays(st.sampled_from(["f4", "i8", "?"]), hnp.array_shapes(min_dims=0, min_side=0, max_side=3))
leaves = st.none() | st.booleans() | st.integers() | st.floats() | texts | arrays
trees = st.recursive(
    leaves, lambda x: st.lists(x, max_size=3) | st.dictionaries(texts, x, max_size=3).filter(lambda d: list(d) != ["array"])
)


def same(a, b):
    if isinstance(a, np.ndarray):
        return isinstance(b, np.ndarray) and (a.shape, a.dtype, a.tobytes()) == (b.shape, b.dtype, b.tobytes())
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and (a == b or a != a)


@given(trees)
def test_what_is_written_is_read(tmp_path_factory, tree):
    path = tmp_path_factory.mktemp("tree") / "file"
    write_tree(path, tree)
    assert same(tree, read_tree(path))


def test_the_state_of_a_generator_comes_back(tmp_path):
    np.random.seed(3)
    state = np.random.get_state(legacy=False)
    expected = np.random.random(5)
    write_tree(tmp_path / "file", {"numpy": state, "epoch": 3, "losses": (0.1, float("inf"))})
    found = read_tree(tmp_path / "file")
    np.random.set_state(found["numpy"])
    np.testing.assert_array_equal(np.random.random(5), expected)
    assert found["losses"] == [0.1, float("inf")]


@pytest.mark.parametrize("tree", [object(), {1: 2}, {"array": 3}, [np.array(["a"])], {"a": {1, 2}}, 1j, b"a", lambda: 0])
def test_what_is_no_tree_is_refused_and_nothing_written(tmp_path, tree):
    with pytest.raises(TypeError, match="expects"):
        write_tree(tmp_path / "file", tree)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("said", [{"array": "no"}, {"array": 3}, {"array": None}, {"array": ["array 0"]}])
def test_a_tree_that_names_other_arrays_is_refused(tmp_path, said):
    write_tree(tmp_path / "file", {"x": np.zeros(2)})
    found, words = read(tmp_path / "file")
    write(tmp_path / "file", found, {**words, "tree": json.dumps(said)})
    with pytest.raises(ModelFormatError, match="an array for each name"):
        read_tree(tmp_path / "file")


def test_a_tree_that_is_too_deep_is_refused(tmp_path):
    write_tree(tmp_path / "file", {})
    found, words = read(tmp_path / "file")
    for depth in (5000, 100_000):
        write(tmp_path / "file", found, {**words, "tree": "[" * depth + "]" * depth})
        with pytest.raises(ModelFormatError):
            read_tree(tmp_path / "file")


def test_a_model_is_no_tree(tmp_path):
    write(tmp_path / "file", {}, {"format": "tinygrad_edu 1", "version": "0.1.0"})
    with pytest.raises(ModelFormatError, match="the word 'tree'"):
        read_tree(tmp_path / "file")
    with pytest.raises(FileNotFoundError):
        read_tree(tmp_path / "no_such")
