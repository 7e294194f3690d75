"""The house rules, read off the source: imports go one way, modules explain themselves, files stay short."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("tinygrad_edu", "viz")

# Who may import whom: a module may import what stands in its own line or above it.
RANKS = [
    {"config", "arguments"},
    {"registry", "budget", "kernel", "kernel_cache", "allocation", "memory", "modes", "graph", "compat", "rerun", "interruption"},
    {"rules"},
    {"record"},
    {"backward", "ops", "custom"},
    {"protocols"},
    {"arraylike"},
    {"tensor"},
    {"variable", "structure", "linearized", "calculus", "recompute", "anomaly", "random", "sequence", "preprocessing"},
    {"initializers", "sparse_activations", "activations", "regularizers", "constraints", "losses", "metrics", "optimizers"},
    {"layers"},
    {"saving"},
    {"callbacks", "compiled"},
    {"models"},
    {"datasets", "utils", "backend", "testing", "wrappers", "warmup"},
]
RANK = {name: rank for rank, names in enumerate(RANKS) for name in names}
FORWARDED = {("tinygrad_edu.utils", "viz")}  # plot_model, which Keras users look for in utils
# Imported by a function, where something is to be compiled.
COMPILER = "emission", "compiler", "advice", "expressions", "operators", "typed", "vector_code"
ON_DEMAND = {f"tinygrad_edu.compiled.{name}" for name in COMPILER}
LONGEST = 320


def modules():
    """Every module of the packages: its dotted name and its file."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


MODULES = dict(modules())
each_module = pytest.mark.parametrize("module", MODULES)


def imports(module, *, typing=False):
    """Modules that `module` imports anywhere in its text, relative ones resolved; not for typing only, unless asked."""
    path = MODULES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    found = []

    def visit(node):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test) and not typing:
            for child in node.orelse:
                visit(child)
            return
        if isinstance(node, ast.Import):
            found.extend(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *([node.module] if node.module else [])])
            found.extend(f"{base}.{alias.name}" if f"{base}.{alias.name}" in MODULES else base for alias in node.names)
        for child in ast.iter_child_nodes(node):
            visit(child)

    visit(ast.parse(path.read_text(encoding="utf-8")))
    return list(dict.fromkeys(found))


def part(module):
    """The line of RANKS a module belongs to: tinygrad_edu.models.data -> models."""
    return module.split(".")[1]


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith("tinygrad_edu.")])
def test_every_module_has_a_rank_and_imports_never_go_up(module):
    """Reading the package from top to bottom, nothing is used before it was explained."""
    assert part(module) in RANK, f"{module} needs a line in RANKS"
    upwards = [name for name in imports(module) if name.startswith("tinygrad_edu.") and RANK[part(name)] > RANK[part(module)]]
    assert upwards == []
    assert "tinygrad_edu" not in imports(module), "the package itself is imported by users, not by its parts"


def test_no_module_imports_itself_on_a_detour():
    """Also within one line of RANKS the imports make no circle."""
    open_, done = [], set()

    def walk(module):
        assert module not in open_, " -> ".join([*open_[open_.index(module) :], module])
        if module in done:
            return
        open_.append(module)
        for name in imports(module):
            if name in MODULES and not (name != module and module.startswith(name + ".")):
                walk(name)
        done.add(open_.pop())

    for module in MODULES:
        walk(module)


@pytest.mark.parametrize("module", [name for name in MODULES if name.split(".")[0] == "tinygrad_edu"])
def test_pictures_are_imported_only_where_plot_model_forwards(module):
    """The engine runs where nothing can be drawn."""
    viz = [name for name in imports(module, typing=True) if name.split(".")[0] == "viz"]
    assert not viz or ((module, "viz") in FORWARDED and viz == ["viz"])


@pytest.mark.parametrize("module", [name for name in MODULES if name.split(".")[0] == "viz"])
def test_pictures_use_only_what_is_public(module):
    """No name with an underscore crosses from one package into the other."""
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    private = [
        f"{node.module}.{alias.name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and not node.level and (node.module or "").split(".")[0] == "tinygrad_edu"
        for alias in node.names
        if any(word.startswith("_") for word in (*node.module.split("."), alias.name))
    ]
    assert private == []


@each_module
def test_nothing_imports_examples_or_tests(module):
    assert not {name.split(".")[0] for name in imports(module, typing=True)} & {"examples", "tests", "benchmarks", "samples"}


@pytest.mark.parametrize("module", [name for name in MODULES if name.split(".")[0] == "tinygrad_edu" and name not in ON_DEMAND])
def test_optional_dependencies_are_imported_where_they_are_needed(module):
    """At the top stand NumPy, the standard library and the package: `import tinygrad_edu` costs next to nothing."""
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    top = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom)) and not getattr(node, "level", 0)]
    names = {alias.name for node in top if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in top if isinstance(node, ast.ImportFrom)}
    assert not {name.split(".")[0] for name in names} & {
        "numba",
        "llvmlite",
        "scipy",
        "matplotlib",
        "graphviz",
        "pygraphviz",
        "sklearn",
        "tensorboard",
        "IPython",
    }


@pytest.mark.parametrize("module", [name for name in MODULES if name not in ON_DEMAND])
def test_what_is_imported_on_demand_is_imported_by_functions_only(module):
    """So that it may import what it needs at its own top."""
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    at_the_top = {name for node in tree.body if isinstance(node, ast.ImportFrom) for name in _imported(node)}
    assert not at_the_top & set(COMPILER)


def _imported(node):
    """Modules beside the one that imports from them, by their names."""
    return [alias.name for alias in node.names] if not node.module else [node.module]


@each_module
def test_every_module_says_what_it_is_for(module):
    doc = ast.get_docstring(ast.parse(MODULES[module].read_text(encoding="utf-8")))
    assert doc and doc.splitlines()[0].strip().endswith((".", ":"))


@each_module
def test_files_stay_short(module):
    path = MODULES[module]
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= LONGEST


@each_module
def test_nothing_is_left_to_do(module):
    """No promises in comments."""
    text = MODULES[module].read_text(encoding="utf-8")
    assert re.findall(r"\b(TODO|FIXME|XXX|HACK|WIP|TBD)\b", text) == []


@each_module
def test_errors_are_exceptions_not_asserts(module):
    """An assert vanishes under `python -O`; `raise AssertionError(...)` does not."""
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    assert not [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Assert)]
