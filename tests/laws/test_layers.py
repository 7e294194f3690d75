"""Laws that every layer obeys, whatever it computes."""

import copy
import inspect
import pickle
import re

import numpy as np
import pytest
from layer_samples import BATCH, LAYERS, built, each_layer, plain, squared

from tinygrad_edu import Tensor, anomaly, as_tensor, checkpoint, layers, memory, no_grad, set_random_seed
from tinygrad_edu.calculus import gradients
from tinygrad_edu.graph import make_value
from tinygrad_edu.layers import deserialize, serialize
from tinygrad_edu.layers.layer import registry
from tinygrad_edu.random import SeedGenerator
from tinygrad_edu.registry import custom_object_scope
from tinygrad_edu.testing import check_gradients

TOLERANCE = {"float16": 2e-2, "float32": 1e-5}


def given(sample, arrays):
    """The inputs as the layer takes them: one, or a list."""
    return list(arrays) if sample.is_merging else arrays[0]


def rewound(layer):
    """The layer with its random numbers at their beginning, and those of its parts."""
    for part in layer.all_layers:
        if hasattr(part, "seed_generator"):
            part.seed_generator.counter = 0
    return layer


def test_every_layer_has_a_sample():
    """A layer that is registered and not in layer_samples would go through no law at all."""
    assert sorted(registry) == sorted(LAYERS)


def test_every_public_layer_is_registered():
    """LAY-12: what is not cannot be found by its config."""
    public = [x for x in vars(layers).values() if inspect.isclass(x) and issubclass(x, layers.Layer) and x is not layers.Layer]
    assert [cls.__name__ for cls in public if cls.__name__ not in registry] == []


@each_layer
def test_the_output_has_the_shape_that_was_foretold(sample):
    """LAY-14: by hand, by compute_output_shape before and after building, and by the call."""
    layer = sample.make()
    foretold = layer.compute_output_shape(sample.input_shape)
    out = layer(sample.input())
    assert tuple(foretold) == (None, *sample.out) == layer.output_shape == tuple(layer.compute_output_shape(sample.input_shape))
    assert out.shape == (BATCH, *sample.out)
    assert layer.input_shape == sample.input_shape


@each_layer
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("training", [False, True])
def test_the_dtype_of_the_layer_is_that_of_its_results(sample, dtype, training):
    """LAY-16: of inputs in any dtype, and of their gradients."""
    layer = built(sample, dtype=dtype)
    assert {w.dtype.name for w in layer.weights} <= {dtype}
    out = layer(sample.input(dtype="float64"), training=training)
    if out.dtype.kind == "f":
        assert out.dtype == dtype
    tensors = [Tensor(x) for x in sample.arrays(dtype=dtype)]
    if all(x.requires_grad for x in tensors):
        out = layer(given(sample, tensors), training=training)
        assert {g.dtype.name for g in gradients(out.sum(), tensors)} == {dtype}


@each_layer
@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_fewer_digits_give_the_same_but_for_the_last_ones(sample, dtype):
    """LAY-16."""
    exact, rough = built(sample, dtype="float64"), built(sample, dtype=dtype)
    expected = exact(sample.input(), training=False).array
    np.testing.assert_allclose(
        rough(sample.input(), training=False).array, expected, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype]
    )


@each_layer
@pytest.mark.parametrize("training", [False, True])
def test_the_gradients_by_inputs_and_weights_are_right(sample, training):
    """LAY-01."""
    layer = built(sample, dtype="float64")
    owners = {part.path: part for part in layer.all_layers}
    weights = {w.path: w.array for w in layer.trainable_weights}

    def call(x, weights):
        for path, weight in weights.items():
            owner, _, name = path.rpartition("/")
            setattr(owners[owner], name, weight)
        options = {"training": training} if "training" in inspect.signature(layer.call).parameters else {}
        return rewound(layer).call(x, **options)

    x = given(sample, sample.arrays())
    if weights or sample.arrays()[0].dtype.kind == "f":
        check_gradients(call, x, weights, order=1)


@each_layer
def test_a_config_makes_the_same_layer_again(sample):
    """LAY-12: through JSON, by the class and by the registry; its weights are its own."""
    layer = sample.make(name="mine", trainable=False, batch_input_shape=[None, *sample.shapes[0]])
    config = layer.get_config()
    assert plain(config) == config
    with custom_object_scope({"squared": squared}):
        found = [type(layer).from_config(plain(config)), deserialize(plain(serialize(layer)))]
    for again in found:
        assert type(again) is type(layer) and again.name == "mine"
        assert again.get_config() == config
        assert again.batch_input_shape == layer.batch_input_shape


@each_layer
def test_weights_that_were_taken_out_can_be_put_into_another(sample):
    """LAY-08."""
    one, other = built(sample), sample.make()
    other.build(sample.input_shape)
    other.set_weights(one.get_weights())
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert one.count_params() == sum(a.size for a in one.get_weights())
    x = sample.input()
    np.testing.assert_array_equal(one(x).array, other(x).array)


@each_layer
def test_a_layer_from_a_config_computes_the_same_with_the_same_weights(sample):
    """LAY-12: the config and the weights are all there is to a layer."""
    layer = built(sample)
    with custom_object_scope({"squared": squared}):
        again = deserialize(plain(serialize(layer)))
    again.build(sample.input_shape)
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(layer(sample.input()).array, again(sample.input()).array)


@each_layer
@pytest.mark.parametrize("training", [False, True])
def test_a_batch_of_nothing_gives_a_batch_of_nothing(sample, training):
    """LAY-15, REGL-04: without a warning, and the moving averages stay finite."""
    layer = built(sample)
    assert layer(sample.input(batch=0), training=training).shape == (0, *sample.out)
    assert all(np.isfinite(a).all() for a in layer.get_weights())


@each_layer
@pytest.mark.parametrize("training", [False, True])
def test_a_batch_of_nothing_teaches_nothing(sample, training):
    """LAY-15: its gradients are as large as it is, those of the weights 0."""
    layer = built(sample)
    tensors = [Tensor(x) for x in sample.arrays(batch=0)]
    wanted = [x for x in tensors if x.requires_grad] + layer.trainable_weights
    found = gradients(layer(given(sample, tensors), training=training).sum(), wanted) if wanted else []
    assert [g.shape for g in found] == [x.shape for x in wanted] and not any(g.array.any() for g in found)


@each_layer
def test_the_repr_names_class_and_layer(sample):
    """LAY-13."""
    layer = sample.make(name="mine")
    assert re.fullmatch(rf"<{type(layer).__name__} name=mine, built=(True|False)>", repr(layer))


@each_layer
def test_the_same_seed_gives_the_same_weights_and_noise(sample):
    """INI-24, REGL-01."""
    runs = []
    for _ in range(2):
        set_random_seed(11)
        layer = sample.make()
        runs.append([layer(sample.input(), training=True).array for _ in range(2)] + layer.get_weights())
    for a, b in zip(*runs, strict=True):
        np.testing.assert_array_equal(a, b)


@each_layer
def test_inference_draws_nothing_and_changes_nothing(sample):
    """REGL-01, REGL-04: the same bits twice, the same weights, and random numbers where they were."""
    layer = built(sample)
    before = layer.get_weights()
    first, second = (layer(sample.input(), training=False).array for _ in range(2))
    np.testing.assert_array_equal(first, second)
    for a, b in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert all(x.counter == 0 for x in vars(layer).values() if isinstance(x, SeedGenerator))


@each_layer
def test_a_frozen_layer_trains_nothing_but_lets_gradients_through(sample):
    """LAY-09."""
    layer = built(sample, trainable=False)
    assert layer.trainable_weights == [] and layer.non_trainable_weights == layer.weights
    before = layer.get_weights()
    tensors = [Tensor(x) for x in sample.arrays()]
    out = layer(given(sample, tensors), training=True)
    for a, b in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    if all(x.requires_grad for x in tensors):
        assert all(g is not None for g in gradients(out.sum(), tensors))
    layer.trainable = True
    assert [w for w in layer.weights if w.trainable] == layer.trainable_weights


@each_layer
@pytest.mark.parametrize("again", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))], ids=["deepcopy", "pickle"])
def test_a_copy_computes_the_same_and_shares_nothing(sample, again):
    layer = built(sample)
    layer(sample.input(), training=True)
    other = again(layer)
    assert [w.path for w in other.weights] == [w.path for w in layer.weights]
    assert not {id(w) for w in other.weights} & {id(w) for w in layer.weights}
    for training in (False, True):
        a, b = (x(sample.input(), training=training).array for x in (layer, other))
        np.testing.assert_array_equal(a, b)


@each_layer
@pytest.mark.parametrize("training", [False, True])
def test_inputs_stay_as_they_are(sample, training):
    """LAY-15."""
    layer, arrays = built(sample, dtype="float64"), sample.arrays()
    before = [x.copy() for x in arrays]
    layer(given(sample, arrays), training=training)
    for a, b in zip(before, arrays, strict=True):
        np.testing.assert_array_equal(a, b)


@each_layer
def test_a_mask_passes_just_where_the_layer_says_so(sample):
    """REGL-09, CORE-10."""
    layer = built(sample)
    if isinstance(layer, layers.Masking | layers.Embedding | layers.Dot | layers.Lambda) or not sample.out[1:]:
        pytest.skip("has a mask of its own, or no steps")
    if len({len(shape) for shape in sample.shapes}) > 1:
        pytest.skip("inputs without common steps")
    mask = np.arange(BATCH)[:, None] > np.arange(sample.shapes[0][0])[None]
    tensors = [as_tensor(x) for x in sample.arrays(dtype="float32")]
    for x in tensors:
        x.mask = make_value(mask[:, : x.shape[1]])
    if not layer.supports_masking and not sample.is_merging:
        with pytest.warns(UserWarning, match="passes no mask on"):
            out = layer(given(sample, tensors))
        assert getattr(out, "mask", None) is None
        return
    out = layer(given(sample, tensors))
    steps = out.shape[1]
    assert out.mask.shape == (BATCH, steps)
    np.testing.assert_array_equal(out.mask.array[:, : mask.shape[1]], mask[:, :steps])


@each_layer
@pytest.mark.parametrize("training", [False, True])
def test_constants_of_a_layer_are_no_memory_of_others(sample, training):
    """What only the layer has seen needs no checksum at every step: see `memory`."""
    layer = built(sample, dtype="float64")
    tensors = [Tensor(x) for x in sample.arrays()]
    before = set(memory.opened)
    out = layer(given(sample, tensors), training=training)
    assert set(memory.opened) == before and out is not None


@each_layer
def test_building_under_anomaly_detection_finds_none(sample):
    """LAY-05: zeros that only show a shape may give nan."""
    with anomaly.detect_anomaly():
        layer = sample.make()
        layer.build(sample.input_shape)
        layer(sample.input(), training=True)


@each_layer
def test_computing_again_instead_of_keeping_gives_the_same_gradients(sample):
    """REGL-01, REGL-04: the second forward pass draws the numbers of the first, and moves no average again."""
    layer = built(sample, dtype="float64")
    found, before = [], layer.get_weights()
    for run in (lambda *xs: layer(given(sample, xs), training=True),
                lambda *xs: checkpoint(lambda *ys: layer(given(sample, ys), training=True), *xs)):  # fmt: skip
        rewound(layer)
        tensors = [Tensor(x) for x in sample.arrays()]
        if not all(x.requires_grad for x in tensors):
            pytest.skip("no gradient by whole numbers")
        sums = (run(*tensors) * np.arange(1.0, 1 + np.prod((BATCH, *sample.out))).reshape(BATCH, *sample.out)).sum()
        grads = [g.array for g in gradients(sums, [*tensors, *layer.trainable_weights])]
        found.append(grads + layer.get_weights())
        layer.set_weights(before)
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


@each_layer
def test_without_recording_the_values_are_the_same(sample):
    """LAY-15."""
    layer = built(sample)
    expected = rewound(layer)(sample.input(), training=True).array
    with no_grad():
        out = rewound(layer)(sample.input(), training=True)
    assert out.node is None
    np.testing.assert_array_equal(out.array, expected)


@each_layer
def test_the_words_of_a_layer_tell_of_all_its_arguments(sample):
    """PKG-16: reference pages are made of them."""
    cls = type(sample.make())
    own = [name for name in inspect.signature(cls.__init__).parameters if name not in ("self", "kwargs", "args", "name")]
    words = inspect.getdoc(cls) or ""
    missing = [name for name in own if cls.__init__ is not layers.Layer.__init__ and not re.search(rf"\b{name}\b", words)]
    assert missing == []
    assert "Shapes: " in words
