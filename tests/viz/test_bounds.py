"""How far initial weights reach: the figures of the tutorials, computed by hand."""

import numpy as np
import pytest

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

import viz  # noqa: E402
from tinygrad_edu import initializers, utils  # noqa: E402


def tops(ax):
    """The upper ends of the bars."""
    return [segment[1, 1] for segment in ax.containers[0].lines[2][0].get_segments()]


N = np.arange(1, 101)
REACH = {  # initializer: half the width of its distribution for n inputs and 10 units
    "glorot_uniform": np.sqrt(6) / np.sqrt(N + 10),  # and not 1 / sqrt(n + m), as one tutorial draws it
    "lecun_uniform": np.sqrt(3 / N),
    "he_uniform": np.sqrt(6 / N),
    "he_normal": np.sqrt(2 / N),
}


@pytest.mark.parametrize(("name", "reach"), REACH.items())
def test_a_bar_reaches_as_far_as_the_weights(name, reach):
    """UTL-15."""
    ax = viz.plot_bounds(name)
    assert tops(ax) == pytest.approx(reach.tolist())
    assert ax.get_xlabel() == "inputs" and ("interval" in ax.get_ylabel()) == name.endswith("uniform")


def test_no_weight_lies_beyond_its_bar():
    """UTL-15: of what is drawn really."""
    found = initializers.get("glorot_uniform")
    top = tops(utils.plot_bounds(found, inputs=[40], units=30))[0]
    drawn = np.abs(found((40, 30))).max()
    assert 0.9 * top < drawn <= top


def test_an_initializer_that_does_not_know_sizes_is_refused():
    """UTL-15."""
    with pytest.raises(TypeError, match="scales with the layer, got RandomUniform"):
        viz.plot_bounds("random_uniform")
