"""Data to learn with: made by formula, or found in files.

    fashion_mnist, mnist, cifar10          pictures and their classes
    california_housing, boston_housing     districts and what houses cost there
    ionosphere, churn                      rows of two classes

Each has a `load_data`. Files are looked for in the folder given to it, or else in the one that the variable TINYGRAD_EDU_DATA
names; in a cache; and at the address of their publisher. Whatever is found is checked by its SHA-256. Where there is no
file and no network, the error says which file to put where; `load_data(fallback="synthetic")` of pictures and of rows of two
classes gives made ones then.
"""

from . import boston_housing, california_housing, churn, cifar10, fashion_mnist, ionosphere, mnist
from .synthetic import make_blobs, make_circles, make_moons
