"""Things by name: any capitals, classes, members, and what an unknown name is told."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import activations, initializers, losses, metrics, optimizers
from tinygrad_edu.config import snake_case
from tinygrad_edu.registry import (
    Configurable,
    Registry,
    custom_object_scope,
    get_custom_objects,
    register_keras_serializable,
    serialize,
)  # fmt: skip

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
        ("Conv2D", "conv2d"),
            ("R2Score", "r2_score"),
            ("PReLU", "p_re_lu"),
            ("GlobalAveragePooling2D", "global_average_pooling2d"),
        ("a", "a"),
    ],
)
def test_snake_case(camel, snake):
    assert snake_case(camel) == snake


# Written down and made again ----------------------------------------------------------------------


class Scaled(Configurable):
    def __init__(self, factor=1.0, shape=(2, 3)):
        self.factor, self.shape = factor, shape


class Shifted(Scaled):
    def __init__(self, by=0, **kwargs):
        super().__init__(**kwargs)
        self.by = by


def twice(x):
    return 2 * x


def test_a_config_holds_the_arguments_of_all_constructors_as_plain_data():
    config = Shifted(np.int64(3), factor=np.float32(0.5)).get_config()
    assert json.loads(json.dumps(config)) == {"by": 3, "factor": 0.5, "shape": [2, 3]}
    assert Shifted.from_config(config).get_config() == config


def test_what_is_nested_is_written_down_too():
    assert serialize({"all": [Scaled(), twice, None]}) == {
        "all": [{"class_name": "Scaled", "config": {"factor": 1.0, "shape": [2, 3]}}, "twice", None]
    }


def test_a_constructor_that_does_not_keep_an_argument_is_explained():
    class Forgetful(Configurable):
        def __init__(self, units):
            self.size = units

    with pytest.raises(NotImplementedError, match=r"an attribute for each argument.*\['units'\].*self.units = units"):
        Forgetful(3).get_config()


def test_a_get_config_of_ones_own_may_go_on_from_the_general_one():
    class Renamed(Scaled):
        def __init__(self, units, **kwargs):
            super().__init__(**kwargs)
            self.size = units

        def get_config(self):
            return {**super().get_config(), "units": self.size}

    assert Renamed.from_config(Renamed(4).get_config()).size == 4


def test_a_lambda_has_no_name_to_be_found_by():
    with pytest.raises(TypeError, match="Define it with def"):
        serialize([lambda x: x])


def test_a_members_config_gives_a_member_like_it():
    family = Registry("thing")
    family.add_class(Scaled)
    again = family.get(serialize(Scaled(7)))
    assert type(again) is Scaled
    assert again.factor == 7


def test_custom_objects_are_found_inside_their_scope():
    family = Registry("thing")
    with custom_object_scope({"Scaled": Scaled, "double": twice}):
        assert family.get({"class_name": "Scaled", "config": {"factor": 3}}).factor == 3
        assert family.get("double") is twice
    with pytest.raises(ValueError, match="got 'Scaled'"):
        family.get({"class_name": "Scaled", "config": {}})


def test_a_custom_object_never_takes_the_place_of_one_of_ours():
    with custom_object_scope({"HeNormal": Scaled}):
        assert type(initializers.get("HeNormal")) is initializers.HeNormal


def test_what_is_registered_is_found_for_good():
    @register_keras_serializable("mine")
    class Registered(Configurable):
        def __init__(self, a=1):
            self.a = a

    assert get_custom_objects()["mine>Registered"] is Registered
    assert Registry("thing").get({"class_name": "Registered", "config": {"a": 2}}).a == 2


def test_what_is_offered_under_a_name_of_its_own_is_written_down_under_it():
    @register_keras_serializable("mine", name="Another")
    class Renamed(Configurable):
        def __init__(self, a=1):
            self.a = a

    written = serialize(Renamed(5))
    assert written == {"class_name": "Another", "config": {"a": 5}}
    assert Registry("thing").get(written).a == 5
    named = lambda x: x
    with custom_object_scope({"named": named}):
        assert serialize(named) == "named"


def test_of_two_of_one_name_each_is_found_by_its_package():
    first, second = [register_keras_serializable(p, name="Twin")(type("Twin", (Scaled,), {})) for p in ("one", "two")]
    family = Registry("thing")
    assert serialize(first(2))["class_name"] == "one>Twin"
    assert type(family.get(serialize(first(2)))) is first
    assert type(family.get(serialize(second(2)))) is second


def test_a_family_writes_down_and_makes_again():
    """ACT-02, INI-25, LOSS-02, OPT-01."""
    family = Registry("thing")
    family.add_class(Scaled)
    assert family.serialize(Scaled(7)) == {"class_name": "Scaled", "config": {"factor": 7, "shape": [2, 3]}}
    assert family.deserialize(family.serialize(Scaled(7))).factor == 7
    assert type(family.deserialize("scaled")) is Scaled


def test_custom_objects_are_known_while_a_config_is_read_and_no_longer():
    """ACT-02."""
    family = Registry("thing")
    assert family.deserialize("double", custom_objects={"double": twice}) is twice
    with pytest.raises(ValueError, match="got 'double'"):
        family.deserialize("double")


def test_a_family_may_wrap_what_is_not_its_own():
    family = Registry("thing", adopt=lambda x: x if isinstance(x, Scaled) else Scaled(x))
    family.add_class(Scaled)
    assert family.get(twice).factor is twice
    assert family.deserialize("twice", {"twice": twice}).factor is twice
    assert family.get("scaled").factor == 1


def test_none_stands_for_what_a_family_says_or_is_refused():
    """ACT-01, INI-01, REG-05."""
    assert Registry("thing", none=lambda: twice).get(None) is twice
    assert Registry("thing", none=lambda: None).deserialize(None) is None
    with pytest.raises(TypeError, match="got None"):
        Registry("thing").get(None)
