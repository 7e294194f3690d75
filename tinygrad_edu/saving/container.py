"""One file of named arrays and words: the safetensors layout, a checksum over all of it, and a reader that trusts nothing.

    8 bytes    length of the header, little-endian
    header     JSON: {"__metadata__": {word: text}, name: {"dtype", "shape", "data_offsets": [begin, end]}, ...}
    data       the arrays one behind the other, little-endian, rows first, without gaps

Any reader of safetensors opens these files. The metadata has a SHA-256 of the whole file, taken with its own 64 digits as
zeros, because the layout alone lets 299 of 300 flipped bits pass.

Nothing is executed, no other file is opened, nothing is allocated beyond the file's own size, and whatever is wrong is a
`ModelFormatError`.

Source: the safetensors format, https://github.com/huggingface/safetensors.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import stat
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from .atomic import replace_file

HEADER_LIMIT = 16 * 2**20  # bytes
MOST_VALUES = 500_000  # in a header: each takes up to 100 bytes of memory, however few it takes of the file
CHECKSUM = "sha256"  # its key in the metadata
_NO_DIGITS = "0" * 64
_MAX_AXES = 32
_KEYS = {"dtype", "shape", "data_offsets"}
_DTYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "|u1", "BOOL": "|b1",
}  # fmt: skip
_NAMES = {np.dtype(code): name for name, code in _DTYPES.items()}
_FOREIGN = {  # how other formats begin
    b"PK\x03\x04": "a zip archive (.keras, .npz, .pt)",
    b"\x89HDF": "an HDF5 file (.h5 of Keras)",
    b"\x93NUMPY": "a NumPy array (.npy)",
    b"\x80": "a pickle, which could execute anything",
}


class ModelFormatError(ValueError):
    """A file is not what `write` writes: it was cut, changed, made by something else, or made to harm."""


Arrays = dict[str, np.ndarray]


# Writing -----------------------------------------------------------------------------------------


def write(path: str | os.PathLike, arrays: Mapping[str, Any], words: Mapping[str, str]) -> None:
    """Write arrays and texts into one file, which replaces an older one only when all of it is on the disk.

    Raises:
        TypeError: for arrays of other dtypes than float16 to float64, int8 to uint64 and bool.
        OSError: if the disk is full or the folder cannot be written to; the older file is then as it was.
    """
    plain = {name: _little(name, array) for name, array in arrays.items()}
    ordered = dict(sorted(plain.items(), key=lambda item: -item[1].itemsize))  # large items first: all stay aligned
    header = _header(ordered, words)
    chunks = [header, *(array.reshape(-1).view(np.uint8).data for array in ordered.values())]
    digits = _digest(chunks)
    replace_file(path, [header.replace(_NO_DIGITS.encode(), digits.encode(), 1), *chunks[1:]])


def _little(name: str, array: Any) -> np.ndarray:
    array = np.asarray(array)
    little = array.astype(array.dtype.newbyteorder("<"), order="C", copy=False)
    if little.dtype not in _NAMES:
        raise TypeError(f"A saved array expects a dtype out of {sorted(map(str, _NAMES))}, got {array.dtype} for {name!r}.")
    return np.ascontiguousarray(little).reshape(array.shape)


def _header(arrays: Arrays, words: Mapping[str, str]) -> bytes:
    """Length and header, with the checksum still zeros."""
    entries: dict[str, Any] = {"__metadata__": {CHECKSUM: _NO_DIGITS, **words}}
    begin = 0
    for name, array in arrays.items():
        end = begin + array.nbytes
        entries[name] = {"dtype": _NAMES[array.dtype], "shape": list(array.shape), "data_offsets": [begin, end]}
        begin = end
    text = json.dumps(entries, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    text += b" " * (-len(text) % 8)
    if len(text) > HEADER_LIMIT or _values(text) > MOST_VALUES:
        limits = f"{HEADER_LIMIT} bytes and {MOST_VALUES} values"
        raise ValueError(f"A saved file expects a header of at most {limits}, got {len(text)} and {_values(text)}. Save less.")
    return len(text).to_bytes(8, "little") + text


# Reading -----------------------------------------------------------------------------------------


def read(path: str | os.PathLike) -> tuple[Arrays, dict[str, str]]:
    """The arrays and the texts of a file. The arrays are views of one buffer as large as the file.

    Raises:
        FileNotFoundError: if there is no such file.
        ModelFormatError: if it is anything but a whole file that `write` has written.
    """
    content = _bytes_of(path)
    return _Reader(os.fspath(path), content).parse()


def _bytes_of(path: str | os.PathLike) -> bytearray:
    """All bytes of a regular file, read through one descriptor."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError:
        raise FileNotFoundError(f"There is no file {os.fspath(path)!r} seen from {os.getcwd()!r}. Check the name.") from None
    except (OSError, ValueError) as error:
        raise ModelFormatError(f"{path!r} expects to be a file that can be read, got {error}.") from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ModelFormatError(f"{os.fspath(path)!r} expects to be a regular file, got a folder, pipe, socket or device.")
        return _filled(descriptor, os.fstat(descriptor).st_size, path)
    finally:
        os.close(descriptor)


def _filled(descriptor: int, size: int, path: str | os.PathLike) -> bytearray:
    """`size` bytes from a descriptor."""
    content, filled = bytearray(size), 0
    with open(descriptor, "rb", buffering=0, closefd=False) as file:
        while filled < size:
            count = file.readinto(memoryview(content)[filled:])
            if not count:
                raise ModelFormatError(f"{os.fspath(path)!r} expects {size} bytes, got {filled}: it shrank while it was read.")
            filled += count
    return content


class _Reader:
    """Takes the bytes of one file apart, and says where it stumbles."""

    def __init__(self, path: str, content: bytearray):
        self.path, self.content = path, content

    def parse(self) -> tuple[Arrays, dict[str, str]]:
        size = self._header_size()
        text = bytes(self.content[8 : 8 + size])
        entries = self._json(text)
        words = self._words(entries.pop("__metadata__", None))
        self._check_sum(text, words)
        return self._arrays(entries, 8 + size), {key: word for key, word in words.items() if key != CHECKSUM}

    def fail(self, law: str, fact: Any, offset: int = 8) -> ModelFormatError:
        shown = fact if len(str(fact)) <= 200 else f"{str(fact)[:200]}..."
        return ModelFormatError(f"{self.path!r} expects {law}, got {shown} (byte {offset}). It is damaged, or no file of ours.")

    def _header_size(self) -> int:
        size, room = int.from_bytes(self.content[:8], "little"), min(HEADER_LIMIT, len(self.content) - 8)
        if 2 <= size <= room and self.content[8:9] == b"{":
            return size
        for beginning, what in _FOREIGN.items():
            if self.content.startswith(beginning):
                raise self.fail("a file written by tinygrad_edu", what, 0)
        if not 2 <= size <= room:
            raise self.fail(f"the length of a header, 2 to {max(2, room)} bytes", size, 0)
        raise self.fail("a header that begins with {", repr(bytes(self.content[8:9])))

    def _json(self, text: bytes) -> dict[str, Any]:
        if _values(text) > MOST_VALUES:
            raise self.fail(f"a header of at most {MOST_VALUES} values", _values(text))
        try:
            found = json.loads(
                text.decode("utf-8"), object_pairs_hook=self._object, parse_constant=self._no_number, parse_float=self._no_number
            )  # fmt: skip
        except RecursionError:
            raise self.fail("a header of three levels", "one nested too deeply") from None
        except ModelFormatError:
            raise
        except ValueError as error:
            raise self.fail("a header of JSON in UTF-8", error) from None
        if not isinstance(found, dict):
            raise self.fail("a header that is an object", type(found).__name__)
        return found

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            doubled = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
            raise self.fail("each name once", f"{doubled!r} twice")
        return found

    def _no_number(self, text: str) -> None:
        raise self.fail("whole numbers", text)

    def _words(self, words: Any) -> dict[str, str]:
        if not isinstance(words, dict) or not all(isinstance(word, str) for word in words.values()):
            raise self.fail("__metadata__ with a text for each word", type(words).__name__)
        return words

    def _check_sum(self, text: bytes, words: dict[str, str]) -> None:
        digits = words.get(CHECKSUM, "")
        if len(digits) != 64 or not digits.isascii() or text.count(digits.encode()) != 1:
            raise self.fail(f"a {CHECKSUM} of 64 digits in its metadata", repr(digits))
        place = 8 + text.index(digits.encode())
        view = memoryview(self.content)
        found = _digest([view[:place], _NO_DIGITS.encode(), view[place + 64 :]])
        if found != digits:
            raise self.fail(f"bytes with the {CHECKSUM} {digits}", found, place)

    def _arrays(self, entries: dict[str, Any], start: int) -> Arrays:
        arrays, reached = {}, 0
        for begin, end, name, dtype, shape in sorted(self._entry(name, entry) for name, entry in entries.items()):
            if begin != reached:
                raise self.fail(f"{name!r} to begin where the array before it ends, {reached}", begin)
            size, kind = math.prod(shape), np.dtype(dtype)
            if size * kind.itemsize != end - begin or start + end > len(self.content):
                raise self.fail(f"{size * kind.itemsize} bytes for {name!r}, {kind} {tuple(shape)}", f"{begin} to {end}")
            arrays[name] = np.frombuffer(self.content, kind, size, start + begin).reshape(shape)
            reached = end
        if start + reached != len(self.content):
            raise self.fail("the arrays to fill the file", f"{len(self.content) - start - reached} bytes more", start + reached)
        return arrays

    def _entry(self, name: str, entry: Any) -> tuple[int, int, str, str, list[int]]:
        """Where an array begins and ends, its name, dtype and shape, each of the right kind."""
        if not isinstance(entry, dict) or entry.keys() != _KEYS:
            raise self.fail(f"dtype, shape and data_offsets for {name!r}", entry)
        code, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
        if not isinstance(code, str) or code not in _DTYPES:
            raise self.fail(f"a dtype out of {list(_DTYPES)} for {name!r}", repr(code))
        if not (_are_lengths(shape) and len(shape) <= _MAX_AXES and _are_lengths(offsets) and len(offsets) == 2):
            raise self.fail(f"lengths and two offsets for {name!r}", f"{shape} and {offsets}")
        return offsets[0], offsets[1], name, _DTYPES[code], shape


def _values(text: bytes) -> int:
    """How many values JSON may have, from above."""
    return sum(map(text.count, (b",", b"[", b"{")))


def _are_lengths(numbers: Any) -> bool:
    return isinstance(numbers, list) and all(type(n) is int and n >= 0 for n in numbers)


def _digest(chunks: list) -> str:
    found = hashlib.sha256()
    for chunk in chunks:
        found.update(chunk)
    return found.hexdigest()
