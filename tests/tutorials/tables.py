"""Of pandas what the tutorials use: a table out of a file, and a table of curves that plots itself."""

import csv

import numpy as np


class DataFrame:
    """Columns by name.

    Args:
        columns: a dict of lists of one length.
    """

    def __init__(self, columns):
        self.columns = columns

    @property
    def values(self):
        """Rows of objects, as pandas gives those of a table that has words in it."""
        return np.array(list(zip(*self.columns.values())), dtype=object)

    def plot(self, figsize):
        from matplotlib import pyplot

        axes = pyplot.figure(figsize=figsize).subplots()
        for name, column in self.columns.items():
            axes.plot(column, label=name)
        axes.legend()
        return axes


def read_csv(path, header):
    """A table without a header line."""
    with open(path, newline="") as file:
        return DataFrame(dict(enumerate(zip(*csv.reader(file)))))
