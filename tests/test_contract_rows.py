"""Every row of the contract with Keras is named by a test that tries it, but for convolution and recurrence.

The contract numbers what Keras offers, in groups: ACT activations, INI initializers, REG regularizers, CON constraints, LOSS,
MET metrics, OPT optimizers, LR learning rates, LAY the base layer, CORE core layers, REGL dropout and normalization, MRG
merging, PKG packages, MOD models, COMP compile, FIT fit, SUM summary, SAV saving, CB callbacks, UTL utilities, SKL scikit-learn,
K the backend, DAT data sets, SCR scripts of tutorials. A test names its rows in its docstring: "ACT-01", or "ACT-03 to ACT-09".
"""

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
#        group  rows of it
GROUPS = {
    "ACT": 25, "INI": 27, "REG": 8, "CON": 6, "LOSS": 25, "MET": 21, "OPT": 26, "LR": 20, "LAY": 16, "CORE": 17, "REGL": 11,
    "MRG": 4, "PKG": 16, "MOD": 17, "COMP": 8, "FIT": 23, "SUM": 7, "SAV": 10, "CB": 26, "UTL": 15, "SKL": 12, "K": 8, "DAT": 3,
    "SCR": 22,
}  # fmt: skip
NOT_HERE = {"UTL-12"}  # helpers for text
ROWS = [f"{group}-{n:02d}" for group, count in GROUPS.items() for n in range(1, count + 1)]
ROWS = [row for row in ROWS if row not in NOT_HERE]


def rows_in(text):
    """The rows that a docstring names: "ACT-01, ACT-03 to ACT-05" are four."""
    for group, first, last in re.findall(r"\b([A-Z]+)-(\d+)(?: to \1-(\d+))?", text):
        yield from (f"{group}-{n:02d}" for n in range(int(first), int(last or first) + 1))


def tried():
    """The rows that docstrings of tests name."""
    found = set()
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                found.update(rows_in(ast.get_docstring(node) or ""))
    return found


TRIED = tried()


def test_rows_are_read_singly_and_from_to():
    assert list(rows_in("the law, ACT-01, by hand (LR-03 to LR-05): what TEA-1 says")) == [
        "ACT-01",
        "LR-03",
        "LR-04",
        "LR-05",
        "TEA-01",
    ]


@pytest.mark.parametrize("row", ROWS)
def test_every_row_is_named_by_a_test(row):
    assert row in TRIED
