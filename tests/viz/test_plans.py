"""Plans as pictures: the boxes and arrows are those of the step, whoever counts them."""

import re

import numpy as np
import pytest

from tinygrad_edu import Sequential, Tensor, Variable, compiled, gradients, op, ops, optimizers, set_random_seed
from tinygrad_edu.layers import Dense
from viz.plans import draw_plan, plan_picture

RNG = np.random.default_rng(0)
X = RNG.normal(size=(8, 2)).astype("float32")
Y = (X[:, :1] > 0).astype("float32")


@op(x=lambda g, x: g * 2 * x)
def own(x, /):
    """What no opcode is known for."""
    return x * x


def fitted(jit_compile=True, activation="tanh"):
    set_random_seed(0)
    model = Sequential([Dense(3, activation=activation, name="hidden"), Dense(1, activation="sigmoid", name="out")])
    model.compile("sgd", "binary_crossentropy", jit_compile=jit_compile)
    model.fit(X, Y, batch_size=4, epochs=1, verbose=0)
    return model


@pytest.fixture(scope="module")
def model():
    return fitted()


def boxes_of(picture):
    return {box.id: box for box in picture.boxes}


def test_there_is_a_box_for_each_instruction_and_one_for_each_weight_that_it_reads(model):
    boxes = boxes_of(plan_picture(model))
    lines = model.compiled_plan.lines
    assert all(f"i{line.number}" in boxes for line in lines)
    read = sum(source.kind in ("weight", "table") for line in lines for source in line.sources)
    assert len(boxes) == len(lines) + read


def test_arrows_lead_from_what_writes_to_what_reads(model):
    arrows = {(arrow.tail, arrow.head) for arrow in plan_picture(model).arrows}
    for line in model.compiled_plan.lines:
        for source in line.sources:
            assert source.kind != "instruction" or (f"i{source.number}", f"i{line.number}") in arrows


def test_gradients_are_red_and_values_are_not(model):
    lines = model.compiled_plan.lines
    for arrow in plan_picture(model).arrows:
        if re.fullmatch(r"i\d+", arrow.tail):
            assert (arrow.color == "#d55e00") == (lines[int(arrow.tail[1:])].phase == "backward")


def test_each_layer_has_a_frame_on_the_way_there_and_one_on_the_way_back(model):
    groups = {(group.parent, group.label) for group in plan_picture(model).groups}
    assert {("forward", "hidden"), ("forward", "out"), ("backward", "hidden"), ("backward", "out"), ("", "loss")} <= groups


def test_boxes_say_what_is_done_to_which_shape_and_the_optimizer_says_to_which_weight(model):
    texts = [box.rows[0][0] for box in plan_picture(model).boxes]
    assert "3  tanh\n(4, 3)" in texts and "7  sum along, / 4" in texts
    assert any(text.endswith("  descend\nhidden/kernel (2, 3)") for text in texts)


def chain():
    @compiled
    def chain(x, w, b):
        loss = (ops.tanh(x * w + b) * ops.sigmoid(x)).sum()
        return loss, *gradients(loss, [x, w, b])

    chain(*(Tensor(numbers) for numbers in np.ones((3, 50_000), "float32")))
    return chain


def test_what_is_run_in_blocks_has_a_frame_on_each_way_with_the_same_number():
    function = chain()
    picture, (block,) = plan_picture(function), function.compiled_plan.blocks
    frames = {group.id: group for group in picture.groups if group.label.startswith("block")}
    assert {frame.parent for frame in frames.values()} == {"forward", "backward"}
    assert {frame.label for frame in frames.values()} == {"block 1: 2,048 of 50,000 rows at a time"}
    inside = {box.id for box in picture.boxes if box.group in frames}
    assert inside == {f"i{number}" for number in range(block.first, block.last + 1)}
    picture.check()


def test_a_result_that_is_read_again_has_an_arrow():
    function = chain()
    slope = next(line for line in function.compiled_plan.lines if line.name == "tanh_slope")
    assert slope.kept is None and any(arrow.tail == f"i{slope.number}" for arrow in plan_picture(function).arrows)


def test_shapes_and_legend_can_be_left_out(model):
    picture = plan_picture(model, show_shapes=False, legend=False)
    assert picture.legend is None and "3  tanh" in [box.rows[0][0] for box in picture.boxes]


def test_what_python_does_has_a_colour_of_its_own():
    picture = plan_picture(fitted(activation=own))
    assert "Python" in [name for _, name in picture.legend.cells]
    assert "Python" not in [name for _, name in plan_picture(fitted()).legend.cells]


def test_the_picture_is_the_same_every_time_and_can_be_saved(model, tmp_path):
    pytest.importorskip("graphviz")
    assert plan_picture(model) == plan_picture(fitted()) == plan_picture(model.compiled_plan)
    draw_plan(model, tmp_path / "plan.dot")
    assert "forward" in (tmp_path / "plan.dot").read_text()


def test_a_model_that_ran_in_python_is_refused_with_the_reason():
    with pytest.raises(ValueError, match=r"draw_plan expects a model that ran compiled\. Steps run one by one in Python: .*\."):
        plan_picture(fitted(jit_compile=False))
    with pytest.raises(ValueError, match="fit\\(\\) was not called yet"):
        plan_picture(Sequential([Dense(1)]))


def test_anything_but_a_model_is_refused():
    with pytest.raises(TypeError, match="draw_plan expects a model, or the compiled_plan of one, got list"):
        plan_picture([])


def test_a_training_loop_of_ones_own_is_drawn_with_what_its_optimizer_does():
    w, optimizer = Variable(np.ones(2, "float32"), name="w"), optimizers.SGD(0.1)

    @compiled
    def step(x):
        optimizer.apply(gradients((x @ w).sum(), [w]), [w])

    step(X)
    picture = plan_picture(step)
    (update,) = [box for box in picture.boxes if "descend" in box.rows[0][0]]
    assert "the optimizer" in update.tip and "into w" in update.tip
    assert update.id in {arrow.head for arrow in picture.arrows if arrow.color == "#d55e00"}
