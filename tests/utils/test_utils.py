"""What `utils` hands on: seeds, custom objects, pictures, small questions."""

import random

import numpy as np
import pytest

import tinygrad_edu as keras
from tinygrad_edu import utils


def trained():
    model = keras.Sequential([keras.layers.Dense(4, "tanh", input_dim=2), keras.layers.Dropout(0.3), keras.layers.Dense(1)])
    model.compile("adam", "mse")
    model.fit(np.arange(20.0).reshape(10, 2) / 20, np.arange(10.0), epochs=3, batch_size=3, verbose=0)
    return model.get_weights()


def test_one_seed_makes_a_training_the_same_to_the_last_bit():
    """UTL-09: Python's generator and NumPy's are seeded too."""
    runs = []
    for _ in range(2):
        utils.set_random_seed(11)
        runs.append((random.random(), np.random.random(), trained()))
    assert runs[0][:2] == runs[1][:2]
    assert all((one == other).all() for one, other in zip(runs[0][2], runs[1][2]))
    assert any((one != other).any() for one, other in zip(runs[1][2], trained()))


@pytest.mark.parametrize("seed", ["7", 7.5, None, -1, 2**32])
def test_what_is_no_seed_is_refused(seed):
    """UTL-09."""
    with pytest.raises(ValueError, match="seed"):
        utils.set_random_seed(seed)


# Custom objects ----------------------------------------------------------------------------------


def cube(x):
    return x**3


def test_what_is_written_to_the_custom_objects_is_known_from_then_on():
    """UTL-14: the way most scripts do it."""
    utils.get_custom_objects().update({"utl_cube": cube})
    try:
        assert keras.activations.get("utl_cube") is cube
        assert keras.layers.Dense(1, activation="utl_cube").activation is cube
    finally:
        del utils.get_custom_objects()["utl_cube"]
    with pytest.raises(ValueError, match="utl_cube"):
        keras.activations.get("utl_cube")


@pytest.mark.parametrize("scope", [utils.custom_object_scope, utils.CustomObjectScope])
def test_a_scope_ends_and_so_does_what_was_written_inside(scope):
    """UTL-14: scopes nest; several dicts may be given."""
    with scope({"utl_a": cube}, {"utl_b": cube}):
        with scope({"utl_c": cube}):
            utils.get_custom_objects()["utl_d"] = cube
            assert {"utl_a", "utl_b", "utl_c", "utl_d"} <= set(utils.get_custom_objects())
        assert {"utl_c", "utl_d"}.isdisjoint(utils.get_custom_objects())
        assert keras.activations.get("utl_b") is cube
    assert "utl_a" not in utils.get_custom_objects()


def test_a_registered_class_is_found_by_its_name_and_with_its_package():
    """UTL-14."""

    @utils.register_keras_serializable("Tests", "utl_square")
    def square(x):
        return x * x

    assert keras.activations.get("utl_square") is square and keras.activations.get("Tests>utl_square") is square


# Pictures ----------------------------------------------------------------------------------------


@pytest.fixture
def model():
    return keras.Sequential([keras.layers.Dense(2, input_dim=1, name="first"), keras.layers.Dense(1)])


def test_plot_model_writes_a_file_without_the_programs_of_graphviz(model, tmp_path, monkeypatch):
    """UTL-01, UTL-02: nothing on the PATH, pygraphviz not there, no pydot asked for."""
    pytest.importorskip("graphviz")
    import viz

    monkeypatch.setenv("PATH", str(tmp_path))
    viz.set_engine("builtin")
    try:
        for name in ("model.dot", "model.svg", "model.png", "without_suffix"):
            utils.plot_model(model, to_file=tmp_path / name, show_shapes=True)
    finally:
        viz.set_engine("auto")
    assert "first: Dense" in (tmp_path / "model.dot").read_text(encoding="utf-8")
    assert "(None, 2)" in (tmp_path / "model.svg").read_text(encoding="utf-8")
    assert (tmp_path / "model.png").read_bytes()[:4] == (tmp_path / "without_suffix.png").read_bytes()[:4] == b"\x89PNG"


def test_model_to_dot_gives_the_same_text_every_time(model):
    """UTL-03, UTL-05: names before classes, and the place where data comes in."""
    pytest.importorskip("graphviz")
    source = utils.model_to_dot(model, show_shapes=True).source
    assert source == utils.vis_utils.model_to_dot(model, show_shapes=True).source
    assert "digraph" in source and "first: Dense" in source and "InputLayer" in source and "(None, 1)" in source


def test_plot_history_draws_what_fit_returned(model):
    """UTL-13: without a screen."""
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    model.compile("sgd", "mse")
    history = model.fit([[1.0], [2.0]], [1.0, 2.0], epochs=3, verbose=0)
    line = utils.plot_history(history).lines[0]
    assert line.get_ydata().tolist() == history.history["loss"] and line.get_xdata().tolist() == [1, 2, 3]


# Small questions ---------------------------------------------------------------------------------


def test_has_arg_and_to_list():
    """PKG-09."""

    def function(a, /, b, *args, c=1, **rest): ...

    assert [utils.has_arg(function, name) for name in "abcd"] == [False, True, True, False]
    assert utils.has_arg(function, "d", accept_all=True) and not utils.has_arg(cube, "d", accept_all=True)
    assert (utils.to_list(1), utils.to_list([1]), utils.to_list((1,)), utils.to_list((1,), True)) == ([1], [1], [(1,)], [1])
