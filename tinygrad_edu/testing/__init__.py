"""What helps to test a model or an op of one's own."""

from .gradients import check_gradients

__all__ = ["check_gradients"]
