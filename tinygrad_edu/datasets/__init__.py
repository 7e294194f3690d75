"""Data to learn with: made by formula, or found in files (see `source` for where they are looked for)."""

from . import california_housing, fashion_mnist, mnist
from .synthetic import make_blobs, make_circles, make_moons
