"""Data to learn with: made by formula, or found in files (see `source` for where they are looked for)."""

from . import boston_housing, california_housing, churn, cifar10, fashion_mnist, ionosphere, mnist
from .synthetic import make_blobs, make_circles, make_moons
