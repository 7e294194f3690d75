"""The table of a model: its exact text, names of any length, and what printing it prints."""

import re

import numpy as np
import pytest

from tinygrad_edu import backend, ops
from tinygrad_edu.layers import Activation, Add, Dense, Input, concatenate
from tinygrad_edu.models import Model, Sequential
from tinygrad_edu.optimizers import SGD

SEVEN_PARAMETERS = """\
_________________________________________________________________
Layer (type)                 Output Shape              Param #
=================================================================
dense_1 (Dense)              (None, 2)                 4
_________________________________________________________________
dense_2 (Dense)              (None, 1)                 3
=================================================================
Total params: 7
Trainable params: 7
Non-trainable params: 0
_________________________________________________________________
"""


@pytest.fixture
def model():
    backend.clear_session()
    yield Sequential([Dense(2, input_dim=1, activation="relu"), Dense(1)])
    backend.clear_session()


def text_of(model, **settings):
    return model.summary(print_fn=lambda line: None, **settings).text


def test_the_table_of_seven_parameters(model, capsys):
    """SUM-01, SUM-02, SUM-03, LAY-06."""
    model.summary()
    assert capsys.readouterr().out == SEVEN_PARAMETERS


def test_the_columns_end_at_45_85_and_100_percent(model):
    """SUM-02: of a width of 65."""
    lines = text_of(model).splitlines()
    assert {len(line) for line in lines if set(line) <= set("_=")} == {65}
    assert [(line.index("("), line.index("(None"), re.search(r"\d$", line).start()) for line in lines[3:6:2]] == [(8, 29, 55)] * 2
    wide = text_of(model, line_length=100).splitlines()
    assert len(wide[0]) == 100 and (wide[3].index("(None"), wide[3].rindex("4")) == (45, 85)


def test_printing_what_summary_returns_prints_no_none(model, capsys):
    """SUM-01, D11: `print(model.summary())` shows the table once and nothing else."""
    print(model.summary())
    out = capsys.readouterr().out
    assert out.rstrip("\n") == SEVEN_PARAMETERS.rstrip("\n") and "None\n" not in out
    assert repr(model.summary(print_fn=lambda line: None)) == ""


def test_the_text_can_be_had_without_printing(model, capsys):
    """SUM-06."""
    assert text_of(model) == SEVEN_PARAMETERS.rstrip("\n")
    assert capsys.readouterr().out == ""


def test_print_fn_is_called_once_per_line(model):
    """SUM-06."""
    lines = []
    model.summary(print_fn=lines.append)
    assert lines == SEVEN_PARAMETERS.splitlines()


@pytest.mark.parametrize("length", [5, 20, 40, 120])
def test_long_names_are_never_cut_and_the_columns_stay_apart(length):
    """SUM-02: the table grows."""
    name = "n" * length
    model = Sequential([Dense(2, input_dim=1, name=name), Dense(1, name="b")], name="m" * length)
    lines = text_of(model).splitlines()
    assert re.fullmatch(rf"{name} \(Dense\) +\(None, 2\) +4", lines[3])
    assert lines[3].index("(None") == lines[5].index("(None") == lines[1].index("Output")
    assert {len(line) for line in lines if set(line) <= set("_=")} == {max(map(len, lines))}


def test_a_narrow_table_is_as_wide_as_its_cells(model):
    """SUM-01."""
    assert text_of(model, line_length=10).splitlines()[:5] == [
        "_" * 36,
        "Layer (type)    Output Shape Param #",
        "=" * 36,
        "dense_1 (Dense) (None, 2)    4",
        "_" * 36,
    ]


def test_no_line_length_means_the_usual_one(model):
    """SUM-01."""
    assert text_of(model, line_length=None) == text_of(model)


def test_a_model_without_weights_says_unbuilt():
    """LAY-05, SUM-01."""
    model = Sequential([Dense(2, name="a"), Dense(1, name="b")])
    lines = text_of(model).splitlines()
    assert [line.split() for line in lines[3:6:2]] == [
        ["a", "(Dense)", "?", "0", "(unbuilt)"],
        ["b", "(Dense)", "?", "0", "(unbuilt)"],
    ]
    assert lines[-4:-1] == ["Total params: 0", "Trainable params: 0", "Non-trainable params: 0"]
    model.predict(np.zeros((1, 1)))
    assert "(None, 2)" in text_of(model) and "Total params: 7" in text_of(model)


def test_an_empty_model_has_a_table_without_rows():
    """SUM-01."""
    assert text_of(Sequential()).splitlines()[-4] == "Total params: 0"


def test_thousands_are_separated():
    """SUM-03: 300-100-10 on 784 pixels."""
    text = text_of(Sequential([Dense(300, input_dim=784), Dense(100), Dense(10)]))
    assert all(number in text for number in ("235,500", "30,100", "1,010", "Total params: 266,610"))


def test_frozen_layers_are_counted_apart(model):
    """SUM-03."""
    model.layers[0].trainable = False
    assert text_of(model).splitlines()[-4:-1] == ["Total params: 7", "Trainable params: 3", "Non-trainable params: 4"]


def test_momentum_is_no_parameter(model):
    """SUM-03, D27: the count is the same before and after training."""
    model.compile(SGD(momentum=0.9), "mse")
    before = text_of(model)
    model.fit(np.zeros((3, 1)), np.zeros(3), verbose=0)
    assert text_of(model) == before


def test_an_input_is_no_row_and_an_activation_is_one_without_weights():
    """MOD-01, SUM-01."""
    lines = text_of(Sequential([Input((3,)), Activation("relu", name="a")])).splitlines()
    assert lines[3].split() == ["a", "(Activation)", "(None,", "3)", "0"]
    assert lines[4] == "=" * 65


def test_a_shape_with_an_open_length_is_shown(model):
    """SUM-01."""
    assert "(None, None, 2)" in text_of(Sequential([Dense(2, input_shape=(None, 4))]))


# Models that are no chain -------------------------------------------------------------------------

WIDE_AND_DEEP = """\
__________________________________________________________________________________________________
Layer (type)                    Output Shape         Param #     Connected to
==================================================================================================
deep (InputLayer)               (None, 6)            0
__________________________________________________________________________________________________
wide (InputLayer)               (None, 5)            0
__________________________________________________________________________________________________
dense_1 (Dense)                 (None, 30)           210         deep[0][0]
__________________________________________________________________________________________________
concatenate_1 (Concatenate)     (None, 35)           0           wide[0][0]
                                                                 dense_1[0][0]
__________________________________________________________________________________________________
dense_2 (Dense)                 (None, 1)            36          concatenate_1[0][0]
==================================================================================================
Total params: 246
Trainable params: 246
Non-trainable params: 0
__________________________________________________________________________________________________
"""


def wide_and_deep():
    wide, deep = Input(shape=[5], name="wide"), Input(shape=[6], name="deep")
    hidden = Dense(30, activation="relu")(deep)
    return Model([wide, deep], Dense(1)(concatenate([wide, hidden])))


class WideAndDeep(Model):
    """The same in Python, with a layer that is made anew in every call."""

    def __init__(self):
        super().__init__()
        self.hidden, self.out, self.unused = Dense(30), Dense(1, name="out"), Dense(9, name="unused")

    def call(self, inputs):
        wide, deep = inputs
        return self.out(concatenate([wide, ops.maximum(self.hidden(deep), 0) + 1.0], name="join"))


@pytest.fixture
def fresh():
    backend.clear_session()
    yield
    backend.clear_session()


def test_a_fourth_column_says_what_each_layer_is_connected_to(fresh, capsys):
    """SUM-04."""
    wide_and_deep().summary()
    assert capsys.readouterr().out == WIDE_AND_DEEP


def connections(model, **settings):
    """Name of a layer -> what stands in its fourth column."""
    rows = [line for line in text_of(model, **settings).splitlines()[3:-5] if not set(line) <= set("_=")]
    return {line.split()[0]: line.split()[-1] for line in rows}


def test_a_model_written_in_python_shows_connections_and_shapes_too(fresh):
    """SUM-05: by one call on zeros; what is never called comes last, without a shape."""
    model = WideAndDeep()
    assert text_of(model).count("?") == 3 and "Connected" not in text_of(model)
    model([np.ones((2, 5)), np.ones((2, 6))])
    text = text_of(model)
    assert connections(model)["dense_1"] == "input_2[0][0]" and connections(model)["out"] == "join[0][0]"
    assert "input_1[0][0]\n" + " " * 65 + "dense_1[0][0]" in text and text.count("?") == 1
    assert text.index("dense_1 (") < text.index("join (") < text.index("out (") < text.index("unused (")


def test_a_layer_called_twice_is_one_row_with_both_calls(fresh):
    """MOD-07, SUM-04."""
    x, shared = Input((3,), name="x"), Dense(3, name="shared")
    text = text_of(Model(x, Add(name="sum")([shared(shared(x)), x])))
    assert text.count("shared (Dense)") == 1 and "x[0][0]\n" + " " * 65 + "shared[0][0]" in text
    assert "shared[1][0]" in text and "Total params: 12" in text


def test_nested_models_expand(fresh):
    """MOD-08, SUM-01: their layers are indented, and count once."""
    inner = Sequential([Dense(2, input_dim=3, name="a"), Dense(1, name="b")], name="inner")
    model = Sequential([Dense(3, input_dim=3, name="first"), inner])
    assert "a (Dense)" not in text_of(model)
    lines = text_of(model, expand_nested=True).splitlines()
    assert [line.split(" (")[0] for line in lines if "(None" in line] == ["first", "inner", "  a", "  b"]
    assert "Total params: 23" in lines


def test_who_learns_can_be_shown(fresh):
    """SUM-07."""
    model = Sequential([Dense(2, input_dim=1, trainable=False, name="a"), Dense(1, name="b")])
    lines = text_of(model, show_trainable=True).splitlines()
    assert lines[1].split() == ["Layer", "(type)", "Output", "Shape", "Param", "#", "Trainable"] and len(lines[0]) == 76
    assert [line[-1] for line in lines if "(Dense)" in line] == ["N", "Y"]


def test_a_part_of_the_layers_can_be_shown(fresh):
    """SUM-01."""
    model = Sequential([Dense(1, input_dim=1, name=name) for name in "abcd"])
    lines = text_of(model, layer_range=("b", "c")).splitlines()
    assert [line[0] for line in lines if "(Dense)" in line] == ["b", "c"]
    with pytest.raises(ValueError, match="expects names of layers in layer_range, got 'x'"):
        model.summary(layer_range=("a", "x"))


def test_the_columns_may_end_elsewhere(fresh):
    """SUM-01."""
    model = Sequential([Dense(1, input_dim=1, name="a")])
    assert text_of(model, positions=[20, 40, 50]).splitlines()[3] == "a (Dense)".ljust(20) + "(None, 1)".ljust(20) + "2"
    assert text_of(model, positions=[0.2, 0.8, 1.0], line_length=100).splitlines()[3].index("(None") == 20
    with pytest.raises(ValueError, match="expects 3 positions, one for each column, got 2"):
        model.summary(positions=[0.5, 1.0])
