"""Event files, as TensorBoard reads them: records of protocol buffers, each with two checksums.

Needs the package `tensorboard`, for the protocol buffers, and not TensorFlow.
"""

from __future__ import annotations

import importlib
import itertools
import os
import socket
import struct
import time
from pathlib import Path
from typing import Any

import numpy as np

from ..kernel import kernel
from .histogram import Histogram

INSTALL = 'pip install "tinygrad_edu[tensorboard]"'
_PROTOCOLS = "tensorboard.compat.proto."
_POLYNOMIAL = 0x82F63B78  # Castagnoli's, its bits in reverse
_numbers = itertools.count()


class EventFile:
    """An event file in a folder, which is made; the file grows by `add`, and is closed in between.

    Raises:
        ImportError: if there is no package `tensorboard`.
    """

    def __init__(self, folder: str | os.PathLike):
        protocol("event_pb2")
        Path(folder).mkdir(parents=True, exist_ok=True)
        name = f"events.out.tfevents.{int(time.time()):010d}.{socket.gethostname()}.{os.getpid()}.{next(_numbers)}"
        self.path = Path(folder) / name
        self._append(file_version="brain.Event:2")

    def add(self, step: int, values: list[Any]) -> None:
        """Add numbers and histograms of a step."""
        if values:
            self._append(step=step, summary=protocol("summary_pb2").Summary(value=values))

    def add_graph(self, graph: Any) -> None:
        """Add a GraphDef."""
        self._append(graph_def=graph.SerializeToString())

    def _append(self, **fields: Any) -> None:
        event = protocol("event_pb2").Event(wall_time=time.time(), **fields)
        with open(self.path, "ab") as file:
            file.write(record(event.SerializeToString()))


def scalar(tag: str, number: float) -> Any:
    """A number under a tag."""
    return protocol("summary_pb2").Summary.Value(tag=tag, simple_value=number)


def histogram(tag: str, found: Histogram) -> Any:
    """A histogram under a tag."""
    proto = protocol("summary_pb2")
    fields = {"min": found.low, "max": found.high, "num": found.counts.sum(), "sum": found.sum, "sum_squares": found.squares}
    return proto.Summary.Value(
        tag=tag, histo=proto.HistogramProto(**fields, bucket_limit=found.edges[1:], bucket=found.counts.astype(float))
    )


def protocol(name: str) -> Any:
    """A module of protocol buffers out of the package `tensorboard`."""
    try:
        return importlib.import_module(_PROTOCOLS + name)
    except ImportError as error:
        raise ImportError(f"TensorBoard expects the package tensorboard, got none ({error}). {INSTALL}.") from None


def record(data: bytes) -> bytes:
    """`data` with its length before it, and a checksum after either: TensorFlow's TFRecord format."""
    length = struct.pack("<Q", len(data))
    return length + _masked(length) + data + _masked(data)


def _masked(data: bytes) -> bytes:
    """The checksum, turned by 15 bits and moved, so that a checksum of checksums is no constant."""
    crc = np.zeros(1, np.uint32)
    crc32c(np.frombuffer(data, np.uint8), _table(), crc)
    value = int(crc[0])
    return struct.pack("<I", ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF)


@kernel
def crc32c(data, table, crc):
    """crc[0] <- CRC of `data` with Castagnoli's polynomial, byte by byte. Source: Castagnoli et al. (1993)."""
    rest = np.uint32(0xFFFFFFFF)
    for byte in data:
        rest = table[(rest ^ byte) & np.uint32(0xFF)] ^ (rest >> np.uint32(8))
    crc[0] = rest ^ np.uint32(0xFFFFFFFF)


def _table() -> np.ndarray:
    """The remainders of all bytes."""
    global _remainders
    if _remainders is None:
        rest = np.arange(256, dtype=np.uint32)
        for _ in range(8):
            rest = np.where(rest & 1, rest >> 1 ^ np.uint32(_POLYNOMIAL), rest >> 1).astype(np.uint32)
        _remainders = rest
    return _remainders


_remainders: np.ndarray | None = None
