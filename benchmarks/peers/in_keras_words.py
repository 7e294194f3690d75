"""A workload as a compiled model, in the words that Keras and this framework share."""

from __future__ import annotations

from typing import Any

from .workloads import ADAM, BATCH_NORM, Workload

LOSSES = {"sigmoid": "binary_crossentropy", "softmax": "sparse_categorical_crossentropy", "linear": "mse"}


def compiled_model(keras: Any, workload: Workload) -> Any:
    """The model, made by `keras`, which is one of the two packages."""
    *hidden, units = workload.sizes[1:]
    parts = [keras.layers.Input((workload.sizes[0],))]
    for size in hidden:
        parts.append(keras.layers.Dense(size))
        if workload.normalized:
            parts.append(keras.layers.BatchNormalization(**BATCH_NORM))
        parts.append(keras.layers.Activation(workload.activation))
    model = keras.models.Sequential([*parts, keras.layers.Dense(units, activation=workload.last)])
    model.compile(_optimizer(keras, workload), LOSSES[workload.last])
    return model


def settings_of_fit(workload: Workload, x_val: Any, y_val: Any) -> dict[str, Any]:
    """All arguments of `fit` but the samples."""
    settings: dict[str, Any] = {"epochs": workload.epochs, "batch_size": workload.batch, "verbose": 0}
    if workload.validation:
        settings |= {"validation_data": (x_val, y_val), "validation_batch_size": workload.validation}
    return settings


def _optimizer(keras: Any, workload: Workload) -> Any:
    if workload.rate is None:
        return keras.optimizers.Adam(ADAM["rate"], ADAM["beta_1"], ADAM["beta_2"], ADAM["epsilon"])
    return keras.optimizers.SGD(workload.rate, workload.momentum)
