"""The tutorials' experiments, whole, beside what Keras 3.15 reached on the same data.

    TINYGRAD_EDU_DATA=folder python benchmarks/tutorials.py [--seeds 5] [experiment ...]

Prints a table in Markdown: median and min-max over seeds, here and there, and whether our median lies between Keras'
extremes. Needs scikit-learn, which splits the data as the tutorials do.
"""

from __future__ import annotations

import argparse
import functools
import time
from collections.abc import Callable

import numpy as np
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

import tinygrad_edu as keras
from tinygrad_edu.datasets import california_housing, churn, fashion_mnist, ionosphere
from two_circles_seeds import KERAS as CIRCLES, accuracy
from tinygrad_edu.layers import Activation, BatchNormalization, Concatenate, Dense, Dropout, Flatten, Input

Results = dict[str, float]  # what was measured, by its name

#     experiment               measured                    Keras: median, min, max
REFERENCE: dict[str, dict[str, tuple[float, float, float]]] = {
    "ionosphere, time decay": {"val accuracy":             (0.9914, 0.9741, 0.9914)},
    "ionosphere, step decay": {"val accuracy":             (0.9914, 0.9828, 0.9914)},
    "churn":                  {"test accuracy":            (0.8537, 0.8350, 0.8620),
                               "loss of epoch 1":          (0.5733, 0.4978, 0.6280),
                               "val loss":                 (0.3681, 0.3604, 0.4183)},
    "california":             {"test mse":                 (0.3527, 0.3358, 0.3776)},
    "california, wide deep":  {"test mse":                 (0.4183, 0.3978, 0.4234)},
    "california, two inputs": {"test mse":                 (0.3470, 0.3418, 0.3544)},
    "california, two outputs": {"test mse":                (0.3627, 0.3548, 0.3641)},
    "clothes":                {"val accuracy, epoch 1":    (0.8248, 0.7808, 0.8304),
                               "val accuracy, epoch 2":    (0.8488, 0.8316, 0.8552),
                               "val accuracy, epoch 5":    (0.8698, 0.8612, 0.8724),
                               "val accuracy, epoch 10":   (0.8790, 0.8712, 0.8804),
                               "test accuracy":            (0.8653, 0.8552, 0.8668)},
    "clothes, norm after":    {"val accuracy, epoch 1":    (0.8606, 0.8588, 0.8612),
                               "test accuracy":            (0.8552, 0.8538, 0.8568)},
    "clothes, norm before":   {"val accuracy, epoch 1":    (0.8586, 0.8580, 0.8586),
                               "test accuracy":            (0.8538, 0.8512, 0.8544)},
    "clothes, dropout":       {"val accuracy, epoch 1":    (0.8216, 0.8190, 0.8224),
                               "test accuracy":            (0.8236, 0.8214, 0.8237)},
    "clothes, l2":            {"val accuracy, epoch 1":    (0.8194, 0.8080, 0.8208),
                               "test accuracy":            (0.8082, 0.8073, 0.8138)},
    "clothes, max norm":      {"val accuracy, epoch 1":    (0.8280, 0.8010, 0.8290),
                               "test accuracy":            (0.8227, 0.8173, 0.8306)},
}  # fmt: skip
REFERENCE |= {f"circles, {name}": {"test accuracy": (row[0], row[3], row[4])} for name, row in CIRCLES.items()}


# Two circles, echoes and customers -----------------------------------------------------------------


def circles(name: str, seed: int) -> Results:
    return {"test accuracy": accuracy(name, seed, 500)}


TIME = {"lr": 0.1, "momentum": 0.8, "decay": 0.1 / 50}
STEPS = {"lr": 0.0, "momentum": 0.9}


def echoes(sgd: dict, schedule: Callable | None, seed: int) -> Results:
    normal = {"kernel_initializer": "normal"}
    model = keras.Sequential([Dense(34, "relu", input_dim=34, **normal), Dense(1, "sigmoid", **normal)])
    model.compile(keras.optimizers.SGD(**sgd), "binary_crossentropy", metrics=["accuracy"])
    callbacks = [keras.callbacks.LearningRateScheduler(schedule)] if schedule else []
    x, y = ionosphere.load_data()
    history = model.fit(x, y, validation_split=0.33, epochs=50, batch_size=28, callbacks=callbacks, verbose=0).history
    return {"val accuracy": history["val_accuracy"][-1]}


def customers(seed: int) -> Results:
    x, x_test, y, y_test = train_test_split(*churn.load_data(), test_size=0.2, random_state=0)
    scaler = StandardScaler()
    x, x_test = scaler.fit_transform(x), scaler.transform(x_test)
    he = {"activation": "relu", "kernel_initializer": "he_uniform"}
    model = keras.Sequential([Dense(6, input_dim=11, **he), Dense(6, **he), Dense(1, "sigmoid")])
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    history = model.fit(x, y, validation_split=0.33, batch_size=10, epochs=20, verbose=0).history
    measured = model.evaluate(x_test, y_test, verbose=0)[1]
    return {"test accuracy": measured, "loss of epoch 1": history["loss"][0], "val loss": history["val_loss"][-1]}


# Houses --------------------------------------------------------------------------------------------


@functools.cache
def districts() -> tuple:
    """(x, y) to train, to validate and to test: 11,610, 3870 and 5160 rows, scaled."""
    x, x_test, y, y_test = train_test_split(*california_housing.fetch(), random_state=42)
    x, x_valid, y, y_valid = train_test_split(x, y, random_state=42)
    scaler = StandardScaler()
    return (scaler.fit_transform(x), y), (scaler.transform(x_valid), y_valid), (scaler.transform(x_test), y_test)


def chain() -> keras.Model:
    return keras.Sequential([Dense(30, "relu", input_shape=[8]), Dense(1)])


def wide_and_deep() -> keras.Model:
    x = Input(shape=[8])
    return keras.Model(x, Dense(1)(Concatenate()([x, Dense(30, "relu")(Dense(30, "relu")(x))])))


def two_inputs(outputs: int) -> keras.Model:
    wide, deep = Input(shape=[5]), Input(shape=[6])
    hidden = Dense(30, "relu")(Dense(30, "relu")(deep))
    found = [Dense(1)(Concatenate()([wide, hidden])), Dense(1)(hidden)]
    return keras.Model([wide, deep], found[:outputs])


def prices(build: Callable, rate: float, seed: int) -> Results:
    model = build()
    outputs = len(model.outputs)
    (x, y), validation, test = [
        ([x[:, :5], x[:, 2:]] if len(model.inputs) == 2 else x, [y] * outputs if outputs > 1 else y) for x, y in districts()
    ]
    model.compile(keras.optimizers.SGD(rate), "mse", loss_weights=[0.9, 0.1] if outputs > 1 else None)
    model.fit(x, y, epochs=20, validation_data=validation, verbose=0)
    return {"test mse": np.ravel(model.evaluate(*test, verbose=0))[0]}


# Clothes -------------------------------------------------------------------------------------------

elu = functools.partial(Dense, activation="elu", kernel_initializer="he_normal")
bare = functools.partial(Dense, use_bias=False, kernel_initializer="he_normal")
l2 = functools.partial(elu, kernel_regularizer=keras.regularizers.l2(0.01))
short = functools.partial(elu, kernel_constraint=keras.constraints.max_norm(1.0))
norm, last = BatchNormalization, functools.partial(Dense, 10, activation="softmax")
NETWORKS: dict[str, tuple[Callable[[], list], int]] = {  # hidden layers, epochs
    "clothes": (lambda: [Dense(300, "relu"), Dense(100, "relu"), last()], 10),
    "clothes, norm after": (lambda: [norm(), elu(300), norm(), elu(100), norm(), last()], 2),
    "clothes, norm before": (
        lambda: [norm(), bare(300), norm(), Activation("elu"), bare(100), Activation("elu"), norm(), last()], 2,
    ),
    "clothes, dropout": (lambda: [Dropout(0.2), elu(300), Dropout(0.2), elu(100), Dropout(0.2), last()], 2),
    "clothes, l2": (lambda: [l2(300), l2(100), l2(10, activation="softmax", kernel_initializer="glorot_uniform")], 2),
    "clothes, max norm": (lambda: [short(300), short(100), last()], 2),
}  # fmt: skip


@functools.cache
def clothes() -> tuple:
    (x, y), (x_test, y_test) = fashion_mnist.load_data()
    return (x[5000:] / 255.0, y[5000:]), (x[:5000] / 255.0, y[:5000]), (x_test / 255.0, y_test)


def classified(name: str, seed: int) -> Results:
    layers, epochs = NETWORKS[name]
    model = keras.Sequential([Flatten(input_shape=[28, 28]), *layers()])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    data, validation, test = clothes()
    accuracies = model.fit(*data, epochs=epochs, validation_data=validation, verbose=0).history["val_accuracy"]
    measured = {f"val accuracy, epoch {n}": value for n, value in enumerate(accuracies, 1)}
    return measured | {"test accuracy": model.evaluate(*test, verbose=0)[1]}


EXPERIMENTS: dict[str, Callable[[int], Results]] = {  # functions of a seed
    "ionosphere, time decay": functools.partial(echoes, TIME, None),
    "ionosphere, step decay": functools.partial(echoes, STEPS, lambda epoch: 0.1 * 0.5 ** ((1 + epoch) // 10)),
    "churn": customers,
    "california": functools.partial(prices, chain, 0.01),
    "california, wide deep": functools.partial(prices, wide_and_deep, 0.001),
    "california, two inputs": functools.partial(prices, lambda: two_inputs(1), 0.01),
    "california, two outputs": functools.partial(prices, lambda: two_inputs(2), 0.01),
    **{name: functools.partial(classified, name) for name in NETWORKS},
    **{f"circles, {name}": functools.partial(circles, name) for name in CIRCLES},
}


# The table -----------------------------------------------------------------------------------------


def rows(name: str, results: list[Results], seconds: float) -> list[str]:
    """The lines of an experiment: one for each thing that was measured."""
    lines = []
    for measured, (median, low, high) in REFERENCE[name].items():
        values = [result[measured] for result in results]
        ours = float(np.median(values))
        here, there = f"{ours:.4f} ({min(values):.4f}-{max(values):.4f})", f"{median:.4f} ({low:.4f}-{high:.4f})"
        within = "yes" if low <= ours <= high else "no"
        lines.append(f"| {name} | {measured} | {here} | {there} | {within} | {seconds:.1f} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # type: ignore[union-attr]
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("experiments", nargs="*", help=f"of {', '.join(EXPERIMENTS)}; all by default")
    options = parser.parse_args()
    print("| experiment | measured | here | Keras 3.15 | within | s a run |\n|---|---|---|---|---|---|")
    for name in options.experiments or EXPERIMENTS:
        results, began = [], time.perf_counter()
        for seed in range(options.seeds):
            keras.set_random_seed(seed)
            results.append(EXPERIMENTS[name](seed))
        print(*rows(name, results, (time.perf_counter() - began) / options.seeds), sep="\n", flush=True)


if __name__ == "__main__":
    main()
