import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="plots")
import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot

from tinygrad_edu import Sequential
from tinygrad_edu.callbacks import GradientLogger, History
from tinygrad_edu.layers import Dense
from viz.history import plot_boundary, plot_history, plot_layers

LOGS = {"loss": [0.7, 0.5, 0.6], "accuracy": [0.5, 0.8, 0.7], "val_loss": [0.8, 0.6, 0.7], "val_accuracy": [0.4, 0.7, 0.9]}


@pytest.fixture(autouse=True)
def _close():
    yield
    pyplot.close("all")


def test_a_panel_for_each_metric():
    axes = plot_history(LOGS)
    assert [ax.get_ylabel() for ax in axes] == ["loss", "accuracy"]
    assert [line.get_ydata().tolist() for line in axes[0].lines] == [LOGS["loss"], LOGS["val_loss"]]


def test_validation_is_dashed_in_the_colour_of_training():
    train, val = plot_history(LOGS, "loss").lines
    assert train.get_color() == val.get_color() and (train.get_linestyle(), val.get_linestyle()) == ("-", "--")


def test_given_axes_take_all_curves_in_different_colours():
    ax = pyplot.figure().subplots()
    assert plot_history(LOGS, ax=ax) is ax
    assert len(ax.lines) == 4 and len({line.get_color() for line in ax.lines}) == 2


def test_a_history_is_read_like_its_dict():
    history = History()
    history.history, history.epoch = LOGS, [3, 4, 5]
    assert plot_history(history, "loss").lines[0].get_xdata().tolist() == [4, 5, 6]
    assert plot_history(LOGS, "loss").lines[0].get_xdata().tolist() == [1, 2, 3]


@pytest.mark.parametrize(("name", "epoch"), [("val_loss", 2), ("loss", 2), ("val_accuracy", 3), ("accuracy", 2)])
def test_the_best_epoch_is_marked(name, epoch):
    mark = next(line for ax in plot_history(LOGS, best=name) for line in ax.lines if str(line.get_label()).startswith("best"))
    assert mark.get_xdata() == [epoch] and f"epoch {epoch}" in mark.get_label()


def test_nan_is_never_the_best():
    ax = plot_history({"loss": [np.nan, 0.5]}, best="loss")
    assert ax.lines[-1].get_xdata() == [2]


def test_logarithmic_axis():
    assert plot_history(LOGS, "loss", log=True).get_yscale() == "log"


def test_a_curve_that_began_later_ends_with_the_others():
    ax = plot_history({"loss": [3.0, 2.0, 1.0], "val_loss": [1.5]})
    assert ax.lines[1].get_xdata() == [3]


def test_unknown_curves_are_refused():
    with pytest.raises(ValueError, match=r"got \['mae'\]. Choose out of \['loss', 'accuracy'\]"):
        plot_history(LOGS, ["mae"])
    with pytest.raises(ValueError, match="expects `best` to be a curve"):
        plot_history(LOGS, best="val_mae")
    with pytest.raises(ValueError, match="at least one epoch"):
        plot_history({})


def test_boundary_of_two_classes():
    X = np.array([[0.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, 0.2]])
    model = Sequential([Dense(1, "sigmoid", input_shape=(2,))])
    model.layers[0].kernel.assign([[4.0], [0.0]])
    model.layers[0].bias.assign([-2.0])
    ax = plot_boundary(model, X, [0, 1, 0, 1], steps=20)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["class 0", "class 1"]
    line = ax.collections[1].get_paths()[0].vertices
    assert np.allclose(line[:, 0], 0.5, atol=0.02)  # the model is undecided where 4 x - 2 = 0


def test_boundary_of_three_classes_and_on_given_axes():
    class Three:
        def predict(self, x, verbose=0):
            return np.stack([x[:, 0], x[:, 1], -x[:, 0]], axis=1)

    ax = pyplot.figure().subplots()
    assert plot_boundary(Three(), np.random.default_rng(0).normal(size=(9, 2)), np.arange(9) % 3, ax=ax, steps=10) is ax


def test_a_model_that_has_decided_nothing_has_no_boundary():
    class Flat:
        def predict(self, x, verbose=0):
            return np.full((len(x), 1), 0.3)

    plot_boundary(Flat(), np.zeros((2, 2)), [0, 1], steps=5)


def test_boundary_wants_two_features():
    with pytest.raises(ValueError, match=r"expects samples \(n, 2\) and n labels, got \(4, 3\)"):
        plot_boundary(None, np.zeros((4, 3)), np.zeros(4))


def run(script, **env):
    return subprocess.run([sys.executable, "-c", script], env={**os.environ, **env}, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("backend", ["", "TkAgg", "Agg"])
def test_no_screen_is_needed(backend, tmp_path):
    script = f"from viz import plot_history; plot_history({{'loss': [2, 1]}}).figure.savefig({str(tmp_path / 'h.png')!r})"
    done = run(script, DISPLAY="", WAYLAND_DISPLAY="", **({"MPLBACKEND": backend} if backend else {}))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "h.png").read_bytes().startswith(b"\x89PNG")


def test_without_matplotlib_the_message_says_what_to_install():
    done = run("import sys; sys.modules['matplotlib'] = None\nfrom viz import plot_history; plot_history({'loss': [1]})")
    assert 'pip install "tinygrad_edu[viz]"' in done.stderr


# Layers -------------------------------------------------------------------------------------------------


def logged(table, epochs):
    return SimpleNamespace(layers=["a", "b"], epochs=epochs, table=lambda: np.array(table, float).reshape(len(epochs), -1))


def test_layers_are_rows_of_colours_the_first_at_the_top():
    """CB-17."""
    ax = plot_layers(logged([[1e-3, 10], [0, np.nan], [1e-2, 1]], [4, 5, 6]))
    (image,) = ax.images
    assert np.ma.filled(image.get_array(), 99).tolist() == [[-3, 99, -2], [1, 99, 0]]
    assert image.get_extent() == [4.5, 7.5, 1.5, -0.5]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]


def test_layers_may_be_coloured_without_a_logarithm():
    """CB-18."""
    given = pyplot.figure().subplots()
    assert plot_layers(logged([[1, 2]], [0]), given, log=False) is given
    assert given.images[0].get_array().tolist() == [[1], [2]]


def test_layers_of_no_epoch_are_an_error_that_says_what_to_do():
    """CB-17."""
    with pytest.raises(ValueError, match=r"plot_layers expects a callback that saw an epoch, got an empty table\."):
        plot_layers(GradientLogger())


def test_the_gradients_of_a_training_are_drawn():
    """CB-17."""
    model, logger = Sequential([Dense(3, input_dim=2, name="a"), Dense(1, name="b")]), GradientLogger()
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 2)), np.ones(4), epochs=5, verbose=0, callbacks=[logger])
    image = plot_layers(logger).images[0].get_array()
    np.testing.assert_allclose(image, np.log10(logger.table()).T)
