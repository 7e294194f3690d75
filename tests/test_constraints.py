"""Projections of weights: by formulas in NumPy and by hand, under laws that each of them obeys, and when they are applied."""

import copy
import inspect
import json
import math
import pickle
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_edu import Tensor, constraints
from tinygrad_edu.constraints import Constraint, MaxNorm, MinMaxNorm, NonNeg, UnitNorm
from tinygrad_edu.constraints import _registry as registry
from tinygrad_edu.layers import BatchNormalization, Dense, Embedding
from tinygrad_edu.models import Sequential
from tinygrad_edu.optimizers import SGD, Adam
from tinygrad_edu.registry import custom_object_scope

EPSILON = 1e-7


def norm(w, axis=0):
    return np.sqrt((w**2).sum(axis=axis, keepdims=True))


#  name            constraints and their formulas
CONSTRAINTS = {
    "max_norm": [
        (MaxNorm(), lambda w: w * np.clip(norm(w), 0, 2) / (EPSILON + norm(w))),
        (MaxNorm(0.5, axis=1), lambda w: w * np.clip(norm(w, 1), 0, 0.5) / (EPSILON + norm(w, 1))),
        (MaxNorm(1.0, axis=[0, 1]), lambda w: w * np.clip(norm(w, (0, 1)), 0, 1) / (EPSILON + norm(w, (0, 1)))),
        (MaxNorm(1.0, axis=None), lambda w: w * min(np.linalg.norm(w), 1) / (EPSILON + np.linalg.norm(w))),
    ],
    "non_neg": [(NonNeg(), lambda w: w * (w > 0))],
    "unit_norm": [
        (UnitNorm(), lambda w: w / (EPSILON + norm(w))),
        (UnitNorm(axis=-1), lambda w: w / (EPSILON + norm(w, -1))),
    ],
    "min_max_norm": [
        (MinMaxNorm(), lambda w: w * np.clip(norm(w), 0, 1) / (EPSILON + norm(w))),
        (
            MinMaxNorm(0.5, 2, rate=0.25, axis=1),
            lambda w: w * (0.25 * np.clip(norm(w, 1), 0.5, 2) + 0.75 * norm(w, 1)) / (EPSILON + norm(w, 1)),
        ),
    ],
}
ALL = [pytest.param(c, formula, id=repr(c)) for cases in CONSTRAINTS.values() for c, formula in cases]
each_constraint = pytest.mark.parametrize(("constraint", "formula"), ALL)
W = np.array([[3.0, 0.3, 0.0], [-4.0, 0.4, 0.0]])


def test_every_constraint_has_a_sample():
    """CON-01 to CON-04: what is registered is tested."""
    assert sorted(registry) == sorted(CONSTRAINTS)
    for name, cases in CONSTRAINTS.items():
        assert type(constraints.get(name)) is type(cases[0][0]) is getattr(constraints, name)


@each_constraint
@given(w=hnp.arrays(float, hnp.array_shapes(min_dims=2, max_dims=3), elements=st.floats(-9, 9)))
def test_a_projection_is_its_formula_on_arrays_and_tensors(constraint, formula, w):
    """CON-01, CON-02, CON-03, CON-04."""
    np.testing.assert_allclose(constraint(w), formula(w), rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(constraint(Tensor(w)).numpy(), constraint(w))


@each_constraint
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("shape", [(2, 3), (0, 3), (3, 0), (0, 0)], ids=str)
def test_shape_and_dtype_stay_and_zeros_too(constraint, formula, dtype, shape):
    """CON-01, CON-02, CON-03, CON-04: an all-zero column stays zero."""
    w = constraint(Tensor(np.zeros(shape, dtype)))
    assert w.shape == shape and w.dtype == dtype and (w.numpy() == 0).all()


@each_constraint
def test_a_projection_is_not_recorded(constraint, formula):
    """CON-05: it takes no part in the loss."""
    assert not constraint(Tensor(W)).requires_grad


@each_constraint
def test_a_projection_of_a_projection_changes_nothing(constraint, formula):
    """CON-01, CON-02, CON-03, CON-04: but for ε; where the bound is only approached, the rest of the way grows shorter."""
    once = constraint(W)
    if getattr(constraint, "rate", 1) < 1:
        assert np.abs(constraint(once) - once).max() < np.abs(once - W).max()
    else:
        np.testing.assert_allclose(constraint(once), once, rtol=1e-6)


@each_constraint
def test_a_config_makes_the_same_constraint_again(constraint, formula):
    """CON-01 to CON-04: by the class and by the registry, through JSON, and in a layer."""
    config = json.loads(json.dumps(constraint.get_config()))
    written = json.loads(json.dumps(constraints.serialize(constraint)))
    assert written == {"class_name": type(constraint).__name__, "config": config}
    layer = Dense(2, kernel_constraint=constraint)
    in_layer = Dense.from_config(json.loads(json.dumps(layer.get_config()))).kernel_constraint
    for again in (type(constraint).from_config(config), constraints.deserialize(written), constraints.get(written), in_layer):
        assert type(again) is type(constraint) and again.get_config() == constraint.get_config()
        np.testing.assert_array_equal(again(W), constraint(W))


@each_constraint
def test_the_repr_makes_it_again_and_copies_are_like_it(constraint, formula):
    """CON-01 to CON-04."""
    makes = eval(repr(constraint), vars(constraints)), copy.deepcopy(constraint), pickle.loads(pickle.dumps(constraint))
    for again in makes:
        assert type(again) is type(constraint) and again.get_config() == constraint.get_config()


@each_constraint
def test_its_words_tell_of_all_its_arguments(constraint, formula):
    """CON-01 to CON-04: reference pages are made of them."""
    cls = type(constraint)
    words = inspect.getdoc(cls)
    assert [name for name in inspect.signature(cls).parameters if not re.search(rf"\b{name}\b", words)] == []


# Single ones -------------------------------------------------------------------------------------------


def test_by_hand():
    """CON-01, CON-02, CON-03, CON-04: columns of length 5, 0.5 and 0."""
    expected = {
        MaxNorm(1.0): [[0.6, 0.3, 0], [-0.8, 0.4, 0]],
        NonNeg(): [[3, 0.3, 0], [0, 0.4, 0]],
        UnitNorm(): [[0.6, 0.6, 0], [-0.8, 0.8, 0]],
        MinMaxNorm(1, 2): [[1.2, 0.6, 0], [-1.6, 0.8, 0]],
        MinMaxNorm(1, 2, rate=0.5): [[2.1, 0.45, 0], [-2.8, 0.6, 0]],
    }
    for constraint, projected in expected.items():
        np.testing.assert_allclose(constraint(W), projected, rtol=1e-6)


def test_a_filter_of_a_convolution_is_one_vector():
    """CON-01: `axis=[0, 1, 2]` for (rows, columns, channels in, filters)."""
    kernel = np.random.default_rng(0).normal(size=(3, 3, 2, 4)) * [0.01, 1, 10, 100]
    projected = MaxNorm(1.0, axis=[0, 1, 2])(kernel)
    np.testing.assert_allclose(norm(projected, (0, 1, 2)).ravel(), np.minimum(norm(kernel, (0, 1, 2)).ravel(), 1), rtol=1e-5)


@pytest.mark.parametrize("axis", [[0, 1], (0, 1), np.array([0, 1]), [np.int64(0), 1]], ids=repr)
def test_axes_are_whole_numbers_of_any_make(axis):
    """CON-01."""
    assert MaxNorm(axis=axis).get_config() == {"max_value": 2, "axis": [0, 1]}
    assert MaxNorm(3, np.int64(1)).get_config() == {"max_value": 3, "axis": 1}


@pytest.mark.parametrize(
    "spelling", [lambda: constraints.max_norm(3), lambda: constraints.max_norm(m=3), lambda: MaxNorm(max_value=3)]
)
def test_legacy_spellings_of_the_maximum(spelling):
    """CON-01: by position and as `m`."""
    assert spelling().get_config() == {"max_value": 3, "axis": 0}


@pytest.mark.parametrize(
    ("name", "cls"),
    [("max_norm", MaxNorm), ("maxnorm", MaxNorm), ("MaxNorm", MaxNorm), ("non_neg", NonNeg), ("nonneg", NonNeg),
     ("NonNeg", NonNeg), ("unit_norm", UnitNorm), ("unitnorm", UnitNorm), ("UnitNorm", UnitNorm),
     ("min_max_norm", MinMaxNorm), ("minmaxnorm", MinMaxNorm), ("MinMaxNorm", MinMaxNorm)],
)  # fmt: skip
def test_names_old_and_new(name, cls):
    """CON-01, CON-02, CON-03, CON-04."""
    assert type(constraints.get(name)) is cls
    assert getattr(constraints, name) is cls  # as scripts import it


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: MaxNorm(-1), ValueError, "MaxNorm expects max_value >= 0, got -1"),
        (lambda: MaxNorm(math.nan), ValueError, "MaxNorm expects max_value >= 0, got nan"),
        (lambda: MaxNorm("a"), TypeError, "MaxNorm expects max_value to be a number >= 0, got 'a'"),
        (lambda: MaxNorm(axis=1.5), TypeError, "MaxNorm expects axis to be a whole number, several of them, or None, got 1.5"),
        (lambda: UnitNorm(axis=[0, "b"]), TypeError, "UnitNorm expects axis to be a whole number"),
        (lambda: MinMaxNorm(2, 1), ValueError, "MinMaxNorm expects min_value <= max_value, got 2 > 1"),
        (lambda: MinMaxNorm(rate=1.5), ValueError, r"MinMaxNorm expects rate in \[0, 1\], got 1.5"),
        (lambda: MaxNorm(axis=2)(W), ValueError, "axis 2 is out of bounds"),
    ],
)
def test_wrong_arguments_are_named(make, error, words):
    """CON-01, CON-03, CON-04."""
    with pytest.raises(error, match=words):
        make()


def test_a_bound_may_be_on_one_side_only():
    """CON-04: at least 1."""
    np.testing.assert_allclose(norm(MinMaxNorm(1, math.inf)(W[:, :2])), [[5, 1]], rtol=1e-6)


# When they are applied ---------------------------------------------------------------------------------


def moved(constraint, steps=1, optimizer=None, **settings):
    """The kernel (3, 4)ᵀ, whose loss is its sum, after steps of gradient 1."""
    model = Sequential([Dense(1, use_bias=False, kernel_constraint=constraint, input_dim=2, **settings)])
    model.layers[0].set_weights([[[3.0], [4.0]]])
    model.compile(optimizer or SGD(1.0), lambda y, p: p)
    if steps:
        model.fit(np.ones((1, 2)), np.zeros((1, 1)), epochs=steps, verbose=0)
    return model.get_weights()[0].ravel()


def test_a_kernel_is_projected_after_the_update():
    """CON-05: (3, 4) - (1, 1) has the length √13; and so after every step."""
    np.testing.assert_allclose(moved(MaxNorm(1.0)), np.array([2, 3]) / np.sqrt(13), rtol=1e-6)
    twice = np.array([2, 3]) / np.sqrt(13) - 1
    np.testing.assert_allclose(moved(MaxNorm(1.0), 2), twice / max(np.linalg.norm(twice), 1), rtol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(moved(UnitNorm(), 3, Adam(0.1))), 1, rtol=1e-6)


def test_first_weights_are_not_projected():
    """CON-05: neither by building nor by a prediction."""
    np.testing.assert_array_equal(moved(MaxNorm(1.0), steps=0), [3, 4])
    layer = Dense(2, kernel_initializer="ones", kernel_constraint=lambda w: w * 0)
    assert layer(np.ones((1, 3))).tolist() == [[3, 3]]


def test_a_frozen_weight_is_not_projected():
    """CON-05."""
    model = Sequential([Dense(2, kernel_constraint=lambda w: w * 0, kernel_initializer="ones", input_dim=1), Dense(1)])
    model.layers[0].trainable = False
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 1)), np.ones(4), verbose=0)
    assert model.layers[0].get_weights()[0].tolist() == [[1, 1]]


def test_a_constraint_is_no_part_of_the_loss():
    """CON-05."""
    model = Sequential([Dense(1, kernel_constraint=MaxNorm(1.0), kernel_initializer="ones", input_dim=2)])
    model.compile("sgd", "mse")
    assert model.losses == [] and model.evaluate(np.ones((1, 2)), np.zeros(1), verbose=0) == 4


def test_every_weight_may_have_a_constraint():
    """CON-05: kernels, biases, embeddings, scales and shifts."""
    layers = {
        Dense(2, bias_constraint=lambda w: w * 0 + 3): ("bias", (None, 2)),
        Embedding(3, 2, embeddings_constraint=lambda w: w * 0 + 3): ("embeddings", (None, 2)),
        BatchNormalization(gamma_constraint=lambda w: w * 0 + 3): ("gamma", (None, 2)),
        BatchNormalization(beta_constraint=lambda w: w * 0 + 3): ("beta", (None, 2)),
    }
    for layer, (name, shape) in layers.items():
        layer.build(shape)
        weight = getattr(layer, name)
        SGD().apply([np.ones(weight.shape)], [weight])
        assert (weight.numpy() == 3).all()


# Names, and those of one's own -------------------------------------------------------------------------


class Halved(Constraint):
    def __init__(self, parts=2):
        self.parts = parts

    def __call__(self, w):
        return w / self.parts


def ones(w):
    return 0.0 * w + 1.0


@pytest.mark.parametrize(
    ("constraint", "expected"),
    [(lambda w: 0.0 * w + 1.0, [1, 1]), (ones, [1, 1]), (Halved(), [1, 1.5]), (Halved, [1, 1.5]), (Constraint(), [2, 3])],
    ids=["lambda", "function", "object", "class", "none"],
)
def test_a_constraint_may_be_any_function_of_the_weight(constraint, expected):
    """CON-06: the base class leaves it as it is."""
    assert moved(constraint).tolist() == expected


def test_constraints_of_ones_own_are_written_down():
    """CON-06: a class with its arguments, a function by its name."""
    for own in (Halved(4), ones):
        layer = Dense(1, kernel_constraint=own)
        with custom_object_scope({"Halved": Halved, "ones": ones}):
            again = Dense.from_config(json.loads(json.dumps(layer.get_config()))).kernel_constraint
        assert again is own or again.get_config() == own.get_config() == {"parts": 4}


def test_get_takes_a_class_an_object_a_function_or_nothing():
    """CON-01, CON-06."""
    made = MaxNorm(3)
    assert constraints.get(made) is made and constraints.get(ones) is ones and constraints.get(None) is None
    with pytest.raises(ValueError, match=r"The constraint expects a known name, got 'max_nrm'.*'max_norm'"):
        constraints.get("max_nrm")
