import doctest
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures import PICTURES, flow, groups, long_chain

from viz import Arrow, Box, Group, Picture
from viz.cells import table
from viz.layered import layers, layout
from viz.layered.ranks import cost, ranks

place_module = sys.modules["viz.layered.place"]  # the package exports the function of the same name


@st.composite
def pictures(draw):
    """Any boxes, arrows in any direction (circles and loops too), in groups of groups."""
    groups = [
        Group(f"g{i}", "name " * i, f"g{draw(st.integers(0, i - 1))}" if i and draw(st.booleans()) else "")
        for i in range(draw(st.integers(0, 4)))
    ]
    homes = st.sampled_from(["", *(group.id for group in groups)])
    boxes = [
        Box(f"n{i}", (("x" * draw(st.integers(0, 12)),),) * draw(st.integers(1, 3)), group=draw(homes))
        for i in range(draw(st.integers(1, 12)))
    ]
    ends = st.integers(0, len(boxes) - 1)
    arrows = [
        Arrow(f"n{draw(ends)}", f"n{draw(ends)}", label=draw(st.sampled_from(["", "", "label"])), backward=draw(st.booleans()))
        for _ in range(draw(st.integers(0, 20)))
    ]
    return Picture(boxes, arrows, groups, direction=draw(st.sampled_from(["TB", "LR", "BT", "RL"])))


def rectangles(picture, plan):
    """(left, top, right, bottom) of every box."""
    sizes = {box.id: table(box) for box in picture.boxes}
    return {
        name: (x - sizes[name].width / 2, y - sizes[name].height / 2, x + sizes[name].width / 2, y + sizes[name].height / 2)
        for name, (x, y) in plan.boxes.items()
    }


def apart(a, b, slack=1e-6):
    return a[2] <= b[0] + slack or b[2] <= a[0] + slack or a[3] <= b[1] + slack or b[3] <= a[1] + slack


def within(a, b, slack=1e-6):
    return a[0] >= b[0] - slack and a[1] >= b[1] - slack and a[2] <= b[2] + slack and a[3] <= b[3] + slack


def check(picture):
    """Boxes apart; frames around their own boxes and frames, apart from all others; all on the page."""
    plan = layout(picture)
    boxes = rectangles(picture, plan)
    frames = {name: (x, y, x + wide, y + tall) for name, (x, y, wide, tall) in plan.frames.items()}
    parents = {group.id: group.parent for group in picture.groups}
    home = {box.id: box.group for box in picture.boxes}
    names = list(boxes)
    for i, name in enumerate(names):
        assert all(apart(boxes[name], boxes[other]) for other in names[i + 1 :])
        assert within(boxes[name], (0, 0, plan.width, plan.height))
        for group, frame in frames.items():
            assert within(boxes[name], frame) if group in around(home[name], parents) else apart(boxes[name], frame)
    for group, frame in frames.items():
        for other in frames:
            if other != group and other in around(group, parents):
                assert within(frame, frames[other])
            elif group not in around(other, parents):
                assert apart(frame, frames[other])
    return plan


def around(group, parents):
    names = []
    while group:
        names.append(group)
        group = parents[group]
    return names


@pytest.mark.parametrize("direction", ["TB", "LR", "BT", "RL"])
@pytest.mark.parametrize("name", PICTURES)
def test_nothing_overlaps(name, direction):
    picture = PICTURES[name]()
    picture.direction = direction
    check(picture)


@given(pictures())
def test_nothing_overlaps_in_any_picture(picture):
    check(picture)


@given(pictures())
def test_every_arrow_begins_and_ends_at_its_boxes(picture):
    plan = layout(picture)
    boxes = rectangles(picture, plan)
    for arrow, route in zip(picture.arrows, plan.routes):
        for end, (x, y) in ((arrow.tail, route.points[0]), (arrow.head, route.points[-1])):
            assert within((x, y, x, y), boxes[end], slack=0.01)


@given(pictures())
def test_arrows_cross_no_boxes_between(picture):
    """Lines bend between ranks only, where there are no boxes; so no corner of a line lies in a foreign box."""
    plan = layout(picture)
    boxes = rectangles(picture, plan)
    for arrow, route in zip(picture.arrows, plan.routes):
        for x, y in route.points[::3]:
            assert all(apart((x, y, x, y), box) for name, box in boxes.items() if name not in (arrow.tail, arrow.head))


def test_arrows_lead_in_the_direction_of_the_picture():
    along = {"TB": (1, 1), "LR": (0, 1), "BT": (1, -1), "RL": (0, -1)}
    for direction, (axis, sign) in along.items():
        plan = layout(flow(direction))
        places = [sign * plan.boxes[f"n{i}"][axis] for i in range(4)]
        assert places == sorted(places)


def test_a_chain_is_straight():
    plan = layout(groups())
    assert len({round(plan.boxes[f"{name}_one"][0], 6) for name in ("conv", "norm", "relu")}) == 1


def test_leaves_lie_beside_the_box_that_uses_them():
    assert ranks(5, [(0, 1), (1, 2), (2, 3), (4, 3)]) == [0, 1, 2, 3, 2]


def test_a_circle_is_ranked_from_its_first_box():
    assert ranks(3, [(0, 1), (1, 2), (2, 0)]) == [0, 1, 2]


def test_cost_counts_boxes_and_the_bends_of_long_arrows():
    assert cost(long_chain(7)) == 7 + 2 * 2


@pytest.mark.parametrize("picture", [long_chain(5_000), Picture(boxes=long_chain(5_000).boxes)], ids=["chain", "row"])
def test_five_thousand_boxes_take_seconds(picture):
    start = time.perf_counter()
    layout(picture)
    assert time.perf_counter() - start < 30  # two on an idle core


def test_arrows_beyond_the_limit_of_bends_run_straight(monkeypatch):
    monkeypatch.setattr(layers, "_MOST_BENDS", 20)
    picture = long_chain(40)
    picture.arrows += [Arrow("n0", f"n{i}") for i in range(0, 40, 10)]
    assert len(layout(picture).routes[-1].points) == 4


def test_labels_find_a_place_where_arrows_have_no_bends(monkeypatch):
    monkeypatch.setattr(layers, "_MOST_BENDS", 0)
    check(flow())


def test_examples_in_docstrings_hold():
    assert doctest.testmod(place_module).attempted and not doctest.testmod(place_module).failed
