"""A plan as those see it who read it or draw it: plain data, and the table that is made of it.

Flops are counted as the literature does, a multiplication and an addition as one each, in products; every other instruction
counts one for each number that it goes over. Bytes are those of the different numbers that an instruction reads and writes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from textwrap import wrap
from typing import NamedTuple

PHASES = {
    "batch": "the rows of the batch",
    "forward": "from inputs to outputs",
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
        extent: the lengths of the axes that it goes along, that of the sum last; in front, how often a block takes it as a whole.
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
    def is_product(self) -> bool:
        """Whether it is a product of matrices, also one that moves a weight."""
        return self.name.startswith("product")

    @property
    def kind(self) -> str:
        """What kind of work it is: "python", "update", "product", "sum" along axes, "move" of numbers, or "number" by number."""
        if self.is_python or self.phase == "update":
            return "python" if self.is_python else "update"
        if self.is_product:
            return "product"
        return "sum" if self.name.startswith("sum_") else "number" if self.flops else "move"


class Block(NamedTuple):
    """Neighbours that are run together on some rows, then on the next, so that what goes from one to the next stays in the cache.

    Attributes:
        first, last: numbers of the instructions.
        rows: how many there are.
        size: how many are run at a time.
        read, written: bytes that come from outside of the block, or go there.
    """

    first: int
    last: int
    rows: int
    size: int
    read: int
    written: int

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int) and self.first <= number <= self.last


class Explanation(NamedTuple):
    """A plan, instruction by instruction.

    Attributes:
        lines: the instructions in order.
        blocks: which of them are run together.
        constants: memory of the arena that is filled before the first step.
        arena: bytes of it.
        separate: bytes that it would have if every value had memory of its own, and all of it at once.
        is_narrow: whether batches lie feature by feature.
    """

    lines: tuple[Line, ...]
    blocks: tuple[Block, ...]
    constants: tuple[Kept, ...]
    arena: int
    separate: int
    itemsize: int
    is_narrow: bool

    def __str__(self) -> str:
        return "\n".join([*_table(self), "", *_totals(self)])

    def block_of(self, number: int) -> Block | None:
        """The block that an instruction is run in, if it is."""
        return next((block for block in self.blocks if number in block), None)


# Words -------------------------------------------------------------------------------------------


HEAD = "", "instruction", "numbers", "reads", "into", "read", "written", "flops"
ALIGN = ">", "<", "<", "<", "<", ">", ">", ">"
UNITS = "kMGTP"
NAME, READS = HEAD.index("instruction"), HEAD.index("reads")


def _table(whole: Explanation) -> Iterator[str]:
    """A heading for each layer and phase, a row for each instruction, as wide as they have to be."""
    found = groupby(whole.lines, lambda line: (line.phase, line.layer))
    groups = [(key, [_row(line, whole.block_of(line.number)) for line in group]) for key, group in found]
    rows = [HEAD, *(row for _, group in groups for row in group)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEAD))]
    spare = WIDTH - sum(widths) - 2 * (len(widths) - 1)
    widths[READS] = max(len(HEAD[READS]), widths[READS] + min(spare, 0))
    yield _aligned(HEAD, widths)
    for (phase, layer), group in groups:
        yield f"{phase}: {layer or PHASES[phase]}"
        for row in group:
            yield from (_aligned(one, widths) for one in _wrapped(row, widths[READS]))


def _row(line: Line, block: Block | None) -> tuple[str, ...]:
    name = _bracket(line.number, block) + line.name + " (Python)" * line.is_python
    extent = " x ".join(f"{length:,}" for length in line.extent)
    costs = map(_short, (line.read, line.written, line.flops))
    return f"[{line.number}]", name, extent, _reads(line), _in_layer(line.target, line), *costs


def _wrapped(row: tuple[str, ...], width: int) -> Iterator[tuple[str, ...]]:
    """A row, and below it what there is no room for of what it reads."""
    first, *more = wrap(row[READS], width, break_long_words=False) or [""]
    yield (*row[:READS], first, *row[READS + 1 :])
    goes_on = "| " if row[NAME].startswith(("/ ", "| ")) else ""
    yield from (tuple({NAME: goes_on, READS: words}.get(i, "") for i in range(len(HEAD))) for words in more)


def _bracket(number: int, block: Block | None) -> str:
    """What joins the instructions of a block, as far as it goes past one of them."""
    return "" if block is None else "/ " if number == block.first else "\\ " if number == block.last else "| "


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
    products = sum(line.flops for line in lines if line.is_product)
    yield f"{len(lines)} instructions, {sum(line.is_fused for line in lines)} of them of several ops in one"
    if python:
        yield f"{len(python)} of them in Python: {', '.join(dict.fromkeys(python))}"
    yield f"{sum(line.flops for line in lines):,} flops, {products:,} of them in products"
    yield f"{sum(line.read for line in lines):,} bytes read, {sum(line.written for line in lines):,} written"
    yield from map(_together, whole.blocks)
    yield f"arena of {whole.arena:,} bytes; {whole.separate:,} if every value had memory of its own"
    yield f"batches lie {'feature by feature' if whole.is_narrow else 'sample by sample'}"
    yield "[n] is what instruction n wrote, @n a place in the arena"


def _together(block: Block) -> str:
    """What a block is good for."""
    which = f"[{block.first}] to [{block.last}] in blocks of {block.size:,} of {block.rows:,} rows"
    return f"{which}: {_short(block.read)} bytes come in, {_short(block.written)} go out"
