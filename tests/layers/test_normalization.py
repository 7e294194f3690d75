"""BatchNormalization and its relatives: by formula in NumPy, in training, at inference, frozen."""

import warnings

import numpy as np
import pytest

from tinygrad_edu import as_tensor, backend, ops
from tinygrad_edu.calculus import gradients
from tinygrad_edu.graph import history, make_value
from tinygrad_edu.layers import (
    BatchNormalization,
    Dense,
    GroupNormalization,
    Input,
    LayerNormalization,
    RMSNormalization,
    UnitNormalization,
)
from tinygrad_edu.models import Model, Sequential
from tinygrad_edu.tensor import Tensor
from tinygrad_edu.testing import check_gradients

RANDOM = np.random.default_rng(5)
X = RANDOM.normal(3.0, 2.0, (8, 4))


def test_batch_normalization_by_hand():
    """REGL-04: batch mean 2 and variance 1; then gamma 3 and beta 10."""
    layer = BatchNormalization(
        epsilon=0.0, beta_initializer=lambda s, dtype: np.full(s, 10), gamma_initializer=lambda s, dtype: np.full(s, 3)
    )
    assert layer([[1.0], [3.0]], training=True).tolist() == [[7], [13]]


def test_training_uses_the_batch_and_moves_the_averages():
    """REGL-04, REGL-06: biased variance for both; moving ← 0.9 moving + 0.1 batch."""
    layer = BatchNormalization(momentum=0.9, epsilon=0.01, dtype="float64")
    mean, variance = np.zeros(4), np.ones(4)
    for _ in range(3):
        out = layer(X, training=True).numpy()
        np.testing.assert_allclose(out, (X - X.mean(0)) / np.sqrt(X.var(0) + 0.01), rtol=1e-10)
        mean, variance = 0.9 * mean + 0.1 * X.mean(0), 0.9 * variance + 0.1 * X.var(0)
    np.testing.assert_allclose(layer.moving_mean.numpy(), mean, rtol=1e-12)
    np.testing.assert_allclose(layer.moving_variance.numpy(), variance, rtol=1e-12)
    np.testing.assert_allclose(layer(X).numpy(), (X - mean) / np.sqrt(variance + 0.01), rtol=1e-10)


def test_a_feature_has_four_numbers_two_of_them_trained():
    """REGL-04: as the tutorial counts them."""
    layer = BatchNormalization()
    layer(X)
    assert [w.name for w in layer.weights] == ["gamma", "beta", "moving_mean", "moving_variance"]
    assert layer.trainable_weights == [layer.gamma, layer.beta] and layer.count_params() == 16
    for settings, names in (({"center": False}, ["gamma"]), ({"scale": False}, ["beta"])):
        layer = BatchNormalization(**settings)
        layer(X)
        assert [w.name for w in layer.trainable_weights] == names


AXES = {
    "last": (-1, (5,), (0, 1), (1, 1, 5)),
    "first": (1, (4,), (0, 2), (1, 4, 1)),
    "list of one": ([2], (5,), (0, 1), (1, 1, 5)),
    "two": ([1, 2], (1, 4, 5), (0,), (1, 4, 5)),
    "two from the end": ((-1, -2), (1, 4, 5), (0,), (1, 4, 5)),
    "NumPy": (np.array([1]), (4,), (0, 2), (1, 4, 1)),
}


@pytest.mark.parametrize(("axis", "shape", "reduced", "broadcast"), AXES.values(), ids=AXES)
def test_the_axis_may_be_a_number_or_a_list(axis, shape, reduced, broadcast):
    """REGL-05, D6: statistics over all other axes, parameters with 1 there."""
    x = RANDOM.normal(size=(6, 4, 5))
    layer = BatchNormalization(axis=axis, epsilon=0.0, momentum=0.0, dtype="float64")
    layer.build((None, 4, 5))
    assert {w.shape for w in layer.weights} == {shape}
    gamma, beta = RANDOM.normal(size=shape), RANDOM.normal(size=shape)
    layer.set_weights([gamma, beta, np.zeros(shape), np.ones(shape)])
    mean, std = x.mean(reduced, keepdims=True), x.std(reduced, keepdims=True)
    expected = (x - mean) / std * gamma.reshape(broadcast) + beta.reshape(broadcast)
    np.testing.assert_allclose(layer(x, training=True).numpy(), expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(layer(x).numpy(), expected, rtol=1e-9, atol=1e-12)


def test_batch_normalization_of_pixels_as_a_first_layer():
    """REGL-05: the tutorial's BatchNormalization(axis=[1, 2], input_shape=[28, 28])."""
    layer = BatchNormalization(axis=[1, 2], input_shape=[28, 28])
    assert Sequential([layer]).count_params() == 4 * 784 and layer.gamma.shape == (1, 28, 28)


@pytest.mark.parametrize("axis", [1.5, "last", [], [1, None], 3, [0, 7]], ids=repr)
def test_an_axis_that_is_none_is_refused(axis):
    """REGL-05."""
    with pytest.raises((TypeError, ValueError), match=r"BatchNormalization.*expects axis"):
        BatchNormalization(axis=axis)(X)


def test_the_gradient_flows_through_the_statistics_of_the_batch():
    """REGL-04: a shift of all samples changes nothing, so the gradients of a feature sum to 0."""
    layer, x = BatchNormalization(dtype="float64"), Tensor(X)
    out = layer(x, training=True)
    (g,) = gradients((out * RANDOM.normal(size=X.shape)).sum(), [x])
    np.testing.assert_allclose(g.numpy().sum(0), 0, atol=1e-12)
    check_gradients(lambda x: layer.call(x, training=True), X)


def test_a_frozen_layer_infers_even_in_fit():
    """REGL-07: running statistics, and nothing moves; a frozen model freezes its layers."""
    for frozen in (lambda model: setattr(model.layers[0], "trainable", False), lambda model: setattr(model, "trainable", False)):
        model = Sequential([BatchNormalization(input_dim=4), Dense(1)])
        model.compile("sgd", "mse")
        frozen(model)
        before = model.layers[0].get_weights()
        if model.trainable:
            with pytest.warns(UserWarning, match="trainable was changed"):
                model.fit(X, np.zeros(8), epochs=2, verbose=0)
        np.testing.assert_array_equal(model.layers[0](X, training=True).numpy(), model.layers[0](X).numpy())
        np.testing.assert_array_equal(before, model.layers[0].get_weights())


def test_fit_moves_the_averages_and_measuring_does_not():
    """REGL-04: evaluate, predict and validation leave them alone."""
    model = Sequential([Input((4,)), BatchNormalization(momentum=0.5), Dense(1)])
    model.compile("sgd", "mse")
    layer = model.layers[0]
    model.evaluate(X, np.zeros(8), verbose=0)
    model.predict(X)
    assert not layer.moving_mean.numpy().any()
    model.fit(X, np.zeros(8), batch_size=8, epochs=1, verbose=0, validation_data=(X + 5, np.zeros(8)))
    np.testing.assert_allclose(layer.moving_mean.numpy(), X.mean(0) / 2, rtol=1e-5)


def test_under_the_learning_phase_batches_count_but_averages_stay():
    """K-01."""
    layer = BatchNormalization(epsilon=0.0)
    model = Sequential([layer])
    with backend.learning_phase_scope(1):
        out = model.predict(X)
    np.testing.assert_allclose(out.mean(0), 0, atol=1e-5)
    assert not layer.moving_mean.numpy().any() and (layer.moving_variance.numpy() == 1).all()


def test_a_batch_of_one_gives_beta_and_a_warning_once():
    """REGL-08."""
    layer = BatchNormalization(beta_initializer="ones")
    with pytest.warns(UserWarning, match="more than one sample"):
        out = layer(X[:1], training=True)
    assert out.tolist() == [[1, 1, 1, 1]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        layer(X[:1], training=True)
        BatchNormalization()(X[:1])
        BatchNormalization()(X[:1, None].repeat(3, 1), training=True)


def test_steps_that_are_padding_do_not_count():
    """REGL-09: as if they were not there."""
    x = RANDOM.normal(size=(3, 5, 2))
    mask = np.array([[1, 1, 1, 0, 0], [1, 0, 0, 0, 0], [1, 1, 1, 1, 1]], bool)
    x[~mask] = 1e3
    given = as_tensor(x)
    given.mask = make_value(mask)
    layer = BatchNormalization(momentum=0.0, dtype="float64")
    out = layer(given, training=True)
    np.testing.assert_allclose(layer.moving_mean.numpy(), x[mask].mean(0), rtol=1e-12)
    np.testing.assert_allclose(layer.moving_variance.numpy(), x[mask].var(0), rtol=1e-12)
    np.testing.assert_allclose(out.numpy()[mask].mean(0), 0, atol=1e-12)
    np.testing.assert_array_equal(out.mask.numpy(), mask)


def test_statistics_of_half_floats_do_not_overflow():
    """REGL-04: 300² is beyond float16."""
    x = np.array([[-300.0], [300.0]], "float16")
    for cls, shaped in ((BatchNormalization, x), (LayerNormalization, x.T), (RMSNormalization, x.T)):
        out = cls(dtype="float16")(shaped, training=True)
        assert out.dtype == "float16" and np.abs(out.numpy()).tolist() == np.ones(shaped.shape).tolist()


@pytest.mark.parametrize("setting", [{"momentum": 1.5}, {"momentum": "x"}, {"epsilon": -1}], ids=repr)
def test_settings_out_of_range_are_refused(setting):
    """REGL-04."""
    with pytest.raises(ValueError, match=f"BatchNormalization expects {next(iter(setting))}"):
        BatchNormalization(**setting)


def test_another_number_of_features_is_refused():
    """LAY-11."""
    layer = BatchNormalization(name="bn")
    layer(X)
    with pytest.raises(ValueError, match=r"BatchNormalization 'bn' expects shape \(None, 4\), got \(8, 3\)"):
        layer(X[:, :3])
    with pytest.raises(ValueError, match="known lengths"):
        BatchNormalization().build((None, None))


def test_gamma_and_beta_have_regularizers_and_constraints():
    """REGL-04, REG-06: so does what else is learned."""
    layer = BatchNormalization(gamma_regularizer="l2", beta_constraint="non_neg")
    layer(X)
    assert [loss.item() for loss in layer.losses] == pytest.approx([0.04]) and layer.beta.constraint is not None
    assert BatchNormalization.from_config(layer.get_config()).gamma_regularizer.l2 == 0.01


@pytest.mark.parametrize("axis", [-1, 1, [1, 2]], ids=str)
def test_layer_normalization_is_of_each_sample(axis):
    """REGL-10: with ε = 0.001, the same in training and at inference."""
    x = RANDOM.normal(size=(6, 4, 5))
    axes = tuple(np.atleast_1d(axis))
    layer = LayerNormalization(axis=axis, dtype="float64")
    layer.build((None, 4, 5))
    shape = layer.gamma.shape
    assert shape == tuple(x.shape[a] for a in axes)
    gamma, beta = RANDOM.normal(size=shape), RANDOM.normal(size=shape)
    layer.set_weights([gamma, beta])
    placed = tuple(n if i in [a % 3 for a in axes] else 1 for i, n in enumerate(x.shape))
    expected = (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + 0.001)
    expected = expected * gamma.reshape(placed) + beta.reshape(placed)
    for training in (False, True):
        np.testing.assert_allclose(layer(x, training=training).numpy(), expected, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(layer(x[2:3]).numpy(), expected[2:3], rtol=1e-10, atol=1e-12)


def test_group_normalization_is_within_groups_of_channels():
    """REGL-11."""
    x = RANDOM.normal(size=(3, 5, 6))
    parts = x.reshape(3, 5, 2, 3)
    mean, var = parts.mean((1, 3), keepdims=True), parts.var((1, 3), keepdims=True)
    expected = ((parts - mean) / np.sqrt(var + 1e-3)).reshape(x.shape)
    np.testing.assert_allclose(GroupNormalization(2, dtype="float64")(x).numpy(), expected, rtol=1e-10, atol=1e-12)
    with pytest.raises(ValueError, match="groups that divide 6 channels, got 4"):
        GroupNormalization(4)(x)


def test_rms_and_unit_normalization_by_formula():
    """REGL-11: a row of zeros stays 0."""
    x = np.array([[3.0, 4.0], [0.0, 0.0]])
    assert UnitNormalization(dtype="float64")(x).numpy() == pytest.approx(np.array([[0.6, 0.8], [0, 0]]))
    assert RMSNormalization(dtype="float64")(x).numpy() == pytest.approx(x / np.sqrt(12.5))


@pytest.mark.parametrize(
    "make",
    [BatchNormalization, lambda: BatchNormalization(axis=1), LayerNormalization, lambda: LayerNormalization(axis=[1, 2]),
     lambda: GroupNormalization(2)],
    ids=["batch", "batch, first", "layer", "layer, list", "group"],
)  # fmt: skip
def test_normalizing_is_one_step_of_the_graph(make):
    """REGL-04, REGL-10: mean, variance, scale and shift are one op, but for reshaping."""
    out = make()(Tensor(RANDOM.normal(size=(3, 2, 4))), training=True)
    steps = [node.op.name for node in history(out) if node.op and node.op.name not in ("reshape", "multiply", "add", "cast")]
    assert steps == ["scaled_normal"]


def test_a_model_that_normalizes_by_the_op_is_called_twice_before_going_back():
    """REGL-10: each call has statistics of its own; the config is plain data."""
    given = Input((4,))
    model = Model(given, ops.normalize(given))
    again = Model.from_config(model.get_config())
    first, second = Tensor(X.astype("float32")), Tensor(X[::-1].astype("float32") * 5)
    outs = [model(first), model(second)]
    np.testing.assert_array_equal(again(first), outs[0])
    for x, out in zip((first, second), outs):
        (found,) = gradients((out * X).sum(), [x])
        leaf = Tensor(x.array)
        (expected,) = gradients((ops.normalize(leaf) * X).sum(), [leaf])
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
