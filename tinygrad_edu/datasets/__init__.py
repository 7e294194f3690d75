"""Data to learn with."""

from .synthetic import make_circles
