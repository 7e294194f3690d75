import pytest

import viz
from viz import Arrow, Box, Group, Picture


def box(name, **kwargs):
    return Box(name, ((name,),), **kwargs)


@pytest.mark.parametrize(
    ("picture", "law"),
    [
        (Picture([box("a"), box("a")]), "every box id once, got 'a' 2 times"),
        (Picture([box("")]), "a box to have an id"),
        (Picture([box("a")], [Arrow("a", "b")]), "one of its box entries, got 'b'"),
        (Picture([box("a", group="g")]), "one of its group entries, got 'g'"),
        (Picture(groups=[Group("g", "", "h"), Group("h", "", "g")]), "groups to nest, got 'g' inside itself"),
        (Picture(direction="up"), "direction to be one of TB, LR, BT, RL, got 'up'"),
        (Picture(splines="wavy"), "splines to be one of"),
        (Picture([box("a", shape="star")]), "shape to be one of box, round, ellipse, plain, got 'star'"),
        (Picture([Box("a", ())]), "at least one cell in every row"),
        (Picture([Box("a", (("x", "y"),), shape="ellipse")]), "one cell in an ellipse"),
    ],
)
def test_what_cannot_be_drawn_is_refused(picture, law):
    with pytest.raises(ValueError, match=law):
        picture.check()


def test_every_public_name_can_be_imported():
    pytest.importorskip("graphviz", reason="a Diagram is a graphviz.Digraph")
    assert all(getattr(viz, name) for name in viz.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        viz.nothing  # noqa: B018
