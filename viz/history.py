"""Curves of training, and what a model has learned to tell apart, with matplotlib.

Figures are made so that nothing needs a screen: in a notebook and on a desktop they show themselves as usual,
anywhere else they can be saved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np

from viz import theme

_COLORS = tuple(theme.OKABE_ITO[name] for name in ("blue", "vermilion", "green", "purple", "orange", "sky"))
_LARGER_IS_BETTER = "acc", "auc", "precision", "recall", "r2"
_MARKS = "os^Dv*PX"


def plot_history(
    history: Any, metrics: str | Sequence[str] | None = None, *, ax: Any = None, log: bool = False, best: str | None = None
) -> Any:
    """Plot what `fit` logged: training in full lines, validation dashed in the same colour.

    Args:
        history: what `fit` returned, or its `history` dict of lists.
        metrics: which curves, "loss" or ["loss", "accuracy"], without "val_"; None means all.
        ax: Axes that take all curves; None makes a figure with a panel for each metric.
        log: logarithmic vertical axis.
        best: name of a curve, "val_loss", of which the best epoch is marked.

    Returns:
        The Axes; an array of them if there are several panels.
    """
    logs, epochs = _logs(history)
    chosen = _chosen(logs, metrics)
    if best is not None and best not in logs:
        raise ValueError(f"plot_history expects `best` to be a curve, got {best!r}. Choose one of {list(logs)}.")
    panels = [ax] * len(chosen) if ax is not None else axes_in_a_row(len(chosen))
    for panel, metric, color in zip(panels, chosen, cycle(_COLORS)):
        for name, style in ((metric, "-"), (f"val_{metric}", "--")):
            if name in logs:
                _curve(panel, epochs, logs[name], label=_label(name), color=color, linestyle=style)
        if best in (metric, f"val_{metric}"):
            _mark_best(panel, best, epochs, logs[best], color)
        _finish(panel, "value" if ax is not None and len(chosen) > 1 else metric, log)
    return panels[0] if ax is not None or len(panels) == 1 else np.array(panels, dtype=object)


def plot_boundary(model: Any, X: Any, y: Any, ax: Any = None, *, steps: int = 200) -> Any:
    """Plot samples of two features on the probabilities that a model gives to every place around them.

    Args:
        model: anything with `predict`; one output is the probability of class 1, several are those of the classes.
        X: samples (n, 2).
        y: labels (n,) or (n, 1), numbers of classes.
        ax: Axes to draw on; None makes a figure.
        steps: places along each axis at which the model is asked.

    Returns:
        The Axes. The black line is where the model is undecided.
    """
    X, y = np.asarray(X, float), np.asarray(y).reshape(-1)
    if X.ndim != 2 or X.shape[1] != 2 or len(X) != len(y) or not len(X):
        raise ValueError(f"plot_boundary expects samples (n, 2) and n labels, got {X.shape} and {y.shape}. Choose two features.")
    ax = axes_in_a_row(1)[0] if ax is None else ax
    grid = [np.linspace(low, high, steps) for low, high in zip(*_around(X))]
    places = np.stack([axis.ravel() for axis in np.meshgrid(*grid)], axis=1)
    outputs = np.asarray(model.predict(places.astype("float32"), verbose=0)).reshape(steps, steps, -1)
    _shade(ax, grid, outputs)
    for label, mark, color in zip(np.unique(y), cycle(_MARKS), cycle(_COLORS)):
        rows = X[y == label]
        ax.scatter(*rows.T, s=20, marker=mark, color=color, edgecolors="white", linewidths=0.5, label=f"class {label}")
    ax.set_aspect("equal")
    ax.legend(loc="upper right", fontsize=8)
    return ax


def plot_layers(logger: Any, ax: Any = None, *, log: bool = True) -> Any:
    """Plot what a callback has found out about each layer in each epoch, as colours: the first layer at the top.

    Args:
        logger: GradientLogger, WeightNorm, or another callback with `layers`, `epochs` and `table()`.
        ax: Axes to draw on; None makes a figure.
        log: whether the colours stand for log10 of the numbers.

    Returns:
        The Axes. Where there is no number, or none that has a logarithm, it is left grey.
    """
    table = np.asarray(logger.table(), float)
    if not table.size:
        raise ValueError("plot_layers expects a callback that saw an epoch, got an empty table. Pass it to fit() first.")
    with np.errstate(divide="ignore", invalid="ignore"):
        numbers = np.ma.masked_invalid(np.log10(table) if log else table).T
    ax = axes_in_a_row(1)[0] if ax is None else ax
    first, last = logger.epochs[0] + 0.5, logger.epochs[-1] + 1.5
    around = first, last, len(logger.layers) - 0.5, -0.5
    drawn = ax.imshow(numbers, cmap=_cividis(), extent=around, aspect="auto", interpolation="nearest")
    ax.figure.colorbar(drawn, ax=ax, label="log10" if log else None)
    ax.set_yticks(range(len(logger.layers)), logger.layers)
    ax.set_xlabel("epoch")
    ax.set_title(type(logger).__name__, fontsize=10)
    return ax


def _cividis() -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    colors = [theme.cividis(t) for t in np.linspace(0, 1, 13)]
    return LinearSegmentedColormap.from_list("cividis", colors).with_extremes(bad="#dddddd")


def _logs(history: Any) -> tuple[dict[str, list[float]], list[int]]:
    """Curves by name, and the numbers of the epochs, counted from 1."""
    logs = getattr(history, "history", history)
    if not isinstance(logs, Mapping) or not logs:
        raise ValueError(f"plot_history expects the History that fit() returned, got {history!r}. Train for at least one epoch.")
    longest = max(len(values) for values in logs.values())
    epochs = [epoch + 1 for epoch in getattr(history, "epoch", range(longest))]
    return dict(logs), epochs if len(epochs) == longest else list(range(1, longest + 1))


def _chosen(logs: dict[str, list[float]], metrics: str | Sequence[str] | None) -> list[str]:
    known = list(dict.fromkeys(name.removeprefix("val_") for name in logs))
    chosen = known if metrics is None else [metrics] if isinstance(metrics, str) else list(metrics)
    missing = [name for name in chosen if name not in known]
    if missing or not chosen:
        raise ValueError(f"plot_history expects metrics that were logged, got {missing or chosen}. Choose out of {known}.")
    return chosen


def _curve(ax: Any, epochs: list[int], values: list[float], **look: Any) -> None:
    """A line; a dot where there is a single epoch. A shorter list belongs to the last epochs."""
    ax.plot(epochs[len(epochs) - len(values) :], values, marker="o" if len(values) == 1 else None, linewidth=1.2, **look)


def _mark_best(ax: Any, name: str, epochs: list[int], values: list[float], color: str) -> None:
    signs = -1 if any(word in name for word in _LARGER_IS_BETTER) else 1
    finite = [signs * value if np.isfinite(value) else np.inf for value in values]
    place = int(np.argmin(finite))
    at = epochs[len(epochs) - len(values) :][place]
    ax.plot([at], [values[place]], marker="o", markersize=7, markerfacecolor="none", color=color, linestyle="none",
            label=f"best {_label(name)}: {values[place]:.4g}, epoch {at}")  # fmt: skip


def _label(name: str) -> str:
    return f"{name.removeprefix('val_')} (validation)" if name.startswith("val_") else name


def _finish(ax: Any, label: str, log: bool) -> None:
    from matplotlib.ticker import MaxNLocator

    ax.set_xlabel("epoch")
    ax.set_ylabel(label)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_yscale("log" if log else "linear")
    ax.grid(True, color="#dddddd", linewidth=0.6)
    ax.legend(fontsize=8)


def _shade(ax: Any, grid: list[np.ndarray], outputs: np.ndarray) -> None:
    """Probabilities as shades, or classes as areas, with a line where the model is undecided."""
    from matplotlib.colors import LinearSegmentedColormap, ListedColormap

    if outputs.shape[-1] == 1:
        colors = LinearSegmentedColormap.from_list("two classes", [_pale(0), theme.PAPER, _pale(1)])
        drawn = ax.contourf(*grid, outputs[..., 0], levels=np.linspace(0, 1, 21), cmap=colors, extend=_beyond(outputs))
        ax.figure.colorbar(drawn, ax=ax, label="probability of class 1", ticks=[0, 0.25, 0.5, 0.75, 1], fraction=0.046, pad=0.04)
        if outputs.min() < 0.5 < outputs.max():
            ax.contour(*grid, outputs[..., 0], levels=[0.5], colors=theme.INK, linewidths=1.5)
        return
    classes = outputs.argmax(axis=-1)
    levels = np.arange(outputs.shape[-1] + 1) - 0.5
    ax.contourf(*grid, classes, levels=levels, cmap=ListedColormap([_pale(i) for i in range(outputs.shape[-1])]))
    for level in levels[1:-1]:
        if classes.min() < level < classes.max():
            ax.contour(*grid, classes, levels=[level], colors=theme.INK, linewidths=1)


def _beyond(outputs: np.ndarray) -> str:
    """On which side outputs that are no probabilities leave the scale, in matplotlib's words."""
    sides = [side for side, is_left in (("min", outputs.min() < 0), ("max", outputs.max() > 1)) if is_left]
    return "both" if len(sides) == 2 else "".join(sides) or "neither"


def _pale(index: int) -> str:
    return theme.tint(_COLORS[index % len(_COLORS)], 0.45)


def _around(X: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lower left and upper right corner, a tenth beyond the samples."""
    low, high = X.min(axis=0), X.max(axis=0)
    margin = 0.1 * np.where(high > low, high - low, 1.0)
    return low - margin, high + margin


def axes_in_a_row(count: int) -> list[Any]:
    """Axes side by side in a new figure, which pyplot shows where there is a screen."""
    try:
        import matplotlib
    except ImportError as error:
        raise ImportError('Plots expect matplotlib, got none. pip install "tinygrad_edu[viz]".') from error
    figure = _figure(matplotlib, (5.6 * count, 4.0))
    axes = figure.subplots(1, count, squeeze=False)[0]
    return list(axes)


def _figure(matplotlib: Any, size: tuple[float, float]) -> Any:
    """A figure of pyplot's, or one without a window where its backend needs a screen that is not there."""
    try:
        from matplotlib import pyplot

        return pyplot.figure(figsize=size, layout="constrained")
    except ImportError:
        return matplotlib.figure.Figure(figsize=size, layout="constrained")
