"""The examples in the docstrings of every module do what they say."""

import doctest
import importlib

import numpy as np
import pytest
from test_architecture import MODULES

import tinygrad_edu

GLOBALS = {"np": np, "tinygrad_edu": tinygrad_edu}


@pytest.mark.parametrize("name", [name for name in MODULES if not name.endswith("__main__")])
def test_the_examples_of_a_module_run(name):
    module = importlib.import_module(name)
    assert not doctest.testmod(module, extraglobs=GLOBALS, optionflags=doctest.NORMALIZE_WHITESPACE).failed
