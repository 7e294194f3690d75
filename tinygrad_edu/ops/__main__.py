"""`python -m tinygrad_edu.ops`: the table of all ops, and of the laws that they are held to."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from . import registry
from .laws import LAWS, letters, linear_in


def table() -> str:
    """One line per op: how it is called, which inputs have a gradient or a straight line, its laws, and its first words."""
    rows = [("op", "gradient by", "linear in", "laws", "in words")]
    for op in registry.values():
        gradient, linear = (", ".join(names) or "-" for names in (op.rules, linear_in(op)))
        rows.append((op.signature(), gradient, linear, letters(op), op.doc.splitlines()[0]))
    return aligned(rows)


def legend() -> str:
    """One line per law: its letter, how many ops it holds for, and its words."""
    counts = {name: sum(map(law.holds_for, registry.values())) for name, law in LAWS.items()}
    return aligned([(name[0].upper(), name, f"{counts[name]} ops", law.words) for name, law in LAWS.items()])


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Rows as lines of columns; the last column is not padded."""
    widths = [max(map(len, column)) for column in list(zip(*rows))[:-1]]
    return "\n".join("  ".join([*(f"{cell:<{width}}" for cell, width in zip(row, widths)), row[-1]]) for row in rows)


if __name__ == "__main__":
    try:
        print(f"{table()}\n\n{len(registry)} ops, each tested by the laws of its line:\n\n{legend()}", flush=True)
    except BrokenPipeError:  # the reader, `head` perhaps, has seen enough
        sys.stderr.close()
