"""`python -m tinygrad_edu.ops`: the table of all ops."""

from __future__ import annotations

from . import registry


def table() -> str:
    """One line per op: how it is called, which inputs have a gradient, and its first words."""
    rows = [("op", "gradient by", "in words")]
    rows += [(op.signature(), ", ".join(op.rules) or "-", op.doc.splitlines()[0]) for op in registry.values()]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    return "\n".join(f"{call:<{widths[0]}}  {by:<{widths[1]}}  {words}" for call, by, words in rows)


if __name__ == "__main__":
    print(table())
    print(f"\n{len(registry)} ops")
