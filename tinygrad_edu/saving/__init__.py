"""Files: weights and settings as data, never as code."""

from .container import ModelFormatError, read, write
