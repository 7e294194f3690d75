"""A plan as those see it who read it or draw it: plain data, and the table that is made of it.

Flops are counted as the literature does, a multiplication and an addition as one each, in products; every other instruction
counts one for each number that it goes over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

PHASES = {
    "batch": "the rows of the batch",
    "forward": "what the model says",
    "loss": "how wrong that is",
    "backward": "the gradients",
    "report": "what Python is told",
    "update": "the optimizer",
}
FUSED = "bias", "slope", "+ descend", "multiply_add", "multiply_rest"  # with what opcodes end that do several ops in one
WIDTH = 100


class Source(NamedTuple):
    """Where numbers come from: an instruction, by its number; or a weight, table, slot or constant, by its name."""

    kind: str
    name: str
    number: int = -1

    def __str__(self) -> str:
        return f"[{self.number}]" if self.kind == "instruction" else self.name


class Kept(NamedTuple):
    """Memory of the arena: from which number on, how many, and the instructions between which it holds them."""

    address: int
    size: int
    first: int
    last: int


class Line(NamedTuple):
    """An instruction.

    Attributes:
        name: its opcode, or the op that Python does.
        phase, layer: what it is done for; "" outside of a layer.
        extent: the lengths of the axes that it goes along, that of the sum last.
        shape: of the result.
        sources, target: where numbers come from and where they go.
        kept: the memory of the result, if it lies in the arena.
        read, written: bytes.
        is_python: whether it is done by Python.
    """

    number: int
    name: str
    phase: str
    layer: str
    extent: tuple[int, ...]
    shape: tuple[int, ...]
    sources: tuple[Source, ...]
    target: str
    kept: Kept | None
    read: int
    written: int
    flops: int
    is_python: bool

    @property
    def is_fused(self) -> bool:
        """Whether it is several ops in one."""
        return self.name.endswith(FUSED)

    @property
    def kind(self) -> str:
        """What kind of work it is: "python", "update", "product", "sum" along axes, "move" of numbers, or "number" by number."""
        if self.is_python or self.phase == "update":
            return "python" if self.is_python else "update"
        if self.name.startswith("product"):
            return "product"
        return "sum" if self.name.startswith("sum_") else "number" if self.flops else "move"


class Explanation(NamedTuple):
    """A plan, instruction by instruction.

    Attributes:
        lines: the instructions in order.
        constants: memory of the arena that is filled before the first step.
        arena: bytes of it.
        separate: bytes that it would have if no two values shared memory.
        is_narrow: whether batches lie feature by feature.
    """

    lines: tuple[Line, ...]
    constants: tuple[Kept, ...]
    arena: int
    separate: int
    itemsize: int
    is_narrow: bool

    def __str__(self) -> str:
        return "\n".join([*_table(self.lines), "", *_totals(self)])


# Words -------------------------------------------------------------------------------------------


HEAD = "", "instruction", "numbers", "reads", "into", "read", "written", "flops"
ALIGN = ">", "<", "<", "<", "<", ">", ">", ">"
UNITS = "kMGTP"
READS = HEAD.index("reads")


def _table(lines: Sequence[Line]) -> Iterator[str]:
    """A heading for each layer and phase, a row for each instruction, as wide as they have to be."""
    groups = [(key, [_row(line) for line in group]) for key, group in groupby(lines, lambda line: (line.phase, line.layer))]
    rows = [HEAD, *(row for _, group in groups for row in group)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEAD))]
    spare = WIDTH - sum(widths) - 2 * (len(widths) - 1)
    widths[READS] = max(len(HEAD[READS]), widths[READS] + min(spare, 0))
    yield _aligned(HEAD, widths)
    for (phase, layer), group in groups:
        yield f"{phase}: {layer or PHASES[phase]}"
        yield from (_aligned(row, widths) for row in group)


def _row(line: Line) -> tuple[str, ...]:
    name = line.name + " (Python)" * line.is_python
    extent = " x ".join(map(str, line.extent))
    costs = map(_short, (line.read, line.written, line.flops))
    return f"[{line.number}]", name, extent, _reads(line), _in_layer(line.target, line), *costs


def _reads(line: Line) -> str:
    slots = sum(source.kind == "slot" for source in line.sources)
    words = [_in_layer(str(source), line) for source in line.sources if source.kind != "slot"]
    return " ".join(words + [f"{slots} slot{'s' * (slots > 1)}"] * (slots > 0))


def _in_layer(name: str, line: Line) -> str:
    """The name of a weight, or of what belongs to it, under the heading of its layer."""
    return name.replace(f"{line.layer}/", "", 1) if line.layer else name


def _short(count: int) -> str:
    """A number in at most five characters.

    >>> _short(9999), _short(13504), _short(1_120_000)
    ('9,999', '13.5k', '1.12M')
    """
    if count < 10_000:
        return f"{count:,}"
    power = min((len(str(count)) - 1) // 3, len(UNITS))
    return f"{count / 1000**power:.3g}{UNITS[power - 1]}"


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [cell if len(cell) <= width else cell[: width - 1] + "…" for cell, width in zip(row, widths)]
    return "  ".join(f"{cell:{align}{width}}" for cell, align, width in zip(cells, ALIGN, widths)).rstrip()


def _totals(whole: Explanation) -> Iterator[str]:
    lines = whole.lines
    python = [line.name for line in lines if line.is_python]
    products = sum(line.flops for line in lines if line.kind == "product")
    yield f"{len(lines)} instructions, {sum(line.is_fused for line in lines)} of them of several ops in one"
    if python:
        yield f"{len(python)} of them in Python: {', '.join(dict.fromkeys(python))}"
    yield f"{sum(line.flops for line in lines):,} flops, {products:,} of them in products"
    yield f"{sum(line.read for line in lines):,} bytes read, {sum(line.written for line in lines):,} written"
    yield f"arena of {whole.arena:,} bytes; {whole.separate:,} if no value shared memory with another"
    yield f"batches lie {'feature by feature' if whole.is_narrow else 'sample by sample'}"
