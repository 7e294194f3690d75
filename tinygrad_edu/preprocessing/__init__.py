"""Data made ready for layers."""

from . import sequence
from .sequence import pad_sequences
