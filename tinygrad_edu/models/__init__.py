"""Models: layers put together, trained and asked."""

from .model import Model
from .sequential import Sequential
from .clone import clone_model
from .saved import load_model, model_from_json, save_model
