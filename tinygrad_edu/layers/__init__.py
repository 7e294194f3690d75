"""Layers: functions with weights."""

from .core import Activation, Dense
from .layer import Input, InputLayer, Layer
