"""The table of backend functions: every one against NumPy or SciPy, on arrays and on Tensors, with its gradient."""

import numpy as np
import pytest
from scipy import special

from tinygrad_edu import Tensor, backend, losses
from tinygrad_edu.layers import Input
from tinygrad_edu.testing import check_gradients

K = backend

X = np.array([[0.3, -1.2, 2.1], [1.7, 0.4, -0.6]])
Y = np.array([[1.1, 0.2, -0.7], [0.5, 1.4, 0.9]])
P = np.array([[0.2, 0.7, 0.1], [0.5, 0.3, 0.2]])
LABELS = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
CUBE = np.arange(24.0).reshape(2, 3, 4)
BITS = np.array([[True, False, True], [False, False, True]])


def entropy(y, p):
    return -(y * np.log(p) + (1 - y) * np.log(1 - p))


def selu(x, alpha=1.0):
    return np.where(x > 0, x, alpha * (np.exp(x) - 1))


# name: [(function of x, the same in NumPy), x], with a gradient
SMOOTH = {
    "abs": (K.abs, np.abs, X),
    "cos": (K.cos, np.cos, X),
    "exp": (K.exp, np.exp, X),
    "log": (K.log, np.log, P),
    "logsumexp": (lambda x: K.logsumexp(x, axis=1), lambda x: special.logsumexp(x, axis=1), X),
    "max": (lambda x: K.max(x, axis=-1, keepdims=True), lambda x: x.max(-1, keepdims=True), X),
    "maximum": (lambda x: K.maximum(x, Y), lambda x: np.maximum(x, Y), X),
    "mean": (lambda x: K.mean(x, axis=(0, 1)), np.mean, X),
    "min": (lambda x: K.min(x, 0), lambda x: x.min(0), X),
    "minimum": (lambda x: K.minimum(x, 0.35), lambda x: np.minimum(x, 0.35), X),
    "prod": (K.prod, np.prod, X),
    "reshape": (lambda x: K.reshape(x, (3, -1)), lambda x: x.reshape(3, 2), X),
    "sin": (K.sin, np.sin, X),
    "sqrt": (K.sqrt, np.sqrt, P),
    "square": (K.square, np.square, X),
    "squeeze": (lambda x: K.squeeze(x[None], 0), lambda x: x, X),
    "stack": (lambda x: K.stack([x, x], axis=1), lambda x: np.stack([x, x], 1), X),
    "std": (lambda x: K.std(x, axis=1), lambda x: x.std(1), X),
    "sum": (lambda x: K.sum(x, axis=1, keepdims=True), lambda x: x.sum(1, keepdims=True), X),
    "transpose": (K.transpose, np.transpose, X),
    "var": (lambda x: K.var(x, axis=0), lambda x: x.var(0), X),
    "dot": (lambda x: K.dot(x, Y.T), lambda x: x @ Y.T, X),
    "elu": (lambda x: K.elu(x, 0.7), lambda x: selu(x, 0.7), X),
    "hard_sigmoid": (K.hard_sigmoid, lambda x: np.clip(x / 6 + 0.5, 0, 1), X),
    "relu": (lambda x: K.relu(x, alpha=0.1, max_value=2), lambda x: np.where(x > 0, np.minimum(x, 2), 0.1 * x), X),
    "sigmoid": (K.sigmoid, special.expit, X),
    "softmax": (K.softmax, lambda x: special.softmax(x, -1), X),
    "softplus": (K.softplus, lambda x: np.log1p(np.exp(x)), X),
    "softsign": (K.softsign, lambda x: x / (1 + np.abs(x)), X),
    "tanh": (K.tanh, np.tanh, X),
    "clip": (lambda x: K.clip(x, min_value=-0.5, max_value=1), lambda x: np.clip(x, -0.5, 1), X),
    "cumprod": (K.cumprod, lambda x: x.cumprod(0), X),
    "cumsum": (lambda x: K.cumsum(x, axis=1), lambda x: x.cumsum(1), X),
    "pow": (lambda x: K.pow(x, 3), lambda x: x**3, X),
    "bias_add": (lambda x: K.bias_add(x, Y[0]), lambda x: x + Y[0], X),
    "batch_normalization": (
        lambda x: K.batch_normalization(x, Y[0], Y[1] ** 2, Y[1], Y[0], epsilon=0.1),
        lambda x: (x - Y[0]) / np.sqrt(Y[1] ** 2 + 0.1) * Y[0] + Y[1], X,
    ),
    "resize_images": (lambda x: K.resize_images(x[None], 2, 1), lambda x: np.repeat(x[None], 2, 1), CUBE),
    "slice": (lambda x: K.slice(x, (0, 1, 2), (2, 1, -1)), lambda x: x[:, 1:2, 2:], CUBE),
    "spatial_2d_padding": (
        lambda x: K.spatial_2d_padding(x[None], ((1, 0), (0, 2))),
        lambda x: np.pad(x[None], ((0, 0), (1, 0), (0, 2), (0, 0))), CUBE,
    ),
    "temporal_padding": (lambda x: K.temporal_padding(x, (1, 2)), lambda x: np.pad(x, ((0, 0), (1, 2), (0, 0))), CUBE),
    "batch_dot": (lambda x: K.batch_dot(x, Y, axes=1), lambda x: (x * Y).sum(1, keepdims=True), X),
    "l2_normalize": (lambda x: K.l2_normalize(x, axis=1), lambda x: x / np.linalg.norm(x, axis=1, keepdims=True), X),
    "batch_flatten": (K.batch_flatten, lambda x: x.reshape(2, 12), CUBE),
    "concatenate": (lambda x: K.concatenate([x, x]), lambda x: np.concatenate([x, x], -1), X),
    "expand_dims": (K.expand_dims, lambda x: x[..., None], X),
    "flatten": (K.flatten, np.ravel, CUBE),
    "gather": (lambda x: K.gather(x, [1, 1, 0]), lambda x: x[[1, 1, 0]], X),
    "permute_dimensions": (lambda x: K.permute_dimensions(x, (1, 2, 0)), lambda x: x.transpose(1, 2, 0), CUBE),
    "repeat": (lambda x: K.repeat(x, 4), lambda x: np.stack([x] * 4, 1), X),
    "repeat_elements": (lambda x: K.repeat_elements(x, 2, axis=1), lambda x: np.repeat(x, 2, 1), X),
    "reverse": (lambda x: K.reverse(x, 1), lambda x: x[:, ::-1], X),
    "tile": (lambda x: K.tile(x, (1, 2)), lambda x: np.tile(x, (1, 2)), X),
    "cast": (lambda x: K.cast(x, "float64"), lambda x: x, X),
    "binary_crossentropy": (lambda p: K.binary_crossentropy(LABELS, p), lambda p: entropy(LABELS, p), P),
    "categorical_crossentropy": (
        lambda p: K.categorical_crossentropy(LABELS, p), lambda p: -np.log((LABELS * p).sum(1) / p.sum(1)), P,
    ),
    "sparse_categorical_crossentropy": (
        lambda z: K.sparse_categorical_crossentropy([2, 0], z, from_logits=True),
        lambda z: special.logsumexp(z, axis=1) - z[[0, 1], [2, 0]], X,
    ),
    "foldl": (lambda x: K.foldl(lambda a, b: a * b, x), lambda x: x[0] * x[1], X),
    "foldr": (lambda x: K.foldr(lambda a, b: a - b, x, 0.0), lambda x: -x[0] - x[1], X),
    "identity": (K.identity, lambda x: x, X),
    "in_test_phase": (lambda x: K.in_test_phase(x, lambda: 1 / 0), lambda x: x, X),
    "in_train_phase": (lambda x: K.in_train_phase(x * 2, x, training=True), lambda x: x * 2, X),
    "map_fn": (lambda x: K.map_fn(lambda row: row * row, x), np.square, X),
    "print_tensor": (lambda x: K.print_tensor(x, "x is"), lambda x: x, X),
    "switch": (lambda x: K.switch(BITS, x, 3 * x), lambda x: np.where(BITS, x, 3 * x), X),
}  # fmt: skip

# name: what is computed, and what it is
PLAIN = {
    "all": lambda: (K.all(BITS, axis=0), BITS.all(0)),
    "any": lambda: (K.any(BITS), True),
    "equal": lambda: (K.equal(X, X.round()), X.round() == X),
    "greater": lambda: (K.greater(X, Y), X > Y),
    "greater_equal": lambda: (K.greater_equal(X, X), X >= X),
    "less": lambda: (K.less(X, Y), X < Y),
    "less_equal": lambda: (K.less_equal(X, Y), X <= Y),
    "not_equal": lambda: (K.not_equal(X, Y), X != Y),
    "round": lambda: (K.round(Tensor(X)), np.round(X)),
    "sign": lambda: (K.sign(Tensor(X)), np.sign(X)),
    "argmax": lambda: (K.argmax(Tensor(X)), X.argmax(-1)),
    "argmin": lambda: (K.argmin(X, axis=0), X.argmin(0)),
    "cast_to_floatx": lambda: (K.dtype(K.cast_to_floatx([1, 2])), "float32"),
    "count_params": lambda: (K.count_params(Tensor(CUBE)), 24),
    "dtype": lambda: ([K.dtype(Tensor(X)), K.dtype(BITS)], ["float64", "bool"]),
    "eval": lambda: (type(K.eval(Tensor(X))), np.ndarray),
    "get_variable_shape": lambda: (K.get_variable_shape(K.variable(CUBE)), (2, 3, 4)),
    "in_top_k": lambda: (K.in_top_k(P, [0, 1], 2), np.array([True, True])),
    "is_keras_tensor": lambda: ([K.is_keras_tensor(Input((2,))), K.is_keras_tensor(Tensor(X))], [True, False]),
    "random_binomial": lambda: (abs(K.random_binomial((9999,), 0.3, seed=1).mean().item() - 0.3) < 0.02, True),
    "random_normal_variable": lambda: (
        abs(K.random_normal_variable((9999,), mean=3, scale=2, seed=1).numpy().std() - 2) < 0.1, True,
    ),
    "random_uniform_variable": lambda: (np.ptp(K.random_uniform_variable((9999,), -1, high=1, seed=1).numpy()) > 1.99, True),
    "reset_uids": lambda: ([K.reset_uids(), K.get_uid("another_test")], [None, 1]),
    "int_shape": lambda: (K.int_shape(Tensor(CUBE)), (2, 3, 4)),
    "is_tensor": lambda: ([K.is_tensor(Tensor(X)), K.is_tensor(X)], [True, False]),
    "ndim": lambda: (K.ndim(Tensor(CUBE)), 3),
    "shape": lambda: (K.shape(Tensor(X)), (2, 3)),
    "arange": lambda: (K.arange(5), np.arange(5, dtype="int32")),
    "constant": lambda: (K.constant(3, shape=(2, 2)), np.full((2, 2), 3.0)),
    "eye": lambda: (K.eye(2), np.eye(2)),
    "one_hot": lambda: (K.one_hot([[2, 0]], 3), np.eye(3)[[[2, 0]]]),
    "ones": lambda: (K.ones((2, 3), "int32"), np.ones((2, 3))),
    "ones_like": lambda: (K.ones_like(Tensor(X)), np.ones((2, 3))),
    "variable": lambda: (K.variable([1, 2], name="v"), np.array([1.0, 2.0])),
    "zeros": lambda: (K.zeros((2, 3)), np.zeros((2, 3))),
    "zeros_like": lambda: (K.zeros_like(X), np.zeros((2, 3))),
    "dropout": lambda: (set(K.eval(K.dropout(np.ones((50, 50)), 0.5, seed=1)).flat), {0.0, 2.0}),
    "random_normal": lambda: (abs(np.asarray(K.random_normal((9999,), 3, 2, seed=1)).mean() - 3) < 0.1, True),
    "random_uniform": lambda: (np.ptp(K.random_uniform((9999,), -1, 1, seed=1)) > 1.99, True),
    "truncated_normal": lambda: (np.abs(K.truncated_normal((9999,), seed=1)).max() <= 2, True),
    "get_uid": lambda: (K.get_uid("a_test") + 1, K.get_uid("a_test")),
    "moving_average_update": lambda: (K.moving_average_update(K.variable([1.0, 1.0]), [3, 5], 0.5), np.array([2.0, 3.0])),
    "stop_gradient": lambda: (K.stop_gradient(Tensor(X)).requires_grad, False),
    "update": lambda: (K.update(K.variable([1.0]), [2]), np.array([2.0])),
    "update_add": lambda: (K.update_add(K.variable([1.0]), 2), np.array([3.0])),
    "update_sub": lambda: (K.update_sub(K.variable([1.0]), [2]), np.array([-1.0])),
}


def test_every_function_of_the_table_is_tested():
    """K-06: one without a line here fails."""
    assert sorted([*SMOOTH, *PLAIN]) == sorted(backend.FUNCTIONS)


@pytest.mark.parametrize(("function", "oracle", "x"), SMOOTH.values(), ids=SMOOTH)
def test_a_function_gives_what_numpy_gives_on_arrays_and_on_tensors(function, oracle, x, capsys):
    """K-06."""
    for given in (x, Tensor(x)):
        np.testing.assert_allclose(np.asarray(function(given)), oracle(x), rtol=1e-6)
    assert isinstance(function(Tensor(x)), Tensor)


@pytest.mark.parametrize(("function", "oracle", "x"), SMOOTH.values(), ids=SMOOTH)
def test_gradients_flow_through(function, oracle, x, capsys):
    """K-06."""
    check_gradients(function, x)


@pytest.mark.parametrize("told", PLAIN.values(), ids=PLAIN)
def test_a_function_without_a_gradient_tells_the_truth(told):
    """K-06."""
    found, expected = told()
    if isinstance(expected, np.ndarray):
        np.testing.assert_array_equal(np.asarray(found), expected)
    else:
        assert found == expected


@pytest.mark.parametrize("name", backend.FUNCTIONS)
def test_functions_are_called_what_they_are_called(name):
    """K-06: in tracebacks, and in pictures."""
    assert getattr(K, name) is backend.FUNCTIONS[name]
    assert "lambda" not in backend.FUNCTIONS[name].__name__ and name in K.__all__


def test_a_loss_a_penalty_and_a_metric_of_ones_own_train_a_model():
    """K-06: as the tutorials write them."""
    import tinygrad_edu as keras

    def huber_fn(y_true, y_pred):
        error = y_true - y_pred
        is_small_error = K.abs(error) < 1
        return K.switch(is_small_error, K.square(error) / 2, K.abs(error) - 0.5)

    model = keras.Sequential([keras.layers.Dense(1, input_dim=3, kernel_regularizer=lambda w: 0.01 * K.sum(K.abs(w)))])
    model.compile("sgd", huber_fn, [lambda y, p: K.mean(K.equal(K.round(y), K.round(p)))])
    losses_seen = model.fit(X, X.sum(1), epochs=30, verbose=0).history["loss"]
    assert losses_seen[-1] < losses_seen[0]


def test_the_entropies_of_a_sigmoid_keep_their_gradient_where_it_saturates():
    """K-06, D30: the logit is taken, not the rounded probability."""
    z = Tensor([[40.0]])
    K.binary_crossentropy(np.array([[0.0]]), K.sigmoid(z)).sum().backward()
    assert z.grad.item() == pytest.approx(1)
    assert K.binary_crossentropy(LABELS, P).shape == (2, 3)
    assert losses.binary_crossentropy(LABELS, P).shape == (2,)


def test_a_switch_on_one_truth_calls_only_what_it_needs():
    """K-06."""
    assert K.switch(True, lambda: 3, lambda: 1 / 0) == 3
    assert K.switch(Tensor(X).sum() < 0, lambda: 1 / 0, 4) == 4
    np.testing.assert_array_equal(K.switch([True, False], X, Y), np.stack([X[0], Y[1]]))


def test_the_phase_chooses():
    """K-01, K-02."""
    assert K.in_train_phase(1, 2) == 2
    with K.learning_phase_scope(1):
        assert K.in_train_phase(lambda: 1, lambda: 1 / 0) == 1 and K.in_test_phase(1, 2) == 2


def test_a_reduction_takes_a_list_of_axes():
    """K-06: as TensorFlow does, which scripts for it rely on."""
    for function, oracle in ((K.sum, np.sum), (K.max, np.max), (K.mean, np.mean), (K.std, np.std)):
        np.testing.assert_allclose(function(CUBE, axis=[1, -1]), oracle(CUBE, axis=(1, 2)))
    np.testing.assert_allclose(K.logsumexp(CUBE, [0, 2]), special.logsumexp(CUBE, axis=(0, 2)))


def test_the_square_root_of_what_is_below_0_is_0():
    """K-06: so that rounding below 0 makes no nan; sqrt of `ops` is NumPy's."""
    np.testing.assert_array_equal(K.sqrt(Tensor([-1e-9, 4.0])).numpy(), [0.0, 2.0])


def test_a_variable_may_hold_whole_numbers_and_truth_values():
    """K-06: it is not trained then."""
    numbers = K.variable([2, 0], dtype="int32")
    assert (numbers.dtype, numbers.trainable, K.variable([True], dtype="bool").dtype) == ("int32", False, "bool")
    np.testing.assert_array_equal(K.gather(X.T, numbers), X.T[[2, 0]])
    np.testing.assert_array_equal(K.one_hot(numbers, 3), np.eye(3)[[2, 0]])


def test_a_stopped_list_is_a_list():
    """K-06."""
    assert [x.requires_grad for x in K.stop_gradient([Tensor(X), Tensor(Y)])] == [False, False]


def test_what_does_not_fit_is_refused():
    """K-06."""
    with pytest.raises(ValueError, match="slice expects a start and a size for each of 2 axes"):
        K.slice(X, (0,), (2, 1))
    with pytest.raises(ValueError, match="is_keras_tensor expects a Tensor or a symbol, got ndarray"):
        K.is_keras_tensor(X)


def test_the_backend_has_a_name():
    """K-04: scripts ask for it."""
    assert backend.backend() == "tinygrad_edu"


def test_a_constant_takes_the_shape_that_is_asked_for():
    """K-06: its numbers in their order, or one everywhere; as many as there is room for."""
    np.testing.assert_array_equal(K.constant([1, 2, 3, 4], shape=(2, 2)).numpy(), [[1, 2], [3, 4]])
    np.testing.assert_array_equal(K.constant(7, shape=(1, 2), dtype="int32").numpy(), [[7, 7]])
    with pytest.raises(ValueError, match="reshape"):
        K.constant([1, 2, 3], shape=(2, 3))


def test_a_symbol_has_a_dtype():
    """K-06: it is known before there are numbers."""
    assert backend.dtype(Input((2,), dtype="int32")) == "int32" and backend.dtype([1.0]) == "float64"
