"""Layers of several inputs: by NumPy, as functions, and what does not fit."""

import numpy as np
import pytest

from tinygrad_edu import Tensor, as_tensor, layers
from tinygrad_edu.calculus import gradients
from tinygrad_edu.graph import make_value
from tinygrad_edu.models import Model

RANDOM = np.random.default_rng(3)
A, B, C = (RANDOM.normal(size=(4, 2, 3)).astype("float32") for _ in range(3))

MERGES = {
    "Add": ([A, B, C], A + B + C),
    "Subtract": ([A, B], A - B),
    "Multiply": ([A, B, C], A * B * C),
    "Average": ([A, B, C], (A + B + C) / 3),
    "Maximum": ([A, B, C], np.maximum(np.maximum(A, B), C)),
    "Minimum": ([A, B, C], np.minimum(np.minimum(A, B), C)),
    "Concatenate": ([A, B, C], np.concatenate([A, B, C], -1)),
}
each_merge = pytest.mark.parametrize("name", MERGES)


@each_merge
def test_a_merge_is_numpys_function_as_a_layer_and_as_a_function(name):
    """MRG-01, MRG-02: of a list or a tuple, of arrays or Tensors."""
    inputs, expected = MERGES[name]
    function = getattr(layers, name.lower())
    for out in (getattr(layers, name)()(inputs), function(inputs), function(tuple(map(as_tensor, inputs)), name="mine")):
        np.testing.assert_allclose(out.numpy(), expected, rtol=1e-6)


@each_merge
def test_a_merge_of_what_is_no_list_of_several_is_refused(name):
    """MRG-01, MRG-02."""
    for wrong in (A, [A], Tensor(A)):
        with pytest.raises(ValueError, match=rf"{name} '.*' expects a list of"):
            getattr(layers, name)()(wrong)


def test_a_difference_has_two_terms():
    """MRG-02."""
    with pytest.raises(ValueError, match="Subtract 'd' expects a list of 2 inputs, got 3"):
        layers.Subtract(name="d")([A, B, C])


@pytest.mark.parametrize("name", ["Add", "Multiply", "Maximum", "Average"])
def test_lengths_of_one_repeat_and_missing_axes_come_behind_the_batch(name):
    """MRG-02: as Keras has it; NumPy would put them in front of the batch axis."""
    row, column = RANDOM.normal(size=(4, 3)), RANDOM.normal(size=(4, 2, 1))
    found = getattr(layers, name)(dtype="float64")([row, column])
    expected = getattr(layers, name)(dtype="float64")(
        [np.broadcast_to(row[:, None], (4, 2, 3)), np.broadcast_to(column, (4, 2, 3))]
    )
    np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-12)


@pytest.mark.parametrize("shapes", [((4, 2), (4, 3)), ((4, 2, 3), (4, 3, 2))], ids=str)
def test_shapes_that_do_not_fit_are_named(shapes):
    """MRG-02."""
    a, b = (np.ones(shape) for shape in shapes)
    told = " and ".join(str((None, *shape[1:])) for shape in shapes).replace("(", r"\(").replace(")", r"\)")
    with pytest.raises(ValueError, match=f"Add 'sum' expects shapes that fit together, got {told}"):
        layers.Add(name="sum")([a, b])


@pytest.mark.parametrize("axis", [-1, 1, 2, np.int64(-2)])
def test_concatenate_joins_along_any_axis_but_the_batch(axis):
    """MRG-01: other lengths may differ along that axis only."""
    other = RANDOM.normal(size=tuple(5 if i == axis % 3 else n for i, n in enumerate(A.shape))).astype("float32")
    layer = layers.Concatenate(axis=axis)
    out = layer([A, other])
    np.testing.assert_array_equal(out.numpy(), np.concatenate([A, other], axis))
    assert layer.output_shape == (None, *out.shape[1:])


def test_concatenate_refuses_the_batch_axis_and_lengths_that_differ():
    """MRG-01."""
    for axis in (0, 1.5, None):
        with pytest.raises(ValueError, match="Concatenate expects an axis that is not the batch axis 0"):
            layers.Concatenate(axis=axis)
    for axis, other in ((-1, np.ones((4, 3, 3))), (-1, np.ones((4, 3))), (-3, A), (5, A)):
        with pytest.raises(ValueError, match=r"Concatenate 'c' expects shapes that are equal but for axis"):
            layers.Concatenate(axis, name="c")([A, other])


def test_concatenate_keeps_whole_numbers_and_open_lengths():
    """MRG-01, LAY-16."""
    assert layers.concatenate([np.ones((2, 1), int), np.zeros((2, 2), int)]).dtype == int
    assert layers.Concatenate(axis=1).compute_output_shape([(None, None, 2), (None, 3, 2)]) == (None, None, 2)


def test_the_gradient_of_a_merge_goes_to_every_input():
    """MRG-02."""
    xs = [Tensor(A), Tensor(B)]
    found = gradients(layers.multiply(xs).sum(), xs)
    np.testing.assert_allclose(found[0].numpy(), B)
    np.testing.assert_allclose(found[1].numpy(), A)


@pytest.mark.parametrize(
    ("axes", "x", "y", "subscripts"),
    [
        (1, (4, 3), (4, 3), "bi,bi->b"),
        ((2, 1), (4, 2, 3), (4, 3, 5), "bij,bjk->bik"),
        ((1, 2), (4, 3, 2), (4, 5, 3), "bji,bkj->bik"),
        (-1, (4, 2, 3), (4, 5, 3), "bij,bkj->bik"),
        ((2, 1), (4, 2, 3), (4, 3), "bij,bj->bi"),
    ],
)
def test_dot_is_a_product_in_each_sample(axes, x, y, subscripts):
    """MRG-03."""
    a, b = RANDOM.normal(size=x), RANDOM.normal(size=y)
    expected = np.einsum(subscripts, a, b)
    layer = layers.Dot(axes, dtype="float64")
    out = layer([a, b])
    np.testing.assert_allclose(out.numpy(), expected if expected.ndim > 1 else expected[:, None], rtol=1e-12)
    assert layer.output_shape == (None, *out.shape[1:])
    np.testing.assert_array_equal(layers.dot([a.astype("f"), b.astype("f")], axes=axes).numpy().shape, out.shape)


def test_dot_of_normalized_vectors_is_the_cosine():
    """MRG-03."""
    a, b = np.array([[3.0, 4.0], [1.0, 0.0]]), np.array([[4.0, 3.0], [0.0, 0.0]])
    assert layers.Dot(1, normalize=True, dtype="float64")([a, b]).numpy() == pytest.approx(np.array([[0.96], [0.0]]))


def test_dot_refuses_axes_that_do_not_fit():
    """MRG-03."""
    for axes in (0, (0, 1), (1, 2, 3), "last"):
        with pytest.raises((TypeError, ValueError), match="Dot expects"):
            layers.Dot(axes)
    with pytest.raises(ValueError, match=r"Dot 'd' expects equal lengths in axes \[1, 2\], got"):
        layers.Dot((1, 2), name="d")([A, B])
    with pytest.raises(ValueError, match=r"Dot 'd' expects inputs that have axes 3"):
        layers.Dot(3, name="d")([A, B])


def test_a_merge_keeps_the_steps_that_all_inputs_have():
    """LOSS-05: joined along the steps, it has those of all."""
    one, two = as_tensor(A), as_tensor(B)
    one.mask, two.mask = make_value(np.array([[1, 1], [1, 0], [0, 0], [1, 1]], bool)), make_value(np.array([[1, 0]] * 4, bool))
    both = one.mask.numpy() & two.mask.numpy()
    for name in ("add", "concatenate", "multiply"):
        np.testing.assert_array_equal(getattr(layers, name)([one, two]).mask.numpy(), both)
    np.testing.assert_array_equal(layers.add([one, as_tensor(C)]).mask.numpy(), one.mask.numpy())
    joined = layers.concatenate([one, as_tensor(C)], axis=1)
    np.testing.assert_array_equal(joined.mask.numpy(), np.concatenate([one.mask.numpy(), np.ones((4, 2), bool)], 1))


@pytest.mark.parametrize("given", [np.ones((2, 3)), {"a": np.ones((2, 3)), "b": np.ones((2, 3))}, [np.ones((2, 3))], []], ids=str)
@pytest.mark.parametrize("make", [layers.Add, layers.Concatenate, layers.Subtract], ids=lambda cls: cls.__name__)
def test_what_is_no_list_of_several_inputs_is_refused(make, given):
    """MRG-01, MRG-02: one array, a dict, which has no order, a list of one or none."""
    with pytest.raises(ValueError, match=r"expects a list of (at least )?2 inputs, got .* Write .*\(\)\(\[a, b\]\)"):
        make()(given)


def test_operators_on_symbols_are_layers_of_the_table():
    """MRG-04: as the layers and functions of the same words compute; each use is a layer, and the config brings all back."""
    a, b = layers.Input((3,), name="a"), layers.Input((3,), name="b")
    written, merged = (a + b) * (a - b) / 2, layers.multiply([layers.add([a, b]), layers.subtract([a, b])])
    model, same = Model([a, b], written), Model([a, b], merged)
    x, y = RANDOM.normal(size=(2, 5, 3)).astype("float32")
    np.testing.assert_allclose(model([x, y]), (x + y) * (x - y) / 2, rtol=1e-5)
    np.testing.assert_allclose(model([x, y]) * 2, same([x, y]), rtol=1e-5)
    lines = []
    model.summary(print_fn=lines.append)
    assert all(f"{word}_" in "\n".join(lines) for word in ("add", "subtract", "multiply", "divide"))
    np.testing.assert_array_equal(Model.from_config(model.get_config())([x, y]), model([x, y]))


def test_a_difference_that_is_built_still_has_two_terms():
    """MRG-02: a layer called before is called on three."""
    a, layer = layers.Input((2,)), layers.Subtract()
    layer([a, a])
    for inputs in ([a, a, a], [np.ones((1, 2))] * 3, [a]):
        with pytest.raises(ValueError, match=r"expects a list of 2 inputs, got [13]\."):
            layer(inputs)


def test_masks_of_a_merge_are_as_many_as_its_inputs():
    """MRG-02: and of inputs without any there is none, whatever their lengths."""
    a, b = layers.Input((None, 2)), layers.Input((None, 2))
    for layer in (layers.Add(), layers.Concatenate(axis=1)):
        assert layer.compute_mask([a, b], [None, None]) is None
        for inputs, masks in (([a, b], [None]), ([a, b], np.ones((2, 3))), (a, [None, None])):
            with pytest.raises(ValueError, match="expects a list of inputs and a mask, or None, for each, got"):
                layer.compute_mask(inputs, masks)
