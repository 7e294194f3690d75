"""Which tests enter which function: one run of the tests under a profiler, kept until a file changes."""

import ast
import hashlib
import os
import pickle
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

FLAGS = ["-qq", "--no-summary", "-p", "no:xdist", "-p", "no:cacheprovider", "--hypothesis-profile=mutants"]
FLAGS += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # of what is imported already


def digest(*files):
    return hashlib.sha256(b"".join(Path(file).read_bytes() for file in files)).hexdigest()[:12]


class Recorder:
    """Notes for each test that passes its seconds, and (file, line) where the functions begin that it enters."""

    def __init__(self):
        self.found = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item):
        codes, start = set(), time.perf_counter()
        sys.setprofile(lambda frame, *_: codes.add(frame.f_code))
        try:
            yield
        finally:
            sys.setprofile(None)
        ours = {(os.path.relpath(code.co_filename), code.co_firstlineno) for code in codes if "tinygrad_edu" in code.co_filename}
        self.found.setdefault(item.nodeid.partition("::")[0], {})[item.nodeid] = time.perf_counter() - start, ours


def record_tests(files, store):
    """What a Recorder notes, by test. A file is run again when it or the package has changed."""
    package = sorted(Path("tinygrad_edu").rglob("*.py"))
    known = pickle.loads(store.read_bytes()) if store.exists() else {}
    keys = {str(file): digest(file, "tests/samples.py", *package) for file in files}
    known = {file: known[file] for file in keys if file in known and known[file][0] == keys[file]}
    missing = [file for file in keys if file not in known]
    if missing and os.fork() == 0:
        status = pytest.main([*FLAGS, *missing], plugins=[recorder := Recorder()])
        known |= {file: (keys[file], recorder.found.get(file, {})) for file in missing}
        store.write_bytes(pickle.dumps(known))
        os._exit(status > pytest.ExitCode.TESTS_FAILED)  # a test that fails without a mutant is left out
    if missing:
        if os.wait()[1]:
            raise SystemExit("Mutants expect tests that can be run without them, got the errors above.")
        known = pickle.loads(store.read_bytes())
    return {test: facts for file in keys for test, facts in known[file][1].items()}


def place_of(source, line):
    """Name of the function, class or statement at `line`, and its lines; no lines for what a class body runs."""
    name, lines = "", range(0)
    for node in ast.walk(ast.parse(source)):  # outer ones first
        first = min([d.lineno for d in getattr(node, "decorator_list", [])], default=getattr(node, "lineno", 0))
        if isinstance(node, ast.stmt) and first <= line <= node.end_lineno:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                name = f"{name}.{node.name}".lstrip(".")
                lines = range(0) if isinstance(node, ast.ClassDef) else range(first, node.end_lineno + 1)
            elif not name:
                name = ast.unparse(node.targets[0]) if isinstance(node, ast.Assign) else "module"
                lines = range(first, node.end_lineno + 1)
    return name, lines


def tests_of(path, name, lines, tests, killers):
    """Tests that enter a function on these lines or are named after it, else that enter the file.

    Those that have killed a neighbour come first, then one case of each test function; quick ones before slow ones.
    """
    chosen = [t for t, (_, at) in tests.items() if f"[{name}-" in t or any(f == path and n in lines for f, n in at)]
    chosen = chosen or [t for t, (_, at) in tests.items() if any(f == path for f, _ in at)]
    cases, rank = Counter(), {}
    for test in chosen:
        function = test.partition("[")[0]
        rank[test] = -killers[name, test], cases[function] > 0, tests[test][0]
        cases[function] += 1
    return sorted(chosen, key=rank.__getitem__)
