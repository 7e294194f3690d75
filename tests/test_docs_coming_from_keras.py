"""docs/coming_from_keras.md: its code runs, and its table is true where a line can say so."""

import re
import warnings
from pathlib import Path

import numpy as np
import pytest

import tinygrad_edu as keras

TEXT = (Path(__file__).resolve().parents[1] / "docs" / "coming_from_keras.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


def test_the_blocks_run_one_after_the_other():
    """PKG-01, K-06, K-07."""
    names: dict = {}
    for block in BLOCKS:
        exec(compile(block, "coming_from_keras.md", "exec"), names)
    y, p = np.array([[0.0], [3.0]]), np.array([[0.5], [0.0]])
    np.testing.assert_allclose(names["huber_fn"](y, p), [[0.125], [2.5]])
    np.testing.assert_allclose(names["huber_in_numpy"](y, p), [[0.125], [2.5]])
    tensors = keras.Tensor(p)
    np.testing.assert_allclose(names["huber_in_numpy"](y, tensors), names["huber_fn"](y, tensors))


def dense_model(*more):
    model = keras.Sequential([keras.layers.Dense(2, input_dim=2), *more])
    model.compile("sgd", "mse", ["mae"])
    return model


def freeze_late():
    model = dense_model(keras.layers.Dense(2))
    before = model.layers[0].get_weights()
    model.layers[0].trainable = False
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        model.fit(np.ones((4, 2)), np.ones((4, 2)), verbose=0)
    return len(told) == 1 and all((a == b).all() for a, b in zip(before, model.layers[0].get_weights()))


def history_of_two():
    callbacks = [keras.callbacks.LearningRateScheduler(lambda epoch: 0.1)]
    history = dense_model().fit(np.ones((4, 2)), np.ones((4, 2)), validation_split=0.5, verbose=0, callbacks=callbacks).history
    return [*history][:4] == ["loss", "mae", "val_loss", "val_mae"] and history["lr"] == history["learning_rate"] == [0.1]


def fails(call, words):
    with pytest.raises((ValueError, TypeError), match=words):
        call()
    return True


HE = keras.initializers.HeNormal()
CLAIMS = {
    "one unseeded initializer": lambda: (HE((3, 3)) != HE((3, 3))).any(),
    "names": lambda: keras.backend.clear_session() or keras.layers.Dense(1).name == "dense_1",
    "NumPy's numbers": lambda: keras.layers.Dense(np.int64(3)).units == 3 and keras.optimizers.SGD(1).learning_rate == 1,
    "an unknown loss": lambda: fails(lambda: dense_model().compile("sgd", "meen_squared_error"), "mean_squared_error"),
    "labels (n,)": lambda: keras.losses.mse(np.ones(4), np.ones((4, 1))).shape == (4,),
    "labels (n, 1)": lambda: fails(lambda: keras.losses.mse(np.ones((4, 1)), np.ones((4, 2))), "expects labels of the shape"),
    "nan and inf": lambda: fails(lambda: dense_model().fit([[1, 2], [3, np.nan]], np.ones((2, 2))), "row 1, column 1"),
    "history": history_of_two,
    "`print(model.summary())`": lambda: str(dense_model().summary()) == "" and "Total params" in dense_model().summary().text,
    "`layer.trainable = False`": freeze_late,
    "`BatchNormalization(axis=[1, 2])`": lambda: keras.layers.BatchNormalization(axis=[1, 2])(np.ones((2, 3, 4, 5))).ndim == 4,
    '"hard_sigmoid"': lambda: keras.activations.hard_sigmoid(1.0) == pytest.approx(2 / 3),
    '"leaky_relu", `LeakyReLU()`': lambda: (
        keras.activations.leaky_relu(-1.0) == pytest.approx(-0.2)
        and keras.layers.LeakyReLU()([[-1.0]]).item() == pytest.approx(-0.3)
    ),
}


@pytest.mark.parametrize(("row", "holds"), CLAIMS.items(), ids=CLAIMS)
def test_a_row_of_the_table_is_true(row, holds):
    """D1, D4, D7, D9, D11, D17, D18, D20, D28 and their kind."""
    assert f"\n| {row}" in TEXT
    assert holds()
