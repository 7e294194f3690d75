"""Nested dicts and lists of numbers, texts and arrays in one file: what a callback wants to remember."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from . import container
from .container import Arrays
from .description import check_stamp, from_text, stamp, to_text, told_of, wrong

ARRAY = "array"  # the key of what stands for an array


def write_tree(path: str | os.PathLike, tree: Any) -> None:
    """Write dicts (with texts as keys), lists and tuples of None, truth values, numbers, texts and arrays; in one piece.

    Raises:
        TypeError: for anything else. OSError: if the file cannot be written; an older one is as it was.

        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     write_tree(f"{folder}/state", {"epoch": 3, "best": [np.float32(0.5), np.arange(2)]})
        ...     read_tree(f"{folder}/state")
        {'epoch': 3, 'best': [array(0.5, dtype=float32), array([0, 1])]}
    """
    arrays: Arrays = {}
    container.write(path, arrays, stamp() | {"tree": to_text(_plain(tree, arrays))})


def _plain(tree: Any, arrays: Arrays) -> Any:
    """The tree with a name in the place of each array; the arrays are put into `arrays`."""
    if tree is None or (isinstance(tree, (bool, int, float, str)) and not isinstance(tree, np.generic)):
        return tree
    if isinstance(tree, (np.ndarray, np.generic)):
        name = f"{ARRAY} {len(arrays)}"
        arrays[name] = np.asarray(tree)
        return {ARRAY: name}
    if isinstance(tree, (list, tuple)):
        return [_plain(part, arrays) for part in tree]
    if isinstance(tree, dict) and all(isinstance(key, str) for key in tree) and list(tree) != [ARRAY]:
        return {key: _plain(part, arrays) for key, part in tree.items()}
    raise TypeError(f"write_tree expects dicts by text, lists, numbers, texts and arrays, got {tree!r}. Convert it first.")


def read_tree(path: str | os.PathLike) -> Any:
    """What `write_tree` has written; tuples are lists now, and numbers of NumPy's arrays of shape ().

    Raises:
        FileNotFoundError: if there is no such file. ModelFormatError: if it is damaged or no such file.
    """
    arrays, words = container.read(path)
    check_stamp(os.fspath(path), words)
    tree = from_text(os.fspath(path), "tree", words.get("tree"))
    with told_of(os.fspath(path), "a tree"):
        return _full(os.fspath(path), tree, arrays)


def _full(path: str, tree: Any, arrays: Arrays) -> Any:
    if isinstance(tree, list):
        return [_full(path, part, arrays) for part in tree]
    if isinstance(tree, dict) and list(tree) == [ARRAY]:
        if not isinstance(tree[ARRAY], str) or tree[ARRAY] not in arrays:
            raise wrong(path, "an array for each name", tree)
        return arrays[tree[ARRAY]]
    return {key: _full(path, part, arrays) for key, part in tree.items()} if isinstance(tree, dict) else tree
