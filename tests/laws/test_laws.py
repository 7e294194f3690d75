"""The table of laws is true: every law has tests, which run over just the ops that it holds for; and the table is readable."""

import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import pytest
from cases import under

from tinygrad_edu.ops import __main__ as printed
from tinygrad_edu.ops import registry
from tinygrad_edu.ops.laws import LAWS, letters, linear_in

HERE = Path(__file__).parent


def every_test_of_cases():
    """Every test that runs on cases of ops: its module, its name, and itself."""
    for path in sorted(HERE.glob("test_op_*.py")):
        module = importlib.import_module(path.stem)
        for name, test in vars(module).items():
            if name.startswith("test_") and inspect.isfunction(test) and "case" in inspect.signature(test).parameters:
                yield path.stem, name, test


TESTS = [pytest.param(test, id=f"{module}-{name}") for module, name, test in every_test_of_cases() if hasattr(test, "law")]


def ops_of(test):
    """Names of the ops that a test runs on."""
    (mark,) = (mark for mark in test.pytestmark if mark.args[0] == "case")
    return {parameter.values[0].op.name for parameter in mark.args[1]}


def test_every_law_has_tests():
    assert {parameter.values[0].law for parameter in TESTS} == set(LAWS)


@pytest.mark.parametrize("test", TESTS)
def test_a_test_of_a_law_runs_over_the_ops_that_the_law_holds_for(test):
    """All of them and no other: what the table says is what is tested."""
    assert ops_of(test) == {op.name for op in registry.values() if LAWS[test.law].holds_for(op)}


def test_the_laws_together_reach_every_op():
    assert set().union(*(ops_of(parameter.values[0]) for parameter in TESTS)) == set(registry)


def test_a_law_without_a_sample_of_an_op_is_refused():
    with pytest.raises(ValueError, match="The law 'value' expects a sample of every op that it holds for, got none of 'add'"):
        under("value", lambda case: False)


def test_a_test_of_a_law_says_the_law_in_words():
    """By its name alone or in a sentence below it."""
    for module, name, test in every_test_of_cases():
        assert name.count("_") >= 5 or test.__doc__, f"{module}.{name}"


def test_the_letters_of_the_laws_are_told_apart():
    assert len({name[0] for name in LAWS}) == len(LAWS)
    assert {len(letters(op)) for op in registry.values()} == {len(LAWS)}


@pytest.mark.parametrize(
    ("name", "linear"),
    [
        ("add", ("x", "y")), ("multiply", ("x", "y")), ("divide", ("x",)), ("power", ()), ("exp", ()), ("floor", ()),
        ("sum", ("x",)), ("where", ("x", "y")), ("linear_recurrence", ("b",)), ("softmax", ()), ("concatenate_all", ("xs",)),
        ("einsum_all", ()),
    ],
)  # fmt: skip
def test_what_an_op_is_linear_in_is_read_off_its_rules(name, linear):
    assert linear_in(registry[name]) == linear


def run(command):
    return subprocess.run(command, shell=True, capture_output=True, text=True, timeout=60, cwd=HERE.parents[1])


def test_the_table_is_printed_with_a_line_for_every_op_and_every_law():
    done = run(f'"{sys.executable}" -m tinygrad_edu.ops')
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    head = lines[0]
    for op in registry.values():
        (line,) = (line for line in lines if line.startswith(op.signature() + " "))
        assert line[head.index("laws") :].startswith(letters(op))
        assert line.endswith(op.doc.splitlines()[0])
    for name, law in LAWS.items():
        assert sum(line.startswith(f"{name[0].upper()}  {name} ") and line.endswith(law.words) for line in lines) == 1
    assert done.stdout.rstrip() == done.stdout.rstrip("\n")
    assert all(line == line.rstrip() for line in lines)


@pytest.mark.skipif(sys.platform == "win32", reason="has no head")
def test_a_reader_who_has_seen_enough_is_no_error():
    done = run(f'"{sys.executable}" -m tinygrad_edu.ops | head -1')
    assert done.stdout.startswith("op ")
    assert done.stderr == ""


def test_the_legend_counts_the_ops_of_a_law():
    assert f"{sum(bool(op.rules) for op in registry.values())} ops" in printed.legend()
