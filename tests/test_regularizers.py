"""Penalties: by formulas in NumPy and by hand, under laws that each of them obeys, and where they are added."""

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

from tinygrad_edu import Tensor, ops, regularizers
from tinygrad_edu.calculus import gradients
from tinygrad_edu.layers import Dense
from tinygrad_edu.models import Sequential
from tinygrad_edu.registry import custom_object_scope
from tinygrad_edu.regularizers import L1, L1L2, L2, OrthogonalRegularizer, Regularizer
from tinygrad_edu.regularizers import _registry as registry
from tinygrad_edu.testing import check_gradients


def mean_cosine(rows):
    """Pair by pair."""
    unit = [row / max(math.sqrt(row @ row), 1e-7) for row in rows]
    pairs = [(i, j) for i in range(len(unit)) for j in range(i)]
    return sum(abs(unit[i] @ unit[j]) for i, j in pairs) / max(len(pairs), 1)


#  name                      regularizers and their formulas
REGULARIZERS = {
    "l1": [(L1(0.1), lambda w: 0.1 * np.abs(w).sum()), (L1(), lambda w: 0.01 * np.abs(w).sum())],
    "l2": [(L2(0.1), lambda w: 0.1 * (w**2).sum()), (L2(), lambda w: 0.01 * (w**2).sum())],
    "L1L2": [(L1L2(0.1, 0.2), lambda w: 0.1 * np.abs(w).sum() + 0.2 * (w**2).sum()), (L1L2(), lambda w: 0)],
    "l1_l2": [(regularizers.l1_l2(), lambda w: 0.01 * np.abs(w).sum() + 0.01 * (w**2).sum())],
    "orthogonal_regularizer": [
        (OrthogonalRegularizer(0.5), lambda w: 0.5 * mean_cosine(w)),
        (OrthogonalRegularizer(mode="columns"), lambda w: 0.01 * mean_cosine(w.T)),
    ],
}
ALL = [pytest.param(r, formula, id=repr(r)) for cases in REGULARIZERS.values() for r, formula in cases]
each_regularizer = pytest.mark.parametrize(("regularizer", "formula"), ALL)
W = np.array([[1.0, -2.0, 0.5], [0.25, 3.0, -1.0]])


def test_every_regularizer_has_a_sample():
    """REG-05: what is registered is tested."""
    assert sorted(registry) == sorted(REGULARIZERS)
    for name, cases in REGULARIZERS.items():
        assert type(regularizers.get(name)) is type(cases[0][0])


@each_regularizer
@given(w=hnp.arrays(float, hnp.array_shapes(min_dims=2, max_dims=2), elements=st.floats(-9, 9)))
def test_a_penalty_is_its_formula_on_arrays_and_tensors(regularizer, formula, w):
    """REG-01, REG-02, REG-03, REG-04."""
    assert regularizer(Tensor(w)).item() == pytest.approx(formula(w), rel=1e-9, abs=1e-12)
    assert float(regularizer(w)) == regularizer(Tensor(w)).item()


@each_regularizer
def test_its_gradient_agrees_with_differences(regularizer, formula):
    """REG-01, REG-02, REG-03, REG-04."""
    check_gradients(regularizer, W, reference=formula if regularizer.get_config() != L1L2().get_config() else None)


@each_regularizer
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("shape", [(2, 3), (0, 3), (3, 0), (0, 0), (1, 1)], ids=str)
def test_a_penalty_is_one_finite_number_of_the_dtype(regularizer, formula, dtype, shape):
    """REG-01, REG-02, REG-03, REG-04: with zeros and with nothing in it; its gradient too."""
    w = Tensor(np.zeros(shape, dtype))
    penalty = regularizer(w)
    assert penalty.shape == () and penalty.dtype == dtype and penalty.item() == 0
    (g,) = gradients(penalty, [w])
    assert g.shape == shape and g.dtype == dtype and (g.numpy() == 0).all()


@each_regularizer
def test_a_config_makes_the_same_regularizer_again(regularizer, formula):
    """REG-05: by the class and by the registry, through JSON."""
    config = json.loads(json.dumps(regularizer.get_config()))
    written = json.loads(json.dumps(regularizers.serialize(regularizer)))
    assert written == {"class_name": type(regularizer).__name__, "config": config}
    for again in (type(regularizer).from_config(config), regularizers.deserialize(written), regularizers.get(written)):
        assert type(again) is type(regularizer) and again.get_config() == regularizer.get_config()
    layer = Dense(2, kernel_regularizer=regularizer)
    again = Dense.from_config(json.loads(json.dumps(layer.get_config()))).kernel_regularizer
    assert type(again) is type(regularizer) and again.get_config() == regularizer.get_config()


@each_regularizer
def test_the_repr_makes_it_again_and_copies_are_like_it(regularizer, formula):
    """REG-05."""
    makes = eval(repr(regularizer), vars(regularizers)), copy.deepcopy(regularizer), pickle.loads(pickle.dumps(regularizer))
    for again in makes:
        assert type(again) is type(regularizer) and again.get_config() == regularizer.get_config()


@each_regularizer
def test_its_words_tell_of_all_its_arguments(regularizer, formula):
    """REG-05: reference pages are made of them."""
    cls = type(regularizer)
    words = inspect.getdoc(cls)
    assert [name for name in inspect.signature(cls).parameters if not re.search(rf"\b{name}\b", words)] == []


# Single ones -------------------------------------------------------------------------------------------


def test_by_hand():
    """REG-01, REG-02, REG-03: Σ|w| is 7.75 and Σw² is 15.3125, without a factor 1/2."""
    assert L1(1)(W) == 7.75 and L2(1)(W) == 15.3125 and L1L2(2, 1)(W) == 2 * 7.75 + 15.3125


def test_slopes_by_hand():
    """REG-01, REG-02: l1 · sign(w), 0 at 0; and 2 · l2 · w."""
    w = Tensor([-2.0, 0.0, 3.0])
    assert gradients(L1(0.1)(w), [w])[0].tolist() == pytest.approx([-0.1, 0, 0.1])
    assert gradients(L2(0.1)(w), [w])[0].tolist() == pytest.approx([-0.4, 0, 0.6])


def test_the_defaults_of_the_class_and_of_the_function_l1_l2_differ():
    """REG-03: 0 as in Keras 3, 0.01 as in Keras 2."""
    assert L1L2().get_config() == {"l1": 0, "l2": 0}
    assert regularizers.l1_l2().get_config() == regularizers.get("l1_l2").get_config() == {"l1": 0.01, "l2": 0.01}
    assert regularizers.get("L1L2").get_config() == regularizers.get("l1l2").get_config() == {"l1": 0, "l2": 0}
    assert regularizers.l1_l2(l1=0.5).get_config() == {"l1": 0.5, "l2": 0.01}


@pytest.mark.parametrize(
    "spelling", [lambda: regularizers.l1(0.3), lambda: regularizers.L1(l1=0.3), lambda: regularizers.l1(l=0.3)]
)
def test_legacy_spellings_of_the_strength(spelling):
    """REG-01: by position and as `l`."""
    assert spelling().get_config() == {"l1": 0.3}


@pytest.mark.parametrize("wrong", [-0.1, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(
    "make", [L1, L2, lambda x: L1L2(l1=x), lambda x: L1L2(l2=x), regularizers.l1_l2, OrthogonalRegularizer],
    ids=["l1", "l2", "l1 of both", "l2 of both", "function", "orthogonal"],
)  # fmt: skip
def test_a_strength_that_is_no_number_from_zero_on_is_refused(make, wrong):
    """REG-01, REG-02, REG-03, REG-04."""
    with pytest.raises(ValueError, match=r"expects (l1|l2|factor) >= 0, got .*\. Try 0\.01\."):
        make(wrong)
    with pytest.raises(TypeError, match="to be a number >= 0, got 'strong'"):
        make("strong")


def test_orthogonal_rows_are_not_punished_and_parallel_ones_fully():
    """REG-04: by rows or by columns; a row of zeros is at right angles to all."""
    parallel = np.array([[1.0, 2.0], [-2.0, -4.0]])
    assert OrthogonalRegularizer(0.5)(np.eye(3) * 7) == 0
    assert OrthogonalRegularizer(0.5)(parallel) == pytest.approx(0.5)
    assert OrthogonalRegularizer(0.5, "columns")(parallel) == pytest.approx(0.5)
    assert OrthogonalRegularizer(0.5)(np.array([[1.0, 2.0], [0.0, 0.0]])) == 0


@pytest.mark.parametrize("shape", [(3,), (2, 2, 2), ()], ids=str)
def test_orthogonality_is_of_matrices(shape):
    """REG-04."""
    with pytest.raises(ValueError, match="OrthogonalRegularizer expects a matrix, got shape"):
        OrthogonalRegularizer()(np.ones(shape))
    with pytest.raises(ValueError, match="expects the mode 'rows' or 'columns', got 'diagonals'"):
        OrthogonalRegularizer(mode="diagonals")


# Names, and those of one's own -------------------------------------------------------------------------


def twice_the_sum(w):
    return 2 * ops.sum(w)


class Cubic(Regularizer):
    def __init__(self, strength=0.5):
        self.strength = strength

    def __call__(self, x):
        return self.strength * ops.sum(abs(x) ** 3)


def test_get_takes_a_name_a_class_an_object_a_function_or_nothing():
    """REG-05."""
    made = L2(0.3)
    assert type(regularizers.get("l2")) is type(regularizers.get("L2")) is type(regularizers.get(L2)) is L2
    assert regularizers.get(made) is made and regularizers.get(twice_the_sum) is twice_the_sum
    assert regularizers.get(None) is None
    with pytest.raises(ValueError, match="The regularizer expects a known name, got 'l3'"):
        regularizers.get("l3")
    with pytest.raises(TypeError, match="The regularizer expects a name or an object, got 3"):
        regularizers.get(3)


@pytest.mark.parametrize(
    ("regularizer", "expected"),
    [(Cubic(), 0.5 * (1 + 8)), (Cubic, 0.5 * (1 + 8)), (twice_the_sum, -2), (lambda w: 0.01 * ops.sum(abs(w)), 0.03)],
    ids=["object", "class", "function", "lambda"],
)
def test_a_regularizer_of_ones_own_is_added_to_the_loss(regularizer, expected):
    """REG-08, REG-06."""
    model = Sequential([Dense(1, kernel_regularizer=regularizer, input_dim=2)])
    model.layers[0].set_weights([[[1.0], [-2.0]], [0.0]])
    assert [loss.item() for loss in model.losses] == pytest.approx([expected])
    model.compile("sgd", "mse")
    assert model.evaluate(np.zeros((3, 2)), np.zeros((3, 1)), verbose=0) == pytest.approx(expected)


def test_regularizers_of_ones_own_are_written_down():
    """REG-08: a class with its arguments, a function by its name."""
    for own in (Cubic(0.25), twice_the_sum):
        layer = Dense(1, kernel_regularizer=own)
        with custom_object_scope({"Cubic": Cubic, "twice_the_sum": twice_the_sum}):
            again = Dense.from_config(json.loads(json.dumps(layer.get_config()))).kernel_regularizer
        assert again is own or again.get_config() == own.get_config() == {"strength": 0.25}


def test_a_subclass_that_does_not_say_how_is_told_so():
    """REG-08."""
    with pytest.raises(NotImplementedError, match=r"Regularizer expects a method __call__\(x\)"):
        Regularizer()(W)
