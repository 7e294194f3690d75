"""Reusing a network: what eight kinds of clothes have taught helps to tell the two others apart, of which few are known.

    python examples/transfer_learning.py [--known 200] [--made]

A network learns eight kinds. Its hidden layers then serve another one, which knows only a few sandals and shirts: frozen
at first, so that its new last layer does not spoil them, then trained along slowly. Beside it stands a network that begins
from nothing. Reads Fashion-MNIST (31 MB, from the folder that TINYGRAD_EDU_DATA names, or fetched once); with --made it
takes made pictures instead.
"""

from __future__ import annotations

import argparse

import numpy as np

import tinygrad_edu as keras
from tinygrad_edu.datasets import fashion_mnist, images

SANDAL, SHIRT = 5, 6


def clothes(made: bool) -> tuple:
    """Pictures and kinds to train and to test."""
    (x, y), (x_test, y_test) = images.synthetic(9000, 3000) if made else fashion_mnist.load_data()
    x, y = x[:20_000], y[:20_000]
    return (x.astype(np.float32) / 255, y), (x_test.astype(np.float32) / 255, y_test)


def two_kinds(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sandals, 0, and shirts, 1."""
    chosen = (y == SANDAL) | (y == SHIRT)
    return x[chosen], (y[chosen] == SHIRT).astype(np.float32)


def hidden_layers() -> list[keras.layers.Layer]:
    widths = [300, 100, 50]
    dense = [keras.layers.Dense(n, activation="relu", kernel_initializer="he_normal") for n in widths]
    return [keras.layers.Flatten(input_shape=[28, 28]), *dense]


def taught(x: np.ndarray, y: np.ndarray, epochs: int) -> keras.Sequential:
    """A network that has learned the eight other kinds."""
    others = (y != SANDAL) & (y != SHIRT)
    model = keras.Sequential([*hidden_layers(), keras.layers.Dense(10, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x[others], y[others], epochs=epochs)
    return model


def with_a_new_end(layers: list[keras.layers.Layer]) -> keras.Sequential:
    """The layers, and one unit that says shirt or sandal."""
    return keras.Sequential([*layers, keras.layers.Dense(1, activation="sigmoid")])


def trained(model: keras.Sequential, x: np.ndarray, y: np.ndarray, rate: float, epochs: int) -> None:
    model.compile(keras.optimizers.SGD(rate), "binary_crossentropy", metrics=["accuracy"])
    model.fit(x, y, epochs=epochs, verbose=0)


def reused(model: keras.Sequential, x: np.ndarray, y: np.ndarray) -> keras.Sequential:
    """A network on copies of the layers of another: its end is trained first, then all of it."""
    copy = keras.models.clone_model(model)
    copy.set_weights(model.get_weights())
    whole = with_a_new_end(copy.layers[:-1])
    for trainable, epochs in ((False, 4), (True, 16)):
        for layer in whole.layers[:-1]:
            layer.trainable = trainable
        trained(whole, x, y, 0.01, epochs)
    return whole


def main() -> None:
    parser = argparse.ArgumentParser(description="Reusing the layers of a network.")
    parser.add_argument("--epochs", type=int, default=5, help="of the first network")
    parser.add_argument("--known", type=int, default=200, help="sandals and shirts to learn from")
    parser.add_argument("--made", action="store_true", help="made pictures instead of those that were published")
    options = parser.parse_args()
    keras.set_random_seed(42)
    train, test = clothes(options.made)
    first = taught(*train, options.epochs)
    x, y = (rows[: options.known] for rows in two_kinds(*train))
    fresh = with_a_new_end(hidden_layers())
    trained(fresh, x, y, 0.01, 20)
    print(f"\nSandals and shirts, {len(x)} of them known, accuracy on others")
    for name, model in (("from nothing", fresh), ("on the layers of the first network", reused(first, x, y))):
        print(f"  {name:36}{model.evaluate(*two_kinds(*test))[1]:.3f}")


if __name__ == "__main__":
    main()
