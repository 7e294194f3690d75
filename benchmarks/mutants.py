"""Mutation testing: does a test fail when an operator, a number or a condition of the code is changed?

    python benchmarks/mutants.py                                 # all that is left, in hours; may be interrupted
    python benchmarks/mutants.py --module ops/shape --sample 50  # 50 of one file, drawn by --seed
    python benchmarks/mutants.py --again                         # the survivors, with more tests

cosmic-ray makes the mutants and keeps the results; it would start a process for each, which takes seconds, so they are
run here. This process imports NumPy, SciPy, pytest and Hypothesis and forks; the child imports a copy of the package
with the mutant in the place of one module's source, and runs only tests that enter the function that was changed.
"""

import argparse
import ast
import bisect
import gc
import importlib.machinery
import itertools
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
from collections import Counter
from pathlib import Path

os.environ |= {"NUMBA_DISABLE_JIT": "1", "OPENBLAS_NUM_THREADS": "1"}

import hypothesis.extra.numpy
import pytest
import scipy.special  # noqa: F401  so that no child has to
from cosmic_ray import modules, plugins
from cosmic_ray.commands import init
from cosmic_ray.config import load_config
from cosmic_ray.mutating import mutate_code
from cosmic_ray.tools.filters.operators_filter import OperatorsFilter
from cosmic_ray.work_db import WorkDB
from cosmic_ray.work_item import TestOutcome, WorkerOutcome, WorkResult
from entered import FLAGS, digest, place_of, record_tests, tests_of

ROOT = Path(__file__).resolve().parents[1]
STORE = ROOT / ".mutants"
FEW, ENOUGH, PLENTY = 20, 5.0, 30.0  # how many tests come first; seconds of tests that make a survivor; with --again


class Judge:
    """Runs the chosen tests in that order until one fails, and tells which."""

    def __init__(self, chosen, pipe):
        self.order, self.pipe = {test: n for n, test in enumerate(chosen)}, pipe
        self.names = {name for test in chosen for name in test.partition("[")[0].split("::")}

    def pytest_pycollect_makeitem(self, name):
        return None if name in self.names else []  # making cases that nobody asked for takes longer than the tests

    def pytest_collection_modifyitems(self, items):
        items[:] = sorted((item for item in items if item.nodeid in self.order), key=lambda item: self.order[item.nodeid])
        missing = self.order.keys() - {item.nodeid for item in items}
        if missing:  # an op that is not declared has no cases
            self.tell(min(missing))

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.tell(report.nodeid)

    def tell(self, test):
        os.write(self.pipe, test.encode())
        os._exit(1)


def killer_of(path, code, chosen, timeout):
    """What fails when `code` stands in the place of the module at `path`, in a process of its own."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(int(timeout))
        resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.dup2(1, 2)
        loader, changed = importlib.machinery.SourceFileLoader, str(path.resolve())
        usual = loader.get_code
        loader.get_code = lambda self, name: compile(code, changed, "exec") if self.path == changed else usual(self, name)
        os._exit(pytest.main([*FLAGS, *{test.partition("::")[0]: 0 for test in chosen}], plugins=[Judge(chosen, writing)]))
    os.close(writing)
    with os.fdopen(reading) as pipe:
        killer = pipe.read()
    failed = os.waitpid(child, 0)[1]
    return killer or (failed and "the import, or time")


def judge(mutation, tests, killers, enough, timeout):
    path, source = mutation.module_path, mutation.module_path.read_text()
    code = mutate_code(source, plugins.get_operator(mutation.operator_name)(), mutation.occurrence)
    try:
        ast.parse(code)
    except SyntaxError:
        return WorkResult(WorkerOutcome.SKIPPED, "no Python")
    name, lines = place_of(source, mutation.start_pos[0])
    chosen = tests_of(str(path), name, lines, tests, killers)
    end = bisect.bisect(list(itertools.accumulate(tests[test][0] for test in chosen)), enough)
    for some in filter(None, (chosen[:FEW], chosen[FEW:end])):
        if killer := killer_of(path, code, some, timeout):
            killers[name, killer] += 1
            return WorkResult(WorkerOutcome.NORMAL, killer, TestOutcome.KILLED)
    pairs = zip(source.splitlines(), code.splitlines())
    old, new = next(((a.strip(), b.strip()) for a, b in pairs if a != b), ("", ""))
    return WorkResult(WorkerOutcome.NORMAL, f"{path.name}, {name}: `{old}` -> `{new}`", TestOutcome.SURVIVED)


def session(path, config):
    """The mutants of a module and what became of them; an edited module begins anew."""
    file = STORE / f"{'.'.join(path.parts)}-{digest(path)}.sqlite"
    is_new = not file.exists()
    db = WorkDB(file, WorkDB.Mode.create)
    if is_new:
        init([path], db, config.operators_config)
    OperatorsFilter()._skip_filtered(db, config.sub("filters", "operators-filter")["exclude-operators"])
    return db


def survived(db):
    return {job: result.output for job, result in db.results if result.test_outcome == TestOutcome.SURVIVED}


def report(sessions):
    """A line for each file, then the survivors."""
    for path, db in sessions.items():
        judged, alive = sum(result.test_outcome is not None for _, result in db.results), len(survived(db))
        score = f"{100 * (1 - alive / judged):.1f} % killed" if judged else ""
        print(f"{path!s:36} {judged:5} judged, {len(list(db.pending_work_items)):5} left  {score}")
    print(*sorted(line for db in sessions.values() for line in survived(db).values()), sep="\n")


def run(options, config):
    """Judge mutants of the package in the current folder."""
    hypothesis.settings.register_profile("mutants", max_examples=20, derandomize=True, database=None, deadline=None)
    paths = modules.filter_paths(modules.find_modules(map(Path, config["module-path"])), config["excluded-modules"])
    sessions = {path: session(path, config) for path in sorted(paths) if options.module in str(path)}
    todo = []
    for db in sessions.values():
        wanted = survived(db) if options.again else {item.job_id for item in db.pending_work_items}
        todo += [(db, item) for item in db.work_items if item.job_id in wanted]
    random.seed(options.seed)
    todo = random.sample(todo, min(options.sample, len(todo)))
    without = {file for pattern in config["without"] for file in Path().glob(pattern)}
    tests, killers = record_tests(sorted({*Path("tests").rglob("test_*.py")} - without), STORE / "tests.pickle"), Counter()
    os.mkdir("none")
    pytest.main([*FLAGS, "none"])  # no tests, but pytest's own imports
    gc.freeze()
    enough = PLENTY if options.again else ENOUGH
    for n, (db, item) in enumerate(todo, start=1):
        db.set_result(item.job_id, result := judge(item.mutations[0], tests, killers, enough, config.timeout))
        if result.test_outcome == TestOutcome.SURVIVED:
            print(f"{n}/{len(todo)} {result.output}", flush=True)
    report(sessions)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--module", default="", help="part of a path, such as ops/shape")
    parser.add_argument("--sample", type=int, default=10**9, help="how many mutants to run at most, drawn at random")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--again", action="store_true", help="run the survivors with more tests, not those that are left")
    options = parser.parse_args()
    config = load_config(ROOT / "benchmarks" / "mutants.toml")
    STORE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=STORE) as copy:
        tree = str(shutil.copytree(ROOT, Path(copy, "tree"), ignore=shutil.ignore_patterns(".*", "__pycache__")))
        os.chdir(tree)
        sys.path.insert(0, tree)
        os.environ["PYTHONPATH"], sys.pycache_prefix = tree, f"{tree}/pycache"
        run(options, config)


if __name__ == "__main__":
    main()
