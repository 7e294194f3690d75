"""Legacy spellings: one table, every line of it in use, and a hint for what nobody knows."""

import inspect

import numpy as np
import pytest

from tinygrad_edu import activations, compat, constraints, initializers, losses, regularizers
from tinygrad_edu.callbacks import ReduceLROnPlateau
from tinygrad_edu.layers import (
    Activation,
    BatchNormalization,
    Concatenate,
    Dense,
    Dropout,
    Embedding,
    GaussianNoise,
    Input,
    LeakyReLU,
    PReLU,
    Reshape,
)  # fmt: skip
from tinygrad_edu.models import Model, Sequential
from tinygrad_edu.optimizers import SGD

X, Y = np.zeros((4, 2)), np.zeros(4)
IN = Input(shape=(2,))
OUT = Dense(1)(IN)


def compiled(**settings):
    model = Sequential([Dense(1, input_dim=2)])
    model.compile(**{"optimizer": "sgd", "loss": "mse", **settings})
    return model


USES = {
    ("optimizer", "lr"): lambda: SGD(lr=0.5).learning_rate == 0.5,
    ("reduce_lr_on_plateau", "epsilon"): lambda: ReduceLROnPlateau(epsilon=0.5).min_delta == 0.5,
    ("fit", "nb_epoch"): lambda: compiled().fit(X, Y, nb_epoch=3, verbose=0).epoch == [0, 1, 2],
    ("model", "input"): lambda: Model(input=IN, outputs=OUT).inputs[0] is IN,
    ("model", "output"): lambda: Model(inputs=IN, output=OUT).outputs[0] is OUT,
    ("dense", "output_dim"): lambda: Dense(output_dim=3).units == 3,
    ("relu", "alpha"): lambda: activations.relu(-2.0, alpha=0.5) == activations.leaky_relu(-2.0, alpha=0.5) == -1,
    ("max_norm", "m"): lambda: constraints.max_norm(m=3).max_value == 3,
    ("l1", "l"): lambda: regularizers.l1(l=0.5).l1 == 0.5,
    ("l2", "l"): lambda: regularizers.l2(l=0.5).l2 == 0.5,
    ("dense", "bias"): lambda: Dense(1, bias=False).use_bias is False,
    ("dense", "W_regularizer"): lambda: Dense(1, W_regularizer="l2").kernel_regularizer.l2 == 0.01,
    ("dense", "b_regularizer"): lambda: Dense(1, b_regularizer="l2").bias_regularizer.l2 == 0.01,
    ("dense", "W_constraint"): lambda: Dense(1, W_constraint="max_norm").kernel_constraint.max_value == 2,
    ("dense", "b_constraint"): lambda: Dense(1, b_constraint="max_norm").bias_constraint.max_value == 2,
    ("embedding", "init"): lambda: Embedding(2, 3, init="ones")([[1]]).tolist() == [[[1, 1, 1]]],
    ("embedding", "W_regularizer"): lambda: Embedding(2, 3, W_regularizer="l2").embeddings_regularizer.l2 == 0.01,
    ("embedding", "W_constraint"): lambda: Embedding(2, 3, W_constraint="max_norm").embeddings_constraint.max_value == 2,
    ("leaky_relu", "alpha"): lambda: LeakyReLU(alpha=0.5)([[-2.0]]).tolist() == [[-1]],
    ("p_re_lu", "init"): lambda: PReLU(init="ones")([[-2.0]]).tolist() == [[-2]],
    ("dropout", "p"): lambda: Dropout(p=0.25).rate == 0.25,
    ("gaussian_noise", "sigma"): lambda: GaussianNoise(sigma=2).stddev == 2,
    ("batch_normalization", "gamma_init"): lambda: BatchNormalization(gamma_init="zeros")([[3.0]]).tolist() == [[0]],
    ("batch_normalization", "beta_init"): lambda: BatchNormalization(beta_init="ones", scale=False)([[0.0]]).tolist() == [[1]],
    ("reshape", "dims"): lambda: Reshape(dims=(1, 2)).target_shape == (1, 2),
    ("concatenate", "concat_axis"): lambda: Concatenate(concat_axis=1).axis == 1,
    ("dense", "init"): lambda: (Dense(1, init="ones", input_dim=2)(X).array == X.sum(1, keepdims=True)).all(),
}


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind in compat.SPELLINGS for name in compat.SPELLINGS[kind]])
def test_every_spelling_of_the_table_is_understood_where_it_was_used(kind, name):
    """OPT-03, FIT-01, CORE-03. A spelling without a line in USES fails: no entry without a user."""
    assert USES[kind, name]()


def test_legacy_keywords_are_taken_out_under_their_names_of_today():
    """OPT-03."""
    given = {"lr": 0.1, "name": "x"}
    assert compat.take("optimizer", given) == {"learning_rate": 0.1}
    assert given == {"name": "x"}
    assert compat.take("optimizer", given) == {}


@pytest.mark.parametrize(
    "call",
    [lambda: activations.relu(X, negative_slope=0.1, alpha=0.1), lambda: regularizers.l1(0.1, l=0.2)],
    ids=["by name", "by place"],
)
def test_an_argument_in_two_spellings_is_refused(call):
    """ACT-04, REG-01."""
    with pytest.raises(TypeError, match=r"relu\(\) expects negative_slope once, got alpha too|multiple values for argument 'l1'"):
        call()


def test_the_signature_of_what_understands_legacy_keywords_is_that_of_today():
    """ACT-04, REG-01."""
    assert list(inspect.signature(activations.relu).parameters) == ["x", "negative_slope", "max_value", "threshold"]
    assert regularizers.L1(l=0.3).get_config() == {"l1": 0.3}


UNKNOWN = {
    "optimizer-learning_rate": (lambda: SGD(learning_rat=0.1), "learning_rat", "learning_rate"),
    "optimizer-momentum": (lambda: SGD(momentun=0.9), "momentun", "momentum"),
    "dense-activation": (lambda: Dense(3, activaton="relu"), "activaton", "activation"),
    "dense-kernel_initializer": (lambda: Dense(3, kernel_initialiser="zeros"), "kernel_initialiser", "kernel_initializer"),
    "dense-input_dim": (lambda: Dense(3, input_dims=2), "input_dims", "input_dim"),
    "activation-name": (lambda: Activation("relu", nam="x"), "nam", "name"),
    "sequential-name": (lambda: Sequential(nam="x"), "nam", "name"),
    "fit-epochs": (lambda: compiled().fit(X, Y, epoch=3), "epoch", "epochs"),
    "fit-callbacks": (lambda: compiled().fit(X, Y, callback=[]), "callback", "callbacks"),
    "fit-validation_split": (lambda: compiled().fit(X, Y, validation_spilt=0.5), "validation_spilt", "validation_split"),
    "compile-optimizer": (lambda: compiled(optimiser="sgd"), "optimiser", "optimizer"),
}


@pytest.mark.parametrize(("call", "wrong", "meant"), UNKNOWN.values(), ids=UNKNOWN)
def test_an_unknown_keyword_is_an_error_with_a_hint(call, wrong, meant):
    """PKG-16, FIT-01."""
    with pytest.raises(TypeError, match=f"expects no keyword '{wrong}'.*Did you mean '{meant}'"):
        call()


@pytest.mark.parametrize(
    ("cls", "wrong"),
    [
        (initializers.RandomUniform, "max_val"),
        (initializers.HeUniform, "sed"),
        (losses.BinaryCrossentropy, "from_logit"),
        (losses.MeanSquaredError, "reductions"),
    ],
)
def test_an_unknown_keyword_names_the_class_that_was_asked(cls, wrong):
    """PKG-16."""
    with pytest.raises(TypeError, match=f"{cls.__name__}.*'{wrong}'"):
        cls(**{wrong: 1})


@pytest.mark.parametrize("rate", [{"learning_rate": 0.1, "lr": 0.2}, {"learning_rate": 0.2, "lr": 0.1}])
def test_two_spellings_that_disagree_are_refused(rate):
    """OPT-03: neither is ignored."""
    with pytest.raises((TypeError, ValueError), match="lr"):
        SGD(**rate)


SHAPES = {
    "input_dim": ({"input_dim": 5}, (5,)),
    "NumPy number": ({"input_dim": np.int64(5)}, (5,)),
    "tuple": ({"input_shape": (28, 28)}, (28, 28)),
    "list": ({"input_shape": [8]}, (8,)),
    "shape of an array": ({"input_shape": np.zeros((9, 3, 4)).shape[1:]}, (3, 4)),
    "array": ({"input_shape": np.array([3, 4])}, (3, 4)),
    "open length": ({"input_shape": (None, 4)}, (None, 4)),
    "batch_input_shape": ({"batch_input_shape": (None, 5)}, (5,)),
    "none": ({}, None),
}


@pytest.mark.parametrize(("given", "shape"), SHAPES.values(), ids=SHAPES)
def test_input_shape_of_takes_every_spelling(given, shape):
    """LAY-04, PKG-15."""
    rest = {**given, "name": "a"}
    assert compat.input_shape_of(rest) == shape
    assert rest == {"name": "a"}


def test_a_bare_number_is_no_shape():
    """PKG-15."""
    with pytest.raises(ValueError, match=r"sequence.*got 5.*input_shape=\(5,\)"):
        compat.input_shape_of({"input_shape": 5})


@pytest.mark.parametrize("given", [{"input_dim": 2.5}, {"input_dim": -5}, {"input_dim": 0}, {"input_shape": (3, -1)}], ids=str)
def test_a_length_that_is_no_whole_number_above_zero_is_refused(given):
    """LAY-04, PKG-15: nothing is rounded silently."""
    with pytest.raises((TypeError, ValueError), match="expects"):
        compat.input_shape_of(given)
