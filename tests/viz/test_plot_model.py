import inspect

import numpy as np
import pytest
from telling import tell, texts

import viz
from tinygrad_edu import Input, Model, Sequential, utils
from tinygrad_edu.layers import Activation, Dense, Layer, concatenate
from viz.dot import to_dot
from viz.model import model_picture, plot_model


def small():
    return Sequential([Dense(3, activation="tanh", input_shape=(2,), name="a"), Dense(1, name="b")], name="net")


def nested():
    inner = Sequential([Input((3,)), Dense(4, name="c"), Dense(3, name="d")], name="inner")
    return Sequential([Dense(3, input_shape=(2,), name="a"), inner, Dense(1, name="b")], name="outer")


EVERYTHING = dict(show_shapes=True, show_dtype=True, show_layer_activations=True, show_trainable=True, show_params=True)


def test_every_layer_is_a_box_and_data_comes_in_first():
    assert tell(plot_model(small()).picture) == "n0: net_input: InputLayer\nn1: a: Dense\nn2: b: Dense\nn0 -> n1\nn1 -> n2"


def test_boxes_say_what_is_asked_for():
    assert texts(plot_model(small(), **EVERYTHING).picture) == {
        "n0": "net_input: InputLayer | output (None, 2) | dtype float32",
        "n1": "a: Dense | activation tanh | input (None, 2) | output (None, 3) | dtype float32 | weights 9 | trainable yes",
        "n2": "b: Dense | activation linear | input (None, 3) | output (None, 1) | dtype float32 | weights 4 | trainable yes",
    }


def test_dot_text_is_as_it_was():
    text = to_dot(plot_model(small(), show_shapes=True).picture)
    assert 'n1 [label="{a:\\ Dense|{{input|output}|{(None,\\ 2)|(None,\\ 3)}}}"' in text
    assert "n1 -> n2" in text


def test_arguments_may_be_given_by_position_as_in_keras():
    names = ["model", "to_file", "show_shapes", "show_dtype", "show_layer_names", "rankdir", "expand_nested", "dpi",
             "show_layer_activations", "show_trainable", "splines"]  # fmt: skip
    assert list(inspect.signature(plot_model).parameters)[: len(names)] == names
    assert plot_model(small(), None, True, False, True, "LR").picture.direction == "LR"


def test_an_input_layer_of_the_model_is_not_drawn_twice():
    model = Sequential([Input((2,), name="x"), Dense(1, name="a")])
    assert texts(plot_model(model).picture) == {"n0": "x: InputLayer", "n1": "a: Dense"}


def test_names_can_be_left_out():
    assert texts(plot_model(small(), show_layer_names=False).picture) == {"n0": "InputLayer", "n1": "Dense", "n2": "Dense"}


def test_a_nested_model_is_one_box():
    assert "n2: inner: Sequential" in tell(plot_model(nested()).picture).splitlines()


def test_a_nested_model_expands_into_a_frame():
    assert tell(plot_model(nested(), expand_nested=True).picture) == (
        "[inner] inner: Sequential\n"
        "n0: outer_input: InputLayer\nn1: a: Dense\nn2: c: Dense in inner\nn3: d: Dense in inner\nn4: b: Dense\n"
        "n0 -> n1\nn1 -> n2\nn2 -> n3\nn3 -> n4"
    )


def test_models_nest_in_models():
    innermost = Sequential([Dense(2, input_shape=(2,), name="z")], name="low")
    model = Sequential([Input((2,)), Sequential([Input((2,)), innermost], name="high")], name="top")
    assert "[high/low] low: Sequential in high" in tell(plot_model(model, expand_nested=True).picture)


def test_frozen_layers_say_so_in_words():
    model = small()
    model.layers[0].trainable = False
    assert texts(plot_model(model).picture)["n1"] == "a: Dense (frozen)"
    assert texts(plot_model(model, show_trainable=True).picture)["n1"] == "a: Dense | trainable no (frozen)"


def test_what_lies_in_a_frozen_model_is_frozen():
    model = nested()
    model.layers[1].trainable = False
    assert texts(plot_model(model).picture)["n2"] == "inner: Sequential (frozen)"
    assert texts(plot_model(model, expand_nested=True).picture)["n2"] == "c: Dense (frozen)"


def test_a_model_with_a_frozen_layer_is_partly_frozen():
    model = nested()
    model.layers[1].layers[0].trainable = False
    assert texts(plot_model(model).picture)["n2"] == "inner: Sequential (partly frozen)"


def test_layers_without_weights_are_neither_frozen_nor_trainable():
    model = Sequential([Dense(2, input_shape=(2,)), Activation("relu", name="r", trainable=False)])
    assert texts(plot_model(model, show_trainable=True).picture)["n2"] == "r: Activation"


def test_activations_without_a_name_are_drawn():
    class Squash:
        def __call__(self, x):
            return x.tanh()

    model = Sequential([Dense(2, lambda x: x * 2, input_shape=(2,), name="a"), Dense(1, Squash(), name="b")])
    picture = plot_model(model, show_layer_activations=True).picture
    assert list(texts(picture).values())[1:] == ["a: Dense | activation <lambda>", "b: Dense | activation Squash"]


def test_layers_of_ones_own_are_drawn():
    class Twice(Layer):
        def call(self, x):
            return x * 2

    class MyDense(Dense):
        pass

    picture = plot_model(Sequential([Twice(input_shape=(2,), name="t"), MyDense(1, name="m")])).picture
    assert [box.rows[0][0] for box in picture.boxes[1:]] == ["t: Twice", "m: MyDense"]
    assert picture.boxes[2].fill == plot_model(small()).picture.boxes[1].fill


@pytest.mark.parametrize("name", ["<a>", "{b|c}", 'q"uote', "back\\slash", "隐藏层", "a&b", ""])
def test_any_name_is_drawn(name):
    model = Sequential([Dense(1, input_shape=(2,), name=name)], name=name or None)
    agraph = pytest.importorskip("pygraphviz", reason="pygraphviz reads the DOT text").AGraph
    agraph(string=plot_model(model, **EVERYTHING).source)


def test_legend_names_the_families_that_occur():
    model = Sequential([Dense(2, input_shape=(2,)), Activation("relu"), Dense(1)])
    assert [tick for _, tick in plot_model(model, legend=True).picture.legend.cells] == ["input", "fully connected", "activation"]


def test_dpi_is_that_of_the_picture():
    assert plot_model(small(), dpi=96).picture.dpi == 96
    assert plot_model(small()).picture.dpi == viz.Picture().dpi


def test_an_unbuilt_model_is_told_what_to_do():
    with pytest.raises(ValueError, match=r"a model whose weights exist, .*'m'.* Give its first layer an input_shape"):
        plot_model(Sequential([Dense(1)], name="m"))
    with pytest.raises(ValueError, match="weights exist"):
        plot_model(Sequential())


def test_what_is_no_model_is_sent_to_draw_graph():
    for model in (Dense(1), "model"):
        with pytest.raises(TypeError, match="plot_model expects a model, got"):
            plot_model(model)


def labels(picture):
    return [box.rows[0][0].split(":")[0] for box in picture.boxes]


def arrows(picture):
    """Who points at whom, by names."""
    name = {box.id: box.rows[0][0].split(":")[0] for box in picture.boxes}
    return [(name[arrow.tail], name[arrow.head]) for arrow in picture.arrows]


def wide_and_deep():
    wide, deep = Input((5,), name="wide"), Input((6,), name="deep")
    hidden = Dense(3, name="hidden")(deep)
    return Model([wide, deep], [Dense(1, name="main")(concatenate([wide, hidden], name="join")), Dense(1, name="aux")(hidden)])


def test_several_inputs_and_outputs_have_an_arrow_for_each_flow():
    """UTL-04."""
    expected = [("deep", "hidden"), ("wide", "join"), ("hidden", "join"), ("join", "main"), ("hidden", "aux")]
    picture = model_picture(wide_and_deep())
    assert sorted(arrows(picture)) == sorted(expected) and len(picture.boxes) == 6


def test_a_model_written_in_python_shows_what_one_call_of_it_calls():
    """UTL-04: through the ops between its layers."""

    class Mine(Model):
        def __init__(self):
            super().__init__(name="mine")
            self.a, self.b, self.unused = Dense(3, name="a"), Dense(3, name="b"), Dense(1, name="unused")
            self.out = Dense(1, name="out")

        def call(self, x):
            return self.out(self.a(x) + self.b(x) * 2.0) if x.shape[0] else x

    model = Mine()
    model(np.ones((2, 4)))
    expected = [("input_1", "a"), ("input_1", "b"), ("a", "out"), ("b", "out")]
    assert sorted(arrows(model_picture(model))) == sorted(expected)


def test_a_sequential_that_computes_in_its_own_way_is_drawn_as_it_computes():
    class Backwards(Sequential):
        def call(self, x):
            for layer in reversed(self._layers):
                x = layer(x)
            return x

    model = Backwards([Dense(2, input_shape=(2,), name="a"), Dense(2, name="b")])
    assert arrows(model_picture(model)) == [(model.input_names[0], "b"), ("b", "a")]


def test_a_shared_layer_is_one_box_with_an_arrow_for_each_call():
    """UTL-04."""
    x, y, shared = Input((2,), name="x"), Input((2,), name="y"), Dense(1, name="shared")
    picture = model_picture(Model([x, y], concatenate([shared(x), shared(y)], name="join")))
    assert arrows(picture) == [("x", "shared"), ("y", "shared"), ("shared", "join"), ("shared", "join")]


def test_arrows_lead_to_the_right_layers_inside_a_nested_model():
    """UTL-04."""
    inner, x, y = wide_and_deep(), Input((5,), name="x"), Input((6,), name="y")
    main, aux = inner([x, y])
    outer = Model([x, y], [Dense(1, name="m")(main), Dense(1, name="n")(aux)])
    inside = [("y", "hidden"), ("x", "join"), ("hidden", "join"), ("join", "main"), ("hidden", "aux")]
    inside += [("main", "m"), ("aux", "n")]
    assert sorted(arrows(model_picture(outer, expand_nested=True))) == sorted(inside)
    assert len(arrows(model_picture(outer))) == 4


def test_a_nested_model_that_is_called_twice_is_drawn_once():
    """UTL-04: what flows in and out flows twice."""
    inner = Sequential([Dense(2, input_shape=(3,), name="a"), Dense(1, name="b")])
    x, y = Input((3,), name="x"), Input((3,), name="y")
    picture = model_picture(Model([x, y], concatenate([inner(x), inner(y)], name="join")), expand_nested=True)
    assert arrows(picture) == [("x", "a"), ("a", "b"), ("y", "a"), ("b", "join"), ("b", "join")]


@pytest.mark.parametrize("name", ["net.svg", "net.dot", "net.json"])
def test_suffix_picks_the_format(tmp_path, name):
    plot_model(small(), tmp_path / name)
    assert (tmp_path / name).stat().st_size


def test_without_a_suffix_it_is_a_png(tmp_path):
    plot_model(small(), str(tmp_path / "net"))
    assert (tmp_path / "net.png").read_bytes().startswith(b"\x89PNG")


def test_without_a_file_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plot_model(small())
    assert not list(tmp_path.iterdir())


def test_model_to_dot_and_utils_draw_the_same():
    model = small()
    assert viz.model_to_dot(model, show_shapes=True).source == plot_model(model, show_shapes=True).source
    assert utils.plot_model(model, None, show_shapes=True).source == plot_model(model, show_shapes=True).source


def test_a_picture_needs_no_file_and_no_drawing():
    assert tell(model_picture(small())) == tell(plot_model(small()).picture)
