"""Vanishing gradients on two circles: tanh against ReLU, trained and seen.

    python examples/two_circles.py [--output two_circles_output] [--epochs 500] [--seed 10]

Three networks learn to tell an outer circle of points from an inner one: one hidden layer of 5 tanh
units, five such layers with weights drawn from U(0, 1), and five layers of ReLU units with He's
weights. The first and the third learn it; the second hardly does. The pictures show why.
"""

from __future__ import annotations

import argparse
import pathlib
import time
from collections.abc import Callable
from typing import NamedTuple

import viz
from tinygrad_edu import set_random_seed
from tinygrad_edu.backend import clear_session
from tinygrad_edu.callbacks import History
from tinygrad_edu.datasets import make_circles
from tinygrad_edu.initializers import RandomUniform
from tinygrad_edu.layers import Dense
from tinygrad_edu.models import Sequential
from tinygrad_edu.optimizers import SGD


def circles() -> tuple:
    """(x, y) of the 500 training points and of the 500 test points, scaled to [-1, 1]."""
    X, y = make_circles(n_samples=1000, noise=0.1, random_state=1)
    low, high = X.min(axis=0), X.max(axis=0)
    X = 2 * (X - low) / (high - low) - 1
    return (X[:500], y[:500]), (X[500:], y[500:])


def tanh_network(hidden_layers: int) -> Sequential:
    """Layers of 5 tanh units, weights uniform in [0, 1): what one did before 2010."""
    init = RandomUniform(minval=0, maxval=1)
    model = Sequential()
    model.add(Dense(5, input_dim=2, activation="tanh", kernel_initializer=init))
    for _ in range(hidden_layers - 1):
        model.add(Dense(5, activation="tanh", kernel_initializer=init))
    model.add(Dense(1, activation="sigmoid", kernel_initializer=init))
    return compiled(model)


def relu_network(hidden_layers: int) -> Sequential:
    """Layers of 5 ReLU units with the weights that He et al. (2015) derived for them."""
    model = Sequential()
    model.add(Dense(5, input_dim=2, activation="relu", kernel_initializer="he_uniform"))
    for _ in range(hidden_layers - 1):
        model.add(Dense(5, activation="relu", kernel_initializer="he_uniform"))
    model.add(Dense(1, activation="sigmoid"))
    return compiled(model)


def compiled(model: Sequential) -> Sequential:
    model.compile(loss="binary_crossentropy", optimizer=SGD(lr=0.01, momentum=0.9), metrics=["accuracy"])
    return model


MODELS: dict[str, Callable[[], Sequential]] = {
    "tanh1": lambda: tanh_network(1),
    "tanh5": lambda: tanh_network(5),
    "relu5": lambda: relu_network(5),
}
TITLES = {"tanh1": "1 hidden layer, tanh", "tanh5": "5 hidden layers, tanh, U(0, 1)", "relu5": "5 hidden layers, ReLU, He"}
TUTORIAL = {"tanh1": (0.816, 0.816), "tanh5": (0.530, 0.468), "relu5": (0.836, 0.840)}  # accuracy on training and test points


class Run(NamedTuple):
    """A trained network, and what was seen of it."""

    model: Sequential
    history: History
    before: viz.Flow  # gradients on the training points before the first step
    after: viz.Flow  # and after the last one
    accuracy: tuple[float, float]
    seconds: float


def train(name: str, epochs: int, seed: int) -> Run:
    """Build and train one of the networks."""
    set_random_seed(seed)
    clear_session()  # every network begins at dense_1
    (x, y), (x_test, y_test) = circles()
    model = MODELS[name]()
    before = viz.measure_flow(model, x, y)
    began = time.perf_counter()
    history = model.fit(x, y, validation_data=(x_test, y_test), epochs=epochs, verbose=0)
    seconds = time.perf_counter() - began
    accuracy = model.evaluate(x, y, verbose=0)[1], model.evaluate(x_test, y_test, verbose=0)[1]
    return Run(model, history, before, viz.measure_flow(model, x, y), accuracy, seconds)


def report(runs: dict[str, Run]) -> str:
    """Accuracies beside the tutorial's, and the mean gradient of every layer."""
    lines = ["Accuracy on 500 training and 500 test points", f"{'':32}{'here':>16}{'tutorial':>18}{'training':>12}"]
    for name, run in runs.items():
        here, there = (f"{train:.3f} / {test:.3f}" for train, test in (run.accuracy, TUTORIAL[name]))
        lines.append(f"  {TITLES[name]:30}{here:>16}{there:>18}{run.seconds:>10.1f} s")
    lines += ["", "Mean |dL/dW| per layer, from the input to the output"]
    for name, run in runs.items():
        lines.append(f"  {TITLES[name]}")
        lines += [f"    before training   {sizes(run.before)}", f"    after training    {sizes(run.after)}"]
    lines += ["  The tutorial reads off TensorBoard: tanh, output layer 0.05 to 0.1; ReLU, first layer 0.2 to 0.4.", ""]
    for name in ("tanh5", "relu5"):
        lines += [f"{TITLES[name]}, before training", str(runs[name].before), ""]
    return "\n".join(lines)


def sizes(flow: viz.Flow) -> str:
    return "  ".join(f"{layer.kernel_grad_mean:.1e}" for layer in flow.layers)


SEEN = """What one sees
  tanh, U(0, 1): the gradient of the output layer is some hundred times that of the layers in the middle.
  All weights are positive, so the units of a layer rise and fall together (effective rank close to 1
  of 5), and sums of one sign push tanh onto its flat ends, where its slope takes the gradient away
  (decades = slope + weights). What is left pulls a weight up for one half of the samples and down for
  the other, and nearly cancels (agreement of a few percent).
  ReLU, He: every layer gets a gradient of about the same size, its units say different things (rank 2
  to 3), and so every layer learns from the start.
  A vanishing gradient is more than a small number: the picture says where it is lost, and to what."""


def draw(runs: dict[str, Run], folder: pathlib.Path) -> list[str]:
    """Write all pictures into `folder`; returns their names."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, run in runs.items():
        viz.plot_model(run.model, folder / f"model_{name}.svg", show_shapes=True, show_layer_activations=True, show_params=True)
        viz.gradient_flow(run.before, to_file=folder / f"gradient_flow_{name}.svg")
    labels = TITLES["tanh5"], TITLES["relu5"]
    for when in ("before", "after"):
        tanh, relu = (getattr(runs[name], when) for name in ("tanh5", "relu5"))
        viz.compare(tanh, relu, labels=labels, to_file=folder / f"tanh_against_relu_{when}_training.svg")
    figure(viz.plot_boundary, [run.model for run in runs.values()], folder / "boundaries.png", *circles()[1])
    figure(viz.plot_history, [run.history for run in runs.values()], folder / "learning_curves.png", metrics=["accuracy"])
    return sorted(path.name for path in folder.iterdir())


def figure(plot: Callable, subjects: list, path: pathlib.Path, *args: object, **kwargs: object) -> None:
    """The same plot for each of the networks, side by side."""
    from matplotlib.figure import Figure

    canvas = Figure(figsize=(5 * len(subjects), 4.5), layout="constrained")
    axes = canvas.subplots(1, len(subjects), squeeze=False, sharey=True)[0]
    for subject, axis, title in zip(subjects, axes, TITLES.values()):
        plot(subject, *args, ax=axis, **kwargs)
        axis.set_title(title)
    canvas.savefig(path, dpi=150)


def main() -> None:
    parser = argparse.ArgumentParser(description="Vanishing gradients on two circles: tanh against ReLU.")
    parser.add_argument("--output", type=pathlib.Path, default=pathlib.Path("two_circles_output"), help="folder for the pictures")
    parser.add_argument("--epochs", type=int, default=500)
    parser.add_argument("--seed", type=int, default=10)
    options = parser.parse_args()
    runs: dict[str, Run] = {}
    for name in MODELS:
        print(f"Training: {TITLES[name]}, {options.epochs} epochs ...", flush=True)
        runs[name] = train(name, options.epochs, options.seed)
    print("", report(runs), SEEN, sep="\n")
    names = draw(runs, options.output)
    print(f"\nPictures in {options.output.resolve()}:", *(f"  {name}" for name in names), sep="\n")


if __name__ == "__main__":
    main()
