"""Things by name: any capitals, classes, members, and what an unknown name is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import activations, initializers, losses, metrics, optimizers
from tinygrad_edu.config import snake_case
from tinygrad_edu.registry import Registry

FAMILIES = [activations, initializers, losses, metrics, optimizers]
NAMES = {
    activations: ["linear", "relu", "tanh", "sigmoid"],
    initializers: ["zeros", "zero", "ones", "one", "constant", "normal", "uniform", "random_normal", "random_uniform",
                   "truncated_normal", "variance_scaling", "lecun_uniform", "lecun_normal", "glorot_uniform", "glorot_normal",
                   "he_uniform", "he_normal", "RandomUniform", "HeNormal", "VarianceScaling"],
    losses: ["mse", "MSE", "mae", "MAE", "bce", "BCE", "mean_squared_error", "MeanSquaredError", "mean_absolute_error",
             "binary_crossentropy", "BinaryCrossentropy"],
    metrics: ["accuracy", "acc", "binary_accuracy", "BinaryAccuracy", "categorical_accuracy", "sparse_categorical_accuracy",
              "mse", "mae", "mean_squared_error"],
    optimizers: ["sgd", "SGD", "Sgd"],
}  # fmt: skip
CASES = [
    pytest.param(family, name, id=f"{family.__name__.rpartition('.')[2]}-{name}") for family in NAMES for name in NAMES[family]
]


@pytest.mark.parametrize(("family", "name"), CASES)
def test_a_name_is_found_whatever_its_capitals(family, name):
    """ACT-01, INI-01, LOSS-01, LOSS-02, MET-01, OPT-01."""
    kinds = {type(family.get(form)) for form in (name, name.upper(), name.lower())}
    assert len(kinds) == 1


@pytest.mark.parametrize(
    ("family", "typo", "meant"),
    [
        (activations, "tahn", "tanh"),
        (activations, "sigmiod", "sigmoid"),
        (initializers, "he_unifrm", "he_uniform"),
        (initializers, "GlorotUnifrom", "glorot_uniform"),
        (losses, "binary_crosentropy", "binary_crossentropy"),
        (metrics, "acuracy", "accuracy"),
        (optimizers, "sdg", "sgd"),
    ],
)
def test_a_misspelt_name_is_told_the_near_ones(family, typo, meant):
    """ACT-01, INI-01, LOSS-01, MET-01, OPT-01."""
    with pytest.raises(ValueError, match=f"{typo}.*Did you mean.*'{meant}'"):
        family.get(typo)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_far_name_is_told_all(family):
    """ACT-01, INI-01, LOSS-01, MET-01, OPT-01."""
    with pytest.raises(ValueError, match=f"Choose one of .*{snake_case(NAMES[family][-1])}"):
        family.get("qqqqq")


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("thing", [3, {}, 2.5, object()])
def test_what_is_no_name_and_no_member_is_refused(family, thing):
    """ACT-01, INI-01, LOSS-01, MET-01, OPT-01."""
    with pytest.raises(TypeError, match=r"expects a name or an object, got"):
        family.get(thing)


def test_a_class_is_made_and_a_member_is_itself():
    """INI-01, OPT-01, LOSS-01."""
    for family, cls in [(initializers, initializers.HeNormal), (optimizers, optimizers.SGD), (losses, losses.MeanSquaredError)]:
        assert type(family.get(cls)) is cls
        member = cls()
        assert family.get(member) is member


def test_a_metric_is_itself():
    """MET-01: `metrics=[BinaryAccuracy(threshold=0.3)]`."""
    metric = metrics.BinaryAccuracy(name="mine", threshold=0.3)
    assert metrics.get(metric) is metric
    assert metric.name == "mine"


def test_a_name_gives_a_new_object_each_time():
    """OPT-01: two models compiled with "sgd" must not share velocities."""
    assert optimizers.get("sgd") is not optimizers.get("sgd")
    assert initializers.get("he_normal") is not initializers.get("he_normal")


def test_a_registry_without_callables_refuses_functions():
    """OPT-01."""
    with pytest.raises(TypeError, match="optimizer expects"):
        optimizers.get(lambda p, g: p)


@given(st.lists(st.text("abcXYZ_09", min_size=1), unique_by=str.lower, min_size=1))
def test_what_is_added_is_found(names):
    family = Registry("thing")
    made = {name: object() for name in names}
    for name, thing in made.items():
        family.add(lambda thing=thing: thing, name)
    assert all(family.get(name.swapcase()) is thing for name, thing in made.items())


@pytest.mark.parametrize(
    ("camel", "snake"),
    [
        ("SGD", "sgd"),
        ("BinaryCrossentropy", "binary_crossentropy"),
        ("HeUniform", "he_uniform"),
        ("Conv2D", "conv2_d"),
        ("a", "a"),
    ],
)
def test_snake_case(camel, snake):
    assert snake_case(camel) == snake
