"""What scripts import from where: the packages of Keras, by name and by attribute."""

import importlib

import pytest

import tinygrad_edu as keras

PACKAGES = {
    "models": "Sequential Model load_model clone_model save_model model_from_json",
    "layers": "Layer Input InputLayer Dense Activation Dropout Flatten Reshape Permute RepeatVector Lambda Masking Embedding "
    "BatchNormalization LayerNormalization PReLU LeakyReLU ELU ReLU Softmax AlphaDropout GaussianNoise GaussianDropout "
    "ActivityRegularization Add Subtract Multiply Average Maximum Minimum Concatenate Dot add subtract multiply average "
    "maximum minimum concatenate dot",
    "optimizers": "SGD RMSprop Adagrad Adadelta Adam AdamW Adamax Nadam Ftrl Lion schedules get serialize deserialize Optimizer",
    "callbacks": "Callback History ModelCheckpoint EarlyStopping LearningRateScheduler ReduceLROnPlateau TensorBoard CSVLogger "
    "LambdaCallback TerminateOnNaN ProgbarLogger CallbackList",
    "initializers": "RandomUniform RandomNormal TruncatedNormal GlorotUniform glorot_uniform HeUniform he_uniform HeNormal "
    "he_normal LecunUniform lecun_uniform LecunNormal lecun_normal VarianceScaling Orthogonal Identity Zeros Ones Constant "
    "Initializer",
    "regularizers": "l1 l2 l1_l2 L1 L2 L1L2 get serialize deserialize",
    "constraints": "MaxNorm max_norm NonNeg non_neg UnitNorm unit_norm MinMaxNorm get",
    "wrappers.scikit_learn": "KerasRegressor KerasClassifier",
    "backend": "learning_phase_scope learning_phase set_learning_phase get_value set_value epsilon floatx set_floatx "
    "clear_session image_data_format gradients mean square",
    "datasets": "fashion_mnist mnist california_housing boston_housing cifar10 make_circles make_moons make_blobs",
    "utils": "plot_model model_to_dot to_categorical normalize set_random_seed Progbar Sequence custom_object_scope "
    "register_keras_serializable get_custom_objects",
    "utils.vis_utils": "plot_model model_to_dot",
    "utils.np_utils": "to_categorical normalize",
    "preprocessing.sequence": "pad_sequences",
}
NAMES = [(package, name) for package, names in PACKAGES.items() for name in names.split()]


@pytest.mark.parametrize(("package", "name"), NAMES, ids=[".".join(pair) for pair in NAMES])
def test_a_name_is_imported_and_reached_by_attribute(package, name):
    """PKG-02, PKG-03, PKG-06, PKG-07, PKG-10 to PKG-12."""
    there = keras
    for part in package.split("."):
        there = getattr(there, part)
    assert getattr(importlib.import_module(f"tinygrad_edu.{package}"), name) is getattr(there, name)


def test_a_model_is_one_class_wherever_it_is_found():
    """PKG-02."""
    assert keras.models.Model is keras.Model and keras.models.Sequential is keras.Sequential
    assert issubclass(keras.Sequential, keras.Model) and issubclass(keras.Model, keras.layers.Layer)
