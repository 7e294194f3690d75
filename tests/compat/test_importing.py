"""Scripts that say keras run as they are: in a process of their own, as a user starts them."""

import subprocess
import sys
import textwrap

import pytest


@pytest.fixture
def run(tmp_path):
    """Run a script, and say what it printed, what it complained about, and its exit status."""

    def run(code, *arguments, options=(), name="script.py", cwd=None, **settings):
        script = tmp_path / name
        script.parent.mkdir(exist_ok=True)
        script.write_text(textwrap.dedent(code), encoding="utf-8")
        command = [sys.executable, "-m", "tinygrad_edu.compat", *options, str(script), *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=cwd or tmp_path, **settings)

    return run


def printed(done):
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


IMPORTS = """
    import keras
    import keras.backend as K
    import keras.layers.advanced_activations
    from keras import layers, models
    from keras.callbacks.callbacks import History
    from keras.engine.topology import Input
    from keras.layers.core import Dense, Dropout
    from keras.models import Sequential
    from keras.objectives import mse
    from keras.optimizers import SGD
    from keras.optimizers.schedules import ExponentialDecay
    from keras.preprocessing import sequence
    from keras.preprocessing.sequence import pad_sequences
    from keras.utils import np_utils
    from keras.utils.np_utils import to_categorical
    from keras.utils.vis_utils import plot_model
    from keras.wrappers.scikit_learn import KerasClassifier, KerasRegressor
"""


@pytest.mark.parametrize("root", ["keras", "tensorflow.keras", "tensorflow.python.keras"])
def test_every_path_leads_to_our_own_objects(run, root):
    """PKG-13: nothing is there twice."""
    imports = textwrap.dedent(IMPORTS).replace("import keras\n", "").replace("keras", root).replace(f"vis_{root}", "vis_keras")
    imports = imports.replace(f"{root.capitalize()}", "Keras")
    check = """
import tinygrad_edu
assert Dense is layers.Dense is tinygrad_edu.layers.Dense
assert models is tinygrad_edu.models and Sequential is tinygrad_edu.Sequential
assert K is tinygrad_edu.backend and SGD is tinygrad_edu.optimizers.SGD
assert to_categorical is np_utils.to_categorical is tinygrad_edu.utils.to_categorical
assert pad_sequences is sequence.pad_sequences and mse is tinygrad_edu.losses.mse and Input is tinygrad_edu.Input
assert KerasRegressor is tinygrad_edu.wrappers.scikit_learn.KerasRegressor
print("same")
"""
    assert printed(run(imports + check)) == ["same"]


def test_tensorflow_is_keras_a_tape_and_a_seed(run):
    """PKG-13."""
    code = """
        import tensorflow as tf
        from tensorflow import keras
        import tinygrad_edu
        assert tf.keras is keras is tinygrad_edu and tf.__version__ >= "2.0"
        tf.random.set_seed(7)
        first = tf.keras.layers.Dense(3, input_dim=2)([[1.0, 2.0]]).tolist()
        tf.random.set_seed(7)
        assert first == tf.keras.layers.Dense(3, input_dim=2)([[1.0, 2.0]]).tolist()
        try:
            tf.constant(3)
        except AttributeError as error:
            print(error)
    """
    assert printed(run(code)) == [
        "module 'tensorflow' has no attribute 'constant': of TensorFlow, "
        "tinygrad_edu has tf.keras, tf.GradientTape, tf.random only."
    ]


def test_a_script_sees_what_python_would_show_it(run, tmp_path):
    """PKG-13: arguments, its folder, its name; classes of its own are pickled; what looks like our options is its own."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "neighbour.py").write_text("VALUE = 3")
    code = """
        import pickle, sys
        from neighbour import VALUE
        class Own:
            value = VALUE
        if __name__ == "__main__":
            print(sys.argv[1:], pickle.loads(pickle.dumps(Own())).value)
            print(__file__ == sys.argv[0], sys.path[0].endswith("folder"), "__spec__" in globals())
            sys.exit(5)
    """
    done = run(code, "--replace", "-m", "x y", name="folder/script.py", cwd="/")
    assert done.stdout.splitlines() == ["['--replace', '-m', 'x y'] 3", "True True True"]
    assert done.returncode == 5


def test_a_traceback_begins_in_the_script(run, tmp_path):
    """PKG-13."""
    done = run("import keras\n\ndef f():\n    keras.Sequential().pop()\n\nf()\n")
    lines = done.stderr.splitlines()
    assert done.returncode == 1 and lines[0].startswith("Traceback")
    assert lines[1] == f'  File "{tmp_path / "script.py"}", line 6, in <module>' and lines[2].strip() == "f()"
    assert "compat" not in done.stderr and "runpy" not in done.stderr
    assert lines[-1].startswith("ValueError: pop expects a model with at least one layer")


def test_a_mistake_in_the_script_and_no_script_at_all_are_told_as_usual(run):
    """PKG-13."""
    done = run("print(1,; 2)")
    assert done.returncode == 1 and "compat" not in done.stderr and "SyntaxError" in done.stderr
    command = [sys.executable, "-m", "tinygrad_edu.compat"]
    missing = subprocess.run([*command, "no_such.py"], capture_output=True, text=True, timeout=60)
    assert missing.returncode == 2 and missing.stderr.splitlines() == ["[Errno 2] No such file or directory: 'no_such.py'"]
    nothing = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert nothing.returncode == 2 and "python -m tinygrad_edu.compat [--replace] script.py" in nothing.stdout


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("import keras.nonsense", "No module named 'keras.nonsense': tinygrad_edu has no 'nonsense'."),
        ("import keras.layers.core.deep", "No module named 'keras.layers.core.deep'"),
        ("from tensorflow.keras.applications.vgg16 import VGG16", "tinygrad_edu has no 'applications'."),
        ("import tensorflow.io", "No module named 'tensorflow.io': of TensorFlow, tinygrad_edu has tensorflow.keras only."),
        ("from keras.layers import Nonsense", "cannot import name 'Nonsense' from 'tinygrad_edu.layers'"),
    ],
)
def test_what_there_is_not_is_an_import_error_that_says_so(run, line, told):
    """PKG-13: scripts may catch it."""
    done = run(f"try:\n    {line}\nexcept ImportError as error:\n    print(error)")
    assert told in printed(done)[0]


def test_a_real_keras_is_not_shadowed_unless_asked(run, tmp_path):
    """PKG-13."""
    (tmp_path / "keras").mkdir()
    (tmp_path / "keras" / "__init__.py").write_text("NAME = 'real'")
    code = "import keras\nprint(keras.__name__)"
    refused = run(code)
    assert refused.returncode == 2 and refused.stdout == ""
    assert f"expects no other keras, got the one in {tmp_path / 'keras'}" in refused.stderr and "--replace" in refused.stderr
    assert printed(run(code, options=["--replace"])) == ["tinygrad_edu"]


def test_a_folder_that_is_called_keras_is_no_keras(run, tmp_path):
    """PKG-13: where the data lies, say."""
    (tmp_path / "keras").mkdir()
    assert printed(run("import keras\nprint(keras.__name__)")) == ["tinygrad_edu"]


def test_importing_the_package_shadows_nothing(tmp_path):
    """PKG-13: not even its module compat, until `install` is called; then for good."""
    (tmp_path / "keras.py").write_text("NAME = 'real'")
    code = """
        import tinygrad_edu.compat, keras
        print(keras.NAME)
        try:
            tinygrad_edu.compat.install()
        except ImportError as error:
            print(error.name)
        tinygrad_edu.compat.install(replace=True)
        tinygrad_edu.compat.install(replace=True)
        import keras
        print(keras is tinygrad_edu, sum("Finder" == type(f).__name__ for f in sys.meta_path))
    """
    code = "import sys; sys.path.insert(0, '.')\n" + textwrap.dedent(code)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert printed(done) == ["real", "keras", "True 1"]


def test_modules_run_too(run, tmp_path):
    """PKG-13: tests that say keras, for example."""
    (tmp_path / "test_theirs.py").write_text("import keras\n\ndef test_it():\n    assert keras.layers.Dense(3).units == 3\n")
    command = [sys.executable, "-m", "tinygrad_edu.compat", "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_theirs.py"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert "1 passed" in done.stdout and done.returncode == 0


def test_functions_that_use_tensorflow_are_sent_to_processes_that_have_none(run):
    """PKG-13, SKL-09: a search on two processes."""
    pytest.importorskip("sklearn")
    code = """
        import tensorflow as tf
        from sklearn.model_selection import GridSearchCV

        def build(units=1):
            model = tf.keras.Sequential([tf.keras.layers.Dense(units, input_shape=[1]), tf.keras.layers.Dense(1)])
            model.compile("sgd", "mse")
            return model

        estimator = tf.keras.wrappers.scikit_learn.KerasRegressor(build, verbose=0)
        search = GridSearchCV(estimator, {"units": [1, 2]}, cv=2, n_jobs=2, error_score="raise")
        print(len(search.fit([[0.0], [1.0], [2.0], [3.0]], [0.0, 1.0, 2.0, 3.0]).cv_results_["mean_test_score"]))
    """
    assert printed(run(code)) == ["2"]


def test_our_modules_keep_their_own_names(run):
    """PKG-13: a module found twice is not loaded twice, nor renamed."""
    code = """
        import keras.layers, tensorflow.keras.layers, sys
        print(keras.__name__, keras.layers.__name__, keras.layers.__spec__.name)
        print(sys.modules["keras.layers"] is sys.modules["tinygrad_edu.layers"])
        import importlib
        importlib.reload(keras.layers)
    """
    assert printed(run(code)) == ["tinygrad_edu tinygrad_edu.layers tinygrad_edu.layers", "True"]
