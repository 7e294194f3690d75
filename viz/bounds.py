"""How far initial weights reach as layers grow, with matplotlib."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from tinygrad_edu import initializers
from viz import theme
from viz.history import axes_in_a_row


def plot_bounds(
    initializer: Any = "glorot_uniform", inputs: Iterable[int] = range(1, 101), units: int = 10, ax: Any = None
) -> Any:
    """Plot the spread of the first weights of a layer, as bars around 0, against its number of inputs.

    A bar is as long as the interval of a uniform distribution, or as two standard deviations of a normal one.

    Args:
        initializer: name or object of the kind that goes by the size of a layer, "glorot_uniform", "he_normal", ...
        inputs: numbers of inputs to show.
        units: of the layer.
        ax: Axes to draw on; None makes a figure.

    Returns:
        The Axes.

    Raises:
        TypeError: for an initializer whose spread is the same for every layer.
    """
    found = initializers.get(initializer)
    if not isinstance(found, initializers.VarianceScaling):
        raise TypeError(f"plot_bounds expects an initializer that scales with the layer, got {found!r}. Try 'he_uniform'.")
    sizes = list(inputs)
    ax = axes_in_a_row(1)[0] if ax is None else ax
    reach = [_reach(found, n, units) for n in sizes]
    ax.errorbar(sizes, [0.0] * len(sizes), yerr=reach, linestyle="none", ecolor=theme.OKABE_ITO["blue"], elinewidth=1)
    ax.set_xlabel("inputs")
    ax.set_ylabel("interval of the weights" if found.distribution == "uniform" else "standard deviation of the weights")
    ax.set_title(f"{type(found).__name__}, {units} units", fontsize=10)
    return ax


def _reach(initializer: initializers.VarianceScaling, inputs: int, units: int) -> float:
    """Half the width of the distribution."""
    fan = {"fan_in": inputs, "fan_out": units, "fan_avg": (inputs + units) / 2}[initializer.mode]
    factor = 3 if initializer.distribution == "uniform" else 1
    return math.sqrt(factor * initializer.scale / fan)
