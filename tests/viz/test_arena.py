"""Memory over time: rectangles that lie beside each other where values are needed at once."""

import pytest

pytest.importorskip("matplotlib", reason="plots")
import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot
from test_plans import chain, fitted

from viz.arena import plot_memory


@pytest.fixture(autouse=True)
def _close():
    yield
    pyplot.close("all")


@pytest.fixture(scope="module")
def model():
    return fitted()


def test_no_two_rectangles_overlap(model):
    assert_apart([patch.get_bbox() for patch in plot_memory(model).patches])


def assert_apart(boxes):
    for i, a in enumerate(boxes):
        for b in boxes[:i]:
            assert a.x1 <= b.x0 or b.x1 <= a.x0 or a.y1 <= b.y0 or b.y1 <= a.y0


def test_a_rectangle_lasts_from_who_writes_a_value_to_who_reads_it_last(model):
    tanh = next(line for line in model.compiled_plan.lines if line.name == "tanh")
    readers = [
        line.number for line in model.compiled_plan.lines if str(tanh.number) in [s.strip("[]") for s in map(str, line.sources)]
    ]
    box = next(patch.get_bbox() for patch in plot_memory(model).patches if patch.get_bbox().x0 == tanh.number)
    assert (box.x0, box.x1, box.height) == (tanh.number, max(readers) + 1, 4 * 4 * 3)


def test_the_axes_are_as_long_as_the_step_and_as_high_as_the_arena(model):
    ax = plot_memory(model)
    assert ax.get_xlim()[1] == len(model.compiled_plan.lines) and ax.get_ylim()[1] == model.compiled_plan.arena
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["constants", "batch", "forward", "loss", "backward"]


def test_values_within_a_block_are_as_high_as_a_block_and_its_instructions_have_a_background():
    function = chain()
    whole = function.compiled_plan
    patches = plot_memory(function).patches
    (background,) = [patch.get_bbox() for patch in patches if patch.get_label() == "run in blocks"]
    assert (background.x0, background.x1, background.height) == (whole.blocks[0].first, whole.blocks[0].last + 1, whole.arena)
    values = [patch.get_bbox() for patch in patches if patch.get_label() in ("forward", "backward")]
    assert max(box.height for box in values) == 4 * 2048 and max(box.y1 for box in values) <= whole.arena
    assert_apart(values)


def test_a_model_that_ran_in_python_is_refused_with_the_reason():
    with pytest.raises(ValueError, match=r"plot_memory expects a model that ran compiled\. Steps run one by one in Python"):
        plot_memory(fitted(jit_compile=False))
