"""What houses cost: a wide and deep network with two inputs and two outputs.

    python examples/california_housing.py [--epochs 20] [--made]

Some columns go straight to the output, where simple rules are learned; others pass through two hidden layers. The second
output is fed by the deep way alone, so that this one learns something of its own. Reads the California housing data (2 MB,
from the folder that TINYGRAD_EDU_DATA names, or fetched once); with --made it takes made districts instead. Source of the
network: Cheng et al. (2016).
"""

from __future__ import annotations

import argparse

import numpy as np

import tinygrad_edu as keras
from tinygrad_edu.datasets import california_housing

WIDE, DEEP = slice(0, 5), slice(2, 8)  # columns


def districts(made: bool) -> tuple:
    """Columns and values [100,000 $] to train and to test; columns have mean 0 and variance 1 in training."""
    x, y = california_housing.features(california_housing.synthetic(3000)) if made else california_housing.fetch()
    order = np.random.permutation(len(x))
    x, y = x[order], y[order]
    cut = len(x) * 3 // 4
    x = (x - x[:cut].mean(axis=0)) / x[:cut].std(axis=0)
    return (x[:cut], y[:cut]), (x[cut:], y[cut:])


def network() -> keras.Model:
    """Outputs: the value, and what the deep way alone says."""
    wide, deep = keras.Input([5], name="wide"), keras.Input([6], name="deep")
    hidden = keras.layers.Dense(30, activation="relu")(deep)
    hidden = keras.layers.Dense(30, activation="relu")(hidden)
    joined = keras.layers.concatenate([wide, hidden])
    outputs = [keras.layers.Dense(1, name="value")(joined), keras.layers.Dense(1, name="by_the_deep_way")(hidden)]
    model = keras.Model(inputs=[wide, deep], outputs=outputs)
    model.compile(keras.optimizers.SGD(0.01, clipnorm=1.0), "mse", loss_weights=[0.9, 0.1])
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description="What houses cost, by a wide and deep network.")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--made", action="store_true", help="made districts instead of those that were published")
    options = parser.parse_args()
    keras.set_random_seed(42)
    (x, y), (x_test, y_test) = districts(options.made)
    model = network()
    model.summary()
    model.fit([x[:, WIDE], x[:, DEEP]], [y, y], epochs=options.epochs, validation_split=0.1)
    _, value, deep = model.evaluate([x_test[:, WIDE], x_test[:, DEEP]], [y_test, y_test])
    print(f"\nTest: mean squared error {value:.3f}, by the deep way alone {deep:.3f}; a constant has {y_test.var():.3f}.")
    guesses, _ = model.predict([x_test[:3, WIDE], x_test[:3, DEEP]])
    for guess, true in zip(guesses[:, 0], y_test):
        print(f"  {true * 100_000:9,.0f} $ taken for {guess * 100_000:9,.0f} $")


if __name__ == "__main__":
    main()
