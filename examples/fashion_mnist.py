"""Ten kinds of clothes: a network is described, trained until it stops getting better, and asked how sure it is.

    python examples/fashion_mnist.py [--epochs 10] [--made]

Reads Fashion-MNIST (31 MB, from the folder that TINYGRAD_EDU_DATA names, or fetched once); with --made it takes made
pictures instead.
"""

from __future__ import annotations

import argparse

import numpy as np

import tinygrad_edu as keras
from tinygrad_edu.datasets import fashion_mnist, images


def pictures(made: bool) -> tuple:
    """(x, y) to train, to validate and to test; grey levels between 0 and 1."""
    (x, y), (x_test, y_test) = images.synthetic(9000, 1000) if made else fashion_mnist.load_data()
    x, x_test = x.astype(np.float32) / 255, x_test.astype(np.float32) / 255
    return (x[5000:], y[5000:]), (x[:5000], y[:5000]), (x_test, y_test)


def network() -> keras.Sequential:
    """Two hidden layers; dropout, so that it can be asked more than once."""
    model = keras.Sequential([
        keras.layers.Flatten(input_shape=[28, 28]),
        keras.layers.Dense(300, activation="relu", kernel_initializer="he_normal"),
        keras.layers.Dropout(0.2),
        keras.layers.Dense(100, activation="relu", kernel_initializer="he_normal"),
        keras.layers.Dropout(0.2),
        keras.layers.Dense(10, activation="softmax"),
    ])
    optimizer = keras.optimizers.SGD(0.02, momentum=0.9)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def doubts(model: keras.Model, x: np.ndarray, times: int = 50) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of predictions with dropout on. Source: Gal & Ghahramani (2016)."""
    with keras.backend.learning_phase_scope(1):
        answers = np.stack([model.predict(x) for _ in range(times)])
    return answers.mean(axis=0), answers.std(axis=0)


def report(model: keras.Model, x: np.ndarray, y: np.ndarray) -> None:
    """What it takes the first pictures for, and how much its answers differ."""
    mean, deviation = doubts(model, x)
    for said, spread, true in zip(mean, deviation, y):
        kind, names = said.argmax(), fashion_mnist.CLASSES
        print(f"  {names[true]:12} taken for {names[kind]:12} {said[kind]:.2f} ± {spread[kind]:.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Ten kinds of clothes, told apart.")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--made", action="store_true", help="made pictures instead of those that were published")
    options = parser.parse_args()
    keras.set_random_seed(42)
    train, validation, test = pictures(options.made)
    model = network()
    model.summary()
    stop = keras.callbacks.EarlyStopping(patience=3, restore_best_weights=True)
    model.fit(*train, epochs=options.epochs, validation_data=validation, callbacks=[stop])
    loss, accuracy = model.evaluate(*test)
    print(f"\nTest: loss {loss:.3f}, accuracy {accuracy:.3f}. Fifty answers with dropout on, for the first pictures:")
    report(model, test[0][:8], test[1][:8])


if __name__ == "__main__":
    main()
