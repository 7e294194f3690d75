"""Pictures of models, of computations, and of the gradients that flow through them.

What is drawn:

    model      plot_model: the layers of a model
    scalars    draw_dot: a computation with single numbers, with values and gradients
    graph      draw_graph: any computation, folded where it is large
    flow_picture  gradient_flow, compare: where the gradient is lost (`flow` measures, `flow_record` explains)
    history    plot_history, plot_layers, plot_boundary: curves, layers, and decisions, with matplotlib
    plans      draw_plan: what the machine does in a compiled step
    arena      plot_memory: which values of such a step take turns in the same memory
    bounds     plot_bounds: of initial weights
    diagram    Picture, Box, Arrow, Group, Legend: what a picture is made of
    theme      colours that a colour-blind reader can tell apart

How it is drawn:

    drawing    Diagram: shows itself in a notebook, saves itself as .svg .png .pdf .html .dot .json
    engines    who draws: dot, pygraphviz, or the renderer built in
    dot        DOT text
    layered    layout without Graphviz; scene, svg, raster and page draw what it places

A picture needs nothing but Python; a Diagram needs the package graphviz, no program.
Names are imported on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "viz.model": ("model_to_dot", "plot_model"),
    "viz.scalars": ("draw_dot",),
    "viz.graph": ("draw_graph",),
    "viz.flow": ("measure_flow",),
    "viz.flow_record": ("Flow", "LayerFlow"),
    "viz.flow_picture": ("compare", "gradient_flow"),
    "viz.history": ("plot_boundary", "plot_history", "plot_layers"),
    "viz.plans": ("draw_plan",),
    "viz.arena": ("plot_memory",),
    "viz.bounds": ("plot_bounds",),
    "viz.diagram": ("Arrow", "Box", "Group", "Legend", "Picture"),
    "viz.drawing": ("Diagram",),
    "viz.engines": ("EngineError", "backends", "set_engine"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'viz' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
