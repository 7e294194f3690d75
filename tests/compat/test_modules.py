"""Keras 2's submodules: the same objects under longer names."""

import importlib

import pytest

import tinygrad_edu as keras
from tinygrad_edu.compat.modules import SUBMODULES

MODULES = [f"{package}.{name}" for package, names in SUBMODULES.items() for name in names.split()]
HOMES = {  # where tutorials for Keras 2 import things from
    "layers.core": "Dense Activation Dropout Flatten Reshape Permute RepeatVector Lambda Masking",
    "layers.embeddings": "Embedding",
    "layers.merge": "Add Concatenate Average concatenate add Dot",
    "layers.normalization": "BatchNormalization",
    "layers.noise": "GaussianNoise GaussianDropout AlphaDropout",
    "layers.advanced_activations": "LeakyReLU PReLU ELU",
    "utils.np_utils": "to_categorical normalize",
    "utils.generic_utils": "custom_object_scope get_custom_objects to_list has_arg",
    "utils.vis_utils": "plot_model model_to_dot",
    "utils.data_utils": "Sequence",
    "callbacks.callbacks": "Callback History LearningRateScheduler",
    "optimizers.legacy": "SGD Adam",
}


@pytest.mark.parametrize("path", MODULES)
def test_a_module_is_imported_and_found_by_attribute(path):
    """PKG-04, PKG-08, PKG-09."""
    module = importlib.import_module(f"tinygrad_edu.{path}")
    package, name = path.split(".")
    assert getattr(getattr(keras, package), name) is module
    assert module.__name__ == f"tinygrad_edu.{path}"


@pytest.mark.parametrize(("path", "name"), [(path, name) for path, names in HOMES.items() for name in names.split()])
def test_a_module_has_what_it_had_in_keras_2(path, name):
    """PKG-04, PKG-08, PKG-09: the very class, so that isinstance agrees."""
    module = importlib.import_module(f"tinygrad_edu.{path}")
    assert getattr(module, name) is getattr(getattr(keras, path.split(".")[0]), name)


def test_a_star_imports_names_and_no_modules():
    """PKG-04."""
    names: dict = {}
    exec("from tinygrad_edu.layers.core import *", names)
    assert names["Dense"] is keras.layers.Dense and names["Dropout"] is keras.layers.Dropout
    assert "merging" not in names and "_offer" not in names


def test_what_nobody_has_is_an_attribute_error_that_says_where_it_was_looked_for():
    """PKG-04."""
    with pytest.raises(AttributeError, match=r"'tinygrad_edu.layers.merge' has no attribute 'Dens', and neither has"):
        _ = keras.layers.merge.Dens
    with pytest.raises(ImportError, match="cannot import name 'Nothing'"):
        exec("from tinygrad_edu.layers.core import Nothing")
