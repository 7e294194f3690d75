import math
from itertools import pairwise

import numpy as np
import pytest
from telling import tell, texts

import tinygrad_edu as tg
import viz
from tinygrad_edu import Input, Model, Sequential, initializers, losses
from tinygrad_edu.datasets import make_circles
from tinygrad_edu.layers import Activation, Dense
from viz.dot import to_dot
from viz.flow import effective_rank, measure_flow
from viz.flow_picture import Scale, compare, compare_picture, flow_picture, gradient_flow


def circles():
    X, y = make_circles(1000, noise=0.1, random_state=1)
    X = 2 * (X - X.min(axis=0)) / np.ptp(X, axis=0) - 1
    return X[:500], y[:500]


def network(depth=5, activation="tanh", initializer=None, loss="binary_crossentropy", output="sigmoid"):
    init = initializer or initializers.RandomUniform(0, 1)
    hidden = [Dense(5, activation, kernel_initializer=init, name=f"h{i}") for i in range(1, depth + 1)]
    model = Sequential([Input((2,)), *hidden, Dense(1, output, kernel_initializer=init, name="out")], name="net")
    model.compile("sgd", loss)
    return model


def measured(seed=0, **kind):
    tg.set_random_seed(seed)
    return measure_flow(network(**kind), *circles())


def by_hand(model, x, y):
    """mean |dL/dW| per kernel of a tanh network with a sigmoid and cross-entropy at its end, in float64."""
    W, b = ([w.numpy().astype(float) for w in weights] for weights in zip(*((l.kernel, l.bias) for l in model.layers)))
    a = [x]
    for i in range(len(W) - 1):
        a.append(np.tanh(a[-1] @ W[i] + b[i]))
    error = (1 / (1 + np.exp(-(a[-1] @ W[-1] + b[-1]))) - y[:, None]) / len(y)
    found = []
    for i in reversed(range(len(W))):
        found.append(np.abs(a[i].T @ error).mean())
        error = (error @ W[i].T) * (1 - a[i] ** 2)
    return found[::-1]


# Measuring ------------------------------------------------------------------------------------------------


def test_sizes_are_those_of_back_propagation_by_hand():
    tg.set_random_seed(3)
    model = network()
    flow = measure_flow(model, *circles())
    assert np.allclose([layer.kernel_grad_mean for layer in flow.layers], by_hand(model, *circles()), rtol=1e-4)


def test_sizes_are_those_that_keras_gives_for_the_same_experiment():
    """Medians over seeds; the spread from seed to seed is a factor of three either way."""
    reference = [2.6e-2, 4.1e-3, 2.1e-3, 2.8e-3, 1.3e-2, 4.0e-1]
    found = np.median([[layer.kernel_grad_mean for layer in measured(seed).layers] for seed in range(40)], axis=0)
    assert np.all(np.abs(np.log10(found / reference)) < 0.4)


KINDS = {}, {"activation": "relu", "initializer": "he_uniform"}, {"loss": "mse"}, {"output": None, "loss": "mse"}


@pytest.mark.parametrize("kind", KINDS)
def test_decades_add_up(kind):
    layers = measured(**kind).layers
    for before, layer in pairwise(layers):
        slope = layer.slope_decades or 0.0
        assert math.isclose(layer.decades, slope + layer.weight_decades, abs_tol=1e-12)
        assert math.isclose(layer.decades, math.log10(before.delta / layer.arriving), abs_tol=1e-12)
    total = sum(layer.decades for layer in layers[1:])
    assert math.isclose(total, math.log10(layers[0].delta / layers[-1].arriving), abs_tol=1e-12)


def test_slope_is_one_without_an_activation():
    model = Sequential([Dense(3, input_shape=(2,)), Dense(1)])
    model.compile("sgd", "mse")
    assert [layer.slope_decades for layer in measure_flow(model, *circles()).layers] == [0.0, 0.0]


def test_slope_is_the_derivative_that_the_gradient_meets():
    tg.set_random_seed(0)
    model = Sequential([Dense(4, "tanh", input_shape=(2,)), Dense(1)])
    model.compile("sgd", "mse")
    x, y = circles()
    first, last = measure_flow(model, x, y).layers
    a = model.layers[0](x).numpy().astype(float)
    delta = (2 / len(x) * (model(x).numpy() - y[:, None])) @ model.layers[1].kernel.numpy().T
    slope = np.sqrt(np.sum((delta * (1 - a**2)) ** 2) / np.sum(delta**2))
    assert math.isclose(first.slope_decades, math.log10(slope), rel_tol=1e-4)
    assert math.isclose(first.delta, np.sqrt(np.mean(delta**2)), rel_tol=1e-4)
    assert last.slope_decades == 0.0


def test_a_loss_on_logits_leaves_no_slope_at_the_end():
    last = measured().layers[-1]
    assert last.delta is None and last.slope_decades is None and last.arriving == last.before_activation
    assert measured(loss="mse").layers[-1].slope_decades < 0


def test_agreement_closes_the_account_of_each_kernel():
    tg.set_random_seed(0)
    model = network(depth=2)
    x, y = circles()
    inputs = [x, model.layers[0](x).numpy()]
    for a, layer in zip(inputs, measure_flow(model, x, y).layers):
        assert 0 < layer.agreement <= 1
        size = layer.agreement * len(x) * np.sqrt(np.mean(np.square(a, dtype=float))) * layer.before_activation
        assert math.isclose(size, layer.kernel_grad, rel_tol=1e-5)


def test_samples_that_pull_the_same_way_agree():
    model = Sequential([Dense(1, input_shape=(1,), kernel_initializer="ones")])
    model.compile("sgd", "mse")
    assert math.isclose(measure_flow(model, np.ones((4, 1)), np.zeros(4)).layers[0].agreement, 1)


def test_saturated_dead_and_rank():
    ones = initializers.Constant(1.0)
    x, y = np.array([[1.0], [-3.0]]), np.array([0, 1])
    tanh = Sequential([Dense(2, "tanh", input_shape=(1,), kernel_initializer=ones), Dense(1, "sigmoid")])
    tanh.layers[1].kernel.assign([[0.0], [0.0]])
    relu = Sequential([Dense(2, "relu", input_shape=(1,)), Dense(1)])
    relu.layers[0].kernel.assign([[1.0, 0.0]])
    for model in (tanh, relu):
        model.compile("sgd", "mse")
    first, last = measure_flow(tanh, x, y).layers
    assert (first.saturated, last.saturated, first.dead) == (0.5, 0.0, None)
    assert math.isclose(first.rank, 1.0, abs_tol=1e-6)
    first, last = measure_flow(relu, x, y).layers
    assert (first.dead, first.saturated, last.dead) == (0.5, None, None)


def test_effective_rank():
    assert math.isclose(effective_rank(np.eye(4)), 4.0)
    assert math.isclose(effective_rank(np.outer(np.arange(5.0), [1, 2, 3])), 1.0, abs_tol=1e-5)
    assert effective_rank(np.zeros((3, 2))) == 0.0
    assert math.isnan(effective_rank(np.array([[1.0, np.nan]])))
    rng = np.random.default_rng(0)
    for shape in [(50, 4), (4, 50)]:
        matrix = rng.normal(size=shape)
        s = np.linalg.svd(matrix, compute_uv=False)
        p = s / s.sum()
        assert math.isclose(effective_rank(matrix), np.exp(-(p * np.log(p)).sum()), rel_tol=1e-6)


def test_rank_and_saturation_tell_the_networks_apart():
    flat, alive = measured(), measured(activation="relu", initializer="he_uniform")
    assert flat.layers[4].rank < 1.3 < alive.layers[4].rank


# What is left as it was -----------------------------------------------------------------------------------


def test_nothing_in_the_model_changes():
    model = network(depth=2)
    x, y = circles()
    model.fit(x, y, epochs=1, verbose=0)
    model.loss(y, model(x)).backward()
    weights, grads = model.get_weights(), [w.grad for w in model.weights]
    values = [g.numpy().copy() for g in grads]
    measure_flow(model, x, y)
    assert all(w.grad is g and np.array_equal(g.numpy(), v) for w, g, v in zip(model.weights, grads, values))
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), weights))


def test_nothing_in_the_model_changes_when_it_fails():
    def broken(y_true, y_pred):
        raise ZeroDivisionError

    model = network(depth=1, loss=broken)
    with pytest.raises(ZeroDivisionError):
        measure_flow(model, *circles())
    assert all(w.grad is None for w in model.weights)
    assert tg.is_grad_enabled()


def test_gradients_are_recorded_even_where_recording_is_off():
    with tg.no_grad():
        assert measured(depth=1).layers[0].kernel_grad > 0
        assert not tg.is_grad_enabled()


def test_an_unbuilt_model_is_built_as_on_any_call():
    model = Sequential([Dense(3, "tanh"), Dense(1, "sigmoid")])
    model.compile("sgd", "binary_crossentropy")
    assert len(measure_flow(model, *circles()).layers) == 2 and model.built


# Kinds of models ------------------------------------------------------------------------------------------


def test_models_inside_the_model_are_measured_layer_by_layer():
    inner = Sequential([Input((3,)), Dense(4, "tanh", name="c"), Dense(3, name="d")], name="inner")
    model = Sequential([Dense(3, "tanh", input_shape=(2,), name="a"), inner, Dense(1, "sigmoid", name="b")])
    model.compile("sgd", "binary_crossentropy")
    inner.trainable = False
    layers = measure_flow(model, *circles()).layers
    assert [layer.name for layer in layers] == ["a", "inner/c", "inner/d", "b"]
    assert [layer.frozen for layer in layers] == [False, True, True, False]
    assert all(layer.kernel_grad > 0 for layer in layers)


def test_activations_that_are_layers_have_all_the_slope():
    model = Sequential([Dense(3, input_shape=(2,)), Activation("tanh"), Dense(1)])
    model.compile("sgd", "mse")
    layers = measure_flow(model, *circles()).layers
    assert layers[1].slope_decades < 0 and layers[1].weight_decades == 0 and layers[1].kernel_grad is None
    assert layers[1].saturated is not None


def test_activations_of_several_ops_are_told_from_the_weights():
    model = Sequential([Dense(3, activation=lambda z: z * z.sigmoid(), input_shape=(2,)), Dense(1)])
    model.compile("sgd", "mse")
    first = measure_flow(model, *circles()).layers[0]
    assert first.slope_decades < 0 and first.activation == "<lambda>"


def test_layers_without_bias():
    model = Sequential([Dense(3, "tanh", use_bias=False, input_shape=(2,)), Dense(1)])
    model.compile("sgd", "mse")
    first = measure_flow(model, *circles()).layers[0]
    assert first.bias_grad is None and first.slope_decades < 0


def test_what_cannot_be_measured_is_refused():
    x, y = circles()
    with pytest.raises(RuntimeError, match=r"expects a compiled model, got 'm'"):
        measure_flow(Sequential([Dense(1, input_shape=(2,))], name="m"), x, y)
    with pytest.raises(TypeError, match="expects a model whose layers follow each other"):
        measure_flow(Dense(1), x, y)
    with pytest.raises(ValueError, match="as many labels as samples"):
        measure_flow(network(depth=1), x, y[:-1])
    with pytest.raises(ValueError, match="one number"):
        measure_flow(network(depth=1, loss=losses.BinaryCrossentropy(reduction=None)), x, y)
    with pytest.raises(TypeError, match="gradient_flow expects a Flow"):
        gradient_flow(network(depth=1))


# Text and pictures ----------------------------------------------------------------------------------------


def table():
    first = Dense(1, "tanh", input_shape=(1,), kernel_initializer="ones", name="a")
    model = Sequential([first, Dense(1, kernel_initializer="ones", name="b")], name="net")
    model.compile("sgd", "mse")
    return measure_flow(model, np.array([[1.0], [-2.0]]), np.array([0, 1]))


TABLE = """
net: mean_squared_error 2.219, 2 samples
layer  activation  rms dL/dW  mean |dL/dW|  rms delta  decades  = slope  + weights  agreement  saturated  dead      rank
a            tanh     6.0e-1        6.0e-1      1.5e0        -    -0.78          -        77%         0%     -  1.0 of 1
b          linear      2.5e0         2.5e0      1.5e0    +0.00    +0.00      +0.00        96%          -     -  1.0 of 1
"""


def test_flow_prints_as_a_table():
    """By hand: ε = (0.320, -0.139) of δ = (0.762, -1.964); dL/dW = 0.320 · 1 + 0.139 · 2 of at most 2 · 1.58 · 0.247."""
    assert str(table()) == TABLE.strip()


def test_table_needs_no_more_than_ascii():
    assert str(measured()).isascii()


def test_picture_shows_both_ways():
    assert tell(flow_picture(table())) == (
        "n0: input (1,) / 2 samples\n"
        "n1: a: Dense tanh | dL/dW 6.0e-1 | agreement 77% | saturated 0%\n"
        "n2: b: Dense linear | dL/dW 2.5e0 | agreement 96%\n"
        "n3: loss 2.219 / mean_squared_error\n"
        "n0 -> n1\nn1 -> n2\nn2 -> n3\n"
        "n3 -> n2 dL/da 1.5e0\n"
        "n2 -> n1 dL/da 1.5e0 / +0.00 decades / +0.00 slope / +0.00 weights"
    )


def test_backward_arrows_do_not_rank_and_are_wider_for_larger_gradients():
    arrows = [arrow for arrow in flow_picture(measured(loss="mse")).arrows if arrow.backward]
    sizes = [layer.delta for layer in reversed(measured(loss="mse").layers)]
    assert len(arrows) == 6
    assert [a.width for a in sorted(arrows, key=lambda a: a.width)] == [arrows[i].width for i in np.argsort(sizes)]


def test_text_is_readable_on_every_fill():
    for kind in ({}, {"activation": "relu"}):
        for box in flow_picture(measured(**kind)).boxes:
            assert viz.theme.contrast(box.text, box.fill) >= 4.0


def test_scale_has_whole_powers_of_ten_at_its_ends():
    scale = Scale.of([measured()])
    assert (scale.low, scale.high) == (-3.0, 0.0)
    ticks = [tick for _, tick in scale.legend().cells if tick]
    assert ticks == ["1e-3", "1e-2", "1e-1", "1e0"]


def test_broken_gradients_are_shown():
    model = network(depth=2, activation="relu", initializer="he_uniform", output=None, loss="mse")
    model.layers[1].bias.assign([-100.0] * 5)
    x, y = circles()
    flow = measure_flow(model, x, y)
    assert flow.layers[1].dead == 1.0 and flow.layers[1].kernel_grad == 0.0 and flow.layers[1].slope_decades == -math.inf
    picture = flow_picture(flow)
    assert "dL/dW 0 exactly" in texts(picture)["n2"] and "dead 100%" in texts(picture)["n2"]
    assert picture.legend.cells[0][1] == "0"
    with np.errstate(all="ignore"):
        broken = flow_picture(measure_flow(model, np.full_like(x, np.nan), y))
    assert "dL/dW nan" in texts(broken)["n3"] and picture.boxes[1].fill != broken.boxes[1].fill
    assert all(arrow.dashed for arrow in broken.arrows if arrow.backward)
    assert "nothing passes" in tell(picture)
    assert [tick for _, tick in broken.legend.cells] == ["nan, inf", ""]
    to_dot(picture), to_dot(broken)


def test_very_small_gradients_fit_on_the_scale():
    flow = measured(depth=12, initializer=initializers.RandomUniform(-0.01, 0.01))
    assert flow.layers[0].kernel_grad < 1e-15
    picture = flow_picture(flow)
    assert len([tick for _, tick in picture.legend.cells if tick]) <= 9
    widths = [arrow.width for arrow in picture.arrows if arrow.backward]
    assert widths == sorted(widths, reverse=True) and widths[0] <= 7 and len(set(widths)) == len(widths)


def test_a_model_without_weights_has_no_gradient_to_draw():
    model = Sequential([Input((1,)), Activation("tanh")])
    model.compile("sgd", "mse")
    flow = measure_flow(model, np.ones((2, 1)), np.zeros(2))
    assert flow.layers[0].delta is None
    assert flow_picture(flow).legend is None


def test_an_exploded_gradient_is_shown():
    model = network(depth=2, activation=None, initializer=initializers.Constant(1e30), output=None, loss="mse")
    flow = measure_flow(model, *circles())
    assert "inf" in str(flow) or "nan" in str(flow)
    to_dot(flow_picture(flow))


def test_frozen_layers_say_so_in_words():
    model = network(depth=1)
    model.layers[0].trainable = False
    picture = flow_picture(measure_flow(model, *circles()))
    assert texts(picture)["n1"].startswith("h1: Dense tanh (frozen)")


def test_two_flows_stand_side_by_side_on_one_scale():
    a, b = measured(), measured(activation="relu", initializer="he_uniform")
    picture = compare_picture(a, b, labels=("tanh", "relu <&> 折线"))
    assert [group.label for group in picture.groups] == ["tanh", "relu <&> 折线"]
    assert {box.group for box in picture.boxes} == {"g0", "g1"}
    assert picture.legend == Scale.of([a, b]).legend()
    to_dot(picture)


def test_flows_and_models_are_taken_alike(tmp_path):
    model, (x, y) = network(depth=1), circles()
    flow = measure_flow(model, x, y)
    assert gradient_flow(flow).source == gradient_flow(model, x, y).source
    assert compare(flow, (model, x, y)).source == compare(flow, flow).source
    gradient_flow(flow, to_file=tmp_path / "flow.svg")
    compare(flow, flow, to_file=tmp_path / "both.svg")
    assert {path.name for path in tmp_path.iterdir()} == {"flow.svg", "both.svg"}


def test_a_network_that_is_a_chain_is_measured_like_a_sequential():
    x = Input((2,))
    hidden = Dense(3, activation="tanh", name="a")
    network = Model(x, Dense(1, activation="sigmoid", name="b")(hidden(x)))
    chain = Sequential(network.layers[1:])
    for model in (network, chain):
        model.compile("sgd", "binary_crossentropy")
    data = np.random.default_rng(0).normal(size=(20, 2)), np.arange(20) % 2
    assert [layer.name for layer in viz.measure_flow(network, *data).layers] == ["a", "b"]
    assert viz.measure_flow(network, *data).layers == viz.measure_flow(chain, *data).layers
