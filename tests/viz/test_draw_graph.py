import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from telling import tell, texts

from tinygrad_edu import Sequential, Tensor, no_grad, ops
from tinygrad_edu.graph import mode
from tinygrad_edu.layers import Dense
from viz.dot import to_dot
from viz.graph import draw_graph, graph_picture
from viz.scalars import draw_dot, scalar_picture

# Single numbers: draw_dot ---------------------------------------------------------------------------------


def test_values_and_ops_alternate():
    """UTL-06."""
    a, b = Tensor(2.0), Tensor(-3.0)
    assert tell(scalar_picture(a * b, names={"a": a, "b": b})) == (
        "n0: a data 2 grad –\nn1: b data -3 grad –\nn2: data -6 grad –\nop2: *\nop2 -> n2\nn0 -> op2\nn1 -> op2"
    )


def test_gradients_appear_after_backward():
    a, b = Tensor(2.0), Tensor(-3.0)
    c = a * b
    c.backward()
    assert texts(scalar_picture(c, names={"a": a, "b": b, "c": c})) == {
        "n0": "a data 2 grad -3", "n1": "b data -3 grad 2", "n2": "c data -6 grad 1", "op2": "*",
    }  # fmt: skip


def test_a_value_used_twice_by_an_op_has_two_arrows():
    a = Tensor(3.0)
    picture = scalar_picture(a + a)
    assert [(arrow.tail, arrow.head) for arrow in picture.arrows].count(("n0", "op1")) == 2
    assert to_dot(picture).count("n0 -> op1") == 2


def test_numbers_are_boxes_of_their_own():
    picture = scalar_picture(2 / (Tensor(4.0) ** 3))
    assert {"c1_1": "3", "c2_0": "2"}.items() <= texts(picture).items()
    assert "n0 -> op1 x" in tell(picture) and "c1_1 -> op1 y" in tell(picture)


def test_order_is_told_only_where_it_matters():
    a, b = Tensor(1.0), Tensor(2.0)
    assert {arrow.label for arrow in scalar_picture(a + b).arrows} == {""}
    assert {arrow.label for arrow in scalar_picture(a - b).arrows} == {"", "x", "y"}


def test_constants_have_no_gradient():
    k = Tensor(5.0, requires_grad=False)
    loss = Tensor(2.0) * k
    assert texts(scalar_picture(loss, names={"k": k}))["c1_1"] == "k = 5"
    loss.backward()
    assert texts(scalar_picture(loss, names={"k": k}))["c1_1"] == "constant"  # released


def test_weights_have_names_already():
    layer = Dense(1, name="d", input_shape=(1,))
    layer.build((None, 1))
    value = (layer.kernel * 2).sum()
    assert "n0: d/kernel" in tell(scalar_picture(value))


def test_few_numbers_are_drawn():
    a = Tensor([1.0, 2.5])
    total = (a * 3).sum()
    total.backward()
    assert texts(scalar_picture(total, names={"a": a}))["n0"] == "a data [1 2.5] grad [3 3]"


def test_nan_and_inf_are_drawn_and_coloured():
    a = Tensor(0.0)
    with np.errstate(all="ignore"):
        b = a / a + Tensor(np.inf)
    picture = scalar_picture(b)
    assert "data nan" in tell(picture) and "data inf" in tell(picture)
    assert len({box.fill for box in picture.boxes if "data" in box.rows[0][0]}) > 1


def test_digits():
    assert "data 0.33 " in tell(scalar_picture(Tensor(1 / 3) + 0, digits=2))


@pytest.mark.parametrize("name", ["<a>", "{b|c}", 'q"', "权重"])
def test_any_name_is_drawn(name):
    a = Tensor(1.0)
    agraph = pytest.importorskip("pygraphviz", reason="pygraphviz reads the DOT text").AGraph
    for picture in (scalar_picture(a * 2, names={name: a}), graph_picture(a * 2, names={name: a})):
        agraph(string=to_dot(picture))


def test_large_tensors_are_sent_to_draw_graph():
    with pytest.raises(ValueError, match=r"at most 8 numbers, got one of shape \(3, 3\).*draw_graph"):
        draw_dot(Tensor(np.ones((3, 3))).sum())


def test_constants_cannot_be_drawn():
    with no_grad():
        value = Tensor(1.0) * 2
    for draw in (draw_dot, draw_graph):
        with pytest.raises(ValueError, match="got a constant"):
            draw(value)
        with pytest.raises(TypeError, match="expects"):
            draw(3.0)


def test_draw_dot_has_the_arguments_of_micrograd():
    diagram = draw_dot(Tensor(1.0) + 1, "png", "TB")
    assert diagram.format == "png" and diagram.picture.direction == "TB"


# Any graph: draw_graph ------------------------------------------------------------------------------------


def model_loss():
    model = Sequential([Dense(3, "tanh", input_shape=(2,), name="a"), Dense(1, "sigmoid", name="b")], name="net")
    model.compile("sgd", "binary_crossentropy")
    return model.loss(np.array([0, 1]), model(np.ones((2, 2), "float32")))


def test_ops_are_grouped_by_layer():
    assert tell(graph_picture(model_loss())) == (
        "[net] net\n[net/a] a in net\n[net/b] b in net\n"
        "n4: matmul / (2, 3) in net/a\nn4_0: data / (2, 2) in net/a\nn4_1: kernel / (2, 3) in net/a\n"
        "n5: add / (2, 3) in net/a\nn5_1: bias / (3,) in net/a\nn6: tanh / (2, 3) in net/a\n"
        "n7: matmul / (2, 1) in net/b\nn7_1: kernel / (3, 1) in net/b\n"
        "n8: add / (2, 1) in net/b\nn8_1: bias / (1,) in net/b\n"
        "n9: sigmoid_cross_entropy / (2, 1)\nn9_1: data / (2, 1)\nn10: mean(x, axis=-1) / (2,)\nn11: mean / ()\n"
        "n4_0 -> n4\nn4_1 -> n4\nn4 -> n5\nn5_1 -> n5\nn5 -> n6\nn6 -> n7\nn7_1 -> n7\nn7 -> n8\nn8_1 -> n8\n"
        "n8 -> n9\nn9_1 -> n9\nn9 -> n10\nn10 -> n11"
    )


def test_without_frames_weights_have_full_names():
    picture = graph_picture(model_loss(), group=None)
    assert not picture.groups and "n4_1: a/kernel / (2, 3)" in tell(picture)


def test_picture_survives_the_backward_pass():
    loss = model_loss()
    before = texts(graph_picture(loss))
    loss.backward()
    assert texts(graph_picture(loss)) == {name: "data" if text.startswith("data") else text for name, text in before.items()}


def test_numbers_types_and_gradients_on_request():
    w = Tensor([1.0, 2.0])
    loss = (w * 3).sum()
    loss.backward()
    assert texts(graph_picture(loss, names={"w": w, "loss": loss}, show_values=True, show_grads=True, show_dtype=True)) == {
        "n1": "multiply(x, 3) / (2,) float64",
        "n1_0": "w / (2,) float64 / = [1 2] / grad 3.0e0 rms",
        "n2": "loss / sum / () float64 / = 9 / grad 1.0e0",
    }


def test_a_leaf_is_drawn_beside_each_use_or_once():
    w = Tensor(np.ones((3, 3)))
    y = (w @ w) @ w
    assert len([text for text in texts(graph_picture(y)).values() if text.startswith("leaf")]) == 3
    once = graph_picture(y, share="once")
    assert len([text for text in texts(once).values() if text.startswith("leaf")]) == 1
    assert len(once.arrows) == 4


def test_several_outputs():
    a = Tensor(1.0)
    picture = graph_picture([a.exp(), a.log(), a])
    assert len(picture.boxes) == 5  # the leaf as an output, two ops, a leaf for each


def test_ops_say_their_parameters():
    x = Tensor(np.ones((2, 3)))
    y = ops.sum(ops.power(x, 2), axis=-1, keepdims=True)[0]
    words = " ".join(texts(graph_picture(y)).values())
    assert "power(x, 2)" in words and "sum(x, axis=-1, keepdims=True)" in words and "getitem(x, key=0)" in words


def test_large_graphs_are_folded_by_layer():
    y = x = Tensor(1.0)
    for i in range(600):
        with mode(scope=f"net/block_{i % 3}"):
            y = y * 0.5 + x
    picture = graph_picture(y, max_nodes=100)
    assert picture.title == "1,200 operations, folded into 3 layers"
    assert texts(picture)["f0"] == "block_0 / 400 operations / 1 leaf"
    assert "f0 -> f1 ×200" in tell(picture)
    assert picture.boxes[0].group == "net"


def test_what_cannot_be_folded_is_cut_off_and_says_so():
    y = Tensor(1.0)
    for _ in range(5000):
        y = y * 0.999
    picture = graph_picture(y)
    assert picture.title == "5,000 operations, of which the 200 nearest to the end are drawn"
    assert len(picture.boxes) == 201 and texts(picture)["f0"] == "earlier / 4,800 operations / 1 leaf"


def test_a_million_ops_are_no_problem(thorough):
    y = Tensor(1.0)
    for _ in range(1_000_000 if thorough else 30_000):
        y = y * 0.999999
    assert len(graph_picture(y).boxes) == 201


def test_a_network_unrolled_over_50_steps_is_drawn():
    W, U, h = Tensor(np.eye(4)), Tensor(np.ones((2, 4))), Tensor(np.zeros((3, 4)), requires_grad=False)
    for _ in range(50):
        h = (np.ones((3, 2)) @ U + h @ W).tanh()
    diagram = draw_graph(h.sum(), names={"W": W, "U": U})
    assert len(diagram.picture.boxes) == 50 * 4 + 150 + 1 + 1
    assert "<svg" in diagram.pipe("svg", encoding="utf-8")


@pytest.mark.parametrize("wrong", [{"group": "op"}, {"share": "twice"}, {"max_nodes": 0}])
def test_unknown_words_are_refused(wrong):
    with pytest.raises(ValueError, match=f"draw_graph expects {next(iter(wrong))}"):
        draw_graph(Tensor(1.0) + 1, **wrong)


def test_drawing_is_saved(tmp_path):
    draw_graph(Tensor(1.0) + 1, tmp_path / "g.dot")
    assert "add" in (tmp_path / "g.dot").read_text()


def test_text_does_not_depend_on_the_hash_seed():
    script = """
import numpy as np, test_draw_graph, test_gradient_flow, test_plot_model
from viz.dot import to_dot
from viz.graph import graph_picture
from viz.flow_picture import flow_picture
from viz.model import plot_model
import tinygrad_edu as tg
tg.set_random_seed(0)
print(to_dot(graph_picture(test_draw_graph.model_loss())), to_dot(graph_picture(test_draw_graph.model_loss(), max_nodes=5)))
print(to_dot(flow_picture(test_gradient_flow.measured())), plot_model(test_plot_model.nested(), legend=True).source)
"""

    def run(seed):
        env = {**os.environ, "PYTHONPATH": str(Path(__file__).parent), "PYTHONHASHSEED": seed}
        return subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, check=True).stdout

    assert run("0") == run("1") != ""
