"""What users can name: everything there is resolves, says what it does, and costs nothing until it is used."""

import importlib
import inspect
import json
import pkgutil
import subprocess
import sys
import textwrap

import pytest

import tinygrad_edu

HEAVY = ("numba", "scipy", "matplotlib", "graphviz", "pygraphviz", "sklearn", "IPython", "viz")


def run(code):
    """What a fresh Python prints for `code`."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def public_things():
    """Public classes and functions of the package, where they are defined."""
    for info in pkgutil.walk_packages(tinygrad_edu.__path__, "tinygrad_edu."):
        if info.name.rpartition(".")[2].startswith("__"):
            continue
        module = importlib.import_module(info.name)
        for name, thing in vars(module).items():
            if (
                not name.startswith("_")
                and (inspect.isclass(thing) or inspect.isfunction(thing))
                and thing.__module__ == module.__name__
            ):
                yield pytest.param(thing, id=f"{info.name.partition('.')[2]}.{name}")


@pytest.mark.parametrize("name", tinygrad_edu.__all__)
def test_every_public_name_resolves(name):
    """PKG-01."""
    assert getattr(tinygrad_edu, name) is not None
    assert name in dir(tinygrad_edu)


def test_namespaces_come_by_attribute_only():
    """PKG-01: one import, as the tutorials have it."""
    assert (
        run("""
        import tinygrad_edu as keras
        model = keras.models.Sequential([
            keras.layers.Dense(5, "tanh", input_dim=2, kernel_initializer=keras.initializers.RandomUniform()),
            keras.layers.Dense(1),
        ])
        model.compile(keras.optimizers.SGD(), keras.losses.MeanSquaredError(), [keras.metrics.BinaryAccuracy])
        keras.utils.set_random_seed(1)
        keras.backend.clear_session()
        model.fit(*keras.datasets.make_circles(10), verbose=0, callbacks=[keras.callbacks.Callback()])
        print(keras.models.Sequential is keras.Sequential, keras.models.Model is keras.Model, keras.layers.Input is keras.Input)
        print(keras.__version__)
    """)
        == f"True True True\n{tinygrad_edu.__version__}"
    )


def test_a_name_means_the_same_whatever_was_imported_before():
    """PKG-01: where a function and a module have one name, neither takes the other's place."""
    found = json.loads(
        run("""
        import importlib, json, pkgutil, sys
        import tinygrad_edu

        modules = [info.name for info in pkgutil.iter_modules(tinygrad_edu.__path__)]

        def kinds(names, first):
            for loaded in [loaded for loaded in sys.modules if loaded.partition(".")[0] == "tinygrad_edu"]:
                del sys.modules[loaded]
            importlib.import_module(first)
            package = importlib.import_module("tinygrad_edu")
            return {name: type(getattr(package, name)).__name__ for name in names}

        firsts = ["tinygrad_edu", "tinygrad_edu.models", "tinygrad_edu.testing", "tinygrad_edu.layers", "tinygrad_edu.backend"]
        both = [name for name in tinygrad_edu.__all__ if name in modules]
        seen = [kinds(names, first) for first in firsts for names in (both, both[::-1])]
        print(json.dumps({name: sorted({found[name] for found in seen}) for name in both}))
    """)
    )
    assert {name: kinds for name, kinds in found.items() if len(kinds) > 1} == {}


@pytest.mark.parametrize(
    "what",
    [
        "import tinygrad_edu",
        "from tinygrad_edu import Tensor, grad; assert grad(lambda x: x**3)(2.0).item() == 12",
        "from tinygrad_edu import Tensor; x = Tensor([1.0, 2.0]); (x * x).sum().backward(); assert x.grad.tolist() == [2, 4]",
        "import tinygrad_edu as keras; keras.Sequential([keras.layers.Dense(1, input_dim=2)]).predict([[1.0, 2.0]])",
        "import tinygrad_edu as keras; [getattr(keras, name) for name in keras.__all__]",
    ],
    ids=["import", "grad", "backward", "predict", "all names"],
)
def test_neither_the_import_nor_a_first_gradient_imports_anything_heavy(what):
    """PKG-01: Numba is paid for by those who train, drawing by those who draw."""
    assert run(f"{what}\nimport sys; print([name for name in {HEAVY} if name in sys.modules])") == "[]"


@pytest.mark.eager("compiled steps do without Numba")
def test_training_imports_numba_and_still_nothing_to_draw_with():
    """PKG-01."""
    assert (
        run(f"""
        import sys, tinygrad_edu as keras
        model = keras.Sequential([keras.layers.Dense(1, input_dim=2)])
        model.compile("sgd", "mse")
        model.fit([[1.0, 2.0]], [1.0], verbose=0)
        print([name for name in {HEAVY} if name in sys.modules and name != "scipy"])
    """)
        == "['numba']"
    )


@pytest.mark.parametrize("name", ["Sequentiall", "keras", "_private", "__wrapped__", "tf"])
def test_an_unknown_name_is_an_attribute_error(name):
    """PKG-01: so that hasattr, getattr with a default, and doctest work."""
    with pytest.raises(AttributeError, match=f"module 'tinygrad_edu' has no attribute '{name}'"):
        getattr(tinygrad_edu, name)


def test_ops_are_names_of_the_package():
    """PKG-01: `tinygrad_edu.exp` for `tinygrad_edu.ops.exp`."""
    assert tinygrad_edu.exp is tinygrad_edu.ops.exp and tinygrad_edu.relu is tinygrad_edu.ops.relu


@pytest.mark.parametrize("thing", list(public_things()))
def test_every_public_class_and_function_has_a_docstring(thing):
    own = thing.__doc__ if inspect.isclass(thing) else inspect.getdoc(thing)
    assert own and own.strip()


@pytest.mark.parametrize("thing", [thing for thing in public_things() if inspect.isclass(thing.values[0])])
def test_every_class_is_found_where_it_says(thing):
    """For pickling, and for readers."""
    assert getattr(importlib.import_module(thing.__module__), thing.__qualname__) is thing
