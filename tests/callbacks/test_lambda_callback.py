"""LambdaCallback: functions in the place of hooks."""

import numpy as np
import pytest

from tinygrad_edu.callbacks import LambdaCallback
from tinygrad_edu.callbacks.callback import ALIASES, HOOKS
from tinygrad_edu.layers import Dense
from tinygrad_edu.models import Sequential


def fit(callback):
    model = Sequential([Dense(1, input_dim=1)])
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 1)), np.ones(4), batch_size=2, epochs=2, verbose=0, callbacks=callback)


def test_functions_get_the_arguments_of_their_hooks():
    """CB-20."""
    seen = []
    fit(
        LambdaCallback(
            on_train_begin=lambda logs: seen.append("train"),
            on_epoch_begin=lambda epoch, logs: seen.append(epoch),
            on_batch_end=lambda batch, logs: seen.append((batch, list(logs))),
            on_train_end=None,
        )
    )
    batches = [(0, ["loss"]), (1, ["loss"])]
    assert seen == ["train", 0, *batches, 1, *batches]


@pytest.mark.parametrize("name", [*HOOKS, *ALIASES.values()])
def test_every_hook_can_be_given(name):
    """CB-01, CB-20."""
    function = lambda *args: None
    assert getattr(LambdaCallback(**{name: function}), name) is function


def test_what_is_no_hook_is_refused_with_the_nearest():
    """CB-20."""
    with pytest.raises(TypeError, match=r"got 'on_epoch_ends'\. Did you mean 'on_epoch_end'"):
        LambdaCallback(on_epoch_ends=print)
    with pytest.raises(TypeError, match="expects a function for on_epoch_end, got 3"):
        LambdaCallback(on_epoch_end=3)
