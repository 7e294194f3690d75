"""Layered layout without dependencies, for pictures that `dot` cannot draw: not installed, or too slow.

    ranks   which rank every box lies on
    layers  items: boxes, bends of long arrows, borders of groups
    order   items sorted within their ranks
    place   coordinates across the flow
    routes  coordinates along the flow; lines and frames

Nothing here is recursive; 5,000 boxes take a few seconds.
Source: Sugiyama, Tagawa & Toda (1981), "Methods for visual understanding of hierarchical system structures".
"""

from __future__ import annotations

from viz.diagram import Picture
from viz.layered.layers import build
from viz.layered.order import arrange
from viz.layered.place import place
from viz.layered.routes import Layout, Route, draw

__all__ = ["Layout", "Route", "layout"]


def layout(picture: Picture) -> Layout:
    """Where everything in `picture` goes."""
    picture.check()
    layers = build(picture)
    arrange(layers)
    place(layers)
    return draw(layers)
