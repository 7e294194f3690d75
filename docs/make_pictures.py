"""Draws the pictures of README and docs, and writes the plan that is told there in words: `python docs/make_pictures.py`."""

from __future__ import annotations

import pathlib
import re
import sys
from typing import Any

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "examples"))

import matplotlib
import numpy as np
from two_circles import MODELS, TITLES, circles

import tinygrad_edu
import viz
from tinygrad_edu import Tensor, ops, set_random_seed
from tinygrad_edu.backend import clear_session


def micrograd() -> viz.Diagram:
    """A neuron of two inputs, with values and gradients."""
    x1, x2, w1, w2, b = (Tensor(value) for value in (2.0, 0.0, -3.0, 1.0, 6.8813735870195432))
    out = (x1 * w1 + x2 * w2 + b).tanh()
    out.backward()
    return viz.draw_dot(out, names={"x1": x1, "x2": x2, "w1": w1, "w2": w2, "b": b, "out": out})


def tanh_against_relu(seed: int = 10) -> viz.Diagram:
    """Where the gradient is before the first step of training."""
    flows = []
    for name in ("tanh5", "relu5"):
        set_random_seed(seed)
        clear_session()
        flows.append(viz.measure_flow(MODELS[name](), *circles()[0]))
    return viz.compare(*flows, labels=(TITLES["tanh5"], TITLES["relu5"]))


def model() -> viz.Diagram:
    clear_session()
    return viz.plot_model(MODELS["tanh1"](), show_shapes=True, show_layer_activations=True, show_params=True)


def plan() -> viz.Diagram:
    """What the machine does in one step of the smallest model."""
    return viz.draw_plan(run_compiled("tanh1"))


def memory() -> Any:
    """Which values of a step of the model with five layers take turns in the same memory."""
    axes = viz.plot_memory(run_compiled("relu5"))
    axes.figure.set_size_inches(7, 4.4)
    return axes


def run_compiled(name: str) -> Any:
    """A model that was fit for an epoch, by the machine."""
    clear_session()
    found = MODELS[name]()
    found.jit_compile = True
    found.fit(*circles()[0], epochs=1, verbose=0)
    return found


def tell_plan() -> None:
    """Put the plans of the smallest model and of a function into the page that explains them."""
    page = HERE / "performance.md"
    texts = iter([f"```\n{plan}\n```" for plan in (run_compiled("tanh1").compiled_plan, chain().compiled_plan)])
    new = re.sub(r"```\n +instruction .*?\n```", lambda _: next(texts), page.read_text(encoding="utf-8"), flags=re.DOTALL)
    page.write_text(new, encoding="utf-8")


def chain() -> Any:
    """The function of the page, which was called with large arrays."""
    page = (HERE / "performance.md").read_text(encoding="utf-8")
    code = re.search(r"@tinygrad_edu\.compiled\ndef chain.*?(?=```)", page, re.DOTALL)
    names: dict[str, Any] = {"tinygrad_edu": tinygrad_edu, "ops": ops}
    exec(code[0], names)  # type: ignore[index]
    names["chain"](*(Tensor(numbers) for numbers in np.ones((3, 100_000), np.float32)))
    return names["chain"]


def main() -> None:
    folder = HERE / "pictures"
    folder.mkdir(exist_ok=True)
    for make in (micrograd, tanh_against_relu, model, plan):
        print(make().save(folder / f"{make.__name__}.svg"))
    matplotlib.rcParams.update({"svg.hashsalt": "tinygrad_edu", "svg.fonttype": "none"})  # the same bytes on every run
    memory().figure.savefig(folder / "memory.svg", metadata={"Date": None})
    tell_plan()


if __name__ == "__main__":
    main()
